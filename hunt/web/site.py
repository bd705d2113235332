"""The pages and files of the package, as resources by path; made once for all workers.

The files of a page are served under names that contain their hash, which browsers keep for
ever: the modules of a page as one bundle, its other files one by one.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from urllib.parse import quote

from hunt.core.languages import direction
from hunt.play import problems
from hunt.play.replies import IMMUTABLE, REVALIDATE, Document
from hunt.play.resources import Fixed, Resource
from hunt.web import problem_page
from hunt.web.bundle import bundle, without_comments
from hunt.web.openapi import document

#: Allows scripts, styles, images and connections of this server only, and nothing inline.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

#: Values of ``Content-Type`` by file name suffix.
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".py": "text/x-python; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}

#: Files of the pages, by path; the game page has a resource of its own.
_PAGES = {"/docs": "docs/docs.html", "/ops": "ops/ops.html", "/proof": "proof/proof.html"}

#: Route templates of the files in the folder ``static`` and in the folders below it.
_ROUTES = ("/static/<name>", "/static/<folder>/<name>")

#: Folder of the files whose names contain their hash.
_HASHED = "-"

#: Folder of the words of the game page: a file for each language.
_WORDS = "words"

_MODULE = re.compile(r'(<script type="module" src=")/static/([^"]+)"')
#: A manifest is left out: the addresses in it are relative to its own.
_FILE = re.compile(r'((?:href|src)=")/static/(?!-/)([^"]+)(?<!\.webmanifest)"')
_WORD = re.compile(r"\{\{([\w.]+)\}\}")
_STYLE = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)">')
_ICON = re.compile(r'(<link rel="icon" href=")/static/([^"]+)"')


@dataclass(frozen=True, slots=True)
class GameTemplate:
    """The game page without data, with words in one language."""

    language: str  #: of its words (BCP 47)
    body: bytes
    policy: str  #: its content security policy


class Site:
    """All pages and files.

    Args:
        sources: The files in the folder ``static``, by path.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._modules = modules(sources)
        self.resources: dict[str, Resource] = {}  #: by path of the address
        for path, content in sources.items():
            self._add(path, content, REVALIDATE)
        for address, path in _PAGES.items():
            self.resources[address] = Fixed(address, page(self.linked(self._text(path))))
        self.resources[problems.PAGE] = Fixed(problems.PAGE, page(problem_page.page()))
        headers = (("Content-Security-Policy", POLICY),)
        openapi = Document(document.document(), headers=headers)
        openapi.prepare()
        self.resources["/openapi.json"] = Fixed("/openapi.json", openapi)
        #: The game page without data, by the language of its words.
        self.games = {each: self._game(each) for each in self._languages()}

    def _languages(self) -> list[str]:
        """Return the languages that the words of the game page are in."""
        names = [PurePosixPath(path) for path in self._sources if path.startswith(f"{_WORDS}/")]
        return sorted(name.stem for name in names)

    def _game(self, language: str) -> GameTemplate:
        """Return the game page with its style, its first script, its icon and its words."""
        text, policy = self._text("game/game.html"), POLICY
        words = json.loads(self._text(f"{_WORDS}/{language}.json"))
        words |= {"lang": language, "dir": direction(language)}
        text = _WORD.sub(lambda match: escape(words[match[1]]), text)
        # In a script element, "<" could end it.
        listed = json.dumps(words, ensure_ascii=False, separators=(",", ":")).replace(
            "<", r"\u003c"
        )
        element = f'<script type="application/json" id="words">{listed}</script>'
        text = text.replace("</body>", f"{element}\n</body>")
        for match in list(_STYLE.finditer(text)):
            style = without_comments(self._text(match[1]))
            text = text.replace(match[0], f"<style>{style}</style>")
            policy = _allowing(policy, "style-src", style)
        opening = without_comments(self._text("game/opening.js"))
        text = text.replace("</head>", f"<script>{opening}</script>\n</head>", 1)
        policy = _allowing(policy, "script-src", opening)
        text = _ICON.sub(lambda match: f'{match[1]}{self._inline(match[2])}"', text)
        return GameTemplate(language, self.linked(text), policy)

    def linked(self, text: str) -> bytes:
        """Return a page that loads its files by the names with their hashes."""
        text = _MODULE.sub(lambda match: f'{match[1]}{self._bundle(match[2])}"', text)
        text = _FILE.sub(lambda match: f'{match[1]}{self._hashed(match[2])}"', text)
        return text.encode()

    def _text(self, path: str) -> str:
        return self._sources[path].decode()

    def _inline(self, path: str) -> str:
        """Return a picture as a ``data:`` URL."""
        return f"data:image/svg+xml,{quote(self._text(path), safe=' =;,()')}"

    def _bundle(self, entry: str) -> str:
        """Add the bundle of a page's modules; return its address."""
        content = bundle(self._modules, entry).encode()
        return self._immutable(PurePosixPath(entry), content)

    def _hashed(self, path: str) -> str:
        """Add a file under the name with its hash; return its address."""
        return self._immutable(PurePosixPath(path), self._sources[path])

    def _immutable(self, path: PurePosixPath, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()[:16]
        name = f"{_HASHED}/{path.stem}.{digest}{path.suffix}"
        self._add(name, content, IMMUTABLE).prepare()
        return f"/static/{name}"

    def _add(self, path: str, content: bytes, cache_control: str) -> Document:
        suffix = PurePosixPath(path).suffix
        added = Document(
            content,
            _TYPES.get(suffix, "application/octet-stream"),
            cache_control=cache_control,
            headers=(("Content-Security-Policy", POLICY),),
            level=0 if suffix == ".png" else 9,
        )
        self.resources[f"/static/{path}"] = Fixed(_ROUTES[path.count("/")], added)
        return added


def page(body: bytes, policy: str = POLICY, *, language: str | None = None) -> Document:
    """Return the document of an HTML page; `language` was chosen for the reader."""
    headers: tuple[tuple[str, str], ...] = (("Content-Security-Policy", policy),)
    if language is None:
        return Document(body, _TYPES[".html"], headers=headers)
    headers = (*headers, ("Content-Language", language))
    return Document(body, _TYPES[".html"], headers=headers, varies="Accept-Language")


def with_style(policy: str, style: str) -> str:
    """Return a policy that also allows one inline style."""
    return _allowing(policy, "style-src", style)


#: Sources that a challenge of a third party needs, by directive, as its documentation says.
_CHALLENGE_SOURCES: Mapping[str, Mapping[str, str]] = {
    "turnstile": {
        "script-src": "https://challenges.cloudflare.com",
        "frame-src": "https://challenges.cloudflare.com",
    },
    "hcaptcha": dict.fromkeys(
        ("script-src", "frame-src", "style-src", "connect-src"),
        "https://hcaptcha.com https://*.hcaptcha.com",
    ),
}


def challenged(policy: str, challenge: str) -> str:
    """Return a policy that also allows the script of a challenge, if a third party makes it.

    Args:
        policy: A content security policy.
        challenge: `HUNT_CHALLENGE`.
    """
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    for name, sources in _CHALLENGE_SOURCES.get(challenge, {}).items():
        directives[name] = f"{directives.get(name, '')} {sources}".strip()
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def _allowing(policy: str, directive: str, text: str) -> str:
    """Return a policy that also allows one inline style or script, by its hash."""
    digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return policy.replace(f"{directive} 'self'", f"{directive} 'self' 'sha256-{digest}'")


def files() -> dict[str, bytes]:
    """Return every file in the folder ``static`` by its path below it."""
    return dict(_files(resources.files("hunt.web").joinpath("static")))


def modules(sources: Mapping[str, bytes]) -> dict[str, str]:
    """Return the text of every script of our own by its path."""
    return {path: each.decode() for path, each in sources.items() if path.endswith(".js")}


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        path = f"{prefix}{each.name}"
        if each.name == "__pycache__":  # of the verifier; installers compile every script
            continue
        if each.is_dir():
            yield from _files(each, f"{path}/")
        else:
            yield path, each.read_bytes()


@cache
def site() -> Site:
    """Return the site; made before the fork, all workers share it."""
    return Site(files())
