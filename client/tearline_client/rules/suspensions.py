"""Suspensions that a node obeys: its own agency's at once, others' from their log entry.

Obedience does not depend on the exchange. This agency's suspension takes effect here before the
exchange learns of it, in both directions, and stays in effect whatever the exchange answers.
"""

from enum import StrEnum

from tearline.agreements.agreement import Agreement
from tearline.errors import (
    AgreementNotInForce,
    AgreementSuspended,
    NotFound,
    PartyDeparted,
    StandingStale,
    SuspensionBreached,
)
from tearline.identity import agency_uri_of, trust_domain_of
from tearline.packets.packet import Manifest
from tearline.packets.recall import TakenBack
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.statement import Statement, StatementType
from tearline.suspensions.freshness import verify_affirmed
from tearline.suspensions.index import Stop, is_held, verify_none
from tearline.wire.addresses import address_of
from tearline.wire.grants import encode_void, parse_grant
from tearline.wire.packets import parse_manifest
from tearline_client.context import NodeContext
from tearline_client.messages.received import Lapsed, Received, ReceivedGrant
from tearline_client.messages.resend import Unsigned

_ALWAYS_PASS = frozenset({StatementType.VOID, StatementType.RECEIPT, StatementType.RECALL})
"""Statements that a suspension does not stop: they settle earlier mail or recall it."""


class Verdict(StrEnum):
    """Decision about a statement that is about to be sent."""

    PASS = "pass"  # noqa: S105 (a name, not a secret)
    WAIT = "wait"
    HOLD = "hold"  # not sent; a grant is reissued on resumption
    RETURN = "return"  # not sent


class SuspensionRules:
    """Decides by the standings known here."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    # Outgoing.

    def stops(self, agreement: Agreement, article: str, recipient: str) -> tuple[Stop, ...]:
        """Returns the suspensions that stop packets of an article from us to a node."""
        return self._stops(agreement, article, self._context.agency, agency_uri_of(recipient))

    def verify_may_send(self, agreement: Agreement, article: str, recipient: str) -> None:
        """Verifies, before sealing, that an article's packets may go to a node.

        Raises:
            PartyDeparted: If a party left, was removed, or is under a replaced root.
            AgreementSuspended: If a party suspended it.
            StandingStale: If the article is joint, and a party's standing is older than an hour.
        """
        if departed := self._context.departed(agreement):
            raise PartyDeparted(", ".join(map(trust_domain_of, departed)))
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
        """Verifies that a statement without an article may go to a node.

        Raises:
            AgreementSuspended: If a party suspended the whole agreement.
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
        """Returns the decision about a statement that is about to be sent."""
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
        except PartyDeparted:
            return Verdict.RETURN
        except (AgreementNotInForce, NotFound):
            return Verdict.PASS  # the exchange judges unknown agreements
        if not stops:
            return Verdict.PASS
        return Verdict.HOLD if is_held(stops) else Verdict.RETURN

    def _verdict_on_packet(self, manifest: Manifest) -> Verdict:
        """Returns WAIT while no recipient may get the packet, RETURN if it is to be returned."""
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
        """Returns the void that replaces a stopped statement, or None.

        Records the stop in the caller's transaction.
        """
        address = address_of(statement)
        if address is None:
            return None
        if statement.type is StatementType.GRANT:
            self._context.stores.stopped_grants.put(
                statement.id, place_of(address), hold=verdict is Verdict.HOLD, owed=False
            )
            return self._void(address, withdraws=statement.id)
        return self._void(address)

    def owed_voids(self) -> tuple[Unsigned, ...]:
        """Returns voids for grants that the exchange held back, in the caller's transaction.

        Each is returned once.
        """
        stores, voids = self._context.stores, []
        for grant_id in stores.stopped_grants.owed():
            stored = stores.packets.grant(grant_id)
            if stored is not None:
                voids.append(self._void(stored.grant.address, withdraws=grant_id))
            stores.stopped_grants.pay(grant_id)
        return tuple(voids)

    def _void(self, address: Address, *, withdraws: bytes = b"") -> Unsigned:
        void = Void(
            header=self._context.signer.header,
            address=address,
            reason=VoidReason.RETURNED,
            withdraws=withdraws,
        )
        return StatementType.VOID, encode_void(void)

    # Incoming.

    def verify_arrival(self, received: Received) -> None:
        """Verifies that a verified arrival may be accepted.

        Raises:
            SuspensionBreached: If the exchange accepted it during a suspension, or a grant after a
                party had departed.
            AgreementSuspended: If it was accepted earlier, and is suspended now.
        """
        statement, address = received.signed.statement, received.address
        if address is None or statement.type in _ALWAYS_PASS:
            return
        content = received.content
        if isinstance(content, Lapsed | TakenBack):
            return  # it stays closed in any case
        article = received.event.article  # for a grant; other statements have no article
        if isinstance(content, ReceivedGrant):
            article = content.manifest.agreement.article
        try:
            agreement = self._context.stores.agreements.newest(address.agreement_id)
        except AgreementNotInForce:
            return
        sender = agency_uri_of(received.signer.signer)
        entry = received.opening.index
        if isinstance(content, ReceivedGrant) and self._had_departed(agreement.id, entry):
            raise SuspensionBreached(f"entry {entry} stands after a party had departed")
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

    def _had_departed(self, agreement_id: bytes, entry: int) -> bool:
        version = self._context.stores.agreements.before(agreement_id, entry)
        if version is None:
            return False
        members = self._context.trust.membership.at(entry)
        return bool(members.departed(version.agreement.terms.parties, version.entry))

    def is_quiet(self, peer: str, agreement_id: bytes) -> bool:
        """Returns whether traffic from a node to us is suspended, so that places may be late."""
        try:
            agreement = self._context.stores.agreements.newest(agreement_id)
        except AgreementNotInForce:
            return False
        return any(
            self._stops(agreement, article.id, agency_uri_of(peer), self._context.agency)
            for article in agreement.terms.articles
        )

    def _stops(
        self, agreement: Agreement, article: str, sender: str, recipient: str
    ) -> tuple[Stop, ...]:
        book = self._context.stores.suspensions.book(agreement.id, self._context.signer.header)
        if article:
            return book.stops(agreement, article, sender=sender, recipient=recipient)
        return book.channel_stops(agreement, sender=sender, recipient=recipient)


def place_of(address: Address) -> tuple[str, bytes, int]:
    """Returns the key of a place in a channel: recipient, agreement and number."""
    return address.recipient, address.agreement_id, address.seq
