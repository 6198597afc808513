"""A packet that a person composes, planned for its partners, and held until it is sent.

The packet that a person looks at is the packet that is sent. So its plan is held in memory, as the
command line holds it while it waits for an answer. Its contents are in no address and on no disk.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace

from tearline.dataclass.immutable import immutable
from tearline.errors import DocumentRefused, PacketTooLarge
from tearline.limits import MAX_CONSOLE_PACKETS
from tearline.policy.marking import Tlp
from tearline_client.connectors.importers.documents import Document, document_of
from tearline_client.connectors.importers.report import Finding, Imported
from tearline_client.console.visit import Visit
from tearline_client.documents.plain_copies import without_metadata
from tearline_client.drafting.correction import draft_correction
from tearline_client.drafting.from_file import (
    ReleaseOptions,
    confirmed,
    draft_in_turns,
)
from tearline_client.features.corrections.service import CorrectionPlan
from tearline_client.node import Node
from tearline_client.planning.entities import connected_groups
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import Cell, ReleasePlan
from tearline_runtime.turns import in_turns

GUARDED = "guarded"
"""Name of the values of a form that mark single fields more strictly."""
Guards = Mapping[tuple[str, str], str]
"""Stricter categories of single fields, by entity id and property."""


def guards_of(texts: Iterable[str]) -> Guards:
    """Returns the guards in a form; a text that is none is left out."""
    found: dict[tuple[str, str], str] = {}
    for text in texts:
        field_text, equals, category = text.rpartition("=")
        entity, slash, name = field_text.rpartition("/")
        if equals and slash:
            found[entity, name] = category
    return found


def guard_texts(guards: Guards) -> list[str]:
    """Returns guards as a form has them."""
    return [f"{entity}/{name}={category}" for (entity, name), category in guards.items()]


@immutable
class Wish:
    """Contents and terms, as a person gave them.

    Attributes:
        order: Terms and partners; of a correction, its evaluation and guards alone count.
        imported: The entities.
        narrative: The free text, or empty.
        documents: The files.
        corrects: 32 bytes, the packet of ours to correct; empty for a new one.
        program_draft: 16 bytes, the draft of a program that holds the entities; or empty.
    """

    order: ReleaseOptions
    imported: Imported = field(repr=False)
    narrative: str = field(default="", repr=False)
    documents: tuple[Document, ...] = field(default=(), repr=False)
    corrects: bytes = b""
    program_draft: bytes = b""

    def with_document(self, document: Document) -> "Wish":
        """Returns the wish with one more file.

        Raises:
            DocumentRefused: If one has that name.
        """
        if any(each.name == document.name for each in self.documents):
            raise DocumentRefused(f"{document.name}: a document of that name is there already")
        return replace(self, documents=(*self.documents, document))

    def without_document(self, name: str) -> "Wish":
        """Returns the wish without the file of a name."""
        return replace(self, documents=tuple(d for d in self.documents if d.name != name))

    def without_metadata(self, name: str) -> "Wish":
        """Returns the wish with the file of a name without its metadata; its digest changes.

        Raises:
            DocumentRefused: If it cannot be removed.
        """
        return replace(
            self,
            documents=tuple(_plain(d) if d.name == name else d for d in self.documents),
        )

    def with_guard(self, entity: str, name: str, category: str) -> "Wish":
        """Returns the wish with a stricter category of one field; an empty one ends it."""
        guarded: dict[tuple[str, str], str] = dict(self.order.about.guarded)
        guarded.pop((entity, name), None)
        if category:
            guarded[entity, name] = category
        about = replace(self.order.about, guarded=guarded)
        return replace(self, order=replace(self.order, about=about))


@immutable
class Prepared:
    """A planned packet.

    Attributes:
        wish: Its contents and terms.
        plans: Its packets.
        findings: Values that could not be validated.
        unmarked: Fields without a category, with their number.
        correction: The changes for each partner, of a correction.
        mentions: Texts that repeat values that their readers may not have in clear.
    """

    wish: Wish
    plans: tuple[ReleasePlan, ...] = field(repr=False)
    findings: Collection[Finding]
    unmarked: Mapping[str, int]
    correction: CorrectionPlan | None = field(default=None, repr=False)
    mentions: tuple[Mention, ...] = ()

    def cells(self) -> tuple[Cell, ...]:
        """Returns each partner's view of each field."""
        return tuple(cell for plan in self.plans for cell in plan.cells())

    def large_documents(self) -> tuple[bytes, ...]:
        """Returns the blob ids of its documents that travel beside the packet."""
        return tuple(each.large.blob.id for each in self.wish.documents if each.large)

    def recipients(self) -> tuple[str, ...]:
        """Returns the node URIs of all partners."""
        return tuple(dict.fromkeys(uri for plan in self.plans for uri in plan.recipients))

    def is_red(self) -> bool:
        """Returns whether a field is for the eyes of the named recipients alone."""
        return any(each.marking.tlp is Tlp.RED for plan in self.plans for each in plan.draft.fields)

    def with_reason(self, repeats: str) -> tuple[ReleasePlan, ...]:
        """Returns the packets with the person's reason to repeat kept values."""
        return tuple(confirmed(plan, repeats) for plan in self.plans)


def _plain(document: Document) -> Document:
    if document.large:
        raise DocumentRefused(f"{document.name}: it is too large to remove its metadata")
    content = without_metadata(document.media_type, document.content)
    return document_of(document.name, content, guard=document.guard)


def attached(visit: Visit) -> tuple[Document, ...]:
    """Returns the documents of the newest preview of the form, if one is still held."""
    drafts, now_s = visit.console.drafts, visit.console.clock()
    newest = drafts.newest(visit.kept, visit.person, now_s)
    return newest.wish.documents if isinstance(newest, Prepared) else ()


async def prepare(node: Node, wish: Wish, *, person: str) -> Prepared:
    """Returns a wish as it would be sent now, planned while other tasks run. Sends no message.

    Raises:
        PacketTooLarge: If it makes more packets than a person looks through.
        TearlineError: As ``draft_in_turns`` and ``draft_correction``.
    """
    if wish.corrects:
        return _correction(node, wish, person)
    groups = await asyncio.to_thread(connected_groups, wish.imported.entities)
    # Before any is planned: the node has other work.
    if len(groups) > MAX_CONSOLE_PACKETS:
        raise PacketTooLarge(
            f"the contents make {len(groups)} packets, of {MAX_CONSOLE_PACKETS} in the console;"
            " send them with `tearline import`"
        )
    drafted = await draft_in_turns(
        node, wish.imported, wish.order, groups, narrative=wish.narrative, documents=wish.documents
    )
    mentions: list[Mention] = []
    async for plan in in_turns(drafted.plans):
        plan.verify_released()
        mentions += node.packets.mentions(plan)
    return Prepared(
        wish=wish,
        plans=tuple(drafted.plans),
        findings=drafted.findings,
        unmarked=drafted.unmarked,
        mentions=tuple(mentions),
    )


def _correction(node: Node, wish: Wish, person: str) -> Prepared:
    about = wish.order.about
    plan, findings = draft_correction(
        node,
        wish.corrects,
        wish.imported,
        evaluation=about.evaluation,
        guarded=about.guarded,
        narrative=wish.narrative,
        documents=wish.documents,
        unmarked=wish.order.unmarked,
        person=person,
    )
    return Prepared(
        wish=wish,
        plans=(plan.release,),
        findings=findings,
        unmarked={},
        correction=plan,
        mentions=node.packets.mentions(plan.release),
    )
