"""Verification of deliveries, complete before any part is stored.

Pure: the inputs are a delivery, the log followed here and its trust data; the output is a verified
value. The exchange is not trusted: signer, position and contents of the entry, and the fields
opened by the grant, are all verified here.
"""

from collections.abc import Callable, Mapping

from tearline.agreements.agreement import Agreement, verify_parties_signed, verify_pins
from tearline.agreements.proposal import Proposal, verify_proposal
from tearline.audit.erasure import Erasure, verify_logged, verify_signers
from tearline.audit.event import Event, EventCode
from tearline.audit.retention import verify_rule, verify_time
from tearline.bodies.registry import judge_body
from tearline.crypto.keys import KemKey
from tearline.errors import (
    AgreementNotInForce,
    EntryMismatch,
    GrantExpired,
    GrantMisdirected,
    GrantorNotOriginator,
    KeystoreEntryMissing,
    PacketError,
    PacketTooLarge,
    ProposalRefused,
    RetentionUnknown,
    StatementMalformed,
)
from tearline.identity import agency_uri_of
from tearline.onward.consent import verify_terms
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, PacketParts, Pins, View
from tearline.packets.recall import TakenBack
from tearline.persons.four_eyes import verify_persons
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.release import ReleasePolicy
from tearline.policy.terms import ArticleTerms
from tearline.requests.step import verify_note
from tearline.sealing import open_note, open_packet, open_release
from tearline.sealing.redact import redact_release
from tearline.statements.channel import Address, Mark
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Header, Statement, StatementType, pseudonym_of, signers_of
from tearline.verification.trust import Moment, TrustState
from tearline.wire.addresses import address_of
from tearline.wire.agreements import parse_agreement
from tearline.wire.cases import encode_case_step_prefix, parse_case_note, parse_case_step
from tearline.wire.consents import encode_consent_prefix, parse_consent, parse_terms
from tearline.wire.deliveries import Delivery
from tearline.wire.erasures import parse_erasure
from tearline.wire.grants import (
    parse_bare_grant,
    parse_event,
    parse_grant,
    parse_mark,
    parse_receipt,
    parse_void,
)
from tearline.wire.packets import Release, parse_manifest
from tearline.wire.proposals import parse_proposal
from tearline.wire.recalls import parse_recall
from tearline.wire.requests import encode_step_prefix, parse_note, parse_step
from tearline.wire.statements import header_of, signed_of
from tearline.wire.suspensions import parse_standing
from tearline_client.messages.field_checks import judge_fields, usable_fields
from tearline_client.messages.received import (
    Content,
    KeptBack,
    Lapsed,
    Received,
    ReceivedCaseStep,
    ReceivedConsent,
    ReceivedGrant,
    ReceivedStep,
    Waiting,
)

KemKeyById = Callable[[bytes], KemKey]
AgreementAt = Callable[[bytes, int], Agreement]
"""Maps an agreement's id and a log index to the version in force just before it."""
PolicyUnder = Callable[[Agreement], ReleasePolicy]
"""Maps an agreement to the policies shared by all its parties."""

_CODES: Mapping[StatementType, EventCode | None] = {
    StatementType.TRUST_LIST: None,
    StatementType.KEY_RECORD: None,
    StatementType.REVOCATION: None,
    StatementType.MANIFEST: None,
    StatementType.ANCHOR: None,
    StatementType.AUDIT_EXPORT: None,
    StatementType.GRANT: EventCode.GRANT_ACCEPTED,
    StatementType.RECEIPT: EventCode.RECEIPT,
    StatementType.VOID: EventCode.VOID,
    StatementType.MARK: EventCode.MARK,
    StatementType.RECALL: EventCode.RECALL,
    StatementType.AGREEMENT: EventCode.AGREEMENT,
    StatementType.ERASURE: EventCode.ERASED,
    StatementType.CONSENT: EventCode.CONSENT,
    StatementType.REQUEST_STEP: EventCode.REQUEST,
    StatementType.PROPOSAL: EventCode.PROPOSAL,
    StatementType.STANDING: EventCode.STANDING,
    StatementType.CASE_STEP: EventCode.CASE,
}
"""The event of each delivered statement; None for types that are not delivered."""
_FOR_AGENCIES = frozenset({StatementType.PROPOSAL, StatementType.STANDING})
"""Statements with one entry per agency, published by any node of the signer's agency."""
_KEPT_BACK = frozenset({EventCode.HELD, EventCode.RETURNED})


