"""Standard output and standard error of a server: writing never blocks, and never fails.

A write may block for as long as the reader likes (a full pipe, a terminal that is stopped,
a disk that hangs), or fail (a reader that is gone, a full disk).  Neither may reach the
event loop, so a thread writes, from a bounded queue; what does not fit, or cannot be
written, is lost and counted.
"""

from __future__ import annotations

import io
import os
import queue
import select
import threading
from contextlib import suppress

#: Texts that may wait, at most, and bytes of one; what is longer is cut.
WAITING = 1000
LENGTH = 16 * 1024

_CUT = b" (cut)\n"
_AT_ONCE = 64 * 1024  # bytes, about, of one write


class LineWriter:
    """A descriptor, and the thread that writes to it.

    Args:
        fd: Where the lines go; None loses them all.
        waiting: Texts that may wait, at most.
    """

    def __init__(self, fd: int | None, *, waiting: int = WAITING) -> None:
        self._fd = fd
        self._waiting = waiting
        self._queue: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._refused = 0  # lines; each number has one thread that changes it
        self._failed = 0

    @property
    def lost(self) -> int:
        """Lines that were not written, and will not be."""
        return self._refused + self._failed

    def write(self, text: str) -> None:
        """Have `text`, of whole lines, written soon; returns at once, and never raises."""
        data = text.encode("utf-8", "backslashreplace")
        if len(data) > LENGTH:
            data = data[: LENGTH - len(_CUT)] + _CUT
        if self._fd is None or self._queue.qsize() >= self._waiting or not self._start():
            self._refused += data.count(b"\n")
        else:
            self._queue.put(data)

    def flush(self, seconds: float) -> None:
        """Wait until all is written, for so many seconds at most."""
        if self._thread is not None:
            reached = threading.Event()
            self._queue.put(reached)
            reached.wait(seconds)

    def _start(self) -> bool:
        """Start the thread, once; return whether it runs."""
        if self._thread is None:
            # A daemon, because a reader that never reads must not delay the end either.
            thread = threading.Thread(target=self._run, name="log writer", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no room for one more thread
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            data, reached = b"", None
            try:
                while len(data) < _AT_ONCE and reached is None:
                    taken = self._queue.get(block=not data)
                    if isinstance(taken, bytes):
                        data += taken
                    else:
                        reached = taken
            except queue.Empty:
                pass
            if data:
                self._put(data)
            if reached is not None:
                reached.set()

    def _put(self, data: bytes) -> None:
        assert self._fd is not None, "as of `write`"
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                # Another process that shares it has made it non-blocking.
                with suppress(OSError):
                    select.select([], [self._fd], [])
            except OSError:
                self._failed += data.count(b"\n")
                return


class Stream(io.TextIOBase):
    """A text stream in place of `sys.stderr` or `sys.stdout`, for all that writes there."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        self._begun = ""  # a line without its end
        self.writer = LineWriter(fd)

    def write(self, text: str, /) -> int:
        """Write `text`; its last line waits for its end."""
        whole, end, self._begun = (self._begun + text).rpartition("\n")
        if end:
            self.writer.write(whole + end)
        return len(text)

    def flush(self) -> None:
        """Do nothing: whole lines are on their way."""

    def finish(self, seconds: float) -> None:
        """Write what is left, for so many seconds at most."""
        if self._begun:
            self.write("\n")
        self.writer.flush(seconds)

    def fileno(self) -> int:
        """Return the descriptor, for what writes past this stream."""
        if self._fd is None:
            raise io.UnsupportedOperation("fileno")
        return self._fd

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._fd is not None and os.isatty(self._fd)

    def writable(self) -> bool:
        """Return True."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8; what it cannot say is escaped."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """How it is escaped."""
        return "backslashreplace"
