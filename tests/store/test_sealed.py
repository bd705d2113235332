"""Rotation of the keys that encrypt data at rest."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from hunt.core import claims, fairness
from hunt.core.codes import Code
from hunt.core.key_ring import KeyRing
from hunt.errors import InvalidRequest, SealError
from hunt.store import sealed, webhook_secrets
from hunt.store.audit import Audit
from hunt.store.codes import Codes
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.sealed import Sealed
from tests.store.open_log import PLAIN, click, rewards
from tests.store.test_codes import RING, made, opened, parts

BOTH = KeyRing([("new", b"n" * 32), ("old", b"o" * 32)])
NEW = KeyRing([("new", b"n" * 32)])


async def test_rotation_seals_everything_with_the_first_key(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "BATCH", 3)
    async with opened(database, loaded=made(8)) as (log, pool):
        won = click("ada", "voucher")
        await log.append("harbour", [won])
        before = await Hunts(pool, RING).get("harbour")
        assert await Sealed(pool, RING).counts() == {
            "seeds": {"old": 1},
            "seed shares": {},
            "code keys": {"old": 1},
            "codes": {"old": 8},
            "claims": {},
            "webhook secrets": {},
        }
        assert await Sealed(pool, BOTH).rotate(actor="ann") == {
            "seeds": 1,
            "seed shares": 0,
            "code keys": 1,
            "codes": 8,
            "claims": 0,
            "webhook secrets": 0,
        }
        assert await Sealed(pool, BOTH).counts() == {
            "seeds": {"new": 1},
            "seed shares": {},
            "code keys": {"new": 1},
            "codes": {"new": 8},
            "claims": {},
            "webhook secrets": {},
        }
        after = await Hunts(pool, NEW).get("harbour")
        assert before is not None
        assert after is not None
        assert (after.seed, after.stock_left) == (before.seed, before.stock_left)
        ringed = type(log)(pool, ring=NEW)
        [again, next_] = rewards(await ringed.append("harbour", [won, click("bob", "voucher")]))
        assert (again.code, next_.code) == (Code("code-0001"), Code("code-0002"))
        [entry, begun, *_] = await Audit(pool).list()
        assert begun.action == "rotate keys begun"
        assert begun.detail["before"] == entry.detail["before"]
        assert entry.detail["key"] == "new"
        assert entry.detail["after"] == await Sealed(pool, BOTH).counts()
        with pytest.raises(InvalidRequest, match="line 1 is loaded already"):
            await Codes(pool, NEW).load("harbour", "voucher", parts("code-0003"), actor="ann")


async def test_interrupted_rotation_goes_on(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "BATCH", 2)
    async with opened(database, loaded=made(5)) as (_, pool):
        seal, left = KeyRing.seal, [4]

        def interrupted(ring: KeyRing, plain: bytes, context: bytes) -> bytes:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return seal(ring, plain, context)

        with monkeypatch.context() as patch:
            patch.setattr(KeyRing, "seal", interrupted)
            with pytest.raises(KeyboardInterrupt):
                await Sealed(pool, BOTH).rotate(actor="ann")
        counts = (await Sealed(pool, BOTH).counts())["codes"]
        assert counts == {"new": 2, "old": 3}
        assert (await Hunts(pool, NEW).read())["harbour"] is None, "codes still need the old key"
        assert await Sealed(pool, BOTH).rotate(actor="ann") == {
            "seeds": 0,
            "seed shares": 0,
            "code keys": 0,
            "codes": 3,
            "claims": 0,
            "webhook secrets": 0,
        }
        assert (await Hunts(pool, NEW).read())["harbour"] is not None


async def test_seed_in_clear_is_encrypted_also_after_the_end(database: str) -> None:
    async with open_pool(database, size=2) as pool:
        plain, seed = Hunts(pool), os.urandom(32)
        for hunt in ("harbour", "ended"):
            await plain.apply(replace(PLAIN, id=hunt), seed=seed, actor="ann")
        await plain.open("ended")
        await plain.close("ended")
        assert (await Sealed(pool, NEW).counts())["seeds"] == {"": 2}
        assert await Sealed(pool, NEW).rotate(actor="ann") == {
            "seeds": 2,
            "seed shares": 0,
            "code keys": 0,
            "codes": 0,
            "claims": 0,
            "webhook secrets": 0,
        }
        for hunt in await Hunts(pool, NEW).all():
            assert (hunt.seed, hunt.commitment) == (seed, fairness.commit(seed))
        assert await plain.all() == []
        async with pool.connection() as conn:
            query = "select from hunts h where h::text like %s"
            assert (await conn.execute(query, (f"%{seed.hex()}%",))).rowcount == 0


async def test_rotation_without_a_needed_key_changes_nothing(database: str) -> None:
    async with opened(database, loaded=made(2)) as (_, pool):
        for ring, sentence in ((NEW, "lacks the key 'old'"), (KeyRing(()), "not set")):
            with pytest.raises(SealError, match=sentence):
                await Sealed(pool, ring).rotate(actor="ann")
        assert await Sealed(pool, RING).counts() == {
            "seeds": {"old": 1},
            "seed shares": {},
            "code keys": {"old": 1},
            "codes": {"old": 2},
            "claims": {},
            "webhook secrets": {},
        }


async def test_no_sealed_column_is_forgotten(database: str) -> None:
    async with open_pool(database, size=2) as pool, pool.connection() as conn:
        rows = await (
            await conn.execute(
                "select table_name, column_name from information_schema.columns"
                " where table_schema = 'public' and data_type in ('bytea', 'ARRAY')"
                " and (udt_name in ('bytea', '_bytea')) and column_name ~ 'seal|secret'"
            )
        ).fetchall()
    known = {(each.table, each.column) for each in sealed.COLUMNS}
    assert set(rows) == known


async def test_webhook_secret_is_sealed_again_and_opens(database: str) -> None:
    async with opened(database) as (_, pool):
        context = webhook_secrets.secret_context("harbour", 1)
        async with pool.connection() as conn:
            await conn.execute(
                "insert into webhooks (hunt, url, seq)"
                " select number, 'https://a.example', 0 from hunts"
            )
            await conn.execute(
                "insert into webhook_secrets (webhook, number, sealed)"
                " select id, 1, %s from webhooks",
                (RING.seal(b"whsec", context),),
            )
        assert (await Sealed(pool, BOTH).rotate(actor="ann"))["webhook secrets"] == 1
        async with pool.connection() as conn:
            row = await (await conn.execute("select sealed from webhook_secrets")).fetchone()
        assert row is not None
        assert NEW.open(row[0], context) == b"whsec"


async def test_claim_is_sealed_again_and_opens(database: str) -> None:
    async with opened(database) as (_, pool):
        context = claims.sealing_context("harbour", 1)
        async with pool.connection() as conn:
            await conn.execute(
                "insert into claims (hunt, seq, sealed, at, expires_at)"
                " select number, 1, %s, now(), now() + interval '1 day' from hunts",
                (RING.seal(b"address", context),),
            )
        assert (await Sealed(pool, BOTH).rotate(actor="ann"))["claims"] == 1
        async with pool.connection() as conn:
            row = await (await conn.execute("select sealed from claims")).fetchone()
        assert row is not None
        assert NEW.open(row[0], context) == b"address"
