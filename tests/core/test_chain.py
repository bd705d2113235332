"""Tests for `hunt.core.chain`, and for the worked example of docs/reference/proof.md."""

from __future__ import annotations

import hashlib
import hmac
import struct
import uuid
from itertools import starmap
from pathlib import Path

import pytest

from hunt.core import chain
from hunt.core.fairness import Draws, commit

PAGE = (Path(__file__).parents[2] / "docs/reference/proof.md").read_text("utf-8")
KEY, SEED, SHARE = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
ADA = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"
BOB = "7d9b2c1e-0f43-4b6a-8c55-1e2f3a4b5c6d"


def test_pseudonyms_share_a_bounded_cache() -> None:
    known = chain.remembered()
    first, second = (chain.Pseudonyms(key, known).of for key in (KEY, SEED))
    names = {of(f"player-{number:0100}") for number in range(3500) for of in (first, second)}
    assert len(names) == 7000
    assert 2800 < len(known) < 5800
    name = chain.Pseudonyms(KEY).of("ada")
    assert first("ada") == name == known.get((KEY, "ada"))
    known.put((KEY, "ada"), "0" * 32)
    assert first("ada") == "0" * 32, "not computed again"


def values() -> dict[str, str]:
    """Return the values of the worked example."""
    ada, bob = map(chain.Pseudonyms(KEY).of, ("ada", "bob"))
    leaves = chain.leaf(ADA, ada, 12.5, 3.0), chain.leaf(BOB, bob, 0.1, 99.0)
    end = {"kind": "end", "at": "2026-11-01T18:00:00.000000Z", "seq": 0}
    head = chain.after_entry(chain.START, chain.canonical(end))
    results = [("gold-coin", 100, None), (None, 0, "voucher")]
    salt = chain.definition_salt(SEED, 1)
    definition = chain.canonical({"title": "Häfen bei Nacht", "odds": "0.2", "id": "harbour"})
    tree = chain.Tree()
    for number in range(3):
        tree.append(chain.code_leaf(bytes(16), f"ABC-{number}"))
    return {
        "seed": commit(SEED),
        "joined": chain.joined_seed(SEED, SHARE).hex(),
        "ada": ada,
        "bob": bob,
        "uniform": repr(Draws(SEED).uniform(ADA, ada)),
        "leaf of ada": leaves[0].hex(),
        "leaf of bob": leaves[1].hex(),
        "entry": head.hex(),
        "batch": chain.after_batch(head, 1, "2026-11-01T18:00:00.123456Z", results, leaves).hex(),
        "salt": salt.hex(),
        "definition": chain.definition_commitment(salt, definition),
        "code": chain.code_leaf(bytes(16), "ABC-123").hex(),
        "root": tree.root,
    }


@pytest.mark.parametrize("name", sorted(values()))
def test_worked_example_is_as_computed(name: str) -> None:
    assert f"`{values()[name]}`" in PAGE


def test_leaves_of_clicks_are_those_of_each() -> None:
    names = [chain.Pseudonyms(KEY).of(player) for player in ("ada", "bob")]
    places = [(12.5, 3.0), (0.1, 99.0)]
    ids = b"".join(uuid.UUID(each).bytes for each in (ADA, BOB))
    packed = [struct.pack(">dd", *place) for place in places]
    found = chain.leaves(ids, bytes.fromhex("".join(names)), packed)
    single = [
        chain.leaf(id_, name, *place)
        for id_, name, place in zip((ADA, BOB), names, places, strict=True)
    ]
    assert found == b"".join(single)


def test_canonical_text_is_sorted_utf8_without_spaces() -> None:
    assert chain.canonical({"b": [1, "é\n"], "a": None}) == '{"a":null,"b":[1,"é\\n"]}'.encode()


def test_number_that_json_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        chain.canonical({"odds": float("nan")})


def test_first_share_alone_is_the_seed() -> None:
    assert chain.joined_seed(SEED, None) == SEED


def test_head_depends_on_each_part_of_a_batch() -> None:
    at, later = "2026-11-01T18:00:00.123456Z", "2026-11-01T18:00:00.123457Z"
    row, leaf = ("a", 1, None), bytes(32)
    variants: list[tuple[bytes, int, str, list[chain.Result], list[bytes]]] = [
        (chain.START, 1, at, [row], [leaf]),
        (bytes(31) + b"\1", 1, at, [row], [leaf]),
        (chain.START, 2, at, [row], [leaf]),
        (chain.START, 1, later, [row], [leaf]),
        (chain.START, 1, at, [("b", 1, None)], [leaf]),
        (chain.START, 1, at, [("a", 2, None)], [leaf]),
        (chain.START, 1, at, [(None, 1, "a")], [leaf]),
        (chain.START, 1, at, [row], [bytes(31) + b"\1"]),
        (chain.START, 1, at, [row, row], [leaf, leaf]),
    ]
    heads = set(starmap(chain.after_batch, variants))
    assert len(heads) == 9


def _root(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 6962 defines it, by recursion."""
    if len(leaves) == 1:
        return leaves[0]
    size = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"hunt node 1\n" + _root(leaves[:size]) + _root(leaves[size:])).digest()


def test_root_is_that_of_rfc_6962_for_each_size() -> None:
    tree = chain.Tree()
    assert tree.root == "0" * 64
    leaves = [chain.code_leaf(bytes(16), str(number)) for number in range(40)]
    for size, leaf in enumerate(leaves, 1):
        tree = chain.Tree(tree.size, tree.peaks)  # as read from the database
        tree.append(leaf)
        assert tree.root == _root(leaves[:size]).hex()


def test_salts_of_codes_differ_by_prize_and_position() -> None:
    salts = {chain.code_salt(KEY, prize, number) for prize in ("a", "b") for number in (1, 2)}
    assert len(salts) == 4
    whole = hmac.digest(KEY, b"hunt code salt 1\na\n2", "sha256")
    assert chain.code_salt(KEY, "a", 2) == whole[:16]
    assert {len(each) for each in salts} == {16}
