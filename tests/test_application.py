"""The application on a real server; see `docs/reference/traps.md` for Q2, Q4 and Q6."""

from __future__ import annotations

import inspect

import pytest
import trio
from hypercorn.utils import LifespanFailureError
from quart import Quart

from hunt.engine import Engine
from hunt.play.resources import Resources
from hunt.service.hub import Hub
from hunt.web.app import Application, create_app
from hunt.web.resources import make_resources
from tests.support.serving import serving, stream


async def test_failed_task_of_the_engine_ends_the_server(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    die = trio.Event()

    async def run(_: Hub) -> None:
        await die.wait()
        raise ZeroDivisionError

    monkeypatch.setattr(Hub, "run", run)
    with pytest.RaisesGroup(LifespanFailureError, flatten_subgroups=True), trio.fail_after(10):
        async with serving(database) as client:
            assert (await client.click()).status_code == 200
            die.set()
            await trio.sleep_forever()


async def test_response_timeout_of_quart_does_not_end_a_stream(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Quart.default_config | {"RESPONSE_TIMEOUT": 0.2}
    monkeypatch.setattr(Application, "default_config", settings)
    async with serving(database, fast_lane=False, heartbeat=0.1) as client, stream(client) as one:
        await one.next()
        await one.next()
        while one.raw.count(b"\n: \n") < 5:
            await one.more()


async def test_quart_is_made_at_the_first_request_outside_the_fast_lane(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Application] = []

    def make(engine: Engine, resources: Resources) -> Application:
        made.append(create_app(engine, resources))
        return made[-1]

    monkeypatch.setattr("hunt.application.create_app", make)
    async with serving(database, fast_lane=True) as client:
        assert (await client.click()).status_code == 200
        assert (await client.get("/livez")).status_code == 200
        assert not made
        for _ in range(2):
            assert (await client.get("/v1/admin/hunts")).status_code == 401
            assert len(made) == 1


async def test_every_handler_is_async_and_so_runs_in_no_thread(database: str) -> None:
    async with serving(database) as client:
        app = create_app(client.engine, make_resources(client.engine))
    handlers = [*app.view_functions.values()]
    for group in (app.before_request_funcs, app.after_request_funcs):
        handlers += [each for functions in group.values() for each in functions]
    assert len(handlers) > 10
    for each in handlers:
        assert inspect.iscoroutinefunction(inspect.unwrap(each)), each
