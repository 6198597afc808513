"""Every strict codec, with a value to try it on that fills all its fields."""

from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

from support.agencies import (
    AGREEMENT_ID,
    DAY_MS,
    EXCHANGE,
    MX,
    NOW_MS,
    PINS,
    US,
    agency,
    compartment_of,
    enrolment,
    federation,
    grant,
    kem_key,
    key_record,
    node_of,
    packet,
    secret,
    signed_by,
    signer,
    signing_key,
    us_mx,
)
from support.consents import TERMS, consent
from support.exhibits import US_NODE, case
from support.requests import step
from support.suspensions import OFFICER, of_article, standing
from tearline.agreements.proposal import Proposal
from tearline.audit.anchor import Anchor
from tearline.audit.erasure import Erasure
from tearline.audit.event import Decision, Event, EventCode, EventOutcome
from tearline.audit.export import AuditExport, ExportFormat
from tearline.cases.case import CaseNote, CaseStep, Phase
from tearline.federation.charter import Rules
from tearline.federation.decisions import Amendment, Leave, MemberRecord, Vote, VoteKind
from tearline.federation.directory import DirectoryProof
from tearline.federation.equivocation import Equivocation
from tearline.federation.members import KeyUse, Revocation
from tearline.federation.turns import Leaf
from tearline.onward.consent import ConsentStep
from tearline.packets.commitments import opening_salt
from tearline.packets.packet import WithholdReason
from tearline.packets.recall import (
    KeepGround,
    Reach,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallReason,
)
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.terms import ArticleTerms, Direction, Share
from tearline.requests.step import Ground, ItemOutcome, StepKind, StepNote
from tearline.sealing import release_of
from tearline.sealing.slots import release_slot
from tearline.statements.channel import Address, Mark, Void, VoidReason
from tearline.statements.receipt import LogOpening, Receipt, Status
from tearline.statements.statement import ActedBy, Inclusion, Statement, StatementType
from tearline.suspensions.suspension import InFlight, Originated, Reason
from tearline.wire import (
    agreements,
    audit_exports,
    cases,
    consents,
    cosigning,
    erasures,
    exhibits,
    grants,
    packets,
    proposals,
    recalls,
    requests,
    statements,
    suspensions,
)
from tearline.wire import federation as trust
from tearline.wire.audit_exports import ExportManifest
from tearline.wire.codec import Codec
from tearline.wire.erasures import ErasedEntry, ProvenAgreement
from tearline.wire.exhibits import ProvenEntry
from tearline.wire.packets import CompartmentRelease, FieldContent
from tearline.wire.statements import signed

_FED = federation()
_NODE = _FED.node(US)
_SEALED = packet(_NODE.header)
_RELEASE = release_of(
    _SEALED,
    existences={compartment_of(_SEALED, "identity.source"): WithholdReason.THIRD_PARTY},
    compartments=[compartment_of(_SEALED, "identity.subject")],
    slots=_SEALED.openings[compartment_of(_SEALED, "finance.amount")].slots,
)
# Its place in the packet is drawn, and may be 0, which no encoding shows.
_GENERALISED = replace(
    _RELEASE.compartments[0].opening, compartment=3, form=Form.GENERALISED, mask="band"
)
_PERSON = ActedBy(
    pseudonym=secret("pseudonym"), role="analyst", token_hash=secret("token"), time_ms=NOW_MS
)
_SECOND_PERSON = replace(_PERSON, pseudonym=secret("second pseudonym"), role="liaison")
_EVENT = Event(
    statement_id=secret("statement"),
    code=EventCode.GRANT_ACCEPTED,
    party=node_of(US),
    time_ms=NOW_MS,
    actor=node_of(US),
    pseudonym=_PERSON.pseudonym,
    seconded_by=_SECOND_PERSON.pseudonym,
    counterpart=node_of(MX),
    packet=secret("packet"),
    agreement_id=AGREEMENT_ID,
    article="money-laundering",
    purpose="investigation",
    policy_digest=PINS.policy,
    decisions=(
        Decision(
            compartment=1, category="time", form="clear", policies=("one", "two"), slots=(0, 300)
        ),
        Decision(compartment=2, category="location", form="exists", policies=(), slots=()),
    ),
    outcome=EventOutcome.REFUSED,
    reason="TL-POL-009",
    count=300,
)
_OPENING = LogOpening(index=300, salt=secret("salt"), event=grants.encode_event(_EVENT))
_ADDRESS = Address(recipient=node_of(MX), agreement_id=AGREEMENT_ID, seq=300)
_CASE_STEP = CaseStep(
    header=_NODE.header,
    address=_ADDRESS,
    case_id=secret("case")[:16],
    number=300,
    phase=Phase.INVITED,
    kem_key_id=secret("case key"),
    acted_by=_PERSON,
    sealed=secret("case note"),
)
_CASE_NOTE = CaseNote(
    title="Harbour",
    summary="Slips and ledgers",
    members=(US,),
    asked=(MX,),
    consents=(US,),
    objections=(MX,),
)
_ARTICLE = ArticleTerms(
    id="money-laundering",
    purposes=("investigation", "prosecution"),
    kinds=("lead",),
    crime_areas=("money-laundering",),
    directions=(Direction(sender=MX, recipient=US), Direction(sender=US, recipient=MX)),
    shares=(Share(partner=MX, category="identity", form=Form.CLEAR),),
    highest_tlp=Tlp.AMBER_STRICT,
    joint=True,
    four_eyes=True,
    both_before_open=True,
)

