"""Messages between the workers of a node: clicks that another worker commits, and its commits.

A frame is the length of a message in four bytes, and the message in MessagePack.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, fields

from hunt.core.events import Click, Outcome, Receipt, Reward, Settlement
from hunt.error_kinds import kinds
from hunt.errors import HuntError, Refused

T = TypeVar("T")

#: Bytes of one read.  A read allocates them all, and large blocks make the heap grow.
READ = 16_384

#: Bytes of the longest message that is read.
LONGEST = 64 * 2**20

_length = struct.Struct(">I")

if TYPE_CHECKING:
    _Click: TypeAlias = tuple[Any, ...]
    _Reward: TypeAlias = tuple[Any, ...]
    _Receipt: TypeAlias = tuple[Any, ...]
else:
    # The fields of each: msgspec encodes tuples faster than structs.
    _Click, _Reward, _Receipt = (
        tuple[tuple(field.type for field in fields(kind))] for kind in (Click, Reward, Receipt)
    )

#: The class of a refusal, its message, and its attributes.
_Refusal = tuple[str, str, dict[str, Any]]


class Hello(Struct, frozen=True, array_like=True, tag="h"):
    """From the committer, first."""

    name: str  #: of the worker in its notices


class Forward(Struct, frozen=True, array_like=True, tag="f"):
    """To the committer: clicks of one hunt."""

    number: int  #: of this message on its connection
    hunt: str
    clicks: list[_Click]


class Settled(Struct, frozen=True, array_like=True, tag="s"):
    """From the committer: the outcomes of a `Forward`, in the order of its clicks."""

    number: int
    rewards: list[_Reward | None]  #: None: the click was refused
    duplicates: list[int]  #: indices of the rewards that were settled before
    refusals: list[_Refusal]  #: of the refused clicks, in their order
    receipts: list[_Receipt | None]  #: few, because the clicks of a commit share one
    receipt_of: list[int]  #: index of each reward's receipt; empty if no reward has one


class Committed(Struct, frozen=True, array_like=True, tag="c"):
    """From the committer, after each commit and before its outcomes: the new rewards, by seq."""

    hunt: str
    rewards: list[_Reward]


class MessageError(HuntError):
    """A worker has sent something else than messages."""


_encode = msgspec.msgpack.Encoder().encode
_to_committer = msgspec.msgpack.Decoder(Forward)
_from_committer: msgspec.msgpack.Decoder[Hello | Settled | Committed] = msgspec.msgpack.Decoder(
    Hello | Settled | Committed
)
_REFUSALS = {kind.__name__: kind for kind in kinds(Refused)}


def hello(name: str) -> bytes:
    """Return the frame of a `Hello`."""
    return _frame(Hello(name))


def forward(number: int, hunt: str, clicks: Sequence[Click]) -> bytes:
    """Return the frame of a `Forward`."""
    return _frame(Forward(number, hunt, [astuple(each) for each in clicks]))


def settled(number: int, outcomes: Sequence[Outcome]) -> bytes:
    """Return the frame of a `Settled`."""
    rewards: list[Any] = []
    duplicates, refusals = [], []
    numbers: dict[Receipt | None, int] = {None: 0}
    receipt_of = []
    for index, each in enumerate(outcomes):
        if isinstance(each, Settlement):
            rewards.append(astuple(each.reward))
            receipt_of.append(numbers.setdefault(each.receipt, len(numbers)))
            if each.duplicate:
                duplicates.append(index)
        else:
            rewards.append(None)
            refusals.append((type(each).__name__, str(each), vars(each)))
    receipts: list[Any] = [None if each is None else astuple(each) for each in numbers]
    if len(receipts) == 1:
        receipt_of = []
    return _frame(Settled(number, rewards, duplicates, refusals, receipts, receipt_of))


def committed(hunt: str, rewards: Sequence[Reward]) -> bytes:
    """Return the frame of a `Committed`."""
    return _frame(Committed(hunt, [astuple(each) for each in rewards]))


def clicks_of(message: Forward) -> list[Click]:
    """Return the clicks of a message."""
    return list(starmap(Click, message.clicks))


def rewards_of(message: Committed) -> list[Reward]:
    """Return the rewards of a message."""
    return list(starmap(Reward, message.rewards))


def outcomes_of(message: Settled) -> list[Outcome]:
    """Return the outcomes of a message.

    Raises:
        MessageError: A refusal is of an unknown class, as after an upgrade of the other worker.
    """
    refusals = iter(message.refusals)
    duplicates = frozenset(message.duplicates)
    receipts = [None if each is None else Receipt(*each) for each in message.receipts]
    receipt_of = iter(message.receipt_of or repeat(0))
    try:
        return [
            _refusal(*next(refusals))
            if each is None
            else Settlement(Reward(*each), index in duplicates, receipts[next(receipt_of)])
            for index, each in enumerate(message.rewards)
        ]
    except (StopIteration, IndexError):
        raise MessageError("a worker sent a part of the outcomes only") from None


def to_committer(payload: bytes) -> Forward:
    """Return the message in a frame.

    Raises:
        MessageError: It is none.
    """
    return _decoded(_to_committer, payload)


def from_committer(payload: bytes) -> Hello | Settled | Committed:
    """Return the message in a frame.

    Raises:
        MessageError: It is none.
    """
    return _decoded(_from_committer, payload)


def _decoded(decoder: msgspec.msgpack.Decoder[T], payload: bytes) -> T:
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError as exc:
        raise MessageError(f"a worker sent what is no message: {exc}") from None


class Frames:
    """Splits received bytes into frames."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; yield each message that is complete now.

        Raises:
            MessageError: A frame is longer than `LONGEST`.
        """
        self._received += data
        start = 0
        while len(self._received) >= start + 4:
            size = _length.unpack_from(self._received, start)[0]
            if size > LONGEST:
                raise MessageError(f"a worker sent a message of {size} bytes")
            if len(self._received) < start + 4 + size:
                break
            yield bytes(self._received[start + 4 : start + 4 + size])
            start += 4 + size
        del self._received[:start]


def _frame(message: Struct) -> bytes:
    payload = _encode(message)
    return _length.pack(len(payload)) + payload


def _refusal(name: str, message: str, attributes: dict[str, Any]) -> Refused:
    kind = _REFUSALS.get(name)
    if kind is None:
        raise MessageError(f"a worker refused a click with the unknown {name}")
    refusal = kind.__new__(kind, message)  # the constructors of the classes differ
    vars(refusal).update(attributes)
    return refusal