class DeliveryVerifier:
    """Verifies deliveries for one node.

    Args:
        node: The node's URI.
        trust: The trust state from the log's clear entries.
        kem_key: The node's encryption keys by id.
        pins: This installation's digests for agreements.
        agreement_at: Our agreements.
        policy_under: The limits of grants under them.
        both_cosigned: Whether this node and an agency have both cosigned an entry.
        may_lack_keys: Whether this node was restored, so that keys may be lost.
        recalled: The slots of a grant, by its statement id, recalled before it arrived; None for
            all of them.
        has_ended: Whether a grant has ended.
    """

    def __init__(
        self,
        *,
        node: str,
        trust: TrustState,
        kem_key: KemKeyById,
        pins: Pins,
        agreement_at: AgreementAt,
        policy_under: PolicyUnder,
        both_cosigned: Callable[[str, int], bool] = lambda agency, index: True,
        may_lack_keys: Callable[[], bool] = lambda: False,
        recalled: Callable[[Grant, bytes], frozenset[int] | None] = lambda grant, _: frozenset(),
        has_ended: Callable[[Grant], bool] = lambda grant: False,
    ) -> None:
        self._node = node
        self._trust = trust
        self._kem_key = kem_key
        self._pins = pins
        self._agreement_at = agreement_at
        self._policy_under = policy_under
        self._both_cosigned = both_cosigned
        self._may_lack_keys = may_lack_keys
        self._recalled = recalled
        self._has_ended = has_ended

    def verify(self, delivery: Delivery, *, now_ms: int) -> Received:
        """Verifies a delivery whose log entry matches its opening.

        1. The entry is about this statement, of the right kind, names this node's role, and matches
        the statement's own contents.

        2. The statement's signer, key and signature are valid at that log index.

        3. It is addressed to this node.

        4. Its content verifies; for a grant, every field it opens.

        Args:
            delivery: The delivery.
            now_ms: This node's clock.

        Raises:
            TearlineError: Names the failed check.
        """
        if delivery.entry is None or not delivery.statements:
            raise StatementMalformed("a delivery brings a statement and its log entry")
        statement = delivery.statements[0]
        event = parse_event(delivery.entry.event)
        if event.code in _KEPT_BACK:
            return self._kept_back(delivery.entry, event, statement, delivery)
        _verify_event(event, statement)
        at = Moment(index=delivery.entry.index, time_ms=event.time_ms)
        signer = self._trust.verify(statement, delivery.attestations, at=at)
        content = self._content(statement, signer, delivery, at, now_ms)
        self._verify_parties(event, statement, signer)
        _verify_account(event, statement, content)
        return Received(
            signed=signed_of(statement, delivery.attestations),
            signer=signer,
            opening=delivery.entry,
            event=event,
            content=content,
        )

    def _kept_back(
        self, entry: LogOpening, event: Event, statement: Statement, delivery: Delivery
    ) -> Received:
        """Returns a grant of ours that the exchange held back, as verified by our own store."""
        if statement.type is not StatementType.GRANT or event.statement_id != statement.id:
            raise EntryMismatch("the log entry is about another statement")
        grant = parse_bare_grant(statement.body)
        if (event.party, grant.header.signer) != (self._node, self._node):
            raise GrantMisdirected("the grant is not one of this node's")
        return Received(
            signed=signed_of(statement, delivery.attestations),
            signer=grant.header,
            opening=entry,
            event=event,
            content=KeptBack(grant=grant),
        )

    def _verify_parties(self, event: Event, statement: Statement, signer: Header) -> None:
        """Verifies the parties: a false entry would show auditors a delivery that never was."""
        if statement.type in (StatementType.AGREEMENT, StatementType.ERASURE):
            return  # any publisher may act, and one entry is for a whole agency
        agency = agency_uri_of(self._node)
        party = agency if statement.type in _FOR_AGENCIES else self._node
        if (event.actor, event.party) != (signer.signer, party):
            raise EntryMismatch("the log entry names other parties")

    def _content(
        self, statement: Statement, signer: Header, delivery: Delivery, at: Moment, now_ms: int
    ) -> Content:
        match statement.type:
            case StatementType.GRANT:
                return self._grant(statement, signer, delivery, at)
            case StatementType.RECEIPT:
                receipt = parse_receipt(statement.body)
                self._verify_addressed(receipt.address)
                return receipt
            case StatementType.VOID:
                void = parse_void(statement.body)
                self._verify_addressed(void.address)
                return void
            case StatementType.MARK:
                mark = parse_mark(statement.body)
                if mark.recipient != self._node:
                    raise GrantMisdirected("the mark is for another node")
                return mark
            case StatementType.RECALL:
                recall = parse_recall(statement.body)
                self._verify_addressed(recall.address)
                return recall
            case StatementType.AGREEMENT:
                return self._agreement(statement, delivery)
            case StatementType.ERASURE:
                return self._erasure(statement, delivery, at, now_ms)
            case StatementType.CONSENT:
                return self._consent(statement)
            case StatementType.REQUEST_STEP:
                return self._step(statement)
            case StatementType.PROPOSAL:
                return self._proposal(statement, at)
            case StatementType.STANDING:
                return parse_standing(statement.body)
            case StatementType.CASE_STEP:
                return self._case_step(statement)
            case (
                StatementType.TRUST_LIST
                | StatementType.KEY_RECORD
                | StatementType.REVOCATION
                | StatementType.MANIFEST
                | StatementType.ANCHOR
                | StatementType.AUDIT_EXPORT
            ):
                raise StatementMalformed("this kind of statement is not delivered to nodes")

    def _grant(
        self, statement: Statement, signer: Header, delivery: Delivery, at: Moment
    ) -> ReceivedGrant | Lapsed | Waiting | TakenBack:
        is_notice = len(delivery.statements) == 1 and not delivery.parts
        grant = (parse_bare_grant if is_notice else parse_grant)(statement.body)
        self._verify_addressed(grant.address)
        recalled = self._recalled(grant, statement.id)
        if recalled is None:
            return TakenBack(grant=grant)
        if self._has_ended(grant):
            return Lapsed(grant=grant, why=GrantExpired())
        if is_notice:
            # The exchange notifies in this way of packets accepted before its size limit.
            return Lapsed(grant=grant, why=PacketTooLarge("no message holds it with its grant"))
        if len(delivery.statements) != 2:
            raise StatementMalformed("a grant is delivered with its packet's manifest")
        packet = delivery.statements[1]
        _verify_packet(grant, packet)
        _verify_originator(signer, header_of(packet.body))
        # The grant's valid key also vouches for its packet.
        self._trust.verify(packet, delivery.attestations, at=at, vouched=True)
        manifest = parse_manifest(packet.body)
        if manifest.agreement.id != grant.address.agreement_id:
            raise GrantMisdirected("the grant's channel is of another agreement")
        # By the version in force when the exchange accepted it, whatever came into force since.
        agreement = self._agreement_at(manifest.agreement.id, at.index)
        article = agreement.article(manifest.agreement.article)
        verify_persons(article, grant.acted_by, grant.seconded_by)
        if self._waits(article, manifest, at):
            return Waiting(grant=grant)
        try:
            key = self._kem_key(grant.kem_key_id)
        except KeystoreEntryMissing as error:
            if not self._may_lack_keys():
                raise
            return Lapsed(grant=grant, why=error)
        release = redact_release(open_release(grant, key), manifest.packet_id, recalled)
        ciphertexts = {
            slot: data
            for parts in delivery.parts
            if parts.manifest == packet.id
            for slot, data in parts.ciphertexts.items()
        }
        view = open_packet(manifest, ciphertexts, release)
        verify_pins(agreement, self._pins)
        _verify_given(self._policy_under(agreement), grant, manifest, release, view)
        # Unopened ciphertexts are unverified, and could replace verified ones.
        verified = {opened.slot: ciphertexts[opened.slot] for opened in view.fields}
        findings = judge_fields(view)
        return ReceivedGrant(
            signed=signed_of(statement, delivery.attestations),
            grant=grant,
            manifest_signed=signed_of(packet, delivery.attestations),
            manifest=manifest,
            parts=PacketParts(manifest=packet.id, openings=(), ciphertexts=verified),
            release=release,
            view=view,
            findings=findings,
            problems=judge_body(manifest.kind, usable_fields(view, findings)),
        )

    def _consent(self, statement: Statement) -> ReceivedConsent:
        consent = parse_consent(statement.body)
        self._verify_addressed(consent.address)
        sealed = open_note(
            consent.sealed,
            self._kem_key(consent.kem_key_id),
            StatementType.CONSENT,
            encode_consent_prefix(consent),
        )
        terms = parse_terms(sealed)
        verify_terms(consent, terms)
        return ReceivedConsent(consent=consent, terms=terms)

    def _agreement(self, statement: Statement, delivery: Delivery) -> Agreement:
        agreement = parse_agreement(statement.body)
        if agency_uri_of(self._node) not in agreement.terms.parties:
            # Otherwise others could replace one of our agreements, or use its name.
            raise AgreementNotInForce("this agency is not a party to the agreement")
        verify_parties_signed(agreement, signers_of(statement, delivery.attestations))
        verify_pins(agreement, self._pins)
        return agreement

    def _erasure(
        self, statement: Statement, delivery: Delivery, at: Moment, now_ms: int
    ) -> Erasure:
        order = parse_erasure(statement.body)
        exchange = self._trust.trust_list_at(at).exchange.uri
        verify_signers(order, signers_of(statement, delivery.attestations), exchange)
        if agency_uri_of(self._node) not in order.parties:
            raise order.refusal("this agency is not a party to the order")
        if delivery.entry is not None:
            verify_logged(order, statement.id, at.index, parse_event(delivery.entry.event))
        if order.is_by_retention:
            verify_rule(order, self._rule(order, at), at.time_ms)
            verify_time(at.time_ms, now_ms)
        return order

    def _rule(self, order: Erasure, at: Moment) -> Agreement:
        """Returns the agreement in force at the log index of an order by retention."""
        try:
            agreement = self._agreement_at(order.agreement_id, at.index)
        except AgreementNotInForce:
            raise RetentionUnknown("the agreement is not here") from None
        if agreement.version < order.agreement_version:
            raise RetentionUnknown("that version of the agreement is not here")
        return agreement

    def _waits(self, article: ArticleTerms, manifest: Manifest, at: Moment) -> bool:
        if not article.both_before_open:
            return False
        return not self._both_cosigned(agency_uri_of(manifest.header.signer), at.index)

    def _proposal(self, statement: Statement, at: Moment) -> Proposal:
        proposal = parse_proposal(statement.body)
        agreement = parse_agreement(proposal.statement.body)
        if agency_uri_of(self._node) not in agreement.signatories:
            raise ProposalRefused("this agency is not a signatory of the proposal")
        self._trust.verify(proposal.statement, proposal.attestations, at=at)
        members = [agency.uri for agency in self._trust.trust_list_at(at).agencies]
        verify_proposal(proposal, agreement, members)
        return proposal

    def _case_step(self, statement: Statement) -> ReceivedCaseStep:
        step = parse_case_step(statement.body)
        self._verify_addressed(step.address)
        key = self._kem_key(step.kem_key_id)
        before = encode_case_step_prefix(step)
        note = open_note(step.sealed, key, statement.type, before)
        return ReceivedCaseStep(step=step, note=parse_case_note(note))

    def _step(self, statement: Statement) -> ReceivedStep:
        step = parse_step(statement.body)
        self._verify_addressed(step.address)
        try:
            key = self._kem_key(step.kem_key_id)
        except KeystoreEntryMissing as error:
            if not self._may_lack_keys():
                raise
            return ReceivedStep(step=step, note=None, finding=error)
        before = encode_step_prefix(step)
        try:
            note = parse_note(open_note(step.sealed, key, statement.type, before))
            verify_note(step.kind, note)
        except PacketError as error:
            return ReceivedStep(step=step, note=None, finding=error)
        return ReceivedStep(step=step, note=note, finding=None)

    def _verify_addressed(self, address: Address | None) -> None:
        if address is None or address.recipient != self._node:
            raise GrantMisdirected("the statement is addressed to another node")


