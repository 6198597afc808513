"""Judging what has a place in a channel, and the marks that both ends make of it."""

from dataclasses import dataclass, replace

from tearline.agreement import Agreement
from tearline.channel import Address, Mark, Void
from tearline.errors import (
    ChannelGap,
    GrantHandedOut,
    GrantMisdirected,
    NotFound,
    RecipientKeyExpired,
    StatementConflict,
    StatementMalformed,
)
from tearline.event import Event, EventCode
from tearline.identity import agency_uri_of
from tearline.receipt import Receipt, Status, verify_forward
from tearline.statement import ActedBy, StatementType, pseudonym_of
from tearline.wire.addressed import address_of
from tearline.wire.statements import parse_statement
from tearline_server.judging.docket import Docket
from tearline_server.judging.hearing import Hearing
from tearline_server.judging.room import deliver, verify_room
from tearline_server.storage.known import Delivered

_ALWAYS_PASS = frozenset({EventCode.VOID, EventCode.RECEIPT, EventCode.RECALL})
"""What a suspension does not stop: it says what became of earlier mail, or takes it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The next place of a channel, found free."""

    hearing: Hearing
    address: Address
    size: int

    def take(self, entry: int) -> None:
        """Takes it for the statement heard, and puts that into the recipient's mailbox.

        Args:
            entry: The index of the entry that the recipient is told of.
        """
        recipient, agreement = self.address.recipient, self.address.agreement_id
        _, mark = _channel(self.hearing, recipient, agreement)
        _put(self.hearing, recipient, agreement, (self.address.seq, mark))
        is_grant = self.hearing.claim.statement.type is StatementType.GRANT
        open_under = agreement if is_grant else b""
        deliver(self.hearing, recipient, entry, self.size, agreement=open_under)


def next_place(hearing: Hearing, address: Address, *, size: int = 0) -> Place:
    """Checks that an address is the next place of its channel, and has room in the mailbox.

    Args:
        hearing: The statement.
        address: Where it is to go.
        size: Bytes that are handed out with it.

    Raises:
        StatementConflict: If the place is taken by another statement.
        ChannelGap: If a place before it is free.
        MailboxFull: If too much of the sender's agency waits for the recipient.
    """
    seq, _ = _channel(hearing, address.recipient, address.agreement_id)
    if address.seq <= seq:
        raise StatementConflict(f"place {address.seq} of the channel is taken")
    if address.seq > seq + 1:
        raise ChannelGap(f"place {seq + 1} comes before {address.seq}")
    verify_room(hearing, address.recipient, size)
    return Place(hearing=hearing, address=address, size=size)


def accept_receipt(hearing: Hearing, receipt: Receipt) -> bytes | None:
    """Takes a node's word on a grant that was delivered to it, and relays it to the grantor.

    Returns:
        The id of the grant's packet; None for what is only relayed.

    Raises:
        NotFound: If no such grant was delivered to this node; the same for one that is not
            its own and one that does not exist.
        StatusBackwards: If it says less than the node said before.
        TearlineError: If its place in the channel is not the next one.
    """
    address, docket = receipt.address, hearing.docket
    if address is None:
        raise StatementMalformed("accepting and refusing is the exchange's word")
    item = docket.known.mail.get((hearing.signer, receipt.about))
    if item is None and docket.known.is_restored:
        _relay_receipt(hearing, receipt, address)
        return None
    if (
        item is None
        or not (item.delivered or docket.known.is_restored)  # by an earlier life, perhaps
        or item.type != StatementType.GRANT
        or (item.sender, item.agreement) != (address.recipient, address.agreement_id)
    ):
        raise NotFound("no grant of that id was delivered here")
    stored = None if item.status is None else Status(item.status)
    verify_forward(docket.statuses.get((hearing.signer, item.seq), stored), receipt.status)
    place = next_place(hearing, address)

    docket.statuses[hearing.signer, item.seq] = receipt.status
    event = Event(
        statement_id=hearing.claim.statement.id,
        code=EventCode.RECEIPT,
        party=address.recipient,
        time_ms=docket.now_ms,
        actor=hearing.publisher.node,
        pseudonym=pseudonym_of(receipt.acted_by),
        counterpart=address.recipient,
        packet=item.packet or b"",
        agreement_id=address.agreement_id,
    )
    place.take(docket.settle(hearing.ruling, event))
    return item.packet


