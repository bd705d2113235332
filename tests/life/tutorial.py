"""Runs the code blocks of a tutorial as a reader does: commands in order, servers beside them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from tests.support.code_blocks import Block, blocks, comments
from tests.support.processes import end, until

#: Beginnings of the comments that the runner obeys.
BACKGROUND, FILE, ENDS = "background until: ", "file: ", "background ends"

#: Seconds that one block may take; the first one installs hunt.
PATIENCE = 240


@dataclass
class Terminal:
    """A reader's folder and environment; variables stay from block to block."""

    folder: Path
    environ: Mapping[str, str]
    replaced: Mapping[str, str]  #: text of the tutorial -> text to run instead
    background: list[tuple[subprocess.Popen[bytes], Path]] = field(default_factory=list)
    printed: str = ""  #: by the last block

    def replace(self, text: str) -> str:
        """Return a text of the tutorial with the reader's own addresses."""
        for old, new in self.replaced.items():
            text = text.replace(old, new)
        return text

    def script(self, commands: str) -> list[str]:
        """Return the command line that runs a block, and keeps its variables."""
        kept = shlex.quote(str(self.folder / ".variables"))
        lines = [
            "set -aeo pipefail",  # -a: keep all variables, as the reader's shell does
            f"if [ -e {kept} ]; then . {kept}; fi",
            self.replace(commands),
            f"export -p > {kept}",
        ]
        return ["bash", "-c", "\n".join(lines)]

    async def run(self, block: Block) -> None:
        """Run a block to its end."""
        with trio.fail_after(PATIENCE):
            done = await trio.run_process(
                self.script(block.text), cwd=self.folder, env=dict(self.environ), check=False,
                capture_stdout=True, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.printed = done.stdout.decode()
        assert done.returncode == 0, f"{block}: {self.printed}"

    async def start(self, block: Block, sign: str) -> None:
        """Start a block beside the others, and wait until it has printed `sign`."""
        output = self.folder / f".output-{len(self.background)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                self.script(block.text), cwd=self.folder, env=dict(self.environ), stdout=file,
                stderr=file, process_group=0,
            )  # fmt: skip
        self.background.append((process, output))
        with trio.fail_after(PATIENCE):
            await until(lambda: sign in output.read_text("utf-8") or process.poll() is not None)
        self.printed = output.read_text("utf-8")
        assert sign in self.printed, f"{block}: {self.printed}"

    async def ends(self) -> None:
        """Wait for the last block that was started, which ends by itself."""
        process, output = self.background.pop()
        await until(lambda: process.poll() is not None)
        self.printed = output.read_text("utf-8")
        assert process.returncode == 0, self.printed

    def close(self) -> None:
        """Stop the servers, as with Ctrl+C, and then end what is left."""
        for process, _ in reversed(self.background):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                try:
                    process.wait(30)
                finally:
                    end(process)


@contextmanager
def terminal(
    folder: Path, environ: Mapping[str, str], replaced: Mapping[str, str]
) -> Iterator[Terminal]:
    """Yield a terminal; end all that was started in it."""
    found = Terminal(folder, environ, replaced)
    try:
        yield found
    finally:
        found.close()


def matches(expected: str, printed: str) -> bool:
    """Return whether an output is as the tutorial shows it; ``…`` stands for any text.

    A count that varies may be 1, so `points` after it may be `point`.
    """
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    pattern = pattern.replace(r".*\ points", r".*\ points?")
    return re.search(pattern, printed, re.DOTALL) is not None


async def follow(page: Path, reader: Terminal) -> None:
    """Run all blocks of a tutorial.

    A block of commands may have a comment above it, ``background until: TEXT``: it goes on beside
    the next ones. A block of ``toml`` is a file, named by ``file: NAME``. A block of ``text``
    shows the output of the block before it.
    """
    ends = [line for line, said in comments(page) if said == ENDS]
    for block in blocks(page):
        while ends and ends[0] < block.line:
            ends.pop(0)
            await reader.ends()
        if block.language == "console" and block.comment.startswith(BACKGROUND):
            await reader.start(block, block.comment.removeprefix(BACKGROUND))
        elif block.language == "console":
            await reader.run(block)
        elif block.language == "toml" and block.comment.startswith(FILE):
            name = block.comment.removeprefix(FILE)
            (reader.folder / name).write_text(reader.replace(block.text), "utf-8")
        else:
            assert block.language == "text", f"{block}: cannot be run"
            assert matches(reader.replace(block.text), reader.printed), f"{block}: {reader.printed}"
    for _ in ends:
        await reader.ends()
