"""Templates of requests for records, and the kinds of record that forms ask for.

They are data: ``request_templates.toml`` beside this module has each text in every language.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tearline.dataclass.immutable import immutable

Texts = Mapping[str, str]
"""A text, by the code of its language."""
LANGUAGES = ("en", "zh", "es")
"""Languages in which a text for a partner can be written."""


@immutable
class RecordField:
    """A field of a kind of record.

    Attributes:
        property: The property of its schema.
        label: Its name for the officer.
    """

    property: str
    label: Texts


@immutable
class RecordKind:
    """A kind of record or of subject, as a form asks for it.

    Attributes:
        id: Its name in forms.
        schema: The FollowTheMoney schema.
        label: Its name for the officer.
        fields: Its fields, the most important first.
    """

    id: str
    schema: str
    label: Texts
    fields: tuple[RecordField, ...]


@immutable
class RequestTemplate:
    """A request as it usually is for an offence.

    Attributes:
        id: Its name in addresses.
        label: Its name for the officer.
        offence: The offence, for the partner; empty where it differs each time.
        records: The requested records, for the partner.
    """

    id: str
    label: Texts
    offence: Texts
    records: tuple[Texts, ...]


@cache
def request_templates() -> tuple[RequestTemplate, ...]:
    """Returns the templates, in the order of the file."""
    return tuple(
        RequestTemplate(
            id=each["id"],
            label=each["label"],
            offence=each["offence"],
            records=tuple(each["records"]),
        )
        for each in _table()["template"]
    )


@cache
def record_kinds() -> tuple[RecordKind, ...]:
    """Returns the kinds of record, in the order of the file."""
    return tuple(
        RecordKind(
            id=each["id"],
            schema=each["schema"],
            label=each["label"],
            fields=tuple(
                RecordField(
                    property=field["property"],
                    label={code: field[code] for code in LANGUAGES},
                )
                for field in each["fields"]
            ),
        )
        for each in _table()["kind"]
    )


@cache
def _table() -> dict[str, Any]:
    text = (files(__package__) / "request_templates.toml").read_text("utf-8")
    return tomllib.loads(text)
