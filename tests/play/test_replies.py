"""Conditional requests and compression of documents."""

from __future__ import annotations

import gzip

import pytest

from hunt.play.replies import MIN_COMPRESSED, Document, accepts_gzip, matches
from hunt.play.request import Request


def request(**fields: str) -> Request:
    return Request(hunt="", host="", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "matched"),
    [('"a"', True), ('W/"a"', True), ('"b", W/"a"', True), ("*", True), ("a", False),
     ('"b"', False), ("", False), ('"a-gz"', False)],
)  # fmt: skip
def test_tags_are_compared_weakly(header: str, matched: bool) -> None:
    assert matches(header, "a") is matched


@pytest.mark.parametrize(
    ("header", "accepted"),
    [(None, False), ("", False), ("gzip", True), ("GZip", True), ("br;q=1, gzip ; q=0.1", True),
     ("gzip;q=0", False), ("gzip;q=0.0, *", False), ("*", True), ("*;q=0", False),
     ("deflate", False), ("gzip;q=high", False), ("x" * 300 + ", gzip", True)],
)  # fmt: skip
def test_client_chooses_the_coding(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_each_coding_has_its_own_tag() -> None:
    document = Document(b"x" * MIN_COMPRESSED)
    plain, packed = document.reply(request()), document.reply(request(accept_encoding="gzip"))
    assert gzip.decompress(packed.body) == plain.body == document.body
    tags = [dict(each.headers)["ETag"] for each in (plain, packed)]
    assert tags[0] != tags[1]
    for tag, coding in zip(tags, ("", "gzip"), strict=True):
        known = document.reply(request(accept_encoding=coding, if_none_match=tag))
        assert (known.status, known.body, dict(known.headers)["ETag"]) == (304, b"", tag)
    assert document.reply(request(accept_encoding="gzip")) is packed, "compressed once"


def test_short_body_is_not_compressed() -> None:
    document = Document(b"x" * (MIN_COMPRESSED - 1))
    reply = document.reply(request(accept_encoding="gzip"))
    assert reply.body == document.body
    assert "Vary" not in dict(reply.headers)
