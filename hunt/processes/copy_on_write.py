"""Preparation of a process whose forks share its memory.

The kernel copies a shared page of memory when a process writes to it.  A new object in a free
block between old objects therefore costs a copy of the page in each process.  The free blocks are
filled before a fork, so that each process puts new objects on new pages.  A new reference to an
old object also costs a copy, because it changes the object's count, unless the object is immortal.
"""

from __future__ import annotations

import ctypes
import gc
import sys

from hunt.processes.immortal_objects import make_immortal

#: Bytes of a pool of CPython's allocator for small objects: blocks of one size.
_POOL = 16384

#: Bytes between the start of a pool and its first block.
_POOL_HEADER = 48

#: Number of blocks in order, from the first one on, that show a new pool.  The allocator takes
#: a new pool when no pool in use has a free block of the size.
_IN_ORDER = 4

#: Sizes of blocks in pools, in bytes; a `bytes` object needs at least the first.
_POOL_BLOCKS = range(48, 513, 16)

#: Sizes of blocks that fill the heap of the C library, in bytes.  It keeps a few free blocks of
#: each size up to 1,032 for requests of exactly that size.
_HEAP_BLOCKS = (65536, 16384, 4096, 2048, *range(1032, 23, -16))

#: Number of blocks of one size that are allocated at most.
_MOST = 20_000

#: Objects that fill free blocks until this process ends.
_filling: list[bytes] = []


class _HeapStatistics(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def prepare() -> None:
    """Prepare all present objects, and free memory, for forks that share them.

    Present objects become immortal where CPython can do it.  They are excluded from collections,
    because a collection writes to each object.
    """
    gc.collect()
    # Entries of this cache hold references, so a process that replaces one writes to an old name.
    getattr(sys, "_clear_internal_caches" if sys.version_info >= (3, 13) else "_clear_type_cache")()
    make_immortal()
    fill_pools()
    fill_heap()
    gc.freeze()


def fill_pools() -> None:
    """Fill the free blocks of CPython's allocator for small objects."""
    for size in _POOL_BLOCKS:
        in_order = 0  # blocks from the first one of a pool on, without a gap
        expected = 0  # address of the block after them
        for _ in range(_MOST):
            filling = bytes(size - sys.getsizeof(b""))
            _filling.append(filling)
            if id(filling) % _POOL == _POOL_HEADER:
                in_order = 1
            elif in_order:
                in_order = in_order + 1 if id(filling) == expected else 0
            if in_order == _IN_ORDER:
                break
            expected = id(filling) + size


def fill_heap() -> None:
    """Fill the free blocks of the C library's heap, except the one at its end; glibc only."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):  # another C library, or glibc before 2.33
        return
    libc.mallinfo2.restype = _HeapStatistics
    libc.sbrk.restype = libc.malloc.restype = ctypes.c_void_p
    libc.sbrk.argtypes = (ctypes.c_ssize_t,)
    libc.malloc.argtypes = (ctypes.c_size_t,)
    libc.free.argtypes = (ctypes.c_void_p,)
    libc.malloc_trim(0)  # joins adjacent free blocks, and returns whole pages
    end = libc.sbrk(0) - libc.mallinfo2().keepcost
    for size in _HEAP_BLOCKS:
        for _ in range(_MOST):
            block = libc.malloc(size)
            if block is None or block >= end:
                libc.free(block)
                break
