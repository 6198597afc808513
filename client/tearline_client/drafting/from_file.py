"""From a source file to release plans: read, group, mark, decide. Sends no message."""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import overload

from tearline.bodies.body import ID_PROPERTY
from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed
from tearline.errors import (
    BodyIncomplete,
    BodyRefused,
    MalformedInput,
    PacketTooLarge,
)
from tearline.identity import agency_uri_of
from tearline.limits import MAX_DOCUMENTS_BYTES
from tearline.packets.packet import Field
from tearline.sealing import verify_links
from tearline.text.choices import one_of
from tearline_client.connectors.importers.documents import Document, document_fields
from tearline_client.connectors.importers.report import Concern, Finding, Imported, verify_marked
from tearline_client.node import Node
from tearline_client.planning.drafts import About, packet_field
from tearline_client.planning.entities import Entity, Group, connected_groups
from tearline_client.planning.generalised_fields import Lessening
from tearline_client.planning.merged_entities import Groups
from tearline_client.planning.release_plan import ReleasePlan
from tearline_runtime.turns import in_turns

Reader = Callable[[Path], Imported]
_KEPT_FIELDS = 16_384  # of plans, a kilobyte each; a plan has up to 512 of them
_MAX_PLACES = 8  # of doubtful values listed in a refusal
_MOST_COMPARED = 4096  # fields, to find what a misspelt guard meant


@immutable
class ReleaseOptions:
    """Terms and recipients of a release.

    Attributes:
        to: Partners, by agency name or node URI.
        agreement: Name of the agreement.
        about: Metadata of each packet.
        sources: Source packets here, by the beginnings of their ids.
        unmarked: Whether to include fields without a category, hidden from partners.
    """

    to: tuple[str, ...]
    agreement: str
    about: About
    sources: tuple[str, ...] = ()
    unmarked: bool = False


@immutable
class Drafted:
    """A source as it would be sent.

    Attributes:
        plans: One for each packet; those of a whole source are made on access.
        findings: Every value that could not be validated; none was dropped.
        entities: Number of entities in the source.
        id: 32 bytes over source and order; equal for equal plans.
        unmarked: Number of uses of each schema or ``Schema/property`` without a category.
        lessened: Number of fields of a whole source that a partner is only told to exist, though it
            may have a coarser form.
    """

    plans: Sequence[ReleasePlan]
    findings: Collection[Finding]
    entities: int
    id: bytes
    unmarked: Mapping[str, int]
    lessened: int = 0


class Plans(Sequence[ReleasePlan]):
    """The plans of a source: the first ones are kept, and others made on each access.

    So memory holds the entities of a large source, and a small one is planned once.

    Args:
        groups: Groups, one for each packet.
        plan: Plans one group.
    """

    def __init__(self, groups: Sequence[Group], plan: Callable[[Group], ReleasePlan]) -> None:
        self._groups = groups
        self._plan = plan
        self._places = range(len(groups))
        self._kept: dict[int, ReleasePlan] = {}
        self._kept_fields = 0

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> ReleasePlan: ...

    @overload
    def __getitem__(self, place: slice) -> "Plans": ...

    def __getitem__(self, place: int | slice) -> "ReleasePlan | Plans":
        if isinstance(place, slice):
            some = copy(self)
            some._places = self._places[place]
            return some
        number = self._places[place]
        found = self._kept.get(number)
        if found is None:
            found = self._plan(self._groups[number])
            self._kept_fields += len(found.draft.fields)
            if self._kept_fields <= _KEPT_FIELDS:
                self._kept[number] = found
        return found


def plan_source(
    node: Node,
    imported: Imported,
    order: ReleaseOptions,
    advance: Callable[[int], None] = lambda packets: None,
) -> Drafted:
    """Plans the packets of an importer's result; see ``Plans``.

    All are planned once before this returns, so that no packet is refused after a part is sent.

    Args:
        node: The sending node.
        imported: The source.
        order: Terms and recipients.
        advance: Called with the number of packets that were just planned.

    Raises:
        TearlineError: As ``draft_file``.
    """
    unmarked = verify_marked(imported.entities, allowed=order.unmarked)
    about = _about(node, order, imported)
    groups = Groups(imported.entities)
    plans = Plans(groups, partial(_plan, node, order, about, imported))
    lessened = 0
    for plan in plans:
        plan.verify_released()
        lessened += sum(cell.lessened is not Lessening.NONE for cell in plan.cells())
        advance(1)
    return replace(drafted_of(imported, plans, about, unmarked), lessened=lessened)


