"""``GET /``: the game page, with the hunts in it, so that it need not request them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl

from msgspec import Struct

from hunt.core.cache import Cache
from hunt.core.proxies import Peer
from hunt.errors import HuntNotFound
from hunt.play.hunt_views import HuntDetails, HuntList
from hunt.play.replies import Document, Reply
from hunt.play.request import Request
from hunt.play.resources import READS
from hunt.web.site import page

#: Bytes of all pages that are kept.
CACHE_SIZE = 8 * 2**20

#: Largest list of hunts that a page contains, in bytes; the page requests a longer one.
MAX_LIST = 16 * 1024

#: The place of the data in the page.
_PLACE = b"</body>"


class _Kept(Struct):
    list: Document  # that the page was made from
    details: Document | None
    page: Document


class GamePage:
    """The game page of each hunt.

    Args:
        template: The page without data.
        policy: Its content security policy.
        hunts: The list of hunts.
        details: The details of each hunt.
        now: Returns the time of the database's clock.
    """

    route = "/"
    methods = READS

    def __init__(
        self,
        template: bytes,
        policy: str,
        *,
        hunts: HuntList,
        details: HuntDetails,
        now: Callable[[], datetime],
    ) -> None:
        self._before, _, self._after = template.partition(_PLACE)
        self._policy = policy
        self._hunts = hunts
        self._details = details
        self._now = now
        self._kept: Cache[str, _Kept] = Cache(
            CACHE_SIZE, lambda _, kept: 2000 + 2 * len(kept.page.body)
        )

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        chosen = self._chosen(request.query)
        listed, details = self._hunts.document(), self._find(chosen)
        if details is None:
            chosen = ""  # all pages without details are equal
        kept = self._kept.get(chosen)
        if kept is None or kept.list is not listed or kept.details is not details:
            kept = _Kept(listed, details, self._make(listed, details))
            self._kept.put(chosen, kept)
        return kept.page.reply(request)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)

    def _chosen(self, query: str) -> str:
        """Return the id of the hunt in the query, by default of an open one without a campaign.

        If the page chooses another one, it requests the details itself.
        """
        wanted = dict(reversed(parse_qsl(query, keep_blank_values=True))).get("hunt")
        if wanted is not None:
            return wanted
        shown = [each for each in self._hunts.shown() if each.campaign is None]
        now = self._now() if shown else None
        opened = (each.id for each in shown if now is not None and each.phase(now) == "open")
        return next(opened, shown[0].id if shown else "")

    def _find(self, hunt_id: str) -> Document | None:
        try:
            return self._details.document(hunt_id)
        except HuntNotFound:
            return None

    def _make(self, listed: Document, details: Document | None) -> Document:
        """Return the page with the list of hunts and the details of one."""
        text = listed.body if len(listed.body) <= MAX_LIST else b"null"
        hunt = b"null" if details is None else details.body
        # In a script element, "<" could end it.
        data = b'{"list":%b,"hunt":%b}' % (text, hunt)
        data = data.replace(b"<", rb"\u003c")
        element = b'<script type="application/json" id="data">%b</script>\n' % data
        return page(self._before + element + _PLACE + self._after, self._policy)
