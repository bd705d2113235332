"""Claims in hunt files, durations, and the fields that players send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hunt.core.claim_values import validate
from hunt.core.claims import (
    RETAIN,
    Claim,
    ClaimField,
    duration_text,
    parse_duration,
    sealing_context,
)
from hunt.core.definition import differences
from hunt.core.hunt_file import from_json, parse, to_json
from hunt.errors import DefinitionError, InvalidRequest
from tests.support.wrong_fields import wrong_fields

HEAD = """
[hunt]
id = "show"
title = "Show"
map = { width = 9, height = 9 }
retain = "2 years"

[[prize]]
id = "voucher"
title = "Voucher"
odds = 0.1
"""

WHOLE = """
[prize.claim]
until = "14 days"
retain = "6 weeks"
fields = [
  { name = "email", label = "E-mail", kind = "email", required = true },
  { name = "size", label = "Size", max = 4 },
]
"""


def test_claim_is_read_and_written_without_loss() -> None:
    definition = parse(HEAD + WHOLE)
    fields = (
        ClaimField("email", "E-mail", "email", required=True),
        ClaimField("size", "Size", max=4),
    )
    assert definition.retain == timedelta(days=730)
    assert definition.prizes[0].claim == Claim(fields, timedelta(days=14), timedelta(weeks=6))
    assert from_json(to_json(definition)) == definition


def test_deadline_may_be_a_time() -> None:
    definition = parse(HEAD + "claim = { until = 2026-12-24T18:00:00Z }")
    assert definition.prizes[0].claim == Claim((), datetime(2026, 12, 24, 18, tzinfo=UTC), RETAIN)
    assert from_json(to_json(definition)) == definition


def test_hunt_without_claims_keeps_its_json() -> None:
    definition = to_json(parse(HEAD.replace('retain = "2 years"', "")))
    assert "retain" not in definition
    assert "claim" not in definition["prizes"][0]  # type: ignore[index]


def test_change_of_a_claim_is_a_difference() -> None:
    [changed] = differences(parse(HEAD), parse(HEAD + WHOLE))
    assert changed == ("prize voucher: claim None -> 2 fields, until 2 weeks, retain 6 weeks")


@pytest.mark.parametrize(
    ("claim", "field", "wrong"),
    [
        ("claim = 3", "prize[0].claim", "must be a table"),
        ("claim = { form = [] }", "prize[0].claim.form", "is unknown"),
        ('claim = { until = "soon" }', "prize[0].claim.until", "must be a duration"),
        ('claim = { retain = "0 days" }', "prize[0].claim.retain", "must be a duration"),
        ('claim = { retain = "101 years" }', "prize[0].claim.retain", "must be a duration"),
        ("claim = { fields = 3 }", "prize[0].claim.fields", "must be a list"),
        ('claim = { fields = [{ name = "a" }] }', "prize[0].claim.fields[0].label", "one line"),
        (
            'claim = { fields = [{ name = "a", label = "A", kind = "colour" }] }',
            "prize[0].claim.fields[0].kind",
            "must be one of text, lines",
        ),
        (
            'claim = { fields = [{ name = "a", label = "A", max = 1001 }] }',
            "prize[0].claim.fields[0].max",
            "at most 1000",
        ),
        (
            'claim = { fields = [{ name = "a", label = "A", required = 1 }] }',
            "prize[0].claim.fields[0].required",
            "true or false",
        ),
        (
            'claim = { fields = [{ name = "a", label = "A" }, { name = "a", label = "B" }] }',
            "prize[0].claim.fields",
            "'a' is used more than once",
        ),
    ],
)
def test_wrong_claim_is_named(claim: str, field: str, wrong: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(HEAD + claim)
    assert wrong in refused.value.errors[field]


def claim_errors(claim: str) -> dict[str, str]:
    errors = wrong_fields(parse, HEAD + claim)
    return {name.removeprefix("prize[0].claim."): text for name, text in errors.items()}


def test_every_error_of_a_claim_is_named() -> None:
    fields = """[
        { name = "A", label = "", kind = "hue", required = 1, max = 1001, size = 3 },
        4,
        { name = "b", label = "B", max = 0 },
        { name = "b", label = "B", max = 1000 },
    ]"""
    assert claim_errors(f"claim = {{ form = 1, until = 3, retain = 4, fields = {fields} }}") == {
        "form": "is unknown; known: fields, retain, until",
        "until": "must be a duration, as in '14 days', or a time, as in 2026-11-01T18:00:00Z",
        "retain": "must be a duration, as in '14 days'",
        "fields": "the name 'b' is used more than once",
        "fields[0].name": "must be 1 to 64 lower-case letters, digits or hyphens",
        "fields[0].label": "must be one line of 1 to 200 characters",
        "fields[0].kind": "must be one of text, lines, email, phone, country, date, consent",
        "fields[0].required": "must be true or false",
        "fields[0].max": "must be at most 1000",
        "fields[0].size": "is unknown; known: kind, label, max, name, required",
        "fields[1]": "must be a table",
        "fields[1].name": "must be 1 to 64 lower-case letters, digits or hyphens",
        "fields[1].label": "must be one line of 1 to 200 characters",
        "fields[2].max": "must be a whole number, 1 to 2147483647",
    }


def test_time_without_an_offset_is_no_deadline() -> None:
    assert claim_errors("claim = { until = 2026-12-24T18:00:00 }") == {
        "until": "must be a time with its offset, as in 2026-11-01T18:00:00Z"
    }


def test_claim_has_at_most_20_fields() -> None:
    fields = [f'{{ name = "n{number}", label = "N" }}' for number in range(21)]
    found = parse(f"{HEAD}claim = {{ fields = [{', '.join(fields[:20])}] }}").prizes[0].claim
    assert found is not None
    assert found.fields == tuple(ClaimField(f"n{number}", "N") for number in range(20))
    assert claim_errors(f"claim = {{ fields = [{', '.join(fields)}] }}") == {
        "fields": "must be a list of at most 20 fields"
    }


@pytest.mark.parametrize("claim", [None, Claim(), Claim(until=timedelta(hours=5))])
def test_claim_in_json_may_be_null_and_leave_out_anything(claim: Claim | None) -> None:
    raw = to_json(parse(HEAD))
    given: dict[str, object] = {} if claim == Claim() else {"until": "5 hours"}
    raw["prizes"][0]["claim"] = None if claim is None else given  # type: ignore[index]
    found = from_json(raw)
    assert found.prizes[0].claim == claim
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize(
    "text", ["1 minute", "90 minutes", "5 hours", "3 days", "2 weeks", "1 year", "100 years"]
)
def test_duration_is_written_as_it_is_read(text: str) -> None:
    found = parse_duration(text)
    assert found is not None
    assert duration_text(found) == text


@pytest.mark.parametrize("text", ["", "1", "days", "-1 days", "1.5 days", "1 fortnight", "1  day"])
def test_malformed_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_fields_are_sealed_for_one_reward() -> None:
    # Claims in the database can be opened in the same context only.
    assert sealing_context("harbour", 7) == b"claim\0harbour\x007"


FORM = Claim(
    (
        ClaimField("name", "Name", required=True, max=5),
        ClaimField("address", "Address", "lines"),
        ClaimField("email", "E-mail", "email"),
        ClaimField("phone", "Phone", "phone"),
        ClaimField("country", "Country", "country"),
        ClaimField("born", "Born", "date"),
        ClaimField("terms", "Terms", "consent", required=True),
    )
)
GOOD = {
    "name": "Ada", "address": "1 Quay\nHarbour", "email": "ada@example.org",
    "phone": "+49 (30) 12-34.56", "country": "DE", "born": "1990-02-28", "terms": True,
}  # fmt: skip


def test_valid_fields_are_returned_without_space_around_them() -> None:
    assert validate(FORM, {"fields": GOOD | {"name": " Ada "}}) == GOOD


def test_blank_fields_are_left_out() -> None:
    fields = {"name": "Ada", "terms": True, "email": "  ", "phone": None}
    assert validate(FORM, {"fields": fields}) == {"name": "Ada", "terms": True}


def test_claim_without_fields_needs_no_body() -> None:
    assert validate(Claim(), {}) == {}


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("name", "", "is required"),
        ("name", "Lovelace", "at most 5 characters"),
        ("name", "a\nb", "one line"),
        ("name", 3, "must be a text"),
        ("name", ["x"], "must be a text"),
        ("address", "\n".join("abcdefghijk"), "at most 10 lines"),
        ("address", "a\x00b", "at most 10 lines"),
        ("email", "ada", "e-mail address"),
        ("email", "ada@localhost", "e-mail address"),
        ("email", "ada@ex ample.org", "e-mail address"),
        ("phone", "12345", "6 to 15 digits"),
        ("phone", "call 123456", "6 to 15 digits"),
        ("country", "de", "ISO 3166-1"),
        ("country", "XX", "ISO 3166-1"),
        ("born", "2026-02-30", "a date"),
        ("born", "20260228", "a date"),
        ("terms", False, "is required"),
        ("terms", "yes", "true or false"),
        ("colour", "red", "is unknown"),
    ],
)
def test_wrong_field_is_named_without_its_value(name: str, value: object, wrong: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        validate(FORM, {"fields": GOOD | {name: value}})
    assert list(refused.value.errors) == [f"fields.{name}"]
    assert wrong in refused.value.errors[f"fields.{name}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Linus"),
        ("address", "\n".join("abcdefghij")),
        ("phone", "123456"),
        ("phone", "+" + "1" * 15),
    ],
)
def test_value_at_a_limit_is_accepted(name: str, value: str) -> None:
    assert validate(FORM, {"fields": GOOD | {name: value}}) == GOOD | {name: value}


@pytest.mark.parametrize("phone", ["1" * 5, "1" * 16])
def test_phone_number_beyond_a_limit_is_refused(phone: str) -> None:
    with pytest.raises(InvalidRequest):
        validate(FORM, {"fields": GOOD | {"phone": phone}})


def test_every_error_of_a_claim_is_named_and_long_names_are_cut() -> None:
    with pytest.raises(InvalidRequest) as refused:
        validate(FORM, {"fields": {"name": 3, "terms": 1, "x" * 65: "a"}, "seq": 1})
    assert str(refused.value) == "the claim is not valid"
    assert refused.value.errors == {
        "seq": "unknown: a claim has fields",
        f"fields.{'x' * 64}": "is unknown",
        "fields.name": "must be a text",
        "fields.terms": "must be true or false",
    }


@pytest.mark.parametrize("fields", [3, None, [], "name"])
def test_fields_that_are_no_object_are_refused(fields: object) -> None:
    with pytest.raises(InvalidRequest) as refused:
        validate(FORM, {"fields": fields})
    assert refused.value.errors == {
        "fields": "must be an object",
        "fields.name": "is required",
        "fields.terms": "is required",
    }
