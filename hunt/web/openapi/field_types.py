"""Types of single fields in the JSON bodies of the API."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Id = Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$", examples=["harbour"])]
Player = Annotated[str, Meta(pattern="^[A-Za-z0-9_.:-]{1,64}$", examples=["ada"])]
Uuid = Annotated[
    str,
    Meta(
        pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        examples=["0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"],
    ),
]
File = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]+$")]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Seq = Annotated[int, Meta(ge=1, lt=10**18)]
NonNegative = Annotated[int, Meta(ge=0)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Length = Annotated[float, Meta(gt=0)]
BanId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
EntryId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
State = Literal["waiting", "open", "paused", "closing", "closed"]
