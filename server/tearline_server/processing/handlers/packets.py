"""Judging of manifests and grants, by their commitments and by the agreement.

The exchange reads no contents. It holds the openings, which state the marking of each compartment,
and judges grants by them. The recipient's node verifies that the contents match the openings.
"""

from collections.abc import Iterable, Mapping

from tearline.agreements.agreement import Agreement, verify_direction, verify_packet
from tearline.audit.event import Decision, Event, EventCode
from tearline.errors import (
    AgreementNotInForce,
    BlobIncomplete,
    CiphertextMissing,
    CommitmentMismatch,
    ExchangeBusy,
    GrantExpired,
    GrantMisdirected,
    LifetimeRefused,
    NotOriginator,
    PacketTooLarge,
)
from tearline.identity import agency_uri_of
from tearline.limits import MAX_LOG_SIZE, MAX_PACKET_BYTES, MAX_PACKET_LIFETIME_MS
from tearline.packets.ciphertexts import hidden_subtrees, verify_ciphertexts
from tearline.packets.commitments import verify_opening
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, Opening, PacketParts
from tearline.persons.four_eyes import verify_persons
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import STRICTEST
from tearline.policy.release import ReleasePolicy
from tearline.policy.terms import ArticleTerms
from tearline.sealing import granted_slots
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import HASH_SIZE, SALT_SIZE, StatementType, pseudonym_of
from tearline.suspensions.index import verify_none
from tearline.wire.deliveries import EPOCH_SIZE, Cursor, Delivery, surely_fits, verify_fits
from tearline.wire.grants import encode_event, parse_grant
from tearline.wire.packets import parse_manifest
from tearline_server.processing.batch import PacketFacts
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.handlers.cases import verify_filed
from tearline_server.processing.handlers.channels import next_place, verify_sealed_to
from tearline_server.processing.handlers.corrections import verify_correction, verify_had
from tearline_server.processing.handlers.onward import verify_passed_on, verify_sources
from tearline_server.processing.handlers.recall_rules import verify_not_recalled
from tearline_server.processing.handlers.requests import begin_request, verify_person
from tearline_server.processing.registry import InForce
from tearline_server.storage.lookups import Lookups

# Identical for unknown packets and those of other agencies.
_NOT_YOURS = "this agency has no packet with that id"
_RETRY_AFTER_MS = 250  # the next batch is judged with the keys of this one


def accept_manifest(context: Context, manifest: Manifest) -> None:
    """Accepts a packet, once for all its recipients.

    1. Its end is in the future and within the lifetime bound.
    2. An agreement of its originator is in force and covers it, and its parties are members as they
       signed it. The article is open in at least one direction.
    3. Its originator holds all its sources, and claims no more trust than they have.
    4. A packet that it corrects belongs to the same agency, has the same terms, and was neither
       corrected nor recalled.
    5. Every opening matches its commitment, and no slot is in two of them.
    6. Every ciphertext is present, and they have the root that the manifest names.
    7. Every large document is here completely, and no packet of another line names it.

    Raises:
        TearlineError: If a check fails; the state is then unchanged.
    """
    now_ms = context.batch.now_ms
    if not now_ms < manifest.not_after_ms <= now_ms + MAX_PACKET_LIFETIME_MS:
        raise LifetimeRefused
    found = context.registry.agreement_of(manifest.agreement.id, context.publisher.agency)
    article = verify_packet(manifest, found.agreement, now_ms=now_ms)
    context.registry.verify_parties_stayed(found)
    _verify_some_way_open(context, found.agreement, article)
    verify_sources(context, manifest)
    verify_filed(context, manifest)
    verify_correction(context, manifest)
    parts, encoded = context.submitted.parts, context.submitted.encoded_parts
    if parts is None or encoded is None:
        raise CiphertextMissing("the packet came without its parts")
    openings = _verified_openings(manifest, parts)
    _verify_ciphertexts(manifest, parts)
    facts = PacketFacts(
        statement=context.submitted.statement,
        manifest=manifest,
        openings=openings,
        lengths=[len(parts.ciphertexts[slot]) for slot in range(len(manifest.slots))],
    )
    verify_documents(manifest, parts, facts.compartments, context.submitted.documents)

    context.batch.packets[context.submitted.statement.id] = facts
    context.batch.new_packets.append((context.result, encoded))
    if manifest.supersedes:
        context.batch.correct(context.submitted.statement.id, manifest.supersedes)
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.PACKET_ACCEPTED,
        party=context.publisher.node,
        time_ms=now_ms,
        actor=context.publisher.node,
        packet=context.submitted.statement.id,
        agreement_id=manifest.agreement.id,
        article=manifest.agreement.article,
        policy_digest=found.agreement.pins.policy,
    )
    context.batch.settle(context.result, event)


