"""The page that explains every problem type, generated from the classes of refusals."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from hunt.error_kinds import kinds
from hunt.errors import Refused
from hunt.play.problems import meaning

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hunt: problems</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/docs/docs.css">
</head>
<body>
<header>
<h1>Problems</h1>
<p>Every error is an <code>application/problem+json</code> (RFC 9457).
Its <code>type</code> is one of these.</p>
<p><a href="/docs">HTTP API</a></p>
</header>
<main>
{sections}
</main>
</body>
</html>
"""

_SECTION = """<section id="{slug}">
<h2>{title}</h2>
<p>{meaning}</p>
<p><code>{status} {phrase}</code>{retry}</p>
</section>"""

_RETRY = "; <code>Retry-After</code> is the number of seconds to wait before a retry"


def page() -> bytes:
    """Return the page, in UTF-8."""
    found = sorted(kinds(Refused), key=lambda kind: (kind.status, kind.slug))
    sections = "\n".join(
        _SECTION.format(
            slug=kind.slug,
            title=escape(kind.title),
            meaning=escape(meaning(kind)).replace("`Allow`", "<code>Allow</code>"),
            status=kind.status,
            phrase=HTTPStatus(kind.status).phrase,
            retry=_RETRY if "Retry-After" in kind.headers else "",
        )
        for kind in found
    )
    return _PAGE.format(sections=sections).encode()
