"""The judge: takes each claim of a publication through the same steps, and rules.

1. Whose is it? A node publishes what it signed itself, or its agency's root; of co-signed
   statements, those that concern its agency.
2. Was it ruled on before? Then the same receipt again, whatever came since.
3. Is its signer believed, at the place of the log that it would get?
4. Is its identifier free?
5. What its own type asks.

Who is not believed gets a refusal without a receipt, and is counted. So does what comes before
its turn: a statement is ruled on once the places before its own in the channel are taken. Every
other refusal is signed, logged and final.
"""

from collections.abc import Iterable

from tearline.agreement import Agreement
from tearline.anchor import Anchor
from tearline.case import CaseStep
from tearline.channel import Mark, Void
from tearline.consent import Consent
from tearline.erasure import Erasure
from tearline.errors import (
    ChannelGap,
    ErasureRefused,
    NotPermitted,
    StatementConflict,
    StatementMalformed,
    TearlineError,
)
from tearline.event import Event, EventCode, EventOutcome
from tearline.federation import KeyRecord, Revocation, TrustList
from tearline.grant import Grant
from tearline.packet import Manifest
from tearline.proposal import Proposal
from tearline.recall import Recall
from tearline.receipt import Receipt
from tearline.request.step import RequestStep
from tearline.standing import Standing
from tearline.statement import COSIGNED_TYPES, StatementType
from tearline.trust import ROOT_TYPES
from tearline.wire.exchange import Refused
from tearline.wire.statements import Signed, parse_attestation, parse_statement
from tearline_server.judging.agreements import accept_agreement
from tearline_server.judging.case import Case, Publisher
from tearline_server.judging.cases import accept_case_step
from tearline_server.judging.channels import accept_mark, accept_receipt, accept_void
from tearline_server.judging.claims import Claim
from tearline_server.judging.consents import accept_consent
from tearline_server.judging.docket import Docket, Ruling, refused
from tearline_server.judging.erasures import accept_erasure
from tearline_server.judging.members import accept_member
from tearline_server.judging.packets import accept_grant, accept_manifest
from tearline_server.judging.proposals import accept_proposal
from tearline_server.judging.recalls import accept_recall
from tearline_server.judging.registry import Registry
from tearline_server.judging.requests import accept_step, note_stored
from tearline_server.judging.standings import accept_standing
from tearline_server.storage.records import Settled

_JUDGED_ANEW = COSIGNED_TYPES | {StatementType.VOID}
"""What may be accepted although it was refused before: no other words say the same."""


def judge(
    claims: Iterable[Claim], publisher: Publisher, registry: Registry, docket: Docket
) -> tuple[Ruling, ...]:
    """Rules on every claim of a publication, in order.

    Args:
        claims: The publication's statements.
        publisher: Who published them.
        registry: Keys, agreements, channels, mailboxes; what is accepted goes into it.
        docket: What the batch adds up to; what must be written goes into it.
    """
    return tuple(_rule(claim, publisher, registry, docket) for claim in claims)


def _rule(claim: Claim, publisher: Publisher, registry: Registry, docket: Docket) -> Ruling:
    ruling = Ruling(statement=claim.statement, signer=claim.key[1], natural=claim.natural)
    case = Case(claim=claim, publisher=publisher, registry=registry, docket=docket, ruling=ruling)
    try:
        _verify_own(case)
    except TearlineError as error:
        return _not_ruled(case, error)
    earlier = docket.ruled.get(claim.key)
    if earlier is not None:
        return earlier
    settled = docket.known.statements.get(claim.key)
    if settled is not None and not (settled.code and claim.statement.type in _JUDGED_ANEW):
        return _again(ruling, settled)
    try:
        _authenticate(case)
    except TearlineError as error:
        return _not_ruled(case, error)
    try:
        _verify_free(case)
        _accept(case)
    except ChannelGap as error:
        return _not_ruled(case, error)
    except TearlineError as error:
        if claim.statement.type is StatementType.TRUST_LIST:
            return _not_ruled(case, error)
        if settled is not None:
            return _again(ruling, settled)
        _refuse(case, error)
    docket.ruled[claim.key] = ruling
    if ruling.refusal is None and ruling.natural is not None:
        docket.naturals[ruling.signer, ruling.natural] = claim.statement.id
    return ruling


