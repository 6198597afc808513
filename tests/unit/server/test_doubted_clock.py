"""An exchange whose clock jumps, and one whose log is ahead: nothing is lost, and all goes on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.agencies import (
    AGREEMENT_ID,
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    federation,
    key_record,
    node_of,
)
from support.decisions import leaving
from support.exchange import Clock, World, codes, components_of, manifest_id, opened
from support.suspensions import standing
from tearline.audit.event import EventCode
from tearline.errors import ClockDoubted
from tearline.federation.members import KeyUse
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm, parse_checkpoint_text
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import verify_cosigned
from tearline.wire.cosigning import CosignRequest
from tearline.wire.federation import encode_key_record
from tearline.wire.grants import parse_event
from tearline.wire.suspensions import encode_standing
from tearline_server.admin.offline import correct_time
from tearline_server.storage.columns import parts_of
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.fsck import LogVerifier

EU = "spiffe://eu-customs.example"
AHEAD_MS = 400 * DAY_MS
HOUR_MS = 3_600_000
LOG_RETENTION_MS = 100 * DAY_MS


@dataclass
class Jumping:
    """An exchange whose clock can be set, beside one that only passes."""

    world: World
    steady: Clock

    def passes(self, ms: int) -> None:
        self.steady.time_ms += ms
        self.world.clock.time_ms += ms

    def jumps(self, ms: int) -> None:
        self.world.clock.time_ms += ms


@pytest.fixture
async def jumping(tmp_path: Path) -> AsyncIterator[Jumping]:
    steady = Clock()
    async with opened(tmp_path, steady=steady) as world:
        await world.agree(log_retention_ms=LOG_RETENTION_MS, retention_ms=LOG_RETENTION_MS)
        yield Jumping(world, steady)


async def ciphertexts(world: World, packet: bytes) -> int:
    stored = (await world.store.packets([packet])).get(packet)
    assert stored is not None
    return len(parts_of(stored.ciphertexts).ciphertexts)


async def upkeep(world: World) -> None:
    for job in (
        world.exchange.maintenance.drop_ended,
        world.exchange.maintenance.erase_due,
        world.exchange.maintenance.log_overdue,
        world.exchange.maintenance.flush_refusals,
    ):
        await job()


@pytest.mark.parametrize("jump_ms", [-AHEAD_MS, AHEAD_MS])
async def test_a_clock_that_jumps_deletes_nothing_and_writes_nothing(
    jumping: Jumping, jump_ms: int
) -> None:
    world = jumping.world
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed, CN))) == ["", ""]
    entries, stored = world.exchange._log.size, await ciphertexts(world, manifest_id(sealed))
    jumping.jumps(jump_ms)
    await upkeep(world)
    later = world.packet()
    with pytest.raises(ClockDoubted):
        await world.send(later, world.grant(later, CN))
    assert not world.exchange.is_healthy
    _, note = await world.exchange._log.checkpoint()
    signed = verify_cosigned(note, world.exchange._components.installation.identity.log)
    assert abs(signed.time_s * 1000 - NOW_MS) < HOUR_MS
    jumping.jumps(-jump_ms)
    assert (world.exchange._log.size, await ciphertexts(world, manifest_id(sealed))) == (
        entries,
        stored,
    )
    seq = world.seqs[US, CN]
    world.seqs[US, CN] = seq - 1  # the place was not taken
    assert codes(await world.send(later, world.grant(later, CN))) == ["", ""]
    assert len(await world.read(CN)) == 3  # the agreement, and both grants


async def test_one_that_starts_with_a_wrong_clock_deletes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        sealed = world.packet()
        await world.send(sealed, world.grant(sealed, CN))
    async with opened(tmp_path, clock=Clock(NOW_MS - AHEAD_MS)) as world:
        await upkeep(world)
        with pytest.raises(ClockDoubted):
            await world.send(world.packet())
    async with opened(tmp_path) as world:
        assert await ciphertexts(world, manifest_id(sealed))


def cosigning(agency: str) -> CheckpointSigner:
    return CheckpointSigner(
        name=node_of(agency), algorithm=NoteAlgorithm.MLDSA44, seed=agency.encode().ljust(32)[:32]
    )


async def put_cosigning_key(world: World, agency: str) -> None:
    header, key = world.parties.node(agency).header, cosigning(agency).verifier.public
    record = key_record(header, node_of(agency), KeyUse.COSIGN, key)
    said = await world.say(agency, StatementType.KEY_RECORD, encode_key_record(record))
    assert said.refusal is None


async def cosign(world: World, agency: str) -> None:
    """Cosigns as an agency's node whose clock is that of the exchange."""
    _, note = await world.exchange._log.checkpoint()
    line = cosigning(agency).sign(
        parse_checkpoint_text(parse_note(note).text), time_s=world.clock.time_ms // 1000
    )
    turn = CosignRequest(
        checkpoint=parse_note(note).with_signatures([line]).encode(),
        clock_ms=world.clock.time_ms,
    )
    await world.exchange.cosign(node_of(agency), turn)


