"""Queries and answers of a time stamping authority."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hunt.core import timestamp
from hunt.errors import ProofError

HEAD = "15ad5a240d38df1245602ee9c500d8e188afe4f299fd99c31e6491326ff8b910"
POLICY = bytes.fromhex("06022a03")


def element(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


def answer(*, status: int = 0, time: bytes = b"20261101180000Z", filler: int = 0) -> bytes:
    """Return an answer without a signature; the bytes before the imprint are arbitrary."""
    imprint = element(0x30, element(0x04, timestamp.digest(HEAD)))
    info = element(0x30, POLICY, imprint, element(0x02, b"\x01\x02"), element(0x18, time))
    return element(0x30, element(0x30, element(0x02, bytes([status]))), info, bytes(filler))


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("filler", [0, 900])
def test_time_of_an_answer_is_read(status: int, filler: int) -> None:
    found = timestamp.stamped_at(answer(status=status, filler=filler), HEAD)
    assert found == datetime(2026, 11, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(("fraction", "microseconds"), [(b"1234567", 123_456), (b"5", 500_000)])
def test_time_may_have_a_fraction(fraction: bytes, microseconds: int) -> None:
    found = timestamp.stamped_at(answer(time=b"20261101180000.%sZ" % fraction), HEAD)
    assert found == datetime(2026, 11, 1, 18, 0, 0, microseconds, tzinfo=UTC)


def test_refusal_is_named() -> None:
    with pytest.raises(ProofError, match="the time stamping authority refused"):
        timestamp.stamped_at(answer(status=2), HEAD)


@pytest.mark.parametrize(
    "wrong",
    [b"", b"\x30", b"<html>", answer()[:-20], answer(time=b"yesterday"), answer(time=b"\xff" * 15)],
)
def test_other_bytes_are_no_timestamp(wrong: bytes) -> None:
    with pytest.raises(ProofError, match="it is not a timestamp of this head"):
        timestamp.stamped_at(wrong, HEAD)


def test_answer_for_another_head_is_no_timestamp_of_this_one() -> None:
    with pytest.raises(ProofError, match="it is not a timestamp of this head"):
        timestamp.stamped_at(answer(), HEAD[::-1])


@pytest.mark.parametrize(("nonce", "sent"), [("00", "40"), ("ff", "7f"), ("81", "41")])
def test_nonce_is_a_positive_number_of_8_bytes(nonce: str, sent: str) -> None:
    query = timestamp.query(HEAD, bytes.fromhex(nonce + "00112233445566"))
    assert query.hex() == (
        "30430201013031300d060960864801650304020105000420"
        f"{timestamp.digest(HEAD).hex()}0208{sent}001122334455660101ff"
    )


@pytest.mark.parametrize("first", [b"\x00", b"\xff"])
def test_query_is_one_that_openssl_reads(tmp_path: Path, first: bytes) -> None:
    file = tmp_path / "query"
    file.write_bytes(timestamp.query(HEAD, first + bytes(7)))
    done = subprocess.run(
        ["openssl", "ts", "-query", "-in", file, "-text"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Hash Algorithm: sha256" in done.stdout
    assert "Certificate required: yes" in done.stdout
    assert timestamp.digest(HEAD).hex()[:16] in done.stdout.replace(" ", "").replace("-", "")
