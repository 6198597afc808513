"""Lost machines: what was signed is not signed otherwise, and what was sent is not lost."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from support.archives import rewritten
from support.node import context_of, stores_of
from support.simulation import PASSPHRASE, LyingTransport, Member, Simulation, _house
from tearline.errors import (
    ActQueued,
    BackupDamaged,
    CosigningWaits,
    EnrolmentRefused,
    ExchangeBusy,
    ExchangeError,
    ExchangeUnreachable,
    FrontierDamaged,
    LogBehind,
    LogForked,
    LogInconsistent,
    LoginRequired,
    NotFound,
    PacketRecalled,
    PromiseLost,
    ReceiptForgotten,
    RestoreRefused,
    RestoreUnread,
)
from tearline.packets.recall import Recall, RecallAnswer, RecallReason, RecallState
from tearline.persons.tokens import Role
from tearline.statements.channel import Address, VoidReason
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.note import parse_note
from tearline.wire.log_entries import EntryRange
from tearline.wire.publications import Outcome
from tearline.wire.recalls import encode_recall
from tearline_client.connectors.importers.saved_mappings import SavedMappings
from tearline_client.features.packets.withdraw import withdraw
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.node import Node
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.service.backup import back_up, restore, write_mirror
from tearline_runtime.mirror import FileMirror
from tearline_server.admin.backup import renew
from tearline_server.exchange import Exchange
from tearline_server.storage.sqlite.connections import copy_database
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.fsck import LogVerifier
from unit.client.cli.test_import_commands import MAPPING
from unit.client.console.browsers import PASSPHRASE as PERSON_PASSPHRASE
from unit.client.console.browsers import add_person


def saved(world: Simulation, name: str = "backup.db") -> Path:
    """The exchange's database as it stands."""
    copy_database(world.folder / "exchange.db", world.folder / name)
    return world.folder / name


def mirrored(world: Simulation, member: Member) -> FileMirror:
    """The log as a member has read it."""
    path = world.folder / f"{member.node.home.path.name}.mirror"
    write_mirror(member.node, path)
    return FileMirror(path)


def out_of_reach(page: EntryRange) -> EntryRange:
    raise ExchangeUnreachable


@asynccontextmanager
async def restored(
    world: Simulation, database: Path, mirrors: Sequence[FileMirror] = ()
) -> AsyncIterator[Exchange]:
    """The exchange made of a backup, in the place of the one that is lost."""
    store = SqliteStore(database)
    await renew(store, [world.template.identity.log], mirrors)
    exchange = await Exchange.open(_house(world.template, store, world.clock))
    for member in world.members:
        member.exchange.show(exchange)
    try:
        yield exchange
    finally:
        await exchange.close()


async def settle(world: Simulation, *, turns: int = 3) -> None:
    """Every node comes up to date, as daemons do: one that is told to wait comes again."""
    for _ in range(turns):
        for member in world.members:
            try:
                await member.node.receive()
                await member.node.mark()
            except ExchangeError:
                continue


# An exchange.


async def test_an_exchange_that_signed_more_than_it_has_signs_nothing_more(
    world: Simulation,
) -> None:
    database = saved(world)
    await world.us.send(world.cn)
    await world.us.node.sync()
    async with restored(world, database) as exchange:
        with pytest.raises(LogInconsistent):
            await world.us.node.sync()
        assert not exchange.is_healthy
        with pytest.raises(LogBehind):
            await exchange.entries(0, 0)
        with pytest.raises(LogBehind):
            await world.mx.send(world.us)
    with pytest.raises(FrontierDamaged):
        await Exchange.open(_house(world.template, SqliteStore(database), world.clock))


async def test_nothing_is_written_before_every_cosigner_said_what_it_signed(
    world: Simulation,
) -> None:
    database = saved(world)
    async with restored(world, database) as exchange:
        with pytest.raises(ActQueued) as told:
            await world.us.send(world.cn)
        assert isinstance(told.value.__cause__, ExchangeBusy)
        with pytest.raises(ExchangeBusy):
            await world.us.node.sync()
        assert exchange.resume_barrier.awaited == sorted([world.cn.node.uri, world.mx.node.uri])
        assert not exchange.is_healthy
        for member in (world.cn, world.mx):
            await member.node.sync()
        assert exchange.is_healthy
        await world.us.node.sync()
        await world.cn.node.receive()
        assert len(world.cn.grants()) == 1  # what was sealed waited


