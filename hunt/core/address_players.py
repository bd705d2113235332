"""About how many players use each address: a bounded sketch in memory.

Addresses are personal data, and are in no table.  This sketch holds them for at most half an
hour, and holds no player's id: only the registers of a HyperLogLog counter (P. Flajolet et al.,
"HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007).  The
counters of several processes are merged by their maximum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b

#: Registers of one counter.  The standard error is 1.04 / sqrt(128), about 9 %, and less for
#: few players.
REGISTERS = 128

#: Counters of one process; more clear the older half.
CAPACITY = 4096

#: Seconds after which the younger counters become the older ones.
TURN = 900.0

#: Constant of HyperLogLog for its registers.
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)

_Counters = dict[tuple[str, str], bytearray]


class AddressPlayers:
    """Counts the players of each address, by hunt.

    The counters live in two generations, as the keys of `hunt.core.limiter.Limiter`: each
    player of the last `TURN` seconds is counted, and none before twice that time.

    Args:
        clock: Monotonic time, in seconds.
        capacity: Counters, >= 2, that are kept.
    """

    def __init__(self, clock: Callable[[], float], capacity: int = CAPACITY) -> None:
        self.generation = object()  #: replaced when the counters change places
        self._clock = clock
        self._half = capacity // 2
        self._young: _Counters = {}
        self._old: _Counters = {}
        self._turned = clock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def note(self, hunt: str, key: str | None, player: str) -> None:
        """Count a player of an address.

        Args:
            hunt: Id of the hunt.
            key: Rate-limit key of the client's address; None: unknown, not counted.
            player: Id of the player.
        """
        if key is None:
            return
        counter = self._young.get((hunt, key))
        if counter is None:
            if len(self._young) >= self._half:
                self._drop()
            counter = self._young[hunt, key] = bytearray(REGISTERS)
        digest = int.from_bytes(blake2b(player.encode(), digest_size=8).digest(), "big")
        place, rest = digest % REGISTERS, digest // REGISTERS
        rank = 58 - rest.bit_length()  # leading zeros of the 57 bits that are left, and 1
        counter[place] = max(counter[place], rank)

    def rotate(self) -> None:
        """Forget the older counters if their time has passed; call this regularly."""
        if self._clock() - self._turned >= TURN:
            self._drop()

    def _drop(self) -> None:
        self._old, self._young, self._turned = self._young, {}, self._clock()
        self.generation = object()

    def counters(self, hunt: str) -> dict[str, str]:
        """Return the registers of each address of a hunt with two players or more, in hex."""
        found: dict[str, bytes] = {}
        for counters in (self._old, self._young):
            for (of, key), counter in counters.items():
                if of == hunt:
                    found[key] = merged((found.get(key, bytes(REGISTERS)), counter))
        return {key: each.hex() for key, each in found.items() if REGISTERS - each.count(0) > 1}


def merged(counters: Iterable[bytes | bytearray]) -> bytes:
    """Return the counter of all players of some counters."""
    return bytes(map(max, zip(*counters, strict=True)))


def estimate(counter: bytes) -> int:
    """Return about how many players a counter has seen."""
    zeros = counter.count(0)
    raw = _ALPHA * REGISTERS**2 / math.fsum(2.0**-rank for rank in counter)
    if raw <= 2.5 * REGISTERS and zeros:  # linear counting
        return round(REGISTERS * math.log(REGISTERS / zeros))
    return round(raw)


def most_used(nodes: Iterable[Mapping[str, str]], *, least: int, most: int) -> dict[str, int]:
    """Return the addresses with the most players, and about how many each has.

    Args:
        nodes: Results of `AddressPlayers.counters`, one of each process.
        least: Smallest number of players of an address in the result.
        most: Largest number of addresses.
    """
    together: dict[str, bytes] = {}
    for counters in nodes:
        for key, text in counters.items():
            counter = bytes.fromhex(text)
            together[key] = merged((together[key], counter)) if key in together else counter
    found = {key: estimate(each) for key, each in together.items()}
    ordered = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return {key: players for key, players in ordered[:most] if players >= least}
