"""Every error that hunt raises on purpose, in one module for each place that raises it."""

from __future__ import annotations

from hunt.errors.base import (
    DefinitionError,
    HuntError,
    KeysError,
    ProofError,
    SealError,
    SettingsError,
)
from hunt.errors.client import (
    Denied,
    Unconfirmed,
    Unreachable,
)
from hunt.errors.refusals import (
    Banned,
    BanNotFound,
    ChallengeFailed,
    ChallengeRequired,
    ChallengeUnavailable,
    CircuitOpen,
    ClaimRefused,
    ClickConflict,
    ClickRejected,
    Draining,
    EntryNotFound,
    HuntNotFound,
    HuntNotOpen,
    HuntUnavailable,
    Inaccurate,
    InvalidRequest,
    NameRefused,
    NoAttempts,
    NoGuests,
    NotAllowed,
    NotAuthenticated,
    OutcomeUnknown,
    Overloaded,
    QueueFull,
    Refused,
    RewardNotFound,
    RewardsUnchanged,
    TooFar,
    TooFast,
    UnsupportedType,
    WebhookNotFound,
    WrongState,
)
from hunt.errors.store import (
    BatchRejected,
    BatchTimeout,
    ConnectTimeout,
    HuntFailed,
    LogWentBack,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreSlow,
    StoreTimeout,
    StoreUnavailable,
)

__all__ = [
    "BanNotFound", "Banned", "BatchRejected", "BatchTimeout", "ChallengeFailed",
    "ChallengeRequired", "ChallengeUnavailable", "CircuitOpen", "ClaimRefused", "ClickConflict",
    "ClickRejected", "ConnectTimeout", "DefinitionError", "Denied", "Draining", "EntryNotFound",
    "HuntError", "HuntFailed", "HuntNotFound", "HuntNotOpen", "HuntUnavailable", "Inaccurate",
    "InvalidRequest", "KeysError", "LogWentBack", "NameRefused", "NoAttempts", "NoGuests",
    "NotAllowed", "NotAuthenticated", "OutcomeUnknown", "Overloaded", "ProofError", "QueueFull",
    "Refused", "RewardNotFound", "RewardsUnchanged", "SealError", "SettingsError",
    "StoreConflict", "StoreError", "StoreLost", "StoreReadOnly", "StoreSlow", "StoreTimeout",
    "StoreUnavailable", "TooFar", "TooFast", "Unconfirmed", "Unreachable", "UnsupportedType",
    "WebhookNotFound", "WrongState",
]  # fmt: skip
