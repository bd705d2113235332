"""The check of webhooks: nothing lost, in order, each repeat under the same id."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from hunt.plurals import plural
from hunt.testing.checks import LINES, Violation


class Delivered(Struct, frozen=True):
    """A request that a receiver got, in the order of their arrival."""

    id: str  #: the header ``webhook-id``
    seq: int  #: in the body
    click: str  #: id of the click in the body
    status: int | None  #: the answer; None: there was none


def in_order(
    requests: Sequence[Delivered], owed: Sequence[tuple[str, int, str]], dead: Collection[int] = ()
) -> list[Violation]:
    """Check what one endpoint got.

    Args:
        requests: All requests of the endpoint, but no tests.
        owed: Event id, seq and click of each event of the log that the endpoint should get, by
            ascending seq.
        dead: Seqs of the dead letters.
    """
    known = {id_: (seq, click) for id_, seq, click in owed}
    found: list[Violation] = []
    taken: list[int] = []  # seqs in the order in which they were first answered with 2xx
    waiting: int | None = None  # the event that was not taken yet
    for number, each in enumerate(requests):
        near = tuple(map(str, requests[max(number - 2, 0) : number + 1]))
        if known.get(each.id) != (each.seq, each.click):
            what = f"{each.id} is another event than in the log"
            found.append(Violation("webhooks", what, near))
            continue
        if each.seq in taken or each.seq in dead:
            continue  # a repeat, or a dead letter that is sent once more
        if taken and each.seq < max(taken):
            what = f"{each.seq} came first after {max(taken)}"
            found.append(Violation("webhooks", what, near))
        if waiting is not None and each.seq > waiting and waiting not in dead:
            what = f"{each.seq} was sent while {waiting} was not taken"
            found.append(Violation("webhooks", what, near))
        if each.status is not None and 200 <= each.status <= 299:
            taken.append(each.seq)
            waiting = None
        else:
            waiting = each.seq
    missing = [seq for _, seq, _ in owed if seq not in set(taken) and seq not in dead]
    if missing:
        seqs = ", ".join(map(str, missing[:5]))
        what = f"{plural(len(missing), 'event')} never arrived, the first are {seqs}"
        found.append(Violation("webhooks", what, tuple(map(str, requests[-LINES:]))))
    return found