def _relay_receipt(hearing: Hearing, receipt: Receipt, address: Address) -> None:
    """Relays a receipt about a grant that was lost with an earlier life of this exchange.

    Whether there was such a grant, the one who made it knows.
    """
    relay(hearing, address, EventCode.RECEIPT, acted_by=receipt.acted_by)


def accept_void(hearing: Hearing, void: Void) -> None:
    """Takes the filling of a place that will stay empty, or that is to be empty again.

    Raises:
        TearlineError: If the two are in no agreement, or the place is not the next one; or,
            where the void withdraws a grant, if that one does not wait at this place.
    """
    address = void.address
    if (
        void.withdraws
        and address.seq <= _channel(hearing, address.recipient, address.agreement_id)[0]
    ):
        _withdraw(hearing, void)
    else:
        relay(hearing, address, EventCode.VOID)


def _withdraw(hearing: Hearing, void: Void) -> None:
    """Puts a void into the place of a grant that its recipient was not handed.

    Raises:
        NotFound: If the signer has no such grant there; the same for one of somebody else, one
            that was withdrawn before and one that does not exist.
        GrantHandedOut: If the recipient was handed it.
    """
    docket, address = hearing.docket, void.address
    _verify_neighbours(hearing, address.recipient, address.agreement_id)
    item = _waiting(hearing, void)
    place = (address.recipient, item.seq)
    _verify_not_handed_out(docket, item, void)

    event = _event(hearing, EventCode.VOID, address.recipient, address.agreement_id)
    entry = docket.settle(hearing.ruling, replace(event, packet=item.packet or b""))
    docket.withdrawn[place] = (item.statement, entry)
    if item.passed or item.held or place in docket.passed or place in docket.held:
        # Whoever reads on has gone past that place, and would never see what stands there now.
        deliver(hearing, address.recipient, entry)


def _verify_not_handed_out(docket: Docket, item: Delivered, void: Void) -> None:
    node = void.address.recipient
    earlier = (void.withdraws, EventCode.GRANT_DELIVERED.value, node)  # by an earlier life
    if item.delivered or (node, item.seq) in docket.delivered or earlier in docket.known.events:
        raise GrantHandedOut


def _waiting(hearing: Hearing, void: Void) -> Delivered:
    docket, recipient = hearing.docket, void.address.recipient
    item = docket.known.mail.get((recipient, void.withdraws))
    envelope = docket.known.envelopes.get((void.withdraws, hearing.signer))
    if (
        item is None
        or envelope is None
        or item.type != StatementType.GRANT
        or (recipient, item.seq) in docket.withdrawn
        or address_of(parse_statement(envelope)) != void.address
    ):
        raise NotFound("no grant of that id waits at this place")
    return item


