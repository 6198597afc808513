"""receipt-v1.json: what became of a grant."""

from collections.abc import Mapping
from typing import Any

from support import agencies as b
from tearline.errors import StatusBackwards, signed_code
from tearline.statements.channel import Address, Mark, Void, VoidReason
from tearline.statements.receipt import LogOpening, Receipt, Status, verify_forward
from tearline.statements.signer import Signer
from tearline.statements.statement import ActedBy, StatementType
from tearline.wire.grants import encode_mark, encode_receipt, encode_void
from tearline.wire.statements import (
    encode_signed,
    signed,
)
from vectors.own.plain import Json, plain, refused, unchecked

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def receipts_of(
    federation: b.Federation, grants: list[bytes], opening: LogOpening
) -> dict[str, tuple[Signer, Receipt]]:
    """What becomes of a grant, said by exchange and recipient."""
    exchange, mx = federation.signer(b.EXCHANGE), federation.node(b.MX)

    def receipt(signer: Signer, status: Status, **rest: Any) -> tuple[Signer, Receipt]:
        values = {
            "header": signer.header,
            "address": None,
            "about": grants[0],
            "status": status,
            "code": "",
            "entry": None,
            "acted_by": None,
            "time_ms": b.NOW_MS + 1000 * status,
        }
        return signer, Receipt(**(values | rest))

    def place(seq: int) -> Address:
        return Address(recipient=US_NODE, agreement_id=b.AGREEMENT_ID, seq=seq)

    person = ActedBy(
        pseudonym=b.secret("pseudonym"),
        role="analyst",
        token_hash=b.secret("token"),
        time_ms=b.NOW_MS + 3900,
    )
    return {
        "accepted": receipt(exchange, Status.ACCEPTED, entry=opening),
        "stored": receipt(mx, Status.STORED, address=place(1)),
        "opened": receipt(mx, Status.OPENED, address=place(2)),
        "seen": receipt(mx, Status.SEEN, address=place(3), acted_by=person),
        "erased": receipt(mx, Status.ERASED, address=place(4)),
        "refused": receipt(
            exchange, Status.REFUSED, about=grants[1], code=signed_code("TL-POL-009"), entry=opening
        ),
    }


def receipt_vectors(
    federation: b.Federation, receipts: Mapping[str, tuple[Signer, Receipt]]
) -> Json:
    """Receipts, voids and marks, and the way that a status may go."""
    us = federation.node(b.US)
    void = Void(
        header=us.header,
        address=Address(recipient=MX_NODE, agreement_id=b.AGREEMENT_ID, seq=4),
        reason=VoidReason.REFUSED,
    )
    mark_value = Mark(
        header=us.header,
        recipient=MX_NODE,
        agreement_id=b.AGREEMENT_ID,
        counter=1,
        highest_sent=4,
        highest_received=4,
        time_ms=b.NOW_MS,
    )
    accepted = receipts["accepted"][1]
    stored, refusal = receipts["stored"][1], receipts["refused"][1]
    return {
        "receipts": [
            message_case(name, signer, StatementType.RECEIPT, encode_receipt(each), each)
            for name, (signer, each) in receipts.items()
        ],
        "voids": [
            message_case(
                "a place that was refused", us, StatementType.VOID, encode_void(void), void
            )
        ],
        "marks": [
            message_case(
                "four each way", us, StatementType.MARK, encode_mark(mark_value), mark_value
            )
        ],
        "forward": [
            [before.text, after.text, may_follow(before, after)]
            for before in Status
            for after in Status
        ],
        "refused": {
            "receipt": [
                refused(name, encode_receipt(each), "TL-PKT-001")
                for name, each in [
                    ("a code without a refusal", unchecked(stored, code="refused/TL-POL-009")),
                    ("a code without a class", unchecked(refusal, code="TL-POL-009")),
                    ("a class that is never signed", unchecked(refusal, code="later/TL-POL-009")),
                    ("a class in capitals", unchecked(refusal, code="Refused/TL-POL-009")),
                    ("a refusal without a code", unchecked(accepted, status=Status.REFUSED)),
                    ("neither place nor entry", unchecked(accepted, entry=None)),
                    ("place and entry", unchecked(stored, entry=accepted.entry)),
                    ("about no statement", unchecked(stored, about=b"")),
                ]
            ],
            "void": [
                refused("a reason that is none", encode_void(void)[:-7] + b"anyhow!", "TL-PKT-001"),
                refused(
                    "a place before the first",
                    encode_void(unchecked(void, address=unchecked(void.address, seq=0))),
                    "TL-PKT-001",
                ),
            ],
        },
    }


def message_case(
    name: str, signer: Signer, kind: StatementType, body: bytes, value: object
) -> Json:
    """One signed message of a channel."""
    statement = signed(signer.sign([(kind, body)]))
    return {
        "name": name,
        "signed": encode_signed(statement).hex(),
        "statement_id": statement.statement.id.hex(),
        "body": body.hex(),
        "fields": plain(value),
    }


def may_follow(before: Status, after: Status) -> bool:
    """Whether a status may follow another, or repeat."""

    try:
        verify_forward(before, after)
    except StatusBackwards:
        return False
    return True
