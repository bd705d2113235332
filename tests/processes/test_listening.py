from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hunt.errors import HuntError
from hunt.processes import listening
from hunt.processes.listening import is_abandoned, unix_listener


def test_socket_of_a_killed_server_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    assert not is_abandoned(path), "there is none"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(path)
    assert is_abandoned(path)
    with unix_listener(path):
        assert not is_abandoned(path)
        with pytest.raises(OSError, match="in use"), unix_listener(path):
            pass
    assert not os.path.lexists(path)


def test_file_that_is_no_socket_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    assert not is_abandoned(str(path))
    with pytest.raises(OSError, match="in use"), unix_listener(str(path)):
        pass
    assert path.read_text() == "kept"


async def test_address_in_use_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "ADDRESS_TIMEOUT", 0.1)
    async with listening.listening(["127.0.0.1:0"]) as [sock]:
        address = listening.name_of(sock)
        assert listening.url(sock) == f"http://{address}"
        with pytest.raises(HuntError, match=f"cannot listen on {address}: Address already in use"):
            async with listening.listening([address]):
                pass


def test_backlog_is_set_on_every_listening_socket() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(1)
        assert listening.name_of(sock) in listening.set_backlog()
