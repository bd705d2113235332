#!/usr/bin/env python3
"""Verify the bundle of a finished hunt, without hunt's code, database or server.

    python3 hunt_verify.py harbour.jsonl.gz
    python3 hunt_verify.py harbour.jsonl.gz --receipts answers.jsonl --seal SHA256
    python3 hunt_verify.py --vectors proof-vectors.json

It needs Python 3.11 and nothing else.  The exit status is 0 if every step holds, 1 if one does
not, 2 if the file cannot be read.  The formats are documented in docs/reference/proof.md, the
limits of the proof in docs/explanation/fairness.md.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import hmac
import json
import math
import struct
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Rounding = tuple[float, float]  # see EXACT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000  # times are whole microseconds since 1970
OVERLAP = 15 * SECOND  # a click may be drawn by the version before, this long after a change
EARTH = 6_371_008.8  # metres
CLOSE = 2.0**-40  # mathematical libraries may differ by this much
EMPTY = bytes(32)

#: Allowance for rounding: an addend of the random number, a factor of squared distances.
EXACT: Rounding = (0.0, 1.0)
ROUNDED: tuple[Rounding, ...] = (
    (-CLOSE, 1.0), (CLOSE, 1.0), (0.0, 1 - CLOSE), (0.0, 1 + CLOSE)
)  # fmt: skip


# The draw


def instant(text: str) -> int:
    """Return a time in RFC 3339 as microseconds."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def number(value: float | str) -> float:
    """Return a number of a definition, which a sealed one has as text."""
    return float(value)


def bits(seed: bytes, click: str, player: str) -> int:
    """Return the random number of a click: 53 bits of HMAC-SHA256 of its id and player."""
    message = bytes.fromhex(click.replace("-", "")) + player.encode()
    digest = hmac.digest(seed, message, hashlib.sha256)
    return int.from_bytes(digest[:8], "big") >> 11


def uniform(seed: bytes, click: str, player: str) -> float:
    """Return the random number of a click, in [0, 1)."""
    return bits(seed, click, player) / 2**53


