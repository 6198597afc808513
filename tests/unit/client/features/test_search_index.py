"""The index of a node: large, damaged, frozen and erased packets."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.simulated_requests import person
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.errors import StoreDamaged
from tearline.packets.packet import Field
from tearline.persons.tokens import Role
from tearline_client.planning.text_search import index_lines
from tearline_client.rules import search_index
from tearline_client.rules.redaction import forget
from tearline_client.rules.search_index import STEP_TEXTS, index_values
from tearline_client.store import search_texts
from tearline_client.store.search_texts import SearchTextStore
from unit.client.features.test_request_states import WHOLE

__all__ = ["memory", "quick", "template", "world"]

NAMES = [f"Name{number:04} Pan" for number in range(4 * STEP_TEXTS)]
PERSON = "Person/name"


async def sent(world: Simulation, names: Iterable[str] = ()) -> bytes:
    """A packet from the American agency that the Mexican one has, with these names of a person."""
    us, mx = world.us.node, world.mx.node
    draft = world.us.draft()
    values = tuple(name.encode() for name in names)

    def named(field: Field) -> Field:
        return replace(field, values=values) if field.path.endswith(PERSON) and values else field

    draft = replace(draft, fields=tuple(map(named, draft.fields)))
    found = await us.packets.send([us.packets.plan(draft, [mx.uri])])
    await mx.receive()
    return found.packets[0]


async def search(member: Member, text: str) -> list[bytes]:
    return [*await member.node.packets.search(text)]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of texts of each step."""
    found: list[int] = []

    def watched(texts: Iterable[tuple[str, bool]]) -> str:
        step = [*texts]
        found.append(len(step))
        return index_lines(step)

    monkeypatch.setattr(search_index, "index_lines", watched)
    return found


@contextmanager
def damaged(member: Member, packet: bytes) -> Iterator[None]:
    """A packet whose parts cannot be opened."""
    database = stores_of(member.node).database
    kept = database.value("SELECT parts FROM packet WHERE id = ?", (packet,))
    database.execute("UPDATE packet SET parts = x'00' WHERE id = ?", (packet,))
    yield
    database.execute("UPDATE packet SET parts = ? WHERE id = ?", (kept, packet))


def alarms(member: Member) -> list[str]:
    return [each.why for each in stores_of(member.node).inbox.quarantined()]


async def test_a_large_packet_is_indexed_in_steps(world: Simulation, steps: list[int]) -> None:
    packet = await sent(world, NAMES)
    assert steps == []  # not while it is stored
    await world.mx.node.update_indexes()
    assert max(steps) == STEP_TEXTS
    assert len(steps) > len(NAMES) // STEP_TEXTS
    for name in (NAMES[0], NAMES[-1]):
        assert await search(world.mx, name) == [packet]
        assert stores_of(world.mx.node).values.find(name) == [packet]


