"""The list of hunts and the details of a hunt, made again when a hunt changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from operator import is_

from msgspec import Struct

from hunt.core import wire
from hunt.core.cache import Cache
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer
from hunt.play.hunt_json import details, revealed, summary
from hunt.play.look import Address, no_address
from hunt.play.replies import Document, Reply
from hunt.play.request import Request
from hunt.play.resources import READS
from hunt.service.version_cache import VersionCache

#: Bytes of all documents of hunts; that is some thousand hunts.
CACHE_SIZE = 8 * 2**20

#: Estimated bytes of a document besides its body and the compressed one.
_ENTRY = 2000


class Kept(Struct):
    """A document, and for how long it is right."""

    document: Document
    hunts: list[Hunt]  #: that it was made from
    until: datetime | None  #: next time at which one of them changes its phase by itself

    def holds(self, hunts: list[Hunt], now: Callable[[], datetime]) -> bool:
        """Return whether the document is right for these hunts at this time."""
        same = len(hunts) == len(self.hunts) and all(map(is_, hunts, self.hunts))
        return same and (self.until is None or now() < self.until)


def renewed(
    kept: Kept | None,
    hunts: list[Hunt],
    now: Callable[[], datetime],
    body: Callable[[], bytes],
    make: Callable[[bytes], Document] = Document,
) -> Kept:
    """Return a document that is right now; an equal body keeps its document.

    Args:
        kept: The last one; None without one.
        hunts: The hunts of the document.
        now: Returns the time of the database's clock; called if there are hunts.
        body: Returns the body of the document.
        make: Returns the document of a body.
    """
    if kept is not None and kept.holds(hunts, now):
        return kept
    text = body()
    document = kept.document if kept is not None and kept.document.body == text else make(text)
    return Kept(document, hunts, _next_change(hunts, now) if hunts else None)


def _next_change(hunts: Iterable[Hunt], now: Callable[[], datetime]) -> datetime | None:
    definitions = [each.definition for each in hunts]
    times = [time for each in definitions for time in (each.opens_at, each.closes_at) if time]
    if not times:
        return None
    moment = now()
    return min((time for time in times if time > moment), default=None)


class HuntList:
    """``GET /v1/hunts``.

    Args:
        hunts: Every hunt, by id; the catalogue keeps it current.
        now: Returns the time of the database's clock.
    """

    route = "/v1/hunts"
    methods = READS

    def __init__(self, hunts: Mapping[str, Hunt], now: Callable[[], datetime]) -> None:
        self._hunts = hunts
        self._now = now
        self._kept: Kept | None = None

    def shown(self) -> list[Hunt]:
        """Return the hunts that players can see in lists."""
        return [
            hunt
            for hunt in self._hunts.values()
            if hunt.state != "draft" and not hunt.definition.test
        ]

    def find(self, hunt_id: str) -> Hunt | None:
        """Return a hunt that players can see by its id, listed or not."""
        hunt = self._hunts.get(hunt_id)
        return None if hunt is None or hunt.state == "draft" else hunt

    def document(self) -> Document:
        """Return the current list."""
        shown = self.shown()
        self._kept = renewed(self._kept, shown, self._now, partial(self._body, shown))
        return self._kept.document

    def _body(self, shown: list[Hunt]) -> bytes:
        return wire.encode({"hunts": [summary(hunt, self._now()) for hunt in shown]})

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.document().reply(request)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)


class HuntDetails:
    """``GET /v1/hunts/{hunt}``.

    Args:
        visible: Returns the hunt of an id, or raises `HuntNotFound`.
        now: Returns the time of the database's clock.
        versions: Has the versions of ended hunts.
        address: Returns the address of a file of a page.
    """

    route = "/v1/hunts/<hunt_id>"
    methods = READS

    def __init__(
        self,
        visible: Callable[[str], Hunt],
        now: Callable[[], datetime],
        versions: VersionCache,
        address: Address = no_address,
    ) -> None:
        self._visible = visible
        self._address = address
        self._now = now
        self._versions = versions
        self._kept: Cache[str, Kept] = Cache(
            CACHE_SIZE, lambda _, kept: _ENTRY + 2 * len(kept.document.body)
        )

    def document(self, hunt_id: str) -> Document | None:
        """Return the details of a hunt; None if its versions must be read first.

        Raises:
            HuntNotFound: Players can see no such hunt.
        """
        hunt = self._visible(hunt_id)
        if hunt.has_ended and self._versions.known(hunt) is None:
            return None
        kept = self._kept.get(hunt_id)
        found = renewed(kept, [hunt], self._now, partial(self._body, hunt))
        if found is not kept:
            self._kept.put(hunt_id, found)
        return found.document

    def _body(self, hunt: Hunt) -> bytes:
        shown = details(hunt, self._now(), self._address)
        if hunt.has_ended:
            versions = self._versions.known(hunt)
            assert versions is not None, "they were read"
            shown |= revealed(hunt, versions)
        return wire.encode(shown)

    def peek(self, request: Request, peer: Peer) -> Reply | None:
        """See `hunt.play.resources.Resource`."""
        document = self.document(request.hunt)
        return None if document is None else document.reply(request)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        while (reply := self.peek(request, peer)) is None:
            await self._versions.get(self._visible(request.hunt))
        return reply