def _verify_own(case: Case) -> None:
    claim, publisher = case.claim, case.publisher
    if claim.header is None:
        raise StatementMalformed("the body does not say who signs it")
    kind = claim.statement.type
    by_root = claim.header.signer == publisher.agency and kind in ROOT_TYPES
    if claim.header.signer != publisher.node and not by_root and kind not in COSIGNED_TYPES:
        raise NotPermitted("a node publishes what it, or its agency's root, signed")


def _authenticate(case: Case) -> None:
    if case.claim.statement.type is StatementType.TRUST_LIST:
        return  # who may sign a list follows from the list, and is judged when it is applied
    case.registry.trust.verify(case.claim.statement, case.claim.attestations, at=case.docket.moment)


def _verify_free(case: Case) -> None:
    natural = case.claim.natural
    if natural is None:
        return
    key = (case.signer, natural)
    taken = case.docket.naturals.get(key) or case.docket.known.naturals.get(key)
    if taken is not None and taken != case.claim.statement.id:
        raise StatementConflict("this packet or grant id was used before")


def _accept(case: Case) -> None:
    match case.claim.content:
        case Manifest() as manifest:
            accept_manifest(case, manifest)
        case Grant() as grant:
            accept_grant(case, grant)
        case Receipt() as receipt:
            packet = accept_receipt(case, receipt)
            if packet is not None:
                note_stored(case.docket, packet, case.signer)
        case Void() as void:
            accept_void(case, void)
        case Recall() as recall:
            accept_recall(case, recall)
        case Mark() as mark:
            accept_mark(case, mark)
        case RequestStep() as step:
            accept_step(case, step)
        case Anchor():
            _accept_anchor(case)
        case Agreement() as agreement:
            accept_agreement(case, agreement)
        case Erasure() as order:
            accept_erasure(case, order)
        case CaseStep() as step:
            accept_case_step(case, step)
        case Standing() as standing:
            accept_standing(case, standing)
        case Proposal() as proposal:
            accept_proposal(case, proposal)
        case Consent() as consent:
            accept_consent(case, consent)
        case TrustList() | KeyRecord() | Revocation() as content:
            accept_member(case, content)
        case TearlineError() as error:
            raise error


def _accept_anchor(case: Case) -> None:
    """Logs that a node holds its own access log fast; of what is in it, nothing is known here."""
    event = Event(
        statement_id=case.claim.statement.id,
        code=EventCode.ANCHOR,
        party=case.publisher.node,
        time_ms=case.docket.now_ms,
        actor=case.publisher.node,
    )
    case.docket.settle(case.ruling, event)


def _refuse(case: Case, error: TearlineError) -> None:
    conflict = isinstance(error, StatementConflict)
    case.ruling.refusal = refused(error)
    case.ruling.natural = None
    event = Event(
        statement_id=case.claim.statement.id,
        code=EventCode.CONFLICT if conflict else EventCode.REFUSED,
        party=case.publisher.node,
        time_ms=case.docket.now_ms,
        actor=case.publisher.node,
        outcome=EventOutcome.REFUSED,
        reason=error.code,
    )
    case.docket.settle(case.ruling, event)


def _not_ruled(case: Case, error: TearlineError) -> Ruling:
    case.ruling.refusal = refused(error)
    case.docket.strangers.append((case.publisher.node, error.code))
    return case.ruling


def _again(ruling: Ruling, settled: Settled) -> Ruling:
    if not settled.receipt:
        ruling.refusal = refused(
            ErasureRefused("the receipt was erased with the entry it tells of")
        )
        return ruling
    attestation = parse_attestation(settled.attestation)
    ruling.refusal = Refused(code=settled.code, why=settled.why) if settled.code else None
    ruling.receipt = Signed(
        statement=parse_statement(settled.receipt), attestations={attestation.hash: attestation}
    )
    return ruling
