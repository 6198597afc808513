"""Proofs of erased entries, for judged-v1.json."""

from dataclasses import replace

from support import agencies as b
from support.exhibits import MX_NODE, US_NODE, Case
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import StatementType
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import blind_entry
from tearline.wire.erasures import (
    ErasedEntry,
    ProvenAgreement,
    encode_erased_entry,
    encode_erasure,
    parse_erasure,
)
from tearline.wire.exhibits import ProvenEntry
from tearline.wire.federation import parse_key_record
from tearline.wire.statements import Signed, parse_signed
from vectors.own.judged_story import NEXT, Told, ordered
from vectors.own.plain import Json
from vectors.own.spelling import fields_of, pieces_of


def opening_at(log: Case, index: int) -> LogOpening:
    """The opening of a blind entry."""
    content = log.contents[index]
    assert isinstance(content, LogOpening)
    return content


def clear_of(told: Told, below: int, *keys: bytes) -> tuple[ProvenEntry, ...]:
    """The founding, the records of these keys and the revocations below an index, proven."""

    def concerns(entry: bytes) -> bool:
        statement = parse_signed(entry[1:]).statement
        record = statement.type is StatementType.KEY_RECORD
        return not record or parse_key_record(statement.body).key_id in keys

    contents = told.case.contents[:below]
    found = [i for i, each in enumerate(contents) if isinstance(each, bytes) and concerns(each)]
    return tuple(map(told.case.entry, found))


def shown(told: Told, name: str, order: Signed) -> ErasedEntry:
    """What is shown in the place of an entry that an order erased."""
    (index,) = parse_erasure(order.statement.body).indices
    gone = opening_at(told.case, index)
    at = told.indices[name]
    return ErasedEntry(
        entry=blind_entry(gone.salt, gone.event),
        order=order,
        erased=opening_at(told.case, at),
        path=told.case.entry(at).path,
        entries=clear_of(told, at, NEXT.id, b.signing_key(MX_NODE).id, b.signing_key(US_NODE).id),
    )


def erased_vectors(told: Told) -> tuple[Json, list[Json]]:
    """Two erased entries, and orders that do not hold."""
    log, place = told.case, told.indices["agreement"]
    by_both = shown(told, "erased by both", told.by_both)
    due = replace(
        shown(told, "erased by retention", told.by_retention),
        agreement=ProvenAgreement(
            signed=told.agreement, entry=opening_at(log, place), path=log.entry(place).path
        ),
    )
    mx, exchange = log.federation.node(b.MX), log.federation.signer(b.EXCHANGE)
    receipt, grant = told.indices["receipt"], told.indices["grant"]

    def other(entry: ErasedEntry, order: Signed) -> ErasedEntry:
        return replace(entry, order=order)

    elsewhere = replace(by_both.erased, index=by_both.erased.index + 1)
    no_order = b.signed_by(StatementType.MARK, encode_erasure(told.asked), told.us, mx)
    signer_lost = tuple(e for e in by_both.entries if e.index != told.indices["next key"])
    wrong = [
        ("L-29", "nothing in its place", "TL-LOG-020", receipt, None),
        ("L-27", "signed by one agency", "TL-LOG-038", receipt,
         other(by_both, ordered(told.asked, told.us))),
        ("L-27", "signed by the exchange too", "TL-LOG-038", receipt,
         other(by_both, ordered(told.asked, told.us, mx, exchange))),
        ("L-29", "of another entry", "TL-LOG-038", receipt,
         other(by_both, ordered(replace(told.asked, indices=(grant,)), told.us, mx))),
        ("L-29", "an order that was not logged", "TL-LOG-038", receipt,
         other(by_both, ordered(replace(told.asked, reason="another"), told.us, mx))),
        ("L-29", "a statement that is no order", "TL-LOG-038", receipt, other(by_both, no_order)),
        ("L-29", "logged elsewhere", "TL-LOG-002", receipt, replace(by_both, erased=elsewhere)),
        ("L-29", "another entry than the tree's", "TL-LOG-002", receipt,
         replace(by_both, entry=due.entry)),
        ("L-29", "without a signer's key", "TL-TRU-002", receipt,
         replace(by_both, entries=signer_lost)),
        ("L-31", "without the agreement", "TL-LOG-041", grant, replace(due, agreement=None)),
        ("L-31", "by retention, signed by an agency", "TL-LOG-041", grant,
         replace(shown(told, "erased by an agency", told.by_agency), agreement=due.agreement)),
        ("L-31", "by retention, too early", "TL-LOG-041", grant,
         replace(shown(told, "erased too early", told.too_early), agreement=due.agreement)),
    ]  # fmt: skip
    shown_well = [encode_erased_entry(each) for each in (by_both, due)]
    fields = [field for each in shown_well for _, field in fields_of(each)]

    def at(index: int, extra: bytes) -> Json:
        proof = LogProof(index=index, path=log.entry(index).path, note=log.note, extra=extra)
        return {"index": index, "proof": proof.encode().decode()}

    good = [
        {"name": "by both agencies", **at(receipt, shown_well[0])},
        {"name": "by retention", **at(grant, shown_well[1])},
    ]
    refused = [
        {"name": name, "rule": rule, "index": index}
        | {"pieces": pieces_of(encode_erased_entry(entry), fields) if entry else []}
        | {"code": code}
        for rule, name, code, index, entry in wrong
    ]
    return good, refused
