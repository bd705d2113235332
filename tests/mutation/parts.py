"""The parts of the code that are mutated, each with the tests that must kill its mutants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Modules that are mutated together.

    Args:
        name: Name on the command line.
        modules: Patterns of files below the root of the project.
        tests: Files and folders of tests; their order does not matter.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


PURE = ("tests/core", "tests/testing", "tests/service")

PARTS = (
    Part("core", ("hunt/core/*",), (*PURE, "tests/proof/test_forgeries.py")),
    Part(
        "service",
        ("hunt/service/*",),
        (
            *PURE,
            "tests/contract/test_hints.py",
            "tests/contract/test_identity.py",
            "tests/service/test_jwks.py",
            "tests/contract/test_access_log.py",
        ),
    ),
    Part("edge", ("hunt/edge/*",), ("tests/edge",)),
    Part(
        "store",
        ("hunt/store/log.py",),
        (
            "tests/store/test_codes.py",
            "tests/store/test_log.py",
            "tests/store/test_reward_states.py",
            "tests/store/test_settlement_bounds.py",
            "tests/store/driver/test_cancelled_commit.py",
            "tests/store/driver/test_every_error.py",
            "tests/store/driver/test_limits.py",
        ),
    ),
    # The tests of routes call these too; what only they would kill is not tested here.
    Part("play", ("hunt/play/*",), ("tests/play",)),
)
