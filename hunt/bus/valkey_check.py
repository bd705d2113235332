"""Checks a Valkey server: a message that is published must come back."""

from __future__ import annotations

import os
import time

import trio

from hunt.bus.valkey_client import PATIENCE, check_fit, open_client, sentence
from hunt.errors import SettingsError
from hunt.valkey_url import ValkeyURL

#: Cures, by a part of the error.
_CURES = {
    "invalid username-password pair": "check user and password in HUNT_BUS_URL",
    "AuthenticationRequired": "add the password to HUNT_BUS_URL: valkey://:PASSWORD@HOST",
    "permission": "let the user publish and subscribe: ACL SETUSER NAME +@pubsub &hunt:*",
    "cluster support disabled": "use valkey:// instead of valkey+cluster://",
}
_CURE = "start it, or check HUNT_BUS_URL; until then streams of other processes are up to 1 s late"


async def try_bus(url: ValkeyURL) -> tuple[bool, str, str]:
    """Return whether a message comes back, what was found, and how to repair it."""
    try:
        check_fit(url)
    except SettingsError as exc:
        return False, str(exc), "install the package, or check HUNT_BUS_URL"
    detail = f"no message came back within {PATIENCE:g} s"
    took = None
    try:
        took = await _echo(url)
    except* Exception as group:
        detail = sentence(group)
    if took is not None:
        return True, f"{url.location}: a message takes {took * 1000:.1f} ms", ""
    cure = next((cure for part, cure in _CURES.items() if part in detail), _CURE)
    return False, f"{url.location}: {detail}", cure


async def _echo(url: ValkeyURL) -> float | None:
    """Return the seconds until a message comes back; None if it does not."""
    channel = f"hunt:log:doctor:{os.urandom(6).hex()}"
    async with open_client(url) as client, client.subscription() as subscription:
        await subscription.subscribe(channel)
        started = time.perf_counter()
        with trio.move_on_after(PATIENCE):
            await client.publish([(channel, b"heard")])
            while not isinstance(await subscription.get_message(), dict):
                pass
            return time.perf_counter() - started
    return None
