"""The Quart application: its routes, error handlers, and headers of every response."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

import structlog
import trio
from quart import Blueprint, Response, g, request
from quart.routing import QuartRule
from quart.wrappers import BaseRequestWebsocket
from quart_trio import QuartTrio
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.routing import MapAdapter

from hunt.engine import Engine
from hunt.errors import Refused, StoreError
from hunt.play import contract, failures
from hunt.play.access_log import LoggedRequest
from hunt.play.resources import Resources
from hunt.web import bodies, caller, cors, responses
from hunt.web.admin import (
    anomalies,
    audit,
    bans,
    codes,
    exports,
    hunts,
    live,
    log_events,
    players,
    process_control,
    rewards,
    samples,
    schedule,
    winners,
)
from hunt.web.admin import campaigns as admin_campaigns
from hunt.web.admin import webhooks as admin_webhooks
from hunt.web.admin.log_stream import LogStreams
from hunt.web.admin.sample_stream import SampleServices
from hunt.web.asgi_http import HTTPConnection
from hunt.web.routes import (
    campaigns,
    claims,
    clicks,
    names,
    pages,
    proof,
    reading,
    session,
    sockets,
    streams,
)


class Rule(QuartRule):
    """A route that matches paths, and does not build URLs.

    Werkzeug would compile two functions for each route, for `url_for`, which hunt does not use.
    That takes 1 MiB of memory in each worker, and half of the time to make the application.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., NoReturn]:
        return _build_nothing


def _build_nothing(rule: Rule, **values: object) -> NoReturn:
    raise NotImplementedError(f"{rule.rule}: routes do not build URLs")


