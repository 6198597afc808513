"""Stoppages: intervals of log entries in which an agency had a scope suspended.

Each standing adds to its agency's suspensions, or removes some. The intervals are therefore stored
by scope as standings arrive, and no reader scans the standings again.
"""

from collections.abc import Iterable
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.policy.terms import Terms
from tearline.suspensions.history import Amended, Recorded
from tearline.suspensions.standing import Standing
from tearline.suspensions.suspension import Scope, is_in_reach


@immutable
class ScopeChange:
    """Scope that an agency suspends or resumes from an entry on.

    Attributes:
        agency: URI of the agency.
        scope: Article, sender and recipient, as a suspension names them.
        stops: Whether it is suspended from there on.
        entry: Index of the standing's entry.
        time_ms: The log's time of that entry.
    """

    agency: str
    scope: Scope
    stops: bool
    entry: int
    time_ms: int


@immutable
class Stoppage:
    """Interval of the log in which an agency had a scope suspended.

    Attributes:
        agency: URI of the agency.
        scope: Article, sender and recipient, as a suspension names them.
        start: Index of the entry that suspended it.
        start_ms: The log's time of that entry.
        end: Index of the entry that resumed it; None while it is suspended.
        end_ms: The log's time of that entry, or None.
    """

    agency: str
    scope: Scope
    start: int
    start_ms: int
    end: int | None = None
    end_ms: int | None = None


@immutable
class Reach:
    """Reach of suspensions under one version of an agreement.

    Attributes:
        parties: URIs of its parties.
        articles: Ids of its articles.
        joint: Ids of joint articles.
        entry: Index of the version's entry.
        time_ms: The log's time of that entry.
    """

    parties: tuple[str, ...]
    articles: tuple[str, ...]
    joint: tuple[str, ...]
    entry: int = 0
    time_ms: int = 0

    @classmethod
    def of(cls, terms: Terms, *, entry: int = 0, time_ms: int = 0) -> "Reach":
        """Returns the reach under the terms of a version."""
        return cls(
            parties=terms.parties,
            articles=tuple(article.id for article in terms.articles),
            joint=tuple(article.id for article in terms.articles if article.joint),
            entry=entry,
            time_ms=time_ms,
        )

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """Returns the deciding attributes, without entry and time."""
        return self.parties, self.articles, self.joint

    def covers(self, stoppage: Stoppage, article: str, *, sender: str, recipient: str) -> bool:
        """Returns whether a stoppage stops an article's packets from one agency to another."""
        if stoppage.agency not in self.parties or stoppage.scope[0] not in ("", article):
            return False
        if article not in self.articles:
            # A removed article is stopped by suspensions of the whole agreement.
            return not stoppage.scope[0] and stoppage.agency in (sender, recipient)
        return is_in_reach(
            stoppage.scope,
            stoppage.agency,
            joint=article in self.joint,
            sender=sender,
            recipient=recipient,
        )


def changes_of(before: Standing | None, recorded: Recorded) -> tuple[ScopeChange, ...]:
    """Returns the scopes that a standing suspends or resumes after an agency's one before."""
    held = {each.scope for each in before.suspensions} if before else set()
    said = {each.scope for each in recorded.standing.suspensions}
    return tuple(
        ScopeChange(
            agency=recorded.standing.agency,
            scope=scope,
            stops=scope in said,
            entry=recorded.entry,
            time_ms=recorded.time_ms,
        )
        for scope in sorted(held ^ said)
    )


def changed(known: Iterable[Stoppage], changes: Iterable[ScopeChange]) -> tuple[Stoppage, ...]:
    """Returns stoppages as they are after later changes in the log."""
    found = list(known)
    going_on = {(s.agency, s.scope): n for n, s in enumerate(found) if s.end is None}
    for each in changes:
        key = each.agency, each.scope
        if each.stops:
            going_on[key] = len(found)
            found.append(
                Stoppage(
                    agency=each.agency, scope=each.scope, start=each.entry, start_ms=each.time_ms
                )
            )
        elif key in going_on:
            place = going_on.pop(key)
            found[place] = replace(found[place], end=each.entry, end_ms=each.time_ms)
    return tuple(found)


def resumed(changes: Iterable[ScopeChange]) -> tuple[Stoppage, ...]:
    """Returns the ends of stoppages that had begun before some changes; they begin with those."""
    going_on: set[tuple[str, Scope]] = set()
    found = []
    for each in changes:
        key = each.agency, each.scope
        if each.stops:
            going_on.add(key)
        elif key in going_on:
            going_on.remove(key)
        else:
            found.append(
                Stoppage(
                    agency=each.agency,
                    scope=each.scope,
                    start=each.entry,
                    start_ms=each.time_ms,
                    end=each.entry,
                    end_ms=each.time_ms,
                )
            )
    return tuple(found)


def stoppages_of(history: Iterable[Recorded]) -> tuple[Stoppage, ...]:
    """Returns all stoppages that follow from standings, given in any order."""
    newest: dict[str, Standing] = {}
    changes: list[ScopeChange] = []
    for each in sorted(history, key=lambda recorded: recorded.entry):
        before = newest.get(each.standing.agency)
        if before is None or before.counter < each.standing.counter:
            changes += changes_of(before, each)
            newest[each.standing.agency] = each.standing
    return changed((), changes)


def reaches_of(history: Iterable[Amended]) -> tuple[Reach, ...]:
    """Returns the reach of suspensions under each version, in the order of the log.

    A version that follows a newer one in the log has no effect; neither has one with equal terms.
    """
    found: list[Reach] = []
    newest = 0
    for each in sorted(history, key=lambda amended: amended.entry):
        if each.agreement.version < newest:
            continue
        newest = each.agreement.version
        reach = Reach.of(each.agreement.terms, entry=each.entry, time_ms=each.time_ms)
        if not found or found[-1].terms != reach.terms:
            found.append(reach)
    return tuple(found)