def _verify_some_way_open(context: Context, agreement: Agreement, article: ArticleTerms) -> None:
    stops = [
        context.registry.standings.stops(
            agreement, article.id, sender=way.sender, recipient=way.recipient
        )
        for way in article.directions
        if way.sender == context.publisher.agency
    ]
    if stops and all(stops):
        verify_none(stop for each in stops for stop in each)


def _verified_openings(manifest: Manifest, parts: PacketParts) -> dict[int, Opening]:
    openings: dict[int, Opening] = {}
    slots: set[int] = set()
    for opening in parts.openings:
        verify_opening(manifest, opening)
        if opening.compartment in openings or not slots.isdisjoint(opening.slots):
            # Otherwise a slot could be granted under the milder of two markings.
            raise CommitmentMismatch("a compartment or a slot is opened twice")
        openings[opening.compartment] = opening
        slots.update(opening.slots)
    return openings


def _verify_ciphertexts(manifest: Manifest, parts: PacketParts) -> None:
    if sum(map(len, parts.ciphertexts.values())) > MAX_PACKET_BYTES:
        raise PacketTooLarge(f"more than {MAX_PACKET_BYTES} bytes of ciphertext")
    if parts.ciphertexts.keys() != set(range(len(manifest.slots))):
        raise CiphertextMissing("a packet is published with every ciphertext and no other")
    verify_ciphertexts(manifest, parts)


def verify_documents(
    manifest: Manifest,
    parts: PacketParts,
    slots: Iterable[int],
    documents: Mapping[bytes, frozenset[bytes]] | None,
) -> None:
    """Checks the large documents of a packet.

    Args:
        manifest: The packet's.
        parts: Its parts.
        slots: Its slots that are not padding.
        documents: Documents of its originator that are here completely, by id, each with the
            other packets that name it; None if they were not looked up.

    Raises:
        ExchangeBusy: If they were not: its key came while it was judged.
        BlobIncomplete: If one is not here completely, or belongs to another packet's line.
        CommitmentMismatch: If one belongs to no slot with a field.
    """
    if not {link.slot for link in parts.blobs} <= {*slots}:
        raise CommitmentMismatch("a large document belongs to no field of the packet")
    if len({link.id for link in parts.blobs}) < len(parts.blobs):
        raise CommitmentMismatch("two fields of the packet describe one large document")
    if not parts.blobs:
        return
    if documents is None:
        raise ExchangeBusy("its key has just come", retry_after_ms=_RETRY_AFTER_MS)
    for link in parts.blobs:
        # One answer for a document that is missing and for one that another packet has.
        others = documents.get(link.id)
        if others is None or not others <= {manifest.supersedes}:
            raise BlobIncomplete


