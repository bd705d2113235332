from __future__ import annotations

import time
from pathlib import Path

import pytest

from hunt.core.tokens import OWN, Identity
from hunt.errors import SettingsError
from hunt.service.keyring import open_tokens
from hunt.settings import Settings
from tests.support import forged_tokens as forge

SECRET = b"s" * 32


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"jwt_algorithms": ("RS256",)},
            "there is no key: set one of HUNT_JWT_KEY_FILE, HUNT_JWKS_FILE, HUNT_JWKS_URL",
        ),
        ({"jwks_url": "https://a.example"}, "add RS256"),
        (
            {"jwt_algorithms": ("RS256",), "jwks_file": Path("/nowhere")},
            "HUNT_JWKS_FILE: /nowhere cannot be read",
        ),
        (
            {"jwt_algorithms": ("RS256",), "jwt_key_file": Path(__file__)},
            "HUNT_JWT_KEY_FILE: .* cannot be used: .*no public key",
        ),
        (
            {"jwks_url": "https://a.example", "jwt_key_file": Path("/nowhere")},
            "HUNT_JWT_KEY_FILE and HUNT_JWKS_URL are set",
        ),
        (
            {"jwks_url": "https://a.example", "jwks_file": Path("/nowhere")},
            "HUNT_JWKS_FILE and HUNT_JWKS_URL are set",
        ),
        ({"jwt_key_file": Path("/nowhere")}, "HUNT_JWT_KEY_FILE is set, but"),
        ({"jwt_algorithms": (OWN, "RS256")}, "HUNT_JWT_ALGORITHMS has RS256"),
    ],
)
def test_contradictory_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_tokens(Settings(jwt_secret=(SECRET,), **options), clock=time.time)  # type: ignore[arg-type]


def test_tokens_are_verified_by_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(forge.pem(forge.private("ES256")))
    named: list[Identity] = []
    tokens = open_tokens(
        Settings(
            jwt_secret=(forge.SECRET, forge.OLD),
            jwt_algorithms=("ES256", OWN),
            jwt_key_file=file,
            jwt_issuer="https://a.example",
        ),
        clock=lambda: forge.NOW,
        named=named.append,
    )
    assert not tokens.waiting
    issued = {"iss": "https://a.example", "name": "Ada"}
    identity = tokens.verify(forge.signed("ES256", **issued), "bearer")
    assert identity.player == "ada"
    assert named == [identity]
    assert forge.refused(tokens, forge.signed("ES256", iss="https://b.example"))
    assert not forge.refused(tokens, forge.own(forge.OLD))
    assert not forge.refused(tokens, forge.own(forge.SECRET))
    assert forge.refused(tokens, forge.signed("EdDSA", **issued))


def test_unknown_key_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(forge.key_set(("ES256", 0)))
    unknown: list[None] = []
    tokens = open_tokens(
        Settings(jwt_secret=(SECRET,), jwt_algorithms=("ES256",), jwks_file=file),
        clock=lambda: forge.NOW,
        unknown=lambda: unknown.append(None),
    )
    assert not forge.refused(tokens, forge.signed("ES256"))
    assert not unknown
    assert forge.refused(tokens, forge.signed("ES256", kid="other"))
    assert unknown == [None]


def test_keys_at_a_url_are_awaited() -> None:
    given = Settings(
        jwt_secret=(SECRET,), jwt_algorithms=("ES256",), jwks_url="https://a.example/keys"
    )
    assert open_tokens(given, clock=time.time).waiting
    assert not open_tokens(Settings(jwt_secret=(SECRET,)), clock=time.time).waiting
