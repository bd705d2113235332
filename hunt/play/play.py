"""The play API: every decision about clicks and event streams, for all transports.

A transport builds a `Request`, calls `click` or `events`, and encodes the answer.
Nothing here awaits, and nothing here depends on a transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from hunt.core import wire
from hunt.core.address_players import AddressPlayers
from hunt.core.bans import BanList
from hunt.core.events import Outcome
from hunt.core.forwarding import Forwarded
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer, Proxies
from hunt.core.tokens import Identity
from hunt.errors import (
    Draining,
    HuntNotFound,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    Overloaded,
    Refused,
    TooFast,
    UnsupportedType,
)
from hunt.metrics.recorder import Recorder
from hunt.play import contract
from hunt.play.access_log import AccessLog
from hunt.play.answers import OVER, RETRY_AFTER, Beyond, Over, Pause, too_many_connections
from hunt.play.auth import EXPIRED, OTHER_HUNT, Authenticator, check_hunt
from hunt.play.request import Request, RequestIds
from hunt.play.stream import Stream, StreamServices
from hunt.service.intake import Intake
from hunt.service.limits import Limits
from hunt.service.subscriber import Subscription
from hunt.service.tracing import ClickTracing, TracedClick, ignore

#: Names of the spans of clicks.
_CLICK, _SOCKET_CLICK = f"POST {contract.CLICKS}", f"CLICK {contract.SOCKET}"


class Play:
    """Decides clicks and event streams.

    Args:
        hunts: Every hunt, by id; the catalogue keeps it current.
        authenticator: Authenticates requests.
        limits: Rate limits of players and addresses.
        bans: The bans in force.
        addresses: Counts the players of each address.
        proxies: Finds the client's address behind trusted proxies.
        intake: Draws clicks and puts them into their lanes.
        streams: Opens streams.
        metrics: Counts refused clicks.
        access: Logs answered requests; used by transports.
        clock: Monotonic time, in seconds.
        tracing: Follows clicks whose request names a trace; None: none is followed.
    """

    def __init__(
        self,
        *,
        hunts: Mapping[str, Hunt],
        authenticator: Authenticator,
        limits: Limits,
        bans: BanList,
        addresses: AddressPlayers,
        proxies: Proxies,
        intake: Intake,
        streams: StreamServices,
        metrics: Recorder,
        access: AccessLog,
        clock: Callable[[], float],
        tracing: ClickTracing | None = None,
    ) -> None:
        self.ids = RequestIds()
        self.authenticator = authenticator
        self.streams = streams
        self.access = access
        self._hunts = hunts
        self._limits = limits
        self.bans = bans
        self.addresses = addresses
        self.proxies = proxies
        self._intake = intake
        self._metrics = metrics
        self.clock = clock
        self._tracing = tracing

    def hunt(self, hunt_id: str) -> Hunt:
        """Return a hunt that players can see; they cannot see a draft.

        Raises:
            HuntNotFound: There is no such hunt.
        """
        hunt = self._hunts.get(hunt_id)
        if hunt is None or hunt.state == "draft":
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        return hunt

    def address(self, peer: Peer, forwarded: Forwarded | None) -> str | None:
        """Return the rate-limit key of the client's address; None if it is unknown."""
        return self.proxies.source(peer, forwarded).key if peer.trusted else peer.key

    def click(
        self,
        request: Request,
        peer: Peer,
        body: bytes,
        settled: Callable[[Outcome], None],
        now: float,
        beyond: Beyond = None,
        *,
        checked: bool = False,
    ) -> Refused | None:
        """Take a click, or return why it is refused.

        Args:
            request: The head of the request; its identity is cached in it.
            peer: Other end of the connection.
            body: Body of the request.
            settled: Called once, after this call, with the outcome of a click that was
                taken; must not block or raise.
            now: Monotonic time, in seconds, when the request arrived.
            beyond: Connection limit that the connection exceeds.
            checked: `check` has accepted the head, which is not decided again.
        """
        if beyond is not None:
            return too_many_connections(beyond)
        if request.trace is not None and self._tracing is not None:
            settled = self._tracing.begin(_CLICK, request.trace, settled, now)
        try:
            hunt = self.hunt(request.hunt) if checked else self._admit(request)
            identity = request.identity
            assert identity is not None, "admitted"
            self._take(hunt, identity.player, request, peer, body, settled, now)
        except Refused as refusal:
            return self._refused(request, refusal, settled, now)
        return None

    def check(self, request: Request, now: float) -> Refused | None:
        """Return why a head is refused, before the body of its click is read; None: it is not.

        Args:
            request: The head of the request.
            now: Monotonic time, in seconds, when the request arrived.
        """
        try:
            self._admit(request)
        except Refused as refusal:
            settled = ignore
            if request.trace is not None and self._tracing is not None:
                settled = self._tracing.begin(_CLICK, request.trace, ignore, now)
            return self._refused(request, refusal, settled, now)
        return None

    def click_on(
        self,
        stream: Stream,
        request: Request,
        peer: Peer,
        body: bytes,
        settled: Callable[[Outcome], None],
        now: float,
        *,
        closing: bool = False,
    ) -> Refused | None:
        """Take a click of a stream's player, who was authenticated when it opened.

        Args:
            stream: An open stream.
            request: The request that opened the stream.
            peer: Other end of the connection.
            body: The click's JSON.
            settled: See `click`.
            now: See `click`.
            closing: The stream takes no new clicks, because it is about to close.
        """
        identity = stream.subscription.identity
        if request.trace is not None and self._tracing is not None:
            settled = self._tracing.begin(_SOCKET_CLICK, request.trace, settled, now)
        try:
            if not self.authenticator.holds(identity):
                raise NotAuthenticated(EXPIRED)
            if closing:
                raise Draining(retry_after=self.streams.reconnect.ms() / 1000)
            hunt = self.hunt(request.hunt)
            self._take(hunt, identity.player, request, peer, body, settled, now)
        except Refused as refusal:
            return self._refused(request, refusal, settled, now)
        return None

    def _admit(self, request: Request) -> Hunt:
        """Return the hunt of a click whose head is acceptable; cache the player's identity.

        Raises:
            Refused: The head is not acceptable.
        """
        identity = request.identity
        if identity is None or not self.authenticator.is_valid(identity):
            identity = self.authenticator.cache(request)
        hunt = self.hunt(request.hunt)
        if not identity.allowed:
            raise NotAllowed(OTHER_HUNT)
        if identity.unsupported is not None:
            raise UnsupportedType(identity.unsupported)
        return hunt

    def _take(
        self,
        hunt: Hunt,
        player: str,
        request: Request,
        peer: Peer,
        body: bytes,
        settled: Callable[[Outcome], None],
        now: float,
    ) -> None:
        """Put a click into its lane.

        Raises:
            Refused: A limit, the body or the state of the server refuses it.
        """
        if self.bans.any:
            self.bans.check(hunt.id, player=player, key=self.address(peer, request.forwarded))
        if (limit := self._limits.address_clicks) is not None:
            limit.address(self.address(peer, request.forwarded))
        if request.noted is not self.addresses.generation:
            self._note(hunt.id, player, request, peer)
        definition = hunt.definition
        click_id, x, y = wire.decode_click(body, definition.map, definition.max_accuracy)
        self._intake.click(hunt, player, click_id, (x, y), settled, now)

    def _note(self, hunt_id: str, player: str, request: Request, peer: Peer) -> None:
        """Count the player of a head at its address, once in each generation."""
        self.addresses.note(hunt_id, self.address(peer, request.forwarded), player)
        request.noted = self.addresses.generation

    def _refused(
        self, request: Request, refusal: Refused, settled: Callable[[Outcome], None], now: float
    ) -> Refused:
        """Count a refused click and end its trace; only an existing hunt becomes a label."""
        if isinstance(settled, TracedClick):
            settled.end(refusal)
        with suppress(HuntNotFound):
            hunt = self.hunt(request.hunt)
            self._metrics.refused(hunt.id, refusal, self.clock() - now)
        return refusal

    def events(
        self, request: Request, peer: Peer, beyond: Beyond = None
    ) -> Stream | Pause | Over | Refused:
        """Open an event stream, or return why there is none.

        Args:
            request: The request.
            peer: Other end of the connection.
            beyond: Connection limit that the connection exceeds.
        """
        if beyond is not None:
            return self.pause()
        try:
            stream = self.open(request, peer)
        except (Overloaded, TooFast) as refusal:
            return Pause(self.streams.reconnect.ms(at_least=refusal.retry_after))
        except Refused as refusal:
            return refusal
        return OVER if stream.is_over else stream

    def pause(self) -> Pause:
        """Return the answer to an event stream on a connection over the connection limit."""
        return Pause(self.streams.reconnect.ms(at_least=RETRY_AFTER))

    def open(self, request: Request, peer: Peer) -> Stream:
        """Return the stream of a request, not subscribed yet; its hunt may be over.

        Raises:
            TooFast: A rate limit is exceeded.
            Refused: The client gets no such stream.
        """
        identity = self.authenticator.identify(request, ticket=True)
        hunt = self.hunt(request.hunt)
        check_hunt(identity, hunt.id)
        if request.scope not in {None, "own", "all"}:
            wrong = {"scope": "must be own, all, or absent"}
            raise InvalidRequest("the query is not valid", errors=wrong)
        subscription = self._subscription(request, peer, hunt, identity)
        return self.streams.open(hunt, subscription, request.last_event_id)

    def _subscription(
        self, request: Request, peer: Peer, hunt: Hunt, identity: Identity
    ) -> Subscription:
        """Return the subscription of a client, or raise `TooFast` if it exceeds a rate limit."""
        everybody = request.scope == "all"
        key = self.address(peer, request.forwarded)
        self.bans.check(hunt.id, player=identity.player, key=key)
        self._note(hunt.id, identity.player, request, peer)
        kinds = [self._limits.connects]
        if not everybody and request.last_event_id is not None:
            kinds.append(self._limits.resumes)
        for limit in kinds:
            limit.player(identity.player)
            limit.address(key)
        # The limit of streams by address applies only to clients behind a trusted proxy.
        # For all others the limit of connections applies.
        client = key if peer.trusted and key != peer.key else None
        return Subscription(hunt.id, identity, everybody, client, key)
