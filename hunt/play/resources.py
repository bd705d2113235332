"""The resources that every transport serves through one object each, found by path."""

from __future__ import annotations

import re
from typing import Protocol

from hunt.core.proxies import Peer
from hunt.errors import Refused, StoreError
from hunt.play import failures, problems
from hunt.play.replies import Document, Reply, problem_reply
from hunt.play.request import Request

#: Paths below a hunt: its id, and the rest.
_HUNT = re.compile(r"/v1/hunts/([a-z0-9-]{1,64})((?:/[a-z]+)?)")

#: Methods of a resource that changes nothing.
READS = frozenset({"GET", "HEAD"})


class Resource(Protocol):
    """Decides the requests for one route template."""

    route: str  #: template of the path, as the access log names it
    methods: frozenset[str]

    def peek(self, request: Request, peer: Peer) -> Reply | None:
        """Return the answer if it is in memory; None: only `get` can make it.

        Args:
            request: The request; its `hunt` is the id in the path.
            peer: Other end of the connection.

        Raises:
            Refused: The request is refused.
        """

    async def get(self, request: Request, peer: Peer) -> Reply:
        """Return the answer, and wait for the database or the other workers if it must.

        Raises:
            Refused: The request is refused.
            StoreError: The database failed.
        """


class Fixed:
    """A resource whose document never changes."""

    methods = READS

    def __init__(self, route: str, document: Document) -> None:
        self.route = route
        self._document = document

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `Resource`."""
        return self._document.reply(request)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `Resource`."""
        return self.peek(request, peer)


class Resources:
    """All resources of a server.

    Args:
        fixed: Resources by their whole path.
        hunts: Resources of each hunt, by the path below ``/v1/hunts/{hunt}``.
        restricted: Resources by their path that only the operations address serves.
        everywhere: There is no such address, so each address serves them.
    """

    def __init__(
        self,
        fixed: dict[str, Resource],
        hunts: dict[str, Resource],
        restricted: dict[str, Resource],
        *,
        everywhere: bool,
    ) -> None:
        self.fixed = fixed
        self.hunts = hunts
        self.restricted = restricted
        self._found = fixed | restricted if everywhere else fixed

    def find(self, method: str, path: str) -> tuple[Resource, str] | None:
        """Return the resource of a request, and the hunt id in the path, else empty.

        A resource that only the operations address serves is not found; Quart checks the address.

        Args:
            method: HTTP method.
            path: Path of the target, without the query.
        """
        resource, hunt = self._found.get(path), ""
        if resource is None and (match := _HUNT.fullmatch(path)):
            hunt = match[1]
            resource = self.hunts.get(match[2])
        if resource is None or method not in resource.methods:
            return None
        return resource, hunt


def peek(resource: Resource, request: Request, peer: Peer) -> Reply | None:
    """Return the answer if it is in memory, refusals included; None: call `answer`."""
    try:
        return resource.peek(request, peer)
    except Refused as refusal:
        return problem_reply(problems.refused(refusal))


async def answer(resource: Resource, request: Request, peer: Peer) -> Reply:
    """Return the answer, refusals and failures included, as Quart's error handlers do."""
    try:
        return await resource.get(request, peer)
    except Refused as refusal:
        return problem_reply(problems.refused(refusal))
    except StoreError as error:
        return problem_reply(problems.refused(failures.of_store(error, reads=True)))
    except Exception as error:  # broad on purpose: a defect is answered with 500, and logged
        return problem_reply(failures.unexpected(error, resource.route))
