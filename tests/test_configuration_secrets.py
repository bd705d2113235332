"""A secret in any setting, in any shape, appears in no output."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from hunt.configuration import load, masked
from hunt.errors import SettingsError
from hunt.settings import CONNECTIONS, DECLARATIONS, SECRETS, Settings
from tests.support.connection_strings import MALFORMED, SECRET

FIELDS = list(DECLARATIONS)

#: Well-formed connection strings, and values of other settings, besides the malformed strings.
SHAPES = [
    *MALFORMED,
    f"postgresql://hunt:{SECRET}@db/hunt",
    f"postgresql://db/hunt?password={SECRET}",
    f"host=db user={SECRET} password={SECRET}",
    f"https://user:{SECRET}@id.example/keys",
    f"https://{SECRET}@id.example/keys?key={SECRET}#{SECRET}",
    f"http://localhost:{SECRET}@evil.example/",
    f"https://[{SECRET}",
    f"127.0.0.1:8000@{SECRET}",
    f"{SECRET}\x00",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n",
    f"{SECRET},{SECRET * 4}",
]

#: Paths, and the name of an issuer: any text is well-formed, and is there to be shown.
#: A bare word is also the name of a host, and a public key.
SHOWN = {
    "pages_dir",
    "name_words",
    "data_dir",
    "jwt_key_file",
    "jwks_file",
    "jwt_issuer",
    "challenge_site_key",
}


def quotes(text: object) -> bool:
    return any(part in str(text) for part in ("hush1", "hush2"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("field", FIELDS)
def test_no_setting_shows_a_secret(field: str, shape: str, tmp_path: Path) -> None:
    variable = f"HUNT_{field.upper()}"
    file = tmp_path / "settings.toml"
    quoted = "".join(f"\\U{ord(each):08x}" if ord(each) < 0xD800 else "?" for each in shape)
    file.write_text(f'{field} = "{quoted}"\n')
    environs = [{variable: shape}]
    if field in SECRETS:
        secret = tmp_path / "secret"
        secret.write_bytes(shape.encode(errors="replace"))
        environs += [{f"{variable}_FILE": str(secret)}, {f"{variable}_FILE": shape}]
    for environ, config in [*((each, None) for each in environs), ({}, file)]:
        shown: list[object] = []
        try:
            settings = load(environ, config=config, cwd=tmp_path).settings
        except SettingsError as error:
            shown += [error, repr(error)]
            assert "\n" not in str(error)
        else:
            shown += [repr(settings)]
            plain = field in SHOWN and not any(each in shape for each in ("://", "-----"))
            shown += [
                text for name, text in masked(settings).items() if not (plain and name == field)
            ]
            if plain and field != "jwt_issuer":
                shown.remove(repr(settings))
        assert not any(quotes(each) for each in shown), shown


@pytest.mark.parametrize("field", FIELDS)
def test_misspelled_setting_shows_no_secret(field: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'"{field} postgresql://hunt:{SECRET}@db" = 1\n')
    with pytest.raises(SettingsError, match=r"a name in .* is not a setting") as error:
        load({}, config=file, cwd=tmp_path)
    assert not quotes(error.value)
    with suppress(SettingsError):
        load({f"HUNT_{field.upper()} {SECRET}": "1"}, cwd=tmp_path)
        pytest.fail("it was taken")


def test_connection_strings_are_shown_without_user_and_password() -> None:
    settings = Settings(
        database_url=f"host=db.example dbname=hunt user={SECRET} password={SECRET}",
        listen_dsn=f"postgresql://{SECRET}:{SECRET}@db.example:6432/hunt?password={SECRET}",
        jwks_url=f"https://user:{SECRET}@id.example:8443/keys?key={SECRET}",
    )
    shown = masked(settings)
    assert shown["database_url"].startswith("db.example/hunt ")
    assert shown["listen_dsn"].startswith("db.example:6432/hunt ")
    assert shown["jwks_url"] == "https://***@id.example:8443/keys?***"
    assert {"database_url", "listen_dsn"} == CONNECTIONS
    assert not quotes(shown)