def squared(on: Json, ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance of two positions: in metres on the sphere, or in map units."""
    if "west" not in on or on.get("unit", "degrees") != "degrees":
        return (ax - bx) * (ax - bx) + (ay - by) * (ay - by)

    def chord(angle: float) -> float:
        return 0.0 if abs(angle) < 1e-12 else math.sin(math.radians(angle) / 2)

    up, along = chord(by - ay), chord(bx - ax)
    shrunk = math.sin(math.radians(90 - abs(ay))) * math.sin(math.radians(90 - abs(by)))
    found = 2 * EARTH * math.asin(math.sqrt(min(up * up + shrunk * (along * along), 1.0)))
    return found * found


def chance(on: Json, odds: float | str | Json, x: float, y: float, stretch: float = 1.0) -> float:
    """Return the probability of a prize for a click at a position."""
    if not isinstance(odds, dict):
        return number(odds)
    away = squared(on, x, y, *map(number, odds["at"])) * stretch
    if "within" in odds:
        within = number(odds["within"])
        return number(odds.get("odds", 1)) if away <= within * within else 0.0
    radius = number(odds["radius"])
    return number(odds["peak"]) * math.exp(-away / (2 * radius * radius))


def began(per: str, timezone: str, at: int) -> float:
    """Return the beginning of the calendar period that contains a time."""
    if per == "hunt":
        return -math.inf
    moment = EPOCH + timedelta(microseconds=at)
    local = moment.astimezone(ZoneInfo(timezone))
    if per == "hour":
        return at - (local.minute * 60 + local.second) * SECOND - local.microsecond
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if per == "week":
        day -= timedelta(days=local.weekday())
    return (day.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def moments(seed: bytes, prize: str, starts: int, until: int, count: int) -> list[int]:
    """Return the winning moments of a prize, in order; no two are equal."""
    times = []
    for each in range(count):
        share = (until - starts) * bits(seed, f"{each:032x}", f"moment of {prize}")
        whole, rest = divmod(share, 2**53)
        times.append(starts + whole + (rest > 2**52 or (rest == 2**52 and whole % 2 == 1)))
    times.sort()
    for each in range(1, count):
        times[each] = max(times[each], times[each - 1] + 1)
    return times


class Version:
    """One version of the definition, prepared.

    Args:
        definition: As in a seal.
        seed: Seed of the draws.
        since: Time from which it is in force.
        codes: Number of the codes of each prize that has some.
    """

    def __init__(
        self,
        definition: Json,
        seed: bytes,
        since: float = -math.inf,
        codes: dict[str, int] | None = None,
    ) -> None:
        self.since = since
        self.map = {
            name: value if name == "unit" else number(value)
            for name, value in definition["map"].items()
        }
        self.opens, self.closes = (_time(definition, each) for each in ("opens_at", "closes_at"))
        self.timezone = definition.get("timezone", "UTC")
        self.cooldown = round(number(definition.get("cooldown", 0)) * SECOND)
        speed = definition.get("max_speed")
        self.speed = None if speed is None else number(speed)
        self.attempts, self.wins = definition.get("attempts"), definition.get("max_wins")
        self.prizes: dict[str, Json] = {}
        for each in definition["prizes"]:
            self.prizes[each["id"]] = self._prize(each, seed)
            if codes and each["id"] in codes:
                self.prizes[each["id"]]["stock"] = codes[each["id"]]
        self.firsts = sorted(key for key, each in self.prizes.items() if each["win"] == "first")

    def _prize(self, given: Json, seed: bytes) -> Json:
        prize: Json = {"win": "draw", "unclaimed": "carry", "overflow": None, "stock": None}
        prize |= given
        prize["from"], prize["until"] = _time(given, "from"), _time(given, "until")
        prize["starts"] = self.opens if prize["from"] is None else prize["from"]
        prize["ends"] = self.closes if prize["until"] is None else prize["until"]
        release = given.get("release")
        prize["steps"] = []
        if isinstance(release, list):
            prize["steps"] = [(instant(at), total) for at, total in release]
        elif release and "moments" in release:
            times = moments(seed, given["id"], prize["starts"], prize["ends"], release["moments"])
            prize["steps"] = [(at, total) for total, at in enumerate(times, 1)]
        return prize

    def draw(self, x: float, y: float, drawn: float, stretch: float = 1.0) -> str | None:
        """Return the prize that a random number draws at a position, or None."""
        edge = 0.0
        for key, prize in self.prizes.items():
            if prize["win"] != "first":
                edge += chance(self.map, prize["odds"], x, y, stretch)
                if drawn < edge:
                    return key
        return None


def _time(of: Json, name: str) -> int | None:
    return None if of.get(name) is None else instant(of[name])


# The settlement


class Settlement:
    """The rule that decides which click gets what, replayed over the rows of a log.

    A row is a dictionary: id, player, x, y (None for an erased player), prize, points, sold_out,
    and ``at`` in microseconds.
    """

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        self.version: Version
        self._before: list[tuple[Version, float]] = []  # former versions, and their ends
        self._prizes: dict[str, Json] = {}  # of all versions: the newest form of each
        self.granted: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self._had: Counter[tuple[str, str]] = Counter()
        self._clicks: dict[str, list[int]] = {}  # times of the clicks of each player that count
        self._wins: dict[str, list[int]] = {}
        self._last: dict[str, tuple[tuple[float, float] | None, int]] = {}

    def enter(self, version: Version) -> None:
        """Go on to another version of the definition."""
        if self._prizes:
            self._before.append((self.version, version.since))
        self.version = version
        # Prizes that the hunt no longer has may be drawn for a while; no step releases them.
        self._prizes = {key: each | {"steps": []} for key, each in self._prizes.items()}
        self._prizes |= version.prizes

    def judge(self, row: Json) -> str | None:
        """Return what is wrong with a row, or None; then count it as the log has it."""
        for key, prize in self.version.prizes.items():
            if prize["unclaimed"] == "void":
                missed = self._allowed(prize, row["at"])[1] - self.granted[key]
                self.lost[key] = max(self.lost[key], int(missed))
        wrong = self._erased(row) if row["x"] is None else self._wrong(row)
        self._count(row)
        return wrong

    def take_back(self, row: Json, at: int) -> None:
        """Return the unit of a reward that was declared void at a time."""
        prize = self._prizes[row["prize"]]
        if not prize.get("codes"):
            self.granted[row["prize"]] -= 1
            if prize["unclaimed"] == "void" and any(row["at"] < s <= at for s, _ in prize["steps"]):
                self.lost[row["prize"]] += 1

    def _allowed(self, prize: Json, at: int) -> tuple[float, float]:
        """Return how many grants the release allows at a time, and at the step before."""
        steps = prize["steps"]
        passed = bisect_right(steps, at, key=itemgetter(0))
        before = steps[passed - 2][1] if passed > 1 else 0
        if (prize["from"] is not None and at < prize["from"]) or (
            prize["until"] is not None and at >= prize["until"]
        ):
            return 0, before
        if prize.get("release") is None:
            return math.inf, before
        if "even" not in prize["release"]:
            return (steps[passed - 1][1] if passed else 0), before
        whole = prize["stock"] * (at - prize["starts"]) // (prize["ends"] - prize["starts"])
        return (0 if at < prize["starts"] else 1 + whole), before

    def _used(self, key: str) -> int:
        return self.granted[key] + self.lost[key]

    def _left(self, key: str, at: int) -> float:
        prize = self._prizes[key]
        stock = math.inf if prize["stock"] is None else prize["stock"]
        return min(stock, self._allowed(prize, at)[0]) - self._used(key)

    def _sold_out(self, key: str) -> bool:
        stock = self._prizes[key]["stock"]
        return stock is not None and self._used(key) >= stock

    def _may(self, key: str, row: Json) -> bool:
        """Return whether no limit of the player forbids a grant."""
        limit, wins = self._prizes[key].get("per_player"), self.version.wins
        if limit is not None and self._had[row["player"], key] >= limit:
            return False
        if wins is None:
            return True
        since = began(wins["per"], self.version.timezone, row["at"])
        won = self._wins.get(row["player"], [])
        return bool(len(won) - bisect_right(won, since - 1) < wins["count"])

    def _refusal(self, row: Json) -> str | None:
        """Return why a click that is in the log should not have counted, or None."""
        version, at = self.version, row["at"]
        if version.opens is not None and at < version.opens:
            return "is before the hunt opened"
        if version.closes is not None and at >= version.closes:
            return "is after the hunt closed"
        place, before = self._last.get(row["player"], (None, -math.inf))
        if version.cooldown and before + version.cooldown > at:
            return "is within the player's cooldown"
        if version.attempts is not None:
            since = began(version.attempts["per"], version.timezone, at)
            clicks = self._clicks.get(row["player"], [])
            if len(clicks) - bisect_right(clicks, since - 1) >= version.attempts["count"]:
                return "exceeds the player's attempts"
        if version.speed is not None and place is not None:
            metres = math.sqrt(squared(version.map, *place, row["x"], row["y"]))
            if metres > version.speed * max(at - before, 0) / SECOND * (1 + CLOSE):
                return "is too far from the player's last click"
        return None

    def _expected(
        self, row: Json, drawn: str | None, rounding: Rounding
    ) -> tuple[str | None, str | None]:
        """Return the prize that a click gets, and the one that it drew and that is sold out."""
        stretch, at = rounding[1], row["at"]
        for first in self.version.firsts:
            odds = self._prizes[first]["odds"]
            inside = chance(self.version.map, odds, row["x"], row["y"], stretch) > 0
            if inside and self._left(first, at) > 0 and self._may(first, row):
                return first, None
        key = drawn
        while key is not None:
            if self._left(key, at) > 0:
                return (key if self._may(key, row) else None), None
            if not self._sold_out(key):
                return None, None
            key = self._prizes[key]["overflow"]
        return None, drawn

    def _erased(self, row: Json) -> str | None:
        """Return what is wrong with a row of an erased player, whose draw is not known."""
        key = row["prize"]
        if key is not None and key not in self._prizes:
            return f"prize {key} is in no version"
        if key is not None and self._left(key, row["at"]) <= 0:
            return f"prize {key}, of which none was left"
        return None

    def _wrong(self, row: Json) -> str | None:
        refusal = self._refusal(row)
        if refusal is not None:
            return f"the click {refusal}"
        drawn = uniform(self.seed, row["id"], row["player"])
        found = (row["prize"], row["sold_out"], row["points"])
        outcomes = []
        for rounding in (EXACT, *ROUNDED):
            for version in self._in_force(row["at"]):
                key = version.draw(row["x"], row["y"], drawn + rounding[0], rounding[1])
                if key is not None and key not in self._prizes:
                    continue
                outcome = self._outcome(row, version, key, rounding)
                if outcome == found:
                    return None
                outcomes.append(outcome)
        prize, sold_out, points = outcomes[0]
        if (prize, sold_out) == found[:2]:
            return f"{counted(row['points'], 'point')} instead of {points}"
        return f"{shown(*found[:2])} instead of {shown(prize, sold_out)}"

    def _outcome(
        self,
        row: Json,
        version: Version,
        drawn: str | None,
        rounding: Rounding,
    ) -> tuple[str | None, str | None, int]:
        prize, sold_out = self._expected(row, drawn, rounding)
        of = version if prize == drawn else self.version
        worth = 0 if prize is None else of.prizes.get(prize, self._prizes[prize])["points"]
        return prize, sold_out, worth

    def _in_force(self, at: int) -> list[Version]:
        """Return the versions by which a click may have been drawn, the present one first."""
        former = [version for version, end in self._before if end + OVERLAP >= at]
        return [self.version, *reversed(former)]

    def _count(self, row: Json) -> None:
        player, prize, at = row["player"], row["prize"], row["at"]
        if prize is not None:
            self.granted[prize] += 1
        if player is None:
            return
        self._clicks.setdefault(player, []).append(at)
        if self.version.cooldown or self.version.speed:
            self._last[player] = (row["x"], row["y"]) if self.version.speed else None, at
        if prize is not None:
            self._wins.setdefault(player, []).append(at)
            self._had[player, prize] += 1


def shown(prize: str | None, sold_out: str | None) -> str:
    """Return an outcome in words."""
    if prize is not None:
        return f"prize {prize}"
    return "no prize" if sold_out is None else f"no prize, {sold_out} sold out,"


# The bundle

STEPS = {
    "file": "the file is complete",
    "seals": "seeds, places, odds and rules are those that were sealed",
    "chain": "no row was altered, removed, inserted or reordered",
    "codes": "the codes are those that were sealed, and none was given twice",
    "draws": "each click got what the seed and the rules give it",
    "receipts": "each receipt fits the log",
}


class Malformed(Exception):
    """The file is not a bundle."""


def canonical(document: object) -> bytes:
    """Return a document as it is hashed (RFC 8785)."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 of parts, joined."""
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(row: Json) -> bytes:
    """Return the leaf of a row of a batch."""
    if "leaf" in row:
        return bytes.fromhex(row["leaf"])
    place = struct.pack(">dd", row["x"], row["y"])
    click, player = bytes.fromhex(row["id"].replace("-", "")), bytes.fromhex(row["player"])
    return sha256(b"hunt click 1\n", click, player, place)


def root(leaves: list[bytes]) -> bytes:
    """Return the root of a Merkle tree of the shape of RFC 6962."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"hunt node 1\n", root(leaves[:left]), root(leaves[left:]))


class Verifier:
    """Checks a bundle line by line; keeps the first failure of each step.

    Args:
        answers: Answers to clicks, with their receipts.
        seal: Hash of the first seal as published before the hunt, in hex; None: not compared.
    """

    def __init__(self, answers: list[Json], seal: str | None = None) -> None:
        self.failures: dict[str, str] = {}
        self.rows = 0
        self.seals: list[str] = []  # hashes
        self.answers, self._published = answers, seal
        self._head = EMPTY
        self._start: Json = {}
        self._sealed_codes: list[tuple[int, Json]] = []
        self._leaves: dict[str, list[bytes]] = {}
        self._ids: dict[str, int] = {}
        self._won: dict[int, Json] = {}  # rewards, by seq
        self._wanted = {each.get("seq"): each for each in answers}
        self._heads: dict[int, set[str]] = {each["receipt"]["upto"]: set() for each in answers}
        self._sealed_share: str | None = None
        self._entered = False  # the second share
        self._ended = False
        self._has_version = False

    def fail(self, step: str, text: str) -> None:
        """Note a failure, unless the step has one already."""
        self.failures.setdefault(step, text)

    def read(self, lines: Iterable[Json]) -> None:
        """Check all lines of a bundle.

        Raises:
            Malformed: It is not a bundle.
        """
        source = iter(lines)
        self._begin(next(source, {}))
        for line in source:
            handlers = {
                "entry": self._entry,
                "batch": self._batch,
                "head": self._published_head,
                "codes": self._codes,
            }
            handler = handlers.get(line.get("kind", ""))
            if handler is None:
                self.fail("file", f"a line has the unknown kind {line.get('kind')!r}")
            else:
                handler(line)
        self._finish()

    def _begin(self, line: Json) -> None:
        if line.get("kind") != "bundle" or line.get("format") != 1 or line.get("algorithm") != 2:
            raise Malformed("the first line is not that of a bundle of format 1 and algorithm 2")
        self._start = line
        self._seed = bytes.fromhex(line["seed"])
        self._share = None if line["share"] is None else bytes.fromhex(line["share"])
        seed = self._seed
        if self._share is not None:
            seed = hmac.digest(self._share, b"hunt seed 1\n" + seed, hashlib.sha256)
        self._settlement = Settlement(seed)

    def _extend(self, head: bytes) -> None:
        self._head = head
        if self.rows in self._heads:
            self._heads[self.rows].add(head.hex())

    def _entry(self, line: Json) -> None:
        document = line["document"]
        if self._ended:
            self.fail("chain", "there is an entry after the end")
        if document["seq"] != self.rows:
            self.fail(
                "chain",
                f"an entry {document['kind']} for seq {document['seq']} follows row {self.rows}",
            )
        self._extend(sha256(b"hunt entry 1\n", self._head, canonical(document)))
        if document["kind"] == "seal":
            self._seal(document, line["definition"])
        elif document["kind"] == "share":
            self._entered = True
            self._check_share()
        elif document["kind"] == "void":
            self._void(document)
        elif document["kind"] == "end":
            self._ended = True

    def _seal(self, document: Json, definition: Json) -> None:
        name = f"seal {document['number']}"
        before = self.seals[-1] if self.seals else None
        self.seals.append(sha256(canonical(document)).hex())
        if document["number"] != len(self.seals) or document["previous"] != before:
            self.fail("seals", f"{name} does not follow the seal before it")
        if sha256(self._seed).hex() != document["seed"]:
            self.fail("seals", f"{name}: the seed is not the sealed one")
        salt = hmac.digest(
            self._seed, f"hunt salt 1\n{document['number']}".encode(), hashlib.sha256
        )
        if (
            sha256(b"hunt definition 1\n", salt, canonical(definition)).hex()
            != document["definition"]
        ):
            self.fail(
                "seals",
                f"{name}: the definition (places, odds, order, rules) is not the sealed one",
            )
        codes = document.get("codes") or {}
        for wrong in _public(document["public"], definition, codes):
            self.fail("seals", f"{name}: {wrong}")
        self._sealed_share = document.get("share")
        if self._entered or self.rows:  # a draft may still name another share
            self._check_share()
        self._sealed_codes.append((document["number"], codes))
        counts = {prize: each["count"] for prize, each in codes.items()}
        version = Version(definition, self._settlement.seed, instant(document["at"]), counts)
        self._settlement.enter(version)
        self._has_version = True

    def _check_share(self) -> None:
        share = None if self._share is None else sha256(self._share).hex()
        if share != self._sealed_share:
            self.fail("seals", f"the second share is not that of seal {len(self.seals)}")
        elif share is not None and not self._entered:
            self.fail("seals", "the hunt was played before its second share was entered")

    def _void(self, document: Json) -> None:
        for seq in document["rewards"]:
            row = self._won.pop(seq, None)
            if row is None:
                self.fail("draws", f"seq {seq} was declared void, but is no reward that stands")
            else:
                self._settlement.take_back(row, instant(document["at"]))

    def _batch(self, line: Json) -> None:
        if self._ended:
            self.fail("chain", f"row {line['first']} is after the end")
        if line["first"] != self.rows + 1:
            self.fail("chain", f"row {line['first']} follows row {self.rows}")
        if not self.rows:
            self._check_share()
        rows = line["rows"]
        text = "".join(
            f"{each}\n"
            for each in (
                line["at"],
                ",".join(row.get("prize") or "" for row in rows),
                ",".join(str(row.get("points", 0)) for row in rows),
                ",".join(row.get("sold_out") or "" for row in rows),
            )
        )
        first = struct.pack(">q", line["first"])
        head = sha256(b"hunt batch 1\n", self._head, first, text.encode(), *map(leaf, rows))
        at = instant(line["at"])
        for seq, row in enumerate(rows, line["first"]):
            self._row(seq, row, at, line["at"])
        self.rows = line["first"] + len(rows) - 1
        self._extend(head)

    def _row(self, seq: int, given: Json, at: int, text: str) -> None:
        names = ("id", "player", "x", "y", "prize", "sold_out")
        row = {name: given.get(name) for name in names} | {"points": given.get("points", 0)}
        row["at"] = at
        if row["id"] is not None and self._ids.setdefault(row["id"], seq) != seq:
            self.fail("draws", f"rows {self._ids[row['id']]} and {seq} are of the same click")
        if self._has_version:
            wrong = self._settlement.judge(row)
            if wrong is not None:
                self.fail("draws", f"row {seq}: {wrong}")
        if row["prize"] is not None:
            self._won[seq] = row
        if seq in self._wanted:
            self._receipt(seq, row, self._wanted.pop(seq), text)

    def _receipt(self, seq: int, row: Json, answer: Json, at: str) -> None:
        expected = {"prize": row["prize"], "points": row["points"], "at": at}
        if row["id"] is not None:
            expected |= {"id": row["id"], "x": row["x"], "y": row["y"]}
        for name, value in expected.items():
            if name in answer and answer[name] != value:
                self.fail(
                    "receipts",
                    f"row {seq} has {name} {value!r}; the answer to the click had {answer[name]!r}",
                )

    def _published_head(self, line: Json) -> None:
        if line["seq"] != self.rows or line["head"] != self._head.hex():
            self.fail(
                "chain",
                f"the head published for seq {line['seq']} at {line['at']} is not that of the rows",
            )

    def _codes(self, line: Json) -> None:
        leaves = self._leaves.setdefault(line["prize"], [])
        if line["first"] != len(leaves) + 1:
            self.fail(
                "codes", f"codes of {line['prize']}: number {line['first']} follows {len(leaves)}"
            )
        leaves.extend(map(bytes.fromhex, line["leaves"]))

    def _finish(self) -> None:
        if not self._ended:
            self.fail("file", "the chain has no end: the file is not complete")
        if self.rows != self._start["rows"]:
            self.fail("file", f"{counted(self.rows, 'row')} instead of {self._start['rows']}")
        if self._head.hex() != self._start["head"]:
            self.fail("chain", "the last head is not that of the rows")
        if self._published is not None and self._published not in self.seals[:1]:
            self.fail("seals", "the first seal is not the published one")
        self._check_codes()
        for seq in self._wanted:
            self.fail("receipts", f"there is no row {seq}")
        for answer in self.answers:
            upto, head = answer["receipt"]["upto"], answer["receipt"]["head"]
            if head not in self._heads[upto]:
                self.fail(
                    "receipts",
                    f"the receipt for row {answer['seq']} has another head for seq {upto}: "
                    f"a row up to it was altered, removed, inserted or reordered",
                )

    def _check_codes(self) -> None:
        granted = self._settlement.granted
        for seal, codes in self._sealed_codes:
            for prize, each in codes.items():
                leaves = self._leaves.get(prize, [])[: each["count"]]
                if len(leaves) != each["count"] or root(leaves).hex() != each["root"]:
                    self.fail("codes", f"the codes of {prize} are not those of seal {seal}")
        for prize, each in (self._sealed_codes[-1][1] if self._sealed_codes else {}).items():
            if granted[prize] > each["count"]:
                grants = counted(granted[prize], "time")
                loaded = counted(each["count"], "code")
                self.fail("codes", f"{prize} was granted {grants}, with {loaded}")


def _public(public: Json, definition: Json, codes: Json) -> Iterator[str]:
    """Yield what the public part of a seal says otherwise than the definition."""
    for name in ("title", "opens_at", "closes_at"):
        same = public.get(name) == definition.get(name)
        if name != "title" and public.get(name) and definition.get(name):
            same = instant(public[name]) == instant(definition[name])
        if not same:
            yield f"the public {name} is not that of the definition"
    if [each["id"] for each in public["prizes"]] != [each["id"] for each in definition["prizes"]]:
        yield "the public prizes are others, or in another order, than those of the definition"
        return
    for shown_prize, prize in zip(public["prizes"], definition["prizes"], strict=True):
        odds = prize["odds"]
        highest = (odds.get("peak") or odds.get("odds", 1)) if isinstance(odds, dict) else odds
        expected = {
            "title": prize["title"],
            "points": prize["points"],
            "stock": codes.get(prize["id"], {}).get("count", prize["stock"]),
            "per_player": prize["per_player"],
        }
        for name, value in expected.items():
            if shown_prize[name] != value:
                yield f"prize {prize['id']}: the public {name} is not that of the definition"
        if number(shown_prize["odds"]) != number(highest):
            yield f"prize {prize['id']}: the public odds are not the highest of the definition"


def lines_of(path: Path) -> Iterator[Json]:
    """Yield the lines of a bundle, gzip or not.

    Raises:
        Malformed: A line is not a JSON object.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        for count, line in enumerate(file, 1):
            try:
                found = json.loads(line)
            except ValueError as exc:
                raise Malformed(f"line {count} is not JSON") from exc
            if not isinstance(found, dict):
                raise Malformed(f"line {count} is not a JSON object")
            yield found


def check_vectors(vectors: Json) -> list[str]:
    """Return every test vector that this program does not reproduce."""
    seed = bytes.fromhex(vectors["seed"])
    wrong: list[str] = []

    def equal(name: str, found: object, expected: object) -> None:
        if found != expected:
            wrong.append(f"{name}: {found!r} instead of {expected!r}")

    equal("commitment", hashlib.sha256(seed).hexdigest(), vectors["commitment"])
    for each in vectors["uniform"]:
        equal("bits", bits(seed, each["id"], each["player"]), each["bits"])
        equal("uniform", uniform(seed, each["id"], each["player"]), each["uniform"])
    for each in vectors["chances"]:
        found = chance(each["map"], each["odds"], each["x"], each["y"])
        equal("chance", round(found, 12), each["chance"])
    for each in vectors["periods"]:
        expected = -math.inf if each["began"] is None else instant(each["began"])
        equal("period", began(each["per"], each["timezone"], instant(each["at"])), expected)
    for each in vectors["moments"]:
        times = moments(
            seed, each["prize"], instant(each["from"]), instant(each["until"]), each["count"]
        )
        equal("moments", times, [instant(time) for time in each["times"]])
    for game in vectors["games"]:
        version = Version(game["definition"], seed)
        settlement = Settlement(seed)
        settlement.enter(version)
        for each in game["rows"]:
            row = each | {"at": instant(each["at"])}
            drawn = uniform(seed, row["id"], row["player"])
            equal(f"draw of {game['name']}", version.draw(row["x"], row["y"], drawn), row["drawn"])
            equal(f"row {row['seq']} of {game['name']}", settlement.judge(row), None)
    return wrong


def report(verifier: Verifier) -> str:
    """Return what was found, a line for each step."""
    lines = []
    for step, meaning in STEPS.items():
        if step == "receipts" and not verifier.answers:
            continue
        wrong = verifier.failures.get(step)
        lines.append(f"ok    {meaning}" if wrong is None else f"WRONG {step}: {wrong}")
    first = verifier.seals[0] if verifier.seals else None
    lines.append(f"{counted(verifier.rows, 'row')}; the first seal is {first}")
    return "\n".join(lines)


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("bundle", nargs="?", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--receipts", type=Path, metavar="FILE", help="answers to clicks, as JSON lines"
    )
    parser.add_argument(
        "--seal", metavar="SHA256", help="hash of the first seal, as published before the hunt"
    )
    parser.add_argument(
        "--vectors", type=Path, metavar="FILE", help="check this program with test vectors"
    )
    options = parser.parse_args()
    if options.vectors is not None:
        wrong = check_vectors(json.loads(options.vectors.read_text("utf-8")))
        print("\n".join(wrong) or "all vectors hold")
        return int(bool(wrong))
    if options.bundle is None:
        parser.error("name the file of a bundle")
    try:
        answers = [] if options.receipts is None else list(lines_of(options.receipts))
        verifier = Verifier(answers, options.seal)
        verifier.read(lines_of(options.bundle))
    except (Malformed, OSError, EOFError) as exc:
        print(f"cannot be read: {exc}", file=sys.stderr)
        return 2
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        print(f"a line has not the form of a bundle: {exc!r}", file=sys.stderr)
        return 2
    print(report(verifier))
    return int(bool(verifier.failures))


if __name__ == "__main__":
    sys.exit(main())
