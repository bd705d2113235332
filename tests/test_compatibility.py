from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

import h11
import pytest
import trio
from hypercorn.protocol.h11 import H11Protocol
from psycopg import AsyncConnection

import hunt
from hunt import compatibility, edge
from hunt.compatibility import ANY_RELEASE, ATTRIBUTE, Package, check
from hunt.edge.compatibility import PACKAGES
from hunt.errors import HuntError, SettingsError
from hunt.store.driver.compatibility import PSYCOPG
from tests.support.processes import environment, free_port

ALL = (*PACKAGES, PSYCOPG)

#: Import names of the packages in `ALL`.
IMPORTED = {"hypercorn", "quart", "quart_trio", "h11", "psycopg"}

#: The arguments of Python that start a server without `hunt serve`.
HYPERCORN = [
    "-m", "hypercorn", "-k", "trio", "-w", "0", "-b", "127.0.0.1:{port}", "hunt.asgi:app"
]  # fmt: skip

#: A module that Python imports at its start, and that changes a name of a package.
CHANGED = """
import {module}
def changed(self, request, deadline): ...
{module}.{name} = changed
"""


def package(**names: str) -> Package:
    """Return h11 as it is installed, as a package of which hunt uses these private names."""
    return Package(
        name="h11",
        releases=("0.16",),
        read="0.16.0",
        names={f"h11:{name}": wanted for name, wanted in names.items()},
    )


def test_installed_packages_are_compatible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ANY_RELEASE, raising=False)
    check(*ALL)


def test_changed_signature_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def changed(self: H11Protocol, request: h11.Request, deadline: float) -> None: ...

    monkeypatch.setattr(H11Protocol, "_create_stream", changed)
    with pytest.raises(SettingsError) as error:
        edge.install()
    name = "hypercorn.protocol.h11:H11Protocol._create_stream"
    assert str(error.value) == (
        f"hypercorn {metadata.version('hypercorn')} is not compatible with hunt, which uses "
        f"{name}(self, request) and finds {name}(self, request, deadline): "
        "install 'hypercorn==0.18.0'"
    )


def test_missing_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    [owner] = [each for each in AsyncConnection.__mro__ if "_should_cancel" in vars(each)]
    monkeypatch.delattr(owner, "_should_cancel")
    with pytest.raises(SettingsError, match=r"_should_cancel\(self\) and finds no such name: inst"):
        check(PSYCOPG)


def test_another_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ANY_RELEASE, raising=False)
    monkeypatch.setattr(metadata, "version", lambda _: "0.17.1")
    with pytest.raises(SettingsError) as error:
        check(package())
    assert str(error.value) == (
        "hunt needs h11 0.16.x, and 0.17.1 is installed: install 'h11==0.16.0'"
    )
    monkeypatch.setenv(ANY_RELEASE, "1")
    check(package())


def test_package_that_is_not_installed_is_refused() -> None:
    absent = Package(name="hunt-absent", releases=("1.0",), read="1.0.2", names={})
    with pytest.raises(SettingsError, match=r"^hunt-absent is not installed: install 'hunt-ab"):
        check(absent)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Connection", "our_role, max_incomplete_event_size="),
        ("Connection.send", "self, event"),
        ("Connection.trailing_data", ATTRIBUTE),
        ("Connection._receive_buffer", ATTRIBUTE),
        ("Connection.absent", None),
        ("absent.send", None),
    ],
)
def test_names_are_compared_with_their_parameters(name: str, found: str | None) -> None:
    assert compatibility._find(f"h11:{name}") == found
    if found is not None:
        check(package(**{name: found}))
    with pytest.raises(SettingsError):
        check(package(**{name: "another"}))


def modules() -> Iterator[ModuleType]:
    for each in pkgutil.walk_packages(hunt.__path__, "hunt."):
        if not each.name.endswith("__main__"):
            yield import_module(each.name)


def classes() -> Iterator[type]:
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield value


def overrides() -> Iterator[tuple[str, list[str]]]:
    """Yield each name of a class of hunt, with the names in `IMPORTED` that it overrides."""
    for cls in classes():
        bases = [each for each in cls.__mro__ if each.__module__.partition(".")[0] in IMPORTED]
        for name, value in vars(cls).items():
            over = [f"{each.__qualname__}.{name}" for each in bases if name in vars(each)]
            if over and _counts(name, value):
                yield f"{cls.__module__}.{cls.__name__}.{name}", over


def _counts(name: str, value: object) -> bool:
    dunder = name.startswith("__") and name.endswith("__")
    return name in {"__call__", "__aenter__", "__aexit__"} or (
        not dunder and value is not None and not name.startswith("_abc")
    )


def test_every_override_is_compared() -> None:
    listed = {name.partition(":")[2] for each in ALL for name in each.names}
    found = dict(overrides())
    assert len(found) > 20
    assert {name: over for name, over in found.items() if listed.isdisjoint(over)} == {}


def test_every_private_import_is_compared() -> None:
    listed = {name.replace(":", ".") for each in ALL for name in each.names}
    for module in modules():
        for line in Path(str(module.__file__)).read_text("utf-8").splitlines():
            origin, _, names = line.removeprefix("from ").partition(" import ")
            parts = origin.split(".")
            if line.startswith("from ") and parts[0] in IMPORTED and "._" in origin:
                for name in names.partition("#")[0].split(","):
                    whole = f"{origin}.{name.strip()}"
                    assert any(each.startswith(whole) for each in listed), (module, line)


def changing(folder: Path, module: str, name: str) -> dict[str, str]:
    """Return an environment in which a name of a package has other parameters."""
    folder.joinpath("sitecustomize.py").write_text(CHANGED.format(module=module, name=name))
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize(
    ("module", "name", "command"),
    [
        pytest.param(
            "psycopg", "AsyncConnection._connect_gen", ["-m", "hunt", "hunts"], id="command"
        ),
        pytest.param(
            "hypercorn.protocol.h11", "H11Protocol._create_stream",
            ["-m", "hunt", "serve", "--bind", "127.0.0.1:{port}", "--processes", "1"],
            id="hunt serve",
        ),
        pytest.param(
            "hypercorn.protocol.h11", "H11Protocol._create_stream", HYPERCORN, id="hypercorn"
        ),
        pytest.param(
            "psycopg", "AsyncConnection._connect_gen", HYPERCORN, id="hypercorn, another psycopg"
        ),
    ],
)  # fmt: skip
async def test_start_with_a_changed_package_ends_with_one_sentence(
    module: str, name: str, command: list[str], database: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database, "JWT_SECRET": "s" * 32, "DATA_DIR": str(tmp_path)}
    env = environment({f"HUNT_{name}": value for name, value in settings.items()})
    with trio.fail_after(60):
        done = await trio.run_process(
            [sys.executable, *(each.format(port=free_port()) for each in command)],
            env=env | changing(tmp_path, module, name), check=False,
            capture_stdout=True, capture_stderr=True,
        )  # fmt: skip
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert "Traceback" not in said
    assert said.count("is not compatible with hunt, which uses") == 1, said
    assert f"(self, request, deadline): install '{module.partition('.')[0]}==" in said


def test_fault_is_an_error_of_the_settings() -> None:
    assert issubclass(SettingsError, HuntError), "commands then end with status 2"
