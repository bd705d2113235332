"""Whole HTTP answers as values, and documents: bodies with an ETag, plain and compressed."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from http import HTTPStatus

from msgspec import Struct

from hunt.play.problems import MIMETYPE, Problem
from hunt.play.request import Request

#: Smallest body that is compressed, in bytes; a smaller one fits into a packet anyway.
MIN_COMPRESSED = 1000

#: ``Cache-Control`` of a copy that the client may keep, but must not use without asking.
REVALIDATE = "no-cache"

#: The same, for an answer that is about its player.
PRIVATE = "private, no-cache"

#: ``Cache-Control`` of a file whose address changes with its content.
IMMUTABLE = "public, max-age=31536000, immutable"

_JSON = "application/json"


class Reply(Struct):
    """One answer, before a transport encodes it.

    Transports add ``X-Request-Id``, ``Content-Length`` and the headers of every response.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    encoded: bytes = b""  #: head lines as the fast lane has encoded them; empty: not yet

    @property
    def size(self) -> int | None:
        """Bytes of the body, for the log; None for an answer that cannot have one."""
        return None if self.status == HTTPStatus.NOT_MODIFIED else len(self.body)


def json_reply(
    body: bytes, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """Return an answer with a JSON body that no client may keep."""
    return Reply(status, (("Content-Type", _JSON), *headers), body)


def problem_reply(problem: Problem) -> Reply:
    """Return the answer that is a problem."""
    headers = (("Content-Type", MIMETYPE), *problem.headers.items())
    return Reply(problem.status, headers, problem.body)


class Document:
    """A body that clients may keep, and the answers to requests for it.

    It is compressed when the first client asks for that, and not again.

    Args:
        body: The body.
        content_type: Value of ``Content-Type``.
        cache_control: Value of ``Cache-Control``.
        headers: Further headers of answers with the body, and of 304.
        level: Effort of the compression, 1 to 9; 0: not compressed.
        varies: Header of requests, besides ``Accept-Encoding``, that chose this body.
    """

    def __init__(
        self,
        body: bytes,
        content_type: str = _JSON,
        *,
        cache_control: str = REVALIDATE,
        headers: tuple[tuple[str, str], ...] = (),
        level: int = 6,
        varies: str | None = None,
    ) -> None:
        self.body = body
        self.tag = hashlib.sha256(body).hexdigest()[:20]  #: of the ETag
        self._content_type = content_type
        self._level = level if len(body) >= MIN_COMPRESSED else 0
        chosen = [name for name in (self._level and "Accept-Encoding", varies) if name]
        vary = (("Vary", ", ".join(chosen)),) if chosen else ()
        self._headers = (("Cache-Control", cache_control), *vary, *headers)
        self._plain: Reply | None = None
        self._compressed: Reply | None = None
        self._known: dict[str, Reply] = {}  # answers without a body, by tag

    def reply(self, request: Request) -> Reply:
        """Return the answer to a request: the body that it accepts, or 304."""
        compressed = self._level > 0 and accepts_gzip(request.accept_encoding)
        if request.if_none_match is not None:
            tag = f"{self.tag}-gz" if compressed else self.tag
            if matches(request.if_none_match, tag):
                return self._not_modified(tag)
        return self._as_gzip() if compressed else self._as_plain()

    def prepare(self) -> None:
        """Compress the body now, for all processes that are forked later."""
        if self._level:
            self._as_gzip()

    def _not_modified(self, tag: str) -> Reply:
        reply = self._known.get(tag)
        if reply is None:
            reply = self._known[tag] = Reply(304, (("ETag", f'"{tag}"'), *self._headers))
        return reply

    def _as_plain(self) -> Reply:
        if self._plain is None:
            self._plain = self._with_body(self.tag, self.body)
        return self._plain

    def _as_gzip(self) -> Reply:
        if self._compressed is None:
            body = gzip.compress(self.body, self._level, mtime=0)
            encoding = ("Content-Encoding", "gzip")
            self._compressed = self._with_body(f"{self.tag}-gz", body, encoding)
        return self._compressed

    def _with_body(self, tag: str, body: bytes, *encoding: tuple[str, str]) -> Reply:
        headers = ("Content-Type", self._content_type), *encoding, ("ETag", f'"{tag}"')
        return Reply(200, (*headers, *self._headers), body)


def matches(if_none_match: str, tag: str) -> bool:
    """Return whether ``If-None-Match`` names a tag, by the weak comparison (RFC 9110, 13.1.2)."""
    if if_none_match == f'"{tag}"':
        return True
    known = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return f'"{tag}"' in known or "*" in known


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether a client accepts gzip (RFC 9110, 12.5.3)."""
    if accept_encoding is None:
        return False
    # Long values are not cached, so that clients cannot fill the memory.
    return _accepts(accept_encoding) if len(accept_encoding) < 200 else _prefers(accept_encoding)


def _prefers(accept_encoding: str) -> bool:
    weights = {}
    for part in accept_encoding.lower().split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = parameter.replace(" ", "").replace("\t", "")
    weight = weights.get("gzip", weights.get("*"))
    if weight is None:
        return False
    try:
        return float(weight.removeprefix("q=") or 1) > 0
    except ValueError:
        return False


_accepts = lru_cache(256)(_prefers)