def accept_grant(context: Context, grant: Grant) -> None:
    """Accepts a release to one recipient.

    1. The packet belongs to the grantor's agency.
    2. The agreement is the packet's, is in force, and covers this kind, direction and purpose; no
       party departed or suspended it. Two persons approved the grant, if the article requires it.
    3. The recipient is a node with a current encryption key, and the grant ends before the packet
       does.
    4. For each compartment the shared policies allow the released form.
    5. No released slot was recalled from the recipient, or from all recipients.
    6. The originators of the packet's sources released as much to the recipient.
    7. The recipient of a correction received a packet of its line.
    8. A person is named for personal data in an answer to a request.
    9. Its place in the channel is the next one, and its recipient's mailbox has room.
    10. It fits one message together with its packet and entry.

    Raises:
        TearlineError: If a check fails; the state is then unchanged.
    """
    batch, recipient = context.batch, grant.address.recipient
    facts = _facts(context, grant.packet)
    _verify_originator(facts.manifest, context.publisher.agency)
    manifest = facts.manifest
    if grant.address.agreement_id != manifest.agreement.id:
        raise GrantMisdirected("the grant's channel belongs to another agreement than the packet")
    recipient_agency = agency_uri_of(recipient)
    found = context.registry.agreement_of(
        manifest.agreement.id, context.publisher.agency, recipient_agency
    )
    _verify_covered(found, grant, manifest, context)
    _verify_persons(found, grant, manifest)
    verify_sealed_to(context, grant.address.recipient, grant.kem_key_id)
    if not batch.now_ms < grant.not_after_ms <= manifest.not_after_ms:
        raise GrantExpired("it ends in the past, or after its packet")
    decisions = _decide(
        context.registry.policy_of(found.agreement), grant, facts, context.publisher.agency
    )
    verify_passed_on(context, manifest, recipient_agency, decisions)
    verify_had(context, grant.packet, recipient)
    verify_person(grant, manifest, decisions)
    slots = granted_slots(manifest, grant, facts.openings)
    verify_not_recalled(batch, grant, slots)
    size = sum(facts.lengths[slot] for slot in slots)
    place = next_place(context, grant.address, size=size, is_grant=True)

    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.GRANT_ACCEPTED,
        party=recipient,
        time_ms=batch.now_ms,
        actor=context.publisher.node,
        pseudonym=pseudonym_of(grant.acted_by),
        seconded_by=pseudonym_of(grant.seconded_by),
        counterpart=recipient,
        packet=grant.packet,
        agreement_id=manifest.agreement.id,
        article=manifest.agreement.article,
        purpose=grant.purpose,
        policy_digest=found.agreement.pins.policy,
        decisions=decisions,
    )
    _verify_deliverable(context, facts, slots, event)
    context.result.packet = grant.packet
    place.take(batch.settle(context.result, event))
    begin_request(context, grant, manifest, found)


def _verify_deliverable(
    context: Context, facts: PacketFacts, slots: Iterable[int], event: Event
) -> None:
    """Checks that the grant, its packet and its entry fit one message, at any place."""
    submitted, count = context.submitted, len(facts.manifest.slots)
    sizes = {slot: facts.lengths[slot] for slot in slots}
    bodies = len(submitted.statement.body) + len(facts.statement.body)
    if surely_fits(bodies + sum(sizes.values())):
        return  # encoding the event costs more than all of this
    last = MAX_LOG_SIZE - 1
    parts = PacketParts(
        manifest=facts.statement.id,
        ciphertexts={},
        slot_count=count,
        path=(bytes(HASH_SIZE),) * len(hidden_subtrees(slots, count)),
    )
    delivery = Delivery(
        cursor=Cursor(epoch=bytes(EPOCH_SIZE), seq=last),
        statements=(submitted.statement, facts.statement),
        attestations={},
        parts=(parts,),
        entry=LogOpening(index=last, salt=bytes(SALT_SIZE), event=encode_event(event)),
    )
    verify_fits(delivery, sizes)


def _facts(context: Context, packet_id: bytes) -> PacketFacts:
    facts = context.batch.facts(packet_id)
    if facts is None:
        raise NotOriginator(_NOT_YOURS)
    return facts


