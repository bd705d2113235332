"""A service like those of Turnstile and hCaptcha, in the test's own event loop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qsl

import h11
import trio

SECRET, SITE_KEY = "provider-secret-0123", "site-key"

FORM = (b"content-type", b"application/x-www-form-urlencoded")


class Service:
    """Takes each answer that begins with ``right`` once, as their documentation describes.

    Only a form that is posted with its content type is read.
    """

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[dict[str, str]] = []
        self.reply: tuple[int, bytes] | None = None  #: replaces the verdict
        self.silent = False  #: requests get no response
        self._used: set[str] = set()

    def verdict(self, form: dict[str, str]) -> dict[str, object]:
        answer = form.get("response", "")
        if form.get("secret") != SECRET:
            return {"success": False, "error-codes": ["invalid-input-secret"]}
        if not answer.startswith("right"):
            return {"success": False, "error-codes": ["invalid-input-response"]}
        if answer in self._used:
            return {"success": False, "error-codes": ["timeout-or-duplicate"]}
        self._used.add(answer)
        when = "2026-11-01T18:00:00.000Z"
        return {"success": True, "error-codes": [], "challenge_ts": when, "hostname": "a.example"}

    async def serve(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        body, is_form, done = b"", False, False
        async with stream:
            while not done:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await stream.receive_some())
                elif isinstance(event, h11.Request):
                    is_form = event.method == b"POST" and FORM in list(event.headers)
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.ConnectionClosed):
                    return
                done = isinstance(event, h11.EndOfMessage)
            form = dict(parse_qsl(body.decode())) if is_form else {}
            self.forms.append(form)
            if self.silent:
                await trio.sleep_forever()
            status, content = self.reply or (200, json.dumps(self.verdict(form)).encode())
            headers = [("Content-Length", str(len(content))), ("Connection", "close")]
            for sent in (
                h11.Response(status_code=status, headers=headers),
                h11.Data(data=content),
                h11.EndOfMessage(),
            ):
                await stream.send_all(connection.send(sent) or b"")


@asynccontextmanager
async def siteverify() -> AsyncIterator[Service]:
    """Serve until the block ends."""
    service = Service()
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(
            partial(trio.serve_tcp, service.serve, 0, host="127.0.0.1")
        )
        port = listener.socket.getsockname()[1]
        service.url = f"http://127.0.0.1:{port}/siteverify"
        yield service
        nursery.cancel_scope.cancel()
