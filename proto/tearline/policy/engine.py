"""Cedar evaluation, one question for each form: may this recipient have this field so?

The module avoids three traps. Cedar skips a policy with a failed evaluation, a forbid as well as a
permit; so every failure is reported and the caller withholds. Cedar knows the groups of actions
from the schema alone; so the schema goes into the entities and into every call. Parsing costs more
than deciding; so policies, schema and entities are parsed once and passed as handles. A call holds
the interpreter lock; the limits on sets bound it.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tearline.dataclass.immutable import immutable
from tearline.errors import TermsMalformed
from tearline.limits import MAX_MARKINGS_KEPT
from tearline.policy.category import CATEGORIES, GROUPS, category_named
from tearline.policy.form import REVEALING_FORMS, Form
from tearline.policy.marking import Marking
from tearline.policy.ruleset import PolicySet, schema_handle
from tearline.policy.terms import ArticleTerms, Terms

if TYPE_CHECKING:
    import cedarpy

_POLICY_ID = re.compile(r"policy `([^`]+)`")
_UNNAMED_FAULT = "request"


class ReleaseRequest(NamedTuple):
    """Request for a release decision.

    Attributes:
        article: Id of the article invoked.
        sender: Agency URI of the originator.
        recipient: Agency URI of the recipient.
        purpose: The recipient's purpose, one of the article's.
        kind: The packet's kind.
        marking: The field's marking; the only property of the field that a policy sees.
    """

    article: str
    sender: str
    recipient: str
    purpose: str
    kind: str
    marking: Marking


@immutable
class Answer:
    """Answer of one policy set about one form.

    Attributes:
        form: The form.
        allowed: Whether it may be released.
        policy_ids: The deciding policies: permits if allowed, forbids if one applied, none
            without any permit.
        faults: The policies with a failed evaluation, ``request`` if all failed.
    """

    form: Form
    allowed: bool
    policy_ids: tuple[str, ...]
    faults: tuple[str, ...]


class Engine:
    """Facts of one agreement, for the evaluation of policy sets.

    Args:
        terms: The agreement's terms.

    Raises:
        TermsMalformed: If Cedar does not accept the terms under the schema.
    """

    def __init__(self, terms: Terms) -> None:
        import cedarpy  # on use, as in tearline.policy.ruleset

        self._terms = terms
        try:
            self._facts = cedarpy.Entities.from_json_str(
                json.dumps(list(_facts(terms))), schema_handle()
            )
        except ValueError:
            raise TermsMalformed("the terms do not fit the policy schema") from None
        self._facts_with = lru_cache(maxsize=MAX_MARKINGS_KEPT)(self._add_field)

    def knows(self, request: ReleaseRequest) -> bool:
        """Returns whether the article exists and sender and recipient are parties."""
        parties = self._terms.parties
        known = request.sender in parties and request.recipient in parties
        return known and self._terms.article(request.article) is not None

    def ask(self, policies: PolicySet, request: ReleaseRequest) -> tuple[Answer, ...]:
        """Returns the answers of ``policies`` for each revealing form, lowest first."""
        import cedarpy

        question: dict[str, Any] = {
            "principal": _uid("Recipient", _recipient_id(request.article, request.recipient)),
            "resource": _uid("Field", request.marking.encode()),
            "context": json.dumps(
                {
                    "article": _reference("Article", request.article),
                    "sender": _reference("Agency", request.sender),
                    "purpose": request.purpose,
                    "kind": request.kind,
                }
            ),
        }
        results = cedarpy.is_authorized_batch(
            [{**question, "action": _uid("Action", form.text)} for form in REVEALING_FORMS],
            policies.handle,
            self._facts_with(request.marking),
            schema=schema_handle(),
        )
        return tuple(
            _answer(form, result, policies)
            for form, result in zip(REVEALING_FORMS, results, strict=True)
        )

    def _add_field(self, marking: Marking) -> "cedarpy.Entities":
        return self._facts.with_added_json_str(json.dumps([_field(marking)]), schema_handle())


def _answer(form: Form, result: "cedarpy.AuthzResult", policies: PolicySet) -> Answer:
    return Answer(
        form=form,
        allowed=result.allowed,
        policy_ids=tuple(sorted(policies.ids[position] for position in result.diagnostics.reasons)),
        faults=_faults(result.diagnostics.errors, policies),
    )


def _faults(errors: list[str], policies: PolicySet) -> tuple[str, ...]:
    """Returns the policies in Cedar's messages; the texts may hold values and are dropped."""
    positions = (_POLICY_ID.search(error) for error in errors)
    return tuple(
        sorted(
            {
                policies.ids.get(found.group(1), _UNNAMED_FAULT) if found else _UNNAMED_FAULT
                for found in positions
            }
        )
    )


def _facts(terms: Terms) -> Iterator[dict[str, Any]]:
    """Yields the agreement as Cedar entities."""
    for group in GROUPS:
        yield _entity("Category", group)
    for category in CATEGORIES:
        parents = [_uid("Category", category.group)] if category.group else []
        yield _entity("Category", category.name, parents=parents)
    for party in terms.parties:
        yield _entity("Agency", party)
    for article in terms.articles:
        yield _article(article)
        for party in terms.parties:
            yield _recipient(article, party)


def _article(article: ArticleTerms) -> dict[str, Any]:
    return _entity(
        "Article",
        article.id,
        {
            "purposes": article.purposes,
            "kinds": article.kinds,
            "crimeAreas": article.crime_areas,
            "directions": [
                {
                    "sender": _reference("Agency", direction.sender),
                    "recipient": _reference("Agency", direction.recipient),
                }
                for direction in article.directions
            ],
            "highestTlp": int(article.highest_tlp),
            "joint": article.joint,
            "fourEyes": article.four_eyes,
        },
    )


def _recipient(article: ArticleTerms, party: str) -> dict[str, Any]:
    forms = article.forms_for(party)
    attributes: dict[str, Any] = {
        form.text: [_reference("Category", name) for name, most in forms.items() if most is form]
        for form in REVEALING_FORMS
    }
    return _entity(
        "Recipient",
        _recipient_id(article.id, party),
        attributes | {"agency": _reference("Agency", party)},
        parents=[_uid("Agency", party)],
    )


def _field(marking: Marking) -> dict[str, Any]:
    return _entity(
        "Field",
        marking.encode(),
        {
            "category": _reference("Category", marking.category),
            "guarded": category_named(marking.category).guarded,
            "tlp": int(marking.tlp),
            "pap": int(marking.pap),
            "handling": marking.handling,
            "orcon": marking.orcon,
        },
        parents=[_uid("Category", marking.category)],
    )


def _recipient_id(article: str, agency: str) -> str:
    return f"{article} {agency}"


def _uid(entity_type: str, entity_id: str) -> dict[str, str]:
    return {"type": entity_type, "id": entity_id}


def _reference(entity_type: str, entity_id: str) -> dict[str, dict[str, str]]:
    return {"__entity": _uid(entity_type, entity_id)}


def _entity(
    entity_type: str,
    entity_id: str,
    attributes: dict[str, Any] | None = None,
    *,
    parents: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    return {
        "uid": _uid(entity_type, entity_id),
        "attrs": attributes or {},
        "parents": parents or [],
    }
