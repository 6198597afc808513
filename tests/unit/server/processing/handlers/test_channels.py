"""Places in channels, receipts of nodes, voids and marks."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, NOW_MS, US, node_of
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
from tearline.audit.event import EventCode
from tearline.statements.channel import Address, Mark, Void, VoidReason
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import StatementType
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import encode_mark, encode_receipt, encode_void, parse_event, parse_grant
from tearline.wire.publications import Outcome, publication_of
from tearline.wire.suspensions import encode_standing
from tearline_server.ingest.commands import DeliverCommand
from tearline_server.storage.reads import MailItem


async def delivered(world: World, recipient: str = CN) -> Delivery:
    """A grant that its recipient was handed."""
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed, recipient))) == ["", ""]
    return (await world.read(recipient))[-1]


async def tell(
    world: World,
    about: bytes,
    status: Status,
    *,
    sender: str = CN,
    recipient: str = US,
    place: Address | None = None,
) -> Outcome:
    receipt = Receipt(
        header=world.parties.node(sender).header,
        address=place or address(recipient, world.seq(sender, recipient)),
        about=about,
        status=status,
        code="",
        entry=None,
        acted_by=None,
        time_ms=NOW_MS,
    )
    return await world.say(sender, StatementType.RECEIPT, encode_receipt(receipt))


def void(world: World, seq: int, recipient: str = CN, sender: str = US) -> bytes:
    header = world.parties.node(sender).header
    return encode_void(
        Void(header=header, address=address(recipient, seq), reason=VoidReason.REFUSED)
    )


def mark(world: World, counter: int, recipient: str = CN, sender: str = US) -> bytes:
    return encode_mark(
        Mark(
            header=world.parties.node(sender).header,
            recipient=node_of(recipient),
            agreement_id=AGREEMENT_ID,
            counter=counter,
            highest_sent=3,
            highest_received=2,
            time_ms=NOW_MS,
        )
    )


async def test_places_follow_each_other_in_each_channel(world: World) -> None:
    sealed = world.packet()
    first = world.grant(sealed, CN, address=address(CN, 1))
    gap = world.grant(sealed, CN, address=address(CN, 3))
    other = world.grant(sealed, MX, address=address(MX, 1))
    assert codes(await world.send(sealed, first, gap, other)) == ["", "", "TL-MBX-001", ""]


async def test_what_comes_before_its_turn_is_not_ruled_on(world: World) -> None:
    sealed = world.packet()
    first, second = (world.grant(sealed, CN, address=address(CN, seq)) for seq in (1, 2))
    early = await world.send(sealed, second)
    assert codes(early) == ["", "TL-MBX-001"]
    assert early[1].receipt is None
    assert codes([await world.grant_only(each) for each in (first, second)]) == ["", ""]
    arrived = [parse_grant(each.statements[0].body) for each in (await world.read(CN))[1:]]
    assert [each.address.seq for each in arrived] == [1, 2]


async def test_a_void_that_was_refused_may_be_accepted_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words are always the same, and nothing else can fill its place."""
    with monkeypatch.context() as patch:
        patch.setattr(world.exchange._desk.registry, "agreements", {})
        refused = await world.say(US, StatementType.VOID, void(world, 1))
    again = await world.say(US, StatementType.VOID, void(world, 1))
    assert codes([refused, again]) == ["TL-AGR-001", ""]
    assert [receipt_of(o).status for o in (refused, again)] == [Status.REFUSED, Status.ACCEPTED]


async def test_a_place_is_taken_once(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed, CN, address=address(CN, 1)))
    again = await world.grant_only(world.grant(sealed, CN, address=address(CN, 1)))
    assert codes([again]) == ["TL-PKT-011"]
    assert event_of(again).code is EventCode.CONFLICT


async def test_a_void_fills_the_place_of_what_was_refused(world: World) -> None:
    sealed = world.packet()
    refused = world.grant(sealed, CN, address=address(CN, 1), purpose="curiosity")
    assert codes(await world.send(sealed, refused)) == ["", "TL-AGR-001"]
    assert codes([await world.say(US, StatementType.VOID, void(world, 1))]) == [""]
    following = world.grant(sealed, CN, address=address(CN, 2))
    assert codes([await world.grant_only(following)]) == [""]
    types = [delivery.statements[0].type for delivery in await world.read(CN)]
    assert types == [StatementType.AGREEMENT, StatementType.VOID, StatementType.GRANT]


async def test_a_void_takes_no_place_that_is_taken_or_far(world: World) -> None:
    await delivered(world)
    assert codes([await world.say(US, StatementType.VOID, void(world, 1))]) == ["TL-PKT-011"]
    assert codes([await world.say(US, StatementType.VOID, void(world, 9))]) == ["TL-MBX-001"]


