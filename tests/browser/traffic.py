"""The requests of a page on the wire, from Chromium's DevTools protocol."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from playwright.sync_api import CDPSession


class _Request(TypedDict):
    url: str


class _Response(TypedDict, total=False):
    fromDiskCache: bool
    encodedDataLength: int


class Event(TypedDict):
    """An event of the domain ``Network``; which members it has depends on its name."""

    requestId: str
    request: _Request
    response: _Response
    encodedDataLength: int


class Traffic:
    """The requests of a page on the wire, as Chromium counts them."""

    def __init__(self, session: CDPSession) -> None:
        self.urls: dict[str, str] = {}  #: by request id, without those that a cache answered
        self._sizes: Counter[str] = Counter()  # bytes of heads and bodies, by request id
        handlers = {
            "Network.requestWillBeSent": self._sent,
            "Network.requestServedFromCache": self._from_cache,
            "Network.responseReceived": self._answered,
            "Network.dataReceived": self._received,
            "Network.loadingFinished": self._finished,
        }
        self._session, self._handlers = session, handlers
        for event, handler in handlers.items():
            session.on(event, handler)

    def stop(self) -> None:
        """Count no longer."""
        for event, handler in self._handlers.items():
            self._session.remove_listener(event, handler)

    def size(self) -> int:
        """Return the bytes that were received."""
        return sum(self._sizes[each] for each in self.urls)

    def _sent(self, event: Event) -> None:
        if event["request"]["url"].startswith("http"):
            self.urls[event["requestId"]] = event["request"]["url"]

    def _from_cache(self, event: Event) -> None:
        self.urls.pop(event["requestId"], None)

    def _answered(self, event: Event) -> None:
        if event["response"].get("fromDiskCache"):
            self._from_cache(event)
        self._sizes[event["requestId"]] += event["response"]["encodedDataLength"]

    def _received(self, event: Event) -> None:
        self._sizes[event["requestId"]] += event["encodedDataLength"]

    def _finished(self, event: Event) -> None:
        self._sizes[event["requestId"]] = event["encodedDataLength"]
