"""How one standing follows another: what may change in it, and who must stand behind that."""

from collections.abc import Iterable
from dataclasses import dataclass

from tearline.errors import AgreementNotInForce, LiftRefused, StandingOutdated, StatementConflict
from tearline.policy.terms import Terms
from tearline.standing.standing import OfficerAct, Standing
from tearline.standing.suspension import Suspension
from tearline.statement import ActedBy, Header
from tearline.tokens import Role


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


def verify_scopes(standing: Standing, earlier: Standing | None, terms: Terms) -> None:
    """Checks that what a standing suspends anew is there to be suspended (spec T-22).

    What was suspended before stays suspended, whatever the parties agreed on since.

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