async def test_a_mirror_of_another_history_is_refused(world: Simulation) -> None:
    database = saved(world)
    async with world.forked(world.mx):
        await world.us.send(world.cn)
        await world.us.node.sync()
        for _ in range(3):
            await world.mx.send(world.us)
        await world.mx.node.sync()
        store = SqliteStore(database)
        mirrors = [mirrored(world, member) for member in (world.us, world.mx)]
        with pytest.raises(RestoreRefused, match="another history"):
            await renew(store, [world.template.identity.log], mirrors)
        await store.close()


async def test_a_mirror_that_does_not_begin_with_the_backup_is_refused(world: Simulation) -> None:
    async with world.forked(world.mx):
        await world.us.send(world.cn)
        database = saved(world)
        for _ in range(4):
            await world.mx.send(world.us)
        await world.mx.node.sync()
        store = SqliteStore(database)
        with pytest.raises(RestoreRefused, match="another history"):
            await renew(store, [world.template.identity.log], [mirrored(world, world.mx)])
        await store.close()


async def test_what_was_acknowledged_is_there_again(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    await world.us.node.receive()
    database = saved(world)
    await world.us.send(world.cn, world.mx)
    await world.cn.node.receive()  # it has the second; nobody else knows yet
    await world.us.send(world.cn, world.mx)  # nobody has the third
    for member in (world.us, world.cn):
        await member.node.sync()
    async with restored(world, database, [mirrored(world, world.us)]) as exchange:
        await settle(world)
        await world.us.send(world.cn)
        await settle(world, turns=2)
        assert len(world.cn.grants()) == 4
        assert len(world.mx.grants()) == 2
        for member in world.members:
            assert not member.codes(), member.node.uri
            for channel in member.status().channels:
                assert not channel.waiting
        assert {(c.peer, c.sent, c.received) for c in world.us.status().channels} == {
            (world.cn.node.uri, 4, 4),
            (world.mx.node.uri, 2, 2),
        }
        findings = LogVerifier(exchange._store, world.template.identity.log).findings()
        assert [finding async for finding in findings if not finding.is_lost] == []


async def test_what_was_withdrawn_does_not_come_back_with_a_backup(world: Simulation) -> None:
    (packet_id,) = await world.us.send(world.cn)
    database = saved(world)  # it holds the grant, and nothing of its withdrawal
    state = context_of(world.us.node)
    with state.stores.database.transaction():
        withdraw(state, state.stores.packets.grants(packet_id), VoidReason.RECALLED)
    await world.us.node.tell()
    await world.us.node.sync()
    async with restored(world, database, [mirrored(world, world.us)]):
        for member in world.members:
            await member.node.sync()
        for _ in range(2):  # it learns that the exchange was restored, and says again what it said
            await world.us.node.receive()
        await world.cn.node.receive()
        assert world.cn.grants() == []
        assert world.cn.codes() == []
        (channel,) = world.cn.status().channels
        assert (channel.received, channel.waiting) == (1, 0)


async def test_what_nobody_returned_is_told_from_what_was_changed(world: Simulation) -> None:
    database = saved(world)
    await world.us.send(world.cn)
    await world.us.node.sync()
    async with restored(world, database, [mirrored(world, world.us)]) as exchange:
        verifier = LogVerifier(exchange._store, world.template.identity.log)
        lost = [finding async for finding in verifier.findings()]
        assert lost
        assert all(finding.is_lost and "since the restore" in finding.what for finding in lost)
        await settle(world)
        later = [finding async for finding in verifier_of(exchange, world).findings()]
        # Both parties have returned what they were told.
        assert later == []


def verifier_of(exchange: Exchange, world: Simulation) -> LogVerifier:
    return LogVerifier(exchange._store, world.template.identity.log)


async def test_an_entry_that_was_promised_and_lost_is_reported_once(world: Simulation) -> None:
    await settle(world, turns=1)
    database = saved(world)
    mirror = mirrored(world, world.us)

    def and_then_nothing(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        world.us.exchange.log = out_of_reach
        return outcomes

    world.us.exchange.outcomes = and_then_nothing
    with suppress(ExchangeUnreachable):
        await world.us.send(world.cn)  # acknowledged, and read by no mirror
    world.us.exchange.log = lambda page: page
    assert stores_of(world.us.node).receipts.promises()
    async with restored(world, database, [mirror]):
        await settle(world)
        assert set(world.us.codes()) == {PromiseLost.code}
        assert len(world.cn.grants()) == 1
        assert not world.cn.codes()


# A node.


@asynccontextmanager
async def reborn(world: Simulation, member: Member, file: Path) -> AsyncIterator[Member]:
    """The node made of a backup, in the place of the one that is lost."""
    await member.node.close()
    home = Home(world.folder / "reborn")
    restore(file, home, PASSPHRASE)
    transport = LyingTransport(member.exchange.target, member.node.uri)
    node = await Node.open(home.path, passphrase=PASSPHRASE, transport=transport)
    async with node:
        yield Member(node=node, exchange=transport)


def size_of(note: bytes) -> int:
    return parse_checkpoint_text(parse_note(note).text).size


async def test_a_restored_node_goes_on_where_it_was(world: Simulation) -> None:
    await world.us.send(world.cn)
    await settle(world)
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    assert file.stat().st_mode & 0o077 == 0
    forgotten = await world.us.send(world.cn)
    await world.mx.send(world.us)
    await settle(world)
    async with reborn(world, world.us, file) as us:
        again = Simulation(**{**vars_of(world), "us": us})
        await settle(again)
        assert len(us.grants()) == 1
        assert stores_of(us.node).packets.ids() != list(forgotten)
        sent = await us.send(world.cn)
        await settle(again)
        assert sent[0] in world.cn.grants()
        assert len(world.cn.grants()) == 3
        assert not world.cn.codes()
        # A receipt of what it does not know any more is kept, and its place is not missing.
        assert set(us.codes()) <= {ReceiptForgotten.code}
        assert not any(channel.waiting for channel in us.status().channels)


def vars_of(world: Simulation) -> dict[str, object]:
    return {name: getattr(world, name) for name in world.__dataclass_fields__ if name[0] != "_"}


def later_than_the_restore(member: Member) -> None:
    """Lets time pass: cosigners tell it in seconds."""
    recovery = stores_of(member.node).recovery
    before = recovery.restored()
    assert before is not None
    with stores_of(member.node).database.transaction():
        recovery.put_restored(replace(before, time_s=before.time_s - 60))


async def test_a_restored_node_cosigns_what_another_agency_has_cosigned(world: Simulation) -> None:
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    await settle(world)
    async with reborn(world, world.us, file) as us:
        with pytest.raises(CosigningWaits):
            await us.node.keys.rotate_cosigning()
        assert us.node.cosigning.cosign() == b""
        later_than_the_restore(us)
        for _ in range(3):
            for member in (world.cn, world.mx):
                await member.node.sync()
            await us.node.sync()
        assert size_of(us.node.cosigning.cosign()) > 0


async def test_a_restored_node_does_not_cosign_another_history(world: Simulation) -> None:
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    async with world.forked() as fork:
        await world.us.send(world.cn)
        await world.us.node.sync()
        async with reborn(world, world.us, file) as us:
            us.exchange.show(fork)
            for _ in range(3):
                await world.log_to(fork)
                await us.node.sync()
                assert us.node.cosigning.cosign() == b""
            us.exchange.show(world.exchange)
            with pytest.raises(LogForked):
                await us.node.sync()


async def test_a_restored_node_shows_nothing_that_was_recalled_since(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await settle(world)
    file = world.folder / "cn.backup"
    back_up(world.cn.node.home, file, PASSPHRASE)
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet), RecallReason.SOURCE_AT_RISK)
    await settle(world)
    assert [each.state for each in desk.of(packet)] == [RecallState.ERASED]
    async with reborn(world, world.cn, file) as cn:
        with pytest.raises(RestoreUnread):
            cn.node.packets.show(packet)
        with pytest.raises(RestoreUnread):
            await cn.node.packets.search("Qiu Wenhao")
        await settle(Simulation(**{**vars_of(world), "cn": cn}))
        assert stores_of(cn.node).packets.packet(packet).keys == ()
        assert cn.node.packets.show(packet).view.fields == ()
        assert await cn.node.packets.search("Qiu Wenhao") == {}
        assert world.us.codes() == []


async def test_a_restored_node_learns_what_it_recalled_from_what_is_answered(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await settle(world)
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    path = world.us.node.packets.show(packet).view.best()[0].field.path
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet, to=[world.cn.node.uri]), RecallReason.SOURCE_AT_RISK)
    await settle(world)
    async with reborn(world, world.us, file) as us:
        assert us.node.recalls.of(packet) == ()
        await settle(Simulation(**{**vars_of(world), "us": us}))
        (found,) = us.node.recalls.forgotten()
        assert (found.packet, found.partner) == (packet, world.cn.node.uri)
        assert found.answer.state is RecallState.ERASED
        with pytest.raises(PacketRecalled):
            await us.node.packets.disclose(packet, path, world.cn.node.uri)
        assert not (await us.node.packets.disclose(packet, path, world.mx.node.uri)).refused
        assert us.codes() == []