_EXPORT = AuditExport(
    header=_NODE.header,
    format=ExportFormat.CSV,
    digest=secret("file"),
    entries=300,
    query="-outcome:ok",
    checkpoint=b"a note",
    acted_by=_PERSON,
    time_ms=NOW_MS,
)


@dataclass(frozen=True)
class Sample:
    """A strict codec, and a value to try it on."""

    codec: Codec[Any]
    value: Any

    @property
    def message(self) -> type[Message]:
        return self.codec.message

    def encode(self, value: Any) -> bytes:
        return self.codec.encode(value)

    def parse(self, data: bytes) -> Any:
        return self.codec.parse(data)


_GRANT = grant(
    _SEALED,
    secret("manifest"),
    _NODE.header,
    node_of(MX),
    existences={item.opening.compartment: item.reason for item in _RELEASE.openings},
    compartments=[item.opening.compartment for item in _RELEASE.compartments],
    slots=[item.slot for item in _RELEASE.fields],
    seq=300,
)
_LIST = _FED.trust().members
_RULES = Rules(admit=2, remove=3, exchange=4, council=5, rules=6, cosigners=7, min_suite=8)
_CASE = case()

_AGREEMENT = us_mx(
    _NODE.header,
    _ARTICLE,
    version=300,
    oversight=(US,),
    valid_from_ms=NOW_MS,
    valid_until_ms=NOW_MS + DAY_MS,
    authorisation_ms=14 * DAY_MS,
    log_retention_ms=365 * DAY_MS,
)
_SIGNED_AGREEMENT = signed_by(
    StatementType.AGREEMENT, agreements.encode_agreement(_AGREEMENT), _NODE, _FED.node(MX)
)
_PROPOSAL = Proposal(
    header=_FED.node(MX).header,
    statement=_SIGNED_AGREEMENT.statement,
    attestations=_SIGNED_AGREEMENT.attestations,
    declined=False,
    in_reply_to=secret("terms"),
    answer_by_ms=NOW_MS,
)
_SUSPENSION = of_article(
    "money-laundering",
    sender=MX,
    recipient=US,
    reason=Reason.LEAK,
    in_flight=InFlight.RETURN,
    originated=Originated.FREEZE,
)
_RECEIPT = Receipt(
    header=signer(EXCHANGE, _NODE.header.federation).header,
    address=None,
    about=secret("about"),
    status=Status.REFUSED,
    code="refused/TL-POL-009",
    entry=_OPENING,
    acted_by=None,
    time_ms=NOW_MS,
)
_VOID = Void(header=_NODE.header, address=_ADDRESS, reason=VoidReason.RECALLED)
_RECALL = Recall(
    header=_NODE.header,
    address=_ADDRESS,
    packet=secret("packet"),
    said=RecallOrder(
        grant=secret("grant"),
        slots=(1, 300),
        reason=RecallReason.SOURCE_AT_RISK,
        respond_by_ms=NOW_MS,
        acted_by=_PERSON,
    ),
)
_ERASURE = Erasure(
    header=_NODE.header,
    agreement_id=AGREEMENT_ID,
    indices=(1, 300),
    parties=(MX, US),
    reason="ordered",
)

