"""The game page: the hunts in it, and what its policy allows."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from hunt.core.hunts import Hunt, Version
from hunt.core.page import Colours, Page, PageTexts
from hunt.core.proxies import Peer
from hunt.errors import HuntNotFound
from hunt.play.hunt_views import HuntDetails, HuntList
from hunt.play.replies import Reply
from hunt.play.request import build
from hunt.service.version_cache import VersionCache
from hunt.web.game_page import MAX_LIST, GamePage
from hunt.web.site import files, site
from tests.support.hunts import PLAIN, START, closing, named
from tests.support.serving import serving

PEER = Peer("192.0.2.1", trusted=False, key="192.0.2.1")
DATA = re.compile(rb'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


class World:
    def __init__(self, *hunts: Hunt) -> None:
        self.hunts = {hunt.id: hunt for hunt in hunts}
        self.time = START
        self.page = GamePage(
            site().games,
            hunts=HuntList(self.hunts, self.now),
            details=HuntDetails(self.visible, self.now, VersionCache(self.versions)),
            now=self.now,
        )

    def now(self) -> datetime:
        return self.time

    def visible(self, hunt_id: str) -> Hunt:
        if hunt_id not in self.hunts:
            raise HuntNotFound(hunt_id)
        return self.hunts[hunt_id]

    async def versions(self, hunt_id: str) -> list[Version]:
        raise AssertionError("the page must not wait for the database")

    def reply(self, query: str = "", language: str | None = None) -> Reply:
        headers = [] if language is None else [("Accept-Language", language)]
        return self.page.peek(build("", headers, query, scheme="http"), PEER)

    def data(self, query: str = "") -> Any:
        [text] = DATA.findall(self.reply(query).body)
        return msgspec.json.decode(text)

    def shown(self, query: str = "") -> str | None:
        hunt = self.data(query)["hunt"]
        return None if hunt is None else hunt["id"]


def test_page_shows_the_hunt_of_the_query_or_an_open_one() -> None:
    paused = replace(named("pond"), state="paused")
    world = World(paused, named("river"), PLAIN)
    assert [each["id"] for each in world.data()["list"]["hunts"]] == ["pond", "river", "harbour"]
    assert world.shown() == "river"
    assert world.shown("hunt=harbour&hunt=pond") == "harbour"
    assert world.shown("hunt=nowhere") is None
    assert world.shown("hunt=") is None
    del world.hunts["river"], world.hunts["harbour"]
    assert world.shown() == "pond"
    world.hunts.clear()
    assert world.data() == {"list": {"hunts": []}, "hunt": None, "language": None}


def test_page_is_kept_until_a_hunt_changes() -> None:
    world = World(PLAIN)
    first = world.reply()
    assert world.reply("hunt=harbour") is first
    world.hunts["harbour"] = replace(PLAIN, as_of=START + timedelta(seconds=2))
    assert world.reply() is first
    world.hunts["harbour"] = closing(5)
    changed = world.reply()
    assert changed is not first
    world.time = START + timedelta(seconds=5)
    assert world.data()["hunt"]["state"] == "closing"


def test_ended_hunt_whose_versions_are_unknown_is_left_out() -> None:
    world = World(replace(PLAIN, state="closed", ended_at=START))
    assert world.shown("hunt=harbour") is None
    assert world.data("hunt=harbour")["list"]["hunts"][0]["state"] == "closed"


def test_text_of_a_hunt_cannot_end_its_element() -> None:
    title = "</script><script>alert(1)</script><!--"
    world = World(replace(PLAIN, definition=replace(PLAIN.definition, title=title)))
    assert world.data()["hunt"]["title"] == title
    assert b"alert(1)</script>" not in world.reply().body


LOOK = Page(
    scene="city",
    language="fr",
    colours=Colours("#101020", "#ffffff", "#ffcc66"),
    texts=(PageTexts("de", (("title", "Hafen"),)), PageTexts("ar", (("title", "م"),))),
)
DRESSED = replace(PLAIN, definition=replace(PLAIN.definition, page=LOOK))


@pytest.mark.parametrize(
    ("header", "query", "words", "texts"),
    [
        (None, "", "en", "fr"),
        ("de-AT", "", "de", "de"),
        ("ar-EG, de;q=0.5", "", "de", "ar"),
        ("de", "lang=en", "en", "de"),
        ("de", "lang=fr", "de", "fr"),
        ("ja", "", "en", "fr"),
        ("de", "lang=" + "x" * 300, "de", "de"),
    ],
)
def test_page_is_in_the_language_of_the_reader(
    header: str | None, query: str, words: str, texts: str
) -> None:
    reply = World(DRESSED).reply(query, header)
    headers = dict(reply.headers)
    assert headers["Content-Language"] == words
    assert headers["Vary"] == "Accept-Encoding, Accept-Language"
    assert f'<html data-scene="city" lang="{words}" dir="ltr">'.encode() in reply.body
    [data] = DATA.findall(reply.body)
    assert msgspec.json.decode(data)["language"] == texts


def test_pages_of_two_languages_are_kept_apart() -> None:
    world = World(DRESSED)
    german, english = world.reply(language="de"), world.reply(language="en")
    assert world.reply(language="de-CH") is german
    assert world.reply(language="en-GB") is english
    assert german.body != english.body


def test_page_has_the_colours_of_its_hunt_from_the_start() -> None:
    reply = World(DRESSED).reply()
    style = re.findall(rb"<style>(.*?)</style>", reply.body, re.DOTALL)[-1].decode()
    assert style.startswith(":root:root{--paper:#101020;--ink:#ffffff;--accent:#ffcc66;")
    assert style.endswith(";color-scheme:dark}")
    assert digest(style) in dict(reply.headers)["Content-Security-Policy"]
    plain = World(PLAIN).reply()
    assert plain.body.count(b"<style>") == 1
    assert b"<html lang=" in plain.body


def test_page_shows_the_hunt_that_begins_next() -> None:
    def waiting(name: str, hours: int | None) -> Hunt:
        opens = None if hours is None else START + timedelta(hours=hours)
        hunt = named(name)
        return replace(hunt, definition=replace(hunt.definition, opens_at=opens))

    paused = replace(named("pond"), state="paused")
    assert World(paused, waiting("late", 2), waiting("soon", 1)).shown() == "soon"


def test_frames_are_allowed_as_the_setting_says() -> None:
    assert "frame-ancestors 'none'" in dict(World(PLAIN).reply().headers)["Content-Security-Policy"]
    world = World(PLAIN)
    world.page = GamePage(
        site().games,
        hunts=HuntList(world.hunts, world.now),
        details=HuntDetails(world.visible, world.now, VersionCache(world.versions)),
        now=world.now,
        frame_ancestors=("https://shop.example", "https://a.example"),
    )
    policy = dict(world.reply().headers)["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://shop.example https://a.example")


def test_words_of_all_languages_have_the_same_keys_and_values() -> None:
    found = {
        path: msgspec.json.decode(text)
        for path, text in files().items()
        if path.startswith("words/")
    }
    english = found["words/en.json"]
    braces = re.compile(r"\{\w+\}")
    for path, words in found.items():
        assert words.keys() == english.keys(), path
        for key, text in words.items():
            inside = set(braces.findall(str(text)))
            assert inside == set(braces.findall(str(english[key]))), (path, key)


def test_every_word_of_the_page_exists() -> None:
    english = msgspec.json.decode(files()["words/en.json"])
    scripts = b"".join(text for path, text in files().items() if path.startswith("game/"))
    used = set(re.findall(r'\bsay(?:For)?\("([\w.-]+)"', scripts.decode()))
    assert len(used) > 50
    assert used <= english.keys()


def test_long_list_is_left_out() -> None:
    world = World(*(named(f"hunt-{number}") for number in range(MAX_LIST // 50)))
    assert world.data()["list"] is None
    assert world.shown() == "hunt-0"


def digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


async def test_policy_allows_what_is_inline_by_its_hash_alone(database: str) -> None:
    async with serving(database) as client:
        answer = await client.get("/")
        policy = dict(
            each.split(" ", 1) for each in answer.headers["Content-Security-Policy"].split("; ")
        )
        [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
        assert policy["style-src"] == f"'self' {digest(style)}"
        assert policy["script-src"] == f"'self' {digest(script)}"
        assert policy["default-src"] == "'none'"
        assert "on" not in {each[:2] for each in re.findall(r"<[^>]* (on\w+)=", answer.text)}
        assert " style=" not in answer.text


@pytest.mark.parametrize("page", ["/", "/docs", "/ops", "/proof"])
async def test_files_of_a_page_are_immutable(database: str, page: str) -> None:
    async with serving(database) as client:
        text = (await client.get(page)).text
        addresses = re.findall(r'(?:href|src)="(/static/[^"]*)"', text)
        hashed = [each for each in addresses if not each.endswith(".webmanifest")]
        assert hashed
        for address in hashed:
            answer = await client.get(address)
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            found = re.fullmatch(r"/static/-/[\w.-]+\.([0-9a-f]{16})\.\w+", address)
            assert found is not None
            assert hashlib.sha256(answer.content).hexdigest().startswith(found[1])
