"""The token secret of the data folder: made once, atomically, and long enough."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hunt.embedded.token_secret import LEAST, jwt_secret
from hunt.errors import SettingsError


def test_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    secret = jwt_secret(folder)
    assert len(secret) >= LEAST
    assert jwt_secret(folder) == secret
    assert stat.S_IMODE((folder / "jwt_secret").stat().st_mode) == 0o600
    assert os.listdir(folder) == ["jwt_secret"]
    assert jwt_secret(tmp_path / "other") != secret


def test_concurrent_first_uses_get_the_same_secret(tmp_path: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(16)

    def use() -> None:
        start.wait()
        found.append(jwt_secret(tmp_path))

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert os.listdir(tmp_path) == ["jwt_secret"]


def test_secret_is_durable_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def seen_fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            done.append("folder")
        else:
            assert os.fstat(fd).st_size >= LEAST, "all of it was written"
            done.append("file")
        fsync(fd)

    def seen_link(source: str, target: str) -> None:
        done.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "link", seen_link)
    jwt_secret(tmp_path)
    assert done == ["file", "link", "folder"]


def test_unfinished_secret_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SettingsError, match=r"jwt_secret: .*No space left"):
            jwt_secret(tmp_path)
    assert os.listdir(tmp_path) == []
    assert len(jwt_secret(tmp_path)) >= LEAST


def written(content: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)
        path.chmod(mode)

    return write


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (written(b""), "has 0 bytes"),
        (written(b"short"), "has 5 bytes"),
        (written(b"x" * (LEAST - 1) + b" \n\n"), f"has {LEAST - 1} bytes"),
        (written(b"x" * 64, 0o644), r"mode 0644.*chmod 600"),
        (written(b"x" * 64, 0o620), r"mode 0620"),
        (lambda path: path.mkdir(), "cannot be made or read"),
    ],
)
def test_unsafe_secret_is_refused_in_one_sentence(
    tmp_path: Path, prepare: Callable[[Path], None], problem: str
) -> None:
    prepare(path := tmp_path / "jwt_secret")
    with pytest.raises(SettingsError, match=problem) as refused:
        jwt_secret(tmp_path)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path}: ")
    assert "xxxx" not in sentence
    assert "\n" not in sentence


def test_secret_of_the_minimum_length_is_accepted(tmp_path: Path) -> None:
    written(b"x" * LEAST + b"\n")(tmp_path / "jwt_secret")
    assert jwt_secret(tmp_path) == b"x" * LEAST
