"""Four eyes: where an article asks for it, a release stands on two persons of the agency.

One drafts, another approves. Partners know both by their pseudonyms under the agreement, which
are the same for one person throughout it: so everybody can see that they are two, and nobody
who. The sender's node asks for both before it seals, the exchange before it accepts, and the
recipient's node before it opens.
"""

from tearline.errors import RoleUnfit, SamePersonTwice, SecondPersonMissing
from tearline.policy.terms import ArticleTerms
from tearline.statement import ActedBy
from tearline.tokens import Role

DRAFTERS = (Role.ANALYST, Role.LIAISON, Role.OFFICER)
"""Who may draft a release, where another person approves it."""
APPROVERS = (Role.LIAISON, Role.OFFICER)
"""Who may approve what another person drafted."""


def verify_persons(
    article: ArticleTerms, acted_by: ActedBy | None, seconded_by: ActedBy | None
) -> None:
    """Checks that as many persons stand behind a release as its article asks for.

    Args:
        article: What it is done under.
        acted_by: Who drafted it, or released it alone; None where a machine duty did.
        seconded_by: Who approved it; None where nobody did.

    Raises:
        SecondPersonMissing: If the article asks for two, and they are fewer.
        SamePersonTwice: If both are one.
        RoleUnfit: If one of two acted in a role that does not let them.
    """
    if acted_by is None or seconded_by is None:
        if article.four_eyes:
            raise SecondPersonMissing
        return
    verify_two(acted_by, seconded_by)
    for person, roles in ((acted_by, DRAFTERS), (seconded_by, APPROVERS)):
        if person.role not in roles:
            raise RoleUnfit(f"not {person.role}, but {' or '.join(roles)}")


def verify_two(first: ActedBy, second: ActedBy) -> None:
    """Checks that two acts are of two persons.

    Raises:
        SamePersonTwice: If they are of one.
    """
    if first.pseudonym == second.pseudonym:
        raise SamePersonTwice
