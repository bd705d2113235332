"""Requests to a time stamping authority, and checks of its signatures with openssl."""

from __future__ import annotations

import http.client
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from hunt.core import timestamp
from hunt.errors import HuntError, ProofError
from hunt.plurals import plural

#: Seconds for the connection and for each read of the answer.
TIMEOUT = 10.0


def ask(url: str, query: bytes) -> bytes:
    """Return the answer of an authority to a query.

    Raises:
        HuntError: The URL is not valid, or the authority did not return a timestamp.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise HuntError(f"--authority: {url!r} is not an http or https URL")
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/timestamp-query", "Connection": "close"}
    connection = kind(parts.netloc, timeout=TIMEOUT)
    try:
        connection.request("POST", path, query, headers)
        answer = connection.getresponse()
        found = answer.read(timestamp.LARGEST + 1)
    except (OSError, http.client.HTTPException) as error:
        said = str(error) or type(error).__name__
        raise HuntError(f"{url}: no answer ({said}); try again later") from error
    finally:
        connection.close()
    if answer.status != 200 or len(found) > timestamp.LARGEST:
        most = timestamp.LARGEST
        size = f"more than {most} bytes" if len(found) > most else plural(len(found), "byte")
        raise HuntError(
            f"{url}: answered {answer.status} with {size}, which is not a timestamp; "
            "check the address"
        )
    return found


def check(token: bytes, head: str, at: datetime, authorities: Path) -> None:
    """Check the signature of a timestamp.

    Args:
        token: Answer of an authority, in DER.
        head: 64 hex digits.
        at: Time in the token; certificates must have been valid then.
        authorities: Certificates of trusted authorities, in PEM.

    Raises:
        ProofError: The signature is not valid.
        HuntError: openssl is not installed.
    """
    with tempfile.NamedTemporaryFile(suffix=".tsr") as file:
        file.write(token)
        file.flush()
        command = [
            "openssl", "ts", "-verify", "-digest", timestamp.digest(head).hex(),
            "-in", file.name, "-CAfile", str(authorities), "-attime", str(int(at.timestamp())),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise HuntError("openssl: not found: install it, or leave out --authorities") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise ProofError(f"its signature is not valid: {said[0]}")
