"""Handler of grants, each delivered with its packet."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tearline.agreements.agreement import verify_pins
from tearline.audit.event import Event, EventCode
from tearline.bodies.registry import judge_body
from tearline.errors import (
    AgreementNotInForce,
    BodyUnfit,
    CaseUnfiled,
    EntryMismatch,
    GrantExpired,
    GrantMisdirected,
    KeystoreEntryMissing,
    NotOriginator,
    PacketTooLarge,
    RecipientKeyExpired,
    StatementMalformed,
    TearlineError,
)
from tearline.identity import agency_uri_of
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, PacketKind, PacketParts, View
from tearline.packets.recall import TakenBack
from tearline.persons.four_eyes import verify_persons
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import STRICTEST
from tearline.policy.release import ReleasePolicy
from tearline.requests.step import Side
from tearline.sealing import open_delivered, open_release
from tearline.sealing.redact import redact_release
from tearline.statements.receipt import Status
from tearline.statements.statement import Header, Statement, StatementType, pseudonym_of
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import parse_bare_grant, parse_grant
from tearline.wire.packets import Release, parse_manifest
from tearline.wire.statements import header_of, signed_of
from tearline_client.context import NodeContext
from tearline_client.features.packets.reissue import reissue
from tearline_client.features.suspensions.handler import store_held
from tearline_client.messages.due import Due
from tearline_client.messages.field_checks import judge_fields, usable_fields
from tearline_client.messages.received import KeptBack, Lapsed, Received, ReceivedGrant, Waiting
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.cases import verify_filed
from tearline_client.rules.corrections import verify_superseding
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.onward_sources import verify_taken
from tearline_client.rules.quarantine import quarantine
from tearline_client.rules.search_index import index_fields
from tearline_client.store.awaiting_cosignature import WaitingGrant
from tearline_client.store.inbox import Evidence

Content = ReceivedGrant | KeptBack | Waiting | TakenBack


def _verify(
    recipient: Recipient, delivered: Delivered
) -> ReceivedGrant | Lapsed | Waiting | TakenBack:
    statement, delivery, at = delivered.statement, delivered.delivery, delivered.at
    is_notice = len(delivery.statements) == 1 and not delivery.parts
    grant = (parse_bare_grant if is_notice else parse_grant)(statement.body)
    recipient.verify_addressed(grant.address)
    recalled = recipient.recalled(grant, statement.id)
    if recalled is None:
        return TakenBack(grant=grant)
    if recipient.has_ended(grant):
        return Lapsed(grant=grant, why=GrantExpired())
    if is_notice:
        # The exchange notifies in this way of packets accepted before its size limit.
        return Lapsed(grant=grant, why=PacketTooLarge("no message holds it with its grant"))
    if len(delivery.statements) != 2:
        raise StatementMalformed("a grant is delivered with its packet's manifest")
    packet = delivery.statements[1]
    _verify_packet(grant, packet)
    _verify_originator(delivered.signer, header_of(packet.body))
    # The grant's valid key also vouches for its packet.
    recipient.trust.verify(packet, delivery.attestations, at=at, vouched=True)
    manifest = parse_manifest(packet.body)
    if manifest.agreement.id != grant.address.agreement_id:
        raise GrantMisdirected("the grant's channel is of another agreement")
    # By the version in force when the exchange accepted it, whatever came into force since.
    agreement = recipient.agreement_at(manifest.agreement.id, at.index)
    article = agreement.article(manifest.agreement.article)
    verify_persons(article, grant.acted_by, grant.seconded_by)
    if article.both_before_open and _waits(recipient, manifest, at.index):
        return Waiting(grant=grant)
    try:
        key = recipient.kem_key(grant.kem_key_id)
    except KeystoreEntryMissing as error:
        if not recipient.may_lack_keys():
            raise
        return Lapsed(grant=grant, why=error)
    release = redact_release(open_release(grant, key), manifest.packet_id, recalled)
    parts = _parts_of(packet.id, delivery)
    view = open_delivered(manifest, parts, release)
    verify_pins(agreement, recipient.pins)
    _verify_given(recipient.policy_under(agreement), grant, manifest, release, view)
    _verify_account(delivered.event, grant, manifest)
    # Unopened ciphertexts are unverified, and could replace verified ones.
    verified = {opened.slot: parts.ciphertexts[opened.slot] for opened in view.fields}
    findings = judge_fields(view)
    return ReceivedGrant(
        signed=signed_of(statement, delivery.attestations),
        grant=grant,
        manifest_signed=signed_of(packet, delivery.attestations),
        manifest=manifest,
        parts=PacketParts(manifest=packet.id, ciphertexts=verified),
        release=release,
        view=view,
        findings=findings,
        problems=judge_body(manifest.kind, usable_fields(view, findings)),
    )


def _parts_of(packet: bytes, delivery: Delivery) -> PacketParts:
    """Returns the parts of a packet in a delivery; none if the delivery has two sets of them."""
    found = [parts for parts in delivery.parts if parts.manifest == packet]
    return found[0] if len(found) == 1 else PacketParts(manifest=packet, ciphertexts={})


def _verify_packet(grant: Grant, packet: Statement) -> None:
    if packet.type is not StatementType.MANIFEST or packet.id != grant.packet:
        raise GrantMisdirected("the grant is of another packet")


def _verify_originator(grantor: Header, originator: Header) -> None:
    # If B shows A's packet to C, C finds no grant by A for it.
    if agency_uri_of(grantor.signer) != agency_uri_of(originator.signer):
        raise NotOriginator()


def _waits(recipient: Recipient, manifest: Manifest, entry: int) -> bool:
    return not recipient.both_cosigned(agency_uri_of(manifest.header.signer), entry)


def _verify_given(
    policy: ReleasePolicy, grant: Grant, manifest: Manifest, release: Release, view: View
) -> None:
    """Verifies the released fields by their own markings (spec P-16).

    For a slot released singly, the exchange saw only its compartment's stated marking.
    """
    given = [(opened.field.marking, opened.field.form) for opened in view.fields]
    given += [(told.opening.marking, Form.EXISTS) for told in release.openings]
    request = ReleaseRequest(
        article=manifest.agreement.article,
        sender=agency_uri_of(grant.header.signer),
        recipient=agency_uri_of(grant.address.recipient),
        purpose=grant.purpose,
        kind=manifest.kind.value,
        marking=STRICTEST,
    )
    for marking, form in dict.fromkeys(given):
        policy.verify(request._replace(marking=marking), form)


def _verify_account(event: Event, grant: Grant, manifest: Manifest) -> None:
    """Verifies that the entry accounts for the packet (spec L-7).

    Otherwise auditors could be shown another use.
    """
    told = (event.packet, event.article, event.purpose, event.pseudonym, event.seconded_by)
    if told != (
        grant.packet,
        manifest.agreement.article,
        grant.purpose,
        pseudonym_of(grant.acted_by),
        pseudonym_of(grant.seconded_by),
    ):
        raise EntryMismatch("the log entry names another packet, article, purpose or person")


def _store(context: NodeContext, received: Received, content: Content, evidence: Evidence) -> None:
    match content:
        case ReceivedGrant():
            store_packet(context, received, content, evidence)
        case Waiting(grant=grant):
            _await_cosignature(context, received, grant, evidence.data)
        case TakenBack():
            context.stores.packets.put_grant(received.signed, incoming=True, status=Status.ERASED)
        case KeptBack():
            store_held(context, received.signed.statement, received.event)


def store_packet(
    context: NodeContext, arrived: Received, received: ReceivedGrant, evidence: Evidence
) -> None:
    """Stores a packet, its keys, and the grant that brought it.

    Raises:
        TearlineError: If it contradicts stored data.
    """
    packets, manifest = context.stores.packets, received.manifest
    packet_id = received.manifest_signed.statement.id
    verify_taken(packets, manifest, received.view, node=context.uri)
    verify_superseding(context, manifest)
    context.stores.corrections.put(packet_id, manifest.supersedes)
    is_new = packets.put_packet(
        received.manifest_signed,
        manifest.header.signer,
        received.parts,
        now_ms=context.right_ms(),
    )
    packets.put_keys(packet_id, received.release, grant_id=received.grant.grant_id)
    if is_new:  # otherwise the index counts all keys together
        index_fields(context, packet_id, manifest, usable_fields(received.view, received.findings))
    packets.put_grant(received.signed, incoming=True, status=Status.STORED)
    found = [*_judge(context, received)]
    if manifest.kind is PacketKind.RECORD_REQUEST:
        found += _begin(context, arrived, packet_id)
    if found:  # combined, because every reader of the packet sees each finding
        quarantine(context, _summary(found), replace(evidence, data=packet_id, packet=b""))


def _judge(context: NodeContext, received: ReceivedGrant) -> Iterator[TearlineError]:
    """Yields the defects of an accepted packet."""
    yield from received.findings.values()
    try:
        verify_filed(context.stores.cases, received.manifest)
    except CaseUnfiled as error:
        yield error
    for problem in received.problems:
        yield BodyUnfit(f"{received.manifest.kind.value}: {problem.path}: {problem.why}")


def _begin(context: NodeContext, arrived: Received, packet_id: bytes) -> Iterator[TearlineError]:
    """Begins an incoming request, unless its terms predate our membership."""
    requests, peer = context.stores.requests, arrived.signer.signer
    index, time_ms = arrived.opening.index, arrived.event.time_ms
    try:
        requests.verify_terms(packet_id)
    except AgreementNotInForce as error:  # the deadline would be undefined
        yield error
        return
    requests.begin(packet_id, peer, Side.HOLDER, index=index, time_ms=time_ms)


def _summary(found: Sequence[TearlineError]) -> TearlineError:
    """Returns one finding for all defects of a packet: the first one, with the number of all."""
    first = found[0]
    codes = [code for code in dict.fromkeys(each.code for each in found) if code != first.code]
    more = f"; findings in all: {len(found)}" if len(found) > 1 else ""
    others = f", also {', '.join(codes)}" if codes else ""
    return type(first)(f"{first.why}{more}{others}")


def _notice(received: Received, content: Content) -> Due | None:
    """Returns the notification of a packet; None for a grant that opens none now."""
    if not isinstance(content, ReceivedGrant):
        return None
    manifest = content.manifest
    asks = manifest.kind is PacketKind.RECORD_REQUEST
    return Due(
        event="request-arrived" if asks else "packet-arrived",
        once=received.signed.statement.id,
        ids={
            "sender": received.signer.signer,
            "packet": content.manifest_signed.statement.id,
            "grant": received.signed.statement.id,
            "agreement": manifest.agreement.id,
            "article": manifest.agreement.article,
            "case": manifest.case_id,
            **({"corrects": manifest.supersedes} if manifest.supersedes else {}),
        },
    )


def _await_cosignature(context: NodeContext, received: Received, grant: Grant, data: bytes) -> None:
    waiting = WaitingGrant(
        id=received.signed.statement.id,
        packet=grant.packet,
        sender=received.signer.signer,
        time_ms=received.event.time_ms,
        entry=received.opening.index,
        ends_ms=grant.not_after_ms,
    )
    context.stores.awaiting_cosignature.put(waiting, data)
    context.stores.packets.put_grant(received.signed, incoming=True, status=Status.STORED)


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    context.stores.packets.set_status(statement.id, Status.REFUSED)
    if code == RecipientKeyExpired.code:
        context.stores.returned_grants.put(statement.id)


GRANT: StatementHandler[Content] = StatementHandler(
    type=StatementType.GRANT,
    event=EventCode.GRANT_ACCEPTED,
    verify=_verify,
    store=_store,
    notice=_notice,
    refused=_refused,
    reseal=reissue,
)
