"""W3C Trace Context: the trace that a request belongs to, as its client says."""

from __future__ import annotations

import re

from msgspec import Struct

#: Version, trace id, parent id and flags; later versions may append fields.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

#: Members of a ``tracestate``: key, and value of printable ASCII without comma and equals sign.
_MEMBER = re.compile(
    r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
)

#: Members and characters of the longest ``tracestate`` that is kept.
_MEMBERS, _CHARACTERS = 32, 512

_SAMPLED = 1  # the only flag of version 00


class TraceContext(Struct, frozen=True, gc=False):
    """The position of a request in a trace."""

    trace_id: str  #: 32 hexadecimal digits, not all zero
    parent_id: str  #: the client's span: 16 hexadecimal digits, not all zero
    sampled: bool  #: the client records its part of the trace
    state: str  #: ``tracestate``, for other systems; empty where absent or not valid


def parse(traceparent: str, tracestate: str | None = None) -> TraceContext | None:
    """Return the context of a request; None where ``traceparent`` is not valid.

    Args:
        traceparent: The header; several values, joined by commas, are not valid.
        tracestate: The header, several values joined by commas.

    >>> parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").sampled
    True
    """
    match = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    if match is None:
        return None
    version, trace_id, parent_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest is not None):
        return None
    if not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return TraceContext(
        trace_id, parent_id, bool(int(flags, 16) & _SAMPLED), _state(tracestate or "")
    )


def _state(header: str) -> str:
    """Return a valid ``tracestate``, without empty members; an invalid one is dropped."""
    members = [member for each in header.split(",") if (member := each.strip(" \t"))]
    keys = {member.partition("=")[0] for member in members}
    valid = (
        len(header) <= _CHARACTERS
        and len(members) <= _MEMBERS
        and len(keys) == len(members)
        and all(_MEMBER.fullmatch(member) for member in members)
    )
    return ",".join(members) if valid else ""