def divide_order(
    node: Node, order: ReleaseOptions, agreements: Sequence[str]
) -> tuple[ReleaseOptions, ...]:
    """Divides an order to several partners among agreements.

    Args:
        node: The sending node.
        order: The order; its agreement is ignored.
        agreements: Names of agreements; for a partner in several, use PARTNER=AGREEMENT.

    Raises:
        MalformedInput: If a partner is in none or several of them, or one has no partner.
        TearlineError: If there is no such agreement or partner.
    """
    if len(agreements) == 1:
        return (replace(order, agreement=agreements[0]),)
    to: dict[str, list[str]] = {name: [] for name in agreements}
    for each in order.to:
        partner, _, named = each.partition("=")
        agency = agency_uri_of(node.directory.node_of(partner))
        under = [
            name
            for name in to
            if named in ("", name) and agency in node.agreements.by_name(name).terms.parties
        ]
        if len(under) != 1:
            several = f"several of them; choose one, --to {partner}={under[0]}" if under else ""
            raise MalformedInput(f"--agreement: {partner} is in {several or 'none of them'}")
        to[under[0]].append(partner)
    if unused := [name for name, partners in to.items() if not partners]:
        raise MalformedInput(f"--agreement: no named partner is in {unused[0]}")
    return tuple(
        replace(order, agreement=name, to=tuple(partners)) for name, partners in to.items()
    )


def draft_file(
    node: Node,
    path: Path,
    read: Reader,
    order: ReleaseOptions,
    *,
    narrative: str = "",
    documents: Sequence[Document] = (),
) -> Drafted:
    """Plans the packets of a source file, one for each connected group of entities.

    Args:
        node: The sending node.
        path: The source.
        read: Its importer.
        order: Terms and recipients.
        narrative: Free text of the first packet.
        documents: Files of the first packet.

    Raises:
        BodyIncomplete, BodyRefused: If a packet is invalid for its kind; includes the import's
            findings, by line and column.
        FieldsUnmarked: If a field has no category, and the order does not allow that.
        PacketTooLarge: If the documents exceed one packet.
        TearlineError: If the source is unreadable, or no agreement covers it.
    """
    beside = fields_beside(node, narrative, documents)  # before a file is read that may be large
    imported = read(path)
    unmarked = verify_marked(imported.entities, allowed=order.unmarked)
    about = _about(node, order, imported)
    plans = _plans(node, order, about, imported, connected_groups(imported.entities), beside)
    return drafted_of(imported, tuple(plans), about, unmarked)


async def draft_in_turns(
    node: Node,
    imported: Imported,
    order: ReleaseOptions,
    groups: Sequence[Group],
    *,
    narrative: str = "",
    documents: Sequence[Document] = (),
) -> Drafted:
    """Plans the packets of an import, as ``draft_file``, while other tasks run.

    An import without entities makes one packet, of its narrative and documents.

    Args:
        node: The sending node.
        imported: The source.
        order: Terms and recipients.
        groups: Its connected groups.
        narrative: Free text of the first packet.
        documents: Files of the first packet.

    Raises:
        TearlineError: As ``draft_file``.
    """
    beside = fields_beside(node, narrative, documents)
    unmarked = await asyncio.to_thread(verify_marked, imported.entities, allowed=order.unmarked)
    about = _about(node, order, imported)
    planned = in_turns(_plans(node, order, about, imported, groups, beside))
    plans = tuple([plan async for plan in planned])
    return await asyncio.to_thread(drafted_of, imported, plans, about, unmarked)


