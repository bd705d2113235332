"""``hunt token --check``: why a token is refused."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.cli.commands import hunt_process, run
from tests.support.forged_tokens import jwk, key_set, part, pem, private
from tests.support.serving import SECRET

OWN = {"HUNT_JWT_SECRET": SECRET.decode()}
OTHER = b"another-secret-of-32-bytes-or-more"


def token(
    secret: object = SECRET, algorithm: str = "HS256", kid: str | None = None, **claims: object
) -> str:
    """Sign claims of a valid token with changes; None removes a claim."""
    now = time.time()
    given = {"sub": "ada", "aud": "hunt", "iat": now, "exp": now + 60} | claims
    kept = {name: value for name, value in given.items() if value is not None}
    header = {} if kid is None else {"kid": kid}
    return jwt.encode(kept, secret, algorithm, headers=header)  # type: ignore[arg-type]


def refusal(text: str, *options: str, **environ: str) -> str:
    """Return why a token is refused; check that neither token nor secret is shown."""
    done = hunt_process("token", "--check", text, *options, **(OWN | environ))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert SECRET.decode() not in done.stderr
    assert len(text) < 8 or text not in done.stderr
    return done.stderr.strip().removeprefix("hunt: token: refused: ")


def test_valid_token_is_described() -> None:
    found = run("token", "--check", token(exp=time.time() + 600.9), **OWN).output
    assert found in {f"valid: player ada, all hunts, expires in {n} s\n" for n in (599, 600, 601)}
    admin = token(aud="hunt-admin", hunts=["harbour"])
    found = run("token", "--check", admin, "--admin", "--hunt", "harbour", **OWN).output
    assert found.startswith("valid: operator ada, 1 hunt, ")


def test_printed_token_is_valid_with_the_generated_secret(tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path)]
    printed = run("token", "--player", "ada", *data).output.strip()
    assert run("token", "--check", printed, *data).output.startswith("valid: player ada")


def test_token_is_read_from_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hunt", "token", "--check", "-"],
        input=f"{token()}\n", env=OWN, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("valid: player ada")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": None}, "claim 'exp' is missing"),
        (
            {"sub": None},
            "claim 'sub' is missing, or not an id: 1 to 64 of A-Z, a-z, 0-9, _ . : and -",
        ),
        ({"sub": "erased-1"}, "claim 'sub' begins with erased-, reserved for erased players"),
        ({"aud": None}, "wrong audience: claim 'aud' is missing, must be 'hunt'"),
        ({"aud": "hunt-admin"}, "wrong audience: claim 'aud' is 'hunt-admin', must be 'hunt'"),
        ({"hunts": "harbour"}, "claim 'hunts' must be a list of texts"),
    ],
)
def test_wrong_claim_is_named(claims: dict[str, object], reason: str) -> None:
    assert refusal(token(**claims)) == reason


def test_times_are_given_in_seconds() -> None:
    assert refusal(token(exp=time.time() - 100)).startswith("expired 10")
    assert refusal(token(nbf=time.time() + 1000)).startswith("not valid yet: claim 'nbf' is ")


def test_wrong_signature_algorithm_and_form_are_told_apart() -> None:
    two = {"HUNT_JWT_SECRET": f"{SECRET.decode()},{OTHER.decode()}"}
    assert refusal(token(b"x" * 32), **two).startswith("wrong signature: it fits none of 2 secrets")
    unsigned = f"{part({'alg': 'none'})}.{part({})}."
    assert refusal(unsigned) == "algorithm 'none' is not allowed; HUNT_JWT_ALGORITHMS has HS256"
    assert refusal("hush1") == "not a JSON Web Token, or malformed"
    assert refusal("x" * 7000) == "longer than 6000 characters"


def test_hunt_that_the_token_does_not_have_is_named() -> None:
    assert refusal(token(hunts=["river"]), "--hunt", "harbour").endswith("does not have harbour")


def test_tokens_of_an_issuer(tmp_path: Path) -> None:
    (tmp_path / "keys.pem").write_text(pem(private("ES256")))
    keys = {
        "HUNT_JWT_ALGORITHMS": "ES256",
        "HUNT_JWT_KEY_FILE": str(tmp_path / "keys.pem"),
        "HUNT_JWT_ISSUER": "https://id.example",
    }
    good = token(private("ES256"), "ES256", iss="https://id.example")
    assert run("token", "--check", good, **OWN, **keys).output.startswith("valid: ")
    other = token(private("ES256"), "ES256", iss="https://other.example")
    assert refusal(other, **keys) == "wrong issuer: claim 'iss' is not HUNT_JWT_ISSUER"
    forged = token(private("ES256", 1), "ES256")
    assert refusal(forged, **keys) == "wrong signature: it fits none of 1 public keys"


@pytest.fixture
def issuer() -> Iterator[str]:
    """Yield the URL of an issuer's key set with one key."""

    class Keys(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key_set(("EdDSA", 0)))

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        thread.join()


def test_key_set_is_fetched(issuer: str) -> None:
    keys = {"HUNT_JWT_ALGORITHMS": "EdDSA", "HUNT_JWKS_URL": issuer}
    assert json.loads(key_set(("EdDSA", 0)))["keys"] == [jwk("EdDSA")]
    known = token(private("EdDSA"), "EdDSA", kid="EdDSA-0")
    assert hunt_process("token", "--check", known, **OWN, **keys).returncode == 0
    unknown = token(private("EdDSA"), "EdDSA", kid="EdDSA-1")
    assert refusal(unknown, **keys) == "unknown key: no EdDSA key with key id 'EdDSA-1'"
    nowhere = keys | {"HUNT_JWKS_URL": "http://127.0.0.1:1/hush1"}
    done = hunt_process("token", "--check", known, **OWN, **nowhere)
    assert done.returncode == 1
    assert done.stderr.startswith("hunt: HUNT_JWKS_URL: the keys cannot be fetched")
    assert "hush1" not in done.stderr


def test_player_and_check_exclude_each_other() -> None:
    assert run("token").exit_code == 2
    assert run("token", "--player", "ada", "--check", "x").exit_code == 2


def test_roles_of_an_operator_are_signed_and_named() -> None:
    token = run("token", "--player", "sam", "--admin", "--role", "support", "--role", "viewer",
                **OWN).output.strip()  # fmt: skip
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["roles"] == ["support", "viewer"]
    said = run("token", "--check", token, "--admin", **OWN).output
    assert said.startswith("valid: support and viewer sam, all hunts")
    refused = run("token", "--player", "sam", "--role", "support", **OWN)
    assert refused.exit_code == 2
    assert "add --admin" in refused.output
