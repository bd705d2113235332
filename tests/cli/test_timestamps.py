"""Heads that an authority signs with the time, from the database to the verified bundle."""

from __future__ import annotations

import gzip
import json
import shutil
import uuid
from base64 import b64decode, b64encode
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import trio

from hunt.cli.authority import check
from hunt.core import chain, timestamp
from hunt.core.definition import Definition, Prize
from hunt.core.events import Click
from hunt.core.fairness import Draws
from hunt.core.key_ring import KeyRing
from hunt.core.maps import Map
from hunt.core.odds import Odds
from hunt.errors import HuntError, HuntNotFound, ProofError, WrongState
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.proofs import Proofs
from tests.cli.commands import run
from tests.support.authority import Authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")

SEED = bytes(range(32))
HUNT = Definition(
    "harbour", "Harbour", Map.sized(100, 100), None, None, 0.0,
    (Prize("coin", "Coin", 5, 0.5, None, None),),
)  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def play(database: str, *, opens: bool = False, ends: bool = False) -> None:
    """Make some clicks, and publish a head."""
    async with open_pool(database, size=2) as pool:
        hunts, log = Hunts(pool), Log(pool)
        if opens:
            await hunts.apply(HUNT, seed=SEED, actor="test")
            await hunts.open("harbour")
        hunt = await hunts.get("harbour")
        assert hunt is not None
        assert hunt.player_key is not None
        name = chain.Pseudonyms(hunt.player_key).of("ada")
        draws, odds = Draws(SEED), Odds(HUNT)
        for _ in range(3):
            made = str(uuid.uuid4())
            drawn = odds.draw(1.0, 2.0, draws.uniform(made, name))
            worth = (None, 0) if drawn is None else (drawn.id, drawn.points)
            await log.append("harbour", [Click(made, "ada", 1.0, 2.0, *worth, name)])
        async with pool.connection() as conn:  # the next head may come at once
            await conn.execute("update proof_heads set at = at - interval '1 second'")
        await Proofs(pool, KeyRing(())).publish()
        if ends:
            await hunts.close("harbour")


def stamped(database: str, url: str) -> str:
    found = run("proof", "stamp", "harbour", "--authority", url, HUNT_DATABASE_URL=database)
    return found.output


def exported(database: str, folder: Path) -> Path:
    file = folder / "harbour.jsonl.gz"
    run("proof", "export", "harbour", "-o", str(file), HUNT_DATABASE_URL=database)
    return file


def verified(file: Path, *arguments: object) -> dict[str, Any]:
    found = run("verify", "--bundle", str(file), "--json", *map(str, arguments))
    times: dict[str, Any] = json.loads(found.output)["timestamps"]
    return times


def rewritten(file: Path, change: Any) -> Path:
    """Return a copy of a bundle in which the first stamped head is changed."""
    lines = [json.loads(each) for each in gzip.decompress(file.read_bytes()).splitlines()]
    heads = [each for each in lines if each.get("timestamp")]
    change(heads)
    other = file.with_name("other.jsonl")
    other.write_text("".join(f"{json.dumps(each)}\n" for each in lines), "utf-8")
    return other


def test_stamped_heads_are_verified_in_the_bundle(
    database: str, authority: Authority, tmp_path: Path
) -> None:
    trio.run(partial(play, database, opens=True))
    with authority.serving() as url:
        assert "the head after row 3 was stamped at " in stamped(database, url)
        assert stamped(database, url) == "hunt harbour: no head is new since the last timestamp\n"
        trio.run(partial(play, database, ends=True))
        assert "the head after row 6 was stamped at " in stamped(database, url)
    file = exported(database, tmp_path)
    assert verified(file) == {"count": 2, "checked": False, "lead": pytest.approx(0, abs=3)}
    assert verified(file, "--authorities", authority.certificate)["checked"]
    text = run("verify", "--bundle", str(file), "--authorities", str(authority.certificate))
    assert "2 heads were stamped by an authority (their signatures are valid)" in text.output

    stranger = Authority(tmp_path / "stranger")
    with pytest.raises(ProofError, match=r"head after row 3: its signature is not valid"):
        verified(file, "--authorities", stranger.certificate)

    def swap(heads: list[dict[str, Any]]) -> None:
        heads[0]["timestamp"], heads[1]["timestamp"] = heads[1]["timestamp"], heads[0]["timestamp"]

    with pytest.raises(ProofError, match=r"after row 3: it is not a timestamp of this head"):
        verified(rewritten(file, swap))

    def later(heads: list[dict[str, Any]]) -> None:
        """Move the signed time, without the key of the authority."""
        token = b64decode(heads[0]["timestamp"])
        year = timestamp.stamped_at(token, heads[0]["head"]).strftime("%Y").encode()
        at = token.index(year, token.index(timestamp.digest(heads[0]["head"])))
        heads[0]["timestamp"] = b64encode(token[:at] + b"2020" + token[at + 4 :]).decode()

    moved = rewritten(file, later)
    assert verified(moved)["lead"] > 365 * 86_400
    with pytest.raises(ProofError, match="its signature is not valid"):
        verified(moved, "--authorities", authority.certificate)


def test_authority_that_fails_leaves_no_timestamp(database: str, authority: Authority) -> None:
    trio.run(partial(play, database, opens=True))
    with authority.serving(status=503) as url, pytest.raises(HuntError, match="answered 503"):
        stamped(database, url)
    with pytest.raises(HuntError, match="no answer"):
        stamped(database, "http://127.0.0.1:1/tsr")
    with authority.serving(replies=b"no") as url, pytest.raises(HuntError, match="cannot be used"):
        stamped(database, url)
    with pytest.raises(HuntError, match="not an http or https URL"):
        stamped(database, "ftp://tsa.example")
    with authority.serving() as url:
        assert "the head after row 3 was stamped at " in stamped(database, url)


def test_hunt_without_heads_has_nothing_to_stamp(database: str) -> None:
    with pytest.raises(HuntNotFound, match="there is no hunt"):
        stamped(database, "http://127.0.0.1:1/tsr")
    trio.run(partial(play, database, opens=True))
    with psycopg.connect(database) as conn:
        conn.execute(
            """update hunts set algorithm = 1, head = null, player_key = null, share_hash = null"""
        )
    with pytest.raises(WrongState, match="has no heads"):
        stamped(database, "http://127.0.0.1:1/tsr")


def test_signatures_need_openssl(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "ab" * 32
    token = authority.answer(timestamp.query(head, bytes(8)))
    at = timestamp.stamped_at(token, head)
    check(token, head, at, authority.certificate)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HuntError, match="openssl: not found"):
        check(token, head, at, authority.certificate)
