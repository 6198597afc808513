"""Categories: the subjects of fields. A fixed tree, version 1.

A marking names a leaf. Agreements and policies may name a leaf or a group, such as ``finance`` for
all of ``finance.…``. Some leaves are *guarded*: their disclosure can cost a life or an operation. A
share of a group does not include its guarded leaves. A field may be raised to a guarded category,
but never moved sideways or down: otherwise an originator could mark an account as a place, under an
agreement with mild rules for places.
"""

from tearline.dataclass.immutable import immutable
from tearline.errors import MarkingMalformed
from tearline.text.choices import one_of


@immutable
class Category:
    """Leaf of the tree.

    Attributes:
        name: Dotted name; the part before the dot is its group.
        meaning: Its contents.
        guarded: Whether a share of its group excludes it.
        rank: Place in the table, from the mildest to the strictest.
        number: Number in markings of packets (spec P-7), from 1; never changes.
    """

    name: str
    meaning: str
    guarded: bool
    rank: int
    number: int

    @property
    def group(self) -> str:
        """Returns the group above, or empty for a leaf without a group."""
        return self.name.rpartition(".")[0]


# From the mildest to the strictest.
_ORDINARY = (
    ("reference", "numbers of records at their source, and sources already public"),
    ("measure", "sanctions, listings and other public legal measures"),
    ("organisation.profile", "legal form, sector, status and other traits of an organisation"),
    ("organisation.name", "names of companies, bodies, funds and ships' operators"),
    ("organisation.identifier", "registration, tax and licence numbers of organisations"),
    ("transport.profile", "type, build and flag of a vessel, aircraft or vehicle"),
    ("transport.identifier", "its name, number, call sign or plate"),
    ("chemical.substance", "which substance: name, CAS number, HS code, table of 1988"),
    ("chemical.quantity", "how much of it"),
    ("time", "when something happened or held"),
    ("location", "where: addresses, places, coordinates, routes"),
    ("operation", "what was done or came of it: arrests, seizures, incidents; when to tell of it"),
    ("document", "titles, names and hashes of documents"),
    ("relation", "that two parties are connected, and how"),
    ("finance.transfer", "how value moved: purpose, channel, programme"),
    ("finance.amount", "how much value"),
    ("finance.account", "accounts, cards, wallets and what identifies them"),
    ("contact.handle", "e-mail addresses, user names, device numbers"),
    ("contact.phone", "telephone numbers"),
    ("identity.trait", "nationality, gender, occupation, appearance of a person"),
    ("identity.birth", "when a person was born or died"),
    ("identity.subject", "names of the persons an investigation is about"),
    ("identity.identifier", "numbers of passports and identity papers"),
    ("narrative", "free text, which may hold any of the above"),
    ("local-id", "ids of entities as their agency writes them, often hashes of names or values"),
)
_GUARDED = (
    ("identity.officer", "who works on the case"),
    ("method", "how something was learned"),
    ("identity.source", "who told us"),
    ("unmarked", "nobody has said what it is; treated as the worst it could be"),
)
_LATER = ("local-id",)
"""Categories that were added after the tree was numbered, in order; their numbers are the last."""

PERSONAL = frozenset(
    name
    for name, _ in (*_ORDINARY, *_GUARDED)
    if name.startswith(("identity.", "contact."))
    or name in ("finance.account", "narrative", "local-id", "unmarked")
)
"""Categories that may hold personal data: a person must answer for their release."""

_NUMBERED = [*(name for name, _ in _ORDINARY + _GUARDED if name not in _LATER), *_LATER]
CATEGORIES = tuple(
    Category(
        name=name,
        meaning=meaning,
        guarded=rank >= len(_ORDINARY),
        rank=rank,
        number=_NUMBERED.index(name) + 1,
    )
    for rank, (name, meaning) in enumerate(_ORDINARY + _GUARDED)
)
BY_NUMBER = {category.number: category for category in CATEGORIES}
GROUPS = tuple(sorted({category.group for category in CATEGORIES} - {""}))

_BY_NAME = {category.name: category for category in CATEGORIES}
# An agreement may have a hundred thousand shares, and each names a node.
_LEAVES_UNDER = {
    group: tuple(each for each in CATEGORIES if each.group == group and not each.guarded)
    for group in GROUPS
} | {name: (category,) for name, category in _BY_NAME.items()}


def category_named(name: str) -> Category:
    """Returns the leaf called ``name``.

    Raises:
        MarkingMalformed: If no leaf has that name; a group is not a category.
    """
    category = _BY_NAME.get(name)
    if category is None:
        raise MarkingMalformed(one_of(name, "category", _BY_NAME))
    return category


def leaves_under(node: str) -> tuple[Category, ...]:
    """Returns the leaves of a share of ``node``: the leaf itself, or a group's ordinary ones.

    Raises:
        MarkingMalformed: If ``node`` is neither a leaf nor a group.
    """
    leaves = _LEAVES_UNDER.get(node)
    if leaves is None:
        raise MarkingMalformed("the category is not in the tree")
    return leaves


def is_at_least_as_strict_category(name: str, other: str) -> bool:
    """Returns whether a field of category ``other`` may be marked ``name``.

    It may if both are the same, or if ``name`` is guarded and ranks above. Ordinary categories are
    not comparable.

    Raises:
        MarkingMalformed: If either is not a leaf.
    """
    category, original = category_named(name), category_named(other)
    return category == original or (category.guarded and category.rank > original.rank)
