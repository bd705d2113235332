"""Parsers for URLs and origins in settings, as those of `hunt.values`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from hunt.values import accepts, is_host, listed, text

# User and password as in RFC 3986, so that every parser finds the same host.
_AUTHORITY = re.compile(
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:%-]*@)?(\[[^][]*\]|[^][:@]+)(?::(\d{1,5}))?", re.ASCII
)


@accepts("https://HOST/..., or http:// to this machine")
def url(value: object) -> str:
    """Return a URL that may be fetched; it may contain a user and a password."""
    found = text(value)
    scheme, host = scheme_and_host(found)
    here = host.lower() in {"localhost", "127.0.0.1", "[::1]"}
    if scheme != "https" and not (scheme == "http" and here):
        raise ValueError(f"must be {url.accepts}")
    return found


def server(value: object) -> str:
    """Return the URL of a hunt server, without user, password and query."""
    found = text(value)
    scheme, _ = scheme_and_host(found)
    if scheme not in {"http", "https"} or any(each in found for each in "@?#"):
        raise ValueError("must be http://HOST:PORT or https://HOST, without user and password")
    return found


@accepts("http://HOST:PORT/PATH or https://HOST/PATH, without user, password and query")
def endpoint(value: object) -> str:
    """Return the URL of a service in the network of the server."""
    try:
        return server(value)
    except ValueError:
        raise ValueError(f"must be {endpoint.accepts}") from None


def scheme_and_host(url: str) -> tuple[str, str]:
    """Return scheme and host of a URL; empty if parsers may disagree about them."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    match = _AUTHORITY.fullmatch(parts.netloc)
    if not re.fullmatch(r"[!-~]+", url) or match is None or not is_host(match[1]):
        return "", ""
    return ("", "") if int(match[2] or 1) > 65535 else (parts.scheme, match[1])


def without_secrets(found: str) -> str:
    """Return a URL without user, password, query and fragment; any other text unchanged."""
    if "://" not in found:
        return found
    try:
        parts = urlsplit(found)
    except ValueError:
        return "(set)"
    match = _AUTHORITY.fullmatch(parts.netloc)
    if parts.scheme not in {"http", "https"} or match is None or not is_host(match[1]):
        return "(set)"
    port = f":{match[2]}" if match[2] else ""
    user = "***@" if "@" in parts.netloc else ""
    query = "?***" if parts.query or parts.fragment else ""
    return f"{parts.scheme}://{user}{match[1]}{port}{parts.path}{query}"


@accepts("origins, as in https://play.example, without a path, comma-separated")
def origins(value: object) -> tuple[str, ...]:
    """Return origins (RFC 6454)."""
    found = listed(value)
    for origin in found:
        scheme, _, authority = origin.partition("://")
        match = _AUTHORITY.fullmatch(authority)
        known = scheme in {"http", "https"} and match is not None and is_host(match[1])
        if not known or "@" in origin:
            raise ValueError("must be origins, as in https://play.example, without a path")
    return found
