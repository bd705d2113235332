"""Bundles that are not what was played: what each forger does, and the words that name it.

Most forgers own the database: their chain fits their rows (`rechained`). What they cannot change is
what others keep: the published seal, and the receipts of players.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from hunt.core.definition import Area
from hunt.core.hunt_file import parse
from tests.proof.bundles import HUNT, Json, Story, fingerprint, rechained, resealed, tree_of

#: The hunt with a limit that it did not have at first.
LATER = HUNT.replace("timezone", 'attempts = { count = 14, per = "hunt" }\ntimezone')


class Forgery(NamedTuple):
    """A forged bundle, and what a verifier says of it."""

    forge: Callable[[list[Json]], list[Json]]  #: of the lines of an honest bundle
    step: str  #: that fails
    names: str  #: a regular expression of the failure
    first: str  #: the same of the words of ``hunt verify``, which stops at the first failure


class Honest(NamedTuple):
    """The exported and published data of an honest server."""

    lines: list[Json]
    answers: list[Json]
    seal: str


@cache
def honest() -> Honest:
    """Return the bundle, the answers to its clicks, and the published hash of its first seal."""
    story = Story()
    lines = story.lines()
    return Honest(lines, story.answers, fingerprint(lines[1]["document"]))


def _batches(lines: Sequence[Json]) -> list[Json]:
    return [each for each in lines if each["kind"] == "batch"]


def _row(lines: Sequence[Json], chosen: Callable[[Json], bool], after: int = 50) -> Json:
    rows: list[Json] = [row for batch in _batches(lines) for row in batch["rows"]]
    return next(row for row in rows[after:] if chosen(row))


def _won(prize: str | None) -> Callable[[Json], bool]:
    return lambda row: row.get("prize") == prize and "sold_out" not in row


def moved_place(lines: list[Json]) -> list[Json]:
    lines[1]["definition"]["prizes"][0]["odds"]["at"] = ["42.0", "60.0"]
    return lines


def swapped_prizes(lines: list[Json]) -> list[Json]:
    for prizes in (lines[1]["definition"]["prizes"], lines[1]["document"]["public"]["prizes"]):
        prizes[0], prizes[1] = prizes[1], prizes[0]
    return rechained(lines)


def swapped_public_prizes(lines: list[Json]) -> list[Json]:
    prizes = lines[1]["definition"]["prizes"]
    prizes[0], prizes[1] = prizes[1], prizes[0]
    return resealed(lines)


def resealed_place(lines: list[Json]) -> list[Json]:
    lines[1]["definition"]["prizes"][0]["odds"]["at"] = ["42.0", "60.0"]
    return resealed(lines)


def changed_seed(lines: list[Json]) -> list[Json]:
    lines[0]["seed"] = bytes(32).hex()
    return lines


def resealed_seed(lines: list[Json]) -> list[Json]:
    lines[0]["seed"] = bytes(32).hex()
    return resealed(lines)


def changed_odds(lines: list[Json]) -> list[Json]:
    """The server draws by other odds than those that it sealed."""
    played = Story(HUNT.replace("odds = 0.3", "odds = 0.15")).lines()
    return rechained([lines[0], lines[1], *played[2:]])


def forged_row(lines: list[Json]) -> list[Json]:
    _row(lines, _won(None)).update(prize="coin", points=5)
    return lines


def rechained_forged_row(lines: list[Json]) -> list[Json]:
    return rechained(forged_row(lines))


def forged_points(lines: list[Json]) -> list[Json]:
    _row(lines, _won("coin"))["points"] = 500
    return rechained(lines)


def missing_row(lines: list[Json]) -> list[Json]:
    batch = next(each for each in _batches(lines)[20:] if len(each["rows"]) > 1)
    del batch["rows"][0]
    lines[0]["rows"] -= 1
    return lines


def missing_batch(lines: list[Json]) -> list[Json]:
    lines.remove(_batches(lines)[20])
    return lines


def rechained_missing_row(lines: list[Json]) -> list[Json]:
    return rechained(missing_row(lines))


def inserted_row(lines: list[Json]) -> list[Json]:
    batch = _batches(lines)[20]
    new = batch["rows"][0] | {"id": "6f1d9a52-7c1b-4be0-9d4e-0a4f3f2f8a11"}
    batch["rows"].append({name: new[name] for name in ("id", "player", "x", "y")})
    return rechained(lines)


def reordered_rows(lines: list[Json]) -> list[Json]:
    batch = next(each for each in _batches(lines)[20:] if len(each["rows"]) > 1)
    batch["rows"].reverse()
    return lines


def rechained_reordered_rows(lines: list[Json]) -> list[Json]:
    return rechained(reordered_rows(lines))


def repeated_click(lines: list[Json]) -> list[Json]:
    first, later = _batches(lines)[20], _batches(lines)[30]
    later["rows"].append(copy.deepcopy(first["rows"][0]))
    return rechained(lines)


def second_reward_for_a_code(lines: list[Json]) -> list[Json]:
    """The server grants the prize once more than it has codes."""
    played = Story(codes=26).lines()
    return rechained([lines[0], lines[1], *played[2:-1], lines[-1]])


def exchanged_code(lines: list[Json]) -> list[Json]:
    lines[-1]["leaves"][3] = bytes(32).hex()
    return lines


def _seals(lines: Sequence[Json]) -> list[Json]:
    entries = (each.get("document", {}) for each in lines)
    return [document for document in entries if document.get("kind") == "seal"]


def codes_of_a_later_seal(lines: list[Json]) -> list[Json]:
    """The server exchanges codes by a new seal, which keeps their number."""
    played = Story(later=LATER).lines()
    leaves = [bytes([number] * 32) for number in range(25)]
    [_, later] = _seals(played)
    later["codes"]["voucher"]["root"] = tree_of(leaves).root
    played[-1]["leaves"] = [leaf.hex() for leaf in leaves]
    return rechained(played)


def moment_for_a_later_click(lines: list[Json]) -> list[Json]:
    """The first click after a moment gets nothing; a later one in the area gets its prize."""
    hunt = parse(HUNT)
    area = hunt.prizes[2].odds
    assert isinstance(area, Area)
    winner = _row(lines, _won("flash"))
    rows = [row for batch in _batches(lines) for row in batch["rows"]]
    later = next(
        row
        for row in rows[rows.index(winner) + 1 :]
        if "prize" not in row
        and area.chance(hunt.map.squared(row["x"], row["y"], *area.at)) > 0
        and row["player"] != winner["player"]
    )
    later |= {"prize": winner.pop("prize"), "points": winner.pop("points")}
    return rechained(lines)


def click_after_the_end(lines: list[Json]) -> list[Json]:
    end = next(each for each in lines if each.get("document", {}).get("kind") == "end")
    lines.remove(end)
    lines.insert(len(lines) - 4, end)
    return rechained(lines)


def beyond_a_new_limit(lines: list[Json]) -> list[Json]:
    """A limit came while the hunt was open, and one player gets a click more."""
    played = Story(later=LATER).lines()
    counts = Counter(row["player"] for batch in _batches(played) for row in batch["rows"])
    player = next(each for each, count in counts.items() if count == 14)
    click = "6f1d9a52-7c1b-4be0-9d4e-0a4f3f2f8a11"
    _batches(played)[-1]["rows"].append({"id": click, "player": player, "x": 1.0, "y": 2.0})
    return rechained(played)


def cut_off(lines: list[Json]) -> list[Json]:
    return lines[: len(lines) // 2]


def another_share(lines: list[Json]) -> list[Json]:
    lines[0]["share"] = bytes(32).hex()
    return lines


def late_share(lines: list[Json]) -> list[Json]:
    """The hunt was played although nobody had entered its second share."""
    played = Story(shared=True).lines()
    late = [each for each in played if each.get("document", {}).get("kind") != "share"]
    return rechained(late)


def share_of_a_later_seal(lines: list[Json]) -> list[Json]:
    """A seal names a second share while the hunt is played without one."""
    played = Story(later=LATER).lines()
    [_, later] = _seals(played)
    later["share"] = "0" * 64
    return rechained(played)


GIVES = r"row \d+: seed and rules give .+, and the log has .+"
SEALED = "the definition of seal 1 is not the sealed one: a place, odds, the order of prizes"
DRAWN = r"row \d+: .+ instead of .+"
BEFORE = r"receipt for row \d+ has another head"

#: By name; each test has all of them.
FORGERIES: dict[str, Forgery] = {
    "moved-place": Forgery(moved_place, "seals", r"seal 1: the definition \(places", SEALED),
    "moved-place-resealed": Forgery(resealed_place, "seals", "not the published one", GIVES),
    "swapped-prizes": Forgery(swapped_prizes, "seals", r"seal 1: the definition .*order", SEALED),
    "swapped-prizes-resealed": Forgery(
        swapped_public_prizes, "seals", "in another order", "seal 1 shows players other rules"
    ),
    "changed-odds": Forgery(changed_odds, "draws", DRAWN, GIVES),
    "changed-seed": Forgery(
        changed_seed,
        "seals",
        "seal 1: the seed is not the sealed one",
        "the seed is not the one of seal 1",
    ),
    "changed-seed-resealed": Forgery(resealed_seed, "draws", DRAWN, GIVES),
    "another-share": Forgery(
        another_share, "seals", "second share is not", "second share is not the one of seal 1"
    ),
    "late-share": Forgery(
        late_share,
        "seals",
        "the hunt was played before its second share was entered",
        "the hunt was played before its second share was entered",
    ),
    "share-of-a-later-seal": Forgery(
        share_of_a_later_seal,
        "seals",
        "second share is not",
        "second share is not the one of seal 2",
    ),
    "forged-row": Forgery(forged_row, "chain", "head .* is not that of the rows", GIVES),
    "forged-row-rechained": Forgery(
        rechained_forged_row, "draws", "prize coin instead of no", GIVES
    ),
    "forged-row-and-receipt": Forgery(
        rechained_forged_row, "receipts", r"row \d+ has prize", GIVES
    ),
    "forged-points": Forgery(
        forged_points, "draws", "500 points instead of 5", "the log has coin with 500 points"
    ),
    "missing-row": Forgery(missing_row, "chain", r"row \d+ follows row \d+", GIVES),
    "missing-batch": Forgery(
        missing_batch, "chain", r"row \d+ follows row \d+", "rows are missing or moved"
    ),
    "missing-row-rechained": Forgery(rechained_missing_row, "receipts", r"row \d+ has", GIVES),
    "inserted-row": Forgery(inserted_row, "receipts", BEFORE, GIVES),
    "reordered-rows": Forgery(reordered_rows, "chain", "head .* is not that of the rows", GIVES),
    "reordered-rows-rechained": Forgery(
        rechained_reordered_rows, "receipts", r"row \d+ has", GIVES
    ),
    "repeated-click": Forgery(
        repeated_click,
        "draws",
        r"rows \d+ and \d+ are of the same click",
        r"rows \d+ and \d+ are of the same click",
    ),
    "second-reward-for-a-code": Forgery(
        second_reward_for_a_code,
        "codes",
        "voucher was granted 26 times, with 25 codes",
        "voucher is sold out, and the log has voucher",
    ),
    "exchanged-code": Forgery(
        exchanged_code,
        "codes",
        "codes of voucher are not those of seal 1",
        "codes are not the sealed ones",
    ),
    "codes-of-a-later-seal": Forgery(
        codes_of_a_later_seal,
        "codes",
        "codes of voucher are not those of seal 1",
        "codes are not the sealed ones",
    ),
    "moment-for-a-later-click": Forgery(
        moment_for_a_later_click,
        "draws",
        "instead of prize flash",
        "give flash with 9 points, and the log has nothing",
    ),
    "click-after-the-end": Forgery(
        click_after_the_end, "chain", "after the end", "is after the end"
    ),
    "beyond-a-new-limit": Forgery(
        beyond_a_new_limit,
        "draws",
        "exceeds the player's attempts",
        "counts against a limit of its player",
    ),
    "cut-off": Forgery(cut_off, "file", "no end", "the bundle is incomplete"),
}


def forged(name: str) -> tuple[list[Json], list[Json], str | None]:
    """Return the lines of a forgery, the receipts of some players, and the published seal.

    The receipts and the seal are passed only where they show the forgery.
    """
    genuine, forgery = honest(), FORGERIES[name]
    lines = forgery.forge(copy.deepcopy(genuine.lines))
    answers: list[Any] = genuine.answers if forgery.step == "receipts" else []
    if forgery.names == BEFORE:  # those whose own rows are not touched
        answers = answers[: _batches(genuine.lines)[20]["first"]]
    return lines, answers, genuine.seal if "published" in forgery.names else None
