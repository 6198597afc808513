"""Terms: each party's rights under an agreement, as the policies use them.

Terms are the part of an agreement that decides releases. They contain no signatures and no
encodings. Lists are sorted and without repetition, so that equal terms have one encoding.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, MarkingMalformed, TermsMalformed
from tearline.identity import parse_agency_uri
from tearline.limits import MAX_ARTICLES, MAX_COSIGNERS, MAX_SHARES, MAX_TERM_NAMES
from tearline.policy.category import CATEGORIES, leaves_under
from tearline.policy.form import Form
from tearline.policy.marking import STRICTEST, Tlp

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Direction:
    """Sender and recipient of an article's packets, as agency URIs."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Share:
    """Most revealing form in which a partner may have a category.

    Attributes:
        partner: Agency URI.
        category: A leaf of the category tree, or a group, which stands for its ordinary leaves.
            A share of a leaf takes precedence over one of its group.
        form: The highest form.
    """

    partner: str
    category: str
    form: Form


@immutable
class ArticleTerms:
    """One article.

    Attributes:
        id: A name such as ``money-laundering``.
        purposes: The recipients' permitted purposes, as names; sorted.
        kinds: The kinds of packet it covers; sorted.
        crime_areas: The areas of crime it covers, as names; sorted.
        directions: Permitted senders and recipients; sorted.
        shares: Each partner's share; sorted. Without a share, a category is withheld.
        highest_tlp: Fields with a stricter label are never released.
        joint: Whether the suspension of one party stops all.
        four_eyes: Whether a release needs a second person.
        both_before_open: Whether a recipient opens a packet only after the sender's agency has
            also cosigned its log entry.

    Raises:
        TermsMalformed: On construction, if a name is malformed or unknown, a list is unsorted
            or too long, a direction has equal ends, or a share gives ``unmarked``, which the
            shared policies always withhold.
    """

    id: str
    purposes: tuple[str, ...]
    kinds: tuple[str, ...]
    crime_areas: tuple[str, ...]
    directions: tuple[Direction, ...]
    shares: tuple[Share, ...]
    highest_tlp: Tlp
    joint: bool
    four_eyes: bool
    both_before_open: bool = False

    def __post_init__(self) -> None:
        names = (self.purposes, self.kinds, self.crime_areas)
        _require_names((self.id,), *names)
        _require_ascending(*names, self.directions, [(s.partner, s.category) for s in self.shares])
        if any(len(listed) > MAX_TERM_NAMES for listed in names):
            raise TermsMalformed(f"an article lists at most {MAX_TERM_NAMES} names of a sort")
        if len(self.directions) > MAX_SHARES or len(self.shares) > MAX_SHARES:
            raise TermsMalformed(f"an article has at most {MAX_SHARES} directions and shares")
        if any(direction.sender == direction.recipient for direction in self.directions):
            raise TermsMalformed("a direction leads from one party to another")
        for share in self.shares:
            _require_category(share.category)
            if share.category == STRICTEST.category and share.form > Form.WITHHELD:
                raise TermsMalformed(
                    f"{STRICTEST.category} cannot be shared: its fields have no known meaning"
                )

    def forms_for(self, partner: str) -> dict[str, Form]:
        """Returns the highest form in which ``partner`` may have each leaf of the category tree."""
        given = {share.category: share.form for share in self.shares if share.partner == partner}
        return {
            leaf.name: given.get(
                leaf.name, Form.WITHHELD if leaf.guarded else given.get(leaf.group, Form.WITHHELD)
            )
            for leaf in CATEGORIES
        }


@immutable
class Terms:
    """Articles between some parties.

    Attributes:
        parties: Agency URIs, at least two; sorted.
        articles: In order of their ids.

    Raises:
        TermsMalformed: On construction, if a list is unsorted, empty or too long, or an article
            names an agency that is not a party.
    """

    parties: tuple[str, ...]
    articles: tuple[ArticleTerms, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.parties) <= MAX_COSIGNERS:
            raise TermsMalformed(f"an agreement has 2 to {MAX_COSIGNERS} parties")
        if not 1 <= len(self.articles) <= MAX_ARTICLES:
            raise TermsMalformed(f"an agreement has 1 to {MAX_ARTICLES} articles")
        _require_ascending(self.parties, [article.id for article in self.articles])
        for party in self.parties:
            try:
                parse_agency_uri(party)
            except MalformedInput:
                raise TermsMalformed("a party is named by its agency's URI") from None
        for article in self.articles:
            named = {share.partner for share in article.shares}
            for direction in article.directions:
                named |= {direction.sender, direction.recipient}
            if not named <= set(self.parties):
                raise TermsMalformed(f"article {article.id} names an agency that is not a party")

    def article(self, article_id: str) -> ArticleTerms | None:
        """Returns the article of that id, or None."""
        return next((article for article in self.articles if article.id == article_id), None)


def _require_names(*lists: Iterable[str]) -> None:
    if not all(_NAME.fullmatch(name) for names in lists for name in names):
        raise TermsMalformed("a name is lower-case letters, digits and inner hyphens, at most 64")


def _require_ascending(*lists: Iterable[Any]) -> None:
    if not all(a < b for listed in lists for a, b in pairwise(listed)):
        raise TermsMalformed("a list is not sorted, or repeats itself")


def _require_category(category: str) -> None:
    try:
        leaves_under(category)
    except MarkingMalformed as malformed:
        raise TermsMalformed(malformed.why) from None
