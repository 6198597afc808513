"""Standings: what a party of an agreement has suspended, all of it, in one numbered statement.

A standing names the complete set of its agency's open suspensions of one agreement, so the one
with the highest counter says everything, whichever were lost or late on the way. Any node of the
agency adds; only an officer in charge lifts, or ends the agreement, and every later standing
carries the officer's last act, so that whoever missed it can still check it. Pure: statements
that were verified come in, and whether something may pass comes out. Specified in
docs/spec/standing-v1.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tearline.agreement import HOUR_MS, Agreement
from tearline.channel import AGREEMENT_ID_SIZE, MAX_SEQ
from tearline.errors import (
    AgreementSuspended,
    LiftRefused,
    StandingOutdated,
    StandingStale,
    StatementConflict,
    StatementMalformed,
)
from tearline.identity import agency_uri_of, parse_agency_uri, trust_domain_of
from tearline.limits import MAX_SUSPENSIONS
from tearline.policy.terms import ArticleTerms
from tearline.statement import ActedBy, Header
from tearline.tokens import Role

FRESH_MS = HOUR_MS
"""How old a party's standing may be for something to go out under a joint article."""
MAX_AHEAD_MS = 120_000
"""How far a standing's own date may lie ahead: two clocks that are both in order."""


class Reason(StrEnum):
    """Why something is suspended, as far as everybody may know; the words stay at home."""

    REVIEW = "review"
    BREACH = "breach"
    LEAK = "leak"
    LEGAL = "legal"
    POLITICAL = "political"
    SECURITY = "security"
    TECHNICAL = "technical"
    UNSPECIFIED = "unspecified"


class InFlight(StrEnum):
    """What becomes of grants that were not handed out when the suspension came."""

    HOLD = "hold"  # their sender issues them anew on resumption
    RETURN = "return"  # their sender keeps them


