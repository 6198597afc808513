"""Objects that a program adds, read by the importer of STIX, with an outcome for each object."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused, ImportTooLarge, MalformedInput
from tearline.limits import MAX_TAXII_MESSAGE_FINDINGS, MAX_TAXII_POST_OBJECTS
from tearline_client.connectors.importers.report import Finding, Report
from tearline_client.connectors.importers.stix import bundle_objects, iter_stix
from tearline_client.features.feeds.times import parse_time
from tearline_client.planning.merged_entities import MergedEntities

_WAITS = "in a draft that waits for a person"
_NOT_CARRIED = "not in the draft"


@immutable
class Outcome:
    """Outcome of one object.

    Attributes:
        id: Its STIX id.
        version_us: Its version, Unix microseconds; None without one.
        is_carried: Whether a value of it is in the draft.
        message: The outcome in words, without values.
    """

    id: str
    version_us: int | None
    is_carried: bool
    message: str


@immutable
class Submission:
    """Objects as the importer reads them.

    Attributes:
        outcomes: One for each object, in their order.
        entities: Number of entities that an import makes of them.
    """

    outcomes: Sequence[Outcome]
    entities: int


def read_submission(body: bytes) -> Submission:
    """Returns what an import of a TAXII envelope would carry.

    Raises:
        ImportRefused: If it is no envelope of STIX 2.1 objects.
        ImportTooLarge: If it has too many objects.
    """
    given = list[tuple[str, int | None]]()
    for _, made in bundle_objects(BytesIO(body)):
        if len(given) == MAX_TAXII_POST_OBJECTS:
            raise ImportTooLarge(f"over {MAX_TAXII_POST_OBJECTS} objects")
        given.append((made["id"], _version_us(made)))
    report, carried, held = Report(), set[str](), MergedEntities()
    for entity in iter_stix(BytesIO(body), report, carried.add):
        try:
            held.add(entity)
        except MalformedInput as malformed:
            raise ImportRefused(f"an entity in several parts: {malformed.why}") from None
    told = _told(report)
    outcomes = [
        Outcome(
            id=object_id,
            version_us=version_us,
            is_carried=object_id in carried,
            message=_message(object_id in carried, told.get(object_id, ())),
        )
        for object_id, version_us in given
    ]
    return Submission(outcomes=outcomes, entities=len(held))


def _version_us(made: Mapping[str, Any]) -> int | None:
    try:
        return parse_time(made.get("modified", made.get("created")))
    except (MalformedInput, TypeError):  # an observable has none; the importer judges the rest
        return None


def _told(report: Report) -> Mapping[str, Sequence[Finding]]:
    """Returns the first findings of each object."""
    told = defaultdict[str, list[Finding]](list)
    for finding in report:
        if finding.object and len(told[finding.object]) < MAX_TAXII_MESSAGE_FINDINGS:
            told[finding.object].append(finding)
    return told


def _message(is_carried: bool, findings: Sequence[Finding]) -> str:
    parts = [f"{each.column}: {each.why}" for each in findings]
    return "; ".join([_WAITS if is_carried else _NOT_CARRIED, *parts])
