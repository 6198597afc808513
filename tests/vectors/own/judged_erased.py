"""Proofs of erased entries, for judged-v1.json."""

from dataclasses import replace

from support import agencies as b
from support.exhibits import MX_NODE, US_NODE, Case
from tearline.audit.erasure import ERASABLE, RETAINED, Erasure
from tearline.audit.event import Event, EventCode
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
from tearline.wire.grants import encode_event
from tearline.wire.statements import Signed, parse_signed
from vectors.own.judged_story import LASTING, LATER_MS, NEXT, US, Told, ordered
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
        entries=clear_of(
            told, at, NEXT.id, LASTING.id, b.signing_key(MX_NODE).id, b.signing_key(US_NODE).id
        ),
    )


def agreed(told: Told, agreement: Signed, name: str) -> ProvenAgreement:
    """An agreement, with the entry of a name."""
    place = told.indices[name]
    return ProvenAgreement(
        signed=agreement, entry=opening_at(told.case, place), path=told.case.entry(place).path
    )


def over_right(told: Told, due: ErasedEntry) -> dict[str, ErasedEntry]:
    """Further orders by retention that hold."""
    second = agreed(told, told.terms["of two versions"], "of two versions")
    ended = agreed(told, told.terms["that ended"], "that ended")
    entries = {name: shown(told, name, order) for name, order in told.orders.items()}
    return {
        "to the last millisecond": replace(
            entries["to the last millisecond"], agreement=due.agreement
        ),
        "as the version begins": replace(entries["by the second version"], agreement=second),
        "behind the agreement's end": replace(due, agreement=ended),
        "of an entry that names one party": replace(
            entries["for one party"], agreement=due.agreement
        ),
        "by the exchange's next key": replace(entries["by its next key"], agreement=due.agreement),
    }


def over_wrong(told: Told, due: ErasedEntry) -> list[tuple[str, str, str, ErasedEntry]]:
    """What breaks one clause each of L-27, and of L-29 about the shown agreement."""
    assert due.agreement is not None
    terms = {
        name: replace(due, agreement=agreed(told, told.terms[name], name))
        for name in ("of another id", "that begins later", "that keeps for ever", "by one party")
    }
    orders = {
        name: replace(shown(told, name, told.orders[name]), agreement=due.agreement)
        for name in (
            *("by an agency, too", "by the second version"),
            *("a millisecond too early", "for a stranger"),
        )
    }
    wrong = [("L-27", name, "TL-LOG-041", entry) for name, entry in (terms | orders).items()]
    unlogged = replace(due.agreement, signed=told.terms["without an entry"])
    elsewhere = replace(due.agreement, path=due.agreement.path[::-1])
    retired = shown(told, "by its old key", told.orders["by its old key"])
    return [
        *wrong,
        ("L-25", "by the exchange's old key", "TL-TRU-002",
         replace(retired, agreement=due.agreement)),
        ("L-29", "an agreement without an entry", "TL-LOG-041",
         replace(due, agreement=unlogged)),
        ("L-29", "an agreement behind it", "TL-LOG-041",
         replace(due, agreement=agreed(told, told.agreement, "agreed later"))),
        ("L-29", "an agreement of another tree", "TL-LOG-002",
         replace(due, agreement=elsewhere)),
        ("L-29", "an agreement by a key that had ended", "TL-TRU-002",
         replace(due, agreement=agreed(told, told.terms["by an ended key"], "by an ended key"))),
    ]  # fmt: skip


def covered_vectors(told: Told) -> tuple[list[Json], list[Json]]:
    """Events that an order may erase, and others."""
    both, due = told.asked, told.due
    event = Event(
        statement_id=b.secret("covered"),
        code=EventCode.RECEIPT,
        party=US,
        time_ms=b.NOW_MS,
        actor=MX_NODE,
        counterpart=US_NODE,
        agreement_id=b.AGREEMENT_ID,
    )

    def case(name: str, order: Erasure, event: Event) -> Json:
        return {
            "name": name,
            "order": encode_erasure(order).hex(),
            "index": order.indices[0],
            "event": encode_event(event).hex(),
        }

    by = {"by both": (both, ERASABLE), "by retention": (due, RETAINED)}
    good = [
        case(f"{name}, {code.value}", order, replace(event, code=code))
        for name, (order, codes) in by.items()
        for code in EventCode
        if code in codes
    ]
    good += [
        case(
            "by retention, the exchange acts",
            due,
            replace(event, actor=b.EXCHANGE, counterpart=MX_NODE),
        ),
        case("by retention, the last of them", due, replace(event, time_ms=due.latest_ms)),
        case("by both, later than any", both, replace(event, time_ms=LATER_MS)),
    ]
    refused = []
    for name, (order, codes) in by.items():
        rule, code = ("L-23", "TL-LOG-038") if order is both else ("L-27", "TL-LOG-041")
        wrong = {
            **{
                each.value: replace(event, code=each)
                for each in EventCode
                if each not in codes and not each.value.startswith("access-")
            },
            "of another agreement": replace(event, agreement_id=bytes(16)),
            "of no agreement": replace(event, agreement_id=b""),
            "that names one of them": replace(event, actor=US_NODE),
            "that names a third": replace(event, counterpart=b.node_of(b.CN)),
        }
        if order is both:
            wrong["of the exchange"] = replace(event, actor=b.EXCHANGE)
        else:
            wrong["later than the last"] = replace(event, time_ms=due.latest_ms + 1)
        refused += [
            case(f"{name}, {said}", order, each) | {"code": code, "rule": rule}
            for said, each in wrong.items()
        ]
    return good, refused


