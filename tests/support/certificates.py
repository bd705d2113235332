"""A certificate for 127.0.0.1, and clients that trust it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import trustme

HOST = "127.0.0.1"


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


@cache
def _certificate() -> trustme.LeafCert:
    return _authority().issue_cert(HOST)


@contextmanager
def written() -> Iterator[tuple[str, str]]:
    """Yield the paths of a certificate file and a key file, which exist for the block."""
    with tempfile.TemporaryDirectory(prefix="hunt-test-") as folder:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        _certificate().cert_chain_pems[0].write_to_path(certificate)
        _certificate().private_key_pem.write_to_path(key)
        yield str(certificate), str(key)


def client(*protocols: str | None) -> ssl.SSLContext:
    """Return a client context that trusts the certificate and offers `protocols` (ALPN)."""
    # Without the machine's own authorities, whose loading takes 20 milliseconds.
    context = ssl.create_default_context(cadata=_authority().cert_pem.bytes().decode("ascii"))
    if offered := [each for each in protocols if each is not None]:
        context.set_alpn_protocols(offered)
    return context


def write_authority(path: Path) -> None:
    """Write the certificate of the authority to a file."""
    _authority().cert_pem.write_to_path(path)
