"""New objects of a forked process are on other pages than the objects from before the fork."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Each program fragments free memory, and prints how many new blocks are among the old ones.
POOLS = """
import gc
from hunt.processes import copy_on_write

gc.disable()
old = [bytes(100) for _ in range(20_000)]
pools = {id(each) // 16384 for each in old}
del old[::3]
copy_on_write.fill_pools()
new = [bytes(100) for _ in range(2_000)]
print(sum(id(each) // 16384 in pools for each in new))
"""

HEAP = """
import ctypes
from hunt.processes import copy_on_write

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = (ctypes.c_void_p,)
old = [libc.malloc(200) for _ in range(20_000)]
pages = {each // 4096 for each in old[:-100]}
for each in old[::3]:
    libc.free(each)
copy_on_write.fill_heap()
new = [libc.malloc(200) for _ in range(2_000)]
print(sum(each // 4096 in pages for each in new))
"""


@pytest.mark.parametrize("program", [POOLS, HEAP], ids=["pools", "heap"])
def test_new_blocks_are_on_pages_of_their_own(program: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(ran.stdout) == 0
