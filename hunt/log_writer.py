"""Standard output and standard error of a server, which neither block nor fail.

A write may block (a full pipe, a stopped terminal, a hanging disk) or fail (a closed pipe,
a full disk).  Neither may reach the event loop, so a thread writes from a bounded queue.
Lines that do not fit into the queue, or cannot be written, are dropped and counted.
"""

from __future__ import annotations

import io
import os
import queue
import select
import threading
from contextlib import suppress

#: Maximum number of waiting texts, and of bytes of one text; a longer one is cut.
WAITING = 1000
LENGTH = 16 * 1024

_CUT = b" (cut)\n"
_AT_ONCE = 64 * 1024  # approximate maximum of bytes in one write


class LineWriter:
    """Writes lines to a file descriptor, in a thread.

    Args:
        fd: The file descriptor; None: drop all lines.
        waiting: Maximum number of waiting texts.
    """

    def __init__(self, fd: int | None, *, waiting: int = WAITING) -> None:
        self._fd = fd
        self._waiting = waiting
        self._queue: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._refused = 0  # lines that did not fit; changed by callers only
        self._failed = 0  # lines that were not written; changed by the thread only

    @property
    def lost(self) -> int:
        """The number of dropped lines."""
        return self._refused + self._failed

    def write(self, text: str) -> None:
        """Queue `text`, of complete lines; return at once, and never raise."""
        data = text.encode("utf-8", "backslashreplace")
        if len(data) > LENGTH:
            data = data[: LENGTH - len(_CUT)] + _CUT
        if self._fd is None or self._queue.qsize() >= self._waiting or not self._start():
            self._refused += data.count(b"\n")
        else:
            self._queue.put(data)

    def flush(self, seconds: float) -> None:
        """Wait until the queue is written, at most `seconds`."""
        if self._thread is not None:
            reached = threading.Event()
            self._queue.put(reached)
            reached.wait(seconds)

    def _start(self) -> bool:
        """Start the thread, once; return whether it runs."""
        if self._thread is None:
            # A daemon, because a reader that never reads must not delay the end.
            thread = threading.Thread(target=self._run, name="log writer", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system allows no more threads
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
        assert self._fd is not None, "`write` queues nothing without a descriptor"
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                # A process that shares the descriptor has made it non-blocking.
                with suppress(OSError):
                    select.select([], [self._fd], [])
            except OSError:
                self._failed += data.count(b"\n")
                return


class Stream(io.TextIOBase):
    """A text stream that replaces `sys.stderr` or `sys.stdout`."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        self._begun = ""  # an incomplete line
        self.writer = LineWriter(fd)

    def write(self, text: str, /) -> int:
        """Write the complete lines of `text`; keep the rest until its line is complete."""
        whole, end, self._begun = (self._begun + text).rpartition("\n")
        if end:
            self.writer.write(whole + end)
        return len(text)

    def flush(self) -> None:
        """Do nothing: complete lines are queued."""

    def finish(self, seconds: float) -> None:
        """Write the rest, for at most `seconds`."""
        if self._begun:
            self.write("\n")
        self.writer.flush(seconds)

    def fileno(self) -> int:
        """Return the descriptor, for code that bypasses this stream."""
        if self._fd is None:
            raise io.UnsupportedOperation("fileno")
        return self._fd

    def isatty(self) -> bool:
        """Return whether the descriptor is a terminal."""
        return self._fd is not None and os.isatty(self._fd)

    def writable(self) -> bool:
        """Return True."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the output."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """How characters that UTF-8 cannot encode are written."""
        return "backslashreplace"
