from __future__ import annotations

import base64
from pathlib import Path

import pytest

from hunt.configuration import load, masked
from hunt.errors import SettingsError
from hunt.processes.messages import Order, decode_order, encode
from hunt.settings import Settings

SECRET = "s" * 32
DATA_KEY = base64.b64encode(b"k" * 32).decode()


def test_flag_precedes_environment_file_and_default(
    tmp_path: Path,
) -> None:
    (tmp_path / "hunt.toml").write_text("batch_size = 1\nqueue_size = 2\npool_size = 3\n")
    environ = {"HUNT_BATCH_SIZE": "10", "HUNT_QUEUE_SIZE": "20", "PATH": "/bin"}
    loaded = load(environ, flags={"batch_size": 100, "bind": None}, cwd=tmp_path)
    settings = loaded.settings
    assert (settings.batch_size, settings.queue_size, settings.pool_size) == (100, 20, 3)
    assert settings.replay_limit == 1000
    origins = [loaded.origins[name] for name in ("batch_size", "queue_size", "pool_size", "bind")]
    assert origins == ["flag", "environment", "file", "default"]


def test_every_kind_of_value_is_parsed(tmp_path: Path) -> None:
    environ = {
        "HUNT_BIND": "127.0.0.1:80, [::1]:80, unix:/run/hunt.sock",
        "HUNT_JWT_SECRET": f"{SECRET},{SECRET}2",
        "HUNT_DATA_KEYS": f"2027:{DATA_KEY},2026:{DATA_KEY}",
        "HUNT_GUESTS": "Yes",
        "HUNT_BATCH_INTERVAL": "0",
        "HUNT_ALLOWED_ORIGINS": "https://a.example",
        "HUNT_LOG_FORMAT": "json",
        "HUNT_DATA_DIR": "/var/lib/hunt",
        "HUNT_JWT_KEY_FILE": "/etc/hunt/keys.pem",
        "HUNT_JWKS_URL": "http://localhost:9/keys",
        "HUNT_JWT_ALGORITHMS": "RS256, EdDSA",
        "HUNT_TRUSTED_PROXIES": "10.0.0.0/8, ::1, unix",
        "HUNT_TEST_REQUIRE": "all",
    }
    settings = load(environ, cwd=tmp_path).settings
    assert settings.bind == ("127.0.0.1:80", "[::1]:80", "unix:/run/hunt.sock")
    assert settings.jwt_secret == (SECRET.encode(), SECRET.encode() + b"2")
    assert settings.data_keys == (("2027", b"k" * 32), ("2026", b"k" * 32))
    assert settings.guests is True
    assert settings.batch_interval == 0
    assert settings.data_dir == Path("/var/lib/hunt")
    assert settings.jwt_key_file == Path("/etc/hunt/keys.pem")
    assert settings.jwt_algorithms == ("RS256", "EdDSA")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1", "unix")
    order = Order(settings=settings, number=1, own_socket=None, hang_timeout=1)
    assert decode_order(encode(order)) == order, "and reaches the server's processes"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HUNT_BATCH_SIZ", "1", "did you mean HUNT_BATCH_SIZE"),
        ("HUNT_ZZZZZZ", "1", "hunt config"),
        ("HUNT_BATCH_SIZE", "0", "at least 1"),
        ("HUNT_BATCH_SIZE", "1.5", "whole number"),
        ("HUNT_QUEUE_AGE", "0", "more than 0"),
        ("HUNT_QUEUE_AGE", "nan", "more than 0"),
        ("HUNT_HEARTBEAT", "inf", "more than 0"),
        ("HUNT_GUESTS", "maybe", "true or false"),
        ("HUNT_LOG_LEVEL", "loud", "one of debug"),
        ("HUNT_JWT_ALGORITHMS", "none", "HS256, RS256"),
        ("HUNT_JWT_ALGORITHMS", ",", "HS256, RS256"),
        ("HUNT_JWKS_URL", "http://id.example/keys", "https://"),
        ("HUNT_JWKS_URL", "http://localhost.evil.example/keys", "https://"),
        ("HUNT_JWKS_URL", "http://localhost:x@evil.example/", "https://"),
        ("HUNT_JWKS_URL", "http://localhost:80@evil.example/", "https://"),
        ("HUNT_JWKS_URL", "http://localhost\\@evil.example/", "https://"),
        ("HUNT_JWKS_URL", "https://id.example:99999/", "https://"),
        ("HUNT_DATABASE_URL", "mysql://hunt@db/hunt", "write postgresql://"),
        ("HUNT_LISTEN_DSN", "host", "neither a URL"),
        ("HUNT_PROCESSES", "9" * 30, "at most 1024"),
        ("HUNT_QUEUE_SIZE", "9" * 5000, "at most 2147483647"),
        ("HUNT_HEARTBEAT", "1e300", "at most 1000000000"),
        ("HUNT_BIND", "..:80", "HOST:PORT"),
        ("HUNT_BIND", "[:::]:80", "HOST:PORT"),
        ("HUNT_BIND", "unix:/" + "a" * 200, "at most 107 bytes"),
        ("HUNT_DATA_DIR", "~nobody-of-that-name/x", "no home folder"),
        ("HUNT_JWT_ISSUER", "a\nb", "control characters"),
        ("HUNT_ALLOWED_ORIGINS", "https://user@play.example", "without a path"),
        ("HUNT_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "networks as in"),
        ("HUNT_BIND", "here", "HOST:PORT"),
        ("HUNT_BIND", "a:99999", "HOST:PORT"),
        ("HUNT_BIND", "unix:sock", "absolute path"),
        ("HUNT_BIND", ",", "one or more addresses"),
        ("HUNT_ALLOWED_ORIGINS", "example.com", "without a path"),
        ("HUNT_DATABASE_URL", "", "not empty"),
        ("HUNT_JWT_SECRET_FILE", "/does/not/exist", "cannot be read"),
    ],
)
def test_wrong_variable_is_one_sentence(
    variable: str, value: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=sentence) as error:
        load({variable: value}, cwd=tmp_path)
    assert "\n" not in str(error.value)