async def test_an_interrupted_index_goes_on_where_it_was(
    world: Simulation, steps: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    packet, context = await sent(world, NAMES), context_of(world.mx.node)
    done: list[int | None] = []
    for _ in search_index._steps(context, packet):
        done.append(stores_of(world.mx.node).index_queue.done(packet))
        if len(done) == 2:
            break  # the process ends
    assert done == [STEP_TEXTS, 2 * STEP_TEXTS]
    total = len(search_index._texts(o.field for o in context.open_view(packet).view.fields))
    index_values(context)
    assert sum(steps) == total  # no text was indexed twice
    assert await search(world.mx, NAMES[0]) == await search(world.mx, NAMES[-1]) == [packet]


async def test_the_index_of_a_large_packet_is_smaller_than_the_packet(world: Simulation) -> None:
    packet = await sent(world, NAMES)
    await world.mx.node.update_indexes()
    database = stores_of(world.mx.node).database
    texts = database.value("SELECT sum(length(sealed)) FROM search_text")
    assert texts < 2 * sum(map(len, NAMES))
    assert texts < database.value("SELECT length(parts) FROM packet WHERE id = ?", (packet,))


async def test_a_key_that_comes_while_a_packet_is_indexed_begins_it_anew(
    world: Simulation,
) -> None:
    packet, context = await sent(world, NAMES), context_of(world.mx.node)
    stores = stores_of(world.mx.node)
    for number, _ in enumerate(search_index._steps(context, packet)):
        if number == 1:
            (keys,) = stores.packets.packet(packet).keys
            stores.packets.put_keys(packet, keys, grant_id=b"another")
    assert (stores.index_queue.done(packet), number) == (0, 1)
    index_values(context)
    assert stores.index_queue.done(packet) is None
    assert await search(world.mx, NAMES[-1]) == [packet]


async def test_erasing_a_packet_makes_no_other_due(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_texts, "_AT_ONCE", 4)
    packets = [await sent(world, [f"Person{number} Pan"]) for number in range(4)]
    node, stores = world.mx.node, stores_of(world.mx.node)
    await node.update_indexes()
    assert stores.database.value("SELECT count(*) FROM search_block") == 1
    with stores.database.transaction():
        forget(context_of(node), packets[1], lambda *_: None)
    assert stores.index_queue.due() == []
    assert sorted(await search(world.mx, "Pan")) == sorted({*packets} - {packets[1]})
    assert await search(world.mx, "Person1") == []
    assert not any(block and "person1" in block.text for block in stores.search_texts.blocks())


async def test_a_damaged_block_is_made_anew_by_the_search(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_texts, "_AT_ONCE", 2)
    packets = [await sent(world, [f"Person{number} Pan"]) for number in range(3)]
    node, database = world.mx.node, stores_of(world.mx.node).database
    await node.update_indexes()
    database.execute("UPDATE search_block SET sealed = x'00'")
    database.execute("UPDATE search_text SET sealed = x'00' WHERE sealed <> x''")
    assert sorted(await search(world.mx, "Pan")) == sorted(packets)
    assert (node.packets.unreadable(), alarms(world.mx)) == ((), [])


async def test_an_index_that_is_damaged_again_and_again_gives_no_result(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(world)
    monkeypatch.setattr(SearchTextStore, "blocks", lambda _: iter([None]))
    with pytest.raises(StoreDamaged):
        await search(world.mx, "Qiu")


@pytest.mark.parametrize("is_indexed", [False, True], ids=["due", "indexed"])
async def test_a_damaged_packet_is_named_and_the_search_goes_on(
    world: Simulation, is_indexed: bool
) -> None:
    broken, whole = await sent(world, ["Broken Pan"]), await sent(world, ["Whole Pan"])
    node, stores = world.mx.node, stores_of(world.mx.node)
    if not is_indexed:
        stores.index_queue.begin(broken)
    with damaged(world.mx, broken):
        for _ in range(2):
            assert await search(world.mx, "Pan") == [whole]
            assert node.packets.unreadable() == (broken,)
        (alarm,) = alarms(world.mx)
        assert f"packet {broken.hex()[:12]} cannot be read" in alarm
        await node.update_indexes()  # goes on, too
        if is_indexed:
            index_values(context_of(node))  # its values are known
        else:
            with pytest.raises(StoreDamaged):  # they are not: no value may pass as no copy
                index_values(context_of(node))
    index_values(context_of(node))  # it was repaired
    assert set(await search(world.mx, "Pan")) == {broken, whole}
    assert node.packets.unreadable() == ()


async def test_a_frozen_packet_is_not_due_again_and_again(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = await sent(world, ["Frozen Pan"])
    us, mx, stores = world.us.node, world.mx.node, stores_of(world.mx.node)
    await us.suspensions.suspend("narcotics-2026", WHOLE, acted_by=person("boss", Role.OFFICER))
    await world.settle()
    stores.index_queue.begin(packet)
    await mx.update_indexes()
    assert stores.index_queue.due() == []
    assert await search(world.mx, "Pan") == []
    await us.suspensions.resume("narcotics-2026", acted_by=person("boss", Role.OFFICER))
    await world.settle()
    assert stores.index_queue.due() == [packet]
    assert await search(world.mx, "Pan") == [packet]
