"""Translators of standings."""

from tearline.limits import MAX_BODY_BYTES
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.v1 import standing_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.statements import (
    read_acted_by,
    read_header,
    write_acted_by,
    write_header,
)


def encode_standing(standing: Standing) -> bytes:
    """Returns the canonical encoding of a standing: the body of its statement."""
    return serialize(_write_standing(standing))


def parse_standing(body: bytes) -> Standing:
    """Returns a standing from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid standing.
    """
    return parse_strictly(body, pb.PartyStanding, _read_standing, maximum=MAX_BODY_BYTES)


def _write_standing(standing: Standing) -> pb.PartyStanding:
    act = standing.officer
    return pb.PartyStanding(
        header=write_header(standing.header),
        agreement_id=standing.agreement_id,
        counter=standing.counter,
        suspensions=[_write_suspension(each) for each in standing.suspensions],
        ended=standing.ended,
        officer=None
        if act is None
        else pb.OfficerAct(counter=act.counter, acted_by=write_acted_by(act.acted_by)),
        acted_by=write_acted_by(standing.acted_by),
        time_ms=standing.time_ms,
    )


def _read_standing(message: pb.PartyStanding) -> Standing:
    return Standing(
        header=read_header(message.header),
        agreement_id=message.agreement_id,
        counter=message.counter,
        suspensions=tuple(_read_suspension(each) for each in message.suspensions),
        ended=message.ended,
        officer=OfficerAct(
            counter=message.officer.counter, acted_by=read_acted_by(message.officer.acted_by)
        )
        if message.HasField("officer")
        else None,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
        time_ms=message.time_ms,
    )


def _write_suspension(suspension: Suspension) -> pb.Suspension:
    return pb.Suspension(
        article=suspension.article,
        sender=suspension.sender,
        recipient=suspension.recipient,
        reason=suspension.reason.value,
        in_flight=suspension.in_flight.value,
        originated=suspension.originated.value,
    )


def _read_suspension(message: pb.Suspension) -> Suspension:
    return Suspension(
        article=message.article,
        sender=message.sender,
        recipient=message.recipient,
        reason=Reason(message.reason),
        in_flight=InFlight(message.in_flight),
        originated=Originated(message.originated),
    )
