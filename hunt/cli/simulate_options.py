"""Types of the options of ``hunt simulate``."""

from __future__ import annotations

import math

import click

from hunt.core.crowds import CROWDS, Crowd
from hunt.values import MOST


class Curve(click.ParamType[tuple[float, ...]]):
    """Numbers that are not negative, and not all 0."""

    name = "rates"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers in a text like ``1,4,9``."""
        try:
            rates = tuple(float(each) for each in str(value).split(","))
        except ValueError:
            rates = ()
        if not (0 < sum(rates) < MOST) or min(rates) < 0:
            self.fail("must be numbers, at least 0 and not all 0, as in 1,4,9,2", param, ctx)
        return rates


class CrowdShares(click.ParamType[dict[Crowd, float]]):
    """Relative shares of crowds."""

    name = "shares"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[Crowd, float]:
        """Return the shares in a text like ``uniform=0.7,bots=0.3``, or of one crowd's name."""
        found: dict[Crowd, float] = {}
        for each in str(value).split(","):
            name, equals, share = each.partition("=")
            try:
                number = float(share) if equals else 1.0
            except ValueError:
                number = math.nan
            if name not in CROWDS or name in found or not 0 <= number < MOST:
                self.fail(self._wrong(), param, ctx)
            if number:
                found[name] = number
        if not found:
            self.fail(self._wrong(), param, ctx)
        return found

    @staticmethod
    def _wrong() -> str:
        names = ", ".join(CROWDS)
        return f"must be shares of {names}, as in uniform=0.7,hints=0.25,bots=0.05"


class Cost(click.ParamType[tuple[str, float]]):
    """The cost of one unit of a prize."""

    name = "prize=cost"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Return prize and cost of a text like ``voucher=20``."""
        name, _, text = str(value).partition("=")
        try:
            cost = float(text)
        except ValueError:
            cost = math.nan
        if not 0 <= cost < MOST:
            self.fail("must be a prize and a number, as in voucher=20", param, ctx)
        return name, cost


class Stock(click.ParamType[tuple[str, int]]):
    """The stock of a prize."""

    name = "prize=number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return prize and stock of a text like ``voucher=500``."""
        name, _, text = str(value).partition("=")
        if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= MOST):
            self.fail("must be a prize and a whole number, as in voucher=500", param, ctx)
        return name, int(text)
