"""The roles of operators, and the routes that each role may use."""

from __future__ import annotations

from collections.abc import Mapping

from hunt.core.tokens import Identity, Role
from hunt.errors import NotAllowed

_NONE: frozenset[Role] = frozenset()
_ALL: frozenset[Role] = frozenset({"viewer", "support", "fulfilment", "designer"})
_DESIGNER: frozenset[Role] = frozenset({"designer"})
_SUPPORT: frozenset[Role] = frozenset({"support"})
_RECEIVERS: frozenset[Role] = frozenset({"support", "fulfilment", "designer"})
_FULFILMENT: frozenset[Role] = frozenset({"fulfilment"})

#: Endpoint of each operators' route -> the roles that may use it, beside ``operator``.
RIGHTS: Mapping[str, frozenset[Role]] = {
    "admin.hunts": _ALL,
    "admin.stock": _ALL,
    "ops.samples": _ALL,
    "ops.newest": _ALL,
    "ops.kept": _ALL,
    "admin.create": _DESIGNER,
    "admin.hunt": _DESIGNER,
    "admin.change": _DESIGNER,
    "admin.delete": _DESIGNER,
    "admin.versions": _DESIGNER,
    "admin.change_stock": _DESIGNER,
    "admin.open_": _NONE,
    "admin.pause": _NONE,
    "admin.close": _NONE,
    "admin.announce": _NONE,
    "admin.seed_share": _NONE,
    "admin_campaigns.campaigns": _ALL,
    "admin_campaigns.campaign": _DESIGNER,
    "admin_campaigns.change": _DESIGNER,
    "admin_campaigns.delete": _DESIGNER,
    "admin_campaigns.open_": _NONE,
    "admin_campaigns.pause": _NONE,
    "admin_campaigns.close": _NONE,
    "admin_campaigns.schedule": _ALL,
    "admin_campaigns.add_to_schedule": _NONE,
    "admin_export.export": _FULFILMENT,
    "admin_codes.status": _DESIGNER | _FULFILMENT,
    "admin_codes.load": _DESIGNER,
    "admin_winners.winners": _FULFILMENT,
    "admin_rewards.show": _SUPPORT | _FULFILMENT,
    "admin_rewards.sent": _FULFILMENT,
    "admin_rewards.void": _NONE,
    "admin_players.rewards": _SUPPORT,
    "admin_players.export": _SUPPORT,
    "admin_players.erase": _NONE,
    "admin_players.names": _SUPPORT,
    "admin_players.refuse": _SUPPORT,
    "admin_bans.listed": _SUPPORT,
    "admin_bans.add": _NONE,
    "admin_bans.remove": _NONE,
    "admin_live.live": _ALL,
    "admin_anomalies.anomalies": _SUPPORT,
    "admin_addresses.counters": _SUPPORT,
    "admin_schedule.entries": _ALL,
    "admin_schedule.add": _NONE,
    "admin_schedule.remove": _NONE,
    "admin_audit.audit": _SUPPORT,
    "admin_events.events": frozenset({"support", "fulfilment"}),
    "admin_webhooks.every": _RECEIVERS,
    "admin_webhooks.webhooks": _RECEIVERS,
    "admin_webhooks.webhook": _RECEIVERS,
    "admin_webhooks.dead": _RECEIVERS,
    "admin_webhooks.create": _DESIGNER,
    "admin_webhooks.change": _DESIGNER,
    "admin_webhooks.remove": _DESIGNER,
    "admin_webhooks.rotate": _DESIGNER,
    "admin_webhooks.test": _DESIGNER,
    "admin_webhooks.skip": _DESIGNER,
    "admin_webhooks.replay": _DESIGNER,
    "process.drain": _NONE,
    "process.breaker": _NONE,
}


def may_read_claims(identity: Identity) -> bool:
    """Return whether an operator may read the fields of claims."""
    return identity.roles is None or bool(identity.roles & {"operator", *_FULFILMENT})


def check(identity: Identity, endpoint: str) -> None:
    """Raise `NotAllowed` unless a role of the operator may use a route.

    A token without the claim ``roles`` has all rights.

    Args:
        identity: The operator.
        endpoint: Endpoint of the route, a key of `RIGHTS`.
    """
    if identity.roles is None:
        return
    allowed = {"operator", *RIGHTS.get(endpoint, ())}
    if not identity.roles & allowed:
        raise NotAllowed(f"this needs the role {' or '.join(sorted(allowed))}")
