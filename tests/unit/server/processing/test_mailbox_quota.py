"""Room in a mailbox: what waits has a bound for each agency, and only its reader makes room."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, NOW_MS, US, node_of, signed_by
from support.exchange import World, agreed, agreement, codes, opened, packet_publication
from tearline.agreements.proposal import Proposal
from tearline.audit.event import EventCode
from tearline.errors import ChannelGap, MailboxFull
from tearline.limits import MAILBOX_BYTES, MAILBOX_RETRY_MS, MAILBOX_STATEMENTS
from tearline.statements.channel import Address, Mark, Void, VoidReason
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.grants import encode_mark, encode_void, parse_event
from tearline.wire.proposals import encode_proposal
from tearline.wire.publications import Outcome, Publication
from tearline_server.admission.fair_queue import Cost

FULL, GAP = MailboxFull.code, ChannelGap.code


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two statements of one agency may wait for a node, and at twice that all ends."""
    async with opened(tmp_path) as found:
        await found.agree()
        for agency in (CN, MX, US):
            await take_in(found, agency, 1)  # the agreement
        bound(found, statements=2)
        yield found


def bound(world: World, *, statements: int = MAILBOX_STATEMENTS, size: int = MAILBOX_BYTES) -> None:
    registry = world.exchange._desk.registry
    room = Cost(statements=statements, bytes=size)
    registry.installation = replace(registry.installation, room=room)


async def granted(world: World, number: int, recipient: str = CN, sender: str = US) -> list[str]:
    """So many packets, each to one recipient; what became of the grants."""
    found = []
    for _ in range(number):
        sealed = world.packet(sender)
        outcomes = await world.send(sealed, world.grant(sealed, recipient, sender), sender=sender)
        found += codes(outcomes)[1:]
    return found


async def take_in(world: World, agency: str, seq: int) -> None:
    (first, *_) = await world.read(agency)
    await world.exchange.acknowledge(node_of(agency), replace(first.cursor, seq=seq))


async def void(world: World, sender: str = US, recipient: str = CN) -> str:
    seq = world.seq(sender, recipient)
    address = Address(recipient=node_of(recipient), agreement_id=AGREEMENT_ID, seq=seq)
    header = world.parties.node(sender).header
    body = encode_void(Void(header=header, address=address, reason=VoidReason.REFUSED))
    return codes([await world.say(sender, StatementType.VOID, body)])[0]


async def mark(world: World, counter: int) -> str:
    body = encode_mark(
        Mark(
            header=world.parties.node(US).header,
            recipient=node_of(CN),
            agreement_id=AGREEMENT_ID,
            counter=counter,
            highest_sent=0,
            highest_received=0,
            time_ms=NOW_MS,
        )
    )
    return codes([await world.say(US, StatementType.MARK, body)])[0]


async def test_what_finds_no_room_is_not_ruled_on_and_taken_once_there_is(world: World) -> None:
    assert await granted(world, 2) == ["", ""]
    sealed = world.packet()
    publication = packet_publication(
        world.parties.node(US), sealed, [world.grant(sealed), world.grant(sealed)]
    )
    size = (await world.store.load()).head.tree.size
    outcomes = await world.publish(US, publication)
    assert codes(outcomes) == ["", FULL, GAP]
    waits_ms = [each.refusal and each.refusal.retry_after_ms for each in outcomes]
    assert waits_ms == [None, MAILBOX_RETRY_MS, None]
    assert [outcome.receipt is None for outcome in outcomes] == [False, True, True]
    assert (await world.store.load()).head.tree.size == size + 1  # the packet; no refusal
    assert len(await world.read(CN)) == 3  # the agreement, and two grants
    await take_in(world, CN, 2)
    assert codes(await world.publish(US, publication)) == ["", "", FULL]
    await take_in(world, CN, 4)
    assert codes(await world.publish(US, publication)) == ["", "", ""]


async def test_nobody_is_kept_out_by_what_others_send(world: World) -> None:
    assert await granted(world, 3) == ["", "", FULL]
    assert await granted(world, 2, MX) == ["", ""]
    assert await granted(world, 3, CN, MX) == ["", "", FULL]


async def test_statements_of_one_batch_add_up(world: World) -> None:
    sealed = world.packet()
    grants = [world.grant(sealed) for _ in range(4)]
    assert codes(await world.send(sealed, *grants)) == ["", "", "", FULL, GAP]
    work: list[asyncio.Task[tuple[Outcome, ...]]] = []
    for _ in range(3):
        one = world.packet(MX)
        publication = packet_publication(world.parties.node(MX), one, [world.grant(one, CN, MX)])
        work.append(asyncio.create_task(world.publish(MX, publication)))
    assert [codes(each)[1] for each in await asyncio.gather(*work)] == ["", "", FULL]


