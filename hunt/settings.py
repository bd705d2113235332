"""The settings of a server: one declaration each.

``docs/reference/settings.md`` is generated from here: run ``python docs/generate.py``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args, get_type_hints

from hunt import data_dir, url_values, values
from hunt.setting import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one server; field ``x_y`` is variable ``HUNT_X_Y``."""

    # fmt: off
    database_url: Annotated[str | None, Setting(
        values.dsn, "", "The database.",
        example="postgresql://hunt@db.example/hunt", default="an embedded PostgreSQL", secret=True,
    )] = field(default=None, repr=False)
    listen_dsn: Annotated[str | None, Setting(
        values.dsn, "", "A direct connection for LISTEN, if `HUNT_DATABASE_URL` names a pooler.",
        example="postgresql://hunt@db.example:5432/hunt",
        default="`HUNT_DATABASE_URL`", secret=True,
    )] = field(default=None, repr=False)
    bus_url: Annotated[str | None, Setting(
        values.bus, "",
        "A Valkey or Redis server that carries notices of commits between processes.",
        example="valkey://hunt:PASSWORD@valkey.example:6379",
        default="NOTIFY of PostgreSQL", secret=True,
    )] = field(default=None, repr=False)
    pool_size: Annotated[int, Setting(
        values.whole(2), "connections", "Size of the connection pool of one process.",
    )] = 16
    data_dir: Annotated[Path, Setting(
        values.path, "",
        "Files of the embedded PostgreSQL, the generated secret, and control sockets.",
        example="/var/lib/hunt", default="the user's data folder",
    )] = field(default_factory=data_dir.default)
    bind: Annotated[tuple[str, ...], Setting(
        values.addresses, "", "Addresses to listen on.",
        example="0.0.0.0:8000,unix:/run/hunt.sock",
    )] = ("127.0.0.1:8000",)
    operations_bind: Annotated[str | None, Setting(
        values.address, "", "The only address for `/metrics` and the administration.",
        example="127.0.0.1:9000", default="the addresses of `HUNT_BIND`",
    )] = None
    processes: Annotated[int, Setting(
        values.whole(1, 1024), "processes", "Worker processes.",
        example="4", default="one per core",
    )] = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    max_connections: Annotated[int | None, Setting(
        values.whole(1), "connections", "Concurrency limit of client connections of one process.",
        example="10000", default="the file limit less a reserve",
    )] = None
    max_connections_per_address: Annotated[int | None, Setting(
        values.whole(0), "connections",
        "Concurrency limit of connections from one address to one process; 0: no limit.",
        example="1000", default="half of `HUNT_MAX_CONNECTIONS`",
    )] = None
    trusted_proxies: Annotated[tuple[str, ...], Setting(
        values.proxies, "", "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
        example="10.0.0.0/8,unix", default="none",
    )] = ()
    allowed_origins: Annotated[tuple[str, ...], Setting(
        url_values.origins, "", "Other origins whose pages may use the API.",
        example="https://play.example", default="the server's own",
    )] = ()
    frame_ancestors: Annotated[tuple[str, ...], Setting(
        url_values.origins, "", "Origins whose pages may show the page of players in a frame.",
        example="https://shop.example", default="none",
    )] = ()
    pages_dir: Annotated[Path | None, Setting(
        values.path, "", "Folder with the pictures that `[page]` of hunt files names.",
        example="/etc/hunt/pages", default="none",
    )] = None
    fast_lane: Annotated[bool, Setting(
        values.flag, "", "Serve simple clicks and streams below Quart.",
    )] = True
    jwt_secret: Annotated[tuple[bytes, ...], Setting(
        values.jwt_secrets, "", "Secrets of HS256 tokens: the first one signs, all verify.",
        example="THE-OUTPUT-OF-openssl-rand-hex-32",
        default="generated with an embedded PostgreSQL", secret=True,
    )] = field(default=(), repr=False)
    jwt_algorithms: Annotated[tuple[str, ...], Setting(
        values.algorithms, "", "Signature algorithms of tokens of players and operators.",
        example="HS256,RS256",
    )] = ("HS256",)
    jwt_key_file: Annotated[Path | None, Setting(
        values.path, "", "Public keys in PEM that verify tokens.",
        example="/etc/hunt/keys.pem", default="none",
    )] = None
    jwks_file: Annotated[Path | None, Setting(
        values.path, "", "A JSON Web Key Set with public keys, read again regularly.",
        example="/etc/hunt/jwks.json", default="none",
    )] = None
    jwks_url: Annotated[str | None, Setting(
        url_values.url, "", "The URL of the issuer's JSON Web Key Set, fetched regularly.",
        example="https://id.example/keys", default="none",
    )] = field(default=None, repr=False)
    jwt_issuer: Annotated[str | None, Setting(
        values.text, "", "The required claim `iss` of tokens signed with those keys.",
        example="https://id.example", default="any",
    )] = field(default=None, repr=False)
    data_keys: Annotated[tuple[tuple[str, bytes], ...], Setting(
        values.data_keys, "",
        "Keys that encrypt codes and seeds in the database: the first one seals, all open.",
        example="2026:REPLACE+THIS+BY+THE+OUTPUT+OF+hunt+keys+new=",
        default="generated with an embedded PostgreSQL", secret=True,
    )] = field(default=(), repr=False)
    guests: Annotated[bool | None, Setting(
        values.flag, "", "Whether visitors without a token get a guest session.",
        example="true", default="true with an embedded PostgreSQL",
    )] = None
    challenge: Annotated[Literal["none", "altcha", "turnstile", "hcaptcha"], Setting(
        values.choice("none", "altcha", "turnstile", "hcaptcha"), "",
        "Challenge that a visitor must pass to become a guest.", example="altcha",
    )] = "none"
    challenge_work: Annotated[int, Setting(
        values.whole(1, 100_000_000), "hashes",
        "Largest number of hashes that a visitor computes with `altcha`; half of it on average.",
    )] = 50_000
    challenge_site_key: Annotated[str | None, Setting(
        values.site_key, "", "The public site key of Turnstile or hCaptcha.",
        example="THE-SITE-KEY", default="none",
    )] = None
    challenge_secret: Annotated[str | None, Setting(
        values.text, "", "The secret of Turnstile or hCaptcha.",
        example="THE-SECRET-OF-THE-PROVIDER", default="none", secret=True,
    )] = field(default=None, repr=False)
    challenge_url: Annotated[str | None, Setting(
        url_values.endpoint, "", "Where answers are verified, instead of the provider's own URL.",
        example="http://proxy.example:8080/siteverify", default="the provider's",
    )] = None
    challenge_timeout: Annotated[float, Setting(
        values.decimal(above=True), "seconds", "Longest time to verify an answer.",
    )] = 5.0
    challenge_outage: Annotated[Literal["refuse", "admit"], Setting(
        values.choice("refuse", "admit"), "",
        "Whether visitors are refused, or let in, while answers cannot be verified.",
    )] = "refuse"
    name_words: Annotated[Path | None, Setting(
        values.path, "", "File with words that no name of a player contains, one a line.",
        example="/etc/hunt/words.txt", default="none",
    )] = None
    batch_interval: Annotated[float, Setting(
        values.decimal(), "seconds",
        "Longest time that a batch gathers clicks while another one is committed.",
    )] = 0.020
    batch_size: Annotated[int, Setting(
        values.whole(1), "clicks", "Largest number of clicks in one commit.",
    )] = 500
    joint_commits: Annotated[bool, Setting(
        values.flag, "", "Of all processes of a server, one commits the clicks of a hunt.",
    )] = True
    queue_size: Annotated[int, Setting(
        values.whole(1), "clicks",
        "Clicks that may wait for a commit in one process; more are refused.",
    )] = 5000
    queue_age: Annotated[float, Setting(
        values.decimal(above=True), "seconds",
        "New clicks of a hunt are refused while its oldest waiting click is older than this.",
    )] = 1.0
    breaker_slow: Annotated[float, Setting(
        values.decimal(above=True), "seconds", "A commit that takes longer counts as slow.",
    )] = 0.050
    breaker_batches: Annotated[int, Setting(
        values.whole(1), "commits", "Consecutive slow commits that open the circuit breaker.",
    )] = 10
    click_rate: Annotated[float, Setting(
        values.decimal(), "per second", "Rate limit of the clicks of one player; 0: no limit.",
    )] = 20.0
    click_burst: Annotated[int, Setting(
        values.whole(1), "clicks", "Clicks of one player at once before `HUNT_CLICK_RATE` applies.",
    )] = 40
    ticket_rate: Annotated[float, Setting(
        values.decimal(), "per second",
        "Rate limit of the tickets, and of the claims, of one player; 0: no limit.",
    )] = 2.0
    ticket_burst: Annotated[int, Setting(
        values.whole(1), "tickets",
        "Tickets of one player at once before `HUNT_TICKET_RATE` applies.",
    )] = 20
    connect_rate: Annotated[float, Setting(
        values.decimal(), "per second",
        "Rate limit of the streams that one player opens; 0: no limit.",
    )] = 5.0
    connect_burst: Annotated[int, Setting(
        values.whole(1), "streams",
        "Streams that one player opens at once before `HUNT_CONNECT_RATE` applies.",
    )] = 50
    resume_rate: Annotated[float, Setting(
        values.decimal(), "per second",
        "Rate limit of the streams that one player resumes; 0: no limit.",
    )] = 2.0
    resume_burst: Annotated[int, Setting(
        values.whole(1), "streams",
        "Streams that one player resumes at once before `HUNT_RESUME_RATE` applies.",
    )] = 20
    session_rate: Annotated[float, Setting(
        values.decimal(), "per second", "Rate limit of new guests from one address; 0: no limit.",
    )] = 20.0
    session_burst: Annotated[int, Setting(
        values.whole(1), "guests",
        "New guests from one address at once before `HUNT_SESSION_RATE` applies.",
    )] = 2000
    # Large, because a school or a mobile network may share one address.
    address_players: Annotated[int, Setting(
        values.whole(0), "players",
        "Players who may share an address: its rate limits are this many times those of one "
        "player; 0: no limit.",
    )] = 1000
    max_streams_per_player: Annotated[int, Setting(
        values.whole(1), "streams",
        "Concurrency limit of the streams of one player in one process.",
    )] = 10
    stream_buffer: Annotated[int, Setting(
        values.whole(1), "events",
        "Events that a slow consumer may fall behind before it is disconnected.",
    )] = 256
    replay_limit: Annotated[int, Setting(
        values.whole(1), "events",
        "Largest number of missed events that a resumed stream replays; if it missed more, it "
        "gets `reset`.",
    )] = 1000
    heartbeat: Annotated[float, Setting(
        values.decimal(above=True), "seconds", "Silence after which a stream sends a heartbeat.",
    )] = 15.0
    webhook_allow: Annotated[tuple[str, ...], Setting(
        values.networks, "",
        "Networks that are not public, to which webhooks may be sent, also by `http://`.",
        example="10.1.0.0/16", default="none",
    )] = ()
    ready_share: Annotated[float, Setting(
        values.decimal(most=1), "share of the workers",
        "Share of the workers that must be able to take clicks for their node to be ready.",
    )] = 0.5
    drain_delay: Annotated[float, Setting(
        values.decimal(), "seconds",
        'Time between "not ready" and the refusal of clicks in a graceful shutdown.',
        example="5",
    )] = 0.0
    drain_timeout: Annotated[float, Setting(
        values.decimal(above=True), "seconds",
        "Longest time to commit waiting clicks in a graceful shutdown.",
    )] = 20.0
    log_format: Annotated[Literal["console", "json"] | None, Setting(
        values.choice("console", "json"), "", "Format of the logs on standard error.",
        example="json", default="console on a terminal, else json",
    )] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Setting(
        values.choice("debug", "info", "warning", "error"), "", "Lowest level that is logged.",
    )] = "info"
    access_log: Annotated[bool, Setting(
        values.flag, "", "Log one line per request, at level `info`.",
    )] = True
    access_log_clicks: Annotated[int, Setting(
        values.whole(1), "clicks", "One of this many clicks is logged; at level `debug` all are.",
    )] = 100
    otlp_url: Annotated[str | None, Setting(
        url_values.endpoint, "",
        "The collector's URL for traces (OTLP over HTTP); needs the extra `otel`.",
        example="http://collector.example:4318/v1/traces", default="no spans are exported",
    )] = None
    # fmt: on

    @property
    def embedded(self) -> bool:
        """Whether the server starts its own PostgreSQL."""
        return self.database_url is None

    @property
    def guests_allowed(self) -> bool:
        """Whether visitors without a token may play."""
        return self.embedded if self.guests is None else self.guests


#: Field -> its declaration, in their order.
DECLARATIONS: Mapping[str, Setting] = {
    name: next(each for each in get_args(hint) if isinstance(each, Setting))
    for name, hint in get_type_hints(Settings, include_extras=True).items()
}

#: Fields with a connection string, of which host, port and database may be shown.
CONNECTIONS = frozenset(name for name, each in DECLARATIONS.items() if each.parser is values.dsn)

#: Fields that may be read from a file of their own (``HUNT_..._FILE``).
SECRETS = frozenset(name for name, each in DECLARATIONS.items() if each.secret)
