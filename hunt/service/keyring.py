"""The verifier of tokens, made from the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hunt.core.keys import Key, from_jwks, from_pem
from hunt.core.token_verifier import TokenVerifier
from hunt.core.tokens import OWN, Identity
from hunt.errors import KeysError, SettingsError
from hunt.settings import Settings


def open_tokens(
    settings: Settings,
    *,
    clock: Callable[[], float],
    unknown: Callable[[], None] = lambda: None,
    named: Callable[[Identity], None] = lambda _: None,
) -> TokenVerifier:
    """Return the verifier of tokens; a key set at a URL is not fetched yet.

    Args:
        settings: Secrets, algorithms and keys.
        clock: Unix time, in seconds.
        unknown: As for `TokenVerifier`.
        named: As for `TokenVerifier`.

    Raises:
        SettingsError: Settings contradict each other, or a file cannot be used.
    """
    foreign = [each for each in settings.jwt_algorithms if each != OWN]
    sources = {
        "HUNT_JWT_KEY_FILE": settings.jwt_key_file,
        "HUNT_JWKS_FILE": settings.jwks_file,
        "HUNT_JWKS_URL": settings.jwks_url,
    }
    given = [name for name, value in sources.items() if value is not None]
    if len(given) > 1:
        raise SettingsError(f"{' and '.join(given)} are set: keep one")
    if given and not foreign:
        raise SettingsError(
            f"{given[0]} is set, but HUNT_JWT_ALGORITHMS is {OWN}: "
            "add RS256, ES256 or EdDSA, whichever the keys are for"
        )
    if foreign and not given:
        raise SettingsError(
            f"HUNT_JWT_ALGORITHMS has {foreign[0]}, for which there is no key: "
            f"set one of {', '.join(sources)}"
        )
    keys: list[Key] | None = []
    if settings.jwt_key_file is not None:
        keys = _read(given[0], settings.jwt_key_file, lambda content: from_pem(content.decode()))
    elif settings.jwks_file is not None:
        keys = _read(given[0], settings.jwks_file, from_jwks)
    elif settings.jwks_url is not None:
        keys = None
    return TokenVerifier(
        settings.jwt_secret,
        clock=clock,
        algorithms=settings.jwt_algorithms,
        keys=keys,
        issuer=settings.jwt_issuer,
        unknown=unknown,
        named=named,
    )


def _read(name: str, path: Path, parse: Callable[[bytes], list[Key]]) -> list[Key]:
    try:
        return parse(path.read_bytes())
    except OSError as exc:
        raise SettingsError(f"{name}: {path} cannot be read: {exc.strerror}") from None
    except (KeysError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{name}: {path} cannot be used: {exc}") from None
