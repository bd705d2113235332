"""A check of the private names of other packages that hunt overrides, calls or replaces.

Such a name can change in any release.  Each is listed with the parameters that it had when
its source was read, and is compared at the start.  A difference then ends the start with
one sentence; otherwise it would cause a failure later.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from importlib import import_module, metadata

from hunt.errors import SettingsError

#: Stands for the parameters of an attribute that is not a function.
ATTRIBUTE = "attribute"

#: If this variable is set, any release is accepted whose names do not differ.
ANY_RELEASE = "HUNT_TEST_ANY_RELEASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of which hunt uses private names."""

    name: str  #: of the distribution
    releases: tuple[str, ...]  #: the series that may be installed, as ``0.18``
    read: str  #: the release whose source was read last
    names: Mapping[str, str]  #: ``module:qualified.name`` -> its `parameters`


def check(*packages: Package) -> None:
    """Compare the names of installed packages with those that were read.

    Raises:
        SettingsError: A package has another release, or one of its names differs.
    """
    for package in packages:
        fault = _release_fault(package) or _name_fault(package)
        if fault is not None:
            raise SettingsError(f"{fault}: install '{package.name}=={package.read}'")


def parameters(value: object) -> str:
    """Return the parameters of a function or a class as text, without types and values.

    >>> parameters(lambda first, *, second=0: None)
    'first, *, second='
    """
    value = getattr(value, "__func__", value)  # of a class method
    if isinstance(value, property) or not callable(value):
        return ATTRIBUTE
    try:
        signature = inspect.signature(value)
    except ValueError:  # compiled, without its signature
        return ATTRIBUTE
    plain = []
    for each in signature.parameters.values():
        default = each.empty if each.default is each.empty else _Default()
        plain.append(each.replace(annotation=each.empty, default=default))
    return str(inspect.Signature(plain))[1:-1]


class _Default:
    def __repr__(self) -> str:
        return ""


def _release_fault(package: Package) -> str | None:
    try:
        installed = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return f"{package.name} is not installed"
    known = any(f"{installed}.".startswith(f"{series}.") for series in package.releases)
    if known or ANY_RELEASE in os.environ:
        return None
    series = ", ".join(f"{each}.x" for each in package.releases)
    return f"hunt needs {package.name} {series}, and {installed} is installed"


def _name_fault(package: Package) -> str | None:
    for name, wanted in package.names.items():
        found = _find(name)
        if found != wanted:
            installed = metadata.version(package.name)
            return (
                f"{package.name} {installed} is not compatible with hunt, which uses "
                f"{_shown(name, wanted)} and finds {_shown(name, found)}"
            )
    return None


def _shown(name: str, found: str | None) -> str:
    if found is None:
        return "no such name"
    return name if found == ATTRIBUTE else f"{name}({found})"


def _find(name: str) -> str | None:
    """Return the parameters of ``module:qualified.name``; None if there is no such name."""
    module, _, path = name.partition(":")
    *owners, last = path.split(".")
    try:
        owner = reduce(getattr, owners, import_module(module))
    except (ImportError, AttributeError):
        return None
    try:
        return parameters(inspect.getattr_static(owner, last))
    except AttributeError:
        return ATTRIBUTE if _is_assigned(owner, last) else None


def _is_assigned(owner: object, name: str) -> bool:
    """Return whether ``__init__`` of a class or of a base class assigns ``self.name``."""
    classes = inspect.getmro(owner) if isinstance(owner, type) else ()
    makers = [vars(each).get("__init__") for each in classes]
    return any(inspect.isfunction(each) and name in each.__code__.co_names for each in makers)
