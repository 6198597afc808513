"""Judging manifests and grants: what they commit to, and what the agreement allows.

The exchange reads no contents. It holds the openings, which say how each compartment is
marked, and judges by them what a grant lists; the recipient's node then finds out whether
the contents are what the openings say.
"""

from collections.abc import Iterable

from tearline.agreement import Agreement, verify_direction, verify_packet
from tearline.commitments import verify_ciphertext, verify_opening
from tearline.errors import (
    AgreementNotInForce,
    CiphertextMissing,
    CommitmentMismatch,
    GrantExpired,
    GrantMisdirected,
    GrantorNotOriginator,
    LifetimeRefused,
    PacketTooLarge,
    SuiteUnknown,
)
from tearline.event import Decision, Event, EventCode
from tearline.four_eyes import verify_persons
from tearline.grant import Grant
from tearline.identity import agency_uri_of
from tearline.keys import SUITE
from tearline.limits import MAX_LOG_SIZE, MAX_PACKET_BYTES, MAX_PACKET_LIFETIME_MS
from tearline.packet import Manifest, Opening, PacketParts
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.release import ReleasePolicy
from tearline.policy.terms import ArticleTerms
from tearline.receipt import LogOpening
from tearline.sealing import granted_slots
from tearline.standing.book import verify_none
from tearline.statement import SALT_SIZE, pseudonym_of
from tearline.wire.deliveries import EPOCH_SIZE, Cursor, Delivery, verify_fits
from tearline.wire.flow import encode_event
from tearline_server.judging.cases import verify_filed
from tearline_server.judging.channels import next_place, verify_sealed_to
from tearline_server.judging.corrections import verify_correction, verify_had
from tearline_server.judging.docket import PacketFacts
from tearline_server.judging.hearing import Hearing
from tearline_server.judging.onward import verify_passed_on, verify_sources
from tearline_server.judging.recalled import verify_not_recalled
from tearline_server.judging.registry import InForce
from tearline_server.judging.requests import begin_request, verify_person

# The same words for a packet of somebody else and for one that does not exist.
_NOT_YOURS = "no packet of this agency bears that id"


def accept_manifest(hearing: Hearing, manifest: Manifest) -> None:
    """Takes a packet, once for all its recipients.

    1. It is of a suite in use, and ends in the future, but not beyond all bounds.
    2. An agreement of its originator is in force and covers it, and the article is not suspended
       in every direction that the packet could go.
    3. What it was made from, its originator was given, and claims no more trust in.
    4. If it takes the place of another packet, that is one of its own agency's, on the same
       terms, that nothing corrects yet and that was not recalled.
    5. Every opening is one that it commits to, and no slot stands in two.
    6. Every ciphertext is there, and the one that it names.

    Raises:
        TearlineError: Naming what failed; nothing changed then.
    """
    now_ms = hearing.docket.now_ms
    if manifest.suite != SUITE:
        raise SuiteUnknown(f"suite {manifest.suite}")
    if not now_ms < manifest.not_after_ms <= now_ms + MAX_PACKET_LIFETIME_MS:
        raise LifetimeRefused
    found = hearing.registry.agreement_of(manifest.agreement.id, hearing.publisher.agency)
    article = verify_packet(manifest, found.agreement, now_ms=now_ms)
    _verify_some_way_open(hearing, found.agreement, article)
    verify_sources(hearing, manifest)
    verify_filed(hearing, manifest)
    verify_correction(hearing, manifest)
    parts, encoded = hearing.claim.parts, hearing.claim.encoded_parts
    if parts is None or encoded is None:
        raise CiphertextMissing("the packet came without its parts")
    facts = PacketFacts(
        statement=hearing.claim.statement,
        manifest=manifest,
        openings=_verified_openings(manifest, parts),
    )
    _verify_ciphertexts(manifest, parts)

    hearing.docket.packets[hearing.claim.statement.id] = facts
    hearing.docket.new_packets.append((hearing.ruling, encoded))
    if manifest.supersedes:
        hearing.docket.correct(hearing.claim.statement.id, manifest.supersedes)
    event = Event(
        statement_id=hearing.claim.statement.id,
        code=EventCode.PACKET_ACCEPTED,
        party=hearing.publisher.node,
        time_ms=now_ms,
        actor=hearing.publisher.node,
        packet=hearing.claim.statement.id,
        agreement_id=manifest.agreement.id,
        article=manifest.agreement.article,
        policy_digest=manifest.pins.policy,
    )
    hearing.docket.settle(hearing.ruling, event)


