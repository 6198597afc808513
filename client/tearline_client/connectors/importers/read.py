"""Reading of a file by an importer, with the checks that hold for every one of them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from tearline.errors import ConnectorUnusable, ImportRefused
from tearline_client.connectors.contract import Importer, Options
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.connectors.importers.source import open_source
from tearline_client.connectors.registry import Connector, blamed
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import NEVER_TRAVELS

_BEGINNING = 4096  # bytes of a file that show its format
_SIGNS = {
    "camt": rb"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]",
    "mt940": rb"\A\W{0,3}\{1:[FAL]\d\d|(?m:^:20:.*\r?$)",
}
_TOLD_EVERY = 256  # entities between two steps of progress


def read_source(
    path: Path,
    importer: Connector[Importer],
    options: Options,
    report: Report,
    advance: Callable[[int], None] = lambda size: None,
) -> Imported:
    """Returns the entities of a complete file.

    Args:
        path: The file.
        importer: Its importer.
        options: The values of the importer's options.
        report: Takes the findings.
        advance: Called with the number of bytes that were just read.

    Raises:
        ImportRefused: If the file is not of the importer's format.
        ImportTooLarge: If it exceeds the bounds of one import.
        ConnectorUnusable: If a plug-in fails, or yields other values than entities.
    """
    with open_source(path) as stream:
        return read_stream(stream, importer, options, report, advance)


def read_stream(
    stream: BinaryIO,
    importer: Connector[Importer],
    options: Options,
    report: Report,
    advance: Callable[[int], None] = lambda size: None,
) -> Imported:
    """Returns the entities of an open file, as ``read_source``; it can be read from any place."""
    entities = _entities(importer, stream, options, report)
    try:
        with blamed(importer.offer):  # a plug-in may close the stream
            return gather(_told(entities, stream, advance), report)
    except ImportRefused as refused:
        stream.seek(0)
        fitting = _fitting(stream.read(_BEGINNING))
        if fitting in ("", importer.offer.name):
            raise
        hint = f"it looks like {fitting}: tearline import {fitting} FILE"
        raise ImportRefused(f"{refused.why}; {hint}") from None


def _fitting(beginning: bytes) -> str:
    """Returns the name of the banks' format that a file seems to have, or no text."""
    found = (name for name, sign in _SIGNS.items() if re.search(sign, beginning))
    return next(found, "")


def _entities(
    importer: Connector[Importer], stream: BinaryIO, options: Options, report: Report
) -> Iterator[Entity]:
    """Yields the entities of an importer, without properties that no packet may have."""
    with blamed(importer.offer):
        for entity in importer.value.read(stream, options, report):
            if type(entity) is not Entity:
                told = f"{importer.offer.told}: it yields a {type(entity).__name__} as an entity"
                raise ConnectorUnusable(told)
            if any(isinstance(values, str) for values in entity.properties.values()):
                told = f"{importer.offer.told}: it yields a text as the values of a property"
                raise ConnectorUnusable(told)
            yield _without_secrets(entity, report)


def _without_secrets(entity: Entity, report: Report) -> Entity:
    secrets = NEVER_TRAVELS.intersection(entity.properties)
    if not secrets:
        return entity
    for name in sorted(secrets):
        column = f"{entity.schema}.{name}"
        report.add(Concern.STAYS_HOME, "a secret of the account", column=column, id=entity.id)
    kept = {name: values for name, values in entity.properties.items() if name not in secrets}
    return Entity(id=entity.id, schema=entity.schema, properties=kept)


def _told(
    entities: Iterator[Entity], stream: BinaryIO, advance: Callable[[int], None]
) -> Iterator[Entity]:
    """Yields entities, and tells now and then how far the file is read."""
    place = 0
    for number, entity in enumerate(entities):
        if number % _TOLD_EVERY == 0:
            begin, place = place, stream.tell()
            advance(place - begin)
        yield entity
