"""Translators of grants, receipts, voids, marks, anchors and events."""

from tearline.audit.anchor import Anchor
from tearline.audit.event import Decision, Event, EventCode, EventKeys, EventOutcome
from tearline.limits import MAX_BODY_BYTES
from tearline.packets.grant import Caveats, Grant
from tearline.policy.marking import parse_pap
from tearline.statements.channel import Address, Mark, Void, VoidReason
from tearline.statements.receipt import MAX_EVENT_BYTES, LogOpening, Receipt, Status
from tearline.v1 import flow_pb2 as pb
from tearline.wire.codec import decode, parse_strictly, serialize
from tearline.wire.statements import (
    read_acted_by,
    read_header,
    write_acted_by,
    write_header,
)


def encode_grant(grant: Grant) -> bytes:
    """Returns the canonical encoding of a grant: the body of its statement."""
    return serialize(_write_grant(grant))


def encode_grant_prefix(grant: Grant) -> bytes:
    """Returns a grant's encoding without its sealed part, which HPKE binds to it."""
    message = _write_grant(grant)
    message.ClearField("sealed")
    return serialize(message)


def parse_grant(body: bytes) -> Grant:
    """Returns a grant from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid grant.
    """
    return parse_strictly(body, pb.Grant, _read_grant, maximum=MAX_BODY_BYTES)


def parse_bare_grant(body: bytes) -> Grant:
    """Returns a grant without its sealed part, which may be of any length.

    An exchange may have accepted it before sealed parts had a limit: its place in the channel still
    counts.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of such a grant.
    """
    return parse_strictly(body, pb.Grant, _read_bare_grant, maximum=MAX_BODY_BYTES)


def write_address(address: Address | None) -> pb.Address | None:
    """Returns a place in a channel as protobuf."""
    if address is None:
        return None
    return pb.Address(
        recipient=address.recipient, agreement_id=address.agreement_id, seq=address.seq
    )


def read_address(message: pb.Address) -> Address:
    """Returns a place in a channel from protobuf.

    Raises:
        StatementMalformed: If it is not possible.
    """
    return Address(recipient=message.recipient, agreement_id=message.agreement_id, seq=message.seq)


def _write_grant(grant: Grant) -> pb.Grant:
    return pb.Grant(
        header=write_header(grant.header),
        address=write_address(grant.address),
        grant_id=grant.grant_id,
        packet=grant.packet,
        kem_key_id=grant.kem_key_id,
        not_after_ms=grant.not_after_ms,
        purpose=grant.purpose,
        caveats=pb.Caveats(
            handling=grant.caveats.handling,
            orcon=grant.caveats.orcon,
            pap=grant.caveats.pap.text,
        ),
        openings=grant.openings,
        compartments=grant.compartments,
        fields=grant.fields,
        decision_digest=grant.decision_digest,
        acted_by=write_acted_by(grant.acted_by),
        sealed=grant.sealed,
        seconded_by=write_acted_by(grant.seconded_by),
    )


def _read_grant(message: pb.Grant) -> Grant:
    return Grant(
        header=read_header(message.header),
        address=read_address(message.address),
        grant_id=message.grant_id,
        packet=message.packet,
        kem_key_id=message.kem_key_id,
        not_after_ms=message.not_after_ms,
        purpose=message.purpose,
        caveats=Caveats(
            handling=tuple(message.caveats.handling),
            orcon=message.caveats.orcon,
            pap=parse_pap(message.caveats.pap),
        ),
        openings=tuple(message.openings),
        compartments=tuple(message.compartments),
        fields=tuple(message.fields),
        decision_digest=message.decision_digest,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
        sealed=message.sealed,
        seconded_by=read_acted_by(message.seconded_by) if message.HasField("seconded_by") else None,
    )


def _read_bare_grant(message: pb.Grant) -> Grant:
    message.ClearField("sealed")
    return _read_grant(message)


def encode_receipt(receipt: Receipt) -> bytes:
    """Returns the canonical encoding of a receipt: the body of its statement."""
    return serialize(_write_receipt(receipt))


def parse_receipt(body: bytes) -> Receipt:
    """Returns a receipt from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid receipt.
    """
    return parse_strictly(body, pb.Receipt, _read_receipt, maximum=2 * MAX_EVENT_BYTES)


def _write_receipt(receipt: Receipt) -> pb.Receipt:
    return pb.Receipt(
        header=write_header(receipt.header),
        address=write_address(receipt.address),
        about=receipt.about,
        status=receipt.status,
        code=receipt.code,
        entry=None if receipt.entry is None else write_log_opening(receipt.entry),
        acted_by=write_acted_by(receipt.acted_by),
        time_ms=receipt.time_ms,
    )


def _read_receipt(message: pb.Receipt) -> Receipt:
    return Receipt(
        header=read_header(message.header),
        address=read_address(message.address) if message.HasField("address") else None,
        about=message.about,
        status=Status(message.status),
        code=message.code,
        entry=read_log_opening(message.entry) if message.HasField("entry") else None,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
        time_ms=message.time_ms,
    )


def write_log_opening(opening: LogOpening) -> pb.LogOpening:
    """Returns the opening of a log entry as protobuf."""
    return pb.LogOpening(index=opening.index, salt=opening.salt, event=opening.event)


def read_log_opening(message: pb.LogOpening) -> LogOpening:
    """Returns the opening of a log entry from protobuf."""
    return LogOpening(index=message.index, salt=message.salt, event=message.event)


