"""Translators of recalls and their answers."""

from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES
from tearline.packets.recall import (
    KeepGround,
    Reach,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallReason,
)
from tearline.v1 import recall_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.grants import read_address, write_address
from tearline.wire.statements import read_acted_by, read_header, write_acted_by, write_header


def encode_recall(recall: Recall) -> bytes:
    """Returns the canonical encoding of a recall or an answer: the body of its statement."""
    return serialize(_write_recall(recall))


def parse_recall(body: bytes) -> Recall:
    """Returns a recall or an answer from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid one.
    """
    return parse_strictly(body, pb.Recall, _read_recall, maximum=MAX_BODY_BYTES)


def _write_recall(recall: Recall) -> pb.Recall:
    said = recall.said
    return pb.Recall(
        header=write_header(recall.header),
        address=write_address(recall.address),
        packet=recall.packet,
        order=_write_order(said) if isinstance(said, RecallOrder) else None,
        answer=_write_answer(said) if isinstance(said, RecallAnswer) else None,
    )


def _read_recall(message: pb.Recall) -> Recall:
    if message.HasField("order") == message.HasField("answer"):
        raise StatementMalformed("it is either a recall or an answer to one")
    return Recall(
        header=read_header(message.header),
        address=read_address(message.address),
        packet=message.packet,
        said=_read_order(message.order)
        if message.HasField("order")
        else _read_answer(message.answer),
    )


def _write_order(order: RecallOrder) -> pb.RecallOrder:
    return pb.RecallOrder(
        grant=order.grant,
        slots=order.slots,
        whole=order.whole,
        reason=order.reason.value,
        respond_by_ms=order.respond_by_ms,
        acted_by=write_acted_by(order.acted_by),
    )


def _read_order(message: pb.RecallOrder) -> RecallOrder:
    return RecallOrder(
        grant=message.grant,
        slots=tuple(message.slots),
        whole=message.whole,
        reason=RecallReason(message.reason),
        respond_by_ms=message.respond_by_ms,
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
    )


def _write_answer(answer: RecallAnswer) -> pb.RecallAnswer:
    return pb.RecallAnswer(
        recall=answer.recall,
        ground=answer.ground.value if answer.ground else "",
        reach=[each.value for each in answer.reach],
        acted_by=write_acted_by(answer.acted_by),
    )


def _read_answer(message: pb.RecallAnswer) -> RecallAnswer:
    return RecallAnswer(
        recall=message.recall,
        ground=KeepGround(message.ground) if message.ground else None,
        reach=tuple(Reach(each) for each in message.reach),
        acted_by=read_acted_by(message.acted_by) if message.HasField("acted_by") else None,
    )