def erased_vectors(told: Told) -> tuple[Json, list[Json]]:
    """Two erased entries, and orders that do not hold."""
    log = told.case
    by_both = shown(told, "erased by both", told.by_both)
    due = replace(
        shown(told, "erased by retention", told.by_retention),
        agreement=agreed(told, told.agreement, "agreement"),
    )
    mx, exchange = log.federation.node(b.MX), log.federation.signer(b.EXCHANGE)
    receipt, grant = told.indices["receipt"], told.indices["grant"]

    def other(entry: ErasedEntry, order: Signed) -> ErasedEntry:
        return replace(entry, order=order)

    elsewhere = replace(by_both.erased, index=by_both.erased.index ^ 1)
    no_order = b.signed_by(StatementType.MARK, encode_erasure(told.asked), told.us, mx)
    signer_lost = tuple(e for e in by_both.entries if e.index != told.indices["next key"])
    wrong = [
        ("L-25", "nothing in its place", "TL-LOG-020", receipt, None),
        ("L-23", "signed by one agency", "TL-LOG-038", receipt,
         other(by_both, ordered(told.asked, told.us))),
        ("L-23", "signed by the exchange too", "TL-LOG-038", receipt,
         other(by_both, ordered(told.asked, told.us, mx, exchange))),
        ("L-25", "of another entry", "TL-LOG-038", receipt,
         other(by_both, ordered(replace(told.asked, indices=(grant,)), told.us, mx))),
        ("L-25", "an order that was not logged", "TL-LOG-038", receipt,
         other(by_both, ordered(replace(told.asked, reason="another"), told.us, mx))),
        ("L-25", "a statement that is no order", "TL-LOG-038", receipt, other(by_both, no_order)),
        ("L-25", "logged elsewhere", "TL-LOG-002", receipt, replace(by_both, erased=elsewhere)),
        ("L-25", "another entry than the tree's", "TL-LOG-002", receipt,
         replace(by_both, entry=due.entry)),
        ("L-25", "an event of another code", "TL-LOG-038", receipt,
         shown(told, "told as an agreement", told.by_both)),
        ("L-25", "an event for a stranger", "TL-LOG-038", receipt,
         shown(told, "erased for a stranger", told.by_both)),
        ("L-25", "without a signer's key", "TL-TRU-002", receipt,
         replace(by_both, entries=signer_lost)),
        ("L-27", "without the agreement", "TL-LOG-041", grant, replace(due, agreement=None)),
        ("L-27", "by retention, signed by an agency", "TL-LOG-041", grant,
         replace(shown(told, "erased by an agency", told.by_agency), agreement=due.agreement)),
        ("L-27", "by retention, too early", "TL-LOG-041", grant,
         replace(shown(told, "erased too early", told.too_early), agreement=due.agreement)),
        ("L-25", "signed by both, with an agreement", "TL-LOG-038", receipt,
         replace(by_both, agreement=due.agreement)),
        *((rule, f"by retention, {name}", code, grant, entry)
          for rule, name, code, entry in over_wrong(told, due)),
    ]  # fmt: skip
    right = over_right(told, due)
    shown_well = [encode_erased_entry(each) for each in (by_both, due, *right.values())]
    fields = [field for each in shown_well for _, field in fields_of(each)]

    def at(index: int, extra: bytes) -> Json:
        proof = LogProof(index=index, path=log.entry(index).path, note=log.note, extra=extra)
        return {"index": index, "proof": proof.encode().decode()}

    good = [
        {"name": "by both agencies", **at(receipt, shown_well[0])},
        {"name": "by retention", **at(grant, shown_well[1])},
        *(
            {"name": f"by retention, {name}", **at(grant, extra)}
            for name, extra in zip(right, shown_well[2:], strict=True)
        ),
    ]
    refused = [
        {"name": name, "rule": rule, "index": index}
        | {"pieces": pieces_of(encode_erased_entry(entry), fields) if entry else []}
        | {"code": code}
        for rule, name, code, index, entry in wrong
    ]
    return good, refused
