"""``/v1/hunts/{hunt}/proof``: seals, heads, the player's own secrets, and the bundle."""

from __future__ import annotations

import trio
from msgspec import json, to_builtins
from quart import Blueprint, Response

from hunt.core import chain
from hunt.core.seal import moment
from hunt.errors import Overloaded
from hunt.play.auth import check_hunt
from hunt.play.play import Play
from hunt.store.bundle_file import compressed
from hunt.store.proofs import PublishedHead
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.download import download
from hunt.web.responses import json_response

#: Bundles that one process streams at once, and seconds after which to try again beyond that.
MOST_AT_ONCE, RETRY = 2, 5.0


def blueprint(play: Play, store: Store) -> Blueprint:
    """Return the routes of proofs."""
    routes = Blueprint("proof", __name__)
    places = trio.Semaphore(MOST_AT_ONCE)

    @routes.get("/v1/hunts/<hunt_id>/proof")
    async def present(hunt_id: str) -> Response:
        play.hunt(hunt_id)
        found = await store.proofs.present(hunt_id)
        seals = [{"hash": hash_, "document": json.decode(text)} for text, hash_ in found.seals]
        head = found.head
        shown = {"algorithm": found.algorithm, "seals": seals, "head": head and _head(head)}
        return json_response(shown)

    @routes.get("/v1/hunts/<hunt_id>/proof/heads")
    async def heads(hunt_id: str) -> Response:
        play.hunt(hunt_id)
        after = bodies.whole_number("after", 0, least=0, most=2**62)
        limit = bodies.whole_number("limit", 100, least=1, most=1000)
        found = await store.proofs.heads(hunt_id, after, limit)
        following = found[-1].seq if len(found) == limit else None
        return json_response({"heads": [_head(each) for each in found], "next": following})

    @routes.get("/v1/hunts/<hunt_id>/proof/own")
    async def own(hunt_id: str) -> Response:
        hunt = play.hunt(hunt_id)
        identity = play.authenticator.identify(caller.play_request(hunt_id))
        check_hunt(identity, hunt_id)
        codes = await store.proofs.own_codes(hunt_id, identity.player) if hunt.codes else []
        name = None
        if hunt.player_key is not None:
            name = chain.Pseudonyms(hunt.player_key).of(identity.player)
        return json_response({"player": name, "codes": to_builtins(codes)})

    @routes.get("/v1/hunts/<hunt_id>/proof/bundle")
    async def export(hunt_id: str) -> Response:
        play.hunt(hunt_id)
        if not places.value:
            raise Overloaded("too many bundles are being sent", retry_after=RETRY)
        source = await store.bundles.find(hunt_id)
        lines = store.bundles.lines(source)
        return download(
            compressed(lines),
            lines,
            places,
            mimetype="application/gzip",
            filename=f"{hunt_id}.jsonl.gz",
        )

    return routes


def _head(head: PublishedHead) -> dict[str, object]:
    return {"seq": head.seq, "head": head.head, "at": moment(head.at)}
