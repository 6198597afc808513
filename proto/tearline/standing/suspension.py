"""One suspension: what of an agreement it stops, and what becomes of what is under way."""

from dataclasses import dataclass
from enum import StrEnum

from tearline.errors import StatementMalformed
from tearline.identity import parse_agency_uri
from tearline.policy.terms import ArticleTerms

Scope = tuple[str, str, str]
"""Article, sender and recipient; empty strings where a suspension names none."""


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
    def scope(self) -> Scope:
        """What is suspended: article, sender, recipient."""
        return self.article, self.sender, self.recipient

    def covers(self, suspender: str, article: ArticleTerms, *, sender: str, recipient: str) -> bool:
        """Whether it stops what goes from one agency to another under an article.

        A joint article is stopped in all its directions by whatever stops one of them. Any other
        is stopped only between the suspender and its partners.
        """
        if self.article not in ("", article.id):
            return False
        return is_in_reach(
            self.scope, suspender, joint=article.joint, sender=sender, recipient=recipient
        )


def is_in_reach(scope: Scope, suspender: str, *, joint: bool, sender: str, recipient: str) -> bool:
    """Returns whether a suspension of an article, or of all, reaches from an agency to another.

    Args:
        scope: Its scope; the article is not looked at.
        suspender: URI of the agency whose it is.
        joint: Whether the article stops for all.
        sender: Agency URI.
        recipient: Agency URI.
    """
    if joint:
        return True
    if scope[1]:
        return (sender, recipient) == scope[1:]
    return suspender in (sender, recipient)