class Originated(StrEnum):
    """What becomes, at partners, of what the suspending agency sent them before."""

    KEEP = "keep"
    FREEZE = "freeze"
    ERASE = "erase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """One open suspension.

    Attributes:
        article: The article suspended; empty for the whole agreement.
        sender: Of a single direction of the article, the sending agency's URI; else empty.
        recipient: Of a single direction, the receiving agency's URI; else empty.
        reason: Why.
        in_flight: What becomes of mail that was not handed out.
        originated: What becomes of what the suspender sent before.
    """

    article: str
    sender: str
    recipient: str
    reason: Reason
    in_flight: InFlight
    originated: Originated

    def __post_init__(self) -> None:
        if bool(self.sender) != bool(self.recipient) or (self.sender and not self.article):
            raise StatementMalformed("a direction has two ends, and is one of an article")
        if self.sender:
            parse_agency_uri(self.sender)
            parse_agency_uri(self.recipient)
            if self.sender == self.recipient:
                raise StatementMalformed("a direction leads from one party to another")

    @property
    def scope(self) -> tuple[str, str, str]:
        """What is suspended: article, sender, recipient."""
        return self.article, self.sender, self.recipient

    def covers(self, suspender: str, article: ArticleTerms, *, sender: str, recipient: str) -> bool:
        """Whether it stops what goes from one agency to another under an article.

        A joint article is stopped in all its directions by whatever stops one of them. Any other
        is stopped only between the suspender and its partners.
        """
        if self.article not in ("", article.id):
            return False
        if article.joint:
            return True
        if self.sender:
            return (sender, recipient) == (self.sender, self.recipient)
        return suspender in (sender, recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAct:
    """The last time that an officer in charge lifted or changed a suspension, or ended all.

    Attributes:
        counter: Of the standing that first said so.
        acted_by: The officer, as partners may know them.
    """

    counter: int
    acted_by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an agency stands under an agreement.

    Attributes:
        header: The node of the agency that says so.
        agreement_id: 16 bytes.
        counter: From 1; each standing of the agency under the agreement has a higher one.
        suspensions: All that are open, in order of their scope.
        ended: Whether the agency has left the agreement for good.
        officer: An officer's last act, if there was one.
        acted_by: The person behind this standing; None where it repeats the one before.
        time_ms: When it was signed, Unix milliseconds. A standing counts by the log; by its own
            date it only ceases to be fresh.
    """

    header: Header
    agreement_id: bytes
    counter: int
    suspensions: tuple[Suspension, ...]
    ended: bool
    officer: OfficerAct | None
    acted_by: ActedBy | None
    time_ms: int

    def __post_init__(self) -> None:
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or not 0 < self.counter <= MAX_SEQ:
            raise StatementMalformed("a standing has a counter, and an agreement of 16 bytes")
        if len(self.suspensions) > MAX_SUSPENSIONS:
            raise StatementMalformed(f"a standing has at most {MAX_SUSPENSIONS} suspensions")
        if any(a.scope >= b.scope for a, b in pairwise(self.suspensions)):
            raise StatementMalformed("a standing names each scope once, in order")
        agency = self.agency
        if any(each.sender and agency not in each.scope[1:] for each in self.suspensions):
            raise StatementMalformed("an agency suspends directions from and to itself")
        if self.officer is not None and not 0 < self.officer.counter <= self.counter:
            raise StatementMalformed("an officer's act stands in this standing or an earlier one")
        if self.ended and not (self.suspensions and self.suspensions[0].article == ""):
            raise StatementMalformed("whoever ends an agreement suspends the whole of it")

    @property
    def agency(self) -> str:
        """URI of the agency whose standing it is."""
        return agency_uri_of(self.header.signer)

    @property
    def key(self) -> tuple[str, bytes]:
        """Whose it is, under which agreement."""
        return self.agency, self.agreement_id

    @property
    def terms(self) -> tuple[tuple[Suspension, ...], bool]:
        """What it says, whoever says it and when."""
        return self.suspensions, self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A standing in the log.

    Attributes:
        standing: The standing.
        entry: Index of the entry that an agency was told of.
        time_ms: The log's time of that entry.
    """

    standing: Standing
    entry: int
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """A version of an agreement in the log, which counts from there on.

    Attributes:
        agreement: The version.
        entry: Index of the entry that an agency was told of.
        time_ms: The log's time of that entry.
    """

    agreement: Agreement
    entry: int
    time_ms: int


Turn = Recorded | Amended
"""What may change what is stopped: where a party stands, or what was agreed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why something does not pass: whose suspension stops it."""

    agency: str
    suspension: Suspension


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A time in which something was stopped, in the log's own words.

    Attributes:
        start: What stopped it.
        end: What let it pass again, or None while it is stopped.
    """

    start: Turn
    end: Turn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What somebody wants otherwise in an agency's standing.

    Attributes:
        suspensions: What is added, or lifted; empty where the standing is only said again.
        lift: Whether they are lifted.
        ended: Whether the agreement is ended; the whole of it is among what is added then.
        acted_by: Who wants it.
    """

    suspensions: tuple[Suspension, ...]
    lift: bool
    ended: bool
    acted_by: ActedBy | None

    @property
    def by_officer(self) -> bool:
        """Whether an officer in charge wants it."""
        return self.acted_by is not None and self.acted_by.role == Role.OFFICER


def merged(
    known: Standing | None,
    changes: Iterable[Change],
    *,
    header: Header,
    agreement_id: bytes,
    time_ms: int,
) -> Standing:
    """The standing that follows the newest one known, with some changes, oldest first.

    Nothing that another node of the agency added meanwhile is lost: an officer's lift takes back
    only what the officer saw, and whoever is no officer replaces nothing.

    Args:
        known: The agency's newest, or None.
        changes: What is wanted otherwise.
        header: Of the node that says so.
        agreement_id: 16 bytes.
        time_ms: When.
    """
    # The next one and no other: what somebody said meanwhile then conflicts, and is merged, too.
    counter = 1 if known is None else known.counter + 1
    held = {each.scope: each for each in (known.suspensions if known else ())}
    ended, officer = (known.ended, known.officer) if known else (False, None)
    acted_by = None
    for change in changes:
        ended = ended or change.ended
        for each in change.suspensions:
            if not change.lift:
                if change.by_officer:
                    held[each.scope] = each
                else:
                    held.setdefault(each.scope, each)
            elif held.get(each.scope) == each and not (ended and not each.article):
                del held[each.scope]
        if change.suspensions:
            acted_by = change.acted_by
        if change.by_officer and change.acted_by is not None:
            officer = OfficerAct(counter=counter, acted_by=change.acted_by)
    return Standing(
        header=header,
        agreement_id=agreement_id,
        counter=counter,
        suspensions=tuple(held[scope] for scope in sorted(held)),
        ended=ended,
        officer=officer,
        acted_by=acted_by,
        time_ms=time_ms,
    )


def verify_follows(standing: Standing, earlier: Standing | None) -> None:
    """Checks that a standing may take the place of the newest one known (spec T-6 to T-9).

    Args:
        standing: The newer one.
        earlier: What is known of the agency under the agreement, or None.

    Raises:
        StandingOutdated: If it is older than that.
        StatementConflict: If it bears the same counter.
        LiftRefused: If it takes something back, and no officer's act stands behind that.
    """
    counter = 0 if earlier is None else earlier.counter
    if standing.counter < counter:
        raise StandingOutdated(f"number {standing.counter} after {counter}")
    if standing.counter == counter:
        raise StatementConflict(f"its agency's standing number {counter} is another one")
    held, ended = ((), False) if earlier is None else earlier.terms
    if ended and not standing.ended:
        raise LiftRefused("what was ended stays ended")
    if set(held) <= set(standing.suspensions) and standing.ended == ended:
        return
    act = standing.officer
    if act is None or act.acted_by.role != Role.OFFICER or act.counter <= counter:
        raise LiftRefused


class StandingBook:
    """The newest standing of each agency under each agreement.

    Args:
        standings: What is known already, in whatever order; verified before.
    """

    def __init__(self, standings: Iterable[Standing] = ()) -> None:
        self._newest: dict[tuple[str, bytes], Standing] = {}
        for standing in standings:
            known = self._newest.get(standing.key)
            if known is None or known.counter < standing.counter:
                self._newest[standing.key] = standing

    def newest(self, agency: str, agreement_id: bytes) -> Standing | None:
        """An agency's newest standing under an agreement, or None."""
        return self._newest.get((agency, agreement_id))

    def all(self) -> tuple[Standing, ...]:
        """The newest standing of everybody, in order of agency and agreement."""
        return tuple(self._newest[key] for key in sorted(self._newest))

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
            for suspension in standing.suspensions
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


