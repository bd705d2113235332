"""The errors of a definition that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hunt.errors import DefinitionError


def wrong_fields(read: Callable[..., object], *given: object) -> dict[str, str]:
    """Return the sentence about each wrong field that `read` names."""
    with pytest.raises(DefinitionError) as refused:
        read(*given)
    return dict(refused.value.errors)
