"""``GET /``: the game page, with the hunts in it, so that it need not request them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from msgspec import Struct

from hunt.core import wire
from hunt.core.cache import Cache
from hunt.core.colours import is_dark, palette
from hunt.core.hunts import Hunt
from hunt.core.languages import accepted, choose
from hunt.core.page import Page
from hunt.core.proxies import Peer
from hunt.errors import HuntNotFound
from hunt.play.hunt_views import HuntDetails, HuntList
from hunt.play.replies import Document, Reply
from hunt.play.request import Request
from hunt.play.resources import READS
from hunt.web.site import GameTemplate, page, with_style

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
        templates: The page without data, by the language of its words.
        hunts: The list of hunts.
        details: The details of each hunt.
        now: Returns the time of the database's clock.
        frame_ancestors: Origins whose pages may show this page in a frame; empty: none.
    """

    route = "/"
    methods = READS

    def __init__(
        self,
        templates: Mapping[str, GameTemplate],
        *,
        hunts: HuntList,
        details: HuntDetails,
        now: Callable[[], datetime],
        frame_ancestors: Sequence[str] = (),
    ) -> None:
        self._templates = templates
        self._frames = " ".join(frame_ancestors)
        self._hunts = hunts
        self._details = details
        self._now = now
        self._kept: Cache[tuple[str, str, str], _Kept] = Cache(
            CACHE_SIZE, lambda _, kept: 2000 + 2 * len(kept.page.body)
        )

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        asked = dict(reversed(parse_qsl(request.query, keep_blank_values=True)))
        hunt = self._chosen(asked.get("hunt"))
        listed = self._hunts.document()
        details = None if hunt is None else self._find(hunt.id)
        if details is None:
            hunt = None  # all pages without details are equal
        words, texts = self._languages(hunt, request, asked.get("lang"))
        key = ("" if hunt is None else hunt.id, words, texts)
        kept = self._kept.get(key)
        if kept is None or kept.list is not listed or kept.details is not details:
            kept = _Kept(listed, details, self._make(listed, details, hunt, words, texts))
            self._kept.put(key, kept)
        return kept.page.reply(request)

    def _languages(self, hunt: Hunt | None, request: Request, asked: str | None) -> tuple[str, str]:
        """Return the languages of the page's words, and of the hunt's texts."""
        wanted = accepted(request.accept_language)
        if asked:
            wanted = (*accepted(asked[:40]), *wanted)
        look = None if hunt is None else hunt.definition.page
        own = "en" if look is None else look.language
        words = choose(wanted, self._templates, choose((own,), self._templates, "en"))
        offered = () if look is None else (own, *(each.language for each in look.texts))
        return words, choose(wanted, offered, own)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)

    def _chosen(self, wanted: str | None) -> Hunt | None:
        """Return a hunt by its id; by default an open one without a campaign, or the next one.

        If the page chooses another one, it requests the details itself.
        """
        if wanted is not None:
            return self._hunts.find(wanted)
        shown = [each for each in self._hunts.shown() if each.campaign is None]
        if not shown:
            return None
        now = self._now()
        opened = next((each for each in shown if each.phase(now) == "open"), None)
        if opened is not None:
            return opened
        waiting = [each for each in shown if each.phase(now) == "waiting"]
        return min(waiting, key=_opens, default=shown[0])

    def _find(self, hunt_id: str) -> Document | None:
        try:
            return self._details.document(hunt_id)
        except HuntNotFound:
            return None

    def _make(
        self,
        listed: Document,
        details: Document | None,
        hunt: Hunt | None,
        words: str,
        texts: str,
    ) -> Document:
        """Return the page with the list of hunts, and the details and the look of one."""
        template = self._templates[words]
        policy = template.policy
        if self._frames:
            policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {self._frames}")
        text = listed.body if len(listed.body) <= MAX_LIST else b"null"
        shown = b"null" if details is None else details.body
        # In a script element, "<" could end it.
        language = b"null" if hunt is None else wire.encode(texts)
        data = b'{"list":%b,"hunt":%b,"language":%b}' % (text, shown, language)
        data = data.replace(b"<", rb"\u003c")
        element = b'<script type="application/json" id="data">%b</script>\n' % data
        body = template.body.replace(_PLACE, element + _PLACE)
        if hunt is not None and hunt.definition.page is not None:
            style = _style(hunt.definition.page)
            scene = b'<html data-scene="%b" ' % hunt.definition.page.scene.encode()
            body = body.replace(b"<html ", scene, 1)
            body = body.replace(b"</head>", b"<style>%b</style>\n</head>" % style.encode(), 1)
            policy = with_style(policy, style)
        return page(body, policy, language=words)


def _opens(hunt: Hunt) -> datetime:
    return hunt.definition.opens_at or datetime.max.replace(tzinfo=UTC)


def _style(look: Page) -> str:
    """Return the style of a page with the colours of a hunt."""
    chosen = look.colours
    if chosen is None:
        return ""
    found = palette(chosen.paper, chosen.ink, chosen.accent)
    values = "".join(f"--{name}:{colour};" for name, colour in found.items())
    return f":root:root{{{values}color-scheme:{'dark' if is_dark(chosen.paper) else 'light'}}}"