def _verify_some_way_open(hearing: Hearing, agreement: Agreement, article: ArticleTerms) -> None:
    stops = [
        hearing.registry.standings.stops(
            agreement, article.id, sender=way.sender, recipient=way.recipient
        )
        for way in article.directions
        if way.sender == hearing.publisher.agency
    ]
    if stops and all(stops):
        verify_none(stop for each in stops for stop in each)


def _verified_openings(manifest: Manifest, parts: PacketParts) -> dict[int, Opening]:
    openings: dict[int, Opening] = {}
    slots: set[int] = set()
    for opening in parts.openings:
        verify_opening(manifest, opening)
        if opening.compartment in openings or not slots.isdisjoint(opening.slots):
            # Else a slot could be granted by whichever of its markings is the milder.
            raise CommitmentMismatch("a compartment or a slot is opened twice")
        openings[opening.compartment] = opening
        slots.update(opening.slots)
    return openings


def _verify_ciphertexts(manifest: Manifest, parts: PacketParts) -> None:
    if sum(map(len, parts.ciphertexts.values())) > MAX_PACKET_BYTES:
        raise PacketTooLarge(f"more than {MAX_PACKET_BYTES} bytes of ciphertext")
    if parts.ciphertexts.keys() != set(range(len(manifest.slots))):
        raise CiphertextMissing("a packet is published with every ciphertext and no other")
    for slot, ciphertext in parts.ciphertexts.items():
        verify_ciphertext(manifest, slot, ciphertext)


