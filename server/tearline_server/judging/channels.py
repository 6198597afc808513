"""Judging of channels: places, marks, voids, and receipts about delivered grants."""

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
"""Events exempt from suspension: they concern earlier mail, or withdraw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Next place of a channel, verified to be free."""

    hearing: Hearing
    address: Address
    size: int

    def take(self, entry: int) -> None:
        """Assigns the place to the heard statement, and delivers it to the recipient.

        Args:
            entry: The index of the entry that the recipient receives.
        """
        recipient, agreement = self.address.recipient, self.address.agreement_id
        _, mark = _channel(self.hearing, recipient, agreement)
        _put(self.hearing, recipient, agreement, (self.address.seq, mark))
        is_grant = self.hearing.claim.statement.type is StatementType.GRANT
        open_under = agreement if is_grant else b""
        deliver(self.hearing, recipient, entry, self.size, agreement=open_under)


def next_place(hearing: Hearing, address: Address, *, size: int = 0) -> Place:
    """Checks that an address is its channel's next place and that its mailbox has room.

    Args:
        hearing: The statement.
        address: Its address.
        size: Bytes that are handed out with it.

    Returns:
        The place.

    Raises:
        StatementConflict: If another statement has the place.
        ChannelGap: If an earlier place is still free.
        MailboxFull: If too much from the sender's agency waits for the recipient.
    """
    seq, _ = _channel(hearing, address.recipient, address.agreement_id)
    if address.seq <= seq:
        raise StatementConflict(f"place {address.seq} of the channel is taken")
    if address.seq > seq + 1:
        raise ChannelGap(f"place {seq + 1} comes before {address.seq}")
    verify_room(hearing, address.recipient, size)
    return Place(hearing=hearing, address=address, size=size)


def accept_receipt(hearing: Hearing, receipt: Receipt) -> bytes | None:
    """Accepts a node's receipt for a grant delivered to it, and relays it to the grantor.

    Returns:
        The id of the grant's packet; None if the receipt is only relayed.

    Raises:
        NotFound: If no such grant was delivered to this node; identical for unknown grants and
            those of other nodes.
        StatusBackwards: If its status is lower than an earlier one.
        TearlineError: If its place in the channel is not the next one.
    """
    address, docket = receipt.address, hearing.docket
    if address is None:
        raise StatementMalformed("only the exchange accepts or refuses statements")
    item = docket.known.mail.get((hearing.signer, receipt.about))
    if item is None and docket.known.is_restored:
        _relay_receipt(hearing, receipt, address)
        return None
    if (
        item is None
        or not (item.delivered or docket.known.is_restored)  # perhaps before a restore
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
    """Relays a receipt about a grant that a restore lost.

    The grantor can judge whether such a grant existed.
    """
    relay(hearing, address, EventCode.RECEIPT, acted_by=receipt.acted_by)


def accept_void(hearing: Hearing, void: Void) -> None:
    """Accepts a void: for a place that stays empty, or to withdraw a grant.

    Raises:
        NotFound: If the grant to withdraw does not wait at this place.
        GrantHandedOut: If the recipient was handed that grant.
        TearlineError: If the two share no agreement, or the place is not the next one.
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
    """Replaces a grant that its recipient was not handed by a void.

    Raises:
        NotFound: If the signer has no such grant there; identical for unknown or withdrawn grants
            and those of other signers.
        GrantHandedOut: If the recipient was handed the grant.
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
        # The recipient has read past that place, and would never see the void there.
        deliver(hearing, address.recipient, entry)


def _verify_not_handed_out(docket: Docket, item: Delivered, void: Void) -> None:
    node = void.address.recipient
    earlier = (void.withdraws, EventCode.GRANT_DELIVERED.value, node)  # before a restore
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
    """Logs a statement that only its recipient can judge, and delivers it.

    Args:
        hearing: The statement.
        address: Its place in a channel.
        code: The code of its entry.
        acted_by: The person that took the action.
        seconded_by: The person that approved it, if two were required.
        packet: The packet that it is about, or empty.
        again: Whether to accept a statement already delivered before a restore, for its effect
            here; it is not delivered again.

    Returns:
        The index of its entry.

    Raises:
        TearlineError: If the two share no agreement, a suspension applies to the channel and the
            code, or the place is not the next one.
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
    """Accepts a mark, and relays it.

    Raises:
        StatementConflict: If the counter did not grow.
        MailboxFull: If too much from the sender's agency waits for the recipient.
        TearlineError: If the two share no agreement.
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
    """Checks that a statement is sealed to a current encryption key of its recipient.

    Raises:
        GrantMisdirected: If the recipient is not a node on record.
        RecipientKeyExpired: If the key has ended or belongs to another node, so the recipient
            cannot open it.
    """
    trust = hearing.registry.trust
    trust.agency_of(recipient)
    if trust.kem_key_counts(recipient, kem_key_id, at=hearing.docket.moment):
        return
    if recipient not in trust.nodes():
        raise GrantMisdirected("the recipient is no node on record")
    raise RecipientKeyExpired


def was_delivered(hearing: Hearing, address: Address) -> bool:
    """Returns whether the place was filled before a restore, as its recipient confirmed."""
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
