"""Signatures of webhooks, compared with the example of the specification."""

from __future__ import annotations

import base64

from hunt.core.webhook_signature import new_secret, sign

# The example of the reference implementation (standardwebhooks.com, "Verifying signatures").
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
EXPECTED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_is_that_of_the_specification() -> None:
    found = sign([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert found == EXPECTED


def test_each_secret_signs() -> None:
    other = new_secret(lambda size: b"k" * size)
    first, second = sign([other, SECRET], "k1-1", 1, BODY).split(" ")
    assert second == sign([SECRET], "k1-1", 1, BODY)
    assert first != second


def test_secret_has_32_random_bytes() -> None:
    secret = new_secret(lambda size: bytes(range(size)))
    assert base64.b64decode(secret.removeprefix("whsec_")) == bytes(range(32))