def test_short_secret_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load({"HUNT_JWT_SECRET": "hush"}, cwd=tmp_path)
    assert "32 bytes" in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (DATA_KEY, "key 1 must be ID:KEY"),
        (f"2026:{DATA_KEY},Nope:{DATA_KEY}", "key 2 must be ID:KEY, with an id of 1-16 of a-z"),
        (f"{'a' * 17}:{DATA_KEY}", "key 1 must be ID:KEY"),
        (f"2026:{DATA_KEY}!", "key 1 is not base64; 'hunt keys new' prints one"),
        ("2026:a2tra2traw==", "key 1 has 7 bytes instead of 32; 'hunt keys new' prints one"),
        (f"2026:{DATA_KEY},2026:{DATA_KEY}", "key 2 has the id of an earlier key"),
        (",", "must be one or more keys"),
    ],
)
def test_wrong_data_key_is_refused_and_not_shown(value: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(value)
    for environ in ({"HUNT_DATA_KEYS": value}, {"HUNT_DATA_KEYS_FILE": str(file)}):
        with pytest.raises(SettingsError, match=f"HUNT_DATA_KEYS: {sentence}") as error:
            load(environ, cwd=tmp_path)
        assert "a2tr" not in str(error.value)


def test_secret_may_be_read_from_one_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    environ = {"HUNT_JWT_SECRET_FILE": str(file)}
    assert load(environ, cwd=tmp_path).settings.jwt_secret == (SECRET.encode(),)
    with pytest.raises(SettingsError, match="keep one"):
        load(environ | {"HUNT_JWT_SECRET": SECRET}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("bind", "is not TOML"),
        ("batch_siz = 1", "did you mean batch_size"),
        ("zzzzzzz = 1", "not a setting"),
        ("queue_age = true", "more than 0"),
        ("batch_size = true", "whole number"),
        ("data_dir = 7", "not empty"),
    ],
)
def test_wrong_file_is_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(content)
    with pytest.raises(SettingsError, match=sentence):
        load({}, config=file, cwd=tmp_path)


def test_file_may_contain_lists(tmp_path: Path) -> None:
    (tmp_path / "hunt.toml").write_text('bind = ["a:1", "b:2"]\n')
    assert load({}, cwd=tmp_path).settings.bind == ("a:1", "b:2")


def test_secrets_are_masked() -> None:
    settings = Settings(database_url="postgresql://u:hush@h/d", jwt_secret=(b"hush" * 8,))
    assert "hush" not in repr(settings) + str(masked(settings))
    assert masked(settings)["jwt_secret"] == "(set)"
    assert masked(settings)["allowed_origins"] == "-"