def _verify_originator(manifest: Manifest, agency: str) -> None:
    if agency_uri_of(manifest.header.signer) != agency:
        raise NotOriginator(_NOT_YOURS)


def _verify_covered(found: InForce, grant: Grant, manifest: Manifest, context: Context) -> None:
    # The newest version applies: a stricter agreement also binds older packets.
    agreement = found.agreement
    agreement.verify_in_force(context.batch.now_ms)
    article = agreement.article(manifest.agreement.article)
    if manifest.kind.value not in article.kinds or grant.purpose not in article.purposes:
        raise AgreementNotInForce("the article does not cover this kind or this purpose")
    ends = {"sender": context.publisher.agency, "recipient": agency_uri_of(grant.address.recipient)}
    verify_direction(article, **ends)
    context.registry.verify_parties_stayed(found)
    context.registry.standings.verify_open(agreement, article.id, **ends)


def _verify_persons(found: InForce, grant: Grant, manifest: Manifest) -> None:
    article = found.agreement.article(manifest.agreement.article)
    verify_persons(article, grant.acted_by, grant.seconded_by)


def _decide(
    policy: ReleasePolicy, grant: Grant, facts: PacketFacts, sender: str
) -> tuple[Decision, ...]:
    """Returns the decision on each compartment of the grant, in order."""
    single: dict[int, list[int]] = {}
    for slot in grant.fields:
        if slot not in facts.compartments:
            raise CommitmentMismatch("the grant lists a slot of no compartment")
        single.setdefault(facts.compartments[slot], []).append(slot)
    released: list[tuple[int, bool, tuple[int, ...]]] = [(c, True, ()) for c in grant.openings]
    released += [(c, False, ()) for c in grant.compartments]
    released += [(c, False, tuple(slots)) for c, slots in single.items()]
    asked = ReleaseRequest(
        article=facts.manifest.agreement.article,
        sender=sender,
        recipient=agency_uri_of(grant.address.recipient),
        purpose=grant.purpose,
        kind=facts.manifest.kind.value,
        marking=STRICTEST,
    )
    same = asked[:-1]
    decisions = []
    for c, only_told, slots in sorted(released):
        opening = facts.openings.get(c)
        if opening is None:
            raise CommitmentMismatch("the grant lists a compartment without its opening")
        form = Form.EXISTS if only_told else opening.form
        allowed = policy.verify(ReleaseRequest(*same, opening.marking), form)
        decisions.append(
            Decision(
                compartment=c,
                category=opening.marking.category,
                form=form.text,
                policies=allowed.shared_policy_ids,
                slots=slots,
            )
        )
    return tuple(decisions)


def _manifest_lookups(context: LookupContext, manifest: Manifest) -> Lookups:
    packet, agency = context.submitted.statement.id, context.publisher.agency
    corrected = (manifest.supersedes,) if manifest.supersedes else ()
    return Lookups(
        sources=tuple((source, agency) for source in manifest.derived_from),
        derived=tuple((packet, source) for source in manifest.derived_from),
        corrected=tuple((each, agency) for each in corrected),
        superseding=tuple((packet, each) for each in corrected),
    )


def _grant_lookups(context: LookupContext, grant: Grant) -> Lookups:
    agency = context.publisher.agency
    return Lookups(
        packets=((grant.packet, agency),),
        grants=((grant.packet, agency, grant.address.recipient),),
    )


MANIFEST = StatementHandler(
    type=StatementType.MANIFEST,
    parse=parse_manifest,
    natural_id=lambda manifest: b"P" + manifest.packet_id,
    lookups=_manifest_lookups,
    recipient=none,
    apply=accept_manifest,
)

GRANT = StatementHandler(
    type=StatementType.GRANT,
    parse=parse_grant,
    natural_id=lambda grant: b"G" + grant.grant_id,
    lookups=_grant_lookups,
    recipient=lambda grant: grant.address.recipient,
    apply=accept_grant,
)
