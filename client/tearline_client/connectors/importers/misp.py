"""Events of MISP (draft-dulaunoy-misp-core-format): one, or several as MISP exports them.

Objects of known templates become entities, and object references their links. A file is read
twice, object by object: the tags of an event, which hold for all its attributes, come last.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused, MalformedInput
from tearline_client.connectors.contract import Importer, Option
from tearline_client.connectors.importers.caveats import Caveats
from tearline_client.connectors.importers.json_reader import JsonReader
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.misp_distribution import (
    DISTRIBUTION,
    NOT_SHARED,
    is_shared,
    restriction,
)
from tearline_client.connectors.importers.misp_objects import EntityDraft, schema_of
from tearline_client.connectors.importers.misp_tags import (
    TAGS,
    has_other_tags,
    read_marking,
    record_caveats,
)
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.planning.entities import Entity

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_EVENT, _RESPONSE, _OBJECT, _ATTRIBUTE = "Event", "response", "Object", "Attribute"
_REFERENCE, _DELETED = "ObjectReference", "deleted in MISP"
# Of the instance, or in MISP's database alone.
_TECHNICAL = frozenset(
    {
        "Attribute", "ObjectReference", "Org", *TAGS, "attribute_count", "category", "deleted",
        "description", "disable_correlation", "event_creator_email", "event_id",
        "id", "locked", "meta-category", "name", "object_id", "object_relation",
        "org_id", "orgc_id", "proposal_email_lock", "protected", "publish_timestamp", "published",
        "sighting_timestamp", "template_uuid", "template_version", "timestamp", "to_ids", "type",
        "uuid", "value",
    }
)  # fmt: skip
_EMPTY: tuple[object, ...] = (None, "", [], {}, "0", False)
# Attributes without an object that are an entity by themselves.
_ALONE = {
    "iban": ("BankAccount", "iban"),
    "bank-account-nr": ("BankAccount", "accountNumber"),
    "btc": ("CryptoWallet", "publicKey"),
    "dash": ("CryptoWallet", "publicKey"),
    "xmr": ("CryptoWallet", "publicKey"),
    "full-name": ("Person", "name"),
}


@immutable
class _Event:
    """Parts of an event that are read before its objects.

    Attributes:
        caveats: Its caveats.
        is_shared: Whether MISP shares it with the sharing group.
        group: The sharing group; empty if values are sent whatever their distribution.
        objects: UUIDs of the objects of the file that become entities.
    """

    caveats: Caveats
    is_shared: bool
    group: str
    objects: frozenset[bytes]

    def shares(self, record: Mapping[str, Any]) -> bool:
        """Returns whether an object or attribute of it may be sent, as to its distribution."""
        return not self.group or (self.is_shared and is_shared(record, self.group))


def iter_misp(stream: BinaryIO, report: Report, *, group: str = "") -> Iterator[Entity]:
    """Yields the entities object by object, in bounded memory; reports each value that stays.

    Args:
        stream: The file.
        report: Takes the findings.
        group: Name or UUID of a sharing group, if only values that it may read are wanted.

    Raises:
        ImportRefused: If the file is no such JSON, or two objects have one UUID.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    found = _overview(stream, group)
    stream.seek(0)
    reader = JsonReader(stream)
    for _, event in zip(_events(reader), found, strict=True):
        for key in reader.members():
            if key in (_OBJECT, _ATTRIBUTE):
                for _ in reader.elements():
                    line = reader.line
                    record = _record(reader)
                    make = _object if key == _OBJECT else _alone
                    yield from make(record, event, line, report)
            else:
                line = reader.line
                _leave(reader.value(), key, line, report)
    reader.end()


def _overview(stream: BinaryIO, group: str) -> tuple[_Event, ...]:
    reader = JsonReader(stream)
    found: list[tuple[Caveats, bool]] = []
    objects: dict[bytes, bool] = {}  # whether each becomes an entity
    for _ in _events(reader):
        known: dict[str, Any] = {}
        own: list[bytes] = []
        for key in reader.members():
            if key == _OBJECT:
                for _ in reader.elements():
                    record = _record(reader)
                    uuid = bytes.fromhex(_uuid(record, reader.line).replace("-", ""))
                    if uuid in objects:
                        raise reader.refused("two objects have one UUID")
                    may_go = not group or is_shared(record, group)
                    objects[uuid] = may_go and bool(schema_of(record)) and not _is_deleted(record)
                    own.append(uuid)
            elif key == _ATTRIBUTE:
                for _ in reader.elements():
                    reader.value()
            elif key in (*TAGS, *DISTRIBUTION):
                known[key] = reader.value()
            else:
                reader.value()
        found.append((record_caveats(known), not group or is_shared(known, group, is_event=True)))
        if not found[-1][1]:
            objects |= dict.fromkeys(own, False)
    if not found:
        raise ImportRefused("line 1: no event of MISP")
    entities = frozenset(uuid for uuid, is_entity in objects.items() if is_entity)
    return tuple(
        _Event(caveats=caveats, is_shared=shared, group=group, objects=entities)
        for caveats, shared in found
    )


def _events(reader: JsonReader, *, is_within: bool = False) -> Iterator[None]:
    """Yields at the object of each event, which the caller reads."""
    if reader.is_array() and not is_within:
        for _ in reader.elements():
            yield from _events(reader, is_within=True)
    else:
        for key in reader.members():
            if key == _EVENT:
                yield
            elif key == _RESPONSE and not is_within:
                yield from _events(reader)
            else:
                raise reader.refused("not an event of MISP")


def _record(reader: JsonReader) -> dict[str, Any]:
    record = reader.value()
    if not isinstance(record, dict):
        raise reader.refused("an object or attribute of MISP is a JSON object")
    return record


