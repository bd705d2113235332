"""Strict framing of HTTP/1 requests (RFC 9112).

h11 accepts several ambiguous forms that a proxy in front may parse differently.  Request
smuggling depends on such a difference, so each of these forms is refused, and the
connection is closed.
"""

from __future__ import annotations

import re

import h11
from h11._receivebuffer import ReceiveBuffer  # ruff: ignore[import-private-name]

#: Maximum length of a request line, in bytes.
MAX_LINE = 8192

#: Maximum length of the line before a chunk, in bytes: its size, and ignored extensions.
MAX_CHUNK_LINE = 256

#: Maximum length of a body that is read and dropped after its response, in bytes.
MAX_DROPPED = 256 * 1024

#: A line feed without carriage return, which is not a line end.
BARE_LF = re.compile(rb"(?<!\r)\n")
_END = b"\r\n\r\n"
_LINE = re.compile(rb"([!#-'*+.^_`|~0-9A-Za-z-]+) [!-~]+ HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"([!#-'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,16}(?:;[\t -~\x80-\xff]*)?\r\n")

#: The first line of HTTP/2 (RFC 9113, 3.4).
_PREFACE = b"PRI * HTTP/2.0"


class Malformed(h11.RemoteProtocolError):
    """The request is not valid; the message is one sentence for the client."""

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail, error_status_hint=status)


def check_head(received: bytes, limit: int) -> None:
    """Check the head of a request, or the part of it that has arrived.

    Args:
        received: All bytes after the previous request.
        limit: Maximum length of a head, in bytes.

    Raises:
        Malformed: The head is invalid, ambiguous or too long.
    """
    size = received.find(_END)
    head = received if size < 0 else received[: size + 2]
    if BARE_LF.search(head):
        raise Malformed("a line of the head does not end with CRLF")
    if len(head.partition(b"\r\n")[0]) > MAX_LINE:
        raise Malformed(f"the request line is longer than {MAX_LINE} bytes", 414)
    if len(head) > limit:
        raise Malformed(f"the head of the request is longer than {limit} bytes", 431)
    if size >= 0:
        line, *fields = head[:-2].split(b"\r\n")
        if line != _PREFACE or fields:
            _check_fields(fields, version=_version(line))


def _version(line: bytes) -> bytes:
    """Return the minor version of HTTP/1 in a request line."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise Malformed("the request line is not valid")
    if match[2] != b"1":
        raise Malformed("this server supports HTTP/1.1, and HTTP/2 over TLS", 505)
    return match[3]


def _check_fields(fields: list[bytes], *, version: bytes) -> None:
    hosts, lengths, codings = 0, list[bytes](), list[bytes]()
    for name, value in map(_field, fields):
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            lengths.append(value.strip(b" \t"))
        elif name == b"transfer-encoding":
            codings += [each.strip(b" \t").lower() for each in value.split(b",")]
    if hosts > 1 or (hosts == 0 and version != b"0"):
        raise Malformed("the head must have one Host")
    if codings:
        _check_codings(codings, version=version, lengths=lengths)
    if len(lengths) > 1 or any(not _LENGTH.fullmatch(each) for each in lengths):
        raise Malformed("Content-Length must be one whole number")


def _check_codings(codings: list[bytes], *, version: bytes, lengths: list[bytes]) -> None:
    """Check ``Transfer-Encoding`` (RFC 9112, 6.1 and 6.3)."""
    if version == b"0":
        raise Malformed("HTTP/1.0 has no Transfer-Encoding")
    if lengths:
        raise Malformed("the head must not have both Content-Length and Transfer-Encoding")
    if codings[-1] != b"chunked" or codings.count(b"chunked") > 1:
        raise Malformed("the last transfer coding, and only the last, must be chunked")
    if len(codings) > 1:
        raise Malformed("chunked is the only supported transfer coding", 501)


def _field(line: bytes) -> tuple[bytes, bytes]:
    """Return the name of a field, in lower case, and its value."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise Malformed("a header field is not valid: name, colon, and text in one line")
    return match[1].lower(), match[2]


class Connection(h11.Connection):
    """A server's connection of h11 that refuses ambiguous requests.

    It also ignores bytes after the last request.  After a request of HTTP/1.0, or one with
    ``Connection: close``, the client has no more requests (RFC 9112, 9.6).  h11 reports more
    bytes as an error, and Hypercorn would answer it with 400, perhaps in place of the
    response that is being sent.

    Args:
        limit: Maximum length of a head, in bytes.
    """

    #: With True, Hypercorn would send ``100 Continue`` before the application has seen the head.
    they_are_waiting_for_100_continue = False

    def __init__(self, limit: int) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=limit)
        self._limit = limit
        self._receive_buffer = _Buffer()
        self.fault: Malformed | None = None  #: the fault that hunt found in the request
        self._dropping: int | None = None  # bytes of the body that may still be dropped

    @property
    def expects_continue(self) -> bool:
        """Whether the client sends the body only after ``100 Continue``."""
        return self.client_is_waiting_for_100_continue

    @property
    def unread(self) -> bool:
        """Whether the response is complete, and the rest of the body is still to come."""
        return self.our_state is h11.DONE and self.their_state is h11.SEND_BODY

    @property
    def dropped(self) -> bool:
        """Whether the body that `drop_body` drops has ended; another request may follow."""
        return self._dropping is not None and self.their_state is h11.DONE

    def drop_body(self) -> None:
        """Let `next_event` drop the rest of the body, of at most `MAX_DROPPED` bytes."""
        self._dropping = MAX_DROPPED

    def start_next_cycle(self) -> None:
        """Begin with the next request."""
        super().start_next_cycle()
        self._dropping = None

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.their_state is not h11.MUST_CLOSE:
            super().receive_data(data)

    def next_event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        """Return the next event.

        Raises:
            h11.RemoteProtocolError: The request is not valid; `fault` is set if hunt found the
                reason.
        """
        if self.their_state is h11.MUST_CLOSE:
            return h11.NEED_DATA
        try:
            if self.their_state is h11.IDLE:
                check_head(self.trailing_data[0], self._limit)
            return self._next_kept()
        except Malformed as fault:
            self.fault = fault
            raise

    def _next_kept(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        """Return the next event that is not part of a dropped body."""
        event = super().next_event()
        while self._dropping is not None and isinstance(event, h11.Data):
            self._dropping -= len(event.data)
            if self._dropping < 0:
                raise Malformed("the body is too long", 413)
            event = super().next_event()
        return event


class Answered:
    """A replacement of h11's connection after the last response: it buffers input unparsed.

    Args:
        received: The bytes after the request.
    """

    our_state = their_state = None
    they_are_waiting_for_100_continue = False

    def __init__(self, received: bytes) -> None:
        self.received = received

    def receive_data(self, data: bytes) -> None:
        """Keep bytes from the client."""
        self.received += data

    def next_event(self) -> type[h11.NEED_DATA]:
        """Return that more input is needed."""
        return h11.NEED_DATA


class _Buffer(ReceiveBuffer):
    """The receive buffer of h11, with strict checks of the lines of a chunked body."""

    def maybe_extract_next_line(self) -> bytearray | None:
        """Return the line before a chunk, once it is complete."""
        line = super().maybe_extract_next_line()
        seen = bytes(self) if line is None else bytes(line)
        if len(seen) > MAX_CHUNK_LINE:
            raise Malformed("the line of a chunk is too long")
        if BARE_LF.search(seen) or (line is not None and not _CHUNK.fullmatch(seen)):
            raise Malformed("the size of a chunk is not valid")
        return line

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Return the lines of a head, which was checked, or of the trailers."""
        seen = bytes(self)
        size = 0 if seen.startswith(b"\r\n") else seen.find(_END)
        if BARE_LF.search(seen if size < 0 else seen[: size + 2]):
            raise Malformed("a line of the trailers does not end with CRLF")
        lines = super().maybe_extract_lines()
        if any(line.startswith((b" ", b"\t")) for line in lines or ()):
            raise Malformed("a line of the trailers is not valid")
        return lines