class Application(QuartTrio):
    """Quart on Trio, with the repairs of `HTTPConnection`."""

    asgi_http_class = HTTPConnection
    url_rule_class = Rule  # type: ignore[assignment]  # Quart ignores it, too
    request_class = bodies.SizedRequest

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Return the adapter that finds the route of a request, even with an invalid host.

        No route depends on the host.  Werkzeug would refuse one such as ``127..0.1`` here,
        before any error handler is available.
        """
        try:
            return super().create_url_adapter(request)
        except BadHost:
            assert request is not None, "it was the request's"
            return self.url_map.bind(
                "invalid",
                request.root_path,
                url_scheme=request.scheme,
                default_method=request.method,
                path_info=request.path,
                query_args=request.query_string.decode(),
            )


def create_app(engine: Engine, resources: Resources) -> Application:
    """Return the application, whose routes use the services of an engine.

    Args:
        engine: The services.
        resources: Made by `make_resources` from the engine.
    """
    app = Application("hunt.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = contract.MAX_BODY
    app.config["BODY_TIMEOUT"] = contract.BODY_TIMEOUT
    # Otherwise `/v1//hunts` would redirect to a host that the client chose.
    app.url_map.merge_slashes = False
    for blueprint in (*_player_routes(engine, resources), *_operator_routes(engine)):
        app.register_blueprint(blueprint)
    play, origins = engine.play, engine.settings.allowed_origins

    @app.before_request
    async def identify() -> None:
        g.request_id = play.ids.choose(request.headers.get("X-Request-Id"))
        g.started = trio.current_time()
        g.trace = caller.trace_context()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        if g.trace is not None:
            structlog.contextvars.bind_contextvars(trace_id=g.trace.trace_id)

    @app.after_request
    async def finish(response: Response) -> Response:
        headers = response.headers
        if request.method == "HEAD":
            streams.drop_body(response)
        headers["X-Request-Id"] = g.get("request_id", "")
        for name, value in contract.HEADERS.items():
            headers.setdefault(name, value)
        cors.allow(request, response, origins)
        play.access.answered(
            # The template: a path or a query may contain a player or a ticket.
            LoggedRequest(request.method, str(request.url_rule or "-"), g.get("trace")),
            response.status_code,
            request_id=g.get("request_id", ""),
            since=g.get("started", trio.current_time()),
            size=response.content_length,
        )
        return response

    _handle_errors(app)
    return app


def _handle_errors(app: Application) -> None:
    """Answer every error with a problem (RFC 9457)."""

    @app.errorhandler(Refused)
    async def refused(error: Refused) -> Response:
        return responses.refused(error)

    @app.errorhandler(StoreError)
    async def unavailable(error: StoreError) -> Response:
        reads = request.method in {"GET", "HEAD"}
        return responses.refused(failures.of_store(error, reads=reads))

    @app.errorhandler(HTTPException)
    async def http_error(error: HTTPException) -> Response:
        return responses.problem_response(responses.http_problem(error))

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        route = str(request.url_rule or "-")
        return responses.problem_response(failures.unexpected(error, route))


def _player_routes(engine: Engine, resources: Resources) -> Iterator[Blueprint]:
    """Yield the routes of players, each blueprint with the services that it uses."""
    settings, store, play = engine.settings, engine.store, engine.play
    yield clicks.blueprint(play)
    yield streams.blueprint(play)
    yield sockets.blueprint(play)
    yield reading.blueprint(play, resources)
    yield proof.blueprint(play, store)
    yield campaigns.blueprint(engine)
    yield session.blueprint(
        play,
        settings=settings,
        guests=resources.fixed["/v1/session"],
        challenge=resources.fixed["/v1/challenge"],
        limits=engine.limits,
    )
    yield names.blueprint(play, names=engine.names, limits=engine.limits)
    yield claims.blueprint(play, claims=engine.claims, limits=engine.limits)
    yield pages.blueprint(play, engine.operations, resources)


def _operator_routes(engine: Engine) -> Iterator[Blueprint]:
    """Yield the routes of operators, each blueprint with the services that it uses."""
    settings, store, play = engine.settings, engine.store, engine.play
    operations, telemetry = engine.operations, engine.telemetry
    yield hunts.blueprint(play, operations, store)
    yield admin_campaigns.blueprint(play, operations, store)
    yield exports.blueprint(play, operations, store=store, known=engine.catalogue.hunts)
    yield codes.blueprint(play, operations, store=store, known=engine.catalogue.hunts)
    streams_of_logs = LogStreams(
        page=store.log_events.page,
        news=engine.log_news,
        reconnect=play.streams.reconnect,
        heartbeat=settings.heartbeat,
        valid=engine.tokens.hold,
    )
    yield log_events.blueprint(
        play, operations, store=store, streams=streams_of_logs, known=engine.catalogue.hunts
    )
    yield admin_webhooks.blueprint(
        play, operations, store=store, settings=settings, known=engine.catalogue.hunts
    )
    yield players.blueprint(
        play, operations, store=store, claims=engine.claims, known=engine.catalogue.hunts
    )
    yield winners.blueprint(
        play, operations, store=store, claims=engine.claims, known=engine.catalogue.hunts
    )
    yield rewards.blueprint(
        play, operations, store=store, claims=engine.claims, known=engine.catalogue.hunts
    )
    yield bans.blueprint(play, operations, store.bans)
    yield anomalies.blueprint(play, operations, store=store, known=engine.catalogue.hunts)
    yield anomalies.counters_blueprint(play, operations)
    yield schedule.blueprint(play, operations, store.schedule)
    yield audit.blueprint(play, operations, store.audit)
    yield process_control.blueprint(play, operations, engine.commits)
    services = SampleServices(
        settings=settings,
        samples=telemetry.samples,
        siblings=operations.host.siblings,
        catalogue=engine.catalogue,
        breaker=engine.commits.breaker,
        reconnect=play.streams.reconnect,
        valid=engine.tokens.hold,
    )
    yield samples.blueprint(play, operations, services)
    yield live.blueprint(
        play,
        operations,
        hunts=engine.catalogue.hunts,
        minutes=telemetry.minutes,
        now=engine.catalogue.now,
    )
