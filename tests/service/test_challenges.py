"""Challenges of visitors: proof of work, failures of the service, and the choice by settings."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
import trio
from msgspec import to_builtins
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core import altcha
from hunt.errors import ChallengeFailed, ChallengeUnavailable, SettingsError, StoreUnavailable
from hunt.service import challenges
from hunt.service.challenges import RETRY_AFTER, Altcha, Challenge, Challenges, make_challenges
from hunt.service.siteverify import Unavailable
from hunt.settings import Settings
from tests.support.siteverify import SECRET, siteverify
from tests.support.solving import solve

NOW = 1_000_000.0
KEYS = altcha.keys([b"new" * 12, b"old" * 12])


class Store:
    """Remembers used challenges; fails while `fails`."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}
        self.fails = False

    async def use(self, challenge: str, *, until: int) -> bool:
        if self.fails:
            raise StoreUnavailable("no database")
        is_new = challenge not in self.used
        self.used[challenge] = until
        return is_new


def proof(store: Store, work: int = 20) -> Altcha:
    return Altcha(KEYS, work=work, use=store.use, wall=lambda: NOW)


def puzzle(made: Altcha) -> dict[str, Any]:
    offered = made.offered()
    assert offered["kind"] == "altcha"
    found: dict[str, Any] = to_builtins(offered["puzzle"])
    return found


async def test_expired_answers_are_forgotten() -> None:
    now = NOW
    made = Altcha(KEYS, work=20, use=Store().use, wall=lambda: now)
    await made.verify(solve(puzzle(made)))
    now += altcha.TTL / 2
    await made.verify(solve(puzzle(made)))
    left = []
    for _ in range(3):
        made.rotate()
        left.append(len(made._used))
        now += altcha.TTL / 2 + 1
    assert left == [2, 1, 0]


async def test_answer_to_a_proof_of_work_is_right_once() -> None:
    store = Store()
    made = proof(store)
    given = puzzle(made)
    assert given["maxnumber"] == 20
    answer = solve(given)
    await made.verify(answer)
    assert store.used == {given["challenge"]: int(NOW) + altcha.TTL}
    with pytest.raises(ValueError, match="the answer was used before"):
        await made.verify(answer)
    with pytest.raises(ValueError, match="the answer was used before"):
        await proof(store).verify(answer)  # by another process
    assert solve(puzzle(made)) != answer


async def test_puzzles_differ_and_any_number_may_be_the_answer() -> None:
    made = proof(Store(), work=1)
    puzzles = [puzzle(made) for _ in range(40)]
    assert len({each["salt"] for each in puzzles}) == 40
    assert all(len(each["salt"].partition("?")[0]) == 24 for each in puzzles)
    assert {number(each) for each in puzzles} == {0, 1}


def number(given: dict[str, Any]) -> int:
    """Return the number that solves a puzzle."""
    found: int = json.loads(b64decode(solve(given)))["number"]
    return found


async def test_repeat_is_refused_while_the_database_fails() -> None:
    store = Store()
    made = proof(store)
    answer = solve(puzzle(made))
    store.fails = True
    with pytest.raises(Unavailable, match="the database cannot be asked: no database"):
        await made.verify(answer)
    with pytest.raises(ValueError, match="used before"):
        await made.verify(answer)


async def test_process_remembers_a_bounded_number_of_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(challenges, "REMEMBERED", 2)
    store = Store()
    made = proof(store)
    answers = [solve(puzzle(made)) for _ in range(3)]
    for answer in answers:
        await made.verify(answer)
    store.used.clear()
    for answer in answers[1:]:
        with pytest.raises(ValueError, match="used before"):
            await made.verify(answer)
    await made.verify(answers[0])  # forgotten here; the database refuses it


async def test_proof_of_work_starts_at_once() -> None:
    async with trio.open_nursery() as nursery:
        with trio.fail_after(5):
            await nursery.start(proof(Store()).run)


