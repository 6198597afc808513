"""Judge: takes each claim of a publication through the same steps, and rules on it.

1. Authorship: a node publishes statements signed by itself or its agency's root, or co-signed
   statements that concern its agency.
2. Repetition: an earlier ruling is returned unchanged, with the same receipt.
3. Signature: it must verify at the place in the log that the statement would get. This is checked
   before any lookup of ids, and again if the batch changes keys.
4. Identifier: it must be unused.
5. Rules of the statement's type.

A claim is refused without a receipt, and counted, if its signature does not verify. The same holds
for temporary obstacles: an earlier place of the channel is free, the mailbox has no room, or too
many ids are named. A recall that leaves too little time to answer is also refused in this way.
Every other refusal is signed, logged and final.
"""

from collections.abc import Iterable

from tearline.agreement import Agreement
from tearline.anchor import Anchor
from tearline.case import CaseStep
from tearline.channel import Mark, Void
from tearline.consent import Consent
from tearline.erasure import Erasure
from tearline.errors import (
    AnswerTimeShort,
    ChannelGap,
    ErasureRefused,
    ExchangeBusy,
    StatementConflict,
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
from tearline.standing.standing import Standing
from tearline.statement import COSIGNED_TYPES, StatementType
from tearline.wire.flow import parse_event, parse_receipt
from tearline.wire.publications import Refused
from tearline.wire.statements import Signed, parse_attestation, parse_statement
from tearline_server.judging.agreements import accept_agreement
from tearline_server.judging.authorship import Authored
from tearline_server.judging.cases import accept_case_step
from tearline_server.judging.channels import accept_mark, accept_receipt, accept_void
from tearline_server.judging.consents import accept_consent
from tearline_server.judging.docket import Docket, Ruling, refused
from tearline_server.judging.erasures import accept_erasure
from tearline_server.judging.hearing import Hearing, Publisher
from tearline_server.judging.members import accept_member
from tearline_server.judging.packets import accept_grant, accept_manifest
from tearline_server.judging.proposals import accept_proposal
from tearline_server.judging.recalls import accept_recall
from tearline_server.judging.registry import Registry
from tearline_server.judging.requests import accept_step, note_stored
from tearline_server.judging.standings import accept_standing
from tearline_server.storage.known import Settled

_JUDGED_ANEW = COSIGNED_TYPES | {StatementType.VOID}
"""Statement types judged again after a refusal, because they cannot be reworded."""


def judge(
    claims: Iterable[Authored], publisher: Publisher, registry: Registry, docket: Docket
) -> tuple[Ruling, ...]:
    """Rules on every claim of a publication, in order, and returns the rulings.

    Args:
        claims: The publication's statements, with their authorship.
        publisher: The publisher.
        registry: Keys, agreements, channels, mailboxes; updated by accepted claims.
        docket: The docket, which receives the writes.
    """
    return tuple(_rule(claim, publisher, registry, docket) for claim in claims)


def _rule(author: Authored, publisher: Publisher, registry: Registry, docket: Docket) -> Ruling:
    claim = author.claim
    ruling = Ruling(statement=claim.statement, signer=claim.key[1], natural=claim.natural)
    hearing = Hearing(
        claim=claim, publisher=publisher, registry=registry, docket=docket, ruling=ruling
    )
    if author.foreign is not None:
        return _not_ruled(hearing, author.foreign)
    is_judged_anew = claim.statement.type in _JUDGED_ANEW
    earlier = docket.ruled.get(_key(hearing))
    if earlier is not None and not (earlier.refusal and is_judged_anew):
        return earlier
    settled = _settled(hearing)
    if settled is not None and not (settled.code and is_judged_anew):
        return _again(ruling, settled)
    try:
        author.verify_signature(registry.trust, docket.moment_of(claim.statement.id))
    except TearlineError as error:
        return _not_ruled(hearing, error)
    try:
        _verify_free(hearing)
        _accept(hearing)
    except (ChannelGap, ExchangeBusy, AnswerTimeShort) as error:
        return _not_ruled(hearing, error)
    except TearlineError as error:
        if claim.statement.type is StatementType.TRUST_LIST:
            return _not_ruled(hearing, error)
        if earlier is not None:
            return earlier
        if settled is not None:
            return _again(ruling, settled)
        _refuse(hearing, error)
    docket.ruled[_key(hearing)] = ruling
    if ruling.refusal is None and ruling.natural is not None:
        docket.naturals[ruling.signer, ruling.natural] = claim.statement.id
    return ruling


def _settled(hearing: Hearing) -> Settled | None:
    """Returns the earlier ruling on a claim, if its publisher may learn of it.

    Any node may publish a trust list, but the receipt opens an entry of its first publisher.
    """
    settled = hearing.docket.known.statements.get(hearing.claim.key)
    if settled is None or hearing.claim.statement.type is not StatementType.TRUST_LIST:
        return settled
    entry = parse_receipt(parse_statement(settled.receipt).body).entry
    first = "" if entry is None else parse_event(entry.event).actor
    return settled if first == hearing.publisher.node else None


def _key(hearing: Hearing) -> tuple[bytes, str]:
    """Returns the key of a claim within the batch; trust lists are keyed by publisher."""
    is_list = hearing.claim.statement.type is StatementType.TRUST_LIST
    return (hearing.claim.statement.id, hearing.publisher.node) if is_list else hearing.claim.key


def _verify_free(hearing: Hearing) -> None:
    natural = hearing.claim.natural
    if natural is None:
        return
    key = (hearing.signer, natural)
    taken = hearing.docket.naturals.get(key) or hearing.docket.known.naturals.get(key)
    if taken is not None and taken != hearing.claim.statement.id:
        raise StatementConflict("this packet or grant id is already used")


def _accept(hearing: Hearing) -> None:
    match hearing.claim.content:
        case Manifest() as manifest:
            accept_manifest(hearing, manifest)
        case Grant() as grant:
            accept_grant(hearing, grant)
        case Receipt() as receipt:
            packet = accept_receipt(hearing, receipt)
            if packet is not None:
                note_stored(hearing.docket, packet, hearing.signer)
        case Void() as void:
            accept_void(hearing, void)
        case Recall() as recall:
            accept_recall(hearing, recall)
        case Mark() as mark:
            accept_mark(hearing, mark)
        case RequestStep() as step:
            accept_step(hearing, step)
        case Anchor():
            _accept_anchor(hearing)
        case Agreement() as agreement:
            accept_agreement(hearing, agreement)
        case Erasure() as order:
            accept_erasure(hearing, order)
        case CaseStep() as step:
            accept_case_step(hearing, step)
        case Standing() as standing:
            accept_standing(hearing, standing)
        case Proposal() as proposal:
            accept_proposal(hearing, proposal)
        case Consent() as consent:
            accept_consent(hearing, consent)
        case TrustList() | KeyRecord() | Revocation() as content:
            accept_member(hearing, content)
        case TearlineError() as error:
            raise error


def _accept_anchor(hearing: Hearing) -> None:
    """Logs that a node anchored its own access log; the exchange cannot see its content."""
    event = Event(
        statement_id=hearing.claim.statement.id,
        code=EventCode.ANCHOR,
        party=hearing.publisher.node,
        time_ms=hearing.docket.now_ms,
        actor=hearing.publisher.node,
    )
    hearing.docket.settle(hearing.ruling, event)


def _refuse(hearing: Hearing, error: TearlineError) -> None:
    conflict = isinstance(error, StatementConflict)
    hearing.ruling.refusal = refused(error)
    hearing.ruling.natural = None
    event = Event(
        statement_id=hearing.claim.statement.id,
        code=EventCode.CONFLICT if conflict else EventCode.REFUSED,
        party=hearing.publisher.node,
        time_ms=hearing.docket.now_ms,
        actor=hearing.publisher.node,
        outcome=EventOutcome.REFUSED,
        reason=error.code,
    )
    hearing.docket.settle(hearing.ruling, event)


def _not_ruled(hearing: Hearing, error: TearlineError) -> Ruling:
    hearing.ruling.refusal = refused(error)
    hearing.docket.strangers.append((hearing.publisher.node, error.code))
    return hearing.ruling


def _again(ruling: Ruling, settled: Settled) -> Ruling:
    if not settled.receipt:
        ruling.refusal = refused(ErasureRefused("the receipt was erased together with its entry"))
        return ruling
    attestation = parse_attestation(settled.attestation)
    ruling.refusal = Refused(code=settled.code, why=settled.why) if settled.code else None
    ruling.receipt = Signed(
        statement=parse_statement(settled.receipt), attestations={attestation.hash: attestation}
    )
    return ruling
