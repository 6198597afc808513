"""Handlers of voids and marks, and the places of a channel that all its statements take."""

from dataclasses import replace

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    ChannelGap,
    GrantHandedOut,
    GrantMisdirected,
    NotFound,
    RecipientKeyExpired,
    StatementConflict,
)
from tearline.identity import agency_uri_of
from tearline.statements.budget import paced_mark
from tearline.statements.channel import Address, Mark, Void
from tearline.statements.statement import ActedBy, StatementType, pseudonym_of
from tearline.wire.addresses import address_of
from tearline.wire.grants import parse_mark, parse_void
from tearline.wire.statements import parse_statement
from tearline_server.processing.batch import Batch
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, no_lookups, none
from tearline_server.processing.mailbox_quota import deliver, verify_room
from tearline_server.storage.lookups import Delivered, Lookups
from tearline_server.storage.rows import ChannelRow

_ALWAYS_PASS = frozenset({EventCode.VOID, EventCode.RECEIPT, EventCode.RECALL})
"""Events exempt from suspension: they concern earlier mail, or withdraw it."""


@immutable
class Place:
    """Next place of a channel, verified to be free."""

    context: Context
    address: Address
    size: int
    is_grant: bool

    def take(self, entry: int) -> None:
        """Assigns the place to the heard statement, and delivers it to the recipient.

        Args:
            entry: The index of the entry that the recipient receives.
        """
        recipient, agreement = self.address.recipient, self.address.agreement_id
        channel = _channel(self.context, recipient, agreement)
        _put(self.context, replace(channel, seq=self.address.seq))
        open_under = agreement if self.is_grant else b""
        deliver(self.context, recipient, entry, self.size, agreement=open_under)


def next_place(
    context: Context, address: Address, *, size: int = 0, is_grant: bool = False
) -> Place:
    """Checks that an address is its channel's next place and that its mailbox has room.

    Args:
        context: The statement.
        address: Its address.
        size: Bytes that are handed out with it.
        is_grant: Whether it is a grant, to be handed out with its packet.

    Returns:
        The place.

    Raises:
        StatementConflict: If another statement has the place.
        ChannelGap: If an earlier place is still free.
        MailboxFull: If too much from the sender's agency waits for the recipient.
    """
    seq = _channel(context, address.recipient, address.agreement_id).seq
    if address.seq <= seq:
        raise StatementConflict(f"place {address.seq} of the channel is taken")
    if address.seq > seq + 1:
        raise ChannelGap(f"place {seq + 1} comes before {address.seq}")
    verify_room(context, address.recipient, size, is_grant=is_grant)
    return Place(context=context, address=address, size=size, is_grant=is_grant)


def accept_void(context: Context, void: Void) -> None:
    """Accepts a void: for a place that stays empty, or to withdraw a grant.

    Raises:
        NotFound: If the grant to withdraw does not wait at this place.
        GrantHandedOut: If the recipient was handed that grant.
        TearlineError: If the two share no agreement, or the place is not the next one.
    """
    address = void.address
    if (
        void.withdraws
        and address.seq <= _channel(context, address.recipient, address.agreement_id).seq
    ):
        _withdraw(context, void)
    else:
        relay(context, address, EventCode.VOID)


def _withdraw(context: Context, void: Void) -> None:
    """Replaces a grant that its recipient was not handed by a void.

    Raises:
        NotFound: If the signer has no such grant there; identical for unknown or withdrawn grants
            and those of other signers.
        GrantHandedOut: If the recipient was handed the grant.
    """
    batch, address = context.batch, void.address
    _verify_neighbours(context, address.recipient, address.agreement_id)
    item = _waiting(context, void)
    place = (address.recipient, item.seq)
    _verify_not_handed_out(batch, item, void)

    event = _event(context, EventCode.VOID, address.recipient, address.agreement_id)
    entry = batch.settle(context.result, replace(event, packet=item.packet or b""))
    batch.withdrawn[place] = (item.statement, entry)
    if item.passed or item.held or place in batch.passed or place in batch.held:
        # The recipient has read past that place, and would never see the void there.
        deliver(context, address.recipient, entry)


def _verify_not_handed_out(batch: Batch, item: Delivered, void: Void) -> None:
    node = void.address.recipient
    earlier = (void.withdraws, EventCode.GRANT_DELIVERED.value, node)  # before a restore
    if item.delivered or (node, item.seq) in batch.delivered or earlier in batch.known.events:
        raise GrantHandedOut


def _waiting(context: Context, void: Void) -> Delivered:
    batch, recipient = context.batch, void.address.recipient
    item = batch.known.mail.get((recipient, void.withdraws))
    envelope = batch.known.envelopes.get((void.withdraws, context.signer))
    if (
        item is None
        or envelope is None
        or item.type != StatementType.GRANT
        or (recipient, item.seq) in batch.withdrawn
        or address_of(parse_statement(envelope)) != void.address
    ):
        raise NotFound("no grant of that id waits at this place")
    return item


