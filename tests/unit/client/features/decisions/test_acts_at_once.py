"""Two officers press the same button at the same time: the act is done once."""

import asyncio

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.simulated_requests import HOUR_MS, ask, person, record_plan
from attacks.test_decisions import away, pass_time
from support.node import stores_of
from support.simulation import Simulation
from tearline.errors import ActQueued, ItemDecided, RecordRequestError, StepPending
from tearline.packets.packet import PacketKind
from tearline.requests.step import Ground
from tearline.statements.statement import ActedBy

__all__ = ["memory", "quick", "template", "world"]

OFFICERS = (person("lin"), person("wei"))
REFUSALS = (ItemDecided, StepPending)


def answers_of(world: Simulation) -> list[bytes]:
    """The packets with records that left Mexico's node."""
    packets = world.mx.node.packets
    return [i for i in packets.ids() if packets.manifest(i).kind is PacketKind.RECORD_ANSWER]


@pytest.mark.parametrize("items", [(), (1,)])
async def test_an_answer_by_two_officers_at_once_leaves_once(
    world: Simulation, items: tuple[int, ...]
) -> None:
    request = await ask(world.us, world.mx)
    plan = record_plan(world.mx, world.us, request)
    answers = world.mx.node.answers

    async def send(officer: ActedBy) -> object:
        return await answers.send(request, plan, items, acted_by=officer)

    done = await asyncio.gather(*map(send, OFFICERS), return_exceptions=True)
    refused = [each for each in done if isinstance(each, RecordRequestError)]
    assert [type(each) in REFUSALS for each in refused] == [True], done
    assert len(answers_of(world)) == 1
    assert world.mx.node.decisions.waiting() == ()
    shown = world.mx.node.requests.show(request)
    assert shown.items[0].answer == answers_of(world)[0]
    assert shown.items[0].earlier == ()


async def test_answers_to_different_items_at_once_both_leave_in_time(world: Simulation) -> None:
    request = await ask(world.us, world.mx)
    plan = record_plan(world.mx, world.us, request)
    answers = world.mx.node.answers
    done = await asyncio.gather(
        answers.send(request, plan, (1,), acted_by=OFFICERS[0]),
        answers.send(request, plan, (2,), acted_by=OFFICERS[1]),
        return_exceptions=True,
    )
    pending = [each for each in done if isinstance(each, BaseException)]
    assert all(isinstance(each, StepPending) for each in pending)
    assert len(answers_of(world)) == 2 - len(pending)  # none left without its step
    stated = {item.answer for item in world.mx.node.requests.show(request).items}
    assert stated - {b""} == set(answers_of(world))


async def test_a_refusal_that_waited_beside_an_equal_one_is_stopped(world: Simulation) -> None:
    request = await ask(world.us, world.mx)
    requests = world.mx.node.requests
    with away(world.mx):
        pass_time(world, HOUR_MS)  # nothing is sealed on so old a log
        done = await asyncio.gather(
            *(requests.refuse(request, Ground.FORM, (1,), each) for each in OFFICERS),
            return_exceptions=True,
        )
    assert [type(each) for each in done] == [ActQueued, ActQueued]
    for member in (*world.members, *world.members):
        await member.node.sync()
    await world.settle()
    steps = [each for each in requests.show(request).steps if each.note and each.note.items]
    assert len(steps) == 1
    (left,) = stores_of(world.mx.node).decisions.all()
    assert left.code in {each.code for each in REFUSALS}
