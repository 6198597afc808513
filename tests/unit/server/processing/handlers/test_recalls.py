"""Recalls at the exchange: the originator's alone, and obeyed from the next entry on."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, CN, DAY_MS, MX, NOW_MS, US, node_of
from support.exchange import (
    IDENTITY,
    World,
    address,
    codes,
    event_of,
    manifest_id,
    opened,
    parts_of,
    receipt_of,
)
from tearline.agreements.agreement import HOUR_MS
from tearline.audit.event import EventCode
from tearline.packets.grant import Grant
from tearline.packets.recall import Recall, RecallAnswer, RecallOrder, RecallReason
from tearline.sealing import SealedPacket, granted_slots
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.statement import StatementType, statement_id
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import encode_grant, encode_void
from tearline.wire.packet_parts import parse_parts
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import Outcome, publication_of
from tearline.wire.recalls import encode_recall, parse_recall
from tearline_server.storage import columns
from tearline_server.tlog.fsck import LogVerifier


def recall(
    world: World,
    packet: bytes,
    recipient: str = CN,
    sender: str = US,
    *,
    place: Address | None = None,
    **said: object,
) -> bytes:
    order = RecallOrder(
        reason=RecallReason.MISTAKE,
        respond_by_ms=NOW_MS + 3 * DAY_MS,
        **said,  # type: ignore[arg-type]
    )
    return encode_recall(
        Recall(
            header=world.parties.node(sender).header,
            address=place or address(recipient, world.seq(sender, recipient)),
            packet=packet,
            said=order,
        )
    )


async def say(world: World, body: bytes, sender: str = US) -> Outcome:
    return await world.say(sender, StatementType.RECALL, body)


async def sent(world: World, *recipients: str) -> tuple[SealedPacket, list[Grant]]:
    sealed = world.packet()
    grants = [world.grant(sealed, recipient) for recipient in recipients]
    assert set(codes(await world.send(sealed, *grants))) == {""}
    return sealed, grants


def kinds(deliveries: list[Delivery]) -> list[StatementType]:
    return [delivery.statements[0].type for delivery in deliveries[1:]]


def slots(delivery: Delivery) -> set[int]:
    return {slot for parts in delivery.parts for slot in parts.ciphertexts}


async def findings(world: World) -> list[str]:
    verifier = LogVerifier(world.store, IDENTITY.log)
    return [f"{found.place}: {found.what}" async for found in verifier.findings()]


async def ciphertexts(world: World, packet: bytes) -> int:
    stored = (await world.store.packets([packet])).get(packet)
    assert stored is not None
    assert parse_parts(stored.openings).openings
    return len(columns.parts_of(stored.ciphertexts).ciphertexts)


async def test_a_recall_is_logged_and_reaches_its_recipient(world: World) -> None:
    sealed, _ = await sent(world, CN)
    await world.read(CN)
    outcome = await say(world, recall(world, manifest_id(sealed)))
    assert codes([outcome]) == [""]
    event = event_of(outcome)
    assert (event.code, event.actor, event.party, event.packet) == (
        EventCode.RECALL,
        node_of(US),
        node_of(CN),
        manifest_id(sealed),
    )
    last = (await world.read(CN))[-1]
    assert parse_recall(last.statements[0].body).packet == manifest_id(sealed)


async def test_what_is_recalled_whole_is_gone_at_once(world: World) -> None:
    sealed, _ = await sent(world, CN, MX)
    packet = manifest_id(sealed)
    await world.read(MX)
    assert await ciphertexts(world, packet)
    assert codes([await say(world, recall(world, packet, whole=True))]) == [""]
    assert await ciphertexts(world, packet) == 0
    assert kinds(await world.read(CN)) == [StatementType.RECALL]


async def test_what_is_recalled_leaves_nothing_of_its_ciphertexts_in_any_file(
    tmp_path: Path,
) -> None:
    """Nor in the log that is written ahead, while the exchange runs on."""

    def found(sealed: SealedPacket) -> bool:
        files = [path.read_bytes() for path in tmp_path.glob("exchange.db*")]
        # SQLite divides a long value over pages, so that the file need not hold it in one piece.
        pieces = [data[at : at + 24] for data in sealed.ciphertexts for at in range(0, 144, 24)]
        return any(piece in data for data in files for piece in pieces)

    async with opened(tmp_path) as world:
        await world.agree()
        sealed, _ = await sent(world, CN, MX)
        await world.read(MX)
        assert found(sealed)
        assert codes([await say(world, recall(world, manifest_id(sealed), whole=True))]) == [""]
        assert not found(sealed)


async def test_what_was_deleted_in_a_process_s_last_moment_is_gone_when_the_next_one_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        sealed, _ = await sent(world, CN)
        database = world.store._db  # type: ignore[attr-defined]  # it is SQLite's
        monkeypatch.setattr(database, "_purge", lambda busy_ms=0: None)
        assert codes([await say(world, recall(world, manifest_id(sealed), whole=True))]) == [""]
        left = {path.name: path.read_bytes() for path in tmp_path.glob("exchange.db*")}
    piece = sealed.ciphertexts[0][:24]
    assert piece in left["exchange.db-wal"]
    for name, data in left.items():
        (tmp_path / name).write_bytes(data)
    async with opened(tmp_path):
        assert all(piece not in path.read_bytes() for path in tmp_path.glob("exchange.db*"))


async def test_a_field_that_is_recalled_from_everybody_is_gone_and_the_others_stay(
    world: World,
) -> None:
    sealed, (grant,) = await sent(world, CN)
    packet, total = manifest_id(sealed), len(sealed.ciphertexts)
    gone = min(granted_slots(sealed.manifest, grant, sealed.openings))
    said = await say(world, recall(world, packet, slots=(gone,), whole=True))
    assert (codes([said]), await ciphertexts(world, packet)) == ([""], total - 1)
    # Nobody can be granted it any more; all else, they can.
    refused = world.grant(sealed, MX)
    taken = world.grant(sealed, MX, address=address(MX, 1), categories=("finance.amount",))
    assert codes([await world.grant_only(refused)]) == ["TL-GRT-011"]
    assert codes([await world.grant_only(taken)]) == ["TL-POL-009"]
    again = (await world.read(CN))[1]
    assert slots(again) == granted_slots(sealed.manifest, grant, sealed.openings) - {gone}
    assert await findings(world) == []


async def test_several_recalls_of_one_batch_drop_together(world: World) -> None:
    sealed = world.packet()
    grants = [world.grant(sealed, recipient) for recipient in (CN, MX)]
    bodies = [
        (StatementType.MANIFEST, encode_manifest(sealed.manifest)),
        *((StatementType.GRANT, encode_grant(each)) for each in grants),
        *(
            (StatementType.RECALL, recall(world, manifest_id(sealed), to, whole=True, slots=(n,)))
            for n, to in enumerate((CN, MX))
        ),
    ]
    tree = world.parties.node(US).sign(bodies)
    together = publication_of(tree, range(len(bodies)), [parts_of(sealed)])
    assert set(codes(await world.publish(US, together))) == {""}
    assert await ciphertexts(world, manifest_id(sealed)) == len(sealed.ciphertexts) - 2
    assert await findings(world) == []


async def test_a_grant_that_was_withdrawn_is_deleted(world: World) -> None:
    sealed, (grant,) = await sent(world, CN)
    about = statement_id(StatementType.GRANT, encode_grant(grant))
    void = Void(
        header=grant.header, address=grant.address, reason=VoidReason.RECALLED, withdraws=about
    )
    assert codes([await world.say(US, StatementType.VOID, encode_void(void))]) == [""]
    (row,) = [row for row in await world.store.statement_rows(0, limit=99) if row.id == about]
    assert row.envelope == b""
    assert codes([await say(world, recall(world, manifest_id(sealed), whole=True))]) == [""]
    assert await findings(world) == []
    again = replace(void, reason=VoidReason.EXPIRED)
    assert codes([await world.say(US, StatementType.VOID, encode_void(again))]) == ["TL-REQ-006"]


async def test_what_was_recalled_is_not_handed_out_to_who_reads_from_the_beginning(
    world: World,
) -> None:
    """Whether it was in memory at the exchange or not; the statements stay in their places."""
    sealed, _ = await sent(world, CN, MX)
    assert slots((await world.read(CN))[-1])
    await world.read(MX)
    assert codes([await say(world, recall(world, manifest_id(sealed)))]) == [""]
    again = await world.read(CN)
    assert kinds(again) == [StatementType.GRANT, StatementType.RECALL]
    assert slots(again[1]) == set()
    assert slots((await world.read(MX))[-1])  # it was recalled from China alone


async def test_a_field_that_was_recalled_is_left_out(world: World) -> None:
    sealed, (grant,) = await sent(world, CN)
    all_slots = slots((await world.read(CN))[-1])
    assert all_slots == granted_slots(sealed.manifest, grant, sealed.openings)
    gone = min(all_slots)
    assert codes([await say(world, recall(world, manifest_id(sealed), slots=(gone,)))]) == [""]
    assert slots((await world.read(CN))[1]) == all_slots - {gone}


async def test_one_grant_of_two_is_recalled(world: World) -> None:
    sealed, _ = await sent(world, CN)
    second = await world.grant_only(world.grant(sealed, categories=("finance.amount",)))
    about = receipt_of(second).about
    body = recall(world, manifest_id(sealed), grant=about)
    assert codes([second, await say(world, body)]) == ["", ""]
    assert kinds(await world.read(CN)) == [StatementType.GRANT, StatementType.RECALL]
    again = await world.grant_only(world.grant(sealed, categories=("finance.amount",)))
    assert codes([again]) == [""]  # the recall was of that one


@pytest.mark.parametrize("whole", [True, False])
async def test_what_was_recalled_is_not_granted_again(world: World, whole: bool) -> None:
    sealed, _ = await sent(world, CN)
    assert codes([await say(world, recall(world, manifest_id(sealed), whole=whole))]) == [""]
    again = await world.grant_only(world.grant(sealed, CN, address=address(CN, 3)))
    elsewhere = await world.grant_only(world.grant(sealed, MX))
    assert codes([again, elsewhere]) == ["TL-GRT-011", "TL-GRT-011" if whole else ""]


async def test_a_field_that_was_recalled_is_not_granted_again(world: World) -> None:
    sealed, (grant,) = await sent(world, CN)
    gone = min(granted_slots(sealed.manifest, grant, sealed.openings))
    assert codes([await say(world, recall(world, manifest_id(sealed), slots=(gone,)))]) == [""]
    again = world.grant(sealed, CN, address=address(CN, 3))
    other = world.grant(sealed, CN, address=address(CN, 3), categories=("finance.amount",))
    assert codes([await world.grant_only(again)]) == ["TL-GRT-011"]
    assert codes([await world.grant_only(other)]) == [""]


async def test_a_recall_is_the_originator_s_alone(world: World) -> None:
    """The words are those for a packet that does not exist."""
    sealed, _ = await sent(world, CN, MX)
    place = address(CN, 1)
    outcomes = [
        await say(world, recall(world, packet, sender=MX, place=place, whole=True), MX)
        for packet in (manifest_id(sealed), b"x" * 32)
    ]
    assert codes(outcomes) == ["TL-GRT-002", "TL-GRT-002"]
    assert outcomes[0].refusal == outcomes[1].refusal
    assert await ciphertexts(world, manifest_id(sealed))
    assert kinds(await world.read(CN)) == [StatementType.GRANT]


async def test_a_recall_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        sealed, _ = await sent(world, CN)
        await world.read(CN)
        body = recall(world, manifest_id(sealed), whole=True)
        said = await say(world, body)
    async with opened(tmp_path) as world:
        assert receipt_of(await say(world, body)) == receipt_of(said)
        again = await world.read(CN)
        assert kinds(again) == [StatementType.GRANT, StatementType.RECALL]
        assert slots(again[1]) == set()
        assert await ciphertexts(world, manifest_id(sealed)) == 0


async def test_an_answer_is_relayed_for_its_recipient_to_judge(world: World) -> None:
    answer = Recall(
        header=world.parties.node(CN).header,
        address=Address(recipient=node_of(US), agreement_id=AGREEMENT_ID, seq=1),
        packet=b"p" * 32,
        said=RecallAnswer(recall=b"r" * 32),
    )
    assert codes([await say(world, encode_recall(answer), CN)]) == [""]
    assert kinds(await world.read(US)) == [StatementType.RECALL]


# What ends by itself.


async def test_what_ended_is_gone_and_not_handed_out(world: World) -> None:
    sealed, _ = await sent(world, CN)
    packet, end_ms = manifest_id(sealed), sealed.manifest.not_after_ms
    world.clock.time_ms = end_ms - 1
    await world.exchange.maintenance.drop_ended()
    assert await ciphertexts(world, packet)
    world.clock.time_ms = end_ms
    await world.exchange.maintenance.drop_ended()
    assert await ciphertexts(world, packet) == 0
    assert kinds(await world.read(CN)) == []
    assert await findings(world) == []
    assert await world.store.ended(end_ms * 2, {}, limit=9) == []


async def test_a_packet_is_gone_when_its_agreement_lets_nobody_keep_it(world: World) -> None:
    """By the newest version, whatever was agreed when it was sent."""
    sealed, _ = await sent(world, CN)
    packet, sent_ms = manifest_id(sealed), world.clock.time_ms
    world.clock.time_ms = sent_ms + HOUR_MS
    await world.agree(version=2, retention_ms=HOUR_MS + 1)
    await world.exchange.maintenance.drop_ended()
    assert await ciphertexts(world, packet)
    world.clock.time_ms += 1
    await world.exchange.maintenance.drop_ended()
    assert await ciphertexts(world, packet) == 0
    assert kinds(await world.read(CN)) == [StatementType.AGREEMENT]
    again = await world.grant_only(world.grant(sealed, MX))
    assert codes([again]) == ["TL-GRT-011"]
    assert await findings(world) == []


async def test_an_agreement_that_keeps_for_ever_keeps_nothing_of_another(world: World) -> None:
    sealed, _ = await sent(world, CN)
    await world.agree(id=b"e" * 16, retention_ms=(1 << 63) - 1)
    world.clock.time_ms = sealed.manifest.not_after_ms
    await world.exchange.maintenance.drop_ended()
    assert await ciphertexts(world, manifest_id(sealed)) == 0


async def test_who_was_handed_it_before_it_ended_reads_the_statements_again(world: World) -> None:
    sealed, _ = await sent(world, CN)
    assert slots((await world.read(CN))[-1])
    world.clock.time_ms = sealed.manifest.not_after_ms
    await world.exchange.maintenance.drop_ended()
    again = await world.read(CN)
    assert kinds(again) == [StatementType.GRANT]
    assert slots(again[1]) == set()


async def test_all_that_ended_goes_however_much_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.jobs.maintenance.MAX_ENDED", 2)
    made = [(await sent(world, CN))[0] for _ in range(5)]
    world.clock.time_ms = made[0].manifest.not_after_ms
    await world.exchange.maintenance.drop_ended()
    assert [await ciphertexts(world, manifest_id(each)) for each in made] == [0] * 5


async def test_a_packet_of_an_earlier_version_is_looked_at_once(world: World) -> None:
    sealed, _ = await sent(world, CN)
    database = world.store._db  # type: ignore[attr-defined]  # it is SQLite's
    await database.write(lambda connection: connection.execute("UPDATE packet SET ends_ms = 0"))
    await world.exchange.maintenance.drop_ended()
    assert await ciphertexts(world, manifest_id(sealed))
    end_ms = sealed.manifest.not_after_ms
    assert await world.store.ended(end_ms - 1, {}, limit=9) == []
    assert await world.store.ended(end_ms, {}, limit=9) == [manifest_id(sealed)]
