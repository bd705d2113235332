"""The random seed of this test run, printed in its header.

Most generated tests use the same examples in each run, so that no change fails by chance.
Some also use examples of this seed, so that many runs cover more.
``HUNT_TEST_SEED=<number>`` repeats the examples of a run.
"""

from __future__ import annotations

import os
import random
from typing import Final

VARIABLE: Final = "HUNT_TEST_SEED"


def choose() -> int:
    """Return the seed of this run; a worker process of pytest-xdist inherits it."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = str(random.SystemRandom().randrange(2**32))
    return int(os.environ[VARIABLE])


SEED: Final = choose()
