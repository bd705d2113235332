"""The names of players: chosen on the page, or claimed by their tokens."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import trio

from hunt.core.names import NameFilter, clean
from hunt.core.tokens import Identity
from hunt.errors import BatchRejected, InvalidRequest, NameRefused, SettingsError, StoreError
from hunt.logs import FaultLog
from hunt.store.names import StoredNames

#: Seconds for which claimed names gather before they are stored.
INTERVAL = 1.0

#: Number of claimed names waiting to be stored from which on no more are taken; those names are
#: taken when their tokens are verified again.
MAX_WAITING = 2000

#: Largest list of words, in bytes.
MAX_WORDS = 1024 * 1024

log = FaultLog("hunt")


class Names:
    """The names of all players.

    Args:
        store: Has the names.
        words: File with words that no name contains, one a line; None: there are none.

    Raises:
        SettingsError: The file cannot be read.
    """

    def __init__(self, store: StoredNames, words: Path | None) -> None:
        self._store = store
        self._filter = NameFilter([] if words is None else _read(words))
        self._waiting: dict[str, str] = {}  # claimed names, by player
        self._arrived = trio.Event()

    async def get(self, identity: Identity) -> dict[str, object]:
        """Return the name of a player as JSON."""
        found = await self._store.find(identity.player)
        return {
            "name": None if found is None or found.refused else found.name,
            "claimed": found is not None and found.claimed,
            "refused": found is not None and found.refused,
        }

    async def choose(self, identity: Identity, given: object) -> dict[str, object]:
        """Set the name that a player has chosen, or remove it with None.

        Raises:
            InvalidRequest: It is not a name.
            NameRefused: The filter or an operator refuses it, or the player's token has one.
        """
        if identity.name is not None:
            raise NameRefused("your name comes from your account: change it there")
        if given is None:
            await self._store.remove(identity.player)
            return await self.get(identity)
        try:
            name = clean(given) if isinstance(given, str) else None
        except ValueError as exc:
            raise InvalidRequest("the name is not valid", errors={"name": str(exc)}) from None
        if name is None:
            raise InvalidRequest("the name is not valid", errors={"name": "must be a text or null"})
        if self._filter.refuses(name):
            raise NameRefused("this name is not allowed: choose another one")
        await self._store.put({identity.player: name}, claimed=False)
        found = await self.get(identity)
        if found["refused"]:
            raise NameRefused("an operator has refused your name")
        return found

    def note(self, identity: Identity) -> None:
        """Store the name in a player's token soon; cannot block.  A bad name is ignored."""
        if identity.name is None or len(self._waiting) >= MAX_WAITING:
            return
        try:
            name = clean(identity.name)
        except ValueError:
            return
        if not self._filter.refuses(name):
            self._waiting[identity.player] = name
            self._arrived.set()

    async def run(self) -> None:
        """Store claimed names until cancelled."""
        while True:
            await self._arrived.wait()
            await trio.sleep(INTERVAL)
            self._arrived = trio.Event()
            names, self._waiting = self._waiting, {}
            try:
                await self._store.put(names, claimed=True)
            except StoreError as exc:
                log.store_error("names not stored", exc)
                if not isinstance(exc, BatchRejected):  # which would be rejected again
                    merged = names | self._waiting
                    self._waiting = dict(islice(merged.items(), MAX_WAITING))
                    self._arrived.set()


def _read(words: Path) -> list[str]:
    try:
        with words.open("rb") as file:
            content = file.read(MAX_WORDS + 1)
        if len(content) > MAX_WORDS:
            raise SettingsError(f"HUNT_NAME_WORDS: {words} is larger than 1 MiB")
        return content.decode().splitlines()
    except OSError as exc:
        raise SettingsError(f"HUNT_NAME_WORDS: {words} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"HUNT_NAME_WORDS: {words} is not UTF-8") from None