def relay(
    context: Context,
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
        context: The statement.
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
    agreement = _verify_neighbours(context, address.recipient, address.agreement_id)
    if code not in _ALWAYS_PASS:
        context.registry.standings.verify_channel_open(
            agreement, sender=context.publisher.agency, recipient=agency_uri_of(address.recipient)
        )
    told = again and was_delivered(context, address)
    place = None if told else next_place(context, address)
    event = _event(context, code, address.recipient, address.agreement_id)
    event = replace(
        event,
        pseudonym=pseudonym_of(acted_by),
        seconded_by=pseudonym_of(seconded_by),
        packet=packet,
    )
    entry = context.batch.settle(context.result, event)
    if place is not None:
        place.take(entry)
    return entry


def accept_mark(context: Context, mark: Mark) -> None:
    """Accepts a mark, and relays it.

    Raises:
        StatementConflict: If the counter did not grow.
        ExchangeBusy: If the channel had too many marks recently.
        MailboxFull: If too much from the sender's agency waits for the recipient.
        TearlineError: If the two share no agreement.
    """
    _verify_neighbours(context, mark.recipient, mark.agreement_id)
    channel = _channel(context, mark.recipient, mark.agreement_id)
    if mark.counter <= channel.mark:
        raise StatementConflict(f"mark {mark.counter} is not above {channel.mark}")
    empty_ms = paced_mark(channel.empty_ms, now_ms=context.batch.now_ms)
    verify_room(context, mark.recipient, 0)

    _put(context, replace(channel, mark=mark.counter, empty_ms=empty_ms))
    event = _event(context, EventCode.MARK, mark.recipient, mark.agreement_id)
    deliver(context, mark.recipient, context.batch.settle(context.result, event))


def _verify_neighbours(context: Context, recipient: str, agreement_id: bytes) -> Agreement:
    ends = (context.publisher.agency, agency_uri_of(recipient))
    found = context.registry.agreement_of(agreement_id, *ends)
    if recipient not in context.registry.trust.nodes_of(ends[1]):
        raise GrantMisdirected("the recipient is no node on record")
    return found.agreement


def verify_sealed_to(context: Context, recipient: str, kem_key_id: bytes) -> None:
    """Checks that a statement is sealed to a current encryption key of its recipient.

    Raises:
        GrantMisdirected: If the recipient is not a node on record.
        RecipientKeyExpired: If the key has ended or belongs to another node, so the recipient
            cannot open it.
    """
    trust = context.registry.trust
    agency = trust.agency_of(recipient)
    if trust.kem_key_counts(recipient, kem_key_id, at=context.batch.moment):
        return
    if recipient not in trust.nodes_of(agency.uri):
        raise GrantMisdirected("the recipient is no node on record")
    raise RecipientKeyExpired


def was_delivered(context: Context, address: Address) -> bool:
    """Returns whether the place was filled before a restore, as its recipient confirmed."""
    channel = _channel(context, address.recipient, address.agreement_id)
    return context.batch.known.is_restored and address.seq <= channel.seq


def _event(context: Context, code: EventCode, recipient: str, agreement_id: bytes) -> Event:
    return Event(
        statement_id=context.submitted.statement.id,
        code=code,
        party=recipient,
        time_ms=context.batch.now_ms,
        actor=context.publisher.node,
        counterpart=recipient,
        agreement_id=agreement_id,
    )


def _channel(context: Context, recipient: str, agreement_id: bytes) -> ChannelRow:
    key = (context.signer, recipient, agreement_id)
    return context.registry.channels.get(key) or ChannelRow(
        sender=context.signer, recipient=recipient, agreement=agreement_id
    )


def _put(context: Context, reached: ChannelRow) -> None:
    key = (reached.sender, reached.recipient, reached.agreement)
    context.registry.channels[key] = context.batch.channels[key] = reached


def _void_lookups(context: LookupContext, void: Void) -> Lookups:
    if not void.withdraws:
        return Lookups()
    return Lookups(
        mail=frozenset({(void.address.recipient, void.withdraws, context.signer)}),
        envelopes=frozenset({(void.withdraws, context.signer)}),
    )


VOID = StatementHandler(
    type=StatementType.VOID,
    is_judged_anew=True,
    parse=parse_void,
    natural_id=none,
    lookups=_void_lookups,
    recipient=lambda void: void.address.recipient,
    apply=accept_void,
)

MARK = StatementHandler(
    type=StatementType.MARK,
    parse=parse_mark,
    natural_id=none,
    lookups=no_lookups,
    recipient=lambda mark: mark.recipient,
    apply=accept_mark,
)
