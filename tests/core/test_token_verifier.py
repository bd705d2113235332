"""Verification of tokens: validity, use and expiry."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm

from hunt.core import token_verifier, tokens
from hunt.core.keys import MAX_KEYS, from_jwks, from_pem
from hunt.core.token_verifier import LEEWAY, MAX_TOKEN, TokenVerifier
from hunt.core.tokens import Identity, Use, sign, sign_ticket
from hunt.errors import KeysError, Overloaded
from tests.support.forged_tokens import (
    CLAIMS,
    FOREIGN,
    NOW,
    OLD,
    SECRET,
    jwk,
    made,
    own,
    part,
    pem,
    private,
    refused,
    signed,
)


def test_first_secret_signs_and_all_verify() -> None:
    token = sign((SECRET, OLD), "ada", ttl=60, now=datetime.fromtimestamp(NOW, UTC), hunts=["b"])
    identity = TokenVerifier((SECRET,), clock=lambda: NOW).verify(token, "bearer")
    assert (identity.player, identity.hunts, identity.cookie) == ("ada", {"b"}, False)
    assert made().verify(own(OLD), "bearer").player == "ada"
    assert refused(TokenVerifier((SECRET,), clock=lambda: NOW), own(OLD))


def claims_of(token: str) -> dict[str, object]:
    """Return the claims of a token that the first secret has signed."""
    claims: dict[str, object] = json.loads(jwt.api_jws.decode(token, SECRET, ["HS256"]))
    return claims


def test_signed_token_has_its_claims() -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    times = {"iat": NOW, "exp": NOW + 60}
    assert claims_of(sign((SECRET, OLD), "ada", ttl=60, now=now)) == {
        "sub": "ada", "aud": "hunt", **times,
    }  # fmt: skip
    token = sign(
        (SECRET, OLD), "eve", audience=tokens.ADMIN, ttl=60, now=now, hunts=["b", "a"],
        roles=["viewer", "designer"],
    )  # fmt: skip
    assert claims_of(token) == {
        "sub": "eve", "aud": "hunt-admin", "hunts": ["a", "b"], "roles": ["designer", "viewer"],
        **times,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("until", "expires"), [(NOW + 60.5, NOW + 60), (NOW + 59.5, NOW + 59.5), (NOW + 3600, NOW + 60)]
)
def test_ticket_has_the_claims_of_its_token(until: float, expires: float) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    plain = Identity("ada", None, False, until, None)
    common = {"sub": "ada", "aud": "hunt-ticket", "iat": NOW, "exp": expires, "until": until}
    assert claims_of(sign_ticket((SECRET, OLD), plain, ttl=60, now=now)) == common
    keyed = Identity("ada", frozenset({"b", "a"}), False, until, "f00d", frozenset({"viewer"}))
    assert claims_of(sign_ticket((SECRET, OLD), keyed, ttl=60, now=now)) == common | {
        "hunts": ["a", "b"], "key": "f00d",
    }  # fmt: skip


@pytest.mark.parametrize("algorithm", FOREIGN)
def test_each_algorithm_verifies_with_keys_of_set_and_file(algorithm: str) -> None:
    token = signed(algorithm)
    assert made(algorithm).verify(token, "bearer").player == "ada"
    keys = from_pem("# two of them\n" + pem(private(algorithm, 1)) + pem(private(algorithm)))
    assert made(algorithm, keys=keys).verify(token, "bearer").player == "ada"
    others = [each for each in ("HS256", *FOREIGN) if each != algorithm]
    assert refused(made(*others), token), "the settings fix the list"
    assert refused(made(algorithm), signed(algorithm, 1, kid=f"{algorithm}-0"))


def by_hand(header: dict[str, object], secret: bytes = SECRET) -> str:
    """Return a token with any header, signed as HS256 does."""
    content = f"{part(header)}.{part(CLAIMS)}"
    mac = hmac.digest(secret, content.encode(), hashlib.sha256)
    return f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_public_key_is_not_accepted_as_secret() -> None:
    """HS256 with the RSA public key as its secret, the classic attack."""
    for secret in (pem(private("RS256")).encode(), pem(private("RS256")).strip().encode()):
        forged = by_hand({"alg": "HS256", "kid": "RS256-0"}, secret)
        assert refused(made("RS256"), forged)
        assert refused(made("RS256", "HS256"), forged)


BAD = {
    "gibberish": "x.y.z",
    "empty": "",
    "alg none": f"{part({'alg': 'none'})}.{part(CLAIMS)}.",
    "alg None, no signature": f"{part({'alg': 'None'})}.{part(CLAIMS)}.",
    "no alg": f"{part({'typ': 'JWT'})}.{part(CLAIMS)}.",
    "alg of another kind": f"{part({'alg': ['HS256']})}.{part(CLAIMS)}.",
    "truncated": own()[:-4],
    "another secret": own(b"x" * 32),
    "another algorithm": jwt.encode(CLAIMS, SECRET * 2, "HS512"),
    "critical header": by_hand({"alg": "HS256", "crit": ["b64"], "b64": True}),
    "expired": own(exp=NOW),
    "no end": own(exp=None),
    "an end that is no number": own(exp="2100-01-01"),
    "an end without end": own(exp=10**400),
    "an end that is true": own(exp=True),
    "not yet": own(nbf=NOW + 60),
    "from the future": own(iat=NOW + 60),
    "another audience": own(aud="hunt-admin"),
    "other audiences": own(aud=["a", "b"]),
    "no audience": own(aud=None),
    "no player": own(sub=None),
    "a bad player": own(sub="a b"),
    "the id of an erased player": own(sub="erased-0123456789abcdef"),
    "bad hunts": own(hunts="harbour"),
    "worse hunts": own(hunts=[1]),
    "claims that are a list": jwt.api_jws.encode(b"[1]", SECRET, "HS256"),
    "claims that are no JSON": jwt.api_jws.encode(b"{", SECRET, "HS256"),
    "claims without a bottom": jwt.api_jws.encode(b"[" * 3000, SECRET, "HS256"),
    "too long": own(more="x" * 6000),
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
def test_invalid_token_is_refused(token: str) -> None:
    assert not refused(made(), own()), "the control"
    assert refused(made(), token)


FITS_NONE = "wrong signature: it fits none of 2 secrets in HUNT_JWT_SECRET"
ONLY_OWN = "is not allowed; HUNT_JWT_ALGORITHMS has HS256"
NO_PLAYER = "claim 'sub' is missing, or not an id: 1 to 64 of A-Z, a-z, 0-9, _ . : and -"
REASONS: list[tuple[str, str | None]] = [
    (own(), None),
    (own(iat=NOW + LEEWAY), None),
    ("x" * MAX_TOKEN, "not a JSON Web Token, or malformed"),
    ("x" * (MAX_TOKEN + 1), "longer than 6000 characters"),
    (BAD["alg none"], f"algorithm 'none' {ONLY_OWN}"),
    (BAD["no alg"], f"algorithm missing {ONLY_OWN}"),
    (BAD["alg of another kind"], f"algorithm not a short text {ONLY_OWN}"),
    (BAD["critical header"], "its header has critical extensions, which are not supported"),
    (BAD["another secret"], FITS_NONE),
    (BAD["claims that are a list"], FITS_NONE),
    (own(exp=None), "claim 'exp' is missing"),
    (own(exp="soon"), "claim 'exp' is not a number of seconds since 1970"),
    (own(exp=NOW), "expired 0 s ago"),
    (own(exp=NOW - 90), "expired 90 s ago"),
    (own(nbf=NOW + 60), "not valid yet: claim 'nbf' is 60 s in the future"),
    (own(iat=NOW + 6), "not valid yet: claim 'iat' is 6 s in the future"),
    (own(aud=None), "wrong audience: claim 'aud' is missing, must be 'hunt'"),
    (own(aud="other"), "wrong audience: claim 'aud' is 'other', must be 'hunt'"),
    (own(aud=["a", "b"]), "wrong audience: claim 'aud' is not a short text, must be 'hunt'"),
    (own(aud="x" * 65), "wrong audience: claim 'aud' is not a short text, must be 'hunt'"),
    (own(aud="x y"), "wrong audience: claim 'aud' is not a short text, must be 'hunt'"),
    (own(sub=None), NO_PLAYER),
    (own(sub="a b"), NO_PLAYER),
    (own(sub="erased-1"), "claim 'sub' begins with erased-, reserved for erased players"),
    (own(hunts="harbour"), "claim 'hunts' must be a list of texts"),
    (own(roles=["viewer", 1]), "claim 'roles' must be a list of texts"),
]


@pytest.mark.parametrize(("token", "reason"), REASONS)
def test_refusal_tells_the_operator_why(token: str, reason: str | None) -> None:
    assert made().refusal(token, "bearer") == reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({}, None),
        ({"until": NOW}, None),
        ({"key": 7}, "claim 'key' must be a text"),
        ({"key": "k"}, "unknown key: the key of the token behind this ticket was removed"),
        ({"until": "soon"}, "claim 'until' is not a number of seconds since 1970"),
        ({"aud": "hunt"}, "wrong audience: claim 'aud' is 'hunt', must be 'hunt-ticket'"),
    ],
)
def test_refusal_of_a_ticket_has_its_reason(claims: dict[str, object], reason: str | None) -> None:
    ticket = own(**({"aud": "hunt-ticket"} | claims))
    assert made().refusal(ticket, "ticket") == reason


def test_refusal_of_a_token_of_an_issuer_has_its_reason() -> None:
    verifier = made("ES256", "EdDSA", issuer="https://id.example")
    iss = {"iss": "https://id.example"}
    for token, reason in (
        (signed("ES256", **iss), None),
        (signed("ES256"), "wrong issuer: claim 'iss' is not HUNT_JWT_ISSUER"),
        (signed("ES256", kid="newer"), "unknown key: no ES256 key with key id 'newer'"),
        (
            signed("ES256", 1, kid="ES256-0", **iss),
            "wrong signature: it fits none of 1 public keys",
        ),
        (own(), "algorithm 'HS256' is not allowed; HUNT_JWT_ALGORITHMS has ES256, EdDSA"),
    ):
        assert verifier.refusal(token, "bearer") == reason
    with pytest.raises(Overloaded):
        made("ES256", keys=None).refusal(signed("ES256"), "bearer")


def test_identity_has_the_claims_of_its_token() -> None:
    claims = {"hunts": ["b", "a"], "roles": ["viewer"], "name": "Ada"}
    token, admin = own(**claims), own(aud="hunt-admin", **claims)
    hunts, roles, until = frozenset({"a", "b"}), frozenset({"viewer"}), NOW + 60.0
    verify = made("ES256", "HS256").verify
    assert verify(token, "bearer") == Identity("ada", hunts, False, until, None, roles, "Ada")
    assert verify(token, "cookie") == Identity("ada", hunts, True, until, None, roles, "Ada")
    assert verify(admin, "admin") == Identity("ada", hunts, False, until, None, roles)
    [key] = from_jwks(json.dumps({"keys": [jwk("ES256")]}).encode())
    found = verify(signed("ES256"), "bearer")
    assert found == Identity("ada", None, False, until, key.fingerprint)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Ada", "Ada"), ("a" * 200, "a" * 200), ("a" * 201, None), (7, None), (None, None)],
)
def test_name_of_a_token_is_reported_once(name: object, kept: str | None) -> None:
    told: list[str | None] = []
    verifier = made(named=lambda identity: told.append(identity.name))
    for _ in "ab":
        assert verifier.verify(own(name=name), "bearer").name == kept
    assert told == ([] if kept is None else [kept])


def test_clock_skew_within_leeway_is_accepted() -> None:
    assert not refused(made(), own(iat=NOW + LEEWAY, nbf=NOW + LEEWAY))
    assert not refused(made(), own(aud=["other", "hunt"]))


@pytest.mark.parametrize("use", ["bearer", "cookie", "ticket", "admin"])
def test_token_is_refused_for_other_use(use: Use) -> None:
    verifier = made()
    for other, audience in tokens.AUDIENCES.items():
        fits = audience == tokens.AUDIENCES[use]
        assert refused(verifier, own(aud=audience), use) is not fits, other
    assert verifier.verify(own(aud=tokens.AUDIENCES[use]), use).cookie is (use == "cookie")


def test_own_cookies_and_tickets_verify_with_any_algorithms() -> None:
    verifier = made("EdDSA")
    assert refused(verifier, own())
    assert refused(verifier, own(aud="hunt-admin"), "admin")
    assert not refused(verifier, own(aud="hunt-ticket"), "ticket")
    assert not refused(verifier, own(), "cookie")
    assert not refused(verifier, signed("EdDSA"), "cookie")
    assert refused(verifier, signed("EdDSA", aud="hunt-ticket"), "ticket")


def test_issuer_is_required_for_public_keys() -> None:
    verifier = made("EdDSA", "HS256", issuer="https://id.example")
    assert refused(verifier, signed("EdDSA"))
    assert refused(verifier, signed("EdDSA", iss="https://evil.example"))
    assert not refused(verifier, signed("EdDSA", iss="https://id.example"))
    assert not refused(verifier, own())


def test_verified_token_is_cached_until_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [float(NOW)]
    verifier = made("ES256", clock=lambda: now[0])
    token = signed("ES256")
    first = verifier.verify(token, "bearer")
    monkeypatch.setattr(verifier, "_check_signature", None)  # a second verification would raise
    assert verifier.verify(token, "bearer") is first
    now[0] += 60
    assert refused(verifier, token)


def test_cache_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_verifier, "CACHE_SIZE", 8 * 1024)
    verifier = made()
    for number in range(100):
        verifier.verify(own(sub=f"player-{number}"), "bearer")
        refused(verifier, f"{number}.x.y")
        assert len(verifier.known) <= 8
    assert len(verifier.known) > 2
    assert not refused(verifier, own(sub="player-99"))


def test_each_secret_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = b"a secret that no other test checks"
    tokens = [own(secret, sub=player) for player in ("ada", "bob")]
    checked: list[str | bytes] = []
    prepare = HMACAlgorithm.prepare_key

    def counted(self: HMACAlgorithm, key: str | bytes) -> bytes:
        checked.append(key)
        return prepare(self, key)

    monkeypatch.setattr(HMACAlgorithm, "prepare_key", counted)
    verifier = TokenVerifier((secret,), clock=lambda: NOW)
    assert [verifier.verify(each, "bearer").player for each in tokens] == ["ada", "bob"]
    assert checked == [secret]


def test_removed_key_is_invalid_at_once() -> None:
    verifier = made("ES256", "HS256")
    gone, stays = signed("ES256"), own()
    verifier.verify(gone, "bearer")
    known = verifier.verify(stays, "bearer")
    verifier.replace_keys(from_jwks(json.dumps({"keys": [jwk("ES256", 1)]}).encode()))
    assert refused(verifier, gone)
    assert not refused(verifier, signed("ES256", 1))
    assert verifier.verify(stays, "bearer") is known, "and the others need not pay again"


def test_ticket_carries_expiry_and_key_of_token() -> None:
    now = [float(NOW)]
    verifier = made("ES256", "HS256", clock=lambda: now[0])
    for token in (own(exp=NOW + 3600, hunts=["b"]), signed("ES256", exp=NOW + 3600)):
        identity = verifier.verify(token, "bearer")
        at = datetime.fromtimestamp(now[0], UTC)
        ticket = sign_ticket((SECRET,), identity, ttl=60, now=at)
        opened = verifier.verify(ticket, "ticket")
        assert opened == identity
        assert verifier.hold(opened)
        now[0] += 60
        assert refused(verifier, ticket, "ticket"), "it is for connecting within its time only"
        assert verifier.hold(opened)
        now[0] = opened.until - 1
        assert verifier.hold(opened)
        now[0] += 1
        assert not verifier.hold(opened)
        now[0] = NOW


def test_ticket_expires_with_its_token() -> None:
    now = [float(NOW)]
    verifier = made(clock=lambda: now[0])
    identity = verifier.verify(own(exp=NOW + 10), "bearer")
    ticket = sign_ticket((SECRET,), identity, ttl=60, now=datetime.fromtimestamp(NOW, UTC))
    verifier.verify(ticket, "ticket")
    now[0] += 10
    assert refused(verifier, ticket, "ticket")


def test_ticket_of_removed_key_is_refused() -> None:
    asked: list[None] = []
    verifier = made("ES256", "HS256", unknown=lambda: asked.append(None))
    identity = verifier.verify(signed("ES256"), "bearer")
    ticket = sign_ticket((SECRET,), identity, ttl=60, now=datetime.fromtimestamp(NOW, UTC))
    assert verifier.verify(ticket, "ticket") == identity
    verifier.replace_keys(from_jwks(json.dumps({"keys": [jwk("ES256", 1)]}).encode()))
    assert refused(verifier, ticket, "ticket"), "although it was remembered"
    assert not verifier.hold(identity)
    assert len(asked) == 1, "another process may know a key that this one does not yet"
    with pytest.raises(Overloaded, match=r"^the keys of tokens are not known yet: .* 1\.0 s$"):
        made("ES256", "HS256", keys=None).verify(ticket, "ticket")


@pytest.mark.parametrize("claims", [{"until": "soon"}, {"until": True}, {"key": 7}, {"key": ["k"]}])
def test_malformed_ticket_is_refused(claims: dict[str, object]) -> None:
    assert refused(made(), own(aud="hunt-ticket", **claims), "ticket")
    assert not refused(made(), own(aud="hunt", **claims)), "other tokens may say what they like"


def test_generation_rises_only_when_key_is_removed() -> None:
    verifier = made("ES256", "HS256", keys=None)

    def publish(*numbers: int) -> None:
        keys = [jwk("ES256", number) for number in numbers]
        verifier.replace_keys(from_jwks(json.dumps({"keys": keys}).encode()))

    for numbers in ((0,), (0,), (0, 1), (1, 0)):
        publish(*numbers)
    assert verifier.generation == 0, "a key set that is read again ends no stream"
    publish(1)
    assert verifier.generation == 1
    publish(2)
    assert verifier.generation == 2


def test_unknown_key_id_is_reported() -> None:
    told: list[int] = []
    verifier = made("ES256", "HS256", unknown=lambda: told.append(1))
    assert refused(verifier, signed("ES256", kid="newer"))
    assert refused(verifier, own(b"x" * 32))
    assert len(told) == 1


def test_missing_keys_raise_overloaded() -> None:
    verifier = made("ES256", "HS256", keys=None)
    assert verifier.waiting
    with pytest.raises(Overloaded, match=r"^the keys of tokens are not known yet: .* 1\.0 s$"):
        verifier.verify(signed("ES256"), "bearer")
    assert not refused(verifier, own())
    assert refused(verifier, "x.y.z")


@given(st.text(max_size=200), st.integers(0, 3))
def test_arbitrary_text_is_refused_without_bug(text: str, dots: int) -> None:
    verifier = made("ES256", "HS256")
    assert refused(verifier, text + "." * dots)
    # Valid or not, because some bits of the last character have no meaning.
    refused(verifier, own()[:-1] + text)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}, id="a secret"),
        pytest.param(jwk("RS256", use="enc"), id="for encryption"),
        pytest.param(jwk("RS256", key_ops=["encrypt"]), id="for another operation"),
        pytest.param(jwk("RS256", alg="RS512"), id="of another algorithm"),
        pytest.param(jwk("RS256", kty="EC"), id="of another kind"),
        pytest.param(jwk("RS256", n=None), id="broken"),
        pytest.param(jwk("ES256", x="AAAA"), id="off its curve"),
        pytest.param(jwk("EdDSA", d="AAAA"), id="private"),
        pytest.param({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}, id="P-521"),
        pytest.param("text", id="no object"),
    ],
)
def test_unsupported_key_is_ignored(key: object) -> None:
    def text(*keys: object) -> bytes:
        return json.dumps({"keys": keys}).encode()

    [kept] = from_jwks(text(key, jwk("ES256")))
    assert (kept.kid, kept.algorithm) == ("ES256-0", "ES256")
    with pytest.raises(KeysError, match=r"^no key in it fits RS256, ES256 or EdDSA$"):
        from_jwks(text(key))


def test_key_of_a_set_needs_no_use_operations_or_algorithm() -> None:
    plain = {name: value for name, value in jwk("ES256").items() if name not in {"use", "alg"}}
    for key in (plain, plain | {"use": "sig"}, plain | {"key_ops": ["sign", "verify"]}):
        [kept] = from_jwks(json.dumps({"keys": [key]}).encode())
        assert (kept.kid, kept.algorithm) == ("ES256-0", "ES256")


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(KeysError, match=r"is missing: pip install 'hunt-server\[jwks\]'$"):
        from_pem("")


def test_fingerprint_tells_keys_and_key_ids_apart() -> None:
    keys = [jwk("ES256"), jwk("ES256", kid="other"), jwk("ES256", 1), jwk("EdDSA")]
    made = from_jwks(json.dumps({"keys": keys}).encode())
    again = from_jwks(json.dumps({"keys": keys}).encode())
    assert len({each.fingerprint for each in made}) == 4
    assert [each.fingerprint for each in made] == [each.fingerprint for each in again]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 1}', "\udcff", "[" * 9])
def test_malformed_key_set_is_refused(text: str) -> None:
    with pytest.raises(KeysError, match=r"^it is no (JSON Web Key Set|list of at most 64 keys)$"):
        from_jwks(text.encode("utf-8", "surrogatepass"))


def test_key_set_is_bounded() -> None:
    assert len(from_jwks(json.dumps({"keys": [jwk("EdDSA")] * MAX_KEYS}).encode())) == MAX_KEYS
    with pytest.raises(KeysError, match=str(MAX_KEYS)):
        from_jwks(json.dumps({"keys": [jwk("EdDSA")] * (MAX_KEYS + 1)}).encode())


def test_pem_file_must_hold_supported_public_keys() -> None:
    secret = private("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    weak = rsa.generate_private_key(65537, 1024)
    for text, wrong in [
        (secret.decode(), "private"),
        (pem(weak), "2048"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key"),
        ("", "no public key"),
    ]:
        with pytest.raises(KeysError, match=wrong):
            from_pem(text)