async def test_bytes_are_counted_as_they_are_handed_out(world: World) -> None:
    sealed = world.packet()
    grant = world.grant(sealed)
    await world.send(sealed, grant)
    ((statements, size),) = await waiting(world)
    (delivery,) = [each for each in await world.read(CN) if each.parts]
    handed_out = sum(map(len, delivery.parts[0].ciphertexts.values()))
    assert statements == 1
    assert handed_out < size == handed_out + len(delivery.statements[0].body)
    bound(world, size=2 * size - 99)  # another's indices may take a few bytes more, or fewer
    assert await granted(world, 1) == [FULL]
    bound(world, size=2 * size + 99)
    world.seqs[US, CN] -= 1
    assert await granted(world, 1) == [""]


async def waiting(world: World) -> list[tuple[int, int]]:
    rows = await world.store._db.read(  # type: ignore[attr-defined]
        lambda connection: list(
            connection.execute("SELECT statements, bytes FROM waiting WHERE statements")
        )
    )
    return [tuple(row) for row in rows]


async def test_an_empty_mailbox_takes_a_statement_of_any_size(world: World) -> None:
    bound(world, size=1)
    assert await granted(world, 2) == ["", FULL]


async def test_what_tells_of_earlier_mail_finds_room_up_to_twice_the_bound(world: World) -> None:
    assert await granted(world, 3) == ["", "", FULL]
    world.seqs[US, CN] -= 1
    assert await void(world) == ""
    assert await mark(world, 1) == ""
    assert await mark(world, 2) == FULL
    assert await void(world) == FULL
    await take_in(world, CN, 5)
    assert await mark(world, 2) == ""


async def test_only_the_reader_s_own_word_makes_room(world: World) -> None:
    assert await granted(world, 3) == ["", "", FULL]
    world.seqs[US, CN] -= 1
    await world.read(CN)  # handed out, and not acknowledged
    await take_in(world, US, 9)
    assert await granted(world, 1) == [FULL]
    world.seqs[US, CN] -= 1
    await take_in(world, CN, 9)  # beyond the mailbox: all that is there
    await take_in(world, CN, 1)  # said again, it takes nothing back
    assert await granted(world, 3) == ["", "", FULL]
    assert (await waiting(world)) == [(2, (await waiting(world))[0][1])]


async def test_a_full_mailbox_is_one_entry_a_minute_however_often_it_is_tried(
    world: World,
) -> None:
    assert await granted(world, 2) == ["", ""]
    sealed = world.packet()
    publication: Publication = packet_publication(
        world.parties.node(US), sealed, [world.grant(sealed)]
    )
    for _ in range(5):
        await world.publish(US, publication)
    before = (await world.store.load()).head.tree.size
    await world.exchange.maintenance.flush_refusals()
    said = [parse_event(row.event) for row in await world.store.event_rows(before, limit=9)]
    assert [(e.code, e.actor, e.reason, e.count) for e in said] == [
        (EventCode.REFUSED, node_of(US), FULL, 5)
    ]


async def test_room_is_the_same_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as before:
        await before.agree()
        await take_in(before, CN, 1)  # the agreement
        bound(before, statements=2)
        assert await granted(before, 2) == ["", ""]
    async with opened(tmp_path, before.parties) as after:
        after.seqs = before.seqs
        bound(after, statements=2)
        assert await granted(after, 1) == [FULL]


async def test_what_all_sign_takes_room_like_all_else(world: World) -> None:
    """Agreements and proposals go to every node of every party, whether or not they know us."""
    header = world.parties.signer(US).header
    taken = []
    for number in range(6):
        found = agreement(header, id=bytes([number]) * 16, name=f"n{number}")
        taken += codes(await world.publish_signed(US, agreed(world.parties, found)))
        proposed = replace(found, id=bytes([100 + number]) * 16)
        drafter = world.parties.node(US)
        body = encode_agreement(replace(proposed, header=drafter.header))
        statement = signed_by(StatementType.AGREEMENT, body, drafter)
        proposal = Proposal(
            header=world.parties.node(US).header,
            statement=statement.statement,
            attestations=statement.attestations,
            declined=False,
            in_reply_to=b"",
            answer_by_ms=0,
        )
        taken.append(
            codes([await world.say(US, StatementType.PROPOSAL, encode_proposal(proposal))])[0]
        )
    assert set(taken[:3]) == {""}
    assert taken[-2:] == [FULL, FULL]
    waiting = len(await world.read(CN))
    assert waiting <= 5  # twice the bound, and one that is there before
    assert await granted(world, 1, recipient=CN, sender=MX) == [""]  # others have their own room
    await take_in(world, CN, waiting)
    await take_in(world, MX, len(await world.read(MX)))
    await take_in(world, US, len(await world.read(US)))
    again = agreement(header, id=b"a" * 16, name="again")
    assert codes(await world.publish_signed(US, agreed(world.parties, again))) == [""]
