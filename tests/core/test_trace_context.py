"""`traceparent` and `tracestate`, by W3C Trace Context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.trace_context import TraceContext, parse

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{PARENT}-01"


def test_valid_context_is_read() -> None:
    assert parse(VALID, "a=1, b@c=2") == TraceContext(TRACE, PARENT, True, "a=1,b@c=2")
    assert parse(f" {VALID}\t") == TraceContext(TRACE, PARENT, True, "")


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("02", False), ("03", True), ("10", False), ("ef", True)]
)
def test_only_the_flag_sampled_counts(flags: str, sampled: bool) -> None:
    found = parse(f"00-{TRACE}-{PARENT}-{flags}")
    assert found is not None
    assert found.sampled is sampled


@pytest.mark.parametrize("later", [f"01-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-what"])
def test_later_version_is_read_as_far_as_it_is_known(later: str) -> None:
    assert parse(later) == TraceContext(TRACE, PARENT, True, "")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "00",
        VALID.upper(),
        VALID + "-",
        VALID + "-more",
        VALID + "," + VALID,
        "\n" + VALID,
        "X" + VALID,
        VALID + "X",
        f"ff-{TRACE}-{PARENT}-01",
        f"0-{TRACE}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT[:-1]}g-01",
        f"00_{TRACE}_{PARENT}_01",
        f"00-{TRACE}-{PARENT}-0\u0661",
    ],
)
def test_invalid_traceparent_is_ignored(wrong: str) -> None:
    assert parse(wrong, "a=1") is None


@pytest.mark.parametrize(
    "state",
    [
        "a",
        "a=",
        "a=1,a=2",
        "A=1",
        "a=1=2",
        "a=\u00e4",
        "a=1\n",
        ",".join(f"k{n}=1" for n in range(33)),
        "a=" + "1" * 257,
        ",".join(f"k{n}={'1' * 200}" for n in range(3)),
    ],
)
def test_invalid_tracestate_is_dropped_alone(state: str) -> None:
    assert parse(VALID, state) == TraceContext(TRACE, PARENT, True, "")


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (",".join(f"k{n}=1" for n in range(32)), True),
        ("a=" + "1" * 256, True),
        (f"a={'1' * 250},bb={'1' * 256}", True),  # 512 characters
        (f"a={'1' * 250},bbb={'1' * 256}", False),
    ],
    ids=["32 members", "256 characters", "512 in all", "513 in all"],
)
def test_tracestate_is_kept_up_to_its_limits(state: str, kept: bool) -> None:
    assert parse(VALID, state) == TraceContext(TRACE, PARENT, True, state if kept else "")


def test_empty_members_of_tracestate_are_skipped() -> None:
    found = parse(VALID, " ,a=1,, b=2 ,")
    assert found is not None
    assert found.state == "a=1,b=2"


@given(st.text(), st.text())
def test_arbitrary_headers_raise_nothing(parent: str, state: str) -> None:
    assert parse(parent, state) is None
    found = parse(VALID, state)
    assert found is not None
    assert all(" " <= each <= "~" for each in found.state)
