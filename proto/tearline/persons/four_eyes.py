"""Four eyes: a release under such an article requires two persons of the agency.

One person drafts, another approves. Partners know both by pseudonyms, which are constant for one
person under one agreement. Partners can thus tell that they are two persons, but cannot identify
them. The sender's node checks both before it seals, the exchange before it accepts, and the
recipient's node before it opens.
"""

from tearline.errors import RoleUnfit, SecondPersonMissing
from tearline.persons.tokens import Role
from tearline.policy.terms import ArticleTerms
from tearline.statements.statement import ActedBy

DRAFTERS = (Role.ANALYST, Role.LIAISON, Role.OFFICER)
"""Roles that may draft a release, where another person approves it."""
APPROVERS = (Role.LIAISON, Role.OFFICER)
"""Roles that may approve another person's draft."""


def verify_persons(
    article: ArticleTerms, acted_by: ActedBy | None, seconded_by: ActedBy | None
) -> None:
    """Checks that an article's required number of persons stands behind a release.

    Args:
        article: The article of the release.
        acted_by: The drafter, or the only releaser; None for a machine duty.
        seconded_by: The approver; None without an approval.

    Raises:
        SecondPersonMissing: If the article requires two persons, and there are fewer; or if drafter
            and approver are one person.
        RoleUnfit: If one of the two acted in a role that does not permit it.
    """
    if acted_by is None or seconded_by is None:
        if article.four_eyes:
            raise SecondPersonMissing("there are fewer")
        return
    verify_two(acted_by, seconded_by)
    for person, roles in ((acted_by, DRAFTERS), (seconded_by, APPROVERS)):
        if person.role not in roles:
            raise RoleUnfit(f"not {person.role}, but {' or '.join(roles)}")


def verify_two(first: ActedBy, second: ActedBy) -> None:
    """Checks that two acts are by two different persons.

    Raises:
        SecondPersonMissing: If both are by one person.
    """
    if first.pseudonym == second.pseudonym:
        raise SecondPersonMissing("the drafter may not approve it")
