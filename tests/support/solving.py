"""The answer to a proof of work, as a client finds it."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any


def solve(puzzle: dict[str, Any], **changed: Any) -> str:
    """Return the answer; `changed` members replace the right ones."""
    number = next(
        each
        for each in range(puzzle["maxnumber"] + 1)
        if sha256(f"{puzzle['salt']}{each}".encode()).hexdigest() == puzzle["challenge"]
    )
    kept = {name: puzzle[name] for name in ("algorithm", "challenge", "salt", "signature")}
    return encoded(kept | {"number": number} | changed)


def encoded(answer: object) -> str:
    return b64encode(json.dumps(answer).encode()).decode()