def _uuid(record: Mapping[str, Any], line: int) -> str:
    uuid = record.get("uuid")
    if not isinstance(uuid, str) or not _UUID.match(uuid.lower()):
        raise ImportRefused(f"line {line}: an object of MISP without a UUID")
    return uuid.lower()


def _own_uuid(attribute: Mapping[str, Any], other: str) -> str:
    """Returns the UUID of an attribute, the other one if it has none."""
    uuid = attribute.get("uuid")
    return uuid.lower() if isinstance(uuid, str) and _UUID.match(uuid.lower()) else other


def _object(
    record: Mapping[str, Any], event: _Event, line: int, report: Report
) -> Iterator[Entity]:
    uuid, schema = _uuid(record, line), schema_of(record)
    why = "" if schema else "no schema fits its template"
    why = _DELETED if _is_deleted(record) else why if event.shares(record) else NOT_SHARED
    if why:
        report.add(Concern.STAYS_HOME, why, line=line, column=_OBJECT, id=uuid)
        return
    draft, caveats = EntityDraft(uuid, schema, line, report), event.caveats | record_caveats(record)
    for each in _listed(record.get(_ATTRIBUTE), line):
        place = f"{schema}.{each.get('object_relation', '')}"
        if _may_go(each, event, place, _own_uuid(each, uuid), line, report):
            draft.put(each, caveats | record_caveats(each), _own_uuid(each, uuid))
            _leave_keys(each, _ATTRIBUTE, line, report)
    links: list[EntityDraft] = []
    for each in _listed(record.get(_REFERENCE), line):
        target = str(each.get("referenced_uuid", "")).lower()
        is_known = _UUID.match(target) and bytes.fromhex(target.replace("-", "")) in event.objects
        if _is_deleted(each) or not is_known:
            why = _DELETED if _is_deleted(each) else "it refers to no object that becomes an entity"
            report.add(Concern.STAYS_HOME, why, line=line, column=_REFERENCE, id=uuid)
        else:
            if read_marking(each.get("comment")) is None:  # an export states the marking there
                _leave(each.get("comment"), f"{_REFERENCE}.comment", line, report)
            links.extend(draft.refer(each, target, caveats))
    _leave_keys(record, _OBJECT, line, report)
    yield from _made([draft, *links], line, report)


def _alone(record: Mapping[str, Any], event: _Event, line: int, report: Report) -> Iterator[Entity]:
    """Yields the entity of an attribute without an object, if its type makes one."""
    uuid, kind = _uuid(record, line), record.get("type")
    if not _may_go(record, event, _ATTRIBUTE, uuid, line, report):
        return
    schema, name = _ALONE.get(kind, ("", "")) if isinstance(kind, str) else ("", "")
    value = record.get("value")
    if not schema or not isinstance(value, str):
        why = "an attribute without an object, and of a type that makes no entity"
        report.add(Concern.STAYS_HOME, why, line=line, column=_ATTRIBUTE, id=uuid)
        return
    draft = EntityDraft(uuid, schema, line, report)
    draft.add(name, value, event.caveats | record_caveats(record), uuid)
    _leave_keys(record, _ATTRIBUTE, line, report)
    yield from _made([draft], line, report)


def _may_go(
    record: Mapping[str, Any], event: _Event, place: str, uuid: str, line: int, report: Report
) -> bool:
    """Returns whether an attribute is shared, and neither deleted nor a file; else reports it."""
    why = "" if event.shares(record) else NOT_SHARED
    why = _DELETED if _is_deleted(record) else "a file" if record.get("data") else why
    if why:
        report.add(Concern.STAYS_HOME, why, line=line, column=place, id=uuid)
    return not why


def _is_deleted(record: Mapping[str, Any]) -> bool:
    return record.get("deleted") not in _EMPTY


def _made(drafts: Iterable[EntityDraft], line: int, report: Report) -> Iterator[Entity]:
    for draft in drafts:
        try:
            entities = tuple(draft.entities())
        except MalformedInput as malformed:
            raise ImportRefused(f"line {line}: {malformed.why}") from None
        for entity in entities:
            yield judge(entity, report, line=line)


def _listed(values: Any, line: int) -> list[dict[str, Any]]:
    found = [] if values is None else values
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ImportRefused(f"line {line}: attributes and references are lists of JSON objects")
    return found


def _leave_keys(record: Mapping[str, Any], kind: str, line: int, report: Report) -> None:
    for key, value in record.items():
        _leave(value, f"{kind}.{key}", line, report)


def _leave(value: Any, key: str, line: int, report: Report) -> None:
    """Reports a key that is not carried, at its first occurrence."""
    name = key.rpartition(".")[2]
    if name == DISTRIBUTION[0]:
        if not (why := restriction(value)):
            return
    elif name in TAGS and has_other_tags(value):
        why = "tags that are no marking are not carried in each line that has them"
    elif value not in _EMPTY and name not in _TECHNICAL:
        why = "describes the event or its handling in MISP, in each line that has it"
    else:
        return
    column = key if "." in key else f"{_EVENT}.{key}"
    report.add_once(Concern.STAYS_HOME, why, line=line, column=column)


IMPORTER = Importer(
    summary="Send the objects of FILE, events of MISP in JSON.",
    details="""\
Values whose tags are stricter than the marking profile are not sent; the report names them.

Example: tearline import misp events.json --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_misp(
        stream, report, group=str(options["sharing-group"])
    ),
    options=(
        Option(
            name="sharing-group",
            help="Send only values that MISP shares with this sharing group, by its name or UUID, "
            "or with all communities.",
        ),
    ),
)