def encode_log_opening(opening: LogOpening) -> bytes:
    """Returns the canonical encoding of the opening of a log entry."""
    return serialize(write_log_opening(opening))


def parse_log_opening(data: bytes) -> LogOpening:
    """Returns the opening of a log entry from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.LogOpening, read_log_opening, maximum=2 * MAX_EVENT_BYTES)


def encode_void(void: Void) -> bytes:
    """Returns the canonical encoding of a void: the body of its statement."""
    return serialize(_write_void(void))


def parse_void(body: bytes) -> Void:
    """Returns a void from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid void.
    """
    return parse_strictly(body, pb.Void, _read_void, maximum=MAX_BODY_BYTES)


def _write_void(void: Void) -> pb.Void:
    return pb.Void(
        header=write_header(void.header),
        address=write_address(void.address),
        reason=void.reason.value,
        withdraws=void.withdraws,
    )


def _read_void(message: pb.Void) -> Void:
    return Void(
        header=read_header(message.header),
        address=read_address(message.address),
        reason=VoidReason(message.reason),
        withdraws=message.withdraws,
    )


def encode_mark(mark: Mark) -> bytes:
    """Returns the canonical encoding of a mark: the body of its statement."""
    return serialize(_write_mark(mark))


def parse_mark(body: bytes) -> Mark:
    """Returns a mark from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid mark.
    """
    return parse_strictly(body, pb.Mark, _read_mark, maximum=MAX_BODY_BYTES)


def _write_mark(mark: Mark) -> pb.Mark:
    return pb.Mark(
        header=write_header(mark.header),
        recipient=mark.recipient,
        agreement_id=mark.agreement_id,
        counter=mark.counter,
        highest_sent=mark.highest_sent,
        highest_received=mark.highest_received,
        time_ms=mark.time_ms,
    )


def _read_mark(message: pb.Mark) -> Mark:
    return Mark(
        header=read_header(message.header),
        recipient=message.recipient,
        agreement_id=message.agreement_id,
        counter=message.counter,
        highest_sent=message.highest_sent,
        highest_received=message.highest_received,
        time_ms=message.time_ms,
    )


def encode_anchor(anchor: Anchor) -> bytes:
    """Returns the canonical encoding of an anchor: the body of its statement."""
    return serialize(_write_anchor(anchor))


def parse_anchor(body: bytes) -> Anchor:
    """Returns an anchor from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid anchor.
    """
    return parse_strictly(body, pb.Anchor, _read_anchor, maximum=MAX_BODY_BYTES)


def _write_anchor(anchor: Anchor) -> pb.Anchor:
    return pb.Anchor(
        header=write_header(anchor.header),
        number=anchor.number,
        commitment=anchor.commitment,
    )


def _read_anchor(message: pb.Anchor) -> Anchor:
    return Anchor(
        header=read_header(message.header),
        number=message.number,
        commitment=message.commitment,
    )


def encode_event(event: Event) -> bytes:
    """Returns the canonical encoding of an event, which a blind entry hides."""
    return serialize(_write_event(event))


def parse_event(data: bytes) -> Event:
    """Returns an event from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.Event, _read_event, maximum=MAX_EVENT_BYTES)


def keys_of_event(data: bytes) -> EventKeys:
    """Returns what an event is found by, of bytes that a hash is known to vouch for.

    Raises:
        StatementMalformed: If ``data`` is no event at all.
    """
    message = decode(pb.Event, data, maximum=MAX_EVENT_BYTES)
    return EventKeys(
        statement_id=message.statement_id,
        code=message.code,
        party=message.party,
        time_ms=message.time_ms,
        actor=message.actor,
        counterpart=message.counterpart,
        packet=message.packet,
        agreement_id=message.agreement_id,
        outcome=message.outcome,
        reason=message.reason,
    )


def _write_event(event: Event) -> pb.Event:
    return pb.Event(
        statement_id=event.statement_id,
        code=event.code.value,
        party=event.party,
        time_ms=event.time_ms,
        actor=event.actor,
        pseudonym=event.pseudonym,
        counterpart=event.counterpart,
        packet=event.packet,
        agreement_id=event.agreement_id,
        article=event.article,
        purpose=event.purpose,
        policy_digest=event.policy_digest,
        decisions=[
            pb.Decision(
                compartment=decision.compartment,
                category=decision.category,
                form=decision.form,
                policies=decision.policies,
                slots=decision.slots,
            )
            for decision in event.decisions
        ],
        outcome=event.outcome.value,
        reason=event.reason,
        count=event.count,
        seconded_by=event.seconded_by,
    )


def _read_event(message: pb.Event) -> Event:
    return Event(
        statement_id=message.statement_id,
        code=EventCode(message.code),
        party=message.party,
        time_ms=message.time_ms,
        actor=message.actor,
        pseudonym=message.pseudonym,
        counterpart=message.counterpart,
        packet=message.packet,
        agreement_id=message.agreement_id,
        article=message.article,
        purpose=message.purpose,
        policy_digest=message.policy_digest,
        decisions=tuple(
            Decision(
                compartment=decision.compartment,
                category=decision.category,
                form=decision.form,
                policies=tuple(decision.policies),
                slots=tuple(decision.slots),
            )
            for decision in message.decisions
        ),
        outcome=EventOutcome(message.outcome),
        reason=message.reason,
        count=message.count,
        seconded_by=message.seconded_by,
    )
