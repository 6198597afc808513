"""Succession of standings: permitted changes, and the required persons."""

from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.errors import AgreementNotInForce, LiftRefused, StandingOutdated, StatementConflict
from tearline.persons.tokens import Role
from tearline.policy.terms import Terms
from tearline.statements.statement import ActedBy, Header
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import Suspension


@immutable
class SuspensionStep:
    """Requested change of an agency's standing.

    Attributes:
        suspensions: The suspensions to add or to lift; empty for a repetition of the standing.
        lift: Whether they are lifted.
        ended: Whether the agreement is ended; ``suspensions`` then includes the whole of it.
        acted_by: The requesting person.
    """

    suspensions: tuple[Suspension, ...]
    lift: bool
    ended: bool
    acted_by: ActedBy | None

    @property
    def by_officer(self) -> bool:
        """Returns whether an officer in charge requests it."""
        return self.acted_by is not None and self.acted_by.role == Role.OFFICER


def merged(
    known: Standing | None,
    changes: Iterable[SuspensionStep],
    *,
    header: Header,
    agreement_id: bytes,
    time_ms: int,
) -> Standing:
    """Returns the standing that follows the newest known one, with changes, oldest first.

    Additions of another node of the agency are preserved. An officer's lift removes only the
    suspensions that the officer saw, and a person in another role replaces none.

    Args:
        known: The agency's newest, or None.
        changes: The requested changes.
        header: Header of the signing node.
        agreement_id: 16 bytes.
        time_ms: The time, Unix milliseconds.
    """
    # Exactly the next number: a concurrent standing then conflicts, and is merged, too.
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


def verify_scopes(standing: Standing, earlier: Standing | None, terms: Terms) -> None:
    """Checks that a standing's new suspensions have an existing scope (spec T-5).

    Earlier suspensions stay in force despite later changes of the agreement.

    Raises:
        AgreementNotInForce: If the agreement has no such article, or an end is not a party.
    """
    held = {each.scope for each in earlier.suspensions} if earlier else set()
    articles = {"", *(article.id for article in terms.articles)}
    for article, *ends in (s.scope for s in standing.suspensions if s.scope not in held):
        if article not in articles:
            raise AgreementNotInForce("the agreement has no such article")
        if any(end and end not in terms.parties for end in ends):
            raise AgreementNotInForce("a direction leads from one party to another")


def verify_follows(standing: Standing, earlier: Standing | None) -> None:
    """Checks that a standing may replace the newest known one (spec T-2 to T-3).

    Args:
        standing: The newer one.
        earlier: The agency's known one under the agreement, or None.

    Raises:
        StandingOutdated: If it is older.
        StatementConflict: If it has the same counter.
        LiftRefused: If it removes a suspension without an officer's act.
    """
    counter = 0 if earlier is None else earlier.counter
    if standing.counter < counter:
        raise StandingOutdated(f"number {standing.counter} after {counter}")
    if standing.counter == counter:
        raise StatementConflict(f"its agency's standing number {counter} is another one")
    held, ended = ((), False) if earlier is None else earlier.terms
    if ended and not standing.ended:
        raise LiftRefused("an ended agreement cannot be resumed")
    if set(held) <= set(standing.suspensions) and standing.ended == ended:
        return
    act = standing.officer
    if act is None or act.acted_by.role != Role.OFFICER or act.counter <= counter:
        raise LiftRefused
