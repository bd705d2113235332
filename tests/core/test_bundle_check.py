"""The check of a bundle: an honest one passes, and each alteration is named."""

from __future__ import annotations

import copy
import gzip
import json
import re
from pathlib import Path

import pytest

from hunt.core import bundle, chain
from hunt.core.bundle_check import Report, check
from hunt.errors import ProofError
from tests.proof.bundles import Json, Story, fingerprint, rechained
from tests.proof.forgeries import FORGERIES, forged, honest, late_share


def decoded(lines: list[Json]) -> list[bundle.Line]:
    return [bundle.decode(json.dumps(each)) for each in lines]


def wrong(lines: list[Json], answers: list[Json] | None = None) -> str:
    """Return the failure of the check of a bundle."""
    with pytest.raises(ProofError) as caught:
        check(decoded(lines), answers or ())
    return str(caught.value)


def altered() -> list[Json]:
    """Return the lines of an honest bundle, to be changed."""
    return copy.deepcopy(honest().lines)


def test_honest_bundle_is_counted() -> None:
    lines, answers = honest().lines, honest().answers
    rows = [row for line in lines if line["kind"] == "batch" for row in line["rows"]]
    assert check(decoded(lines), answers) == Report(
        hunt="proof",
        head=lines[0]["head"],
        rows=len(rows),
        seals=[fingerprint(lines[1]["document"])],
        heads=sum(line["kind"] == "head" for line in lines),
        rewards=sum(row.get("prize") is not None for row in rows),
        erased=0,
        voids=1,
        codes=25,
    )


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_forgery_is_named(name: str) -> None:
    lines, answers, published = forged(name)
    if published is not None:
        try:
            report = check(decoded(lines), answers)
        except ProofError as exc:
            assert re.search(FORGERIES[name].first, str(exc))
        else:
            assert report.seals[0] != published
    else:
        assert re.search(FORGERIES[name].first, wrong(lines, answers))


def test_second_share_must_be_entered_before_the_first_click() -> None:
    story = Story(shared=True)
    lines = story.lines()
    assert check(decoded(lines), story.answers).rows == 400
    message = "line 3: the hunt was played before its second share was entered"
    assert wrong(late_share(lines)) == message
    bare = [lines[0] | {"share": None}, *lines[1:]]
    assert "the second share is not the one of seal 1" in wrong(bare)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "line 1: format 2 and algorithm 2 are unknown here"),
        ({"algorithm": 1}, "line 1: format 1 and algorithm 1 are unknown here"),
        ({"rows": 401}, "line 1 states 401 rows, and the file has 400"),
        ({"head": "0" * 64}, f"line 1 states the last head {'0' * 64}, and the chain gives "),
    ],
)
def test_first_line_must_fit_the_others(change: Json, message: str) -> None:
    lines = altered()
    lines[0] |= change
    assert wrong(lines).startswith(message)


def test_bundle_begins_with_one_line_of_its_kind() -> None:
    lines = altered()
    begins = "line 1: a bundle begins with a line of the kind bundle"
    assert wrong([]) == begins
    assert wrong(lines[1:]) == begins
    assert wrong([lines[0], *lines]) == "line 2: a second line of the kind bundle"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"number": 2}, "seal 1 is missing, of another hunt, or out of order"),
        ({"hunt": "other"}, "seal 1 is missing, of another hunt, or out of order"),
        ({"previous": "0" * 64}, "seal 1 does not name the seal before it"),
        ({"kind": "note"}, "an entry of the unknown kind 'note'"),
        ({"seq": 1}, "the entry seal is for seq 1, and stands after seq 0"),
    ],
)
def test_seal_must_be_the_first_of_its_hunt(change: Json, message: str) -> None:
    lines = altered()
    lines[1]["document"] |= change
    assert wrong(lines) == f"line 2: {message}"


def test_value_that_is_missing_is_named_by_its_line() -> None:
    lines = altered()
    del lines[1]["document"]["previous"]
    assert wrong(lines) == "line 2: a value is missing or malformed: KeyError('previous')"
    lines = altered()
    del lines[1]["definition"]
    assert wrong(lines) == "line 2: seal 1 has no definition"


def first_batch(lines: list[Json]) -> int:
    return next(number for number, line in enumerate(lines) if line["kind"] == "batch")


def test_rows_come_after_the_seal_in_their_order() -> None:
    lines = altered()
    at = first_batch(lines)
    batch = lines[at]
    assert wrong([lines[0], batch]) == "line 2: row 1 is before the first seal"
    empty = [*lines[:at], batch | {"rows": []}]
    assert "row 1 follows row 0: rows are missing or moved" in wrong(empty)
    after = batch["first"] + len(batch["rows"])
    same = batch | {"first": after}
    assert f"from row {after} have the same time" in wrong([*lines[: at + 1], same])


