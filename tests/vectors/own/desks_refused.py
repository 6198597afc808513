"""desk-v1.json, whole: what the desks say, and what none of them says."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from support import agencies as b
from tearline.cases.case import CaseNote
from tearline.onward.consent import ConsentTerms
from tearline.packets.packet import Urgency
from tearline.packets.recall import Reach
from tearline.requests.step import Ground, ItemOutcome, StepNote
from tearline.sealing import recipients, seal_note
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.cases import encode_case_note, encode_case_step_prefix
from tearline.wire.consents import encode_consent_prefix, encode_terms
from tearline.wire.proposals import encode_proposal
from tearline.wire.requests import encode_note, encode_step_prefix
from tearline.wire.statements import encode_signed, signed
from vectors.own.desks import (
    CN,
    ENCODERS,
    MX,
    MX_NODE,
    US,
    US_NODE,
    Said,
    all_said,
    federation,
    kem_cases,
    person,
    statement_case,
)
from vectors.own.further import bytes_case, case
from vectors.own.plain import Json, flip, unchecked
from vectors.own.spelling import fields_of, respelled, spelled

T = StatementType
PREFIXES: dict[StatementType, Any] = {
    T.REQUEST_STEP: encode_step_prefix,
    T.CONSENT: encode_consent_prefix,
    T.CASE_STEP: encode_case_step_prefix,
}


def desk_vectors() -> Json:
    """What the desks say, and what none of them says."""
    found, said = federation(), all_said()
    by = {US_NODE: found.node(US), MX_NODE: found.node(MX)}
    named = {each.name: each for each in said}
    return {
        "federation": found.id.hex(),
        "entries": [
            {"index": index, "entry": clear_entry(each).hex()}
            for index, each in enumerate(found.clear)
        ],
        "judged_at": {"index": len(found.clear), "time_ms": b.NOW_MS},
        "kem": kem_cases((US_NODE, MX_NODE)),
        "statements": [statement_case(by[each.by], each) for each in said],
        "refused": {
            "body": [
                *standing_refused(named),
                *step_refused(named),
                *consent_refused(named),
                *recall_refused(named),
                *case_refused(named),
                *proposal_refused(named),
            ],
            "note": note_refused(named),
            "proposal": signatures_refused(named),
        },
    }


Named = dict[str, Said]


def wrong(rule: str, name: str, said: Said, code: str = "TL-PKT-001", /, **changes: Any) -> Json:
    """A body that says something else than it may."""
    return spelt(rule, name, said, ENCODERS[said.kind](unchecked(said.value, **changes)), code)


def spelt(rule: str, name: str, said: Said, body: bytes, code: str = "TL-PKT-001") -> Json:
    """A body that is spelled as none may be."""
    return bytes_case(rule, name, body, code, type=said.kind.value)


def standing_refused(named: Named) -> list[Json]:
    """Standings that are none."""
    said, lifted = named["three scopes are suspended"], named["an officer lifted two of them"]
    whole, article, way = said.value.suspensions
    act = lifted.value.officer

    def scopes(rule: str, name: str, *suspensions: Any, **changes: Any) -> Json:
        return wrong(rule, name, said, suspensions=suspensions, **changes)

    body = ENCODERS[said.kind](said.value)
    return [
        wrong("T-1", "the number 0", said, counter=0),
        wrong("T-1", "a number that is too high", said, counter=1 << 63),
        wrong("T-1", "an agreement of 15 bytes", said, agreement_id=bytes(15)),
        scopes("T-1", "scopes out of order", article, whole),
        scopes("T-1", "a scope twice", article, replace(article, reason=whole.reason)),
        spelt("T-1", "a reason that is none", said, body.replace(b"political", b"polytical")),
        spelt("T-1", "mail in flight is lost", said, body.replace(b"return", b"forget")),
        scopes("T-1", "a direction with one end", unchecked(way, recipient="")),
        scopes("T-1", "a direction of no article", unchecked(way, article="")),
        scopes("T-1", "a direction of two others", unchecked(way, sender=CN, recipient=MX)),
        scopes("T-1", "a direction to itself", unchecked(way, recipient=US)),
        scopes("T-1", "a direction to a node", unchecked(way, recipient=MX_NODE)),
        scopes("T-1", "ended, and only an article suspended", article, ended=True),
        wrong("T-1", "an officer of later on", lifted, officer=replace(act, counter=3)),
        wrong("T-1", "an officer of number 0", lifted, officer=replace(act, counter=0)),
    ]


def step_refused(named: Named) -> list[Json]:
    """Steps of requests that are none."""
    admit, clarify, contest, authorise, expire, dispute = (
        named[f"step {kind}"]
        for kind in ("admit", "clarify", "contest", "authorise", "expire", "dispute")
    )
    who = person("liaison")
    body = ENCODERS[admit.kind](admit.value)
    return [
        wrong("R-1", "admitted by nobody", admit, acted_by=None),
        wrong("R-1", "admitted by an analyst", admit, acted_by=person("a", "analyst")),
        wrong("R-1", "expired by a person", expire, acted_by=who),
        wrong("R-1", "disputed by a person", dispute, acted_by=who),
        spelt("R-1", "a kind that is none", admit, respelled(body, 4, spelled(4, b"admire"))),
        wrong("R-1", "the number 0", admit, number=0),
        wrong("R-1", "the number 257", admit, number=257),
        wrong("R-1", "257 steps are known", admit, known=257),
        wrong("R-1", "a request of 31 bytes", admit, request=bytes(31)),
        wrong("R-1", "time beside an admission", admit, extension_ms=1),
        wrong("R-1", "an authorisation of no time", authorise, extension_ms=0),
        wrong("R-1", "nothing in place of the urgency", contest, urgency=None),
        wrong("R-1", "an urgency beside an admission", admit, urgency=Urgency.URGENT),
        spelt(
            "R-1",
            "an urgency that is none",
            contest,
            respelled(ENCODERS[contest.kind](contest.value), 8, spelled(8, b"soon")),
        ),
        wrong("R-1", "the holder permits", clarify, permit=True),
        wrong("R-1", "a dispute about no entry", dispute, entry=0),
        wrong("R-1", "an entry beside an admission", admit, entry=7),
        wrong("R-1", "an entry beyond the log", dispute, entry=1 << 48),
    ]


def consent_refused(named: Named) -> list[Json]:
    """Steps of consents that are none."""
    asked, given = named["consent is asked for"], named["and given for one field"]
    refused = named["consent is refused"]
    body = ENCODERS[asked.kind](asked.value)
    return [
        wrong("O-10", "asked for without an end", asked, ends_ms=0),
        wrong("O-10", "given without an end", given, ends_ms=0),
        wrong("O-10", "refused until some time", refused, ends_ms=1),
        wrong("O-10", "given by nobody", given, acted_by=None),
        wrong("O-10", "a second person asks", asked, seconded_by=person("second")),
        wrong("O-10", "a consent of 15 bytes", asked, consent_id=bytes(15)),
        spelt("O-10", "a step that is none", asked, respelled(body, 4, spelled(4, b"beg"))),
        spelt("O-10", "a use that is none", asked, respelled(body, 5, spelled(5, b"sell"))),
    ]


def recall_refused(named: Named) -> list[Json]:
    """Recalls and answers that are none."""
    slots, whole = named["three slots of one grant"], named["all of a packet"]
    erased, kept = named["it is erased"], named["it is kept"]
    body, answer = (ENCODERS[each.kind](each.value) for each in (slots, erased))
    both = dict(fields_of(answer))[5]

    def saying(rule: str, name: str, of: Said, **changes: Any) -> Json:
        return wrong(rule, name, of, said=unchecked(of.value.said, **changes))

    return [
        spelt("RC-1", "a recall and an answer", slots, respelled(body, 5, both)),
        spelt("RC-1", "neither recall nor answer", slots, respelled(body, 4, b"")),
        saying("RC-1", "a whole packet, and one grant", whole, grant=b.secret("grant")),
        saying("RC-1", "slots out of order", slots, slots=(7, 0)),
        saying("RC-1", "a slot twice", slots, slots=(7, 7)),
        saying("RC-1", "a slot that no packet has", slots, slots=(2048,)),
        saying("RC-1", "an answer is due never", slots, respond_by_ms=0),
        saying("RC-1", "an answer is due too late", slots, respond_by_ms=1 << 63),
        saying("RC-1", "a grant of 31 bytes", slots, grant=bytes(31)),
        spelt("RC-1", "a reason that is none", slots, body.replace(b"source-at", b"source-in")),
        saying("RC-1", "what was done, out of order", erased, reach=(Reach.SEEN, Reach.OPENED)),
        spelt("RC-1", "what nobody does", erased, answer.replace(b"exported", b"expedite")),
        saying("RC-1", "an answer to 31 bytes", erased, recall=bytes(31)),
        saying("RC-1", "kept by nobody", kept, acted_by=None),
    ]


def case_refused(named: Named) -> list[Json]:
    """Steps of cases that are none."""
    said = named["a case is opened"]
    body = ENCODERS[said.kind](said.value)
    return [
        wrong("C-1", "the number 0", said, number=0),
        wrong("C-1", "a number that is too high", said, number=1 << 63),
        wrong("C-1", "a case of 15 bytes", said, case_id=bytes(15)),
        spelt("C-1", "a phase that is none", said, respelled(body, 5, spelled(5, b"lost"))),
    ]


def proposal_refused(named: Named) -> list[Json]:
    """Proposals that are none."""
    first, declined = named["terms are proposed"], named["or declined"]
    other = named["or answered with others"]
    void = replace(first.value.statement, type=T.VOID)
    return [
        wrong("AG-4", "declined until some time", declined, answer_by_ms=1),
        wrong("AG-4", "declined with other terms", declined, in_reply_to=b.secret("terms")),
        wrong("AG-4", "an answer to itself", other, in_reply_to=other.value.terms),
        wrong("AG-4", "an answer to 31 bytes", other, in_reply_to=bytes(31)),
        wrong("AG-4", "a void is proposed", first, statement=void),
    ]


def note_refused(named: Named) -> list[Json]:
    """Notes that do not open, or say what their step does not."""
    admit, asked = named["step admit"], named["consent is asked for"]

    def resealed(
        rule: str, name: str, said: Said, note: bytes, code: str = "TL-PKT-001", **changes: Any
    ) -> Json:
        value = replace(said.value, sealed=b"", **changes)
        key = b.kem_key(value.address.recipient).public
        sealed = seal_note(note, key, said.kind, PREFIXES[said.kind](value))
        return spelt(rule, name, said, ENCODERS[said.kind](replace(value, sealed=sealed)), code)

    def step(rule: str, name: str, kind: str, note: StepNote, **said: Any) -> Json:
        bad = encode_note(unchecked(note, **said))
        return resealed(rule, name, named[f"step {kind}"], bad)

    def terms(name: str, of: str, **changes: Any) -> Json:
        bad = unchecked(ConsentTerms(fields=("aa/Person/name",), scope=b.node_of(CN)), **changes)
        return resealed("O-10", name, named[of], encode_terms(bad))

    def members(name: str, **changes: Any) -> Json:
        bad = encode_case_note(unchecked(CaseNote(title="t"), **changes))
        return resealed("C-1", name, named["a case is opened"], bad)

    def around(name: str, said: Said, code: str, **changes: Any) -> Json:
        body = ENCODERS[said.kind](replace(said.value, **changes))
        return spelt("S-21", name, said, body, code)

    sealed, closed = admit.value.sealed, "TL-PKT-008"
    key = b.kem_key(US_NODE).public
    as_case = seal_note(admit.note, key, T.CASE_STEP, admit.prefix)
    filled = (len(admit.note).to_bytes(4) + admit.note).ljust(128, b"\1")
    with patch.object(recipients, "padded", lambda _note: filled):
        padded = seal_note(admit.note, key, admit.kind, admit.prefix)
    one, other = ItemOutcome(number=1), ItemOutcome(number=2, ground=Ground.LEGAL_BAR)
    answer = {"answer": b.secret("answer")}
    neither = ItemOutcome(number=1, ground=Ground.NEITHER)
    return [
        around("the ciphertext was changed", admit, closed, sealed=flip(sealed, -1)),
        around("the encapsulation was changed", admit, closed, sealed=flip(sealed, 3)),
        around("another number stands around it", admit, closed, number=2),
        around("another end stands around it", asked, closed, ends_ms=b.NOW_MS),
        around("it was sealed as a step of a case", admit, closed, sealed=as_case),
        around("its padding is not zero", admit, "TL-PKT-001", sealed=padded),
        around("it is shorter than an encapsulation", admit, closed, sealed=sealed[:1000]),
        step("R-2", "items out of order", "partial", StepNote(), items=(other, one), **answer),
        step("R-2", "an item twice", "partial", StepNote(), items=(one, one), **answer),
        step("R-2", "an answer without a packet", "answer", StepNote(), items=(one,)),
        step(
            "R-2", "a packet that answers nothing", "partial", StepNote(), items=(other,), **answer
        ),
        step("R-2", "an admission decides an item", "admit", StepNote(), items=(other,)),
        step("R-2", "a part that decides nothing", "partial", StepNote()),
        step("R-2", "a refusal answers", "refuse", StepNote(), items=(one,), **answer),
        step("R-2", "a supplement refuses", "supplement", StepNote(), items=(one, other), **answer),
        step("R-2", "an admission is useful", "admit", StepNote(), useful=True),
        step("R-2", "the end says not whether it was", "close", StepNote()),
        step("R-2", "a question without words", "clarify", StepNote()),
        step(
            "R-2", "an item of number 0", "refuse", StepNote(), items=(unchecked(other, number=0),)
        ),
        step("R-2", "a text of 4097 bytes", "admit", StepNote(), text="x" * 4097),
        step("R-2", "neither nor, and a word", "refuse", StepNote(), items=(neither,), text="none"),
        terms("nothing is asked for", "consent is asked for", fields=()),
        terms("given for no scope", "and given for one field", scope=""),
        terms("refused for a field", "consent is refused", scope=""),
        terms("fields out of order", "consent is asked for", fields=("b", "a")),
        terms("a field without a path", "consent is asked for", fields=("",)),
        terms("passed on to an agency", "consent is asked for", scope=CN),
        members("agencies out of order", members=(US, CN)),
        members("an agency twice", asked=(CN, CN)),
        members("in the case and asked about", members=(CN, US), asked=(CN, MX)),
        members("consented and objected to", consents=(CN,), objections=(CN,)),
        members("a node is in the case", members=(US_NODE,)),
        members("a title of 257 bytes", title="x" * 257),
    ]


def signatures_refused(named: Named) -> list[Json]:
    """Proposals with other signatures, or of others, than AG-4 say."""
    found = federation()
    us, mx = found.node(US), found.node(MX)
    first, joined = named["terms are proposed"].value, named["and signed by a party"].value
    agreement = parse_agreement(first.statement.body)

    def say(rule: str, name: str, value: Any, terms: Any = None, **changes: Any) -> Json:
        if terms is not None:
            changes |= {"statement": terms.statement, "attestations": terms.attestations}
        by = us if value.header == us.header else mx
        body = encode_proposal(replace(value, **changes))
        encoded = encode_signed(signed(by.sign([(T.PROPOSAL, body)])))
        return case(rule, name, "TL-AGR-020", signed=encoded.hex())

    def agreed(*signers: Any, parties: Any = ()) -> Any:
        terms = replace(agreement.terms, parties=parties or agreement.terms.parties)
        return b.signed_by(T.AGREEMENT, encode_agreement(replace(agreement, terms=terms)), *signers)

    return [
        say("AG-4", "signed by its drafter alone", joined, agreed(us)),
        say("AG-4", "signed by a root besides", joined, agreed(us, mx, found.signer(US))),
        say("AG-4", "declined and signed", joined, declined=True),
        say("AG-4", "with a party that is no agency", first, agreed(us, parties=(CN, MX, US))),
    ]
