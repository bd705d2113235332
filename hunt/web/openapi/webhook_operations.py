"""The operations of webhooks, for operators."""

from __future__ import annotations

from hunt.web.openapi import webhook_schemas as schemas
from hunt.web.openapi.operation import (
    LIMIT,
    STRING,
    Operation,
    Parameter,
    for_operators,
    integer,
)

_ALL = "/hunts/{hunt}/webhooks"
_ONE = f"{_ALL}/{{webhook}}"

OPERATIONS: tuple[Operation, ...] = (
    for_operators(
        "admin_events", "GET", "/hunts/{hunt}/events",
        "Stream the events of the log with players and positions; the audit trail records it.",
        STRING, 400, mimetype="text/event-stream",
        parameters=(
            Parameter(
                name="events", description="`wins` (default), or `clicks`: all.",
                schema={"type": "string", "enum": ["wins", "clicks"]},
            ),
            Parameter(
                name="prize", description="Stream only wins of this prize.",
                schema={"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
            ),
            integer("after", 0, 2**62, "Begin after this `seq`; default: from now on."),
            Parameter(
                name="Last-Event-ID", location="header", schema=STRING,
                description="Id of the last event received; the stream resumes after it.",
            ),
        ),
    ),
    for_operators(
        "admin_all_webhooks", "GET", "/webhooks", "List the webhooks of all hunts.",
        schemas.WebhookList,
    ),
    for_operators(
        "admin_webhooks", "GET", _ALL, "List the webhooks of a hunt.", schemas.WebhookList,
    ),
    for_operators(
        "admin_add_webhook", "POST", _ALL,
        "Create a webhook; the response has its secret, which is never shown again.",
        schemas.Webhook, 409, body=schemas.NewWebhook, status=201, headers=("Location",),
    ),
    for_operators("admin_webhook", "GET", _ONE, "Get a webhook.", schemas.Webhook),
    for_operators(
        "admin_change_webhook", "PATCH", _ONE,
        "Change, stop or start a webhook, and try its next event at once.",
        schemas.Webhook, body=schemas.WebhookChange,
    ),
    for_operators(
        "admin_remove_webhook", "DELETE", _ONE, "Remove a webhook, with its dead letters.",
        schemas.DeletedWebhook,
    ),
    for_operators(
        "admin_rotate_webhook", "POST", f"{_ONE}/rotate",
        "Make a new secret; the former one also signs for some time.",
        schemas.Webhook, 409, body=schemas.Rotation,
    ),
    for_operators(
        "admin_test_webhook", "POST", f"{_ONE}/test",
        "Send a test event now, and show the answer of the receiver.",
        schemas.WebhookTest, 409,
    ),
    for_operators(
        "admin_skip_webhook", "POST", f"{_ONE}/skip",
        "Make the event that blocks a webhook a dead letter.", schemas.Webhook, 409,
    ),
    for_operators(
        "admin_dead_letters", "GET", f"{_ONE}/dead", "List the dead letters of a webhook.",
        schemas.DeadLetterPage, 400,
        parameters=(
            integer("after", 0, 2**62, "Return only dead letters with a greater `seq`."), LIMIT,
        ),
    ),
    for_operators(
        "admin_replay_webhook", "POST", f"{_ONE}/replay",
        "Send events again, with the same ids: all from a `seq`, or dead letters.",
        schemas.Webhook, body=schemas.Replay,
    ),
)  # fmt: skip
