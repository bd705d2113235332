"""Lines for readers that are slow, or gone."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator

import pytest
import structlog
from structlog.typing import EventDict

from hunt import logs
from hunt.log_writer import LENGTH, LineWriter, Stream
from hunt.settings import Settings
from tests.support.pipes import fill

PATIENCE = 30.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Yield a pipe's ends: to read, to write."""
    read, write = os.pipe()
    yield read, write
    os.close(write)
    os.close(read)


def read_exactly(read: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        assert select.select([read], [], [], PATIENCE)[0], f"nothing after {data!r}"
        data += os.read(read, count - len(data))
    return data


def test_full_pipe_drops_only_lines_that_do_not_fit(pipe: tuple[int, int]) -> None:
    read, write = pipe
    filled = fill(write)
    writer = LineWriter(write, waiting=10)
    for number in range(100):
        writer.write(f"line {number:2}\n")
    lost = writer.lost
    assert 80 <= lost <= 90, "ten wait, and the thread may have taken as many"
    read_exactly(read, filled)
    lines = read_exactly(read, 8 * (100 - lost)).decode().splitlines()
    assert lines == [f"line {number:2}" for number in range(100 - lost)]
    writer.write("after\n")
    assert read_exactly(read, 6) == b"after\n", "once it is read again, lines arrive again"


def test_lines_for_a_closed_pipe_are_counted() -> None:
    read, write = os.pipe()
    os.close(read)
    writer = LineWriter(write)
    for _ in range(3):
        writer.write("nobody reads\nthis\n")
    writer.flush(PATIENCE)
    assert writer.lost == 6
    os.close(write)


def test_lines_for_a_full_disk_are_counted() -> None:
    fd = os.open("/dev/full", os.O_WRONLY)
    writer = LineWriter(fd)
    writer.write("a line\n")
    writer.flush(PATIENCE)
    assert writer.lost == 1
    os.close(fd)


def test_non_blocking_descriptor_is_waited_for(pipe: tuple[int, int]) -> None:
    read, write = pipe
    filled = fill(write)
    os.set_blocking(write, False)
    writer = LineWriter(write)
    writer.write("a line\n")
    read_exactly(read, filled)
    assert read_exactly(read, 7) == b"a line\n"
    assert writer.lost == 0


def test_long_text_is_cut_and_invalid_characters_are_escaped(pipe: tuple[int, int]) -> None:
    read, write = pipe
    writer = LineWriter(write)
    writer.write("x" * 2 * LENGTH + "\n")
    assert read_exactly(read, LENGTH).endswith(b"x (cut)\n")
    writer.write("\udcff\n")
    assert read_exactly(read, 7) == b"\\udcff\n"


def test_stream_writes_complete_lines(pipe: tuple[int, int]) -> None:
    read, write = pipe
    stream = Stream(write)
    print("a", "b", file=stream)
    assert read_exactly(read, 4) == b"a b\n"
    print("no end", end="", file=stream)
    stream.flush()
    stream.finish(PATIENCE)
    assert read_exactly(read, 7) == b"no end\n"
    assert (stream.fileno(), stream.isatty()) == (write, False)


def test_stream_without_descriptor_drops_all_lines() -> None:
    stream = Stream(None)
    print("a line", file=stream)
    stream.finish(PATIENCE)
    assert stream.writer.lost == 1
    assert not stream.isatty()


class Odd:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        raise ZeroDivisionError


@pytest.fixture
def logged(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Log with secrets in the settings; yield the descriptor from which lines can be read."""
    read, write = pipe
    before = structlog.get_config()
    monkeypatch.setattr("sys.stderr", Stream(write))
    monkeypatch.setattr("sys.stdout", Stream(write))
    secret = b"jwt-secret-jwt-secret-jwt-secret-"
    keys = (("2026", b"k" * 32),)
    dsn = "postgresql://hunt:pass%21word@db/hunt"
    logs.configure(
        Settings(
            database_url=dsn,
            jwt_secret=(secret,),
            data_keys=keys,
            challenge_secret="challenge-secret",
            otlp_url="http://hunt:span!word@collector/v1/traces",
            log_format="json",
        )
    )
    yield read
    structlog.configure(**before)


def line(read: int) -> EventDict:
    text = b""
    while not text.endswith(b"\n"):
        text += read_exactly(read, 1)
    found: EventDict = json.loads(text)
    return found


def test_unprintable_value_does_not_raise(logged: int) -> None:
    structlog.get_logger().info("odd value", value=Odd())
    assert line(logged) == {
        "event": "odd value",
        "level": "info",
        "unprintable": "ZeroDivisionError",
    }


def test_errors_are_logged_without_secrets(logged: int) -> None:
    try:
        raise ValueError("jwt-secret-jwt-secret-jwt-secret- and pass!word")
    except ValueError as error:
        structlog.get_logger().error("failed", error=str(error), exc_info=error)
    found = line(logged)
    assert found["error"] == "*** and ***"
    assert "ValueError: *** and ***" in found["exception"]
    structlog.get_logger().error("failed", error="postgresql://hunt:pass%21word@db/hunt")
    assert line(logged)["error"] == "***"
    structlog.get_logger().error(
        "failed", error="2026:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
    )
    assert line(logged)["error"] == "2026:***"
    structlog.get_logger().error("failed", error="challenge-secret and span!word")
    assert line(logged)["error"] == "*** and ***"


def test_lost_lines_are_counted_for_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(None)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", Stream(None))
    print("lost", file=stream)
    assert logs.lines_lost() == 1
