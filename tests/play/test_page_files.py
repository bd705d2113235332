"""Tests of the files of the pages of hunts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunt.core.page import Page
from hunt.core.proxies import Peer
from hunt.play import page_files
from hunt.play.look import look
from hunt.play.page_files import PageFiles
from hunt.play.request import build

PEER = Peer("192.0.2.1", trusted=False, key="192.0.2.1")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
BEGINNINGS = {
    "a.png": PNG,
    "a.jpg": b"\xff\xd8\xff\xe0",
    "a.jpeg": b"\xff\xd8\xff\xe0",
    "a.webp": b"RIFF0000WEBP",
    "a.avif": b"0000ftypavif",
    "a.svg": SVG,
}


def test_file_is_served_for_ever_under_a_name_with_its_hash(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    files = PageFiles(tmp_path)
    address = files.address("logo.svg")
    assert address is not None
    assert address.startswith("/static/-/logo.")
    reply = files.resources[address].peek(build("", [], "", scheme="http"), PEER)
    assert reply is not None
    headers = dict(reply.headers)
    assert reply.body == SVG
    assert headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert headers["Content-Security-Policy"].endswith("; sandbox")
    (tmp_path / "logo.svg").write_bytes(SVG + b" ")
    assert PageFiles(tmp_path).address("logo.svg") not in {None, address}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_content_must_be_that_of_the_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BEGINNINGS[name])
    assert PageFiles(tmp_path).address(name)
    (tmp_path / name).write_bytes(b"<html><script>")
    assert PageFiles(tmp_path).address(name) is None


def test_svg_with_entities_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_bytes(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG)
    assert not PageFiles(tmp_path).resources


def test_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "..data").mkdir()
    (folder / "..data" / "real.png").write_bytes(PNG)
    (folder / "secret.png").symlink_to(tmp_path / "secret.png")
    (folder / "logo.png").symlink_to("..data/real.png")  # as in a volume of Kubernetes
    (folder / "gone.png").symlink_to(tmp_path / "gone.png")
    (folder / "index.html").write_bytes(b"<svg")
    (folder / ".hidden.png").write_bytes(PNG)
    files = PageFiles(folder)
    assert files.address("logo.png")
    assert len(files.resources) == 1


def test_sizes_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_files, "MAX_FILE", 100)
    monkeypatch.setattr(page_files, "MAX_ALL", 150)
    (tmp_path / "a.png").write_bytes(PNG + b"0" * 60)
    (tmp_path / "b.png").write_bytes(PNG + b"0" * 73)
    (tmp_path / "c.png").write_bytes(PNG + b"0" * 60)
    files = PageFiles(tmp_path)
    assert files.address("a.png")
    assert not files.address("b.png")
    assert not files.address("c.png")


def test_missing_folder_has_no_files(tmp_path: Path) -> None:
    assert not PageFiles(tmp_path / "nowhere").resources
    assert not PageFiles(None).resources


def test_look_leaves_a_missing_file_out(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    files = PageFiles(tmp_path)
    found = look(Page(logo="logo.svg", background="gone.webp"), files.address, prizes=())
    assert found["logo"] == files.address("logo.svg")
    assert "background" not in found
