"""Translators of steps of requests for records, and of their notes."""

from tearline.limits import MAX_BODY_BYTES, MAX_REQUEST_NOTE_BYTES
from tearline.packets.packet import Urgency
from tearline.requests.step import Ground, ItemOutcome, RequestStep, StepKind, StepNote
from tearline.v1 import request_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.grants import read_address, write_address
from tearline.wire.statements import read_acted_by, read_header, write_acted_by, write_header

_USEFUL = (None, False, True)


def encode_step(step: RequestStep) -> bytes:
    """Returns the canonical encoding of a step: the body of its statement."""
    return serialize(_write_step(step))


def encode_step_prefix(step: RequestStep) -> bytes:
    """Returns a step's encoding without its sealed part, which HPKE binds to it."""
    message = _write_step(step)
    message.ClearField("sealed")
    return serialize(message)


def parse_step(body: bytes) -> RequestStep:
    """Returns a step from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid step.
    """
    return parse_strictly(body, pb.RequestStep, _read_step, maximum=MAX_BODY_BYTES)


def encode_note(note: StepNote) -> bytes:
    """Returns the canonical encoding of a note."""
    return serialize(_write_note(note))


def parse_note(data: bytes) -> StepNote:
    """Returns a note from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.RequestNote, _read_note, maximum=MAX_REQUEST_NOTE_BYTES)


def _write_step(step: RequestStep) -> pb.RequestStep:
    return pb.RequestStep(
        header=write_header(step.header),
        address=write_address(step.address),
        request=step.request,
        kind=step.kind.value,
        number=step.number,
        known=step.known,
        extension_ms=step.extension_ms,
        urgency=step.urgency.value if step.urgency else "",
        permit=step.permit,
        entry=step.entry,
        acted_by=write_acted_by(step.acted_by),
        kem_key_id=step.kem_key_id,
        sealed=step.sealed,
    )


def _read_step(message: pb.RequestStep) -> RequestStep:
    return RequestStep(
        header=read_header(message.header),
        address=read_address(message.address),
        request=message.request,
        kind=StepKind(message.kind),
        number=message.number,
        known=message.known,
        extension_ms=message.extension_ms,
        urgency=Urgency(message.urgency) if message.urgency else None,
        permit=message.permit,
        entry=message.entry,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
        kem_key_id=message.kem_key_id,
        sealed=message.sealed,
    )


def _write_note(note: StepNote) -> pb.RequestNote:
    return pb.RequestNote(
        items=[
            pb.ItemOutcome(number=item.number, ground=item.ground.value if item.ground else "")
            for item in note.items
        ],
        answer=note.answer,
        text=note.text,
        useful=_USEFUL.index(note.useful),
    )


def _read_note(message: pb.RequestNote) -> StepNote:
    if message.useful >= len(_USEFUL):
        raise ValueError("neither yes nor no")
    return StepNote(
        items=tuple(
            ItemOutcome(number=item.number, ground=Ground(item.ground) if item.ground else None)
            for item in message.items
        ),
        answer=message.answer,
        text=message.text,
        useful=_USEFUL[message.useful],
    )
