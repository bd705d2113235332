from __future__ import annotations

import socket
from pathlib import Path

from hunt.processes.channel import Channel
from hunt.processes.listening import BACKLOG
from hunt.processes.messages import Order
from hunt.processes.node_client import NodeClient
from hunt.processes.worker_main import WorkerSlot, hypercorn_config
from hunt.settings import Settings


def test_hypercorn_gets_the_configuration_that_hunt_needs() -> None:
    order = Order(settings=Settings(), number=1, own_socket=None, hang_timeout=10.0)
    config = hypercorn_config(order, [5, 7])
    assert config.bind == ["fd://5", "fd://7"]
    assert config.read_timeout is None, "else it ends streams of silent clients"
    assert config.websocket_max_message_size == 4096
    assert config.backlog == BACKLOG
    assert config.graceful_timeout == order.settings.drain_timeout


async def test_siblings_are_the_other_sockets_of_the_same_server(tmp_path: Path) -> None:
    for name in ("ab12-1", "ab12-2", "ab12-10", "ab12.control", "cd34-1"):
        (tmp_path / name).touch()
    ours, theirs = socket.socketpair()
    with theirs:
        channel = Channel(ours)
        slot = WorkerSlot(2, tmp_path / "ab12-2", NodeClient(channel))
        assert slot.siblings() == [tmp_path / "ab12-1", tmp_path / "ab12-10"]
        assert WorkerSlot(1, None, slot.node).siblings() == []
        channel.close()
