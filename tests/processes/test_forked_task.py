"""A function in a forked process: its argument, its errors and its end."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: A program that prints the outcome of the function `called` in a forked process.
PROGRAM = """
import os, signal, sys
import trio
from hunt.errors import SettingsError, StoreUnavailable
from hunt.processes.forked_task import ForkedTask

def returns(argument):
    print("called with", argument, "in this process" if os.getpid() == parent else "in another")

def refuses(argument):
    raise SettingsError(f"{argument}: wrong")

def loses_database(argument):
    raise StoreUnavailable("no database")

def dies(argument):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    try:
        await task.run("word")
    except Exception as error:
        print(type(error).__name__, error)

parent = os.getpid()
task = ForkedTask.forked(globals()[sys.argv[1]])
if sys.argv[2] == "run":
    trio.run(main)
else:
    task.close()
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("reaped")
"""


@pytest.mark.parametrize(
    ("function", "printed"),
    [
        ("returns", ["called with word in another"]),
        ("refuses", ["SettingsError word: wrong"]),
        ("loses_database", ["StoreUnavailable no database"]),
        ("dies", ["HuntError a process that prepares the database has ended early"]),
    ],
)
def test_outcome_of_the_function_is_that_of_run(function: str, printed: list[str]) -> None:
    assert outcome(function, "run") == [*printed, "reaped"]


def test_closed_task_ends_without_a_call() -> None:
    assert outcome("returns", "close") == ["reaped"]


def outcome(function: str, action: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, function, action],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout.splitlines()
