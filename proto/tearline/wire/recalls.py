"""Codec of recalls and their answers."""

from tearline.errors import StatementMalformed
from tearline.packets.recall import (
    KeepGround,
    Reach,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallReason,
)
from tearline.v1 import recall_pb2 as pb
from tearline.wire.codec import Codec
from tearline.wire.grants import ADDRESS
from tearline.wire.statements import ACTED_BY, HEADER
from tearline.wire.table import BYTES, FLAG, NUMBER, enum, many, maybe, part, table

_ORDER = table(
    pb.RecallOrder,
    RecallOrder,
    grant=BYTES,
    slots=many(NUMBER),
    whole=FLAG,
    reason=enum(RecallReason),
    respond_by_ms=NUMBER,
    acted_by=maybe(part(ACTED_BY)),
)

_ANSWER = table(
    pb.RecallAnswer,
    RecallAnswer,
    recall=BYTES,
    ground=maybe(enum(KeepGround)),
    reach=many(enum(Reach)),
    acted_by=maybe(part(ACTED_BY)),
)


def _write_recall(recall: Recall) -> pb.Recall:
    said = recall.said
    return pb.Recall(
        header=HEADER.write(recall.header),
        address=ADDRESS.write(recall.address),
        packet=recall.packet,
        order=_ORDER.write(said) if isinstance(said, RecallOrder) else None,
        answer=_ANSWER.write(said) if isinstance(said, RecallAnswer) else None,
    )


def _read_recall(message: pb.Recall) -> Recall:
    is_order = message.HasField("order")
    if is_order == message.HasField("answer"):
        raise StatementMalformed("it is either a recall or an answer to one")
    return Recall(
        header=HEADER.read(message.header),
        address=ADDRESS.read(message.address),
        packet=message.packet,
        said=_ORDER.read(message.order) if is_order else _ANSWER.read(message.answer),
    )


RECALL = Codec(message=pb.Recall, write=_write_recall, read=_read_recall)
"""By hand: two fields are one attribute."""
encode_recall = RECALL.encode
"""Returns the canonical encoding of a recall or an answer: the body of its statement."""
parse_recall = RECALL.parse
"""Returns a recall or an answer from its statement's body."""
