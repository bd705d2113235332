"""A finished hunt with every rule, as the bundle that the server exports, built in memory.

A `Story` is what happened. `Story.lines` writes it as an honest server does, so a test of a
forgery changes the lines, or the story that the hunt's seal contradicts.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hunt.core import chain, hunt_file
from hunt.core.definition import Definition
from hunt.core.odds import highest
from hunt.testing.games import Game

Json = dict[str, Any]

SEED = bytes(range(32))
SHARE = bytes(range(64, 96))
PLAYER_KEY = bytes(range(32, 64))
CODE_KEY = bytes(range(96, 128))
OPENS = datetime(2026, 11, 1, 18, tzinfo=UTC)

HUNT = """
[hunt]
id = "proof"
title = "Häfen bei Nacht"
map = { width = 100, height = 100 }
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T21:00:00Z
max_wins = { count = 20, per = "hour" }
timezone = "Europe/Berlin"

[[prize]]
id = "chest"
title = "Chest"
points = 50
odds = { peak = 0.4, at = [40, 60], radius = 20 }
stock = 30
per_player = 4
overflow = "coin"

[[prize]]
id = "voucher"
title = "Voucher"
points = 7
odds = 0.15
codes = true

[[prize]]
id = "flash"
title = "Flash"
points = 9
win = "first"
release = { moments = 40 }
unclaimed = "void"
odds = { at = [30, 50], within = 45 }

[[prize]]
id = "coin"
title = "Coin"
points = 5
odds = 0.3
stock = 300
release = { even = true }
"""


@dataclass
class Story:
    """A hunt of one version, or of two.

    Args:
        text: Its hunt file.
        later: Its hunt file after half of the rows; None: it does not change.
        shared: Whether its seed has two shares.
        count: Rows of the log.
    """

    text: str = HUNT
    later: str | None = None
    shared: bool = False
    count: int = 400
    codes: int = 25
    answers: list[Json] = field(default_factory=list, init=False)

    def lines(self) -> list[Json]:
        """Return the lines of the bundle; `answers` then has the answer to each click."""
        written = _Writer(self)
        written.seal(moment(OPENS - timedelta(days=1)))
        written.play()
        self.answers = written.answers
        return written.finish()


class _Writer:
    def __init__(self, story: Story) -> None:
        self.story = story
        self.hunt: Definition = hunt_file.parse(story.text)
        self.lines: list[Json] = []
        self.answers: list[Json] = []
        self.head = chain.START
        self.seq = 0
        self.number, self.previous = 1, None  # number of the next seal; hash of the last one
        self.share = SHARE if story.shared else None
        self.seed = chain.joined_seed(SEED, self.share)
        salts = [chain.code_salt(CODE_KEY, "voucher", n + 1) for n in range(story.codes)]
        self.leaves = [chain.code_leaf(salt, f"CODE-{n}") for n, salt in enumerate(salts)]

    def entry(self, document: Json, **beside: object) -> None:
        self.head = chain.after_entry(self.head, chain.canonical(document))
        self.lines.append({"kind": "entry", "document": document, **beside})

    def seal(self, at: str) -> None:
        """Seal the hunt as it is now."""
        tree = tree_of(self.leaves)
        pools = {"voucher": {"count": tree.size, "root": tree.root}} if tree.size else {}
        share = None if self.share is None else hashlib.sha256(self.share).hexdigest()
        definition = texts(hunt_file.to_json(self.hunt))
        document = {
            "kind": "seal", "hunt": self.hunt.id, "algorithm": 2,
            "number": self.number, "version": self.number, "seq": self.seq, "at": at,
            "previous": self.previous,
            "seed": hashlib.sha256(SEED).hexdigest(), "share": share,
            "definition": committed(SEED, self.number, definition), "public": self.public(),
            "codes": pools,
        }  # fmt: skip
        self.entry(document, definition=definition)
        self.number, self.previous = self.number + 1, fingerprint(document)
        if share is not None and not self.seq:
            self.entry({"kind": "share", "seq": 0, "at": moment(OPENS - timedelta(hours=1))})

    def public(self) -> Json:
        opens, closes = self.hunt.opens_at, self.hunt.closes_at
        assert opens is not None
        assert closes is not None
        prizes = [
            {
                "id": each.id, "title": each.title, "points": each.points,
                "odds": repr(float(highest(each))),
                "stock": self.story.codes if each.codes else each.stock,
                "per_player": each.per_player,
            }
            for each in self.hunt.prizes
        ]  # fmt: skip
        times = {"opens_at": opens.isoformat(), "closes_at": closes.isoformat()}
        return {"title": self.hunt.title, "prizes": prizes} | times

    def play(self) -> None:
        later = self.story.later
        chooses = random.Random(11)
        game = Game(self.stocked(self.story.text), self.seed)
        names, at = chain.Pseudonyms(PLAYER_KEY), OPENS
        while self.seq < self.story.count:
            at += timedelta(microseconds=chooses.randrange(1, 60_000_000))
            if later is not None and self.seq >= self.story.count // 2:
                self.hunt = hunt_file.parse(later)
                game.change(self.stocked(later))
                self.seal(moment(at))
                later = None
                at += timedelta(seconds=1)
            rows = []
            for _ in range(chooses.randint(1, 6)):
                player = names.of(f"player-{chooses.randrange(30)}")
                click = str(uuid.UUID(int=chooses.getrandbits(128)))
                x, y = round(chooses.uniform(0, 100), 3), round(chooses.uniform(0, 100), 3)
                if not game.counts(player, (x, y), at):
                    continue
                given = game.settle(click, player, (x, y), at)
                row: Json = {"id": click, "player": player, "x": x, "y": y}
                if given.prize is not None:
                    row |= {"prize": given.prize, "points": given.points}
                if given.sold_out is not None:
                    row["sold_out"] = given.sold_out
                rows.append(row)
            if rows:
                self.batch(moment(at), rows)
        if len(self.lines) > 20:
            won = next(a["seq"] for a in self.answers[200:] if a["prize"] == "chest")
            document = {"kind": "void", "seq": self.seq, "at": moment(at), "rewards": [won]}
            self.entry(document)

    def stocked(self, text: str) -> Definition:
        """Return the hunt in a file, with the number of codes as a stock."""
        return hunt_file.parse(text.replace("codes = true", f"stock = {self.story.codes}"))

    def batch(self, at: str, rows: list[Json]) -> None:
        self.head = chain.after_batch(self.head, self.seq + 1, at, *hashed(rows))
        self.lines.append({"kind": "batch", "first": self.seq + 1, "at": at, "rows": rows})
        first, self.seq = self.seq + 1, self.seq + len(rows)
        receipt = {"upto": self.seq, "head": self.head.hex()}
        for seq, row in enumerate(rows, first):
            kept = {name: row[name] for name in ("id", "x", "y", "sold_out") if name in row}
            kept |= {"prize": row.get("prize"), "points": row.get("points", 0)}
            self.answers.append({"seq": seq, "at": at, "receipt": receipt} | kept)
        if len(self.lines) % 7 == 0:
            self.lines.append({"kind": "head", "seq": self.seq, "head": self.head.hex(), "at": at})

    def finish(self) -> list[Json]:
        closes = moment(OPENS + timedelta(days=1))
        self.entry({"kind": "end", "seq": self.seq, "at": closes})
        share = None if self.share is None else self.share.hex()
        begin = {
            "kind": "bundle", "format": 1, "hunt": self.hunt.id, "algorithm": 2, "epoch": "k3",
            "seed": SEED.hex(), "share": share, "rows": self.seq, "head": self.head.hex(),
        }  # fmt: skip
        leaves = [each.hex() for each in self.leaves]
        codes = [{"kind": "codes", "prize": "voucher", "first": 1, "leaves": leaves}]
        return [begin, *self.lines, *(codes if leaves else [])]


def tree_of(leaves: Iterable[bytes]) -> chain.Tree:
    """Return the tree of the codes of a pool."""
    tree = chain.Tree()
    for each in leaves:
        tree.append(each)
    return tree


def moment(at: datetime) -> str:
    """Return a time as a bundle has it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def texts(value: Any, name: str = "") -> Any:
    """Return a JSON value in which the numbers that may have a fraction are texts."""
    numbers = {"odds", "map", "cooldown", "max_accuracy", "max_speed"}
    if isinstance(value, dict):
        inside = name if name in numbers else ""
        return {key: texts(each, inside or key) for key, each in value.items()}
    if isinstance(value, list):
        return [texts(each, name) for each in value]
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    return repr(float(value)) if is_number and name in numbers else value


