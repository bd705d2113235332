"""The OpenAPI document covers every route and error status, and is what the server serves."""

from __future__ import annotations

import json
import re

from hunt.error_kinds import kinds
from hunt.errors import Refused
from hunt.web.app import create_app
from hunt.web.openapi import document
from hunt.web.resources import make_resources
from hunt.web.site import POLICY
from tests.support.serving import serving

DOCUMENT = json.loads(document.document())


async def test_document_lists_exactly_the_routes_of_the_application(database: str) -> None:
    async with serving(database) as client:
        app = create_app(client.engine, make_resources(client.engine))
    routes = {
        (method, re.sub(r"<(?:int:)?(\w+?)(_id)?>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(document.routes()), "hunt/web/openapi lists every route"


def test_references_resolve_and_every_error_status_is_documented() -> None:
    text = json.dumps(DOCUMENT)
    for reference in set(re.findall(r'"#/([^"]+)"', text)):
        place = DOCUMENT
        for part in reference.split("/"):
            place = place[part]
    told = {
        int(status)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }
    # The others are answers to invalid HTTP, which no operation can describe.
    assert told >= {kind.status for kind in kinds(Refused)} - {408, 414, 431, 501, 505}
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]
                    wanted = {
                        "401": "WWW-Authenticate", "405": "Allow",
                        "429": "Retry-After", "503": "Retry-After",
                    }  # fmt: skip
                    assert "/docs/problems#" in response["description"]
                    assert wanted.get(status, "X-Request-Id") in response["headers"]


async def test_docs_page_loads_nothing_from_elsewhere(database: str) -> None:
    async with serving(database) as client:
        page = await client.get("/docs")
        assert page.headers["Content-Security-Policy"] == POLICY
        assert "://" not in page.text
        assert (await client.get("/openapi.json")).json() == DOCUMENT