class Fake:
    """A challenge that fails with an error, or answers too late."""

    kind = "fake"

    def __init__(self, error: Exception | None, seconds: float = 0.0) -> None:
        self.error, self.seconds = error, seconds

    def offered(self) -> dict[str, object]:
        return {"kind": self.kind}

    async def verify(self, answer: str) -> None:
        assert answer == "answer"
        await trio.sleep(self.seconds)
        if self.error is not None:
            raise self.error

    def rotate(self) -> None:
        raise NotImplementedError

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        task_status.started()


def wrapped(fake: Challenge, *, admits: bool = False) -> Challenges:
    return Challenges(fake, timeout=3.0, admits=admits)


@pytest.mark.parametrize("admits", [False, True])
async def test_wrong_answer_is_refused(admits: bool) -> None:
    made = wrapped(Fake(ValueError("it is wrong")), admits=admits)
    with pytest.raises(ChallengeFailed, match="it is wrong"):
        await made.verify("answer")
    assert made.faults == {"challenge": 0}


async def test_right_answer_has_the_whole_timeout(autojump_clock: MockClock) -> None:
    fake = Fake(None, 2.9)
    made = wrapped(fake)
    assert (made.kind, made.offered()) == ("fake", {"kind": "fake"})
    assert (made.run, made.rotate) == (fake.run, fake.rotate)
    await made.verify("answer")
    assert made.faults == {"challenge": 0}


@pytest.mark.parametrize(
    ("fake", "why"),
    [
        (Fake(Unavailable("the service is down")), "the service is down"),
        (Fake(None, 3.1), "no answer within 3 s"),
    ],
)
async def test_failure_refuses_or_admits_and_is_logged(
    autojump_clock: MockClock, fake: Fake, why: str
) -> None:
    made = wrapped(fake)
    with capture_logs() as lines:
        with pytest.raises(ChallengeUnavailable) as caught:
            await made.verify("answer")
        admitting = wrapped(fake, admits=True)
        for _ in range(2):
            await admitting.verify("answer")
    assert caught.value.retry_after == RETRY_AFTER
    about = {"event": "challenge not verified", "kind": "fake", "error": why}
    assert [{name: line[name] for name in (*about, "admitted")} for line in lines] == [
        about | {"admitted": admitted} for admitted in (False, True, True)
    ]
    assert (made.faults, admitting.faults) == ({"challenge": 1}, {"challenge": 2})


def settings(**given: Any) -> Settings:
    return Settings(database_url="postgresql://", jwt_secret=(b"s" * 32,), **given)


def made_by(given: Settings) -> Challenges | None:
    return make_challenges(given, use=Store().use, wall=lambda: NOW)


def test_no_challenge_by_default() -> None:
    assert made_by(settings()) is None


async def test_proof_of_work_by_the_settings() -> None:
    given = settings(challenge="altcha", challenge_work=7, challenge_timeout=1.5)
    made = made_by(given)
    assert made is not None
    assert (made.kind, made._timeout, made._admits) == ("altcha", 1.5, False)
    offered = puzzle(made._challenge)  # type: ignore[arg-type]
    assert offered["maxnumber"] == 7
    await made.verify(solve(offered))
    assert altcha.check(altcha.keys(given.jwt_secret), solve(offered), now=NOW)


@pytest.mark.parametrize("kind", ["turnstile", "hcaptcha"])
async def test_third_party_by_the_settings(kind: str) -> None:
    async with siteverify() as service, trio.open_nursery() as nursery:
        made = made_by(
            settings(
                challenge=kind,
                challenge_url=service.url,
                challenge_site_key="site",
                challenge_secret=SECRET,
                challenge_outage="admit",
            )
        )
        assert made is not None
        assert made._admits
        offered = made.offered()
        assert (made.kind, offered["kind"], offered["site_key"]) == (kind, kind, "site")
        await nursery.start(made.run)
        await made.verify("right")
        assert [each["secret"] for each in service.forms] == [SECRET]
        with pytest.raises(ChallengeFailed):
            await made.verify("right")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "given", [{"challenge_site_key": "site"}, {"challenge_secret": "secret"}, {}]
)
def test_third_party_needs_both_keys(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="HUNT_CHALLENGE=turnstile needs"):
        made_by(settings(challenge="turnstile", **given))
