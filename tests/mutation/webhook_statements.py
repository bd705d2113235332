"""Mutants of webhooks: triggers and statements."""

from __future__ import annotations

from tests.mutation.listed import Listed, mutants

WEBHOOKS = (
    "tests/store/test_webhook_progress.py",
    "tests/store/test_webhooks.py",
    "tests/store/test_webhook_changes.py",
    "tests/web/admin/test_webhooks.py",
)

_LISTED: Listed = (
    (
        "hunt_webhook_changed",
        WEBHOOKS,
        (
            ("or delete or update", "or update"),
            ("or update of url, events, prizes, patience on", "on"),
            ("prizes, patience on", "prizes, patience, stopped on"),
            ("of url, events, prizes, patience on", "of holder on"),
            ("when 'DELETE' then old.hunt", "when 'DELETE' then new.hunt"),
        ),
    ),
    (
        "hunt_new_epoch",
        WEBHOOKS,
        (
            ("values (old.number, old.epoch, old.last_seq)", "values (old.number, new.epoch, 0)"),
            ("held_until = null where hunt = old.number", "held_until = null where false"),
            ("held_until = null where hunt = old.number", "held_until = null"),
            ("old.epoch <> new.epoch", "true"),
        ),
    ),
    (
        "hunt/store/webhook_leases.py",
        WEBHOOKS,
        (
            ("where w.stopped is null\n", "where true\n"),
            ("and coalesce(w.held_until < clock_timestamp(), true)", ""),
            ("and coalesce(w.next_attempt <= clock_timestamp(), true)", ""),
            ("and (w.seq < {END}\n                or", "and ("),
            ("or exists (select from webhook_dead d where d.webhook = w.id and d.replay))", ")"),
            ("where d.webhook = w.id and d.replay))", "where d.webhook = w.id))"),
            ("order by w.id limit %(most)s", "order by w.id"),
            ("and coalesce(s.expires_at > clock_timestamp(), true)", ""),
            ("order by s.number desc", "order by s.number"),
            ("from due, hunts h where w.id = due.id and", "from due, hunts h where"),
            ("d where d.webhook = w.id),", "d),"),
            ("where d.webhook = w.id and d.replay),", "where d.webhook = w.id),"),
            ("r.seq = w.seq + 1", "r.seq = w.seq"),
            ("c.number = w.seq + 1", "c.number = w.seq"),
            ("where c.hunt = w.hunt and", "where"),
            ("where u.hunt = w.hunt\n", "limit 1\n"),
            ("case w.log when 'rewards' then '' else ' ' || w.log end", "''"),
            ("where r.hunt = w.hunt and", "where"),
            ("where (%(hunt)s::text is null or h.id = %(hunt)s)", "where true"),
            ("set holder = case when %(keep)s then holder end,", "set holder = holder,"),
            ("case when %(keep)s\n               then clock", "case when true then clock"),
            (
                "       attempts = case when seq = %(seq)s then attempts else 0 end,\n           "
                "failing_since = case when seq = %(seq)s then failing_since end,\n           next",
                "next",
            ),
            ("next_attempt = case when seq = %(seq)s then next_attempt end,", ""),
            ("then last_attempt else clock_timestamp() end", "then clock_timestamp() end"),
            ("coalesce(%(status)s, last_status)", "%(status)s"),
            ("then last_error end\n", "then null else last_error end\n"),
            (" and holder = %(holder)s\n\"\"\"\n\nFAILED", "\n\"\"\"\n\nFAILED"),
            (" and holder = %(holder)s\n returning", "\n returning"),
            ("set holder = null, held_until = null,\n           attempts", "set attempts"),
            ("then attempts else 0 end + 1", "then attempts else attempts end + 1"),
            ("               case when seq = %(seq)s then failing_since end, clock", "clock"),
            ("make_interval(secs => %(pause)s)", "make_interval(secs => 0)"),
            ("when %(gone)s then 'gone' else stopped end", "when false then '' else stopped end"),
            ("returning attempts, not %(gone)s\n           and", "returning attempts,"),
            ("failing_since >= make_interval(secs => patience)", "failing_since < '0s'"),
            ("attempts = 0, failing_since = null, next_attempt = null\n", "attempts = 0\n"),
            ("set seq = %(event)s, attempts = 0, failing", "set seq = %(event)s, failing"),
            ("on conflict (webhook, seq) do nothing", ""),
            ("where webhook = %s and replay order", "where webhook = %s order"),
            ("order by seq limit 100", "order by seq desc limit 100"),
            ("where webhook = %(id)s and seq = %(event)s\"\n\nREPLAY_",
             "where webhook = %(id)s\"\n\nREPLAY_"),
            ("set replay = false, attempts = attempts + 1", "set attempts = attempts + 1"),
            ("set replay = false, attempts = attempts + 1", "set replay = false"),
        ),
    ),
    (
        "hunt/store/new_webhook.py",
        WEBHOOKS,
        (
            ("from webhooks where hunt = %s", "from webhooks where %s >= 0"),
            ("where u.hunt = h.number", "limit 1"),
        ),
    ),
    (
        "hunt/store/change_events.py",
        WEBHOOKS,
        (
            ("c.hunt = %(hunt)s and c.number >", "c.number >"),
            ("c.number > %(after)s", "c.number >= %(after)s"),
            ("and c.number <= %(upto)s", ""),
            ("or r.prize = any(%(prizes)s)", "or true"),
        ),
    ),
    (
        "hunt_webhook_held",
        WEBHOOKS,
        (
            ("new.log <> 'rewards' and ", ""),
            (" and right(new.holder, 8) <> ' changes'", ""),
        ),
    ),
    (
        "hunt/store/webhooks.py",
        WEBHOOKS,
        (
            ("where h.id = %s and w.id = %s for", "where h.id >= left(%s, 0) and w.id = %s for"),
            ("holder = null, held_until = null, next_attempt = null,", "next_attempt = null,"),
            ("held_until = null, next_attempt = null,", "held_until = null,"),
            ("attempts = case when seq = %(seq)s then attempts else 0 end,", ""),
            ("failing_since = case when seq = %(seq)s then failing_since end\n",
             "failing_since = failing_since\n"),
            ("where h.id = %s and w.id = %s and", "where %s <> '' and w.id = %s and"),
            ("and w.id = %s and d.seq > %s", "and w.id >= %s and d.seq > %s"),
            ("d.seq > %s order", "d.seq >= %s order"),
            ("or seq = any(%s::bigint[])", "or %s::bigint[] is not null"),
            ("where webhook = %s and (%s", "where webhook >= %s and (%s"),
        ),
    ),
    (
        "hunt/store/webhook_secrets.py",
        WEBHOOKS,
        (
            ("true) order by number desc", "true) order by number"),
            ("coalesce(expires_at > clock_timestamp(), true) order", "true order"),
            ("and expires_at is null\n", "\n"),
            ("where webhook = %s and expires_at <= clock_timestamp()", "where webhook = %s"),
            ("where webhook = %s and expires_at <=", "where webhook > %s and expires_at <="),
            ("from webhook_secrets where webhook = %(id)s\n", "from webhook_secrets\n"),
        ),
    ),
)  # fmt: skip

WEBHOOK_STATEMENTS = mutants(_LISTED)
