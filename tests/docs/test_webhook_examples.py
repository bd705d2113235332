"""The receivers of the how-to ``webhooks.md`` verify signatures, and take each event once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trio

from hunt.core.addresses import network
from hunt.core.change_event import ChangeEvent
from hunt.core.claims import RewardState
from hunt.core.log_event import LogEvent, event_json
from hunt.service.webhook_sender import open_sender
from tests.support.code_blocks import ROOT, blocks
from tests.support.requirements import required

SECRET, OLDER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_b2xkZXJvbGRlcm9sZGVyb2xkZXI="
COMMANDS = {"receiver.py": sys.executable, "receiver.mjs": "node"}
PROGRAMS = {
    block.comment.removeprefix("file: "): block.text
    for block in blocks(ROOT / "docs" / "how-to" / "webhooks.md")
    if block.comment.startswith("file: ")
}


def test_every_program_is_run() -> None:
    assert PROGRAMS.keys() == COMMANDS.keys()


class Program:
    """A running receiver."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._rest = b""

    async def line(self) -> str:
        assert self._process.stdout is not None
        with trio.fail_after(20):
            while b"\n" not in self._rest:
                more = await self._process.stdout.receive_some()
                assert more, "the receiver has ended"
                self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


@asynccontextmanager
async def running(name: str, folder: Path) -> AsyncIterator[Program]:
    interpreter = COMMANDS[name]
    if interpreter != sys.executable:
        interpreter = str(required(Path("/usr/bin") / interpreter, f"no {interpreter}"))
    (folder / name).write_text(PROGRAMS[name], "utf-8")
    async with trio.open_nursery() as nursery:
        process = await nursery.start(
            partial(
                trio.run_process, [interpreter, name], cwd=folder, stdout=subprocess.PIPE,
                env=os.environ | {"WEBHOOK_SECRET": f"{SECRET},{OLDER}"}, check=False,
            )
        )  # fmt: skip
        try:
            yield Program(process)
        finally:
            process.kill()


def win(seq: int, prize: str | None = "coin") -> bytes:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    return event_json("harbour", LogEvent(seq, "id", "ada", prize, 5, at, 1.0, 2.0, "k1"))


def change(number: int, seq: int, state: RewardState) -> bytes:
    at = datetime(2026, 12, 3, tzinfo=UTC)
    reason = "a program" if state == "void" else None
    return event_json(
        "harbour", ChangeEvent(number, seq, "id", "ada", "coin", 5, state, at, reason)
    )


@pytest.mark.parametrize("name", COMMANDS)
async def test_receiver_takes_each_change_once(name: str, tmp_path: Path) -> None:
    async with running(name, tmp_path) as program:
        url = f"http://127.0.0.1:{await program.line()}/"
        async with open_sender(url, [network("127.0.0.0/8")], clock=time.time) as sender:
            for number, state in enumerate(("claimed", "sent"), 1):
                for _ in range(2):
                    body = change(number, 7, state)  # type: ignore[arg-type]
                    assert (await sender.send(f"17-c{number}", body, [SECRET])).status == 204
            assert (await sender.send("17-c3", change(3, 8, "void"), [OLDER])).status == 204
            assert (await sender.send("k1-7", win(7), [SECRET])).status == 204
        lines = [await program.line() for _ in range(4)]
    assert lines == ["7 claimed", "7 sent", "8 void", "7 ada coin"]


@pytest.mark.parametrize("name", COMMANDS)
async def test_receiver_takes_each_event_once(name: str, tmp_path: Path) -> None:
    async with running(name, tmp_path) as program:
        url = f"http://127.0.0.1:{await program.line()}/"
        allow = [network("127.0.0.0/8")]
        async with open_sender(url, allow, clock=time.time) as sender:
            assert (await sender.send("k1-1", win(1), [SECRET])).status == 204
            assert await program.line() == "1 ada coin"
            assert (await sender.send("k1-1", win(1), [SECRET])).status == 204, "a repeat"
            other = await sender.send("k1-2", win(2, None), [OLDER])
            assert other.status == 204, "a type without an effect"
            both = await sender.send("k1-3", win(3), ["whsec_b3RoZXI=", OLDER])
            assert both.status == 204, "one signature matches"
            assert await program.line() == "3 ada coin", "the repeat had no effect"
            forged = await sender.send("k1-4", win(4), ["whsec_b3RoZXI="])
            assert forged.status == 401
        async with open_sender(url, allow, clock=lambda: time.time() - 400) as late:
            assert (await late.send("k1-5", win(5), [SECRET])).status == 401, "an old request"
    async with running(name, tmp_path) as again:
        url = f"http://127.0.0.1:{await again.line()}/"
        async with open_sender(url, allow, clock=time.time) as sender:
            assert (await sender.send("k1-1", win(1), [SECRET])).status == 204
            assert (await sender.send("k1-6", win(6), [SECRET])).status == 204
            assert await again.line() == "6 ada coin", "it knows the ids after a restart"