async def test_a_receipt_reaches_the_grantor(world: World) -> None:
    grant = await delivered(world)
    outcome = await tell(world, grant.statements[0].id, Status.STORED)
    assert codes([outcome]) == [""]
    assert event_of(outcome).packet == parse_grant(grant.statements[0].body).packet
    relayed = (await world.read(US))[-1]
    assert relayed.statements[0].type is StatementType.RECEIPT
    assert relayed.entry is not None
    event = parse_event(relayed.entry.event)
    assert (event.code, event.party, event.actor) == (
        EventCode.RECEIPT,
        node_of(US),
        node_of(CN),
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([Status.STORED, Status.OPENED, Status.SEEN, Status.ERASED], [""] * 4),
        ([Status.STORED, Status.ERASED], [""] * 2),
        ([Status.OPENED, Status.STORED], ["", "TL-MBX-004"]),
        ([Status.ERASED, Status.SEEN], ["", "TL-MBX-004"]),
    ],
)
async def test_a_status_only_moves_forward(
    world: World, said: list[Status], expected: list[str]
) -> None:
    grant = await delivered(world)
    about = grant.statements[0].id
    assert codes([await tell(world, about, status) for status in said]) == expected


async def test_within_one_batch_a_status_only_moves_forward_too(world: World) -> None:
    about = (await delivered(world)).statements[0].id
    header = world.parties.node(CN).header
    bodies = [
        (
            StatementType.RECEIPT,
            encode_receipt(
                Receipt(
                    header=header,
                    address=address(US, seq),
                    about=about,
                    status=status,
                    code="",
                    entry=None,
                    acted_by=None,
                    time_ms=NOW_MS,
                )
            ),
        )
        for seq, status in ((1, Status.OPENED), (2, Status.STORED))
    ]
    tree = world.parties.node(CN).sign(bodies)
    assert codes(await world.publish(CN, publication_of(tree, [0, 1]))) == ["", "TL-MBX-004"]


async def test_a_receipt_about_what_was_not_delivered_here_finds_nothing(world: World) -> None:
    grant = await delivered(world)
    place = address(US, 1)
    theirs = await tell(world, grant.statements[0].id, Status.STORED, sender=MX, place=place)
    absent = await tell(world, b"a" * 32, Status.STORED, sender=MX, place=place)
    assert codes([theirs, absent]) == ["TL-REQ-006", "TL-REQ-006"]
    assert theirs.refusal == absent.refusal
    manifest = await tell(world, grant.statements[1].id, Status.STORED, place=place)
    assert codes([manifest]) == ["TL-REQ-006"]


async def test_a_receipt_before_the_delivery_finds_nothing(world: World) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed))
    early = await tell(world, receipt_of(outcomes[1]).about, Status.STORED)
    assert codes([early]) == ["TL-REQ-006"]


async def test_a_receipt_goes_to_the_grantor_and_nobody_else(world: World) -> None:
    grant = await delivered(world)
    elsewhere = await tell(world, grant.statements[0].id, Status.STORED, recipient=MX)
    assert codes([elsewhere]) == ["TL-REQ-006"]
    assert [each.statements[0].type for each in await world.read(MX)] == [StatementType.AGREEMENT]


async def test_marks_are_relayed_and_count_up(world: World) -> None:
    said = [await world.say(US, StatementType.MARK, mark(world, n)) for n in (1, 5, 5, 4)]
    # The same mark again is the same statement.
    assert codes(said) == ["", "", "", "TL-PKT-011"]
    types = [delivery.statements[0].type for delivery in await world.read(CN)]
    assert types == [StatementType.AGREEMENT, StatementType.MARK, StatementType.MARK]


async def test_marks_and_voids_stay_within_agreements(world: World) -> None:
    stranger = Mark(
        header=world.parties.node(US).header,
        recipient=node_of(CN),
        agreement_id=b"z" * 16,
        counter=1,
        highest_sent=0,
        highest_received=0,
        time_ms=NOW_MS,
    )
    outcome = await world.say(US, StatementType.MARK, encode_mark(stranger))
    assert codes([outcome]) == ["TL-AGR-001"]


async def test_a_packet_is_stored_once_for_all(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed, CN), world.grant(sealed, MX))
    assert set(await world.store.packets([manifest_id(sealed)])) == {manifest_id(sealed)}
    for agency in (CN, MX):
        assert (await world.read(agency))[-1].statements[1].id == manifest_id(sealed)


def withdrawal(world: World, about: bytes, seq: int = 1, *, sender: str = US) -> bytes:
    header = world.parties.node(sender).header
    return encode_void(
        Void(
            header=header,
            address=address(CN, seq),
            reason=VoidReason.RECALLED,
            withdraws=about,
        )
    )


async def waiting(world: World, **changed: object) -> bytes:
    """The id of a grant that waits in its recipient's mailbox."""
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, **changed))
    assert codes(outcomes) == ["", ""]
    return receipt_of(outcomes[1]).about


async def test_a_void_withdraws_a_grant_that_nobody_was_handed(world: World) -> None:
    about = await waiting(world)
    await waiting(world)
    outcome = await world.say(US, StatementType.VOID, withdrawal(world, about))
    assert codes([outcome]) == [""]
    assert (event_of(outcome).code, event_of(outcome).party) == (EventCode.VOID, node_of(CN))
    arrived = (await world.read(CN))[1:]
    assert [(each.cursor.seq, each.statements[0].type) for each in arrived] == [
        (2, StatementType.VOID),
        (3, StatementType.GRANT),
    ]
    assert (await world.store.event_rows(0, limit=100))[-1].statement == arrived[1].statements[0].id


