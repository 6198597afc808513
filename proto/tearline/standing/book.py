"""The newest standing of everybody, and what they stop together."""

from collections.abc import Iterable
from dataclasses import dataclass

from tearline.agreement import Agreement
from tearline.errors import AgreementSuspended
from tearline.identity import trust_domain_of
from tearline.standing.standing import Standing
from tearline.standing.succession import verify_follows
from tearline.standing.suspension import InFlight, Originated, Suspension


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why something does not pass: whose suspension stops it."""

    agency: str
    suspension: Suspension


class StandingBook:
    """The newest standing of each agency under each agreement.

    Args:
        standings: What is known already, in whatever order; verified before.
    """

    def __init__(self, standings: Iterable[Standing] = ()) -> None:
        self._newest: dict[tuple[str, bytes], Standing] = {}
        for standing in standings:
            self.put(standing)

    def newest(self, agency: str, agreement_id: bytes) -> Standing | None:
        """An agency's newest standing under an agreement, or None."""
        return self._newest.get((agency, agreement_id))

    def all(self) -> tuple[Standing, ...]:
        """The newest standing of everybody, in order of agency and agreement."""
        return tuple(self._newest[key] for key in sorted(self._newest))

    def put(self, standing: Standing) -> None:
        """Keeps a standing that was verified before, unless a newer one is here."""
        known = self._newest.get(standing.key)
        if known is None or known.counter < standing.counter:
            self._newest[standing.key] = standing

    def take(self, standing: Standing) -> None:
        """Takes a newer standing.

        Raises:
            StandingOutdated, StatementConflict, LiftRefused: As ``verify_follows`` says;
                nothing changed then.
        """
        verify_follows(standing, self._newest.get(standing.key))
        self._newest[standing.key] = standing

    def stops(
        self, agreement: Agreement, article_id: str, *, sender: str, recipient: str
    ) -> tuple[Stop, ...]:
        """What stops a packet of an article on its way from one agency to another.

        An article that the agreement no longer has is stopped by what stops the whole.

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
        """What stops everything on its way from one agency to another.

        Empty as long as one article is open: what is about no single article may pass then.
        """
        found = [
            self.stops(agreement, article.id, sender=sender, recipient=recipient)
            for article in agreement.terms.articles
        ]
        return tuple(dict.fromkeys(s for stops in found for s in stops)) if all(found) else ()

    def fate(
        self, agreement: Agreement, article_id: str, *, originator: str, holder: str
    ) -> Originated:
        """What the originator's own suspensions say becomes of what a partner has of it."""
        stops = self.stops(agreement, article_id, sender=originator, recipient=holder)
        ranks = list(Originated)
        said = [each.suspension.originated for each in stops if each.agency == originator]
        return max(said, key=ranks.index, default=Originated.KEEP)

    def verify_open(
        self, agreement: Agreement, article_id: str, *, sender: str, recipient: str
    ) -> None:
        """Checks that nothing stops an article's packets on their way.

        Raises:
            AgreementSuspended: Naming who does.
        """
        verify_none(self.stops(agreement, article_id, sender=sender, recipient=recipient))

    def verify_channel_open(self, agreement: Agreement, *, sender: str, recipient: str) -> None:
        """Checks that not everything is stopped on its way from one agency to another.

        Raises:
            AgreementSuspended: Naming who does.
        """
        verify_none(self.channel_stops(agreement, sender=sender, recipient=recipient))


def verify_none(stops: Iterable[Stop]) -> None:
    """Checks that there is nothing that stops something.

    Raises:
        AgreementSuspended: Naming who does.
    """
    agencies = sorted({trust_domain_of(stop.agency) for stop in stops})
    if agencies:
        raise AgreementSuspended(f"suspended by {', '.join(agencies)}")


def is_held(stops: Iterable[Stop]) -> bool:
    """Whether stopped mail is to be issued anew later: unless somebody wants it returned."""
    return all(stop.suspension.in_flight is InFlight.HOLD for stop in stops)
