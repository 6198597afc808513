"""Suspension: its scope, and the handling of statements in transit."""

from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.identity import parse_agency_uri
from tearline.policy.terms import ArticleTerms

Scope = tuple[str, str, str]
"""Article, sender and recipient; empty strings where a suspension names none."""


class Reason(StrEnum):
    """Public reason of a suspension; its wording stays at the agency."""

    REVIEW = "review"
    BREACH = "breach"
    LEAK = "leak"
    LEGAL = "legal"
    POLITICAL = "political"
    SECURITY = "security"
    TECHNICAL = "technical"
    UNSPECIFIED = "unspecified"


class InFlight(StrEnum):
    """Handling of grants that were not delivered before the suspension."""

    HOLD = "hold"  # their sender issues them anew on resumption
    RETURN = "return"  # they are withdrawn: no recipient gets them, and nothing is sent back


class Originated(StrEnum):
    """Handling, at partners, of the suspending agency's earlier packets."""

    KEEP = "keep"
    FREEZE = "freeze"
    ERASE = "erase"


@immutable
class Suspension:
    """Open suspension.

    Attributes:
        article: The article suspended; empty for the whole agreement.
        sender: For a single direction of the article, the sending agency's URI; otherwise
            empty.
        recipient: For a single direction, the receiving agency's URI; otherwise empty.
        reason: The reason.
        in_flight: Handling of undelivered mail.
        originated: Handling of the suspender's earlier packets.
    """

    article: str
    sender: str
    recipient: str
    reason: Reason
    in_flight: InFlight
    originated: Originated

    def __post_init__(self) -> None:
        if bool(self.sender) != bool(self.recipient) or (self.sender and not self.article):
            raise StatementMalformed("a direction has two ends and an article")
        if self.sender:
            parse_agency_uri(self.sender)
            parse_agency_uri(self.recipient)
            if self.sender == self.recipient:
                raise StatementMalformed("a direction leads from one party to another")

    @property
    def scope(self) -> Scope:
        """Returns the suspended scope: article, sender, recipient."""
        return self.article, self.sender, self.recipient

    def covers(self, suspender: str, article: ArticleTerms, *, sender: str, recipient: str) -> bool:
        """Returns whether it stops packets from one agency to another under an article.

        A suspension of one direction of a joint article stops all its directions. Any other article
        is stopped only between the suspender and its partners.
        """
        if self.article not in ("", article.id):
            return False
        return is_in_reach(
            self.scope, suspender, joint=article.joint, sender=sender, recipient=recipient
        )


def is_in_reach(scope: Scope, suspender: str, *, joint: bool, sender: str, recipient: str) -> bool:
    """Returns whether a suspension of an article, or of all, applies from an agency to another.

    Args:
        scope: Its scope; the article is ignored.
        suspender: URI of the suspending agency.
        joint: Whether the article is joint.
        sender: Agency URI.
        recipient: Agency URI.
    """
    if joint:
        return True
    if scope[1]:
        return (sender, recipient) == scope[1:]
    return suspender in (sender, recipient)
