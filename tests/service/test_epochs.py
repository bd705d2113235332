from __future__ import annotations

import pytest
import trio

from hunt.errors import StoreUnavailable
from hunt.service.epochs import Epochs
from tests.support.hunts import PLAIN


class Store:
    """Notes the epochs that it is asked to begin."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun: list[tuple[str, str, int]] = []
        self.refreshed = 0
        self.error = error

    async def begin(self, hunt: str, epoch: str, seq: int) -> bool:
        await trio.lowlevel.checkpoint()
        self.begun.append((hunt, epoch, seq))
        if self.error is not None:
            raise self.error
        return True

    def refresh(self) -> None:
        self.refreshed += 1


@pytest.mark.parametrize("error", [None, StoreUnavailable("gone")])
async def test_lost_seq_begins_an_epoch_and_a_read_of_all_hunts(error: Exception | None) -> None:
    store = Store(error)
    epochs = Epochs({"harbour": PLAIN}, store.begin, refresh=store.refresh)
    await epochs.log_went_back("harbour", 5)
    assert store.begun == [("harbour", PLAIN.epoch, 5)]
    assert store.refreshed == 1


async def test_deleted_hunt_gets_no_epoch() -> None:
    store = Store()
    await Epochs({}, store.begin, refresh=store.refresh).log_went_back("harbour", 5)
    assert (store.begun, store.refreshed) == ([], 0)
