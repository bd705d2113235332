"""Mutants of campaigns, bans, schedules, names and proofs: functions and statements."""

from __future__ import annotations

from tests.mutation.listed import Listed, mutants

CAMPAIGNS = (
    "tests/store/test_campaign_standings.py",
    "tests/store/test_campaigns.py",
    "tests/web/admin/test_campaigns.py",
)
BANS = ("tests/store/test_bans.py", "tests/web/admin/test_bans.py")
SCHEDULE = ("tests/store/test_schedule.py", "tests/web/admin/test_schedule.py")
NAMES = ("tests/store/test_names.py", "tests/web/routes/test_names.py")
PROOF = (
    "tests/store/test_chain.py",
    "tests/store/test_chain_entries.py",
    "tests/web/routes/test_proof.py",
    "tests/web/test_bundle.py",
)
ERASURE = ("tests/store/test_chain.py", "tests/store/test_retention.py")

_LISTED: Listed = (
    (
        "hunt_campaign_add_up",
        CAMPAIGNS,
        (
            ("p_most => v_left::int", "p_most => p_most"),
            ("case when v_left < p_most then", "case when true then"),
            ("where h.campaign = v_campaign and h.last_seq", "where h.last_seq"),
            ("for no key update skip locked", "for no key update"),
            ("sum(h.last_seq - coalesce(u.seq, 0))", "sum(h.last_seq)"),
            ("where h.campaign = v_campaign;", ";"),
            ("select sum(coalesce(u.seq, 0))", "select max(coalesce(u.seq, 0))"),
        ),
    ),
    (
        "hunt_campaign_standing",
        CAMPAIGNS,
        (
            ("and r.seq > v_upto", ""),
            ("c.state = 'void'", "c.state = 'sent'"),
            ("and s.player = p_player", ""),
            ("r.hunt = v_hunt and r.player = p_player) then", "r.hunt = v_hunt) then"),
            ("and r.player = p_player and r.seq", "and r.seq"),
            ("count(r.prize)", "count(r.seq)"),
            ("order by h.door\n", "order by h.door desc\n"),
            ("where h.campaign = (select", "where true or h.campaign = (select"),
        ),
    ),
    (
        "hunt/store/campaign_standings.py",
        CAMPAIGNS,
        (
            ("and s.wins > 0\n             order", "order"),
            ("s.points desc, s.reached, s.player limit", "s.points desc, s.player limit"),
            ("desc, s.reached, s.player\n", "desc, s.player\n"),
            ("and not n.refused", ""),
            ("and s.player = %(player)s and s.wins > 0", "and s.player = %(player)s"),
            ("s.points > o.points or", ""),
            ("(s.reached, s.player) < (o", "(s.reached, s.player) <= (o"),
            ("(s.reached, s.player) < (o.reached, o.player)", "s.player < o.player"),
            ("where s.campaign = o.campaign and", "where"),
            ("h.door >= %(door)s", "h.door > %(door)s"),
            ("when %(door)s then %(after)s else 0 end", "when -1 then 0 else %(after)s end"),
            ("or h.id = any(%(hunts)s)", "or true"),
            ("order by d.door, seq", "order by seq, d.door"),
        ),
    ),
    (
        "hunt/store/campaigns.py",
        CAMPAIGNS,
        (
            ("order by door\n", "order by door desc\n"),
            ("timezone = %s, streak = %s, preview = %s where number = %s", "timezone = %s, "
             "streak = %s, preview = %s where number = %s or true"),
        ),
    ),
    (
        "hunt/store/bans.py",
        BANS,
        (
            ("where b.until is null or b.until > clock_timestamp() order", "where true order"),
            ("where b.until is null or b.until", "where b.until"),
            ("order by b.id\n", "order by b.id desc\n"),
            ("clock_timestamp() - interval '1 day'", "clock_timestamp()"),
            ("clock_timestamp() - interval '1 day'", "clock_timestamp() - interval '9 days'"),
            ("where player is not distinct from %(player)s\n", "where true\n"),
            ("and network is not distinct from %(network)s::cidr", ""),
            ("and hunt is not distinct from %(hunt)s::int", ""),
            ("until = excluded.until, at", "at"),
            ("set reason = excluded.reason, until", "set until"),
            ("actor = excluded.actor\n", "actor = b.actor\n"),
            ("at = excluded.at,", ""),
            ("delete from bans where id = %s", "delete from bans where id >= %s"),
            ("select pg_notify('hunt_hunts', '')", "select 1"),
            ("select id from hunts order by id", "select id from hunts order by id desc limit 1"),
        ),
    ),
    (
        "hunt/store/schedule.py",
        SCHEDULE,
        (
            ("where hunt = %s order by at, id\"", "where hunt = %s order by id\""),
            ("from schedule where hunt = %s and state = 'waiting'\"",
             "from schedule where hunt = %s\""),
            ("and state <> 'waiting'\n", "\n"),
            ("order by at desc, id desc offset", "order by at, id offset"),
            ("where hunt = %s and id = %s", "where hunt >= %s and id = %s"),
            ("where s.state = 'waiting' group", "group"),
            ("min(s.at)", "max(s.at)"),
            ("group by h.id order by 2", "group by h.id order by 2 desc"),
            ("and state = 'waiting' and at <=", "and at <="),
            ("and at <= clock_timestamp()\n", "\n"),
            ("     order by at, id limit 1", "     order by id limit 1"),
            ("     order by at, id limit 1", "     order by at, id desc limit 1"),
            ("late = %(late)s,", ""),
            ("reason = %(reason)s\n", "reason = null\n"),
            ("delete from schedule where id = %s", "delete from schedule where id >= %s"),
            ("select pg_notify('hunt_hunts', %s)", "select %s::text"),
        ),
    ),
    (
        "hunt/store/names.py",
        NAMES,
        (
            ("where not n.refused\n           and", "where"),
            ("folded = excluded.folded, claimed", "claimed"),
            (" claimed = excluded.claimed,\n", "\n"),
            ("(n.name, n.claimed) is distinct from (excluded.name, excluded.claimed)",
             "n.name is distinct from excluded.name"),
            ("(n.name, n.claimed) is distinct from (excluded.name, excluded.claimed)", "false"),
            ("where player = %s and not refused", "where player = %s"),
            ("where player = %(player)s and refused <>", "where refused <>"),
            ("and refused <> %(refused)s", ""),
            ("where folded = %s order", "where name = %s order"),
            ("order by player limit 100", "order by player desc limit 100"),
        ),
    ),
    (
        "hunt_chain_end",
        PROOF,
        (
            ("old.state <> 'closed' and", ""),
            ("|| new.last_seq ||", "|| 0 ||"),
            ("and new.head is not null", ""),
            ("|| new.head ||", "||"),
            ("where e.hunt = new.number;", ";"),
        ),
    ),
    (
        "hunt_extend",
        PROOF,
        (
            ("when p_definition is null then h.public_hash", "when false then ''"),
            ("else sha256(convert_to(p_document, 'UTF8')) end", "else h.public_hash end"),
            ("and h.head is not null", ""),
            ("and h.state <> 'closed'", ""),
            ("where e.hunt = p_hunt), 0)", "), 0)"),
            ("h.last_seq,", "0,"),
            ("p_document, p_definition\n", "p_document, null\n"),
            ("'UTF8')),\n", "'UTF8') || 'x'),\n"),
        ),
    ),
    (
        "hunt_publish_heads",
        PROOF,
        (
            ("h.state in ('open', 'paused') or", ""),
            ("or h.ended_at > clock_timestamp() - interval '1 minute'", ""),
            ("> clock_timestamp() - interval '1 minute'", "is not null"),
            ("p.head <> h.head and", ""),
            ("and p.at <= clock_timestamp() - interval '0.9 seconds'", ""),
            ("order by p.number desc limit 1", "order by p.number limit 1"),
            ("where p.hunt = h.number order", "order"),
            ("p.head is null or", ""),
            ("where h.head is not null\n           and", "where"),
            ("v_hunt.number, v_hunt.last_seq,", "v_hunt.number, 0,"),
            ("'seq', v_hunt.last_seq,", "'seq', 0,"),
            (
                "if not pg_try_advisory_xact_lock(hashtextextended('hunt heads', 0)) then",
                "if false then",
            ),
        ),
    ),
    (
        "hunt_erase",
        ERASURE,
        (
            ("v_tag is not null and", ""),
            ("and r.x is not null;\n", ";\n"),
            ("insert into standings_upto (hunt) values (p_hunt) on conflict do nothing;", ""),
            ("player = p_pseudonym, x = null, y = null where hunt = p_hunt and player = p_player;\n"
             "    get", "player = p_pseudonym where hunt = p_hunt and player = p_player;\n    get"),
            ("and r.player = p_player and r.prize", "and r.prize"),
            ("c.hunt = p_hunt and c.seq", "c.seq"),
            ("delete from player_clicks where hunt = p_hunt and player = p_player;", ""),
            ("player_prizes set player = p_pseudonym", "player_prizes set player = player"),
            ("standings set player = p_pseudonym", "standings set player = player"),
            ("update rejected set player = p_pseudonym, x = null, y = null where hunt",
             "update rejected set player = p_pseudonym where hunt"),
            ("perform from standings_upto where hunt = p_hunt for update;", ""),
        ),
    ),
    (
        "hunt/store/proofs.py",
        PROOF,
        (
            ("and definition is not null order", "order"),
            ("order by number\n", "order by number desc\n"),
            ("where h.id = %s and p.seq", "where h.id >= left(%s, 0) and p.seq"),
            ("p.seq > %s order", "p.seq >= %s order"),
            ("order by p.number limit", "order by p.number desc limit"),
            ("and c.leaf is not null\n", "\n"),
            ("where c.hunt = %(hunt)s and", "where"),
            ("and r.hunt = %(hunt)s and", "and"),
            ("and r.player = %(player)s\n", "\n"),
            ("order by c.reward limit", "order by c.reward desc limit"),
        ),
    ),
    (
        "hunt/store/bundles.py",
        PROOF,
        (
            ("order by number limit 100\n", "order by number desc limit 100\n"),
            ("case when r.x is null then (", "case when false then ("),
            ("e.hunt = r.hunt and e.seq", "e.seq"),
            ("where r.hunt = %s and", "where r.hunt >= %s and"),
            ("and prize = %s and position > %s", "and prize >= left(%s, 0) and position > %s"),
            ("and leaf is not null\n", "\n"),
            ("order by position limit", "order by position desc limit"),
            ("where hunt = %s order by prize", "where hunt >= %s order by prize"),
            ("where hunt = %s order by prize", "where hunt = %s order by prize desc"),
        ),
    ),
)  # fmt: skip

STATEMENTS = mutants(_LISTED)
