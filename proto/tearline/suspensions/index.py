"""Newest standing of each agency, and their combined effect."""

from collections.abc import Iterable

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import AgreementSuspended
from tearline.identity import trust_domain_of
from tearline.suspensions.standing import Standing
from tearline.suspensions.suspension import InFlight, Originated, Suspension
from tearline.suspensions.transitions import verify_follows


@immutable
class Stop:
    """Agency and suspension that stop a packet."""

    agency: str
    suspension: Suspension


class SuspensionIndex:
    """Newest standing of each agency under each agreement.

    Args:
        standings: The known standings in any order; already verified.
    """

    def __init__(self, standings: Iterable[Standing] = ()) -> None:
        self._newest: dict[tuple[str, bytes], Standing] = {}
        for standing in standings:
            self.put(standing)

    def newest(self, agency: str, agreement_id: bytes) -> Standing | None:
        """Returns an agency's newest standing under an agreement, or None."""
        return self._newest.get((agency, agreement_id))

    def all(self) -> tuple[Standing, ...]:
        """Returns the newest standing of each agency, in order of agency and agreement."""
        return tuple(self._newest[key] for key in sorted(self._newest))

    def put(self, standing: Standing) -> None:
        """Stores a verified standing, unless a newer one is known."""
        known = self._newest.get(standing.key)
        if known is None or known.counter < standing.counter:
            self._newest[standing.key] = standing

    def take(self, standing: Standing) -> None:
        """Verifies and stores a newer standing.

        Raises:
            StandingOutdated, StatementConflict, LiftRefused: As ``verify_follows`` does; the
                book is then unchanged.
        """
        verify_follows(standing, self._newest.get(standing.key))
        self._newest[standing.key] = standing

    def stops(
        self, agreement: Agreement, article_id: str, *, sender: str, recipient: str
    ) -> tuple[Stop, ...]:
        """Returns the suspensions that stop an article's packets from one agency to another.

        For an article that the agreement no longer has, these are the suspensions of the whole.

        Args:
            agreement: Its newest version.
            article_id: The article.
            sender: Agency URI.
            recipient: Agency URI.
        """
        article = agreement.terms.article(article_id)
        return tuple(
            Stop(agency=party, suspension=suspension)
            for party in agreement.terms.parties
            if (standing := self.newest(party, agreement.id)) is not None
            for suspension in standing.suspensions_of(article_id)
            if (
                suspension.covers(party, article, sender=sender, recipient=recipient)
                if article is not None
                else not suspension.article and party in (sender, recipient)
            )
        )

    def channel_stops(
        self, agreement: Agreement, *, sender: str, recipient: str
    ) -> tuple[Stop, ...]:
        """Returns the suspensions that stop every statement from one agency to another.

        The result is empty as long as one article is open: statements about no single article may
        then pass.
        """
        found = [
            self.stops(agreement, article.id, sender=sender, recipient=recipient)
            for article in agreement.terms.articles
        ]
        return tuple(dict.fromkeys(s for stops in found for s in stops)) if all(found) else ()

    def fate(
        self, agreement: Agreement, article_id: str, *, originator: str, holder: str
    ) -> Originated:
        """Returns the handling of the originator's earlier packets at a partner."""
        stops = self.stops(agreement, article_id, sender=originator, recipient=holder)
        ranks = list(Originated)
        said = [each.suspension.originated for each in stops if each.agency == originator]
        return max(said, key=ranks.index, default=Originated.KEEP)

    def verify_open(
        self, agreement: Agreement, article_id: str, *, sender: str, recipient: str
    ) -> None:
        """Checks that no suspension stops an article's packets.

        Raises:
            AgreementSuspended: If one does; names the agencies.
        """
        verify_none(self.stops(agreement, article_id, sender=sender, recipient=recipient))

    def verify_channel_open(self, agreement: Agreement, *, sender: str, recipient: str) -> None:
        """Checks that some statements may pass from one agency to another.

        Raises:
            AgreementSuspended: If none may; names the agencies.
        """
        verify_none(self.channel_stops(agreement, sender=sender, recipient=recipient))


def verify_none(stops: Iterable[Stop]) -> None:
    """Checks that there are no suspensions.

    Raises:
        AgreementSuspended: If there are; names the agencies.
    """
    agencies = sorted({trust_domain_of(stop.agency) for stop in stops})
    if agencies:
        raise AgreementSuspended(f"suspended by {', '.join(agencies)}")


def is_held(stops: Iterable[Stop]) -> bool:
    """Returns whether stopped mail is held for a later reissue.

    It is, unless an agency wants it returned.
    """
    return all(stop.suspension.in_flight is InFlight.HOLD for stop in stops)
