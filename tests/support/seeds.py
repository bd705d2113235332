"""The seed of this test run: new for each run, printed in its header, and set to repeat it.

Most generated tests play the same examples at each run, so that a landing is not refused by
chance. A part of them also plays examples of this seed, so that runs together cover more.
``HUNT_TEST_SEED=<number>`` repeats the examples of a run that failed.
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