def _verify_event(event: Event, statement: Statement) -> None:
    if (event.statement_id, event.code) != (statement.id, _CODES[statement.type]):
        raise EntryMismatch("the log entry is about another statement")


def _verify_account(event: Event, statement: Statement, content: Content) -> None:
    """Verifies that an entry matches its statement's contents (spec L-88).

    Otherwise another agreement's retention could erase it, or auditors could be shown another use.
    """
    place = content if isinstance(content, Mark) else address_of(statement)
    if place is not None and event.agreement_id != place.agreement_id:
        raise EntryMismatch("the log entry names another agreement")
    if not isinstance(content, ReceivedGrant):
        return
    grant = content.grant
    told = (event.packet, event.article, event.purpose, event.pseudonym, event.seconded_by)
    if told != (
        grant.packet,
        content.manifest.agreement.article,
        grant.purpose,
        pseudonym_of(grant.acted_by),
        pseudonym_of(grant.seconded_by),
    ):
        raise EntryMismatch("the log entry names another packet, article, purpose or person")


def _verify_packet(grant: Grant, packet: Statement) -> None:
    if packet.type is not StatementType.MANIFEST or packet.id != grant.packet:
        raise GrantMisdirected("the grant is of another packet")


def _verify_originator(grantor: Header, originator: Header) -> None:
    # If B shows A's packet to C, C finds no grant by A for it.
    if agency_uri_of(grantor.signer) != agency_uri_of(originator.signer):
        raise GrantorNotOriginator()


def _verify_given(
    policy: ReleasePolicy, grant: Grant, manifest: Manifest, release: Release, view: View
) -> None:
    """Verifies the released fields by their own markings (spec P-37).

    For a slot released singly, the exchange saw only its compartment's stated marking.
    """
    given = [(opened.field.marking, opened.field.form) for opened in view.fields]
    given += [(told.opening.marking, Form.EXISTS) for told in release.openings]
    for marking, form in dict.fromkeys(given):
        request = ReleaseRequest(
            article=manifest.agreement.article,
            sender=agency_uri_of(grant.header.signer),
            recipient=agency_uri_of(grant.address.recipient),
            purpose=grant.purpose,
            kind=manifest.kind.value,
            marking=marking,
        )
        policy.verify(request, form)