async def test_a_withdrawal_said_again_is_the_same_and_another_one_finds_nothing(
    world: World,
) -> None:
    about = await waiting(world)
    said = [await world.say(US, StatementType.VOID, withdrawal(world, about)) for _ in range(2)]
    assert receipt_of(said[0]) == receipt_of(said[1])
    other = Void(
        header=world.parties.node(US).header,
        address=address(CN, 1),
        reason=VoidReason.RETURNED,
        withdraws=about,
    )
    again = await world.say(US, StatementType.VOID, encode_void(other))
    assert codes([*said, again]) == ["", "", "TL-REQ-006"]
    assert len(await world.read(CN)) == 2


async def test_what_was_handed_out_is_not_withdrawn(world: World) -> None:
    grant = (await delivered(world)).statements[0]
    outcome = await world.say(US, StatementType.VOID, withdrawal(world, grant.id))
    assert codes([outcome]) == ["TL-GRT-010"]
    assert (await world.read(CN))[-1].statements[0].id == grant.id


@pytest.mark.parametrize(("sender", "seq"), [(MX, 1), (US, 2)])
async def test_a_grant_is_withdrawn_by_its_signer_and_at_its_own_place(
    world: World, sender: str, seq: int
) -> None:
    """The words are those for a grant that does not exist."""
    about, _ = await waiting(world), await waiting(world)
    sealed = world.packet(MX)
    await world.send(sealed, world.grant(sealed, CN, MX), sender=MX)
    outcomes = [
        await world.say(sender, StatementType.VOID, withdrawal(world, each, seq, sender=sender))
        for each in (about, b"x" * 32)
    ]
    assert codes(outcomes) == ["TL-REQ-006", "TL-REQ-006"]
    assert outcomes[0].refusal == outcomes[1].refusal
    types = [delivery.statements[0].type for delivery in (await world.read(CN))[1:]]
    assert types == [StatementType.GRANT] * 3


async def test_a_withdrawal_at_the_next_place_is_a_void_like_any_other(world: World) -> None:
    """So it fills its place at an exchange that lost the grant with its machine."""
    outcome = await world.say(US, StatementType.VOID, withdrawal(world, b"x" * 32))
    assert codes([outcome]) == [""]
    assert (await world.read(CN))[-1].statements[0].type is StatementType.VOID


async def test_a_withdrawal_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        about = await waiting(world)
        body = withdrawal(world, about)
        said = await world.say(US, StatementType.VOID, body)
    async with opened(tmp_path) as world:
        assert receipt_of(await world.say(US, StatementType.VOID, body)) == receipt_of(said)
        assert (await world.read(CN))[-1].statements[0].type is StatementType.VOID


async def test_a_grant_that_ended_is_passed_over_and_its_withdrawal_comes_behind(
    world: World,
) -> None:
    about = await waiting(world, not_after_ms=NOW_MS + 1)
    await waiting(world)
    world.clock.time_ms += 1
    passed = await world.read(CN)
    assert [each.cursor.seq for each in passed] == [1, 3]
    events = await world.store.event_rows(0, limit=100)
    assert [row.code for row in events if row.statement == about] == [EventCode.GRANT_ACCEPTED]
    outcome = await world.say(US, StatementType.VOID, withdrawal(world, about))
    assert codes([outcome]) == [""]
    (behind,) = await world.read(CN, passed[-1].cursor)
    assert (behind.cursor.seq, behind.statements[0].type) == (4, StatementType.VOID)


async def test_what_is_held_is_withdrawn_too_and_the_void_comes_behind_what_was_read(
    world: World,
) -> None:
    about = await waiting(world)
    stop = standing(WHOLE, by=US, header=world.parties.node(US).header)
    assert codes([await world.say(US, StatementType.STANDING, encode_standing(stop))]) == [""]
    passed = await world.read(CN)
    assert StatementType.GRANT not in [each.statements[0].type for each in passed]
    assert codes([await world.say(US, StatementType.VOID, withdrawal(world, about))]) == [""]
    (behind,) = await world.read(CN, passed[-1].cursor)
    assert behind.statements[0].type is StatementType.VOID


async def test_what_is_withdrawn_while_a_mailbox_is_read_is_not_handed_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was read before, and is read anew."""
    about = await waiting(world)
    mailboxes = world.exchange._mailboxes
    hand_out = mailboxes._hand_out

    async def late(node: str, items: Sequence[MailItem]) -> DeliverCommand:
        await world.say(US, StatementType.VOID, withdrawal(world, about))
        return await hand_out(node, items)

    monkeypatch.setattr(mailboxes, "_hand_out", late)
    types = [delivery.statements[0].type for delivery in await world.read(CN)]
    assert types == [StatementType.AGREEMENT, StatementType.VOID]
