"""``hunt verify ID``: recompute every draw, and compare it with the log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import click
from msgspec import Struct

from hunt.cli import arguments, bundle_text, running
from hunt.core.hunts import Hunt
from hunt.core.key_ring import KeyRing
from hunt.core.verification import Edition, Verifier
from hunt.errors import HuntError
from hunt.plurals import plural
from hunt.settings import Settings
from hunt.store.audit import Audit, Commitment
from hunt.store.campaigns import Campaigns
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.log_pages import pages
from hunt.store.reward_states import grant_counts

#: Maximum number of wrong rows that are listed.
NAMED = 10

LIMITS = """\
This shows that the log follows from this seed and from the recorded versions of the hunt.
It does not show that the seed was secret: the operator knows it, and can change seed, log
and audit trail together. Compare the SHA-256 with the commitment that you saved before the
hunt ended."""


class Report(Struct, frozen=True):
    """The result of a verification."""

    hunt: Hunt
    recorded: Commitment | None
    counts: dict[str, int]  #: number of draws, by verdict
    wrong: list[int]  #: seqs of wrong rows, at most `NAMED`
    void: int  #: number of rewards that were voided
    miscounted: list[str]  #: prizes whose count of grants is not that of the rewards that stand

    @property
    def as_recorded(self) -> bool:
        """Whether the seed matches the commitment recorded when the hunt was created."""
        return self.recorded is not None and self.recorded.sha256 == self.hunt.commitment


@click.command(
    epilog=arguments.examples(
        "hunt verify harbour",
        "hunt verify harbour --player ada --json",
        "hunt verify --bundle harbour.jsonl.gz --receipts mine.jsonl",
    )
)
@click.argument("hunt_id", metavar="[ID]", type=arguments.HUNT_ID, required=False)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Verify this bundle instead, without a database.",
)
@click.option(
    "--receipts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --bundle: answers to clicks, one JSON object a line, to compare with it.",
)
@click.option(
    "--authorities",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --bundle: certificates of trusted time stamping authorities (PEM); needs openssl.",
)
@click.option("--player", type=arguments.PLAYER_ID, help="Verify only this player's draws.")
@arguments.json_option
@arguments.options
def command(
    hunt_id: str | None,
    bundle: Path | None,
    receipts: Path | None,
    authorities: Path | None,
    player: str | None,
    as_json: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Recompute every draw of a hunt from its seed, and compare it with the log.

    With --bundle, verify a file of 'hunt proof export': seals, chain, published heads, codes,
    draws and grants. The first failure is named.

    With the id of a campaign, verify all its doors that were opened, one after the other.

    Exit status 1 if a draw is wrong, or if the seed does not match the commitment that the
    audit trail recorded when the hunt was created.
    """
    if bundle is not None:
        if hunt_id is not None or player is not None:
            raise click.UsageError("a bundle is verified as a whole: leave out ID and --player")
        click.echo(bundle_text.verified(bundle, receipts, authorities, as_json=as_json))
        return
    if hunt_id is None or receipts is not None or authorities is not None:
        raise click.UsageError("give the ID of a hunt, or a file with --bundle")
    settings = arguments.read(data_dir, config).settings
    found = running.run(_verify_all, settings, hunt_id, player)
    if isinstance(found, Report):
        click.echo(json.dumps(_as_json(found)) if as_json else f"{_text(found)}\n{LIMITS}")
        _check([found])
        return
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found]))
    else:
        for each in found:
            click.echo(f"hunt {each.hunt.id}:\n{_text(each)}\n")
        click.echo(LIMITS)
    _check(found)


def _check(reports: Sequence[Report]) -> None:
    """Raise `HuntError` if a seed or a log is wrong; names each hunt."""
    wrong = []
    for each in reports:
        if not each.as_recorded:
            wrong.append(f"hunt {each.hunt.id}: its seed does not match the recorded commitment")
        elif each.wrong:
            named = ", ".join(map(str, each.wrong))
            wrong.append(
                f"hunt {each.hunt.id}: its log does not match the draws, first at seq {named}"
            )
        elif each.miscounted:
            named = ", ".join(each.miscounted)
            wrong.append(f"hunt {each.hunt.id}: the count of grants is wrong for {named}")
    if wrong:
        raise HuntError("; ".join(wrong))


def _as_json(report: Report) -> dict[str, object]:
    recorded = report.recorded
    return {
        "hunt": report.hunt.id,
        "ended": report.hunt.has_ended,
        "commitment": report.hunt.commitment,
        "recorded_commitment": recorded and recorded.sha256,
        "recorded_at": recorded and recorded.at.isoformat(),
        "as_recorded": report.as_recorded,
        **report.counts,
        "wrong_seqs": report.wrong,
        "void": report.void,
        "miscounted": report.miscounted,
    }


def _text(report: Report) -> str:
    counts, recorded = report.counts, report.recorded
    lines = [f"the seed's SHA-256 is {report.hunt.commitment}"]
    if recorded is None:
        lines.append("the audit trail holds no commitment for this hunt")
    else:
        same = "the same" if report.as_recorded else f"another one, {recorded.sha256},"
        lines.append(
            f"the audit trail recorded {same} when the hunt was created, "
            f"at {recorded.at.isoformat()} by {recorded.actor}"
        )
    lines.append(
        f"{plural(sum(counts.values()), 'draw')}: {counts['right']} as computed, "
        f"{counts['denied']} without a prize because of stock or limits, "
        f"{counts['erased']} of erased players, {counts['wrong']} wrong"
    )
    if report.void:
        lines.append(
            plural(
                report.void,
                "reward is void; its unit returned to the stock",
                "rewards are void; their units returned to the stock",
            )
        )
    if not report.hunt.has_ended:
        lines.append("the hunt has not ended: its log may grow, and its seed is still secret")
    return "\n".join(lines)


async def _verify_all(
    settings: Settings, hunt_id: str, player: str | None
) -> Report | list[Report]:
    """Return the report of a hunt, or those of the doors of a campaign that are not drafts."""
    ring = arguments.key_ring(settings)
    async with running.pool(settings) as pool:
        doors = await Campaigns(pool).hunts(hunt_id)
        if not doors:
            return await _verify(pool, ring, hunt_id, player)
        reports = [await _verify(pool, ring, each, player) for each in doors]
        return [each for each in reports if each.hunt.state != "draft"]


async def _verify(pool: Pool, ring: KeyRing, hunt_id: str, player: str | None) -> Report:
    counts: Counter[str] = Counter(right=0, denied=0, erased=0, wrong=0)
    wrong: list[int] = []
    hunts = Hunts(pool, ring)
    hunt = await running.existing(hunts, hunt_id)
    recorded = await Audit(pool).commitment(hunt_id)
    versions = reversed(await hunts.versions(hunt_id))
    editions = [Edition(each.at, each.definition) for each in versions]
    verifier = Verifier(hunt.seed, editions, hunt.drawn_name)
    async with aclosing(pages(pool, hunt_id, player)) as rows:
        async for page in rows:
            for row in page:
                verdict = verifier.judge(row)
                counts[verdict] += 1
                if verdict == "wrong" and len(wrong) < NAMED:
                    wrong.append(row.seq)
    void, miscounted = await grant_counts(pool, hunt_id)
    return Report(hunt, recorded, dict(counts), wrong, void, miscounted)