def verify_affirmed(newest: Mapping[str, Recorded], parties: Iterable[str], *, now_ms: int) -> None:
    """Checks that each party said within the hour where it stands (spec T-16).

    By the log's time, so that nobody dates a standing forward; and by the standing's own date,
    so that an exchange that kept one back cannot show it as new.

    Args:
        newest: The newest standing of each party that is known.
        parties: Whose must be fresh.
        now_ms: This node's clock.

    Raises:
        StandingStale: Naming whose is not.
    """
    for party in parties:
        found = newest.get(party)
        times = (0, 0) if found is None else (found.time_ms, found.standing.time_ms)
        if not all(now_ms - FRESH_MS <= time_ms <= now_ms + MAX_AHEAD_MS for time_ms in times):
            raise StandingStale(trust_domain_of(party))


def stopped_intervals(
    history: Iterable[Turn],
    agreement: Agreement,
    article_id: str,
    *,
    sender: str,
    recipient: str,
) -> tuple[Interval, ...]:
    """When a packet of an article could not pass from one agency to another, in log time.

    What the parties suspended is read by the version of the agreement that counted at the time.
    The clocks of requests stand still meanwhile.

    Args:
        history: Every standing of every party that changed something, and every version of the
            agreement.
        agreement: The version that counts where the history has none yet.
        article_id: The article; empty for what is about no single one.
        sender: Agency URI.
        recipient: Agency URI.
    """
    book = StandingBook()
    ends = {"sender": sender, "recipient": recipient}
    intervals: list[Interval] = []
    start: Turn | None = None
    amended = 0
    for each in sorted(history, key=lambda turn: turn.entry):
        if isinstance(each, Recorded):
            book = StandingBook([*book.all(), each.standing])
        elif each.agreement.version >= amended:
            agreement, amended = each.agreement, each.agreement.version
        stops = (
            book.stops(agreement, article_id, **ends)
            if article_id
            else book.channel_stops(agreement, **ends)
        )
        if stops and start is None:
            start = each
        elif not stops and start is not None:
            intervals.append(Interval(start=start, end=each))
            start = None
    if start is not None:
        intervals.append(Interval(start=start, end=None))
    return tuple(intervals)
