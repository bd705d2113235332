"""Requests to receivers: addresses, TLS, sizes and times."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import httpcore
import pytest
import trio
import trustme
from trio.testing import MemoryReceiveStream, MemorySendStream, MockClock, memory_stream_pair

from hunt.core.addresses import network
from hunt.core.webhook_signature import sign
from hunt.core.webhooks import Answer
from hunt.service import webhook_sender
from hunt.service.webhook_sender import AddressRefused, describe, open_sender, permitted
from tests.support.receiver import Receiver, Taken, receiving

Memory = trio.StapledStream[MemorySendStream, MemoryReceiveStream]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HERE = [network("127.0.0.0/8")]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def post(url: str, allow: list[object] = HERE) -> Answer:  # type: ignore[assignment]
    async with open_sender(url, allow, clock=lambda: 0.0) as sender:  # type: ignore[arg-type]
        return await sender.send("k1-1", b"{}", [SECRET])


class Names:
    """A resolver whose answers change, as an attacker's name server does."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def getaddrinfo(
        self, host: str | bytes | None, port: object, **options: object
    ) -> list[tuple[object, ...]]:
        text = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))]

    async def getnameinfo(self, *args: object) -> tuple[str, str]:
        raise NotImplementedError


async def test_private_address_of_a_name_is_refused(receiver: Receiver) -> None:
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    answer = await post(f"https://localhost:{port}/", [])
    assert (answer.status, answer.error) == (None, "no address of the receiver is public")
    assert receiver.connections == 0


async def test_name_is_resolved_once_and_the_checked_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name server that answers with another address the second time gains nothing."""
    names = Names("93.184.216.34", "127.0.0.1")
    monkeypatch.setattr(trio.socket, "getaddrinfo", names.getaddrinfo)
    assert await permitted("rebind.example", [], plain=False) == ["93.184.216.34"]
    with pytest.raises(AddressRefused):
        await permitted("rebind.example", [], plain=False)


@pytest.mark.parametrize("address", ["2606:4700:4700::1111%1", "fe80::1%eth0"])
async def test_address_with_a_zone_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(trio.socket, "getaddrinfo", Names(address).getaddrinfo)
    with pytest.raises(AddressRefused):
        await permitted("shop.example", [network("fe80::/10")], plain=False)


async def test_connect_resolves_no_name_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    names = Names("127.0.0.1")  # a second question would fail
    real = trio.socket.getaddrinfo

    async def once(host: str, port: int, *args: object, **options: object) -> object:
        if host == "shop.internal":
            return await names.getaddrinfo(host, port)
        assert host == "127.0.0.1", "only the checked address is connected to"
        return await real(host, port, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(trio.socket, "getaddrinfo", once)
    answer = await post(f"http://shop.internal:{port}/")
    assert answer.status == 200
    assert receiver.taken[0].headers["host"] == f"shop.internal:{port}"


async def test_cleartext_goes_to_allowed_networks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio.socket, "getaddrinfo", Names("93.184.216.34").getaddrinfo)
    answer = await post("http://shop.example/")
    assert answer.error == "no address of the receiver is permitted by HUNT_WEBHOOK_ALLOW"


async def test_setting_that_has_changed_is_obeyed() -> None:
    with pytest.raises(AddressRefused, match="HUNT_WEBHOOK_ALLOW has changed"):
        await post("http://127.0.0.1:9/", [])


async def test_missing_certificate_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_sender._tls.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with pytest.raises(AddressRefused, match="SSL_CERT_FILE"):
        await post("https://shop.example/")


async def test_refused_connection_is_reported() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = await post(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.error) == (None, "connection refused")


def connected(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Return the stream of a receiver, to which the next connect leads."""
    ours, theirs = memory_stream_pair()

    async def connect(**options: object) -> Memory:
        await trio.lowlevel.checkpoint()
        return ours

    monkeypatch.setattr(trio, "open_tcp_stream", connect)
    return theirs


