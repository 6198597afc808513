"""Comparison of two versions of an agreement: all changes, and each party's gains.

The two results are read side by side before a signature. ``compare`` queries the policies for the
form of each category for each party, by article, direction, purpose and kind. ``clauses`` compares
the texts, field by field, so that the comparison covers every signed field.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.policy.category import CATEGORIES
from tearline.policy.engine import ReleaseRequest
from tearline.policy.explain import matrix
from tearline.policy.form import Form
from tearline.policy.profile import default_marking
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import PolicySet
from tearline.policy.terms import ArticleTerms, Direction

_FIELDS = {category.name: default_marking(category.name) for category in CATEGORIES}
_NOT_CLAUSES = {"header", "id", "version", "terms"}


@immutable
class TermChange:
    """Change in the form that one party gets from another.

    Attributes:
        article: Id of the article.
        sender: Agency URI of the sender.
        recipient: Agency URI of the recipient.
        category: The category, with its default marking.
        before: The highest form until now.
        after: The highest form from then on.
        uses: The affected purposes and kinds of packet; ascending.
    """

    article: str
    sender: str
    recipient: str
    category: str
    before: Form
    after: Form
    uses: tuple[tuple[str, str], ...]

    @property
    def is_gain(self) -> bool:
        """Returns whether the recipient gets more than before."""
        return self.after > self.before


@immutable
class Clause:
    """Differing part of the text.

    Attributes:
        article: Id of its article; empty for a part of the whole agreement.
        name: Name of the part in the schema; with a key behind a dot if it has several.
        before: Its value; None if it is new.
        after: Its value; None if it is removed.
    """

    article: str
    name: str
    before: object
    after: object


def compare(
    before: Agreement | None, after: Agreement, shared: PolicySet
) -> tuple[TermChange, ...]:
    """Returns each party's gains and losses.

    Args:
        before: The version in force, or None.
        after: The next version.
        shared: The shared policies of both.
    """
    old = {} if before is None else _given(before, shared)
    new = _given(after, shared)
    uses: dict[tuple[str, str, str, str, Form, Form], list[tuple[str, str]]] = {}
    for key in sorted(old.keys() | new.keys()):
        article, sender, recipient, purpose, kind = key
        was, becomes = old.get(key, {}), new.get(key, {})
        for category in _FIELDS:
            forms = was.get(category, Form.WITHHELD), becomes.get(category, Form.WITHHELD)
            if forms[0] != forms[1]:
                place = (article, sender, recipient, category, *forms)
                uses.setdefault(place, []).append((purpose, kind))
    return tuple(
        TermChange(
            article=article,
            sender=sender,
            recipient=recipient,
            category=category,
            before=was_form,
            after=form,
            uses=tuple(found),
        )
        for (article, sender, recipient, category, was_form, form), found in uses.items()
    )


_Scope = tuple[str, str, str, str, str]  # article, sender, recipient, purpose, kind


def _given(agreement: Agreement, shared: PolicySet) -> Mapping[_Scope, Mapping[str, Form]]:
    policy = ReleasePolicy(terms=agreement.terms, shared=shared)
    given: dict[_Scope, dict[str, Form]] = {}
    for article in agreement.terms.articles:
        for way in article.directions:
            for purpose in article.purposes:
                for kind in article.kinds:
                    scope = (article.id, way.sender, way.recipient, purpose, kind)
                    given[scope] = _forms(policy, article, way, purpose, kind)
    return given


def _forms(
    policy: ReleasePolicy, article: ArticleTerms, way: Direction, purpose: str, kind: str
) -> dict[str, Form]:
    request = ReleaseRequest(
        article=article.id,
        sender=way.sender,
        recipient=way.recipient,
        purpose=purpose,
        kind=kind,
        marking=next(iter(_FIELDS.values())),
    )
    cells = matrix(policy, request, _FIELDS, [way.recipient])
    return {cell.path: cell.decision.form for cell in cells}


def clauses(before: Agreement | None, after: Agreement) -> tuple[Clause, ...]:
    """Returns every differing part of the text; for a new agreement, every part.

    Args:
        before: The version in force, or None.
        after: The next version.
    """
    old, new = dict(_parts(before) if before else ()), dict(_parts(after))
    return tuple(
        Clause(article=article, name=name, before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*new, *old])
        for article, name in [key]
        if old.get(key) != new.get(key)
    )


def _parts(agreement: Agreement) -> Iterator[tuple[tuple[str, str], object]]:
    yield ("", "parties"), agreement.terms.parties
    for name, value in _values(agreement):
        yield ("", name), value
    for article in agreement.terms.articles:
        for name, value in _values(article):
            yield (article.id, name), value


def _values(record: Agreement | ArticleTerms) -> Iterable[tuple[str, object]]:
    for each in fields(record):
        value = getattr(record, each.name)
        if each.name in _NOT_CLAUSES:
            continue
        if each.name == "shares":
            for share in value:
                yield f"shares.{share.partner} {share.category}", share.form
        elif isinstance(value, Mapping):
            for key, item in value.items():
                yield f"{each.name}.{key}", item
        else:
            yield each.name, value
