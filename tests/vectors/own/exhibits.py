"""exhibit-v1.json: exhibits of one packet, as its originator and its recipient make them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from support import agencies as b
from support.exhibits import (
    MX_NODE,
    US_NODE,
    Case,
    case,
    cosigned_case,
    counted_policy,
    opening,
    revocation,
)
from tearline.audit.event import Decision, EventCode, EventOutcome
from tearline.crypto.armor import Armor, armor
from tearline.policy.form import Form
from tearline.tlog.checkpoint import sign_checkpoint
from tearline.tlog.policy import LogPolicy
from tearline.verification.exhibit import Shown, verify_exhibit
from tearline.wire.exhibits import Exhibit, ProvenEntry, encode_exhibit
from tearline.wire.grants import encode_log_opening, parse_event
from tearline.wire.statements import encode_signed, header_of
from vectors.own import exhibits_by_directory, exhibits_replaced
from vectors.own.plain import Json, flip, plain, unchecked, unknown_field
from vectors.own.spelling import fields_of, pieces_of

BadCopy = tuple[str, str, str, Exhibit | bytes | str]
"""The rule that is broken, what is wrong, the code, and the exhibit, its bytes or its file."""


def exhibit_vectors() -> Json:
    """Good exhibits with what they show, and a bad copy for every rule of a verifier."""
    told = case()
    amount, name = told.slot("amount"), told.slot("name")
    receipt_alone = [*told.trust_of(US_NODE), told.first_blind + 1]
    made = {
        "one field, from the originator": told.exhibit([amount]),
        "three fields, and who got something of it": told.exhibit(
            [amount, name, told.slot("amount", Form.GENERALISED)], receipts=True
        ),
        "one field, from the recipient": told.exhibit([amount], entries=receipt_alone),
    }
    stated, renewed = cosigned_case(), exhibits_replaced.renewed()
    by_directory = exhibits_by_directory.good(stated)
    later = renewed.exhibit([renewed.slot("amount")])
    every = made | by_directory | {"one field, after the root was replaced": later}
    fields = [field for each in every.values() for _, field in fields_of(encode_exhibit(each))]
    policy = counted_policy()
    policed = [*exhibits_by_directory.by_policy(stated)]
    return {
        "federation": told.federation.id.hex(),
        "log": {
            "origin": b.ORIGIN,
            "vkeys": [each.verifier.encode() for each in b.log_signers()],
        },
        "policy": policy.encode().decode(),
        "manifest": encode_signed(told.manifest).hex(),
        "exhibits": [good_case(name, exhibit, told, policy) for name, exhibit in every.items()]
        + [
            good_case(name, exhibit, told, other, policy=other.encode().decode())
            for _, name, code, other, exhibit in policed
            if not code
        ],
        "refused": {
            "exhibit": [
                {"name": what, "rule": rule, **read, **told_by(given, fields), "code": code}
                for read, copies in (
                    ({"by": "statements"}, bad_copies(told)),
                    ({"by": "directory"}, exhibits_by_directory.bad_copies(stated)),
                    (told_of(later, told), exhibits_replaced.bad_copies(renewed)),
                )
                for rule, what, code, given in copies
            ]
            + [
                {"name": what, "rule": rule, **told_of(given, told)}
                | {"policy": other.encode().decode(), **told_by(given, fields), "code": code}
                for rule, what, code, other, given in policed
                if code
            ]
        },
    }


def good_case(name: str, exhibit: Exhibit, told: Case, by: LogPolicy, **more: str) -> Json:
    """An exhibit, what its reader knows, and what it shows."""
    federation = header_of(exhibit.manifest.statement.body).federation
    known = by if exhibit.leaves else None
    found = shows(verify_exhibit(exhibit, federation, policy=known))
    said = {**told_of(exhibit, told), **more, "file": file_of(exhibit), "shows": found}
    return {"name": name, **said}


def told_of(exhibit: Exhibit, told: Case) -> Json:
    """The form of an exhibit, and its federation if it is another one."""
    federation = header_of(exhibit.manifest.statement.body).federation
    by = {"by": "directory" if exhibit.leaves else "statements"}
    return by if federation == told.federation.id else by | {"federation": federation.hex()}


def file_of(exhibit: Exhibit) -> str:
    """An exhibit as a file."""
    return armor(Armor.EXHIBIT, encode_exhibit(exhibit))


def told_by(given: Exhibit | bytes | str, good: Sequence[bytes]) -> Json:
    """A bad copy by the fields that it has in common with good ones: most are the same."""
    if isinstance(given, str):
        return {"file": given}
    data = given if isinstance(given, bytes) else encode_exhibit(given)
    return {"pieces": pieces_of(data, good)}


def shows(shown: Shown) -> Json:
    """What a verified exhibit shows."""
    return {
        "packet": shown.packet.hex(),
        "originator": shown.originator.signer,
        "known_at": plain(shown.known_at),
        "accepted": shown.accepted,
        "fields": plain(shown.fields),
        "sightings": plain(shown.sightings),
    }


def bad_copies(told: Case) -> Iterator[BadCopy]:
    """Whatever a verifier must refuse."""
    amount = told.slot("amount")
    good, seen = told.exhibit([amount]), told.exhibit([amount], receipts=True)
    yield from misspelled(good, seen)
    yield from misproven(told, good)
    yield from misattributed(told, good, seen)
    yield from misshown(told, good)


def misspelled(good: Exhibit, seen: Exhibit) -> Iterator[BadCopy]:
    """X-1."""
    data = encode_exhibit(good)

    def malformed(what: str, value: bytes, rule: str = "X-1") -> BadCopy:
        return rule, what, "TL-PKT-001", value

    def unordered(**changes: Any) -> bytes:
        return encode_exhibit(unchecked(seen, **changes))

    yield malformed("cut short", data[:-1])
    yield malformed("an unknown field", unknown_field(data))
    yield malformed("no field is shown", unordered(fields=()))
    yield malformed("a field twice", unordered(fields=seen.fields * 2))
    yield malformed("entries out of order", unordered(entries=seen.entries[::-1]))
    yield malformed("a receipt twice", unordered(receipts=seen.receipts * 2))
    text = file_of(good)
    yield "X-1", "another label", "TL-USE-001", text.replace("EXHIBIT", "EVIDENCE")
    yield "X-1", "something before it", "TL-USE-001", f"Exhibit A\n{text}"
    yield "X-1", "nothing inside", "TL-USE-001", armor(Armor.EXHIBIT, b"")
    yield "X-1", "lines of another length", "TL-USE-001", text.replace("\n", "", 2)
    *clear, last = good.entries
    empty = unchecked(last, content=b"")
    yield malformed("an entry without content", unordered(entries=(*clear, empty)))
    nothing = replace(last, content=b"\1" + bytes(32))
    yield malformed("a blind entry unopened", unordered(entries=(*clear, nothing)), "X-1")


def misproven(told: Case, good: Exhibit) -> Iterator[BadCopy]:
    """X-4 to X-6."""
    first = told.first_blind
    accepted = parse_event(told.contents[first].event)

    def telling(**changes: Any) -> Exhibit:
        """A log that truly holds another event in the acceptance's place."""
        other = opening(first, replace(accepted, **changes))
        made = replace(told, contents=(*told.contents[:first], other))
        return made.exhibit([told.slot("amount")], entries=(*told.trust_of(US_NODE), first))

    def entry_of(change: Callable[[ProvenEntry], ProvenEntry]) -> Exhibit:
        *clear, last = good.entries
        return replace(good, entries=(*clear, change(last)))

    def opened(**changes: Any) -> Callable[[ProvenEntry], ProvenEntry]:
        content = encode_log_opening(replace(told.contents[first], **changes))
        return lambda entry: replace(entry, content=content)

    yield "X-4", "the opening of another index", "TL-LOG-020", entry_of(opened(index=first + 1))
    yield "X-4", "another federation's list", "TL-TRU-005", elsewhere()
    decision = Decision(compartment=0, category="method", form="exists", policies=(), slots=())
    granted = {"code": EventCode.GRANT_ACCEPTED, "counterpart": MX_NODE}
    refused = {"outcome": EventOutcome.REFUSED, "reason": "TL-POL-009"}
    for what, changes in (
        ("the entry of a grant", granted),
        ("an entry that tells of a compartment", {"decisions": (decision,)}),
        ("an entry of a refusal", refused),
        ("an entry about another packet", {"packet": b.secret("other")}),
        ("an acceptance of another statement", {"statement_id": b.secret("other")}),
        ("an acceptance from another node", {"actor": MX_NODE}),
    ):
        yield "X-4", what, "TL-LOG-020", telling(**changes)
    yield "X-5", "another salt of an entry", "TL-LOG-002", entry_of(opened(salt=b.secret("salt")))
    shorter = entry_of(lambda entry: replace(entry, path=entry.path[1:]))
    yield "X-5", "too short a path", "TL-LOG-001", shorter
    checkpoint = verify_exhibit(good, told.federation.id).checkpoint
    for what, code, note in (
        ("one of the log's keys has not signed", "TL-LOG-007", signed_note(checkpoint, 1)),
        ("no checkpoint", "TL-LOG-005", b"nothing\n"),
        ("a checkpoint of another log", "TL-LOG-006", foreign(checkpoint)),
    ):
        yield "X-6", what, code, replace(good, checkpoint=note)


