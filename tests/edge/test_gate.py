from __future__ import annotations

import pytest
import trio

from hunt.edge.gate import Gate


async def test_closed_gate_holds_tasks_until_it_opens(autojump_clock: trio.abc.Clock) -> None:
    gate = Gate()
    await gate.wait_open()
    gate.close()
    assert not gate.is_open
    with trio.move_on_after(1) as scope:
        await gate.wait_open()
    assert scope.cancelled_caught
    gate.open()
    await gate.wait_open()


async def test_closing_cancels_those_that_are_passing(autojump_clock: trio.abc.Clock) -> None:
    gate, ends = Gate(), []

    async def pass_for_long() -> None:
        with gate.passing():
            await trio.sleep(100)
        ends.append(trio.current_time())

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pass_for_long)
        await trio.sleep(1)
        gate.close()
    assert ends == [began + 1]


async def test_passing_is_not_disturbed_while_the_gate_is_open(
    autojump_clock: trio.abc.Clock,
) -> None:
    gate = Gate()
    gate.open()
    with gate.passing():
        await trio.sleep(1)


async def test_second_close_keeps_the_tasks_that_wait(autojump_clock: trio.abc.Clock) -> None:
    gate = Gate()
    gate.close()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gate.wait_open)
        await trio.sleep(1)
        gate.close()
        assert not gate.is_open
        gate.open()
        nursery.cancel_scope.deadline = trio.current_time() + 1
    assert not nursery.cancel_scope.cancelled_caught


async def test_gate_forgets_tasks_that_have_passed() -> None:
    gate = Gate()
    with pytest.raises(ZeroDivisionError), gate.passing():
        raise ZeroDivisionError
    with gate.passing():
        assert len(gate._passing) == 1
    assert not gate._passing