def accept_grant(hearing: Hearing, grant: Grant) -> None:
    """Takes a release to one recipient.

    1. The packet is one of the grantor's own agency.
    2. The agreement is the packet's, is in force, lets packets of its kind go this way, for this
       purpose, and no party has suspended that. Where the article asks for two persons, two
       stand behind it.
    3. The recipient is a node whose encryption key counts, and the grant ends before the
       packet does.
    4. For each compartment the shared policies allow the form that is released.
    5. Nothing that it releases was recalled from its recipient, or from everybody.
    6. Where the packet was made from others, their originators gave the recipient as much.
    7. Where the packet takes the place of others, the recipient was given something of those.
    8. A person answers for data on persons, where it answers a request.
    9. Its place in the channel is the next one, and its recipient's mailbox has room.
    10. With its packet and the entry it fits one message.

    Raises:
        TearlineError: Naming what failed; nothing changed then.
    """
    docket, recipient = hearing.docket, grant.address.recipient
    facts = _facts(hearing, grant.packet)
    _verify_originator(facts.manifest, hearing.publisher.agency)
    manifest = facts.manifest
    if grant.address.agreement_id != manifest.agreement.id:
        raise GrantMisdirected("the grant's channel is of another agreement than the packet")
    recipient_agency = agency_uri_of(recipient)
    found = hearing.registry.agreement_of(
        manifest.agreement.id, hearing.publisher.agency, recipient_agency
    )
    _verify_covered(found, grant, manifest, hearing)
    _verify_persons(found, grant, manifest)
    verify_sealed_to(hearing, grant.address.recipient, grant.kem_key_id)
    if not docket.now_ms < grant.not_after_ms <= manifest.not_after_ms:
        raise GrantExpired("it ends in the past, or after its packet")
    decisions = _decide(
        hearing.registry.policy_of(found.agreement), grant, facts, hearing.publisher.agency
    )
    verify_passed_on(hearing, manifest, recipient_agency, decisions)
    verify_had(hearing, grant.packet, recipient)
    verify_person(grant, manifest, decisions)
    slots = granted_slots(manifest, grant, facts.openings)
    verify_not_recalled(docket, grant, slots)
    size = sum(manifest.slots[slot].ciphertext_length for slot in slots)
    place = next_place(hearing, grant.address, size=size)

    event = Event(
        statement_id=hearing.claim.statement.id,
        code=EventCode.GRANT_ACCEPTED,
        party=recipient,
        time_ms=docket.now_ms,
        actor=hearing.publisher.node,
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
    _verify_deliverable(hearing, facts, slots, event)
    hearing.ruling.packet = grant.packet
    place.take(docket.settle(hearing.ruling, event))
    begin_request(hearing, grant, manifest, found.agreement)


def _verify_deliverable(
    hearing: Hearing, facts: PacketFacts, slots: Iterable[int], event: Event
) -> None:
    """Checks that the grant, its packet and its entry fit one message, at whatever place."""
    claim, manifest = hearing.claim, facts.manifest
    last = MAX_LOG_SIZE - 1
    parts = PacketParts(manifest=facts.statement.id, openings=(), ciphertexts={})
    delivery = Delivery(
        cursor=Cursor(epoch=bytes(EPOCH_SIZE), seq=last),
        statements=(claim.statement, facts.statement),
        attestations={},
        parts=(parts,),
        entry=LogOpening(index=last, salt=bytes(SALT_SIZE), event=encode_event(event)),
    )
    verify_fits(delivery, {slot: manifest.slots[slot].ciphertext_length for slot in slots})


def _facts(hearing: Hearing, packet_id: bytes) -> PacketFacts:
    facts = hearing.docket.facts(packet_id)
    if facts is None:
        raise GrantorNotOriginator(_NOT_YOURS)
    return facts


def _verify_originator(manifest: Manifest, agency: str) -> None:
    if agency_uri_of(manifest.header.signer) != agency:
        raise GrantorNotOriginator(_NOT_YOURS)


def _verify_covered(found: InForce, grant: Grant, manifest: Manifest, hearing: Hearing) -> None:
    # By the newest version: an agreement that became stricter is not met by older packets.
    agreement = found.agreement
    agreement.verify_in_force(hearing.docket.now_ms)
    article = agreement.article(manifest.agreement.article)
    if manifest.kind.value not in article.kinds or grant.purpose not in article.purposes:
        raise AgreementNotInForce("the article does not cover this kind or this purpose")
    ends = {"sender": hearing.publisher.agency, "recipient": agency_uri_of(grant.address.recipient)}
    verify_direction(article, **ends)
    hearing.registry.standings.verify_open(agreement, article.id, **ends)


def _verify_persons(found: InForce, grant: Grant, manifest: Manifest) -> None:
    article = found.agreement.article(manifest.agreement.article)
    verify_persons(article, grant.acted_by, grant.seconded_by)


def _decide(
    policy: ReleasePolicy, grant: Grant, facts: PacketFacts, sender: str
) -> tuple[Decision, ...]:
    """Judges each compartment that the grant has to do with, in order."""
    single: dict[int, list[int]] = {}
    for slot in grant.fields:
        if slot not in facts.compartments:
            raise CommitmentMismatch("the grant lists a slot of no compartment")
        single.setdefault(facts.compartments[slot], []).append(slot)
    released: list[tuple[int, bool, tuple[int, ...]]] = [(c, True, ()) for c in grant.openings]
    released += [(c, False, ()) for c in grant.compartments]
    released += [(c, False, tuple(slots)) for c, slots in single.items()]
    recipient = agency_uri_of(grant.address.recipient)
    decisions = []
    for c, only_told, slots in sorted(released):
        opening = facts.openings.get(c)
        if opening is None:
            raise CommitmentMismatch("the grant lists a compartment without its opening")
        form = Form.EXISTS if only_told else opening.form
        request = ReleaseRequest(
            article=facts.manifest.agreement.article,
            sender=sender,
            recipient=recipient,
            purpose=grant.purpose,
            kind=facts.manifest.kind.value,
            marking=opening.marking,
        )
        allowed = policy.verify(request, form)
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
