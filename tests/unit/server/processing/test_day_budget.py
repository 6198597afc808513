"""Budgets of agencies: a member that floods the log is slowed down, and nobody else is."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, CN, DAY_MS, MX, NOW_MS, US, node_of, signed_by
from support.exchange import (
    World,
    address,
    codes,
    event_of,
    manifest_id,
    opened,
    receipt_of,
)
from support.suspensions import WHOLE, standing
from tearline.audit.event import Event, EventCode
from tearline.errors import ExchangeBusy, StatementConflict
from tearline.federation.members import Revocation
from tearline.limits import CHARGE_BYTES, MARK_BURST_MS, MARK_PACE_MS
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.statements.budget import DAY_US, Amount, BudgetPart
from tearline.statements.channel import Mark, Void, VoidReason
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import StatementType
from tearline.wire.audit_search import SearchRequest
from tearline.wire.federation import encode_revocation
from tearline.wire.grants import encode_mark, encode_receipt, encode_void, parse_event
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import Outcome, publication_of
from tearline.wire.recalls import encode_recall
from tearline.wire.suspensions import encode_standing
from tearline_server.audit.search import Auditor
from tearline_server.storage.rows import EventRow

BUSY, TAKEN = ExchangeBusy.code, StatementConflict.code
Body = tuple[StatementType, bytes]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as found:
        await found.agree()
        yield found


def bound(world: World, *, entries: int = 1 << 30, size: int = 1 << 50) -> None:
    """Sets the amount of a day; the parts begin anew."""
    registry = world.exchange._desk.registry
    budget = Amount(entries=entries, bytes=size)
    registry.installation = replace(registry.installation, budget=budget)
    registry.budgets.clear()


async def say(world: World, *bodies: Body, sender: str = US) -> list[Outcome]:
    """Publishes statements under one signature."""
    tree = world.parties.node(sender).sign(list(bodies))
    return [*await world.publish(sender, publication_of(tree, range(len(bodies))))]


async def size(world: World) -> int:
    return (await world.store.load()).head.tree.size


async def events(world: World, since: int) -> list[Event]:
    rows: list[EventRow] = [*await world.store.event_rows(since, limit=1000)]
    return [parse_event(row.event) for row in rows]


def mark(
    world: World, counter: int, sender: str = US, recipient: str = CN, *, sent: int = 0
) -> Body:
    made = Mark(
        header=world.parties.node(sender).header,
        recipient=node_of(recipient),
        agreement_id=AGREEMENT_ID,
        counter=counter,
        highest_sent=sent or counter,  # its own word, whatever it sent
        highest_received=counter,
        time_ms=NOW_MS,
    )
    return StatementType.MARK, encode_mark(made)


def refused_marks(world: World, number: int) -> list[Body]:
    """So many different statements, each refused for good: their counter is none."""
    return [mark(world, 0, sent=n) for n in range(number)]


async def test_marks_that_change_their_counter_alone_grow_the_log_at_their_pace(
    world: World,
) -> None:
    most, before = MARK_BURST_MS // MARK_PACE_MS, await size(world)
    flood = [mark(world, counter) for counter in range(1, 401)]
    outcomes = await say(world, *flood)
    assert Counter(codes(outcomes)) == {"": most, BUSY: 400 - most}
    assert await size(world) == before + most
    assert outcomes[-1].refusal is not None
    assert outcomes[-1].refusal.retry_after_ms == MARK_PACE_MS
    # Nothing is lost, other channels have their own pace, and time gives this one back.
    assert codes(await say(world, mark(world, 1, recipient=MX), flood[-1])) == ["", BUSY]
    assert codes(await say(world, mark(world, 1, sender=CN, recipient=US), sender=CN)) == [""]
    world.clock.time_ms += MARK_PACE_MS
    assert codes(await say(world, flood[-1])) == [""]


async def test_refusals_beyond_a_budget_are_counted_in_one_entry(world: World) -> None:
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
    bound(world, entries=32 * 20)  # twenty refusals
    before = await size(world)
    outcomes = await say(world, *refused_marks(world, 600))
    assert codes(outcomes) == [TAKEN] * 20 + [BUSY] * 580
    assert await size(world) == before + 20
    # Each of the first is signed, and proven; the others may come again.
    assert {receipt_of(each).status for each in outcomes[:20]} == {Status.REFUSED}
    assert event_of(outcomes[0]).code is EventCode.CONFLICT
    assert all(each.receipt is None for each in outcomes[20:])
    await world.exchange.maintenance.flush_refusals()
    (counted,) = (await events(world, before + 20))[:1]
    assert (counted.code, counted.actor) == (EventCode.REFUSED, node_of(US))
    assert (counted.reason, counted.count) == (TAKEN, 580)
    assert await size(world) == before + 21
    # The same conflict is signed once the day has passed.
    world.clock.time_ms += DAY_MS
    assert codes(await say(world, refused_marks(world, 600)[-1])) == [TAKEN]


async def test_a_flood_of_packets_ends_with_the_budget_and_nothing_is_lost(world: World) -> None:
    bound(world, entries=9)  # three packets with a grant of each
    found, last = [], []
    for _ in range(5):
        sealed = world.packet()
        last.append((sealed, world.grant(sealed)))
        found += codes(await world.send(*last[-1]))
    assert found == [""] * 6 + [BUSY] * 4
    assert await sent(world, MX) == ["", ""]  # others have budgets of their own
    world.clock.time_ms += DAY_MS
    assert codes(await world.send(*last[3])) == ["", ""]
    assert codes(await world.send(*last[4])) == ["", ""]


async def sent(world: World, sender: str, recipient: str = CN) -> list[str]:
    sealed = world.packet(sender)
    return codes(await world.send(sealed, world.grant(sealed, recipient, sender), sender=sender))


async def test_bytes_of_a_packet_are_those_of_its_manifest_and_ciphertexts(world: World) -> None:
    bound(world, size=1000 * CHARGE_BYTES)
    sealed = world.packet()
    await world.send(sealed)
    level = world.exchange._desk.registry.budgets[US, BudgetPart.ORDINARY]
    kept = sum(map(len, sealed.ciphertexts)) + len(encode_manifest(sealed.manifest))
    charged = (level.bytes_us - 1000 * NOW_MS) * 1000 * CHARGE_BYTES // DAY_US
    assert charged == CHARGE_BYTES + kept
    bound(world, size=CHARGE_BYTES + 1)
    assert (await sent(world, US))[0] == ""  # one of any size
    assert (await sent(world, US))[0] == BUSY


def _standing(world: World) -> Body:
    said = standing(WHOLE, by=US, header=world.parties.node(US).header)
    return StatementType.STANDING, encode_standing(said)


def _recall(world: World) -> Body:
    return StatementType.RECALL, encode_recall(
        Recall(
            header=world.parties.node(US).header,
            address=address(CN, world.seq(US, CN)),
            packet=PACKETS[0],
            said=RecallOrder(reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS + 3 * DAY_MS),
        )
    )


def _void(world: World) -> Body:
    place = address(CN, world.seq(US, CN))
    void = Void(header=world.parties.node(US).header, address=place, reason=VoidReason.REFUSED)
    return StatementType.VOID, encode_void(void)


PACKETS: list[bytes] = []


@pytest.mark.parametrize("made", [_standing, _recall, _void], ids=["standing", "recall", "void"])
async def test_a_flood_of_packets_delays_nothing_that_stops_or_withdraws(
    world: World, made: Callable[[World], Body]
) -> None:
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
    PACKETS[:] = [manifest_id(sealed)]
    await use_up(world)
    assert codes(await say(world, made(world))) == [""]


async def use_up(world: World, sender: str = US) -> None:
    """Sends packets until none is taken."""
    bound(world, entries=40)
    recipient = MX if sender == CN else CN
    while (await sent(world, sender, recipient))[0] != BUSY:
        pass
    key = (node_of(sender), node_of(recipient), AGREEMENT_ID)
    world.seqs[sender, recipient] = world.exchange._desk.registry.channels[key].seq


async def test_a_revocation_passes_whatever_was_used_up(world: World) -> None:
    await use_up(world)
    for part in BudgetPart:
        level = world.exchange._desk.registry.budgets.get((US, BudgetPart.ORDINARY))
        assert level is not None
        world.exchange._desk.registry.budgets[US, part] = level
    root = world.parties.signer(US)
    key = world.parties.node(US).header.key_id
    revoked = Revocation(header=root.header, revoked_key=key, reason="stolen")
    statement = signed_by(StatementType.REVOCATION, encode_revocation(revoked), root)
    assert codes(await world.publish_signed(US, statement)) == [""]


def _receipt(world: World, about: bytes, status: Status) -> Body:
    receipt = Receipt(
        header=world.parties.node(CN).header,
        address=address(US, world.seq(CN, US)),
        about=about,
        status=status,
        code="",
        entry=None,
        acted_by=None,
        time_ms=NOW_MS,
    )
    return StatementType.RECEIPT, encode_receipt(receipt)


async def test_mail_of_others_uses_up_nothing_of_its_reader(world: World) -> None:
    """Four receipts answer each grant, and cost nothing; the same one again does."""
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed))
    await world.read(CN)
    await use_up(world, sender=CN)
    about = outcomes[1].about
    for status in (Status.STORED, Status.OPENED, Status.SEEN):
        assert codes(await say(world, _receipt(world, about, status), sender=CN)) == [""]
    again = _receipt(world, about, Status.SEEN)
    assert codes(await say(world, again, sender=CN)) == [BUSY]
    world.clock.time_ms += DAY_MS
    assert codes(await say(world, again, sender=CN)) == [""]


async def test_searches_have_a_budget_and_each_is_an_entry(world: World) -> None:
    bound(world, entries=4 * 3)
    auditor = Auditor(node=node_of(US), agency=US, pseudonym=b"q" * 32)
    before = await size(world)

    async def search() -> None:
        request = SearchRequest(query="", after=-1, limit=1)
        async for _ in world.exchange.audit_search.search(auditor, request):
            return

    for _ in range(3):
        await search()
    with pytest.raises(ExchangeBusy):
        await search()
    assert await size(world) == before + 3
    assert await sent(world, US) == ["", ""]


async def test_a_budget_is_the_same_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as before:
        await before.agree()
        bound(before, entries=6)
        while (await sent(before, US))[0] != BUSY:
            pass
        await say(before, *(mark(before, counter) for counter in range(1, 3)))
        kept, channels = (
            dict(before.exchange._desk.registry.budgets),
            dict(before.exchange._desk.registry.channels),
        )
    async with opened(tmp_path, before.parties) as after:
        registry = after.exchange._desk.registry
        assert (registry.budgets, registry.channels) == (kept, channels)
        after.seqs = before.seqs
        registry.installation = replace(
            registry.installation, budget=Amount(entries=6, bytes=1 << 50)
        )
        assert (await sent(after, US))[0] == BUSY


async def test_a_batch_that_was_not_written_is_not_charged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await sent(world, US) == ["", ""]
    charged = dict(world.exchange._desk.registry.budgets)

    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("tearline_server.ingest.processor.compose", fail)
        with pytest.raises(Exception, match="exchange failed"):
            await sent(world, MX)
    assert await sent(world, CN, US) == ["", ""]
    after = world.exchange._desk.registry.budgets
    assert {key: after[key] for key in charged} == charged
    assert (MX, BudgetPart.ORDINARY) not in after
