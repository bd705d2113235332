"""Mutants of the SQL functions of clicks, codes and claims: each changes one condition."""

from __future__ import annotations

from dataclasses import dataclass

LOG = ("tests/store/test_log.py",)
GRANTS = ("tests/store/test_settlement_bounds.py", "tests/store/test_grants.py")
SPEED = ("tests/store/test_speed.py",)
ENDING = ("tests/store/test_state_changes.py",)
HUNTS = ("tests/store/test_hunts.py",)
AUDIT = ("tests/store/test_audit.py",)
PROBE = ("tests/store/driver/test_limits.py", "-k", "probe or shared_session")
CLICKS = "tests/web/routes/test_clicks.py"
CODES = ("tests/store/test_codes.py",)
STATES = ("tests/store/test_reward_states.py", "tests/store/test_reward_changes.py")
RETAIN = ("tests/store/test_retention.py",)
BOARD = ("tests/store/test_leaderboard.py", "tests/web/routes/test_leaderboard.py")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed condition of SQL.

    Args:
        function: Name of the function; or path of a module with statements, from the project's
            folder.
        old: Text that is in the file once.
        new: Text that replaces it.
        tests: Arguments of pytest: the tests of which one must fail.
    """

    function: str
    old: str
    new: str
    tests: tuple[str, ...] = LOG

    def __str__(self) -> str:
        old, new = " ".join(self.old.split()), " ".join(self.new.split())
        return f"{self.function}: {old!r} -> {new!r}"

    @property
    def path(self) -> str:
        """The changed file, from the project's folder."""
        if self.function.endswith(".py"):
            return self.function
        return f"hunt/store/functions/{self.function}.sql"

    def apply(self, text: str) -> str:
        """Return the text of the file with its condition changed."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self}: the text occurs {text.count(self.old)} times, not once")
        return text.replace(self.old, self.new)


_OPEN = "v_open := v_open and coalesce(v_opens <= v_at, true) and coalesce(v_at < v_closes, true)"
_UPTO = "a.granted + count(*) filter (where a.may)"
_PARTITION = "over (partition by a.prize order by a.ord rows unbounded preceding) as upto"

MUTANTS = (
    # hunt_commit: which way a batch goes
    Mutant("hunt_commit", _OPEN, _OPEN.replace("v_open and", ""), LOG),
    Mutant("hunt_commit", _OPEN, _OPEN.replace("coalesce(v_opens <= v_at, true)", "true")),
    Mutant("hunt_commit", _OPEN, _OPEN.replace("coalesce(v_at < v_closes, true)", "true"), ENDING),
    Mutant(
        "hunt_commit",
        "coalesce(v_at < v_closes,",
        "coalesce(v_at < v_closes + interval '1s',",
        ENDING,
    ),
    Mutant("hunt_commit", "v_at := clock_timestamp()", "v_at := now()", ENDING),
    Mutant("hunt_commit", "v_all_new := v_open\n        and", "v_all_new :=\n       "),
    Mutant(
        "hunt_commit", "if v_all_new and (v_cooldown > interval '0' or", "if v_all_new and (", LOG
    ),
    Mutant(
        "hunt_commit", "where v_cooldown > interval '0' and c.at + v_cooldown > v_at", "where false"
    ),
    Mutant(
        "hunt_commit",
        """v_all_new := (select count(distinct i.player collate "C") from""",
        """v_all_new := (select count(i.player) from""",
        (*LOG, *SPEED),
    ),
    Mutant("hunt_commit", "and not hunt_seen(v_hunt, p_ids)", ""),
    Mutant("hunt_commit", "count(distinct i.click_id)", "count(i.click_id)"),
    Mutant("hunt_commit", "v_all_new := v_size = cardinality(v_ids)", "v_all_new := true"),
    Mutant("hunt_commit", "        if not v_open then", "        if false then"),
    Mutant("hunt_commit", "if v_cooldown > interval '0' then", "if false then"),
    Mutant("hunt_commit", "set at = v_at, place = null", "set place = null"),
    Mutant("hunt_commit", "if v_counted < v_size then", "if false then"),
    Mutant("hunt_commit", "for no key update", "", (*LOG, *ENDING)),
    Mutant("hunt_commit", "current_setting('lock_timeout') = '0'", "false", PROBE[:1]),
    # hunt_commit: stock and the player's limit
    Mutant("hunt_commit", "coalesce(b.upto <= b.stock, true)", "coalesce(b.upto < b.stock, true)"),
    Mutant("hunt_commit", _UPTO, _UPTO.replace(" filter (where a.may)", "")),
    Mutant("hunt_commit", _UPTO, _UPTO.replace("a.granted + ", "")),
    Mutant("hunt_commit", _PARTITION, _PARTITION.replace("partition by a.prize ", "")),
    Mutant("hunt_commit", "filter (where s.upto >= s.stock)", "filter (where s.upto > s.stock)"),
    Mutant("hunt_commit", "if v_given <> '{}' and v_all_new then", "if false then"),
    # hunt_commit: attempts and wins
    Mutant(
        "hunt_commit",
        "c.since = v_since and c.count >= v_attempts",
        "c.since = v_since and c.count > v_attempts",
        GRANTS,
    ),
    Mutant("hunt_commit", "and c.count >= v_max_wins", "and c.count > v_max_wins", GRANTS),
    Mutant(
        "hunt_commit",
        "c.since = v_wins_from and c.count >= v_max_wins",
        "c.count >= v_max_wins",
        GRANTS,
    ),
    Mutant("hunt_commit", "and (v_out or not v_single)", "and v_out", GRANTS),
    Mutant(
        "hunt_commit", "having count(*) > v_attempts", "having count(*) > v_attempts + 1", GRANTS
    ),
    Mutant("hunt_commit", "<= d.per_player as may", "< d.per_player as may"),
    Mutant("hunt_commit", "partition by d.player, d.prize", "partition by d.player"),
    Mutant("hunt_commit", "partition by d.player, d.prize", "partition by d.prize"),
    Mutant(
        "hunt_commit", "and p.player = d.player and p.prize = d.prize", "and p.player = d.player"
    ),
    Mutant("hunt_commit", "p.hunt = v_hunt and p.player = d.player", "p.player = d.player"),
    Mutant("hunt_commit", "set granted = z.granted + n.granted", "set granted = n.granted"),
    Mutant("hunt_commit", "where s.wins and s.stock is not null", "where s.stock is not null"),
    Mutant(
        "hunt_commit", "where s.wins and s.per_player is not null", "where s.per_player is not null"
    ),
    Mutant("hunt_commit", "granted = p.granted + excluded.granted", "granted = excluded.granted"),
    Mutant("hunt_commit", "where z.hunt = v_hunt and z.id = n.prize", "where z.id = n.prize"),
    Mutant(
        "hunt_commit",
        "join prizes z on z.hunt = v_hunt and z.id = i.prize",
        "join prizes z on z.id = i.prize",
    ),
    Mutant("hunt_commit", "v_worth[v_number] := 0;", ""),
    # hunt_commit: the notice
    Mutant("hunt_commit", "when cardinality(v_denied) = 0 then", "when true then"),
    Mutant("hunt_commit", "octet_length(v_rows) < 7950", "octet_length(v_rows) < 79500"),
    Mutant("hunt_commit", "',\"f\":' || v_last + 1", "',\"f\":' || v_last"),
    # hunt_new_clicks
    Mutant("hunt_new_clicks", "where g.copy = 1\n           and", "where"),
    Mutant(
        "hunt_new_clicks",
        "r.click_id = g.click_id and r.hunt = p_hunt limit 1) is null",
        "r.click_id = g.click_id and r.hunt = p_hunt limit 1) is null or true",
    ),
    Mutant(
        "hunt_new_clicks", "r.click_id = g.click_id and r.hunt = p_hunt", "r.click_id = g.click_id"
    ),
    Mutant("hunt_new_clicks", "p_cooldown = interval '0'", "false"),
    Mutant("hunt_new_clicks", "f.turn = 1 and not exists", "not exists"),
    Mutant("hunt_new_clicks", "partition by g.player order by g.ord", "order by g.ord"),
    Mutant("hunt_new_clicks", "c.at + p_cooldown > p_at", "c.at > p_at"),
    Mutant(
        "hunt_new_clicks",
        "c.hunt = p_hunt and c.player = f.player and c.at",
        "c.player = f.player and c.at",
    ),
    Mutant(
        "hunt_new_clicks",
        "c.hunt = p_hunt and c.player = f.player and c.at",
        "c.hunt = p_hunt and c.at",
    ),
    Mutant("hunt_new_clicks", "or f.player <> all (p_over)", "", GRANTS),
    Mutant("hunt_new_clicks", "), 0) <= p_attempts", "), 0) < p_attempts"),
    Mutant("hunt_new_clicks", "and c.what = 'a' and c.since = p_since", "and c.since = p_since"),
    Mutant("hunt_new_clicks", "c.number - 1", "c.ord - 1"),
    # hunt_near_clicks, and the speed limit in its callers
    Mutant("hunt_commit", " or v_max_speed is not null) then", ") then", SPEED),
    Mutant(
        "hunt_commit",
        "l.hunt = v_hunt and l.player = i.player limit 1) c",
        "l.hunt = v_hunt limit 1) c",
        SPEED,
    ),
    Mutant(
        "hunt_commit",
        "                           > v_max_speed *",
        "                           >",
        SPEED,
    ),
    Mutant("hunt_commit", "set at = v_at, place = k.place from", "set at = v_at from", SPEED),
    Mutant("hunt_commit", "case when v_max_speed is not null then i.place end", "i.place", SPEED),
    Mutant("hunt_commit", "or cardinality(p_ids) < v_size", "", SPEED),
    Mutant("hunt_commit", "or v_cooldown > interval '0' or v_attempts", "or v_attempts", SPEED),
    Mutant("hunt_commit", "set at = v_at, place = null where", "set at = v_at where", SPEED),
    Mutant("hunt_near_clicks", "where g.copy = 1\n           and", "where", SPEED + GRANTS),
    Mutant("hunt_near_clicks", "partition by g.player order by g.ord", "order by g.ord", SPEED),
    Mutant("hunt_near_clicks", "and c.player = g.player", "", SPEED),
    Mutant("hunt_near_clicks", "and c.place is not null", "", SPEED),
    Mutant("hunt_near_clicks", "<= p_max_speed * greatest", "<= greatest", SPEED),
    Mutant("hunt_near_clicks", "p_sphere) = 0;", "p_sphere) >= 0;", SPEED),
    Mutant("hunt_outcomes", "c.at + p_cooldown > p_at) then 6", "false) then 6", SPEED),
    Mutant("hunt_outcomes", "/ p_max_speed", "* p_max_speed", SPEED),
    Mutant("hunt_outcomes", "- extract(epoch from p_at - c.at)::float8", "", SPEED),
    Mutant("hunt_chord", "abs(p_angle) < 1e-12", "false", SPEED),
    Mutant("hunt_distance", "when p_sphere then", "when true then", SPEED),
    Mutant("hunt_distance", "least(", "(", SPEED),
    # hunt_outcomes
    Mutant(
        "hunt_outcomes",
        "when r.seq is null and p_open then 3",
        "when r.seq is null and p_open then 4",
    ),
    Mutant(
        "hunt_outcomes",
        "(r.player, r.x, r.y) is distinct from (i.player, i.place[0], i.place[1])",
        "(r.player, r.x) is distinct from (i.player, i.place[0])",
    ),
    Mutant("hunt_outcomes", "when r.seq <= p_last or", "when"),
    Mutant(
        "hunt_outcomes",
        "over (partition by i.click_id order by i.ord) > 1",
        "over (partition by i.click_id order by i.ord) > 2",
    ),
    Mutant(
        "hunt_outcomes", "s.click_id = i.click_id and s.hunt = p_hunt", "s.click_id = i.click_id"
    ),
    Mutant("hunt_outcomes", "c.hunt = p_hunt and c.player = i.player)", "c.player = i.player)"),
    Mutant("hunt_outcomes", "c.hunt = p_hunt and c.player = i.player)", "c.hunt = p_hunt)"),
    Mutant("hunt_outcomes", "c.count >= p_attempts", "c.count > p_attempts"),
    Mutant("hunt_outcomes", "order by i.ord;", "order by i.ord desc;"),
    # hunt_left
    Mutant("hunt_left", "case when p.void then", "case when true then", GRANTS),
    Mutant("hunt_left", "t.totals[2] - p.granted", "t.totals[1] - p.granted", GRANTS),
    Mutant("hunt_left", "p_at < p.starts or p_at >= p.until", "p_at < p.starts", GRANTS),
    Mutant("hunt_left", "p_at < p.starts or p_at >= p.until", "p_at >= p.until", GRANTS),
    Mutant("hunt_left", "else 1 + div(", "else div(", GRANTS),
    Mutant("hunt_left", "z.may - z.granted - z.lost", "z.may - z.granted", GRANTS),
    Mutant("hunt_left", "z.stock - z.granted - z.lost", "z.stock - z.granted", GRANTS),
    Mutant("hunt_left", "z.first and not z.retired", "z.first", GRANTS),
    # hunt_settle
    Mutant("hunt_settle", "else z.now < z.drawn end", "else z.now + 1 < z.drawn end", GRANTS),
    Mutant("hunt_settle", "z.in_stock <= 0 and z.overflow is not null", "false", GRANTS),
    Mutant("hunt_settle", "bool_or(z.lost > z.voided)", "false", GRANTS),
    Mutant("hunt_settle", "(where z.now <= 0),", "(where z.now < 0),", GRANTS),
    Mutant("hunt_settle", "(where z.now <= 0 and z.in_stock <= 0)", "(where z.now <= 0)", GRANTS),
    Mutant("hunt_settle", "(v_limited is not null or p_max_wins", "(p_max_wins", GRANTS),
    Mutant(
        "hunt_settle",
        "(v_limited is not null or p_max_wins is not null)",
        "v_limited is not null",
        GRANTS,
    ),
    Mutant("hunt_settle", 'count(distinct i.player collate "C") < count(*)', "false", GRANTS),
    Mutant("hunt_settle", "if v_firsts is not null and", "if false and", GRANTS),
    Mutant("hunt_settle", "and (z.within is null or", "and (", GRANTS),
    Mutant("hunt_settle", "elsif p_prizes && v_gone or", "elsif", GRANTS),
    Mutant("hunt_settle", "or p_prizes && v_limited or", "or", GRANTS),
    Mutant("hunt_settle", "or p_full <> '{}' then", "then", GRANTS),
    Mutant("hunt_settle", "where i.prize = any (v_gone)", "where false", GRANTS),
    Mutant("hunt_settle", "and i.player = any (p_full)", "", GRANTS),
    Mutant("hunt_settle", "i.prize)] <= (", "i.prize)] < (", GRANTS),
    Mutant("hunt_settle", "and p.player = i.player and", "and", GRANTS),
    Mutant("hunt_settle", "v_won[v_number] := null;", "null;", GRANTS),
    Mutant(
        "hunt_settle", "and (z.stock is not null or z.stepped or z.even is not null)", "and false"
    ),
    Mutant("hunt_settle", "granted = p.granted + excluded.granted", "granted = excluded.granted"),
    # hunt_settle_in_order
    Mutant(
        "hunt_settle_in_order", "where i.prize is not null or exists (", "where exists (", GRANTS
    ),
    Mutant(
        "hunt_settle_in_order", "c.since = p_wins_since) end as won", "true) end as won", GRANTS
    ),
    Mutant(
        "hunt_settle_in_order",
        "where v_within[f.number] is null\n                   or",
        "where",
        GRANTS,
    ),
    Mutant("hunt_settle_in_order", "partition by i.player", "", GRANTS),
    Mutant(
        "hunt_settle_in_order",
        "while v_left[v_prize] <= 0 and v_stock[v_prize] <= 0 loop",
        "while v_left[v_prize] <= 0 loop",
        GRANTS,
    ),
    Mutant(
        "hunt_settle_in_order",
        "continue when v_left[v_prize] <= 0\n                       or",
        "continue when",
        GRANTS,
    ),
    Mutant("hunt_settle_in_order", "v_had[v_key] := v_had[v_key] + 1;", "", GRANTS),
    Mutant("hunt_settle_in_order", "v_had[v_key] >= v_limits", "v_had[v_key] > v_limits", GRANTS),
    Mutant("hunt_settle_in_order", "v_click.won, 0) + 1;", "v_click.won, 0);", GRANTS),
    Mutant("hunt_settle_in_order", "v_left[v_prize] := v_left[v_prize] - 1;", "", GRANTS),
    Mutant("hunt_settle_in_order", "v_stock[v_prize] := v_stock[v_prize] - 1;", "", GRANTS),
    Mutant("hunt_settle_in_order", "p_points[v_click.ord] := v_worth[v_prize];", "", GRANTS),
    # hunt_count_in_period
    Mutant("hunt_count_in_period", "and c.what = 'a'", "", GRANTS),
    Mutant("hunt_count_in_period", "and c.what = 'w'", "", GRANTS),
    Mutant(
        "hunt_count_in_period", "cardinality(array_positions(p_players, c.player))", "1", GRANTS
    ),
    Mutant(
        "hunt_count_in_period", "cardinality(array_positions(v_winners, c.player))", "1", GRANTS
    ),
    Mutant(
        "hunt_count_in_period", "case when c.since = p_since then", "case when true then", GRANTS
    ),
    Mutant(
        "hunt_count_in_period",
        "case when c.since = p_wins_since then",
        "case when true then",
        GRANTS,
    ),
    Mutant(
        "hunt_count_in_period",
        "if v_counted < cardinality(p_players) then",
        "if false then",
        GRANTS,
    ),
    Mutant(
        "hunt_count_in_period",
        "if v_counted < cardinality(v_winners) then",
        "if false then",
        GRANTS,
    ),
    # hunt_bind_codes
    Mutant(
        "hunt_bind_codes",
        "z.granted - count(*) over (partition by i.prize) +",
        "z.granted +",
        CODES,
    ),
    Mutant("hunt_bind_codes", "count(*) over (partition by i.prize)", "count(*) over ()", CODES),
    Mutant(
        "hunt_bind_codes",
        "over (partition by i.prize order by i.ord)",
        "over (order by i.ord)",
        CODES,
    ),
    Mutant(
        "hunt_bind_codes",
        "over (partition by i.prize order by i.ord)",
        "over (partition by i.prize order by i.ord desc)",
        CODES,
    ),
    Mutant("hunt_bind_codes", "where z.codes and i.ord <> all (p_denied)", "where z.codes", CODES),
    Mutant("hunt_bind_codes", "where z.codes and i.ord", "where i.ord", CODES),
    Mutant("hunt_bind_codes", "z.hunt = p_hunt and z.id", "z.id", CODES),
    Mutant("hunt_bind_codes", "p_last + v_win.ord", "p_last + v_win.number", CODES),
    Mutant("hunt_bind_codes", "where c.hunt = p_hunt and", "where", CODES),
    Mutant("hunt_bind_codes", "and c.prize = v_win.prize", "", CODES),
    Mutant("hunt_bind_codes", "and c.reward is null", "", CODES),
    Mutant("hunt_bind_codes", "if not found then", "if false then", CODES),
    Mutant("hunt_bind_codes", "int4send(c.position)", "int4send(c.position + 1)", CODES),
    Mutant("hunt_bind_codes", "int4send(v_win.ord::int)", "int4send(1)", CODES),
    # hunt_change_rewards
    Mutant("hunt_change_rewards", "where p ? 'claim'", "", STATES),
    Mutant(
        "hunt_change_rewards",
        "and r.player = p_player and r.prize is not null);",
        "and r.player = p_player);",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "where r.hunt = v_hunt and r.player = p_player",
        "where r.hunt = v_hunt",
        STATES,
    ),
    Mutant("hunt_change_rewards", "select distinct s as seq", "select s as seq", STATES),
    Mutant("hunt_change_rewards", "w.hunt = v_hunt and", "", STATES),
    Mutant(
        "hunt_change_rewards",
        "when v_row.prize is null then 'is not a reward of this hunt'",
        "when false then ''",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "when v_row.state = p_state then null",
        "when false then null",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "when v_row.state = 'void' then 'is void'",
        "when false then ''",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "when v_row.state = 'sent' and p_seqs is not null",
        "when v_row.state = 'sent'",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "when v_row.state = 'sent' and p_seqs is not null",
        "when false",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "p_state = 'sent' and v_row.state = 'granted' and v_row.prize",
        "v_row.state = 'granted' and v_row.prize",
        STATES,
    ),
    Mutant("hunt_change_rewards", "v_row.state = 'granted' and v_row.prize", "v_row.prize", STATES),
    Mutant("hunt_change_rewards", "and v_row.prize = any(v_asks)", "", STATES),
    Mutant(
        "hunt_change_rewards",
        "when v_row.player = any(regexp_split_to_array(p_reason, '[^A-Za-z0-9_.:-]+'))",
        "when false",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "or v_row.player = any(regexp_split_to_array(p_reason, '[^A-Za-z0-9_-]+'))",
        "",
        STATES,
    ),
    Mutant("hunt_change_rewards", "v_wrong := true;", "", STATES),
    Mutant("hunt_change_rewards", "not in (p_state, 'sent')", "not in (p_state)", STATES),
    Mutant("hunt_change_rewards", "not in (p_state, 'sent')", "not in ('sent')", STATES),
    Mutant(
        "hunt_change_rewards", "if v_wrong or v_todo = '{}' then", "if v_todo = '{}' then", STATES
    ),
    Mutant("hunt_change_rewards", "if v_wrong or v_todo = '{}' then", "if v_wrong then", STATES),
    Mutant("hunt_change_rewards", "v_last + i.ord", "v_last", STATES),
    Mutant(
        "hunt_change_rewards",
        "set number = v_last + cardinality(v_todo)",
        "set number = v_last + 1",
        STATES,
    ),
    Mutant("hunt_change_rewards", "if p_state = 'void' then", "if true then", STATES),
    Mutant("hunt_change_rewards", "if p_state = 'void' then", "if false then", STATES),
    Mutant(
        "hunt_change_rewards",
        "jsonb_object_agg(i.seq, i.was)",
        "jsonb_object_agg(i.seq, p_state)",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "'reason', p_reason, 'player', p_player",
        "'player', p_player",
        STATES,
    ),
    Mutant(
        "hunt_change_rewards",
        "'reason', p_reason, 'player', p_player",
        "'reason', p_reason",
        STATES,
    ),
    Mutant("hunt_change_rewards", "and r.seq = any(v_todo);", ";", STATES),
    Mutant(
        "hunt_change_rewards",
        "where h.id = p_hunt for no key update",
        "where h.id = p_hunt",
        STATES,
    ),
    # hunt_claim
    Mutant("hunt_claim", "and r.player = p_player and r.prize", "and r.prize", STATES),
    Mutant("hunt_claim", "and r.seq = p_seq and r.player", "and r.player", STATES),
    Mutant("hunt_claim", "where r.hunt = v_hunt and", "where", STATES),
    Mutant("hunt_claim", "and r.prize is not null", "", STATES),
    Mutant("hunt_claim", "v_state in ('sent', 'void')", "v_state in ('sent')", STATES),
    Mutant("hunt_claim", "v_state in ('sent', 'void')", "v_state in ('void')", STATES),
    Mutant("hunt_claim", "v_at >= p_until or v_at", "v_at", STATES),
    Mutant("hunt_claim", "v_at >= p_until or v_at >= v_won + p_within", "v_at >= p_until", STATES),
    Mutant("hunt_claim", "v_won + p_within", "v_at + p_within", STATES),
    Mutant("hunt_claim", "if p_sealed is not null then", "if true then", STATES),
    Mutant("hunt_claim", "set sealed = excluded.sealed, at", "set at", STATES),
    Mutant("hunt_claim", "v_at + p_retain", "v_at", (*STATES, *RETAIN)),
    Mutant("hunt_claim", ", expires_at = excluded.expires_at", "", (*STATES, *RETAIN)),
    Mutant("hunt_claim", "if v_state = 'granted' then", "if true then", STATES),
    Mutant(
        "hunt_claim",
        "set number = v_last + 1 where u.hunt = v_hunt",
        "set number = v_last where u.hunt = v_hunt",
        STATES,
    ),
    Mutant(
        "hunt_claim",
        "perform hunt_live(",
        "perform from (select 1) as nothing where false and hunt_live(",
        STATES,
    ),
    Mutant(
        "hunt_last_change",
        "where u.hunt = p_hunt for update;\n    if not",
        "where u.hunt = p_hunt;\n    if not",
        STATES,
    ),
    # hunt_take_back
    Mutant("hunt_take_back", "granted = z.granted - n.granted,", "granted = z.granted,", STATES),
    Mutant("hunt_take_back", "case when z.void then n.lost", "case when true then n.lost", STATES),
    Mutant("hunt_take_back", "t.at > r.at and t.at <= p_at", "t.at > r.at", STATES),
    Mutant("hunt_take_back", "t.at > r.at and t.at <= p_at", "t.at <= p_at", STATES),
    Mutant("hunt_take_back", "and not z.codes", "", CODES),
    Mutant("hunt_take_back", "c.hunt = p_hunt and c.seq = any(p_seqs)", "false", STATES),
    Mutant(
        "hunt_take_back",
        "set points = s.points - n.points, wins = s.wins - n.wins\n      from",
        "set points = s.points - n.points\n      from",
        STATES,
    ),
    # the rest
    Mutant("hunt_seen", "r.click_id = i.click_id and r.hunt = p_hunt", "r.click_id = i.click_id"),
    Mutant("hunt_rewards", "r.seq > p_after", "r.seq >= p_after"),
    Mutant("hunt_rewards", "r.seq <= p_upto", "r.seq < p_upto"),
    Mutant("hunt_rewards", "(p_player is null or r.player = p_player)", "true"),
    Mutant("hunt_rewards", "r.hunt = v_hunt and", ""),
    Mutant("hunt_add_up", "r.seq > v_upto and", "r.seq >= v_upto and", BOARD),
    Mutant("hunt_add_up", "and r.seq <= v_to", "", BOARD),
    Mutant("hunt_add_up", "and r.prize is not null", "", BOARD),
    Mutant("hunt_add_up", "points = s.points + excluded.points", "points = excluded.points", BOARD),
    Mutant("hunt_add_up", "wins = s.wins + excluded.wins", "wins = excluded.wins", BOARD),
    Mutant("hunt_add_up", "where r.hunt = v_hunt and", "where", BOARD),
    Mutant("hunt_add_up", "for update skip locked", "for update", BOARD),
    Mutant("hunt_ended", "v_new is distinct from old", "false", ENDING),
    Mutant("hunt_ended", "v_new.epoch := old.epoch;", "", ENDING),
    Mutant("hunt_ended", "when (old.state = 'closed')", "when (true)", ENDING),
    Mutant("hunt_delete", "and (last_seq = 0 or test)", "", HUNTS),
    Mutant(
        "hunt_delete",
        "in access exclusive mode nowait', p_hunt)",
        "in access exclusive mode', p_hunt)",
        HUNTS,
    ),
    Mutant(
        "hunt_delete",
        "rewards in access exclusive mode nowait",
        "rewards in access exclusive mode",
        HUNTS,
    ),
    Mutant("hunt_audit", "and new.detail - 'player' = old.detail - 'player'", "", AUDIT),
    Mutant(
        "hunt_audit",
        "and old.detail ? 'player' and new.detail->>'player' like 'erased-%'",
        "",
        AUDIT,
    ),
    Mutant("hunt_audit", "tg_op = 'UPDATE'\n", "tg_op = 'DELETE'\n", AUDIT),
    Mutant("hunt_audit", "before update or delete on audit", "before update on audit", AUDIT),
    Mutant(
        "hunt_changed",
        "when 'DELETE' then old.id else new.id",
        "when 'DELETE' then new.id else new.id",
        HUNTS,
    ),
    Mutant("hunt_changed", "or update of definition, version, state, epoch", ""),
    Mutant("hunt_try_commit", "where h.state = 'open'", "where true", PROBE),
    Mutant("hunt_try_commit", "coalesce(clock_timestamp() < h.closes_at, true)", "true", PROBE),
    Mutant("hunt_try_commit", "coalesce(h.opens_at <= clock_timestamp(), true)", "true", PROBE),
    Mutant("hunt_try_commit", "h.id is distinct from p_hunt, random()", "random()", PROBE),
    Mutant("hunt_try_commit", "raise exception using errcode = 'H0000';", "", PROBE),
    Mutant("hunt_time", "HH24:MI:SS.US", "HH24:MI:SS.MS", (*LOG, CLICKS)),
)
