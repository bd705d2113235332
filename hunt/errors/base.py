"""The base of all errors, and errors of the files and settings that hunt reads."""

from __future__ import annotations

from collections.abc import Mapping


class HuntError(Exception):
    """Base of every error that hunt raises on purpose."""


class SettingsError(HuntError):
    """The settings do not describe a server that can run."""


class KeysError(HuntError):
    """Public keys cannot be read; the message is the end of "FILE cannot be used: ..."."""


class SealError(HuntError):
    """Encrypted data of the database cannot be read, or not be encrypted: a key is missing."""


class ProofError(HuntError):
    """A bundle does not prove its hunt; names the first failure."""


class DefinitionError(HuntError):
    """A hunt file does not describe a hunt."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {wrong}" for field, wrong in errors.items()))
        self.errors = dict(errors)  #: field -> error message