async def test_connect_is_given_up_before_the_request(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def hang(**options: object) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(trio, "open_tcp_stream", hang)
    answer = await post("http://127.0.0.1:9/")
    assert answer == Answer(None, "no connection in time", webhook_sender.CONNECT)


async def test_answer_is_not_waited_for_longer_than_its_timeout(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    receiver = connected(monkeypatch)
    answer = await post("http://127.0.0.1:9/")
    assert answer == Answer(None, "no answer within 15 s", webhook_sender.TIMEOUT)
    assert (await receiver.receive_some()).startswith(b"POST / HTTP/1.1\r\n")


async def test_next_address_is_tried_after_a_failure(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    real = trio.socket.getaddrinfo

    async def two(host: str, port: int, *args: object, **options: object) -> object:
        if host != "shop.internal":
            return await real(host, port, *args, **options)  # type: ignore[arg-type]
        here = ("127.0.0.2", "127.0.0.1")  # the receiver listens at the second one only
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in here]

    monkeypatch.setattr(trio.socket, "getaddrinfo", two)
    assert (await post(f"http://shop.internal:{port}/")).status == 200


async def test_name_without_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(trio.socket, "getaddrinfo", unknown)
    answer = await post("https://nowhere.example/")
    assert answer.error == "its name cannot be resolved"


@pytest.mark.parametrize(
    ("more", "connections"),
    [
        pytest.param(0, 1, id="the largest that is read to its end"),
        pytest.param(1, 2, id="the connection is closed"),
    ],
)
async def test_large_answer_counts_by_its_status(
    receiver: Receiver, more: int, connections: int
) -> None:
    async def much(taken: Taken) -> tuple[int, list[tuple[str, str]], bytes]:
        return 200, [], b"x" * (webhook_sender.MOST_ANSWER + more)

    receiver.respond = much
    async with open_sender(receiver.url, HERE, clock=lambda: 0.0) as sender:
        assert (await sender.send("k1-1", b"{}", [SECRET])).status == 200
        assert (await sender.send("k1-2", b"{}", [SECRET])).status == 200
    assert receiver.connections == connections


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, None), (299, None), (300, "the receiver answered 300")],
)
async def test_answer_by_its_status(receiver: Receiver, status: int, error: str | None) -> None:
    receiver.status = status
    answer = await post(receiver.url)
    assert (answer.status, answer.error) == (status, error)


async def test_answer_whose_body_is_cut_off_counts_by_its_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver = connected(monkeypatch)
    await receiver.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
    await receiver.send_eof()
    answer = await post("http://127.0.0.1:9/")
    assert (answer.status, answer.error) == (200, None)


async def test_request_has_its_headers(receiver: Receiver) -> None:
    async with open_sender(receiver.url, HERE, clock=lambda: 1_800_000_000.9) as sender:
        await sender.send("k1-1", b"{}", [SECRET])
    [taken] = receiver.taken
    assert taken.body == b"{}"
    assert taken.headers == {
        "host": receiver.url.split("/")[2],
        "content-length": "2",
        "content-type": "application/json",
        "user-agent": f"hunt/{version('hunt-server')}",
        "webhook-id": "k1-1",
        "webhook-timestamp": "1800000000",
        "webhook-signature": sign([SECRET], "k1-1", 1_800_000_000, b"{}"),
    }


async def test_requests_share_one_connection_until_it_was_idle_too_long(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_sender(receiver.url, HERE, clock=lambda: 0.0) as sender:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sender.send, "k1-1", b"{}", [SECRET])
            nursery.start_soon(sender.send, "k1-2", b"{}", [SECRET])
        assert (len(receiver.taken), receiver.connections) == (2, 1)
    monkeypatch.setattr(webhook_sender, "KEEP_ALIVE", -1.0)
    async with open_sender(receiver.url, HERE, clock=lambda: 0.0) as sender:
        await sender.send("k1-3", b"{}", [SECRET])
        await sender.send("k1-4", b"{}", [SECRET])
        assert (len(receiver.taken), receiver.connections) == (4, 3)


async def test_closed_connection_is_reported(receiver: Receiver) -> None:
    async def close(taken: Taken) -> None:
        return None

    receiver.respond = close
    answer = await post(receiver.url)
    assert (answer.status, answer.error) == (
        None, "the connection ended without a valid answer",
    )  # fmt: skip


def tls_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "of the library")
    error.reason = reason  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (httpcore.ConnectTimeout(), "no connection in time"),
        (httpcore.ReadTimeout(), "no answer in time"),
        (httpcore.ConnectError(), "no connection"),
        (httpcore.RemoteProtocolError(), "the connection ended without a valid answer"),
        (httpcore.ReadError(), "the connection was lost"),
        (httpcore.WriteError(), "the connection was lost"),
        (httpcore.PoolTimeout(), "PoolTimeout"),
        (tls_error("WRONG_VERSION_NUMBER"), "TLS failed: wrong version number"),
        (tls_error(None), "TLS failed: unknown reason"),
        (ExceptionGroup("", [OSError(), ConnectionRefusedError()]), "connection refused"),
    ],
)
def test_failure_is_described(error: Exception, told: str) -> None:
    assert describe(error) == told


@pytest.mark.parametrize("attribute", ["__cause__", "__context__"])
def test_failure_is_described_by_its_cause(attribute: str) -> None:
    middle, outer = OSError(), httpcore.ConnectError()
    setattr(middle, attribute, socket.gaierror())
    setattr(outer, attribute, middle)
    assert describe(outer) == "its name cannot be resolved"


async def test_certificate_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with receiving(context) as receiver:
        webhook_sender._tls.cache_clear()
        answer = await post(receiver.url)
        assert str(answer.error).startswith("its certificate is not trusted")
        assert receiver.taken == []
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        webhook_sender._tls.cache_clear()
        answer = await post(receiver.url)
        assert (answer.status, answer.error) == (200, None)
    webhook_sender._tls.cache_clear()


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await post(receiver.url)).status == 200
