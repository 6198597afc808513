"""From a connected group of entities to a draft: every field marked, nothing decided yet."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tearline.agreements.agreement import Agreement
from tearline.bodies.body import NARRATIVE_SCHEMA
from tearline.errors import AgreementNotInForce, MarkingLoosened
from tearline.packets.packet import Field, PacketKind, Urgency, verify_evaluation
from tearline.policy.marking import Marking
from tearline.policy.profile import (
    Override,
    choose_marking,
    default_marking,
    marking_of,
    parse_path,
    verify_may_travel,
)
from tearline.policy.terms import ArticleTerms
from tearline.text.choices import one_of
from tearline_client.planning.entities import TOKEN_SIZE, Group, entity_token, fields_of
from tearline_client.planning.release_plan import Draft

DAY_MS = 24 * 3_600_000
DEFAULT_LIFETIME_MS = 365 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a packet says of itself, beside its fields.

    Attributes:
        article: Id of the article invoked.
        purpose: What recipients may use it for.
        kind: What it is about.
        case_id: The case it belongs to, by its title or id or the beginning of it, or empty.
        reference: The originator's own reference, which travels sealed, or empty.
        urgency: How soon an answer is owed.
        evaluation: 4x4.
        derived_from: Manifest ids of the packets it was made from.
        guarded: A stricter category for single fields, by entity id and property.
        repeats: Why texts may repeat values that a recipient may not have in clear, or empty.

    Raises:
        EvaluationInvalid: On construction, if the evaluation is not a 4x4 one.

    Example:
        >>> about = About(
        ...     article="money-laundering",
        ...     purpose="criminal-investigation",
        ...     guarded={("qiu", "notes"): "method"},
        ... )
        >>> about.kind.value, about.urgency.value
        ('lead', 'routine')
    """

    article: str
    purpose: str
    kind: PacketKind = PacketKind.LEAD
    case_id: str = ""
    reference: str = ""
    urgency: Urgency = Urgency.ROUTINE
    evaluation: str = "X4"
    derived_from: tuple[bytes, ...] = ()
    guarded: Mapping[tuple[str, str], str] = field(default_factory=dict)
    repeats: str = ""

    def __post_init__(self) -> None:
        verify_evaluation(self.evaluation)


def draft_packet(
    group: Group,
    agreement: Agreement,
    about: About,
    *,
    token_key: bytes,
    now_ms: int,
    extra: Sequence[Field] = (),
) -> Draft:
    """A packet from a connected group of entities, marked by the profile.

    Args:
        group: The entities.
        agreement: The agreement it is sent under.
        about: What it says of itself.
        token_key: 32 bytes, the originator's key for entity tokens.
        now_ms: The time, Unix milliseconds.
        extra: Fields beside the entities, such as the narrative.

    Raises:
        AgreementNotInForce: If the agreement's time has not come, or it has no such article.
        PolicyError: If a field never travels, or a category to guard one by is unknown.
    """
    agreement.verify_in_force(now_ms)
    article_of(agreement, about.article)
    stricter = {
        (entity_token(token_key, agreement.id, entity), name): category
        for (entity, name), category in about.guarded.items()
    }
    fields = []
    for path, values in fields_of(group, key=token_key, agreement_id=agreement.id):
        verify_may_travel(path)
        where = parse_path(path)
        category = stricter.get((where.token, where.property))
        fields.append(Field(path=path, values=values, marking=marking_for(path, category)))
    if about.reference:
        fields.append(packet_field("reference", about.reference))
    return Draft(
        fields=(*fields, *extra),
        agreement=agreement,
        article=about.article,
        purpose=about.purpose,
        kind=about.kind,
        not_after_ms=min(now_ms + DEFAULT_LIFETIME_MS, agreement.valid_until_ms),
        case_id=about.case_id,
        urgency=about.urgency,
        evaluation=about.evaluation,
        derived_from=about.derived_from,
        repeats=about.repeats,
    )


def article_of(agreement: Agreement, article_id: str) -> ArticleTerms:
    """Returns an article of an agreement.

    Raises:
        AgreementNotInForce: If there is none; those that there are, are named.
    """
    article = agreement.terms.article(article_id)
    if article is None:
        names = (each.id for each in agreement.terms.articles)
        raise AgreementNotInForce(one_of(article_id, f"article of {agreement.name}", names))
    return article


def packet_field(name: str, text: str, path: str = "") -> Field:
    """Returns a field that belongs to no entity of its packet, such as its narrative.

    Args:
        name: The property of schema ``Packet``.
        text: Its value.
        path: Its place; a new one where it is empty.
    """
    path = path or f"{secrets.token_hex(TOKEN_SIZE)}/{NARRATIVE_SCHEMA}/{name}"
    return Field(path=path, values=(text.encode(),), marking=marking_of(path))


def marking_for(path: str, category: str | None) -> Marking:
    """The marking of a field: the profile's, raised to a category that a person named for it.

    Raises:
        MarkingLoosened: If that category is not stricter than the profile's.
        MarkingMalformed: If there is no such category.
    """
    if category is None:
        return marking_of(path)
    own = marking_of(path)
    wanted = own.raised_to(default_marking(category))
    if wanted.category != category:
        # It would change the caveats alone, and leave unguarded what was to be guarded.
        raise MarkingLoosened(f"{category} is not stricter than {own.category}")
    return choose_marking(path, Override(marking=wanted)).marking
