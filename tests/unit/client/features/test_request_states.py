"""The state of a request that a list shows is the one that its steps give, after each change."""

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.simulated_requests import PERSON, ask, person, record_plan
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.audit.event import EventCode
from tearline.errors import CommitmentMismatch
from tearline.persons.tokens import Role
from tearline.requests.step import Ground
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline_client.features.requests import states
from tearline_client.features.requests.states import state_of
from tearline_client.features.requests.views import RequestView, view_request
from tearline_client.store.requests import StoredRequest
from unit.client.console.browsers import accesses

__all__ = ["memory", "quick", "template", "world"]

WHOLE = Suspension(
    article="",
    sender="",
    recipient="",
    reason=Reason.LEGAL,
    in_flight=InFlight.HOLD,
    originated=Originated.FREEZE,
)


def verify_states(world: Simulation, request: bytes) -> None:
    """Compares what both parties list with what they compute."""
    for member in (world.us, world.mx):
        context = context_of(member.node)
        now_ms = context.now_ms()
        object.__setattr__(context, "now_ms", lambda now_ms=now_ms: now_ms)
        (stored,) = stores_of(member.node).requests.of(request)
        view = view_request(context, stored, ())
        for _ in range(2):  # computed, then as stored
            assert member.node.requests.state(request) == state_of(view)
        assert state_of(view) in member.node.requests.list()
        object.__setattr__(context, "now_ms", world.clock)


async def test_a_listed_state_is_the_one_that_the_steps_give(world: Simulation) -> None:
    us, mx = world.us.node, world.mx.node
    request = await ask(world.us, world.mx)
    officer = person("boss", Role.OFFICER)
    plan = record_plan(world.mx, world.us, request)
    acts = (
        lambda: mx.requests.admit(request, PERSON),
        lambda: mx.requests.clarify(request, "Which year?", PERSON),
        lambda: us.requests.clarified(request, "2026", PERSON),
        lambda: mx.suspensions.suspend("narcotics-2026", WHOLE, acted_by=officer),
        lambda: mx.suspensions.resume("narcotics-2026", acted_by=officer),
        lambda: us.suspensions.suspend("narcotics-2026", WHOLE, acted_by=officer),
        lambda: us.suspensions.resume("narcotics-2026", acted_by=officer),
        lambda: mx.requests.refuse(request, Ground.FORM, (1,), PERSON),
        lambda: mx.answers.send(request, plan, (2,), acted_by=PERSON),
        lambda: us.requests.close(request, True, PERSON),
    )
    verify_states(world, request)
    seen = set()
    for act in acts:
        await act()
        verify_states(world, request)
        await world.settle()
        verify_states(world, request)
        state = mx.requests.state(request)
        seen.add((state.phase, state.suspended, state.frozen, state.has_question))
    assert len(seen) == 7  # no act passed unseen


async def test_a_list_replays_no_request_that_did_not_change(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [await ask(world.us, world.mx) for _ in range(3)]
    node, replayed = world.mx.node, list[bytes]()

    def watched(context: object, request: object, pending: tuple[bytes, ...]) -> RequestView:
        replayed.append(request.packet)
        return view_request(context, request, pending)

    monkeypatch.setattr(states, "view_request", watched)
    await node.requests.prepare()
    assert sorted(replayed) == sorted(requests)
    replayed.clear()
    assert len(node.todo()) >= len(node.requests.list()) == len(node.requests.open()) == 3
    assert not any(node.requests.is_overdue(each) for each in node.requests.unsettled())
    assert replayed == []
    await node.requests.admit(requests[0], PERSON)
    node.requests.list()
    assert set(replayed) == {requests[0]}
    replayed.clear()
    await node.update_indexes()
    node.requests.list()
    assert replayed == [requests[0]]


async def test_a_list_writes_no_missing_state(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await ask(world.us, world.mx)
    node, database = world.mx.node, stores_of(world.mx.node).database

    def write() -> None:
        pytest.fail("a read begins a transaction")

    now_ms = context_of(node).now_ms()
    object.__setattr__(context_of(node), "now_ms", lambda: now_ms)
    with monkeypatch.context() as reading:
        reading.setattr(database, "transaction", write)
        (state,) = node.requests.list()
        assert (state,) == node.requests.open() == await node.requests.list_in_turns()
        assert state == node.requests.state(request)
        assert not any(map(node.requests.is_overdue, node.requests.unsettled()))
        assert node.todo() == await node.todo_in_turns() != ()
    assert stores_of(node).request_states.find(request, world.us.node.uri) is None


async def test_a_request_that_cannot_be_read_keeps_no_other_state_from_being_stored(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [await ask(world.us, world.mx) for _ in range(2)]
    node, stores = world.mx.node, stores_of(world.mx.node)

    def damaged(context: object, request: StoredRequest, pending: tuple[bytes, ...]) -> RequestView:
        if request.packet == requests[0]:
            raise CommitmentMismatch("slot 0")
        return view_request(context, request, pending)

    monkeypatch.setattr(states, "view_request", damaged)
    await node.update_indexes()
    found = [stores.request_states.find(each, world.us.node.uri) for each in requests]
    assert [each is None for each in found] == [True, False]


def entries(member: Member) -> list[tuple[EventCode, bytes]]:
    """Code and packet of each entry of a node's own access log."""
    return [(each.code, each.packet) for each in accesses(member)]


async def test_showing_a_request_is_an_entry_and_listing_states_is_none(world: Simulation) -> None:
    request = await ask(world.us, world.mx)
    before = entries(world.mx)
    world.mx.node.requests.list()
    world.mx.node.requests.open()
    world.mx.node.requests.state(request)
    world.mx.node.todo()
    assert entries(world.mx) == before
    world.mx.node.requests.show(request)
    assert entries(world.mx)[len(before) :] == [(EventCode.ACCESS_OPEN, request)]
