"""The form of a packet: its terms, its partners and its contents, with an error at each field."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from starlette.responses import Response

from tearline.agreements.agreement import Agreement
from tearline.bodies.registry import KINDS as RULES
from tearline.dataclass.immutable import immutable
from tearline.errors import FormRefused, MalformedInput, TearlineError
from tearline.identity import agency_uri_of
from tearline.packets.packet import PacketKind, Urgency
from tearline.policy.terms import ArticleTerms
from tearline.text.choices import one_of
from tearline_client.connectors.importers.csv import parse_csv
from tearline_client.connectors.importers.ftm import parse_ftm
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.preview import preview_table
from tearline_client.connectors.importers.report import Imported
from tearline_client.connectors.importers.saved_mappings import SavedMappings
from tearline_client.console.contents import (
    Entry,
    first_entries,
    imported_of,
    read_entries,
    understood,
)
from tearline_client.console.drafts import new_name
from tearline_client.console.forms import Form
from tearline_client.console.kept_forms import hold, keep, kept_pairs
from tearline_client.console.languages import mark
from tearline_client.console.pages.compose.entities import (
    changed_entries,
    entity_values,
    is_doubtful,
)
from tearline_client.console.pages.compose.formats import (
    CSV,
    FORM,
    FTM,
    STIX,
    WAYS,
    read_file,
    ways,
)
from tearline_client.console.pages.compose.prepared import (
    GUARDED,
    Wish,
    attached,
    guards_of,
    prepare,
)
from tearline_client.console.pages.compose.table import (
    MAP,
    REMOVE,
    SAVE,
    TABLE,
    USE,
    chosen_mapping,
    mapping_of,
    table_values,
)
from tearline_client.console.pages.packet.document import DONE
from tearline_client.console.visit import Visit
from tearline_client.console.words import INFORMATION, KINDS, SOURCE, URGENCIES
from tearline_client.drafting.from_file import ReleaseOptions
from tearline_client.features.feeds.drafts import FeedDraft
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.rendering.words import agency_name

DELIMITER_NAMES: Mapping[str, str] = {
    ",": mark("commas"),
    ";": mark("semicolons"),
    "|": mark("bars"),
    "\t": mark("tabs"),
}
_KEPT = {SAVE: mark("The mapping was saved."), REMOVE: mark("The saved mapping was removed.")}
_ACCEPTED = {FTM: ".json,.jsonl,.ftm", CSV: ".csv,.txt,.xlsx", STIX: ".json,.stix"}
"""Endings of files that a browser offers first."""
_OFFERED = tuple(
    kind
    for kind in RULES
    if kind is not PacketKind.RECORD_REQUEST  # requests have pages of their own
)
_OF_TABLES = ("mapping", "saved", "save-as", "schema")
_OF_CONTENTS = ("narrative", "reference", "repeats", "ftm", "draft", *_OF_TABLES)
_OF_TERMS = ("purpose", "case", "urgency", "evaluation", "source", "unmarked", "hidden")


@immutable
class Terms:
    """Terms of a packet, as chosen on the first page.

    Attributes:
        agreement: The newest version of the agreement.
        article: Its article.
        kind: The kind of packet.
    """

    agreement: Agreement
    article: ArticleTerms
    kind: PacketKind

    @property
    def name(self) -> str:
        """Returns the name of agreement and article in forms and addresses."""
        return f"{self.agreement.id.hex()}.{self.article.id}"

    def partners(self, node: Node) -> list[str]:
        """Returns the short names of the agencies that may get such a packet from us."""
        us, members = agency_uri_of(node.uri), node.directory.members()
        return sorted(
            agency_name(members, each.recipient)
            for each in self.article.directions
            if each.sender == us
        )


async def page(visit: Visit) -> Response:
    """Shows the choice of terms and kind; with both in the address, the form of the packet.

    The address may name a draft of a program, whose objects are then the contents.
    """
    if form := visit.kept_form():
        terms = _terms(visit.node, form.text("terms"), form.text("kind"))
        return await _again(visit, terms, form)
    if not visit.query("terms"):
        return _choice(visit)
    terms = _terms(visit.node, visit.query("terms"), visit.query("kind"))
    by = visit.query("by") or FORM
    given = {"source": visit.query("source"), "draft": visit.query("draft"), "to": ()}
    entries = first_entries(terms.kind)
    if answered := visit.query("source"):
        packet_id = visit.node.packets.find(answered)
        entries = tuple(_answering(each, packet_id) for each in entries)
    return _form(visit, terms, by, entries, given)


def _answering(entry: Entry, packet_id: bytes) -> Entry:
    """Returns an entity that names the packet it is about, if it has a property for that."""
    if "packet" not in entry.values:
        return entry
    return replace(entry, values={**entry.values, "packet": (packet_id.hex(),)})


def _choice(visit: Visit) -> Response:
    node, source = visit.node, visit.query("source")
    draft = _program_draft(visit, visit.query("draft"))
    found = []
    for agreement in node.agreements.list():
        for article in agreement.terms.articles:
            terms = Terms(agreement=agreement, article=article, kind=PacketKind.LEAD)
            if terms.partners(node):
                found.append(terms)
    collection = draft.collection if draft else ""
    same = (each for each in found if f"{each.agreement.name}/{each.article.id}" == collection)
    chosen = next((each.name for each in same), "")
    if source:
        ref = node.packets.manifest(node.packets.find(source)).agreement
        chosen = f"{ref.id.hex()}.{ref.article}"
    values = {
        "terms": found,
        "chosen": chosen,
        "kinds": {kind: KINDS[kind] for kind in _OFFERED},
        "kind": PacketKind.FEEDBACK if source else PacketKind.LEAD,
        "source": source,
        "draft": draft,
        "form": new_name(),
        "ways": ways(),
        "done": DONE.get(visit.query("done"), ""),
    }
    return visit.render("compose_terms.html", values)


async def enter(visit: Visit) -> Response:
    """Takes the form: shows one more entity or field of it, or plans the packet."""
    form = await visit.form(files=True)
    terms = _terms(visit.node, form.text("terms"), form.text("kind"))
    by, does = form.text("by"), form.text("does")
    if does != "preview":
        return await _again(visit, terms, form)
    entries, given = read_entries(form), _given(form)
    if not form.text("as_typed"):
        entries = tuple(map(understood, entries))
    try:
        # In a thread: thousands of lines take a second, and the node has other work meanwhile.
        draft = _program_draft(visit, form.text("draft")) if by == STIX else None
        bundle = visit.node.feeds.drafts.open(draft.id, person=visit.person) if draft else b""
        mapping = chosen_mapping(form, SavedMappings(visit.node.home.mappings))
        imported = await asyncio.to_thread(contents_of, form, by, entries, mapping, bundle)
        wish = replace(_wish(terms, form, imported), documents=attached(visit))
        wish = replace(wish, program_draft=draft.id) if draft else wish
        prepared = await prepare(visit.node, wish, person=visit.person)
    except TearlineError as error:
        return _form(visit, terms, by, entries, given, error, had_file=form.has_files)
    if by == FORM and not form.text("as_typed") and is_doubtful(terms.kind, entries):
        return _form(visit, terms, by, entries, given, is_doubted=True)
    if form.has_files and visit.kept:  # a browser does not choose a file again
        texts = [pair for pair in kept_pairs(form) if pair[0] != "ftm"]
        keep(visit, visit.kept, visit.request.url.path, [*texts, ("ftm", str(given["ftm"]))])
    return visit.redirect(f"/compose/{hold(visit, prepared)}")


async def _again(visit: Visit, terms: Terms, form: Form) -> Response:
    """Shows a form again: as it is, or after the act of one of its buttons."""
    by, does, entries, given = form.text("by"), form.text("does"), read_entries(form), _given(form)
    if by == CSV and does in ("", TABLE, MAP, USE, SAVE, REMOVE):
        return await _mapped(visit, terms, form, given, SavedMappings(visit.node.home.mappings))
    try:
        changed = changed_entries(terms.kind, entries, form, does) if does else entries
    except TearlineError as error:
        return _form(visit, terms, by, entries, given, error)
    return _form(visit, terms, by, changed, given)


def _given(form: Form) -> dict[str, object]:
    """Returns the texts of a form, to be shown in it again; a file of text as if it was pasted."""
    given: dict[str, object] = {name: form.text(name) for name in (*_OF_CONTENTS, *_OF_TERMS)}
    given |= {"to": form.texts("to"), GUARDED: guards_of(form.texts(GUARDED))}
    with suppress(FormRefused, UnicodeDecodeError):
        for each in form.files("file"):
            given["ftm"] = each.content.decode()
    return given


async def _mapped(
    visit: Visit, terms: Terms, form: Form, given: dict[str, object], saved: SavedMappings
) -> Response:
    """Shows the beginning of a table with boxes to map its columns, and a mapping."""
    does, values = form.text("does"), None
    try:
        if does in (TABLE, MAP) or _has_contents(form):
            hidden = bool(form.text("hidden"))
            table = await asyncio.to_thread(preview_table, _contents(form), hidden=hidden)
            values = table_values(form, table)
            given["ftm"] = table.text  # a file of a form is not sent again
        if does == MAP:
            given["mapping"] = mapping_of(form, table)
        elif does == USE:
            given["mapping"] = saved.read(form.text("saved"))
        elif does == SAVE:
            saved.save(form.text("save-as").strip(), form.text("mapping"))
            given["saved"] = form.text("save-as").strip()
        elif does == REMOVE:
            saved.remove(form.text("saved"))
    except TearlineError as error:
        return _form(visit, terms, CSV, (), given, error, values)
    return _form(visit, terms, CSV, (), given, table=values, done=_KEPT.get(does, ""))


def _wish(terms: Terms, form: Form, imported: Imported) -> Wish:
    about = About(
        article=terms.article.id,
        purpose=form.text("purpose"),
        kind=terms.kind,
        case_id=form.text("case"),
        reference=form.text("reference").strip(),
        urgency=_urgency(form.text("urgency")),
        evaluation=form.text("evaluation") or "X4",
        guarded=guards_of(form.texts(GUARDED)),
    )
    if not form.texts("to"):
        raise MalformedInput("no partner is chosen")
    order = ReleaseOptions(
        to=form.texts("to"),
        agreement=terms.agreement.id.hex(),
        about=about,
        sources=tuple(form.text("source").split()),
        unmarked=bool(form.text("unmarked")),
    )
    return Wish(order=order, imported=imported, narrative=form.text("narrative").strip())


def _program_draft(visit: Visit, name: str) -> FeedDraft | None:
    """Returns the draft of a program that a form or an address names, or None without a name.

    Raises:
        NotFound: If it does not wait any more.
    """
    drafts = visit.node.feeds.drafts
    return drafts.get(drafts.find(name)) if name else None


def contents_of(
    form: Form, by: str, entries: tuple[Entry, ...], mapping: str = "", bundle: bytes = b""
) -> Imported:
    """Returns the entities that a form holds: its fields, a pasted text, or one file.

    Args:
        form: The form.
        by: The way in which it gives them.
        entries: Its fields.
        mapping: Maps the columns of a table.
        bundle: The objects of a program's draft, in place of those of the form.

    Raises:
        TearlineError: If they cannot be read.
    """
    if by == FORM:
        return imported_of(entries)
    data = bundle or _contents(form)
    if by == FTM:
        return parse_ftm(data)
    if by == CSV:
        table = parse_mapping(mapping.encode())
        return parse_csv(data, replace(table, hidden=table.hidden or bool(form.text("hidden"))))
    return read_file(by, data)


def _has_contents(form: Form) -> bool:
    return bool(form.files("file") or form.text("ftm").strip())


def _contents(form: Form) -> bytes:
    """Returns the file of a form, or else its text."""
    files = form.files("file")
    data = files[0].content if files else form.text("ftm").encode()
    if not data.strip():
        raise MalformedInput("neither a text nor a file is given")
    return data


def _urgency(text: str) -> Urgency:
    if text not in [*Urgency]:
        raise MalformedInput(one_of(text, "urgency", Urgency))
    return Urgency(text)


def _terms(node: Node, name: str, kind: str) -> Terms:
    agreement_id, _, article_id = name.partition(".")
    if not agreement_id:
        raise MalformedInput("the form names no agreement")
    agreement = node.agreements.by_name(agreement_id)
    article = agreement.terms.article(article_id)
    if article is None or kind not in _OFFERED:
        raise MalformedInput("the form names no article, or no kind of packet")
    return Terms(agreement=agreement, article=article, kind=PacketKind(kind))


def _form(
    visit: Visit,
    terms: Terms,
    by: str,
    entries: tuple[Entry, ...],
    given: Mapping[str, object],
    refused: TearlineError | None = None,
    table: Mapping[str, object] | None = None,
    done: str = "",
    *,
    is_doubted: bool = False,
    had_file: bool = False,
) -> Response:
    node = visit.node
    values = {
        "done": done,
        "table": table,
        "saved": SavedMappings(node.home.mappings).names() if by == CSV else (),
        "terms": terms,
        "kind": KINDS[terms.kind],
        "by": by,
        "way": WAYS.get(by, by),
        "draft": _program_draft(visit, str(given.get("draft", ""))) if by == STIX else None,
        **entity_values(terms.kind, entries, judged=refused is not None or is_doubted),
        "is_doubted": is_doubted,
        "partners": terms.partners(node),
        "cases": {case.id.hex(): case.title for case in node.cases.all()},
        "urgencies": URGENCIES,
        "sources": SOURCE,
        "informations": INFORMATION,
        "given": {name: given.get(name, "") for name in ("to", *_OF_CONTENTS, *_OF_TERMS)},
        "guards": given.get(GUARDED, {}),
        "had_file": had_file and not given.get("ftm"),
        "delimiters": DELIMITER_NAMES,
        "accepts": _ACCEPTED,
        "refused": refused,
    }
    return visit.render("compose.html", values, status=400 if refused or is_doubted else 200)