def signed_note(checkpoint: Any, count: int) -> bytes:
    """The checkpoint under the first so many keys of the log."""
    return sign_checkpoint(checkpoint, b.log_signers()[:count], time_s=b.NOW_MS // 1000)


def foreign(checkpoint: Any) -> bytes:
    """The same tree under another log's name."""
    return signed_note(replace(checkpoint, origin="other.example/log"), 2)


def elsewhere() -> Exhibit:
    """The same, in a federation of three."""
    other = case(federated=b.federation())
    return other.exhibit([other.slot("amount")])


def misattributed(told: Case, good: Exhibit, seen: Exhibit) -> Iterator[BadCopy]:
    """X-7 and X-8."""
    amount, first = told.slot("amount"), told.first_blind
    silent = told.exhibit([amount], entries=told.trust_of(US_NODE))
    yield "X-7", "no entry about the packet", "TL-LOG-027", silent
    yield (
        "X-7",
        "a receipt for a manifest",
        "TL-PKT-001",
        replace(good, manifest=told.receipt),
    )
    forged = b.resigned(good.manifest, lambda signature: flip(signature, -1))
    yield "X-7", "a forged signature", "TL-KEY-002", replace(good, manifest=forged)
    founding = range(2 * len(told.federation.agencies))
    unrecorded = told.exhibit([amount], entries=(*founding, first))
    yield "X-7", "no record of the signer's key", "TL-TRU-002", unrecorded
    ended = case(revocation(told.federation, b.US, b.signing_key(US_NODE).id))
    yield (
        "X-7",
        "the signer's key had ended",
        "TL-TRU-002",
        ended.exhibit([ended.slot("amount")]),
    )
    yield (
        "X-8",
        "a receipt without its entry",
        "TL-LOG-027",
        replace(good, receipts=seen.receipts),
    )
    word = parse_event(told.contents[-1].event)
    for what, changes in (
        ("a receipt of another node", {"actor": US_NODE}),
        ("a receipt for another node", {"counterpart": MX_NODE}),
    ):
        turned = replace(word, **changes)
        made = replace(
            told, contents=(*told.contents[:-1], opening(len(told.contents) - 1, turned))
        )
        yield "X-8", what, "TL-LOG-020", made.exhibit([amount], receipts=True)


def misshown(told: Case, good: Exhibit) -> Iterator[BadCopy]:
    """X-9."""
    (field,) = good.fields
    name = told.exhibit([told.slot("name")]).fields[0]
    other = case()
    stranger = other.exhibit([other.slot("amount")]).fields[0]
    value = field.plaintext.replace(b"1250000", b"1350000")
    for what, changes in (
        ("another value", {"plaintext": value}),
        ("another slot's salt", {"salt": name.salt}),
        ("another slot", {"slot": name.slot}),
        ("a slot that is not there", {"slot": 2000}),
        ("more padding", {"plaintext": field.plaintext + b"\0"}),
        ("another marking", {"marking": name.marking}),
        ("another form", {"form": Form.GENERALISED, "mask": "band"}),
    ):
        yield (
            "X-9",
            what,
            "TL-PKT-006",
            replace(good, fields=(replace(field, **changes),)),
        )
    yield "X-9", "another packet's field", "TL-PKT-006", replace(good, fields=(stranger,))
