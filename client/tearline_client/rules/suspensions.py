"""What a node obeys: its own agency's suspensions at once, every party's once it is told of them.

Nothing here waits for the exchange. What this node wants suspended is stopped here before the
exchange has heard of it, on the way out and on the way in, and stays stopped whatever the
exchange says; what the log says of others is obeyed from its entry on.
"""

from enum import StrEnum

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode
from tearline.errors import (
    AgreementNotInForce,
    AgreementSuspended,
    EntryMismatch,
    GrantHandedOut,
    NotFound,
    StandingStale,
    SuspensionBreached,
)
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest
from tearline.packets.recall import TakenBack
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.receipt import Status
from tearline.statements.statement import Statement, StatementType
from tearline.suspensions.freshness import verify_affirmed
from tearline.suspensions.history import Recorded
from tearline.suspensions.index import Stop, is_held, verify_none
from tearline.suspensions.standing import Standing
from tearline.suspensions.suspension import Originated
from tearline.suspensions.transitions import verify_follows
from tearline.wire.addressing import address_of
from tearline.wire.grants import encode_void, parse_grant, parse_void
from tearline.wire.packets import parse_manifest
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.messages.received import Lapsed, Received, ReceivedGrant
from tearline_client.messages.resend import Unsigned
from tearline_client.rules.recalls import is_recalled, recall_suspended

_ALWAYS_PASS = frozenset({StatementType.VOID, StatementType.RECEIPT, StatementType.RECALL})
"""What a suspension does not stop: it says what became of earlier mail, or takes it back."""


class Verdict(StrEnum):
    """What becomes of a statement that is about to leave the house."""

    PASS = "pass"  # noqa: S105 (a name, not a secret)
    WAIT = "wait"
    HOLD = "hold"  # not sent; a grant is issued anew once it may pass
    RETURN = "return"  # not sent


