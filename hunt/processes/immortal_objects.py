"""Immortal objects (PEP 683): CPython neither counts references to them nor frees them.

The count is part of the object.  A process that counts a reference to an object from before its
fork writes to a shared page, so the kernel copies the page.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from types import CodeType, FrameType
from typing import cast

# This module relies on `Py_INCREF` and `Py_DECREF` of CPython 3.12 and 3.13 with 64 bits and the
# GIL.  The lower 32 bits of the count come first in an object.  `Py_INCREF` does not change a
# count in which all of these bits are set, and `Py_DECREF` does not change one in which the highest
# of them is set.
# CPython 3.14 changes counts of objects on the stack without a check (``pycore_stackref.h``), so
# a count would overflow in the end.  `supported` detects that release by the count of `None`, which
# is 3 << 30 there.

#: Reference count of an immortal object.
_IMMORTAL = 0xFFFFFFFF

#: References that a check adds and removes.
_MORE = 1000


def make_immortal() -> bool:
    """Make all present objects immortal; return False if CPython cannot do it.

    Frames and objects with a finalizer, such as files, sockets and generators, remain mortal.
    Call it before this process has another thread.
    """
    if not supported():
        return False
    found: list[object] = gc.get_objects()
    mortal: dict[type, bool] = {FrameType: True}  # type -> whether its objects remain mortal
    while found:
        made: list[object] = []
        for each in found:
            if sys.getrefcount(each) == _IMMORTAL:
                continue
            kind = type(each)
            if kind not in mortal:
                mortal[kind] = hasattr(kind, "__del__")
            if mortal[kind]:
                continue
            ctypes.c_uint32.from_address(id(each)).value = _IMMORTAL
            made.append(each)
            if kind is CodeType:  # `isinstance` would run code of proxies
                made.append(_parts(cast(CodeType, each)))
        found = gc.get_referents(*made)
    return True


def _parts(code: CodeType) -> tuple[object, ...]:
    """Return the objects of a code object, which the garbage collector does not know."""
    return (
        code.co_consts,
        code.co_names,
        code.co_name,
        code.co_qualname,
        code.co_filename,
        code.co_linetable,
        code.co_exceptiontable,
    )


def supported() -> bool:
    """Return whether an object becomes immortal by its reference count; try it with one."""
    if sys.implementation.name != "cpython" or sys.byteorder != "little" or sys.maxsize < 1 << 32:
        return False
    debug = hasattr(sys, "gettotalrefcount")  # such a build checks counts
    if debug or sysconfig.get_config_var("Py_GIL_DISABLED") or not _is_immortal(None):
        return False
    probe = object()
    count = ctypes.c_uint32.from_address(id(probe))
    before = count.value
    references = [probe] * _MORE
    if count.value != before + _MORE:  # the count is elsewhere
        return False
    references.clear()
    count.value = _IMMORTAL
    return _is_immortal(probe)


def _is_immortal(each: object) -> bool:
    """Return whether references to an object are not counted."""
    counts = [sys.getrefcount(each)]
    references = [each] * _MORE + [each for _ in range(_MORE)]
    counts.append(sys.getrefcount(each))
    references.clear()
    counts.append(sys.getrefcount(each))
    return counts == [_IMMORTAL] * 3
