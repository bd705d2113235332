"""The body of a Quart response that has no end."""

from __future__ import annotations

from quart.wrappers.response import ResponseBody


class EndlessBody(ResponseBody):
    """A body that can only be iterated: it has no length and no ranges."""

    async def convert_to_sequence(self) -> bytes:
        """Refuse: the body has no end to wait for."""
        raise TypeError("an event stream cannot be read as a whole")

    async def make_conditional(
        self, begin: int, end: int | None, max_partial_size: int | None = None
    ) -> int:
        """Refuse: the body has no ranges."""
        raise TypeError("an event stream has no ranges")
