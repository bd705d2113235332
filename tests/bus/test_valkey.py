"""The Valkey bus of two processes, on a real server."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio

from hunt.bus import valkey_client
from hunt.bus.valkey import BUFFER, ValkeyBus, channel
from hunt.core.events import Notice, Reward
from hunt.errors import SettingsError
from hunt.valkey_url import ValkeyURL, parse
from tests.support import certificates
from tests.support.processes import free_port
from tests.support.valkey import PASSWORD, Valkey, installed

AT = "2026-11-28T12:00:00.123456Z"


def reward(seq: int, at: str = AT) -> Reward:
    return Reward(seq, f"click-{seq}", "ada", None, 0, at, 1.0, 2.0)


@dataclass
class Process:
    """The bus of one process, and all that it reported."""

    url: ValkeyURL
    name: str
    epoch: str
    heard: list[Notice] = field(default_factory=list)
    wanted: set[str] = field(default_factory=lambda: {"harbour"})
    joins: int = 0

    def __post_init__(self) -> None:
        self.bus = ValkeyBus(
            self.url,
            own=self.name,
            notice=self.heard.append,
            epoch=lambda hunt: self.epoch,
            wanted=lambda: self.wanted,
            joined=self.joined,
            jitter=lambda: 0.5,
        )

    def joined(self) -> None:
        self.joins += 1

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(10):
            while not condition():
                await trio.sleep(0.01)


def process(url: str, name: str, *, epoch: str = "e1") -> Process:
    return Process(parse(url), name, epoch)


@asynccontextmanager
async def running(*processes: Process) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        for each in processes:
            nursery.start_soon(each.bus.run)
        yield
        nursery.cancel_scope.cancel()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    installed()
    made = Valkey(tmp_path / "valkey")
    yield made
    made.stop()


async def test_notice_reaches_other_process(server: Valkey) -> None:
    await server.start()
    one, two = process(server.url, "one"), process(server.url, "two")
    async with running(one, two):
        await one.until(lambda: one.bus.link.connected and one.joins == 1)
        await two.until(lambda: two.bus.link.connected and two.joins == 1)
        one.bus.publish("harbour", [reward(1), reward(2)])
        await two.until(lambda: len(two.heard) == 1)
        await one.until(lambda: len(one.heard) == 1)
        # Of its own commits a process knows the rewards already.
        assert one.heard == [Notice("harbour", 1, 2, None)]
        assert two.heard == [Notice("harbour", 1, 2, (reward(1), reward(2)))]
        # A repeated batch holds rows with two times of settlement; a notice has one.
        later = AT.replace("12:", "13:")
        one.bus.publish("harbour", [reward(3), reward(5, later)])
        await two.until(lambda: len(two.heard) == 3)
        assert two.heard[1:] == [
            Notice("harbour", 3, 3, (reward(3),)),
            Notice("harbour", 5, 5, (reward(5, later),)),
        ]
        await one.until(lambda: one.bus.link.published == 3)
    assert one.bus.link.faults.total() == one.bus.link.dropped.total() == 0


async def test_process_subscribes_to_hunts_with_streams_only(server: Valkey) -> None:
    await server.start()
    one = process(server.url, "one")
    one.wanted = set()

    async def channels() -> set[str]:
        return set((await server.ask("pubsub", "channels", "hunt:log:*")).split())

    async with running(one):
        await one.until(lambda: one.bus.link.connected)
        assert await channels() == set()
        one.wanted.add("quay")
        one.bus.follow_soon()
        await one.until(lambda: one.joins == 1)
        assert await channels() == {channel("quay", "e1")}
        one.wanted.clear()
        with trio.fail_after(10):
            while await channels():
                await trio.sleep(0.05)


async def test_databases_that_share_a_server_hear_nothing_of_each_other(server: Valkey) -> None:
    await server.start()
    one, two = process(server.url, "one"), process(server.url, "two", epoch="e2")
    async with running(one, two):
        await two.until(lambda: two.joins == 1 and one.bus.link.connected)
        one.bus.publish("harbour", [reward(1)])
        await one.until(lambda: len(one.heard) == 1)
        two.bus.publish("harbour", [reward(7)])
        await two.until(lambda: len(two.heard) == 1)
        assert two.heard == [Notice("harbour", 7, 7, None)]


async def test_publishing_neither_blocks_nor_grows_without_a_server(server: Valkey) -> None:
    one = process(server.url, "one")  # which was not started
    async with running(one):
        for seq in range(BUFFER + 10):
            one.bus.publish("harbour", [reward(seq + 1)])
        assert one.bus.link.dropped["full"] == 10
        await one.until(lambda: one.bus.link.faults["lost"] >= 4)
        assert not one.bus.link.connected
        await trio.sleep(2.0)  # then waiting notices are too old to be sent
        await server.start()
        await one.until(lambda: one.joins == 1 and one.bus.link.dropped["old"] == BUFFER)
        one.bus.publish("harbour", [reward(5000)])
        await one.until(lambda: Notice("harbour", 5000, 5000, None) in one.heard)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_bus_reconnects_after_server_was_gone(server: Valkey, number: signal.Signals) -> None:
    await server.start()
    one, two = process(server.url, "one"), process(server.url, "two")
    async with running(one, two):
        await two.until(lambda: two.joins == 1 and one.bus.link.connected)
        server.send(number)
        one.bus.publish("harbour", [reward(1)])
        await one.until(lambda: not one.bus.link.connected)
        # The other connection may be lost first, and the subscription must be, too.
        await two.until(lambda: not two.bus._up["subscribe"])
        if number == signal.SIGSTOP:
            server.send(signal.SIGCONT)
        else:
            server.stop()
            await server.start()
        await two.until(lambda: two.bus.link.connected and two.joins >= 2)
        await one.until(lambda: one.bus.link.connected)

        def arrives() -> bool:
            # Again each time: on a busy machine the server may be lost once more.
            one.bus.publish("harbour", [reward(2)])
            return bool(two.heard) and two.heard[-1].last == 2

        await two.until(arrives)


async def test_wrong_password_is_reported_and_not_shown(
    server: Valkey, capsys: pytest.CaptureFixture[str]
) -> None:
    await server.start()
    one = process(f"valkey://:{PASSWORD}x@127.0.0.1:{server.port}", "one")
    async with running(one):
        await one.until(lambda: one.bus.link.faults["lost"] >= 2)
    said = "".join(capsys.readouterr())
    assert "invalid username-password pair" in said
    assert PASSWORD not in said


async def test_odd_message_is_counted(server: Valkey) -> None:
    await server.start()
    one = process(server.url, "one")
    async with running(one):
        await one.until(lambda: one.joins == 1)
        await server.ask("publish", channel("harbour", "e1"), "gibberish")
        await one.until(lambda: one.bus.link.faults["odd"] == 1)
    assert one.heard == []


async def test_cluster_carries_notices_by_sharded_channels(tmp_path: Path) -> None:
    installed()
    # Without it, the nodes talk at the port + 10,000, which another process may have.
    links = ("--cluster-port", str(free_port()))
    server = Valkey(tmp_path / "valkey", "--cluster-enabled", "yes", *links)
    await server.start()
    try:
        assert await server.ask("cluster", "addslotsrange", "0", "16383") == "OK"
        with trio.fail_after(20):
            while "cluster_state:ok" not in await server.ask("cluster", "info"):
                await trio.sleep(0.1)
        url = f"valkey+cluster://:{PASSWORD}@127.0.0.1:{server.port}"
        one, two = process(url, "one"), process(url, "two")
        async with running(one, two):
            await two.until(lambda: two.joins == 1 and one.bus.link.connected)
            shards = await server.ask("pubsub", "shardchannels")
            assert shards == channel("harbour", "e1")
            one.bus.publish("harbour", [reward(1)])
            await two.until(lambda: two.heard == [Notice("harbour", 1, 1, (reward(1),))])
    finally:
        server.stop()


async def test_bus_follows_the_primary_of_a_sentinel(server: Valkey, tmp_path: Path) -> None:
    await server.start()
    sentinel = Valkey(tmp_path / "sentinel", "--sentinel", password="")
    sentinel.folder.mkdir()
    config = sentinel.folder / "sentinel.conf"
    config.write_text(
        f"sentinel monitor main 127.0.0.1 {server.port} 1\nsentinel auth-pass main {PASSWORD}\n"
    )
    sentinel.config = config
    await sentinel.start()
    try:
        url = f"valkey+sentinel://:{PASSWORD}@127.0.0.1:{sentinel.port}/main"
        one, two = process(url, "one"), process(url, "two")
        async with running(one, two):
            await two.until(lambda: two.joins == 1 and one.bus.link.connected)
            one.bus.publish("harbour", [reward(1)])
            await two.until(lambda: two.heard == [Notice("harbour", 1, 1, (reward(1),))])
    finally:
        sentinel.stop()


async def test_bus_over_tls_trusts_the_given_authority_only(tmp_path: Path) -> None:
    installed()
    certificates.write_authority(tmp_path / "ca.pem")
    with certificates.written() as (certificate, key):
        port = free_port()
        server = Valkey(
            tmp_path / "valkey", "--tls-port", str(port), "--tls-auth-clients", "no",
            "--tls-cert-file", certificate, "--tls-key-file", key,
            "--tls-ca-cert-file", str(tmp_path / "ca.pem"),
        )  # fmt: skip
        await server.start()
        try:
            url = f"valkeys://:{PASSWORD}@127.0.0.1:{port}"
            one, two = process(f"{url}?ca={tmp_path / 'ca.pem'}", "one"), process(url, "two")
            async with running(one, two):
                await one.until(lambda: one.joins == 1 and one.bus.link.connected)
                await two.until(lambda: two.bus.link.faults["lost"] >= 2)
        finally:
            server.stop()
        assert not two.bus.link.connected


async def test_rights_of_the_documentation_suffice(server: Valkey) -> None:
    await server.start()
    page = Path(__file__).parents[2] / "docs" / "how-to" / "valkey.md"
    [line] = [each for each in page.read_text("utf-8").splitlines() if each.startswith("ACL ")]
    assert await server.ask(*line.split()) == "OK"
    one = process(f"valkey://hunt:PASSWORD@127.0.0.1:{server.port}", "one")
    async with running(one):
        await one.until(lambda: one.joins == 1 and one.bus.link.connected)
        one.bus.publish("harbour", [reward(1)])
        await one.until(lambda: one.heard == [Notice("harbour", 1, 1, None)])


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coredis", None)
    with pytest.raises(SettingsError, match=r"pip install 'hunt-server\[valkey\]'"):
        valkey_client.check_fit(parse("valkey://db"))


def test_unreadable_certificates_are_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with pytest.raises(SettingsError, match="No such file"):
        valkey_client.check_fit(parse(f"valkeys://db?ca={file}"))
    file.write_bytes(os.urandom(32))
    with pytest.raises(SettingsError, match="cannot be used"):
        valkey_client.check_fit(parse(f"valkeys://db?ca={file}"))
