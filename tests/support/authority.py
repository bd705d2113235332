"""A local time stamping authority (RFC 3161), made by ``openssl ts``."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256
signer_digest = sha256
accuracy = secs:1
"""

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def _openssl(*arguments: object, folder: Path) -> None:
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


class Authority:
    """The keys of an authority.

    Args:
        folder: Folder of the keys; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.certificate = folder / "ca.pem"  #: to trust it
        self.url = ""
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        _openssl(
            "req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Root",
            folder=folder,
        )  # fmt: skip
        _openssl(
            "req", "-x509", *_KEY, "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "tsa.key",
            "-out", "tsa.pem", "-subj", "/CN=Clock", "-addext",
            "extendedKeyUsage=critical,timeStamping", folder=folder,
        )  # fmt: skip

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a query."""
        (self.folder / "query").write_bytes(query)
        _openssl(
            "ts", "-reply", "-config", "tsa.cnf", "-section", "one", "-queryfile", "query",
            "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "answer", folder=self.folder,
        )  # fmt: skip
        return (self.folder / "answer").read_bytes()

    @contextmanager
    def serving(self, *, status: int = 200, replies: bytes | None = None) -> Iterator[str]:
        """Answer queries at the URL that is yielded.

        Args:
            status: The status of each answer.
            replies: Its content; None: a timestamp.
        """

        def answer(query: bytes) -> bytes:
            return self.answer(query) if replies is None else replies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                found = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                self.wfile.write(found)

            def log_message(self, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/tsr"
            finally:
                server.shutdown()
                thread.join()