def _plans(
    node: Node,
    order: ReleaseOptions,
    about: About,
    imported: Imported,
    groups: Sequence[Group],
    beside: Sequence[Field],
) -> Iterator[ReleasePlan]:
    """Yields the plan of each group; without one, that of the fields beside them alone."""
    first, *others = groups or (Group(entities=(), outside=()),)
    yield _plan(node, order, about, imported, first, extra=beside)
    for group in others:
        yield _plan(node, order, about, imported, group)


def _about(node: Node, order: ReleaseOptions, imported: Imported) -> About:
    verify_guards(order.about.guarded, imported.entities)
    sources = tuple(node.packets.find(prefix) for prefix in order.sources)
    return replace(order.about, derived_from=(*order.about.derived_from, *sources))


def _plan(
    node: Node,
    order: ReleaseOptions,
    about: About,
    imported: Imported,
    group: Group,
    *,
    extra: Sequence[Field] = (),
) -> ReleasePlan:
    draft = node.packets.draft(group, about, agreement=order.agreement, extra=extra)
    try:
        return node.packets.plan(draft, order.to)
    except (BodyIncomplete, BodyRefused) as refused:
        raise type(refused)(f"{refused.why}{_places(imported.findings)}") from None


def drafted_of(
    imported: Imported, plans: Sequence[ReleasePlan], about: About, unmarked: Mapping[str, int]
) -> Drafted:
    """Returns a source as it would be sent, with the id of source and order."""
    first = plans[0]
    ordered = (first.draft.agreement.id, sorted(first.recipients), replace(about, repeats=""))
    digest = hashlib.sha256(label("import"))
    for part in chain((ordered,), imported.entities):  # each is parsed as it comes
        digest.update(prefixed(repr(part).encode()))
    return Drafted(
        plans=plans,
        findings=imported.findings,
        entities=len(imported.entities),
        id=digest.digest(),
        unmarked=unmarked,
    )


def verify_guards(guarded: Mapping[tuple[str, str], str], entities: Iterable[Entity]) -> None:
    """Verifies that each guard names a field: a misspelt one must not be ignored.

    Raises:
        MalformedInput: If the source has no such field.
    """
    left = set(guarded)
    for entity in entities if guarded else ():
        left -= {(entity.id, name) for name in (ID_PROPERTY, *entity.properties)}
    for entity_id, name in sorted(left):
        fields = (f"{entity.id}/{own}" for entity in entities for own in entity.properties)
        some = sorted(set(islice(fields, _MOST_COMPARED)))
        told = one_of(f"{entity_id}/{name}", "field to guard", some)
        raise MalformedInput(told)


def fields_beside(
    node: Node, narrative: str, documents: Sequence[Document], narrative_path: str = ""
) -> tuple[Field, ...]:
    """Returns the fields of a packet's narrative and documents; stores where large files are.

    Raises:
        PacketTooLarge: If the documents exceed one packet.
    """
    _verify_size(documents)
    node.packets.uploads.register(each.large for each in documents if each.large)
    told = (narrative_field(narrative, narrative_path),) if narrative else ()
    return (*told, *(field for document in documents for field in document_fields(document)))


def _verify_size(documents: Sequence[Document]) -> None:
    size = sum(len(document.content) for document in documents)
    if size > MAX_DOCUMENTS_BYTES:
        raise PacketTooLarge(f"documents of {size} bytes, of {MAX_DOCUMENTS_BYTES} in a packet")
    verify_links(sum(document.large is not None for document in documents))


def _places(findings: Iterable[Finding]) -> str:
    """Returns the positions of the first doubtful values in the source."""
    doubtful = (f for f in findings if f.concern is not Concern.UNDERSTOOD)
    told = [f"; line {f.line}, {f.column}: {f.why}" for f in islice(doubtful, _MAX_PLACES)]
    return "".join(told)


def confirmed(plan: ReleasePlan, repeats: str) -> ReleasePlan:
    """Returns a plan with the reason to repeat kept values."""
    return replace(plan, draft=replace(plan.draft, repeats=repeats))


def narrative_field(text: str, path: str = "") -> Field:
    """Returns the narrative of a packet, at a new path or at ``path``."""
    return packet_field("narrative", text, path)
