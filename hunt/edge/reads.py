"""Answers to requests for resources, in cleartext and over TLS."""

from __future__ import annotations

from structlog.contextvars import bound_contextvars

from hunt.core.proxies import Peer
from hunt.edge.head import ParsedHead
from hunt.edge.park import Park
from hunt.play import resources
from hunt.play.replies import Reply
from hunt.play.resources import Resource


async def answer(resource: Resource, head: ParsedHead, peer: Peer, request_id: str) -> Reply:
    """Return an answer that is not in memory; log lines meanwhile carry the request id."""
    with bound_contextvars(request_id=request_id):
        return await resources.answer(resource, head.request, peer)


def respond(park: Park, head: ParsedHead, reply: Reply, request_id: str, since: float) -> bytes:
    """Return the response of a reply, and log it.

    Args:
        park: Has the headers of every response, and the access log.
        head: The head of the request.
        reply: The answer.
        request_id: Goes into the response and the log.
        since: Trio's time, in seconds, when the request arrived.
    """
    request = head.request
    park.play.access.answered(
        head, reply.status, request_id=request_id, since=since, size=reply.size
    )
    return park.answers.reply(reply, request, request_id, head=head.method == "HEAD")