def test_published_head_must_be_one_of_the_chain() -> None:
    lines = altered()
    number = next(at for at, line in enumerate(lines) if line["kind"] == "head")
    seq = lines[number]["seq"]
    lines[number]["head"] = "0" * 64
    message = f"line {number + 1}: the head published for seq {seq} at "
    assert wrong(lines).startswith(message)
    assert f"but the chain gives {honest().lines[number]['head']} after seq {seq}" in wrong(lines)


def test_nothing_but_codes_follows_the_end() -> None:
    lines = altered()
    end = next(at for at, line in enumerate(lines) if line.get("document", {}).get("kind") == "end")
    twice = [*lines[: end + 1], lines[end]]
    assert wrong(twice) == f"line {end + 2}: an entry of the kind end after the end"


def test_every_sealed_code_must_be_there_in_order() -> None:
    lines = altered()
    codes = [each for each in lines if each["kind"] == "codes"]
    assert len(codes) == 1
    codes[0]["leaves"].pop()
    assert wrong(lines) == "prize voucher: the file has 24 of 25 codes"
    codes[0]["first"] = 2
    assert "prize voucher: codes from 1 are missing" in wrong(lines)


def test_bundle_without_the_sealed_codes_is_incomplete() -> None:
    lines = [each for each in altered() if each["kind"] != "codes"]
    assert wrong(lines) == "prize voucher: the file has 0 of 25 codes"


def test_codes_before_the_end_are_refused() -> None:
    *lines, codes = altered()
    assert wrong([*lines[:2], codes, *lines[2:]]) == (
        "line 3: prize voucher: codes are before the end"
    )


def test_empty_root_is_no_commitment_to_codes() -> None:
    lines = altered()
    lines[1]["document"]["codes"]["voucher"]["root"] = ""
    assert wrong(rechained(lines)).endswith(
        "prize voucher: the first 25 codes are not the sealed ones"
    )


def test_codes_may_be_in_several_lines() -> None:
    *lines, codes = altered()
    leaves = codes["leaves"]
    split = [codes | {"leaves": leaves[:10]}, codes | {"first": 11, "leaves": leaves[10:]}]
    assert check(decoded([*lines, *split])).codes == 25


def test_erased_row_is_counted_and_its_receipt_holds() -> None:
    lines, answers = altered(), honest().answers
    row = lines[first_batch(lines)]["rows"][0]
    made = chain.leaf(row.pop("id"), row.pop("player"), row.pop("x"), row.pop("y"))
    row["leaf"] = made.hex()
    assert check(decoded(lines), answers).erased == 1


@pytest.mark.parametrize("name", ["id", "x", "y", "prize", "points", "at", "sold_out"])
def test_receipt_names_what_differs(name: str) -> None:
    answers = copy.deepcopy(honest().answers)
    answers[30][name] = "other"
    seq = answers[30]["seq"]
    assert re.search(
        rf"row {seq} has the {name} .+, and its receipt 'other'", wrong(altered(), answers)
    )


def test_receipt_of_a_row_that_is_not_there_is_named() -> None:
    answers = copy.deepcopy(honest().answers[:3])
    answers[2]["seq"] = 1000
    assert wrong(altered(), answers) == "receipt: the log has no row with the seq 1000"
    answers = copy.deepcopy(honest().answers[:3])
    upto = answers[1]["receipt"]["upto"]
    answers[1]["receipt"]["head"] = "0" * 64
    assert wrong(altered(), answers).startswith(
        f"receipt: the chain never had the head {'0' * 64} after seq {upto}: "
    )


@pytest.mark.parametrize("packed", [False, True])
def test_file_is_read_line_by_line(tmp_path: Path, packed: bool) -> None:
    file, lines = tmp_path / "bundle", decoded(honest().lines[:5])
    text = b"".join(bundle.encode(each) + b"\n" for each in lines)
    file.write_bytes(gzip.compress(text) if packed else text)
    assert list(bundle.read(file)) == lines
    broken = text + b"{}\n"
    file.write_bytes(gzip.compress(broken) if packed else broken)
    with pytest.raises(ProofError, match=r"^line 6: not a line of a bundle: "):
        list(bundle.read(file))


def test_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bundle"
    text = b"".join(bundle.encode(each) + b"\n" for each in decoded(honest().lines[:5]))
    file.write_bytes(gzip.compress(text)[:-20])
    with pytest.raises(ProofError, match=r"^line \d: the compressed file is damaged$"):
        list(bundle.read(file))


def test_row_needs_a_click_or_a_leaf() -> None:
    whole = bundle.Row(id="00000000-0000-4000-8000-000000000001", player="00" * 16, x=1.0, y=2.0)
    assert len(bundle.leaf_of(whole)) == 32
    assert bundle.leaf_of(bundle.Row(leaf="ab" * 32)) == b"\xab" * 32
    for name in ("id", "player", "x", "y"):
        fields = {each: getattr(whole, each) for each in ("id", "player", "x", "y") if each != name}
        with pytest.raises(ValueError, match="neither a leaf nor id, player, x and y"):
            bundle.leaf_of(bundle.Row(**fields))


def test_definition_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ProofError, match=r"^a definition cannot be read: "):
        bundle.definition_of({"id": "harbour"})
