"""The verification of a bundle, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from hunt.core import bundle
from hunt.core.bundle_check import Report, check
from hunt.errors import HuntError, ProofError

LIMITS = """\
Compare the hash of the first seal with the one that you saved before the hunt opened, and the
heads with those that you or others kept. This shows that the log follows from what was sealed.
It does not show that nobody knew the seed: see the second share in docs/reference/proof.md."""


def verified(path: Path, receipts: Path | None, *, as_json: bool) -> str:
    """Return the report of a bundle.

    Raises:
        ProofError: Names the first failure.
        HuntError: A file cannot be read.
    """
    try:
        told = [] if receipts is None else list(_receipts(receipts))
        report = check(bundle.read(path), told)
    except OSError as exc:
        raise HuntError(f"{exc.filename or path}: cannot be read ({exc.strerror})") from None
    except ProofError as exc:
        raise ProofError(f"{path}: {exc}") from None
    if as_json:
        return json.dumps(msgspec.to_builtins(report) | {"receipts": len(told)})
    return f"{_text(report, len(told))}\n{LIMITS}"


def _receipts(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the answers in a file; those without a receipt prove nothing, and are refused."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            found = decode(line)
            told = found["receipt"]
            int(found["seq"]), int(told["upto"]), str(told["head"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            raise HuntError(
                f"{path}: line {number} is not the answer to a click with its receipt"
            ) from None
        yield found


def _text(report: Report, receipts: int) -> str:
    lines = [
        f"hunt {report.hunt}: the bundle is right",
        *(f"seal {number}: {each}" for number, each in enumerate(report.seals, 1)),
        f"{report.rows} clicks and {report.rewards} rewards, as seed and rules give them",
        f"{report.heads} published heads, and the last head {report.head}, as the chain gives them",
    ]
    if report.codes:
        lines.append(f"{report.codes} codes, as they were sealed")
    if report.voids:
        lines.append(f"{report.voids} rewards were declared void before the end")
    if report.erased:
        lines.append(f"{report.erased} clicks of erased players: only their place in the chain")
    if receipts:
        lines.append(f"{receipts} receipts agree with the log")
    return "\n".join(lines)
