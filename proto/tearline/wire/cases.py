"""Translators of steps of cases, and of their sealed notes."""

from tearline.cases.case import CaseNote, CaseStep, Phase
from tearline.limits import MAX_BODY_BYTES
from tearline.v1 import case_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.grants import read_address, write_address
from tearline.wire.statements import read_acted_by, read_header, write_acted_by, write_header


def encode_case_step(step: CaseStep) -> bytes:
    """Returns the canonical encoding of a step: the body of its statement."""
    return serialize(_write_step(step))


def encode_case_step_prefix(step: CaseStep) -> bytes:
    """Returns a step's encoding without its sealed part, which HPKE binds to it."""
    message = _write_step(step)
    message.ClearField("sealed")
    return serialize(message)


def parse_case_step(body: bytes) -> CaseStep:
    """Returns a step from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid step.
    """
    return parse_strictly(body, pb.CaseStep, _read_step, maximum=MAX_BODY_BYTES)


def encode_case_note(note: CaseNote) -> bytes:
    """Returns the canonical encoding of a note."""
    return serialize(_write_note(note))


def parse_case_note(data: bytes) -> CaseNote:
    """Returns a note from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.CaseNote, _read_note, maximum=MAX_BODY_BYTES)


def _write_step(step: CaseStep) -> pb.CaseStep:
    return pb.CaseStep(
        header=write_header(step.header),
        address=write_address(step.address),
        case_id=step.case_id,
        number=step.number,
        phase=step.phase.value,
        kem_key_id=step.kem_key_id,
        acted_by=write_acted_by(step.acted_by),
        sealed=step.sealed,
    )


def _read_step(message: pb.CaseStep) -> CaseStep:
    return CaseStep(
        header=read_header(message.header),
        address=read_address(message.address),
        case_id=message.case_id,
        number=message.number,
        phase=Phase(message.phase),
        kem_key_id=message.kem_key_id,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
        sealed=message.sealed,
    )


def _write_note(note: CaseNote) -> pb.CaseNote:
    return pb.CaseNote(
        title=note.title,
        summary=note.summary,
        members=note.members,
        asked=note.asked,
        consents=note.consents,
        objections=note.objections,
    )


def _read_note(message: pb.CaseNote) -> CaseNote:
    return CaseNote(
        title=message.title,
        summary=message.summary,
        members=tuple(message.members),
        asked=tuple(message.asked),
        consents=tuple(message.consents),
        objections=tuple(message.objections),
    )
