"""Drafts from connected groups of entities: every field is marked, no release is decided."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime

from tearline.agreements.agreement import Agreement
from tearline.bodies.body import NARRATIVE_SCHEMA
from tearline.dataclass.immutable import immutable
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


@immutable
class About:
    """Description of a packet, beside its fields.

    Attributes:
        article: Id of the article invoked.
        purpose: Permitted use by recipients.
        kind: Kind of packet.
        case_id: Its case, by title, id or prefix of the id; or empty.
        reference: The originator's own reference, sent sealed; or empty.
        urgency: Urgency of the answer.
        evaluation: 4x4 evaluation of source and content.
        derived_from: Manifest ids of the packets it was made from.
        guarded: Stricter categories of single fields, by entity id and property.
        repeats: Reason why texts may repeat values that a recipient may not have in clear, or
            empty.

    Raises:
        EvaluationInvalid: On construction, if the evaluation is not of the 4x4 system.

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
    """Returns a draft of a connected group of entities, marked by the profile.

    Args:
        group: The entities.
        agreement: Its agreement.
        about: Its description.
        token_key: 32 bytes, the originator's key for entity tokens.
        now_ms: The time, Unix milliseconds.
        extra: Fields beside the entities, such as the narrative.

    Raises:
        AgreementNotInForce: If the agreement is not in force, or has no such article.
        PolicyError: If a field is never sent, or a stricter category is unknown.
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
        AgreementNotInForce: If the agreement has no such article; names its articles.
    """
    article = agreement.terms.article(article_id)
    if article is None:
        names = (each.id for each in agreement.terms.articles)
        raise AgreementNotInForce(one_of(article_id, f"article of {agreement.name}", names))
    return article


def packet_field(name: str, text: str, path: str = "") -> Field:
    """Returns a field of the packet itself, such as its narrative.

    Args:
        name: Property of the schema ``Packet``.
        text: Its value.
        path: Its path; if empty, a new random one.
    """
    path = path or f"{secrets.token_hex(TOKEN_SIZE)}/{NARRATIVE_SCHEMA}/{name}"
    return Field(path=path, values=(text.encode(),), marking=marking_of(path))


def marking_for(path: str, category: str | None) -> Marking:
    """Returns the marking of a field by the profile, or by a stricter category if one is named.

    Raises:
        MarkingLoosened: If the named category is not stricter than the profile's.
        MarkingMalformed: If the category is unknown.
    """
    if category is None:
        return marking_of(path)
    own = marking_of(path)
    wanted = own.raised_to(default_marking(category))
    if wanted.category != category:
        # A category that is not stricter would change only the caveats, and protect no value.
        raise MarkingLoosened(f"{category} is not stricter than {own.category}")
    return choose_marking(path, Override(marking=wanted)).marking


def last_ms(day: date) -> int:
    """Returns the last millisecond of a day in UTC: until then, the day's consent is valid."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(start.timestamp()) * 1000 + DAY_MS - 1