def committed(seed: bytes, number: int, definition: Json) -> str:
    """Return the commitment to a definition in a seal."""
    salt = chain.definition_salt(seed, number)
    return chain.definition_commitment(salt, chain.canonical(definition))


def fingerprint(document: Json) -> str:
    """Return the hash of a seal."""
    return hashlib.sha256(chain.canonical(document)).hexdigest()


def hashed(rows: Iterable[Json]) -> tuple[list[chain.Result], list[bytes]]:
    """Return the results and the leaves of the rows of a batch."""
    rows = list(rows)
    results = [(each.get("prize"), each.get("points", 0), each.get("sold_out")) for each in rows]
    leaves = [
        bytes.fromhex(each["leaf"])
        if "leaf" in each
        else chain.leaf(each["id"], each["player"], each["x"], each["y"])
        for each in rows
    ]
    return results, leaves


def rechained(lines: Sequence[Json]) -> list[Json]:
    """Return a bundle whose heads fit its lines again: what an insider with the database writes.

    Seals stay as they are, for they were published.
    """
    found = copy.deepcopy(list(lines))
    head, seq = chain.START, 0
    for line in found[1:]:
        if line["kind"] == "entry":
            line["document"]["seq"] = seq
            head = chain.after_entry(head, chain.canonical(line["document"]))
        elif line["kind"] == "batch":
            line["first"] = seq + 1
            head = chain.after_batch(head, seq + 1, line["at"], *hashed(line["rows"]))
            seq += len(line["rows"])
        elif line["kind"] == "head":
            line |= {"seq": seq, "head": head.hex()}
    found[0] |= {"rows": seq, "head": head.hex()}
    return found


def resealed(lines: Sequence[Json]) -> list[Json]:
    """Return a bundle whose seals commit to its definitions, too: with another first seal."""
    found = copy.deepcopy(list(lines))
    previous = None
    for line in found[1:]:
        if line["kind"] != "entry" or line["document"]["kind"] != "seal":
            continue
        document = line["document"]
        seed = bytes.fromhex(found[0]["seed"])
        document |= {
            "seed": hashlib.sha256(seed).hexdigest(),
            "previous": previous,
            "definition": committed(seed, document["number"], line["definition"]),
        }
        previous = fingerprint(document)
    return rechained(found)


def write(path: Path, lines: Iterable[Json], *, packed: bool = True) -> Path:
    """Write a bundle."""
    text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines).encode()
    path.write_bytes(gzip.compress(text, 6) if packed else text)
    return path