class SuspensionRules:
    """Judges by the standings that are known here.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    # On the way out.

    def stops(self, agreement: Agreement, article: str, recipient: str) -> tuple[Stop, ...]:
        """What stops packets of an article on their way from us to a node."""
        return self._stops(agreement, article, self._context.agency, agency_uri_of(recipient))

    def verify_may_send(self, agreement: Agreement, article: str, recipient: str) -> None:
        """Checks, before something is sealed, that it may go to a node.

        Raises:
            AgreementSuspended: If a party has suspended that.
            StandingStale: If the article is joint, and a party did not say within the hour
                where it stands.
        """
        book = self._context.stores.suspensions.book(agreement.id, self._context.signer.header)
        book.verify_open(
            agreement, article, sender=self._context.agency, recipient=agency_uri_of(recipient)
        )
        terms = agreement.terms.article(article)
        if terms is not None and terms.joint:
            verify_affirmed(
                self._context.stores.suspensions.newest(agreement.id),
                [party for party in agreement.terms.parties if party != self._context.agency],
                now_ms=self._context.now_ms(),
            )

    def verify_may_speak(self, agreement_id: bytes, recipient: str) -> None:
        """Checks that what is about no single article may go to a node.

        Raises:
            AgreementSuspended: If a party has suspended all of it.
            AgreementNotInForce: If the agreement is not here.
        """
        verify_none(
            self._stops(
                self._context.stores.agreements.newest(agreement_id),
                "",
                self._context.agency,
                agency_uri_of(recipient),
            )
        )

    def verdict(self, statement: Statement) -> Verdict:
        """What becomes of a statement that is about to leave the house."""
        if statement.type is StatementType.MANIFEST:
            return self._verdict_on_packet(parse_manifest(statement.body))
        address = None if statement.type in _ALWAYS_PASS else address_of(statement)
        if address is None:
            return Verdict.PASS
        try:
            agreement = self._context.stores.agreements.newest(address.agreement_id)
            if statement.type is StatementType.GRANT:
                manifest = self._context.stores.packets.manifest(parse_grant(statement.body).packet)
                article = manifest.agreement.article
                stops = self.stops(agreement, article, address.recipient)
                if not stops:
                    self.verify_may_send(agreement, article, address.recipient)
            else:
                stops = self._stops(
                    agreement, "", self._context.agency, agency_uri_of(address.recipient)
                )
        except StandingStale:
            return Verdict.HOLD
        except (AgreementNotInForce, NotFound):
            return Verdict.PASS  # what is not known here, the exchange judges
        if not stops:
            return Verdict.PASS
        return Verdict.HOLD if is_held(stops) else Verdict.RETURN

    def _verdict_on_packet(self, manifest: Manifest) -> Verdict:
        """A packet waits while nobody may get it, and goes nowhere once it is to be returned."""
        try:
            agreement = self._context.stores.agreements.newest(manifest.agreement.id)
            article = agreement.article(manifest.agreement.article)
        except AgreementNotInForce:
            return Verdict.PASS
        ways = [way for way in article.directions if way.sender == self._context.agency]
        found = [self._stops(agreement, article.id, way.sender, way.recipient) for way in ways]
        if not found or not all(found):
            return Verdict.PASS
        return Verdict.WAIT if any(is_held(stops) for stops in found) else Verdict.RETURN

    def turn_back(self, statement: Statement, verdict: Verdict) -> Unsigned | None:
        """What goes into the place of what does not leave the house, or None for nothing.

        That it was stopped is kept in the caller's transaction.
        """
        address = address_of(statement)
        if address is None:
            return None
        if statement.type is StatementType.GRANT:
            self._context.stores.suspensions.stop(
                statement.id, _place(address), hold=verdict is Verdict.HOLD, owed=False
            )
            return self._void(address, withdraws=statement.id)
        return self._void(address)

    def owed_voids(self) -> tuple[Unsigned, ...]:
        """Voids for the places of grants that the exchange kept back, in the caller's transaction.

        Each is owed once.
        """
        stores, voids = self._context.stores, []
        for grant_id in stores.suspensions.owed():
            stored = stores.packets.grant(grant_id)
            if stored is not None:
                voids.append(self._void(stored.grant.address, withdraws=grant_id))
            stores.suspensions.pay(grant_id)
        return tuple(voids)

    def _void(self, address: Address, *, withdraws: bytes = b"") -> Unsigned:
        void = Void(
            header=self._context.signer.header,
            address=address,
            reason=VoidReason.RETURNED,
            withdraws=withdraws,
        )
        return StatementType.VOID, encode_void(void)

    def void_refused(self, statement: Statement, code: str) -> None:
        """Notes that a void was refused because the grant at its place had been handed out."""
        stores = self._context.stores
        grant = stores.suspensions.stopped_at(_place(parse_void(statement.body).address))
        if grant is not None and code == GrantHandedOut.code:
            stores.suspensions.forget_stopped(grant)

    # On the way in.

    def verify_arrival(self, received: Received) -> None:
        """Checks that something that verified may be taken in.

        Raises:
            SuspensionBreached: If it was accepted while a party had suspended it.
            AgreementSuspended: If it was accepted before, and is stopped now.
        """
        statement, address = received.signed.statement, received.address
        if address is None or statement.type in _ALWAYS_PASS:
            return
        content = received.content
        if isinstance(content, Lapsed | TakenBack):
            return  # it stays closed in any case
        article = received.event.article  # of a grant; all else is about no single one
        if isinstance(content, ReceivedGrant):
            article = content.manifest.agreement.article
        try:
            agreement = self._context.stores.agreements.newest(address.agreement_id)
        except AgreementNotInForce:
            return
        sender = agency_uri_of(received.signer.signer)
        entry = received.opening.index
        reach, stoppages = self._context.stores.suspensions.stoppages_at(agreement, entry)
        found = [
            [
                s
                for s in stoppages
                if reach.covers(s, a, sender=sender, recipient=self._context.agency)
            ]
            for a in ([article] if article else reach.articles)
        ]
        if all(found):
            first = min(each.start for stops in found for each in stops)
            raise SuspensionBreached(f"entry {entry} stands after {first}")
        if self._stops(agreement, article, sender, self._context.agency):
            raise AgreementSuspended("it came after that")

    def is_quiet(self, peer: str, agreement_id: bytes) -> bool:
        """Whether something is stopped on its way from a node to us, so that places may be late."""
        try:
            agreement = self._context.stores.agreements.newest(agreement_id)
        except AgreementNotInForce:
            return False
        return any(
            self._stops(agreement, article.id, agency_uri_of(peer), self._context.agency)
            for article in agreement.terms.articles
        )

    # What the log says.

    def take_terms(self, signed: Signed, agreement_id: bytes, entry: int, time_ms: int) -> None:
        """Takes a version of an agreement, in the caller's transaction.

        It may stop what passed, or let pass what was stopped: where it makes an article joint, or
        no longer does, others' suspensions reach as far as they did not before.
        """
        stores = self._context.stores
        before_ms = self._retention_ms(agreement_id)
        stores.agreements.put(signed, entry=entry, time_ms=time_ms)
        if self._retention_ms(agreement_id) != before_ms:
            stores.packets.look_again()  # of an agreement, only that says when a grant ends
        said = stores.suspensions.newest(agreement_id)
        if not said:
            return
        stores.channels.mark_due(agreement_id)
        stores.requests.rest_on(agreement_id, self._context.agency, entry, time_ms)
        for agency in said:
            self._freeze(stores.agreements.newest(agreement_id), agency)

    def _retention_ms(self, agreement_id: bytes) -> int | None:
        try:
            return self._context.stores.agreements.newest(agreement_id).retention_ms
        except AgreementNotInForce:
            return None

    def take(self, signed: Signed, standing: Standing, entry: int, time_ms: int) -> None:
        """Takes where a party stands, in the caller's transaction.

        Raises:
            AgreementNotInForce: If it is no party to an agreement of ours.
            StandingOutdated, StatementConflict, LiftRefused: If it does not follow what is known,
                and the exchange should not have taken it.
        """
        stores, agreement_id = self._context.stores, standing.agreement_id
        agreement = stores.agreements.newest(agreement_id)
        if standing.agency not in agreement.terms.parties:
            raise AgreementNotInForce("it is from somebody who is not a party")
        kept = stores.suspensions.recorded(*standing.key, standing.counter)
        if kept is not None and kept.standing == standing:
            return
        known = stores.suspensions.newest(agreement_id).get(standing.agency)
        if _is_late(standing, entry, known):
            # It says no more what holds, but what was stopped until then.
            stores.suspensions.put(signed, entry, time_ms)
            stores.requests.rest_on(agreement_id, self._context.agency, entry, time_ms)
            return
        verify_follows(standing, known.standing if known else None)
        stores.suspensions.put(signed, entry, time_ms)
        stores.suspensions.fulfil(signed.statement.id)
        if standing.terms != (known.standing.terms if known else ((), False)):
            stores.channels.mark_due(agreement_id)
            stores.requests.rest_on(agreement_id, self._context.agency, entry, time_ms)
            self._freeze(agreement, standing.agency)

    def _freeze(self, agreement: Agreement, originator: str) -> None:
        """Notes which articles' packets of an agency are frozen here, as its standing says.

        No packet is read for it: an agency may change its standing often, and a node may hold a
        million packets. What our own has partners erase is recalled, whichever of our nodes sent
        it.
        """
        if originator == self._context.agency:
            recall_suspended(self._context, agreement)
            return
        standings = self._context.stores.suspensions
        book = standings.book(agreement.id, self._context.signer.header)
        standings.freeze(
            agreement.id,
            originator,
            (
                article.id
                for article in agreement.terms.articles
                if book.fate(
                    agreement, article.id, originator=originator, holder=self._context.agency
                )
                is not Originated.KEEP
            ),
        )

    def take_held(self, statement: Statement, event: Event) -> None:
        """Takes the exchange's word that it kept a grant of ours back, in the caller's transaction.

        Raises:
            NotFound: If this node made no such grant.
            EntryMismatch: If its recipient signed that it has it.
        """
        stored = self._context.stores.packets.grant(statement.id)
        if stored is None or stored.incoming:
            raise NotFound("this node made no such grant")
        if stored.status in (Status.STORED, Status.OPENED, Status.SEEN, Status.ERASED):
            raise EntryMismatch("its recipient has signed that it has it")
        recalled = is_recalled(self._context, stored.grant.packet, stored.grant.address.recipient)
        hold = event.code is EventCode.HELD and not recalled
        place = _place(stored.grant.address)
        self._context.stores.suspensions.stop(statement.id, place, hold=hold, owed=True)

    def _stops(
        self, agreement: Agreement, article: str, sender: str, recipient: str
    ) -> tuple[Stop, ...]:
        book = self._context.stores.suspensions.book(agreement.id, self._context.signer.header)
        if article:
            return book.stops(agreement, article, sender=sender, recipient=recipient)
        return book.channel_stops(agreement, sender=sender, recipient=recipient)


def _is_late(standing: Standing, entry: int, known: Recorded | None) -> bool:
    """Whether a standing stands in the log before what is known."""
    return known is not None and standing.counter < known.standing.counter and entry < known.entry


def _place(address: Address) -> tuple[str, bytes, int]:
    return address.recipient, address.agreement_id, address.seq
