"""The server under load: its address, its hunt, and the bytes of requests to it."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlsplit

from hunt.errors import HuntError, SettingsError

_HUNT = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)

#: Seconds until a connect, or a request besides the load, times out.
TIMEOUT = 30.0

#: IP_BIND_ADDRESS_NO_PORT of linux/in.h: choose the local port at connect.
_BIND_ADDRESS_NO_PORT = 24

#: Maximum number of connections from one local address; Linux has about 28,000 ports for each.
_PORTS = 8000


@dataclass(frozen=True, slots=True)
class Target:
    """A server and one of its hunts."""

    host: str
    port: int
    hunt: str

    @classmethod
    def parse(cls, url: str, hunt: str) -> Self:
        """Return the target at `url`.

        Raises:
            SettingsError: The generator cannot use this address.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 80
        except ValueError as exc:
            raise SettingsError(f"--url {url!r}: not a valid address ({exc})") from None
        if parts.scheme != "http" or not host:
            raise SettingsError(
                f"--url {url!r}: must be http://HOST:PORT, because the load is sent without TLS; "
                "give the address of the server itself, not of its proxy"
            )
        if not _HUNT.fullmatch(hunt):
            raise SettingsError(
                f"--hunt {hunt!r}: must be the id of a hunt, "
                "1 to 64 lower-case letters, digits or hyphens"
            )
        return cls(host, port, hunt)

    @property
    def local(self) -> bool:
        """Whether the server runs on this machine."""
        return self.host == "localhost" or self.host.startswith("127.")

    def connect(self, number: int = 0) -> socket.socket:
        """Return a new non-blocking connection.

        Args:
            number: Number of open connections; after some thousands another local address
                is used, because ports run out.
        """
        source = None
        if number >= _PORTS and self.local:
            source = f"127.0.0.{2 + number // _PORTS % 250}"
        try:
            opened = self._opened(source)
        except OSError as exc:
            raise HuntError(f"cannot connect to {self.host}:{self.port}: {exc}") from exc
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        return opened

    def _opened(self, source: str | None) -> socket.socket:
        if source is None:
            return socket.create_connection((self.host, self.port), timeout=TIMEOUT)
        opened = socket.socket()
        try:
            opened.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
            opened.bind((source, 0))
            opened.settimeout(TIMEOUT)
            opened.connect((self.host, self.port))
        except OSError:
            opened.close()
            raise
        return opened

    def click_head(self, token: str, length: int) -> bytes:
        """Return the head of a click request with a body of `length` bytes."""
        return (
            f"POST /v1/hunts/{self.hunt}/clicks HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()

    def stream_request(
        self, token: str, *, everybody: bool = False, last: str | None = None
    ) -> bytes:
        """Return the request of an event stream.

        Args:
            token: Token of the player.
            everybody: Request the wins of all players instead of the player's rewards.
            last: Event id to resume after; None: from now on.
        """
        resume = "" if last is None else f"Last-Event-ID: {last}\r\n"
        query = "?scope=all" if everybody else ""
        return (
            f"GET /v1/hunts/{self.hunt}/events{query} HTTP/1.1\r\n"
            f"Host: {self.host}:{self.port}\r\nAuthorization: Bearer {token}\r\n"
            f"{resume}Accept: text/event-stream\r\n\r\n"
        ).encode()

    def request(
        self, method: str, path: str, *, token: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a request besides the load.

        Raises:
            HuntError: The server does not answer.
        """
        connection = HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        headers = {"Content-Length": "0"} if method == "POST" else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return (
                response.status,
                {k.lower(): v for k, v in response.getheaders()},
                response.read(),
            )
        except (OSError, HTTPException) as exc:
            raise HuntError(f"{self.host}:{self.port} does not answer: {exc}") from exc
        finally:
            connection.close()
