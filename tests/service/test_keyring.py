from __future__ import annotations

import time
from pathlib import Path

import pytest

from hunt.errors import SettingsError
from hunt.service.keyring import open_tokens
from hunt.settings import Settings

SECRET = b"s" * 32


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"jwt_algorithms": ("RS256",)}, "there is no key"),
        ({"jwks_url": "https://a.example"}, "add RS256"),
        ({"jwt_algorithms": ("RS256",), "jwks_file": Path("/nowhere")}, "cannot be read"),
        ({"jwt_algorithms": ("RS256",), "jwt_key_file": Path(__file__)}, "no public key"),
        (
            {"jwks_url": "https://a.example", "jwt_key_file": Path("/nowhere")},
            "HUNT_JWT_KEY_FILE and HUNT_JWKS_URL are set",
        ),
    ],
)
def test_contradictory_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_tokens(Settings(jwt_secret=(SECRET,), **options), clock=time.time)  # type: ignore[arg-type]
