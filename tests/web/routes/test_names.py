"""Players choose names, or bring them in their tokens; boards show them; operators refuse them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from hunt.errors import SettingsError
from hunt.play.names import Names
from hunt.service import leaderboard
from tests.support.operators import ADMIN, act, operator
from tests.support.problems import assert_problem
from tests.support.serving import SECRET, Client, bearer, serving


@pytest.fixture(autouse=True)
def way(monkeypatch: pytest.MonkeyPatch) -> None:
    """No board is fresh."""
    monkeypatch.setattr(leaderboard, "FRESH", 0.0)
    monkeypatch.setattr(leaderboard, "STALE", 0.0)


BOARD = "/v1/hunts/harbour/leaderboard"
STANDING = "/v1/hunts/harbour/standing"


async def choose(client: Client, name: object) -> Any:
    return await client.put("/v1/name", json={"name": name})


async def board(client: Client) -> list[dict[str, Any]]:
    """Return the entries of a board that is made now."""
    leaders: list[dict[str, Any]] = (await client.get(BOARD)).json()["leaders"]
    return leaders


def claiming(name: object) -> dict[str, str]:
    claims = {"sub": "bob", "aud": "hunt", "exp": datetime.now(UTC) + timedelta(hours=1)}
    token = jwt.encode(claims | {"name": name}, SECRET, algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


async def test_chosen_name_is_on_the_board_until_it_is_refused(database: str) -> None:
    async with serving(database) as client:
        player = dict(client.headers)
        await client.click()
        nothing = {"name": None, "claimed": False, "refused": False}
        assert (await client.get("/v1/name")).json() == nothing
        assert (await choose(client, "  Ada  L. ")).json() == nothing | {"name": "Ada L."}
        [entry] = await board(client)
        assert (entry["name"], entry["player"], entry["you"]) == ("Ada L.", "a…", True)
        operator(client)
        found = await act(client, "GET", f"{ADMIN}/names?name=ADAL")
        assert [each["player"] for each in found["names"]] == ["ada"]
        refused = await act(client, "PUT", f"{ADMIN}/players/ada/name", json={"refused": True})
        assert refused["refused"]
        trail = (await act(client, "GET", f"{ADMIN}/audit"))["entries"]
        assert trail[0]["action"] == "name"
        client.headers.update(player)
        [entry] = await board(client)
        assert "name" not in entry
        assert problem_type(await choose(client, "Another")) == "name-refused"
        assert (await client.get("/v1/name")).json()["refused"]
        operator(client)
        await act(client, "PUT", f"{ADMIN}/players/ada/name", json={"refused": False})
        client.headers.update(player)
        assert [each["name"] for each in await board(client)] == ["Ada L."]
        assert (await choose(client, None)).json() == nothing
        assert ["name" in each for each in await board(client)] == [False]


@pytest.mark.parametrize("name", ["x", "ab\N{RIGHT-TO-LEFT OVERRIDE}c", 7, ["Ada"]], ids=repr)
async def test_bad_name_is_a_problem_of_the_field(database: str, name: object) -> None:
    async with serving(database) as client:
        assert "name" in assert_problem(await choose(client, name), 400)["errors"]
        assert_problem(await client.put("/v1/name", json={"nick": "Ada"}), 400)


async def test_filter_and_authentication_guard_the_route(database: str, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("seagull\n", "utf-8")
    async with serving(database, name_words=words) as client:
        assert problem_type(await choose(client, "Moderator")) == "name-refused"
        assert problem_type(await choose(client, "5eaGull 7")) == "name-refused"
        del client.headers["Authorization"]
        assert_problem(await choose(client, "Ada"), 401)
        assert_problem(await client.get("/v1/name"), 401)


async def test_name_in_a_token_is_stored_and_cannot_be_changed_here(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(claiming("Bob B."))
        await client.click()
        while (found := (await client.get("/v1/name")).json())["name"] is None:
            pass  # it is stored within a second or two
        assert found == {"name": "Bob B.", "claimed": True, "refused": False}
        assert problem_type(await choose(client, "Bobby")) == "name-refused"
        assert [each["name"] for each in await board(client)] == ["Bob B."]
        client.engine.names.note(client.engine.tokens.verify(bearer_text(claiming("x")), "bearer"))
        client.engine.names.note(client.engine.tokens.verify(bearer_text(claiming(7)), "bearer"))
        assert not client.engine.names._waiting


def problem_type(answer: Any) -> str:
    kind: str = assert_problem(answer, 403)["type"]
    return kind.partition("#")[2]


def bearer_text(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


async def test_erasure_removes_the_name_and_an_export_has_it(database: str) -> None:
    async with serving(database) as client:
        await client.click()
        await choose(client, "Ada L.")
        operator(client)
        exported = await act(client, "GET", f"{ADMIN}/players/ada")
        [stored] = exported["records"]["name"]
        assert stored["name"] == "Ada L."
        await act(client, "DELETE", f"{ADMIN}/players/ada")
        assert (await act(client, "GET", f"{ADMIN}/names?name=Ada+L."))["names"] == []


async def test_operators_get_clear_answers(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        assert_problem(await client.get(f"{ADMIN}/names"), 400)
        path = f"{ADMIN}/players/nobody/name"
        assert_problem(await client.put(path, json={"refused": True}), 400)
        assert_problem(await client.put(path, json={"refused": 1}), 400)


async def test_standing_tells_the_rank(database: str) -> None:
    async with serving(database) as client:
        player = dict(client.headers)
        client.headers.update(bearer("bob"))
        await client.click()
        await client.click()
        client.headers.update(player)
        nothing = {"hunt": "harbour", "rank": None, "points": 0, "wins": 0}
        assert (await client.get(STANDING)).json() == nothing
        await client.click()
        await board(client)
        standing = (await client.get(STANDING)).json()
        assert standing == {"hunt": "harbour", "rank": 2, "points": 5, "wins": 1}
        assert_problem(await client.get("/v1/hunts/nowhere/standing"), 404)
        del client.headers["Authorization"]
        assert_problem(await client.get(STANDING), 401)


@pytest.mark.parametrize(
    "content", [None, b"\xff", b"x" * (1024 * 1024 + 1)], ids=["no", "latin", "long"]
)
def test_list_of_words_must_be_readable(tmp_path: Path, content: bytes | None) -> None:
    words = tmp_path / "words.txt"
    if content is not None:
        words.write_bytes(content)
    with pytest.raises(SettingsError, match="HUNT_NAME_WORDS"):
        Names(None, words)  # type: ignore[arg-type]
