"""Several exchanges over one database: each judges, delivers and shows what all of them wrote."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import asyncpg
import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    ORIGIN,
    US,
    federation,
    log_signers,
    node_of,
    signed_by,
    signing_key,
)
from support.exchange import Clock, World, address, codes, components_of, manifest_id
from support.suspensions import WHOLE, standing
from tearline.errors import (
    ExchangeBusy,
    FrontierDamaged,
    LogBehind,
    StoreNotReplicated,
    StoreUnreachable,
)
from tearline.federation.members import Revocation
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.statements.budget import Amount
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    parse_checkpoint,
    sign_checkpoint,
)
from tearline.tlog.merkle import NodeId
from tearline.tlog.note import parse_note
from tearline.wire.federation import encode_revocation
from tearline.wire.recalls import encode_recall
from tearline.wire.suspensions import encode_standing
from tearline_server.admin.offline import take_clear
from tearline_server.exchange import Exchange
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.rows import Restoration
from tearline_server.tlog.cosignatures import Cosignatures

BUSY = ExchangeBusy.code
Open = Callable[[], Awaitable[World]]


@pytest.fixture
async def open_one(database_url: str) -> AsyncIterator[Open]:
    """Opens one more exchange over the database; its federation has agreed on something."""
    parties, worlds = federation(), []
    store = await PostgresStore.open(database_url)
    for signed in parties.clear:
        await take_clear(components_of(store, Clock()), signed)
    await store.close()

    async def open_world() -> World:
        store, clock = await PostgresStore.open(database_url), Clock()
        house = components_of(store, clock)
        world = World(
            exchange=await Exchange.open(house),
            store=store,
            clock=clock,
            parties=parties,
            metrics=house.metrics,
            seqs=worlds[0].seqs if worlds else {},
        )
        worlds.append(world)
        return world

    await (await open_world()).agree()
    yield open_world
    for world in worlds:
        await world.exchange.close()


@pytest.fixture
async def pair(open_one: Open) -> tuple[World, World]:
    """Two exchanges, neither of which hears of the other but where it must."""
    return await open_one(), await open_one()


@asynccontextmanager
async def following(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(world.exchange.others.follow())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def sent(world: World, recipient: str = CN) -> bytes:
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed, recipient))) == ["", ""]
    return manifest_id(sealed)


async def suspend(world: World) -> None:
    said = encode_standing(standing(WHOLE, by=CN, header=world.parties.node(CN).header))
    assert codes([await world.say(CN, StatementType.STANDING, said)]) == [""]


async def checkpoint(world: World) -> tuple[int, bytes]:
    """The newest checkpoint over everything, as an exchange shows it."""
    world.clock.time_ms += 1000
    note = await world.exchange.checkpoint()
    return signed(note).size, note


def signed(note: bytes) -> Checkpoint:
    keys = [each.verifier for each in log_signers()]
    return parse_checkpoint(note, origin=ORIGIN, required=keys).checkpoint


async def test_what_one_suspends_no_other_takes_or_hands_out(pair: tuple[World, World]) -> None:
    one, other = pair
    await sent(other)
    await suspend(one)
    sealed = other.packet()
    outcomes = await other.send(sealed, other.grant(sealed, CN))
    assert codes(outcomes) == ["", "TL-AGR-010"]
    assert not any(delivery.parts for delivery in await other.read(CN))


async def test_a_budget_used_up_at_one_is_used_up_at_another(pair: tuple[World, World]) -> None:
    one, other = pair
    for world in pair:
        registry = world.exchange._desk.registry
        budget = Amount(entries=6, bytes=1 << 50)
        registry.installation = replace(registry.installation, budget=budget)
    found = []
    for world in (one, other, one, other):
        sealed = world.packet()
        found += codes(await world.send(sealed, world.grant(sealed)))[:1]
    assert found == ["", "", BUSY, BUSY]


async def test_what_one_takes_wakes_the_readers_at_another(pair: tuple[World, World]) -> None:
    one, other = pair
    async with following(other):
        stream = other.exchange.subscribe(node_of(CN), (await other.read(CN))[-1].cursor)
        assert not (await anext(stream)).statements
        waiting = asyncio.ensure_future(anext(stream))
        packet = await sent(one)
        async with asyncio.timeout(30):
            delivery = await waiting
        assert delivery.statements[1].id == packet
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_own_work_brings_what_another_wrote_to_the_readers(
    pair: tuple[World, World],
) -> None:
    one, other = pair
    stream = other.exchange.subscribe(node_of(CN), (await other.read(CN))[-1].cursor)
    assert not (await anext(stream)).statements
    waiting = asyncio.ensure_future(anext(stream))
    packet = await sent(one)
    await sent(other, MX)
    async with asyncio.timeout(30):
        assert (await waiting).statements[1].id == packet
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_mailbox_read_at_one_goes_on_at_another(pair: tuple[World, World]) -> None:
    one, other = pair
    await sent(one)
    cursor = (await one.read(CN))[-1].cursor
    assert await other.read(CN, cursor) == []


async def test_what_one_recalled_no_other_hands_out(pair: tuple[World, World]) -> None:
    one, other = pair
    packet = await sent(other)
    assert any(delivery.parts[0].ciphertexts for delivery in (await other.read(CN))[1:])
    order = RecallOrder(reason=RecallReason.MISTAKE, respond_by_ms=one.clock() + 3 * DAY_MS)
    header, place = one.parties.node(US).header, address(CN, one.seq(US, CN))
    recall = Recall(header=header, address=place, packet=packet, said=order)
    assert codes([await one.say(US, StatementType.RECALL, encode_recall(recall))]) == [""]
    again = [delivery for delivery in await other.read(CN) if delivery.parts]
    assert [delivery.parts[0].ciphertexts for delivery in again] == [{}]


async def test_none_shows_an_older_checkpoint_than_another(pair: tuple[World, World]) -> None:
    one, other = pair
    await checkpoint(other)
    for _ in range(2):
        await sent(one)
        size, note = await checkpoint(one)
        shown = parse_note((await other.exchange.entries(0, 1)).checkpoint)
        assert shown.text == parse_note(note).text
        await sent(other)
        grown, _ = await checkpoint(other)
        assert grown > size
        assert (await checkpoint(one))[0] >= grown


async def test_both_sign_one_tree_of_a_size(pair: tuple[World, World]) -> None:
    one, other = pair
    await sent(one)
    await other.exchange._log.refresh()
    for world in pair:
        world.clock.time_ms += 1000
    notes = await asyncio.gather(*(world.exchange.checkpoint() for world in pair))
    assert len({parse_note(note).text for note in notes}) == 1


async def test_what_another_signed_is_no_sign_of_a_loss(pair: tuple[World, World]) -> None:
    one, other = pair
    await sent(one)
    _, note = await checkpoint(one)
    await other.exchange._cosignatures._verify_not_behind(note)
    assert other.exchange.is_healthy


async def test_one_that_learns_of_a_loss_halts_all(pair: tuple[World, World]) -> None:
    one, other = pair
    size, note = await checkpoint(one)
    await one.exchange._log.halt(size + 7, note)
    with pytest.raises(LogBehind):
        await other.exchange.checkpoint()
    with pytest.raises(LogBehind):
        await sent(other)


async def test_one_that_signs_while_another_learns_of_a_loss_halts_too(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    _, note = await checkpoint(one)
    await sent(other)
    put_checkpoint = other.store.put_checkpoint

    async def learns_first(size: int, signed: bytes) -> tuple[int, bytes]:
        await one.exchange._log.halt(size + 7, note)
        return await put_checkpoint(size, signed)

    monkeypatch.setattr(other.store, "put_checkpoint", learns_first)
    with pytest.raises(LogBehind):
        await checkpoint(other)
    with pytest.raises(LogBehind):
        await sent(other)


async def test_another_history_that_was_signed_is_noticed_however_far_the_log_is(
    pair: tuple[World, World],
) -> None:
    one, other = pair
    size, _ = await checkpoint(one)
    lost = Checkpoint(origin=ORIGIN, size=size + 1, root=b"r" * 32)
    await sent(other)
    await one.exchange._log.halt(lost.size, sign_checkpoint(lost, log_signers(), time_s=1))
    with pytest.raises(FrontierDamaged):
        await other.exchange.checkpoint()


async def test_one_that_looks_at_a_checkpoint_of_another_shows_none_older_meanwhile(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    size, _ = await checkpoint(one)
    await sent(one)
    nodes = other.store.nodes

    async def signs_meanwhile(ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        monkeypatch.undo()
        for _ in range(2):
            await checkpoint(other)
        return await nodes(ids)

    monkeypatch.setattr(other.store, "nodes", signs_meanwhile)
    await other.exchange._log.refresh()
    assert other.exchange._log.covered == size + 2


async def test_what_was_cosigned_at_one_is_shown_by_another(pair: tuple[World, World]) -> None:
    one, other = pair
    size, note = await checkpoint(one)
    witness = CheckpointSigner.generate(name="witness.example", algorithm=NoteAlgorithm.MLDSA44)
    line = witness.sign(signed(note), time_s=1)
    async with following(other):
        lines = f"{line.encode()}\n".encode()
        await one.exchange._cosignatures.take_witness(witness.verifier, note, lines)
        async with asyncio.timeout(30):
            while b"witness.example" not in other.exchange._cosignatures.merged(size, note):
                await asyncio.sleep(0.01)


async def test_a_key_revoked_at_one_is_denied_by_another(pair: tuple[World, World]) -> None:
    one, other = pair
    told = asyncio.Event()
    other.exchange.on_trust = told.set
    root, key = one.parties.signer(US), signing_key(node_of(US)).public.id
    body = encode_revocation(Revocation(header=root.header, revoked_key=key, reason="lost"))
    revoked = signed_by(StatementType.REVOCATION, body, root)
    async with following(other):
        assert codes(await one.publish_signed(US, revoked)) == [""]
        async with asyncio.timeout(30):
            await told.wait()
    assert (US, key) in other.exchange.trust.revoked_keys


async def test_after_a_restore_all_write_once_one_does(
    open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = await open_one()
    await lost.store.begin_epoch(Restoration(start=0, stop=0, settled=False))
    monkeypatch.setattr(Cosignatures, "cosigners", lambda _: frozenset({node_of(CN)}))
    one, other = await open_one(), await open_one()
    sealed = other.packet()
    grant = other.grant(sealed)
    async with following(other):
        with pytest.raises(ExchangeBusy):
            await other.send(sealed, grant)
        await one.exchange.resume_barrier.hear(node_of(CN))
        async with asyncio.timeout(30):
            while not other.exchange.is_healthy:
                await asyncio.sleep(0.01)
    assert codes(await other.send(sealed, grant)) == ["", ""]


async def test_what_a_second_server_does_not_keep_is_shown_to_nobody(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    await one.exchange.checkpoint()
    monkeypatch.setattr(one.store._db, "_ha", True)  # type: ignore[attr-defined]
    async with following(one):
        async with asyncio.timeout(30):
            while one.exchange.is_healthy:
                await asyncio.sleep(0.01)
        with pytest.raises(StoreUnreachable):
            one.exchange.others.verify_heard()
        with pytest.raises(StoreNotReplicated):
            await sent(one)
        monkeypatch.undo()
        async with asyncio.timeout(30):
            while not one.exchange.is_healthy:
                await asyncio.sleep(0.01)
    await sent(other)


async def test_a_database_that_lost_something_stops_all(
    pair: tuple[World, World], database_url: str
) -> None:
    one, other = pair
    await sent(one)
    await checkpoint(other)
    await other.exchange._committer.follow()
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE head SET size = size - 1, serial = serial - 1")
    await connection.close()
    for world in pair:
        with pytest.raises(FrontierDamaged):
            await world.exchange._log.refresh()
        with pytest.raises(FrontierDamaged):
            await world.exchange._committer.follow()
        assert not world.exchange.is_healthy