async def test_a_member_that_cosigns_alone_has_a_wrong_clock_delete_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        for agency in (CN, MX, US):
            await put_cosigning_key(world, agency)
        sealed = world.packet()
        await world.send(sealed, world.grant(sealed, CN))
    async with opened(tmp_path, clock=Clock(NOW_MS + AHEAD_MS)) as world:
        await cosign(world, MX)
        await upkeep(world)
        assert not world.exchange.is_time_right
        assert await ciphertexts(world, manifest_id(sealed))
    async with opened(tmp_path, clock=Clock(NOW_MS + DAY_MS)) as world:
        await cosign(world, MX)
        assert not world.exchange.is_time_right
        await cosign(world, US)  # two of three: after a pause an exchange goes on by itself
        world.seqs[US, CN] = 1
        later = world.packet()
        assert codes(await world.send(later, world.grant(later, CN))) == ["", ""]
        assert len(await world.read(CN)) == 3  # the agreement, and both grants


async def test_agencies_that_left_are_not_waited_for(tmp_path: Path) -> None:
    parties = federation(CN, EU, MX, US)
    async with opened(tmp_path, parties) as world:
        for agency in parties.agencies:
            await put_cosigning_key(world, agency)
        for agency in (CN, EU):
            left = leaving(parties.trust(), agency)
            assert codes(await world.publish_signed(agency, left)) == [""]
    async with opened(tmp_path, parties, clock=Clock(NOW_MS + DAY_MS)) as world:
        for agency in (MX, US):
            assert not world.exchange.is_time_right
            await cosign(world, agency)
        assert world.exchange.is_time_right


async def ahead(path: Path) -> None:
    """A log whose last entry is dated ahead, for an operator said that this was the time."""
    async with opened(path) as world:
        await world.agree()
        world.clock.time_ms += 6 * DAY_MS
        sealed = world.packet()
        assert codes(await world.send(sealed, world.grant(sealed, CN))) == ["", ""]
        said = encode_standing(standing(by=US, header=world.parties.node(US).header))
        assert codes([await world.say(US, StatementType.STANDING, said)]) == [""]


async def corrected(path: Path, *, clock_is_right: bool) -> bool:
    """Corrects the log's time as the operator does; whether an entry was written."""
    store = SqliteStore(path / "exchange.db")
    try:
        found = await correct_time(components_of(store, Clock()), clock_is_right=clock_is_right)
    finally:
        await store.close()
    return found is not None and found.entry is not None


async def test_a_log_that_is_ahead_goes_on_once_the_operator_says_so(tmp_path: Path) -> None:
    await ahead(tmp_path)
    async with opened(tmp_path) as world:
        with pytest.raises(ClockDoubted):
            await world.send(world.packet())
        before = await world.exchange.entries(0, 0)
    assert not await corrected(tmp_path, clock_is_right=False)
    assert await corrected(tmp_path, clock_is_right=True)
    assert not await corrected(tmp_path, clock_is_right=True)  # it is not ahead any more
    async with opened(tmp_path) as world:
        world.seqs[US, CN] = 1
        sealed = world.packet()
        assert codes(await world.send(sealed, world.grant(sealed, CN))) == ["", ""]
        after = await world.exchange.entries(0, 0)
        assert after.entries[: len(before.entries)] == before.entries
        rows = await world.store.event_rows(0, limit=1000)
        said = [parse_event(row.event) for row in rows if row.code == EventCode.TIME]
        assert [(e.party, e.time_ms) for e in said] == [(u, NOW_MS) for u in world.parties.agencies]
        assert parse_event(rows[-1].event).time_ms == NOW_MS
        verifier = LogVerifier(world.store, world.exchange._components.installation.identity.log)
        assert [finding async for finding in verifier.findings()] == []


async def test_a_time_that_was_corrected_leaves_no_bucket_full(tmp_path: Path) -> None:
    await ahead(tmp_path)
    async with opened(tmp_path) as world:
        registry = world.exchange._desk.registry
        assert registry.budgets[US, BudgetPart.ORDINARY].entries_us > 1000 * (NOW_MS + 5 * DAY_MS)
    await corrected(tmp_path, clock_is_right=True)
    async with opened(tmp_path) as world:
        registry = world.exchange._desk.registry
        assert {*registry.budgets.values()} == {BudgetLevel()}
        assert {row.empty_ms for row in registry.channels.values()} == {0}
        assert registry.channels[node_of(US), node_of(CN), AGREEMENT_ID].seq == 1
        assert {each.empty_ms for each in registry.told.values()} == {0}


async def test_retention_passes_over_entries_that_are_dated_ahead(tmp_path: Path) -> None:
    await ahead(tmp_path)
    await corrected(tmp_path, clock_is_right=True)
    async with opened(tmp_path) as world:
        await world.agree(
            version=2, log_retention_ms=LOG_RETENTION_MS, retention_ms=LOG_RETENTION_MS
        )
        world.seqs[US, CN] = 1
        sealed = world.packet()
        await world.send(sealed, world.grant(sealed, CN))
        for agency in world.parties.agencies:
            await world.exchange.acknowledge(node_of(agency), (await world.read(agency))[-1].cursor)
        world.clock.time_ms += LOG_RETENTION_MS
        before = await world.store.event_rows(0, limit=1000)
        await world.exchange.maintenance.erase_due()
        after = await world.store.event_rows(0, limit=1000)
        gone = {row.idx for row in before} - {row.idx for row in after}
        by_time = {row.idx: row.time_ms for row in before}
        assert gone
        assert {by_time[index] for index in gone} == {NOW_MS}