async def test_a_partner_that_invents_answers_fills_no_restored_node(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await settle(world)
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    seq = stores_of(world.cn.node).channels.sent(
        world.us.node.uri, world.us.node.agreements.by_name("narcotics-2026").id
    )
    for number in range(1, 4):
        said = answer_of(world, packet, bytes([number]) * 32, seq=seq + number)
        assert (await world.cn.say(StatementType.RECALL, said)).refusal is None
    async with reborn(world, world.us, file) as us:
        await us.node.receive()
        assert [each.partner for each in us.node.recalls.forgotten()] == [world.cn.node.uri]


def answer_of(world: Simulation, packet: bytes, recall: bytes, *, seq: int) -> bytes:
    """China's word that it erased what such a recall named."""
    agreement_id = world.us.node.agreements.by_name("narcotics-2026").id
    address = Address(recipient=world.us.node.uri, agreement_id=agreement_id, seq=seq)
    answer = RecallAnswer(recall=recall)
    return encode_recall(
        Recall(header=world.cn.signer.header, address=address, packet=packet, said=answer)
    )


async def test_an_answer_to_a_recall_that_nobody_sent_is_put_aside_after_a_restore(
    world: Simulation,
) -> None:
    await world.us.send(world.mx)
    (packet,) = await world.us.send(world.mx)
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    said = answer_of(world, packet, bytes(32), seq=1)
    assert (await world.cn.say(StatementType.RECALL, said)).refusal is None
    async with reborn(world, world.us, file) as us:
        await us.node.receive()
        assert us.codes() == [NotFound.code]
        assert us.node.recalls.forgotten() == ()


async def test_a_restored_node_shows_its_own_packets_at_once(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    async with reborn(world, world.us, file) as us:
        assert us.node.packets.show(packet).view.fields


async def test_a_backup_has_no_cosigning_key(world: Simulation) -> None:
    file = world.folder / "us.backup"
    back_up(world.us.node.home, file, PASSPHRASE)
    home = Home(world.folder / "reborn")
    restore(file, home, PASSPHRASE)
    names = {path.name for path in home.keys.iterdir()}
    assert "sign.key" in names
    assert not any(name.startswith("cosign") for name in names)


async def test_a_restored_node_knows_no_code_and_no_sign_in_of_its_backup(
    world: Simulation,
) -> None:
    add_person(world.us, "liaison", Role.LIAISON)
    before, now_s = LocalIssuer(world.us.node.keystore), 1_800_000_000
    code = before.enrol("liaison", now_s)
    before.login("liaison", PERSON_PASSPHRASE.encode(), now_s)
    file, home = world.folder / "us.backup", Home(world.folder / "restored")
    back_up(world.us.node.home, file, PASSPHRASE)
    before.codes.spend("liaison", code, now_s)
    before.logout("liaison")
    restore(file, home, PASSPHRASE)
    after = LocalIssuer(Keystore.open(home.keys, PASSPHRASE))
    with pytest.raises(EnrolmentRefused):
        after.codes.spend("liaison", code, now_s)
    with pytest.raises(LoginRequired):
        after.session("liaison", now_s)
    assert [each.name for each in after.persons()] == ["liaison"]


async def test_a_backup_holds_the_saved_mappings(world: Simulation) -> None:
    kept, file = SavedMappings(world.us.node.home.mappings), world.folder / "us.backup"
    kept.save("cards", MAPPING)
    back_up(world.us.node.home, file, PASSPHRASE)
    home = Home(world.folder / "reborn")
    restore(file, home, PASSPHRASE)
    assert SavedMappings(home.mappings).read("cards") == MAPPING


async def test_a_backup_without_our_own_policies_is_not_restored(world: Simulation) -> None:
    home, file = world.us.node.home, world.folder / "us.backup"
    home.own_policy.parent.mkdir(exist_ok=True)
    home.own_policy.write_text('@id("none") forbid (principal, action, resource);')
    back_up(home, file, PASSPHRASE)
    permits = b'@id("all") permit (principal, action, resource);'
    name = "policy/own.cedar"

    def without(files: dict[str, bytes]) -> dict[str, bytes]:
        return {each: data for each, data in files.items() if each != name}

    for change in (without, lambda files: files | {name: permits}):
        for key in (None, bytes(32)):
            changed = world.folder / "changed.backup"
            changed.write_bytes(rewritten(file.read_bytes(), change, key))
            with pytest.raises(BackupDamaged, match="keys"):
                restore(changed, Home(world.folder / "reborn"), PASSPHRASE)
            assert not (world.folder / "reborn").exists()
    restore(file, Home(world.folder / "reborn"), PASSPHRASE)
    assert Home(world.folder / "reborn").own_policy.read_bytes() == home.own_policy.read_bytes()
