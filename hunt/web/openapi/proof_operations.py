"""The operations of proofs."""

from __future__ import annotations

from hunt.web.openapi import proof_schemas as schemas
from hunt.web.openapi.operation import LIMIT, PLAYER, STRING, Operation, Response, integer

_PROOF = "/v1/hunts/{hunt}/proof"

PUBLIC = (
    Operation(
        name="proof", method="GET", path=_PROOF, tag="reading",
        summary="Get the seals of a hunt, and the present head of its hash chain.",
        responses=(Response(body=schemas.Proof),), errors=(404, 503),
    ),
    Operation(
        name="proof_heads", method="GET", path=f"{_PROOF}/heads", tag="reading",
        summary="List the heads that were published while the hunt was open, in pages.",
        responses=(Response(body=schemas.HeadPage),), errors=(400, 404, 503),
        parameters=(integer("after", 0, 2**62, "Only heads with a greater `seq`."), LIMIT),
    ),
    Operation(
        name="proof_own", method="GET", path=f"{_PROOF}/own", tag="reading",
        summary="Get the player's pseudonym, and what shows that the player's codes were sealed.",
        responses=(Response(body=schemas.OwnProof),), errors=(401, 403, 404, 503),
        security=PLAYER,
    ),
    Operation(
        name="proof_bundle", method="GET", path=f"{_PROOF}/bundle", tag="reading",
        summary="Download the bundle of a hunt that has ended: JSON Lines, compressed with gzip.",
        responses=(Response(body=STRING, mimetype="application/gzip"),), errors=(404, 409, 503),
    ),
)  # fmt: skip
