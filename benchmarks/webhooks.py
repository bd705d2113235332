"""The rate of one webhook: requests to a receiver on this machine, one after the other.

    python -m benchmarks.webhooks [--events 2000] [--delay 0]

The receiver runs in a process of its own and answers after `--delay` seconds.  CPU is that of
the sender, in milliseconds for each event.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import trio

sys.path.insert(0, str(Path(__file__).parents[1]))

from hunt.core.addresses import network
from hunt.core.log_event import LogEvent, event_json
from hunt.core.webhook_signature import new_secret
from hunt.service.webhook_sender import open_sender

RECEIVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for each answer
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(float(sys.argv[1]))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
"""


async def measure(url: str, events: int) -> tuple[float, float]:
    """Return events per second, and milliseconds of CPU for each."""
    at = datetime.now(UTC)
    secret = new_secret(lambda size: b"k" * size)
    async with open_sender(url, [network("127.0.0.0/8")], clock=time.time) as sender:
        for seq in range(1, events + 101):
            if seq == 101:  # after a warm-up
                began, used = time.perf_counter(), time.process_time()
            event = LogEvent(seq, "0b0e7a3c", "ada", "coin", 5, at, 12.5, 3.0, "k1")
            answer = await sender.send(event.event_id, event_json("harbour", event), [secret])
            assert answer.delivered, answer
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    return events / seconds, 1000 * cpu / events


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds until each answer")
    options = parser.parse_args()
    command = [sys.executable, "-c", RECEIVER, str(options.delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        url = f"http://127.0.0.1:{receiver.stdout.readline().strip()}/"
        try:
            rate, cpu = trio.run(measure, url, options.events)
        finally:
            receiver.kill()
    print(f"{rate:.0f} events/s, {cpu:.2f} ms of CPU for each")


if __name__ == "__main__":
    main()
