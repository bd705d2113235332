"""Joins the ECMAScript modules of a page into one module, without a tool to install.

Each module becomes a function that returns its exports, so that equal names in two modules do
not meet.  The functions are called once, in the order of the imports.  Only the forms that the
project writes are understood; any other form raises, and the tests bundle every page:

- ``import { a, b as c } from "./x.js";``, ``import * as x from "./x.js";``, ``import "./x.js";``
- ``export function``, ``export class``, ``export const NAME =``
- ``await`` at the top of the first module only
- ``export { a, b as c };``, with or without ``from``, and ``export * from "./x.js";``
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_IMPORT = re.compile(
    r'^import(?:\s+(?:\{(?P<names>[^}]*)\}|\*\s+as\s+(?P<all>\w+))\s+from)?\s+"(?P<path>[^"]+)";\n?',
    re.MULTILINE,
)
_LISTED = re.compile(
    r'^export\s+(?:\{(?P<names>[^}]*)\}|(?P<all>\*))(?:\s+from\s+"(?P<path>[^"]+)")?;\n?',
    re.MULTILINE,
)
_DECLARED = re.compile(
    r"^export\s+(?=(?:async\s+)?(?:function\b\*?|class|const)\s+(?P<name>\w+))", re.MULTILINE
)
_OTHER = re.compile(r"^(?:import|export)\b.*|^await\b.*", re.MULTILINE)
_NAME = re.compile(r"(\w+)(?:\s+as\s+(\w+))?")


class BundleError(ValueError):
    """The modules of a page cannot be joined."""


def bundle(files: Mapping[str, str], entry: str) -> str:
    """Return one module that does what the module `entry` does.

    Args:
        files: The text of each module, by path.
        entry: Path of the first module.

    Raises:
        BundleError: A module is missing, imports itself, or has a form that is not understood.
    """
    joined = _Bundle(files)
    joined.add(entry, ())
    return "".join(joined.parts)


class _Bundle:
    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._variables: dict[str, str] = {}  # of the exports of each module
        self.parts: list[str] = []

    def add(self, path: str, importers: tuple[str, ...]) -> str:
        """Append a module after those that it imports; return the variable of its exports."""
        if path in importers:
            raise BundleError(f"{path}: imports itself, by {' and '.join(importers)}")
        if path not in self._files:
            raise BundleError(f"{path}: there is no such file; {importers[-1:]} imports it")
        if path not in self._variables:
            module = _Module(self, path, (*importers, path))
            text = module.text(self._files[path])
            variable = self._variables[path] = f"$module{len(self._variables)}"
            if importers:
                self.parts.append(f"const {variable} = (() => {{\n{text}{module.end()}}})();\n")
            else:  # a block, in which the first module may await
                self.parts.append(f"{{\n{text}}}\n")
        return self._variables[path]


class _Module:
    """One module: its text without imports, and its exports."""

    def __init__(self, joined: _Bundle, path: str, importers: tuple[str, ...]) -> None:
        self._joined = joined
        self._path = path
        self._importers = importers
        self._exports: list[str] = []  # members of the object that its function returns

    def text(self, source: str) -> str:
        """Return the body of the module's function."""
        text = without_comments(source)
        text = _IMPORT.sub(self._import, text)
        text = _LISTED.sub(self._listed, text)
        text = _DECLARED.sub(self._declared, text)
        other = _OTHER.search(text)
        if other is not None and (len(self._importers) > 1 or not other[0].startswith("await")):
            raise BundleError(f"{self._path}: cannot be bundled: {other[0]}")
        return text

    def end(self) -> str:
        """Return the end of the module's function: its exports."""
        return f"return {{ {', '.join(self._exports)} }};\n"

    def _exports_of(self, path: str) -> str:
        if not path.startswith("."):
            raise BundleError(f"{self._path}: {path!r} is not relative, as in './x.js'")
        found = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), path))
        return self._joined.add(found, self._importers)

    def _import(self, match: re.Match[str]) -> str:
        variable = self._exports_of(match["path"])
        if match["all"]:
            return f"const {match['all']} = {variable};\n"
        names = ", ".join(
            f"{name}: {own or name}" for name, own in _NAME.findall(match["names"] or "")
        )
        return f"const {{ {names} }} = {variable};\n" if names else ""

    def _listed(self, match: re.Match[str]) -> str:
        origin = "" if match["path"] is None else self._exports_of(match["path"])
        if match["all"]:
            self._exports.append(f"...{origin}")
            return ""
        for name, shown in _NAME.findall(match["names"]):
            self._exports.append(
                f"{shown or name}: {origin}.{name}" if origin else f"{shown or name}: {name}"
            )
        return ""

    def _declared(self, match: re.Match[str]) -> str:
        self._exports.append(match["name"])
        return ""


def without_comments(source: str) -> str:
    """Return a module without the lines that are only comments.

    A line inside of a template literal is no comment, whatever it begins with.
    """
    kept, template, comment = [], False, False
    for line in source.splitlines():
        start = line.lstrip()
        if comment or (not template and start.startswith("/*")):
            comment = "*/" not in start
            continue
        if not template and (not start or start.startswith("//")):
            continue
        if line.replace("\\`", "").count("`") % 2:
            template = not template
        kept.append(f"{line}\n")
    return "".join(kept)