def relay(
    hearing: Hearing,
    address: Address,
    code: EventCode,
    *,
    acted_by: ActedBy | None = None,
    seconded_by: ActedBy | None = None,
    packet: bytes = b"",
    again: bool = False,
) -> int:
    """Logs a statement that is for its recipient alone to judge, and puts it into its mailbox.

    Args:
        hearing: The statement.
        address: Its place in a channel.
        code: What its entry says that it is.
        acted_by: The person behind it.
        seconded_by: The person who approved it, where it took two.
        packet: The packet that it is about, or empty.
        again: Whether what an earlier life of this exchange delivered is taken once more, for
            what it does here; its recipient is not told again.

    Returns:
        The index of its entry.

    Raises:
        TearlineError: If the two are in no agreement, a party has suspended all between them and
            this is none of what passes all the same, or the place is not the next one.
    """
    agreement = _verify_neighbours(hearing, address.recipient, address.agreement_id)
    if code not in _ALWAYS_PASS:
        hearing.registry.standings.verify_channel_open(
            agreement, sender=hearing.publisher.agency, recipient=agency_uri_of(address.recipient)
        )
    told = again and was_delivered(hearing, address)
    place = None if told else next_place(hearing, address)
    event = _event(hearing, code, address.recipient, address.agreement_id)
    event = replace(
        event,
        pseudonym=pseudonym_of(acted_by),
        seconded_by=pseudonym_of(seconded_by),
        packet=packet,
    )
    entry = hearing.docket.settle(hearing.ruling, event)
    if place is not None:
        place.take(entry)
    return entry


def accept_mark(hearing: Hearing, mark: Mark) -> None:
    """Relays a mark.

    Raises:
        StatementConflict: If the counter did not grow.
        MailboxFull: If too much of the sender's agency waits for the recipient.
        TearlineError: If the two are in no agreement.
    """
    _verify_neighbours(hearing, mark.recipient, mark.agreement_id)
    seq, last = _channel(hearing, mark.recipient, mark.agreement_id)
    if mark.counter <= last:
        raise StatementConflict(f"mark {mark.counter} is not above {last}")
    verify_room(hearing, mark.recipient, 0)

    _put(hearing, mark.recipient, mark.agreement_id, (seq, mark.counter))
    event = _event(hearing, EventCode.MARK, mark.recipient, mark.agreement_id)
    deliver(hearing, mark.recipient, hearing.docket.settle(hearing.ruling, event))


def _verify_neighbours(hearing: Hearing, recipient: str, agreement_id: bytes) -> Agreement:
    ends = (hearing.publisher.agency, agency_uri_of(recipient))
    found = hearing.registry.agreement_of(agreement_id, *ends)
    if recipient not in hearing.registry.trust.nodes():
        raise GrantMisdirected("the recipient is no node on record")
    return found.agreement


def verify_sealed_to(hearing: Hearing, recipient: str, kem_key_id: bytes) -> None:
    """Checks that what is sealed for a node is sealed to a key of its that counts now.

    Raises:
        GrantMisdirected: If it is no node on record.
        RecipientKeyExpired: If the key has ended, or is another's: it could not be opened there.
    """
    trust = hearing.registry.trust
    trust.agency_of(recipient)
    if trust.kem_key_counts(recipient, kem_key_id, at=hearing.docket.moment):
        return
    if recipient not in trust.nodes():
        raise GrantMisdirected("the recipient is no node on record")
    raise RecipientKeyExpired


def was_delivered(hearing: Hearing, address: Address) -> bool:
    """Whether a place was filled in an earlier life of this exchange, as its recipient signed."""
    seq, _ = _channel(hearing, address.recipient, address.agreement_id)
    return hearing.docket.known.is_restored and address.seq <= seq


def _event(hearing: Hearing, code: EventCode, recipient: str, agreement_id: bytes) -> Event:
    return Event(
        statement_id=hearing.claim.statement.id,
        code=code,
        party=recipient,
        time_ms=hearing.docket.now_ms,
        actor=hearing.publisher.node,
        counterpart=recipient,
        agreement_id=agreement_id,
    )


def _channel(hearing: Hearing, recipient: str, agreement_id: bytes) -> tuple[int, int]:
    return hearing.registry.channels.get((hearing.signer, recipient, agreement_id), (0, 0))


def _put(hearing: Hearing, recipient: str, agreement_id: bytes, reached: tuple[int, int]) -> None:
    key = (hearing.signer, recipient, agreement_id)
    hearing.registry.channels[key] = hearing.docket.channels[key] = reached
