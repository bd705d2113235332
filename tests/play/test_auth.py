"""Authentication by token, ticket and cookie."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hunt.core.tokens import Identity
from hunt.errors import NotAllowed, NotAuthenticated
from hunt.play.auth import MAX_ORIGIN, check_hunt, guest
from hunt.play.request import CachedIdentity
from tests.support.fake_play import World, request


@pytest.mark.parametrize(
    ("fields", "options", "verified"),
    [
        ({"cookie": "c", "ticket": "t"}, {"ticket": True}, ("t", "bearer")),
        ({"authorization": "bearer  u "}, {}, ("u", "bearer")),
        ({"authorization": None, "cookie": "c", "ticket": "t"}, {"ticket": True}, ("t", "ticket")),
        ({"authorization": None, "cookie": "c", "ticket": "t"}, {}, ("c", "cookie")),
        ({"cookie": "c"}, {"use": "admin"}, ("t", "admin")),
    ],
)
def test_header_precedes_ticket_and_cookie(
    fields: dict[str, Any], options: dict[str, Any], verified: tuple[str, str]
) -> None:
    world = World()
    assert world.play.authenticator.identify(request(**fields), **options).player == "ada"
    assert world.tokens.verified == [verified]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"authorization": None}, {}),
        ({"authorization": "Basic t", "cookie": "c"}, {}),
        ({"authorization": "Bearer wrong", "cookie": "c"}, {}),
        ({"authorization": None, "ticket": "t"}, {}),
        ({"authorization": None, "cookie": "c"}, {"use": "admin"}),
        ({"authorization": None, "ticket": "t"}, {"use": "admin", "ticket": True}),
    ],
)
def test_request_without_valid_credentials_is_not_authenticated(
    fields: dict[str, Any], options: dict[str, Any]
) -> None:
    with pytest.raises(NotAuthenticated):
        World().play.authenticator.identify(request(**fields), **options)


@pytest.mark.parametrize(
    ("origin", "fetch_site", "allowed"),
    [
        ("http://hunt", None, True),
        ("https://hunt", "cross-site", True),
        ("https://allowed", "cross-site", True),
        (None, "same-origin", True),
        (None, "none", True),
        (None, "same-site", False),
        (None, None, False),
        ("https://evil", "same-origin", False),
        ("null", None, False),
        ("http://[::1", None, False),
        ("http://hunt" + "/" * MAX_ORIGIN, None, False),
        ("http://hunt".ljust(MAX_ORIGIN, "/"), None, True),
        ("http://hunt".ljust(MAX_ORIGIN + 1, "/"), None, False),
    ],
)
def test_cookie_changes_something_only_from_an_allowed_origin(
    origin: str | None, fetch_site: str | None, allowed: bool
) -> None:
    identify = World().play.authenticator.identify
    asked = request(authorization=None, cookie="c", origin=origin, fetch_site=fetch_site)
    assert identify(asked).cookie
    if allowed:
        assert identify(asked, changes=True).cookie
    else:
        with pytest.raises(NotAllowed, match="rigin"):
            identify(asked, changes=True)


@pytest.mark.parametrize(
    ("generation", "until", "valid"), [(3, 60, True), (2, 60, False), (3, 0, False)]
)
def test_cached_identity_ends_with_its_token_and_with_its_keys(
    generation: int, until: float, valid: bool
) -> None:
    cached = CachedIdentity("ada", until, generation, allowed=True, unsupported=None)
    assert World().play.authenticator.is_valid(cached) is valid


@pytest.mark.parametrize(("hunts", "allowed"), [(None, True), ({"a"}, True), ({"b"}, False)])
def test_token_permits_the_hunts_that_it_names(hunts: set[str] | None, allowed: bool) -> None:
    named = None if hunts is None else frozenset(hunts)
    identity = Identity("ada", named, False, 1e12, None)
    if allowed:
        check_hunt(identity, "a")
    else:
        with pytest.raises(NotAllowed):
            check_hunt(identity, "a")


def test_cookie_of_a_session_is_verified_as_one() -> None:
    world = World()
    assert world.play.authenticator.of_cookie("c").cookie
    assert world.tokens.verified == [("c", "cookie")]


def test_guests_have_ids_of_their_own() -> None:
    ids = {guest() for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"guest-[0-9a-f]{16}", each) for each in ids)
