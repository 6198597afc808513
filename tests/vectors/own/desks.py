"""desk-v1.json: what people do with each other beyond sending, one statement of each type."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from support import agencies as b
from tearline.agreements.proposal import Proposal
from tearline.cases.case import CaseNote, CaseStep, Phase
from tearline.encoding import label
from tearline.onward.consent import Consent, ConsentStep, ConsentTerms
from tearline.onward.use import Use
from tearline.packets.packet import Urgency
from tearline.packets.recall import (
    KeepGround,
    Reach,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallReason,
)
from tearline.requests.step import Ground, ItemOutcome, RequestStep, Side, StepKind, StepNote
from tearline.sealing import seal_note
from tearline.statements.channel import Address
from tearline.statements.statement import ActedBy, StatementType
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.v1 import (
    case_pb2,
    consent_pb2,
    proposal_pb2,
    recall_pb2,
    request_pb2,
    standing_pb2,
)
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.cases import encode_case_note, encode_case_step, encode_case_step_prefix
from tearline.wire.consents import encode_consent, encode_consent_prefix, encode_terms
from tearline.wire.proposals import encode_proposal
from tearline.wire.recalls import encode_recall
from tearline.wire.requests import encode_note, encode_step, encode_step_prefix
from tearline.wire.statements import encode_signed, parse_signed, signed
from tearline.wire.suspensions import encode_standing
from vectors.own.frozen import file_of
from vectors.own.plain import Json

US, MX, CN = b.US, b.MX, b.CN
US_NODE, MX_NODE = b.node_of(US), b.node_of(MX)
T = StatementType
BODIES: dict[StatementType, Any] = {
    T.STANDING: standing_pb2.PartyStanding,
    T.REQUEST_STEP: request_pb2.RequestStep,
    T.CONSENT: consent_pb2.Consent,
    T.RECALL: recall_pb2.Recall,
    T.CASE_STEP: case_pb2.CaseStep,
    T.PROPOSAL: proposal_pb2.Proposal,
}
NOTES: dict[StatementType, Any] = {
    T.REQUEST_STEP: request_pb2.RequestNote,
    T.CONSENT: consent_pb2.ConsentTerms,
    T.CASE_STEP: case_pb2.CaseNote,
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """One statement of a desk, before it is signed.

    Attributes:
        name: What it shows.
        kind: Its type.
        by: URI of the node that signs.
        value: What its body says.
        prefix: Its encoding before the sealed part; empty where there is none.
        note: What is sealed, encoded.
    """

    name: str
    kind: StatementType
    by: str
    value: Any
    prefix: bytes = b""
    note: bytes = b""

    @property
    def reader(self) -> str:
        """URI of the node that it is for."""
        return US_NODE if self.by == MX_NODE else MX_NODE


def federation() -> b.Federation:
    """Two agencies whose keys list every type."""
    return b.federation(US, MX)


def person(name: str, role: str = "liaison") -> ActedBy:
    """Who acts."""
    return ActedBy(
        pseudonym=b.secret(name), role=role, token_hash=b.secret(f"token of {name}"),
        time_ms=b.NOW_MS,
    )  # fmt: skip


def place(recipient: str, seq: int = 1) -> Address:
    """A place in a channel."""
    return Address(recipient=recipient, agreement_id=b.AGREEMENT_ID, seq=seq)


def told(message: Any) -> Json:
    """A message by the field names of the specifications; an absent message is null."""
    found: dict[str, Json] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated:
            found[field.name] = [_told(each) for each in value]
        elif field.message_type is not None and not message.HasField(field.name):
            found[field.name] = None
        else:
            found[field.name] = _told(value)
    return found


def _told(value: Any) -> Json:
    if isinstance(value, bytes):
        return value.hex()
    return told(value) if hasattr(value, "DESCRIPTOR") else value


def standings(us: Any) -> list[Said]:
    """Of one agency: everything suspended in three scopes; lifted by an officer; ended."""
    whole = Suspension(
        article="", sender="", recipient="", reason=Reason.POLITICAL,
        in_flight=InFlight.HOLD, originated=Originated.KEEP,
    )  # fmt: skip
    article = replace(whole, article="money-laundering", reason=Reason.LEAK)
    way = replace(
        article, sender=US, recipient=MX, in_flight=InFlight.RETURN, originated=Originated.FREEZE
    )
    first = Standing(
        header=us.header, agreement_id=b.AGREEMENT_ID, counter=1,
        suspensions=(whole, article, way), ended=False, officer=None,
        acted_by=person("analyst", "analyst"), time_ms=b.NOW_MS,
    )  # fmt: skip
    officer = person("officer", "officer")
    act = OfficerAct(counter=2, acted_by=officer)
    lifted = replace(first, counter=2, suspensions=(way,), officer=act, acted_by=officer)
    again = replace(lifted, counter=3, acted_by=None, time_ms=b.NOW_MS + 1)
    ended = replace(
        again, counter=1 << 40, suspensions=(whole,), ended=True,
        officer=OfficerAct(counter=1 << 40, acted_by=officer), acted_by=officer,
    )  # fmt: skip
    return [
        Said(name=name, kind=T.STANDING, by=US_NODE, value=value)
        for name, value in [
            ("three scopes are suspended", first),
            ("an officer lifted two of them", lifted),
            ("it is said again", again),
            ("the agreement is ended", ended),
        ]
    ]


def request_steps(us: Any, mx: Any) -> list[Said]:
    """Of both sides of a request: each kind of step once."""
    request, answer = b.secret("request"), b.secret("answer")
    refused = ItemOutcome(number=2, ground=Ground.SOURCE_PROTECTION)
    neither = ItemOutcome(number=3, ground=Ground.NEITHER)
    days = 24 * 3_600_000
    steps: list[tuple[StepKind, StepNote, dict[str, Any]]] = [
        (StepKind.ADMIT, StepNote(), {}),
        (StepKind.CLARIFY, StepNote(text="which year?"), {}),
        (StepKind.CLARIFIED, StepNote(text="2026"), {"permit": True}),
        (StepKind.PERMIT, StepNote(), {}),
        (StepKind.AUTHORISE, StepNote(text="a judge must sign"), {"extension_ms": 5 * days}),
        (StepKind.CONTEST, StepNote(text="no date is named"), {"urgency": Urgency.ROUTINE}),
        (StepKind.LOWER, StepNote(), {"urgency": Urgency.URGENT}),
        (StepKind.CONFIRM, StepNote(text="Friday"), {}),
        (StepKind.PARTIAL, StepNote(items=(ItemOutcome(number=1), refused), answer=answer), {}),
        (StepKind.REFUSE, StepNote(items=(neither,)), {}),
        (
            StepKind.ANSWER,
            StepNote(items=(ItemOutcome(number=256),), answer=answer, text="all"),
            {},
        ),
        (StepKind.SUPPLEMENT, StepNote(items=(ItemOutcome(number=2),), answer=answer), {}),
        (StepKind.EXTEND, StepNote(), {}),
        (StepKind.REJECT, StepNote(text="it names no offence"), {}),
        (StepKind.WITHDRAW, StepNote(), {}),
        (StepKind.EXPIRE, StepNote(), {}),
        (StepKind.DISPUTE, StepNote(text="it came an hour before"), {"entry": (1 << 40) + 1}),
        (StepKind.CLOSE, StepNote(useful=False, text="李"), {}),
    ]
    found = []
    for number, (kind, note, rest) in enumerate(steps, 1):
        by, recipient = (us, MX_NODE) if kind.sides == (Side.ASKER,) else (mx, US_NODE)
        step = RequestStep(
            header=by.header, address=place(recipient, number), request=request, kind=kind,
            number=number, known=0 if number == 1 else 256,
            acted_by=None if kind in (StepKind.EXPIRE, StepKind.DISPUTE) else person("liaison"),
            kem_key_id=b.kem_key(recipient).id, **rest,
        )  # fmt: skip
        found.append(
            sealed(
                f"step {kind.value}", T.REQUEST_STEP, step, encode_step_prefix, encode_note(note)
            )
        )
    return found


def consents(us: Any, mx: Any) -> list[Said]:
    """Asked, given in part, refused, withdrawn."""
    third = b.node_of(CN)
    asked = Consent(
        header=mx.header, address=place(US_NODE), consent_id=b.secret("consent", 16),
        step=ConsentStep.ASK, use=Use.PASS_ON, packet=b.secret("packet"),
        ends_ms=b.NOW_MS + b.DAY_MS, kem_key_id=b.kem_key(US_NODE).id,
        acted_by=None, sealed=b"",
    )  # fmt: skip
    back = {"header": us.header, "address": place(MX_NODE), "kem_key_id": b.kem_key(MX_NODE).id}
    given = replace(asked, **back, step=ConsentStep.GIVE, acted_by=person("officer", "officer"))
    two = replace(
        given, consent_id=b.secret("another", 16), seconded_by=person("second", "officer")
    )
    no = replace(given, step=ConsentStep.REFUSE, use=Use.EVIDENCE, ends_ms=0)
    gone = replace(asked, step=ConsentStep.WITHDRAW, use=Use.PURPOSE, ends_ms=0)
    terms = ConsentTerms(fields=("aa/Person/name", "aa/Person/phone"), scope=third, note="please")
    return [
        sealed(name, T.CONSENT, value, encode_consent_prefix, encode_terms(said))
        for name, value, said in [
            ("consent is asked for", asked, terms),
            ("and given for one field", given, replace(terms, fields=terms.fields[:1], note="")),
            ("and given by two persons", two, replace(terms, note="")),
            ("consent is refused", no, ConsentTerms(note="it is needed here")),
            ("consent is not asked for any more", gone, ConsentTerms()),
        ]
    ]


def recalls(us: Any, mx: Any) -> list[Said]:
    """From one recipient, from everybody, and both answers."""
    order = RecallOrder(
        grant=b.secret("grant"), slots=(0, 7, 2047), reason=RecallReason.SOURCE_AT_RISK,
        respond_by_ms=b.NOW_MS + b.DAY_MS, acted_by=person("officer", "officer"),
    )  # fmt: skip
    whole = RecallOrder(whole=True, reason=RecallReason.MISTAKE, respond_by_ms=1)
    erased = RecallAnswer(recall=b.secret("recall"), reach=(Reach.EXPORTED, Reach.SEEN))
    kept = replace(erased, ground=KeepGround.COURT_ORDER, reach=(), acted_by=person("officer"))
    return [
        Said(
            name=name,
            kind=T.RECALL,
            by=US_NODE if by is us else MX_NODE,
            value=Recall(header=by.header, address=place(to), packet=b.secret("packet"), said=said),
        )
        for name, by, to, said in [
            ("three slots of one grant", us, MX_NODE, order),
            ("all of a packet", us, MX_NODE, whole),
            ("it is erased", mx, US_NODE, erased),
            ("it is kept", mx, US_NODE, kept),
        ]
    ]


def case_steps(us: Any, mx: Any) -> list[Said]:
    """Of the lead and of a member."""
    lead = CaseStep(
        header=us.header, address=place(MX_NODE), case_id=b.secret("case", 16), number=1,
        phase=Phase.INVITED, kem_key_id=b.kem_key(MX_NODE).id,
        acted_by=person("analyst", "analyst"), sealed=b"",
    )  # fmt: skip
    member = replace(
        lead, header=mx.header, address=place(US_NODE), phase=Phase.ACCEPTED,
        kem_key_id=b.kem_key(US_NODE).id,
    )  # fmt: skip
    told_lead = CaseNote(title="水路", summary="Mirror transfers.", members=(US,), asked=(CN, MX))
    return [
        sealed(name, T.CASE_STEP, value, encode_case_step_prefix, encode_case_note(note))
        for name, value, note in [
            ("a case is opened", lead, told_lead),
            ("the member accepts", member, CaseNote(consents=(CN,))),
            ("and is admitted", replace(lead, number=2, phase=Phase.ADMITTED, acted_by=None),
             replace(told_lead, members=(MX, US), asked=())),
            ("the member objects", replace(member, number=9), CaseNote(objections=(CN,))),
            ("and leaves", replace(member, number=10, phase=Phase.LEFT), CaseNote()),
            ("the case is closed", replace(lead, number=(1 << 63) - 1, phase=Phase.CLOSED),
             CaseNote()),
        ]
    ]  # fmt: skip


def proposals(us: Any, mx: Any) -> list[Said]:
    """Of the drafter, of a party that signs too, of one that answers, of one that declines."""
    frozen = parse_signed(bytes.fromhex(file_of("agreement")["agreements"][0]["signed"]))
    agreement = replace(parse_agreement(frozen.statement.body), header=us.header)
    body = encode_agreement(agreement)
    drafted = b.signed_by(T.AGREEMENT, body, us)
    both = b.signed_by(T.AGREEMENT, body, us, mx)
    other = b.signed_by(
        T.AGREEMENT, encode_agreement(replace(agreement, header=mx.header, onward_use="None.")), mx
    )

    def proposal(by: Any, terms: Any, **rest: Any) -> Proposal:
        values = {"declined": False, "in_reply_to": b"", "answer_by_ms": 0} | rest
        return Proposal(
            header=by.header, statement=terms.statement, attestations=terms.attestations, **values
        )

    return [
        Said(name=name, kind=T.PROPOSAL, by=US_NODE if by is us else MX_NODE, value=value)
        for name, by, value in [
            ("terms are proposed", us, proposal(us, drafted, answer_by_ms=b.NOW_MS + 1)),
            ("and signed by a party", mx, proposal(mx, both)),
            ("or answered with others", mx, proposal(mx, other, in_reply_to=drafted.statement.id)),
            ("or declined", mx, proposal(mx, drafted, declined=True)),
        ]
    ]


def sealed(
    name: str,
    kind: StatementType,
    value: Any,
    prefix_of: Callable[[Any], bytes],
    note: bytes,
) -> Said:
    """A statement with its note sealed to whom it is for."""
    prefix = prefix_of(value)
    key = b.kem_key(value.address.recipient)
    whole = replace(value, sealed=seal_note(note, key.public, kind, prefix))
    return Said(name=name, kind=kind, by=value.header.signer, value=whole, prefix=prefix, note=note)


ENCODERS: dict[StatementType, Callable[[Any], bytes]] = {
    T.STANDING: encode_standing,
    T.REQUEST_STEP: encode_step,
    T.CONSENT: encode_consent,
    T.RECALL: encode_recall,
    T.CASE_STEP: encode_case_step,
    T.PROPOSAL: encode_proposal,
}


def statement_case(by: Any, said: Said) -> Json:
    """One statement, signed; with what is sealed in it."""
    body = ENCODERS[said.kind](said.value)
    statement = signed(by.sign([(said.kind, body)]))
    note = None
    if said.kind in NOTES:
        info = label("note") + hashlib.sha256(said.kind.label + said.prefix).digest()
        note = {
            "hashed_length": len(said.prefix),
            "info": info.hex(),
            "encoded": said.note.hex(),
            "fields": told(NOTES[said.kind].FromString(said.note)),
        }
    return {
        "name": said.name,
        "type": said.kind.value,
        "signed": encode_signed(statement).hex(),
        "statement_id": statement.statement.id.hex(),
        "body": body.hex(),
        "fields": told(BODIES[said.kind].FromString(body)),
        "note": note,
    }


def all_said() -> list[Said]:
    """Every statement of the file."""
    us, mx = federation().node(US), federation().node(MX)
    return [
        *standings(us), *request_steps(us, mx), *consents(us, mx), *recalls(us, mx),
        *case_steps(us, mx), *proposals(us, mx),
    ]  # fmt: skip


def kem_cases(uris: Iterable[str]) -> list[Json]:
    """The keys that notes are sealed to."""
    return [
        {"uri": uri, "seed": key.private_bytes().hex(), "key_id": key.id.hex()}
        for uri, key in ((uri, b.kem_key(uri)) for uri in uris)
    ]
