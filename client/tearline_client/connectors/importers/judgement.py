"""Judgement of an entity's values: each is read, and is sent in its canonical form.

Files of programs are carried: a value that cannot be read is reported. A person who types is asked
instead: a value of a kind that is written in several ways then needs exactly one reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tearline.errors import ImportRefused
from tearline_client.connectors.importers.readings import PROGRAM, Habits, Reading
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import SCHEMATA, property_of

CURRENCY = "currency"
"""The property that takes the currency of an entity's sums."""
OTHER_CURRENCY = "the currency beside the sum is another than the entity's"
_KEPT = "; or keep it with --as-typed: a partner may then learn only that the field exists"

Properties = Mapping[str, tuple[str, ...]]
Readings = Mapping[str, Sequence[Reading]]


def read_properties(schema: str, properties: Properties, habits: Habits) -> Readings:
    """Returns the reading of each value of the properties that a schema has.

    A sum beside which another currency stands than the entity's has none.
    """
    # Imported on use: the rules of telephone numbers and identifiers load slowly.
    from tearline_client.connectors.importers.identifiers import check_property

    readings = {
        name: [check_property(known, value, habits) for value in values]
        for name, values in properties.items()
        if (known := property_of(schema, name))
    }
    beside = {each.currency for some in readings.values() for each in some if each.currency}
    stated = {each.normal for each in readings.get(CURRENCY, ())}
    if not beside or len(beside | stated) == 1:
        return readings
    other = Reading(normal=None, why=OTHER_CURRENCY)
    return {
        name: [other if each.currency else each for each in some] for name, some in readings.items()
    }


def canonical(properties: Properties, readings: Readings) -> dict[str, tuple[str, ...]]:
    """Returns properties with each understood value in its canonical form, and its currency."""
    kept = dict(properties)
    for name, some in readings.items():
        kept[name] = tuple(
            each.normal if each.how and each.normal else value
            for value, each in zip(properties[name], some, strict=True)
        )
    codes = {each.currency for some in readings.values() for each in some if each.currency}
    return kept | {CURRENCY: tuple(codes)} if codes else kept


def judge(entity: Entity, report: Report, *, line: int, typed: Habits | None = None) -> Entity:
    """Returns an entity with its values in canonical form; reports doubtful ones.

    Args:
        entity: The entity.
        report: Takes the findings.
        line: Its line in the source.
        typed: Habits of the person who wrote it and can be asked; None for a program.

    Raises:
        ImportRefused: If a person wrote a sum, number, currency, date, country or gender without
            a reading, or with two.
    """
    if entity.schema not in SCHEMATA:
        why = "no such schema in the table of schemata"
        report.add(Concern.UNVALIDATED, why, line=line, column=entity.schema)
        return entity
    from tearline_client.connectors.importers.identifiers import is_read

    readings = read_properties(entity.schema, entity.properties, typed or PROGRAM)
    for name in entity.properties:
        column = f"{entity.schema}.{name}"
        known = property_of(entity.schema, name)
        if known is None:
            why = "the schema has no such property"
            report.add(Concern.UNVALIDATED, why, line=line, column=column)
            continue
        for part, reading in enumerate(readings[name], 1):
            if reading.normal is None and typed and is_read(known):
                kept = _KEPT if typed.plain else ""
                raise ImportRefused(f"line {line}, {column}: {reading.doubt}{kept}")
            if reading.normal is None:
                report.add(Concern.UNVALIDATED, reading.why, line=line, column=column, part=part)
            elif not reading.how or reading.is_certain:
                continue
            elif typed:
                told = f"{reading.normal} {reading.currency}".rstrip()
                report.add(
                    Concern.UNDERSTOOD,
                    reading.how,
                    line=line,
                    column=column,
                    part=part,
                    value=told,
                )
            else:
                report.add_once(Concern.UNDERSTOOD, reading.how, line=line, column=column)
    properties = canonical(entity.properties, readings)
    return entity if properties == entity.properties else replace(entity, properties=properties)