_ABSENT = Leaf(
    state=b"",
    proof=DirectoryProof(siblings=(secret("beside"),), other=(secret("key"), secret("state"))),
)
CODECS: dict[str, Sample] = {
    "attestation": Sample(
        statements.ATTESTATION, _NODE.sign([(StatementType.MARK, b"body")]).attestation
    ),
    "signed": Sample(statements.SIGNED, _FED.clear[0]),
    "statement": Sample(statements.STATEMENT, _FED.clear[0].statement),
    "statement out of a tree": Sample(
        statements.STATEMENT,
        Statement(
            type=StatementType.MARK,
            body=b"body",
            inclusions=(
                Inclusion(
                    attestation=secret("attestation"),
                    salt=secret("salt"),
                    index=300,
                    path=(secret("sibling"), secret("uncle")),
                ),
            ),
        ),
    ),
    "charter": Sample(trust.CHARTER, trust.parse_charter(_FED.clear[0].statement.body)),
    "charter signature": Sample(
        trust.CHARTER_SIGNATURE, trust.parse_charter_signature(_FED.clear[4].statement.body)
    ),
    "member record": Sample(
        trust.MEMBER_RECORD,
        MemberRecord(
            header=_FED.signer(US).header,
            generation=300,
            number=400,
            previous=_FED.id,
            agency=replace(agency(US), recovery_key=signing_key("recovery").public.encoded),
        ),
    ),
    "amendment": Sample(
        trust.AMENDMENT,
        Amendment(
            header=_FED.signer(US).header,
            predecessor=_FED.id,
            constitution=replace(_LIST.constitution, rules=_RULES),
            size=1 << 40,
            root=bytes(31) + b"1",
        ),
    ),
    "vote": Sample(
        trust.VOTE,
        Vote(
            header=_FED.signer(US).header,
            kind=VoteKind.ADMIT,
            predecessor=_FED.id,
            subject=MX,
            subject_state=bytes(31) + b"1",
            content=bytes(31) + b"2",
            expires_ms=1 << 40,
        ),
    ),
    "leave": Sample(trust.LEAVE, Leave(header=_FED.signer(US).header, reason="by treaty")),
    "federation file": Sample(
        trust.FEDERATION_FILE, trust.FederationFile(federation=_FED.id, entries=_FED.clear[:6])
    ),
    "exchange enrolment": Sample(trust.EXCHANGE_ENROLMENT, enrolment()),
    "key record": Sample(
        trust.KEY_RECORD,
        key_record(_NODE.header, node_of(US), KeyUse.SIGN, signing_key("k").public.encoded),
    ),
    "encryption key record": Sample(
        trust.KEY_RECORD,
        key_record(_NODE.header, node_of(US), KeyUse.KEM, kem_key("k").public.encoded),
    ),
    "revocation": Sample(
        trust.REVOCATION,
        Revocation(header=_NODE.header, revoked_key=secret("key"), reason="lost"),
    ),
    "agreement": Sample(agreements.AGREEMENT, _AGREEMENT),
    "proposal": Sample(proposals.PROPOSAL, _PROPOSAL),
    "declining": Sample(
        proposals.PROPOSAL, replace(_PROPOSAL, declined=True, in_reply_to=b"", answer_by_ms=0)
    ),
    "manifest": Sample(
        packets.MANIFEST,
        replace(
            _SEALED.manifest,
            derived_from=(secret("one"), secret("two")),
            supersedes=secret("before"),
        ),
    ),
    "opening": Sample(packets.OPENING, _GENERALISED),
    "field": Sample(packets.CONTENT, FieldContent("1a" * 16 + "/A/b", "image/png", (b"a", b"b"))),
    "field of no entity": Sample(packets.CONTENT, FieldContent("name", "image/png", (b"a",))),
    "release": Sample(
        packets.RELEASE,
        replace(
            _RELEASE,
            compartments=(
                CompartmentRelease(
                    opening=replace(_GENERALISED, salt=opening_salt(secret("key"), 3)),
                    key=secret("key"),
                ),
            ),
            fields=(release_slot(bytes(16), _GENERALISED, secret("key"), 300),),
        ),
    ),
    "grant": Sample(grants.GRANT, replace(_GRANT, acted_by=_PERSON)),
    "grant of two": Sample(
        grants.GRANT, replace(_GRANT, acted_by=_PERSON, seconded_by=_SECOND_PERSON)
    ),
    "receipt of the exchange": Sample(grants.RECEIPT, _RECEIPT),
    "receipt of a node": Sample(
        grants.RECEIPT,
        replace(
            _RECEIPT,
            header=_NODE.header,
            address=_ADDRESS,
            status=Status.SEEN,
            code="",
            entry=None,
            acted_by=_PERSON,
        ),
    ),
    "log opening": Sample(grants.LOG_OPENING, _OPENING),
    "void": Sample(grants.VOID, _VOID),
    "void that withdraws": Sample(grants.VOID, replace(_VOID, withdraws=secret("grant"))),
    "recall": Sample(recalls.RECALL, _RECALL),
    "recall of a whole packet": Sample(
        recalls.RECALL,
        replace(
            _RECALL,
            said=RecallOrder(whole=True, reason=RecallReason.ORDERED, respond_by_ms=NOW_MS),
        ),
    ),
    "answer to a recall": Sample(
        recalls.RECALL,
        replace(
            _RECALL,
            said=RecallAnswer(
                recall=secret("recall"),
                ground=KeepGround.LEGAL_HOLD,
                reach=(Reach.OPENED, Reach.PRINTED),
                acted_by=_PERSON,
            ),
        ),
    ),
    "mark": Sample(
        grants.MARK,
        Mark(
            header=_NODE.header,
            recipient=node_of(MX),
            agreement_id=AGREEMENT_ID,
            counter=300,
            highest_sent=301,
            highest_received=302,
            time_ms=NOW_MS,
        ),
    ),
    "standing": Sample(
        suspensions.STANDING, standing(_SUSPENSION, counter=300, lifted=299, acted_by=_PERSON)
    ),
    "standing of one who left": Sample(
        suspensions.STANDING,
        standing(
            replace(_SUSPENSION, article="", sender="", recipient=""),
            counter=300,
            lifted=300,
            ended=True,
            acted_by=OFFICER,
        ),
    ),
    "anchor": Sample(
        grants.ANCHOR,
        Anchor(header=_NODE.header, number=300, commitment=secret("commitment")),
    ),
    "event": Sample(grants.EVENT, _EVENT),
    "request step": Sample(
        requests.STEP,
        step(StepKind.CLARIFIED, 200, 201, permit=True, sealed=b"sealed"),
    ),
    "request step with an urgency": Sample(
        requests.STEP, step(StepKind.CONTEST, 200, acted_by=OFFICER, sealed=b"sealed")
    ),
    "request step that takes more time": Sample(requests.STEP, step(StepKind.AUTHORISE, 200)),
    "request step that disputes": Sample(requests.STEP, step(StepKind.DISPUTE, 200, entry=300)),
    "feedback": Sample(requests.NOTE, StepNote(text="It led nowhere.", useful=False)),
    "request note": Sample(
        requests.NOTE,
        StepNote(
            items=(ItemOutcome(number=1), ItemOutcome(number=200, ground=Ground.NOT_HELD)),
            answer=secret("answer"),
            text="All that there is.",
        ),
    ),
    "audit_export": Sample(audit_exports.AUDIT_EXPORT, _EXPORT),
    "export_manifest": Sample(
        audit_exports.EXPORT_MANIFEST,
        ExportManifest(
            export=signed(
                _NODE.sign(
                    [(StatementType.AUDIT_EXPORT, audit_exports.encode_audit_export(_EXPORT))]
                )
            ),
            entries=(ProvenEntry(index=300, content=b"\0content", path=(secret("sibling"),)),),
        ),
    ),
    "erasure": Sample(erasures.ERASURE, _ERASURE),
    "erasure by retention": Sample(
        erasures.ERASURE,
        replace(_ERASURE, reason="", agreement_version=300, latest_ms=NOW_MS),
    ),
    "erased_entry": Sample(
        erasures.ERASED_ENTRY,
        ErasedEntry(
            entry=b"\1" + secret("blind"),
            order=_SIGNED_AGREEMENT,
            erased=_OPENING,
            path=(secret("sibling"),),
            entries=(
                ProvenEntry(index=300, content=b"\0content", path=(secret("sibling"),)),
                ProvenEntry(index=301, content=b"\0content", path=(secret("sibling"),)),
            ),
            agreement=ProvenAgreement(
                signed=_SIGNED_AGREEMENT, entry=_OPENING, path=(secret("sibling"),)
            ),
        ),
    ),
    "equivocation": Sample(
        cosigning.EQUIVOCATION,
        Equivocation(
            older=b"a note",
            newer=b"another",
            root=secret("root"),
            path=(secret("one"), secret("two")),
        ),
    ),
    "case step": Sample(cases.CASE_STEP, _CASE_STEP),
    "case note": Sample(cases.CASE_NOTE, _CASE_NOTE),
    "consent": Sample(consents.CONSENT, consent()),
    "consent by two": Sample(
        consents.CONSENT, consent(ConsentStep.GIVE, seconded_by=_SECOND_PERSON)
    ),
    "terms of a consent": Sample(consents.TERMS, TERMS),
    "exhibit": Sample(
        exhibits.EXHIBIT,
        replace(
            _CASE.exhibit(
                [_CASE.slot("name"), _CASE.slot("amount", Form.GENERALISED)], receipts=True
            ),
            entries=(_CASE.entry(_CASE.first_blind), _CASE.entry(_CASE.first_blind + 1)),
            leaves=(_CASE.leaf(MX), _ABSENT),
            keys=(signing_key(US_NODE).public.encoded,),
        ),
    ),
}
"""By name; every message that is held to one encoding is among them."""
