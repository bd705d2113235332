"""The verification of a bundle, as text or JSON."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hunt.cli import authority
from hunt.core import bundle, timestamp
from hunt.core.bundle_check import Report, check
from hunt.errors import HuntError, ProofError
from hunt.plurals import plural

LIMITS = """\
Compare the hash of the first seal with the one that you saved before the hunt opened, and the
heads with those that you or others kept. This shows that the log follows from what was sealed.
It does not show that nobody knew the seed: see the second share in docs/reference/proof.md."""


class Times(Struct, frozen=True):
    """The timestamps in a bundle."""

    count: int = 0
    checked: bool = False  #: whether their signatures were checked
    lead: float = 0.0  #: largest lead, in seconds, of the database's clock over the authority's


def verified(path: Path, receipts: Path | None, authorities: Path | None, *, as_json: bool) -> str:
    """Return the report of a bundle.

    Args:
        path: The bundle.
        receipts: Answers to clicks, as JSON lines; None: there are none.
        authorities: Certificates of trusted authorities, in PEM; None: signatures are not checked.
        as_json: Whether the report is JSON.

    Raises:
        ProofError: Names the first failure.
        HuntError: A file cannot be read.
    """
    try:
        told = [] if receipts is None else list(_receipts(receipts))
        heads: list[bundle.Head] = []
        report = check(_kept(bundle.read(path), heads), told)
        times = _times(heads, authorities)
    except OSError as exc:
        raise HuntError(f"{exc.filename or path}: cannot be read ({exc.strerror})") from None
    except ProofError as exc:
        raise ProofError(f"{path}: {exc}") from None
    if as_json:
        return json.dumps(
            msgspec.to_builtins(report)
            | {"receipts": len(told), "timestamps": msgspec.to_builtins(times)}
        )
    return f"{_text(report, len(told), times)}\n{LIMITS}"


def _kept(lines: Iterable[bundle.Line], heads: list[bundle.Head]) -> Iterator[bundle.Line]:
    """Yield lines; keep the heads that have a timestamp."""
    for line in lines:
        if isinstance(line, bundle.Head) and line.timestamp is not None:
            heads.append(line)
        yield line


def _times(heads: Sequence[bundle.Head], authorities: Path | None) -> Times:
    """Check the timestamps of heads, and their signatures if there are authorities."""
    lead = 0.0
    for each in heads:
        try:
            token = b64decode(each.timestamp or "", validate=True)
            at = timestamp.stamped_at(token, each.head)
            if authorities is not None:
                authority.check(token, each.head, at, authorities)
            lead = max(lead, (datetime.fromisoformat(each.at) - at).total_seconds())
        except (ProofError, ValueError) as exc:
            raise ProofError(f"the timestamp of the head after row {each.seq}: {exc}") from None
    return Times(len(heads), authorities is not None, lead)


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


def _text(report: Report, receipts: int, times: Times) -> str:
    lines = [
        f"hunt {report.hunt}: the bundle is right",
        *(f"seal {number}: {each}" for number, each in enumerate(report.seals, 1)),
        f"{plural(report.rows, 'click')} and {plural(report.rewards, 'reward')}, "
        "as seed and rules give them",
        f"{plural(report.heads, 'published head')}, and the last head {report.head}, "
        "as the chain gives them",
    ]
    if report.codes:
        lines.append(plural(report.codes, "code, as it was sealed", "codes, as they were sealed"))
    if report.voids:
        lines.append(
            f"{plural(report.voids, 'reward was', 'rewards were')} declared void before the end"
        )
    if report.erased:
        lines.append(
            f"{plural(report.erased, 'click')} of erased players: only the place in the chain"
        )
    if receipts:
        lines.append(f"{plural(receipts, 'receipt agrees', 'receipts agree')} with the log")
    if times.count:
        signed = "their signatures are valid" if times.checked else "signatures not checked"
        lines.append(
            f"{plural(times.count, 'head was', 'heads were')} stamped by an authority "
            f"({signed}); the database's clock was ahead of it by at most {times.lead:.1f} s"
        )
        if not times.checked:
            lines.append("to check the signatures, give its certificate with --authorities")
    return "\n".join(lines)
