"""Records that a person types into a form, or sends as files, as entities and documents."""

import io
import secrets
from collections.abc import Iterator

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.importers.documents import Document, document_of
from tearline_client.connectors.importers.ftm import iter_ftm
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.readings import PERSON
from tearline_client.connectors.importers.report import Imported, Report, gather
from tearline_client.console.forms import Form
from tearline_client.console.request_templates import record_kinds
from tearline_client.planning.entities import Entity


@immutable
class RecordInput:
    """A field of a form for records.

    Attributes:
        name: Its name in the form.
        label: Its name for the officer.
        value: The value that was typed.
    """

    name: str
    label: str
    value: str


@immutable
class RecordInputs:
    """The fields of one kind of record.

    Attributes:
        label: Its name for the officer.
        inputs: Its fields.
    """

    label: str
    inputs: tuple[RecordInput, ...]

    @property
    def is_filled(self) -> bool:
        """Returns whether a person typed a value."""
        return any(each.value for each in self.inputs)


def record_inputs(form: Form, language: str) -> tuple[RecordInputs, ...]:
    """Returns the fields of every kind, with the values of a form."""
    return tuple(
        RecordInputs(
            label=kind.label[language],
            inputs=tuple(
                RecordInput(
                    name=f"{kind.id}.{each.property}",
                    label=each.label[language],
                    value=form.text(f"{kind.id}.{each.property}"),
                )
                for each in kind.fields
            ),
        )
        for kind in record_kinds()
    )


def typed_records(form: Form, report: Report) -> Iterator[Entity]:
    """Yields an entity for each kind with a value; reports doubtful values.

    Raises:
        ImportRefused: If a number, date or country has no reading, or two.
    """
    line = 0
    for kind in record_kinds():
        values = {each.property: form.text(f"{kind.id}.{each.property}") for each in kind.fields}
        found = {name: (text.strip(),) for name, text in values.items() if text.strip()}
        if found:
            line += 1
            entity = Entity(id=secrets.token_hex(16), schema=kind.schema, properties=found)
            yield judge(entity, report, line=line, typed=PERSON)


def imported_records(form: Form) -> Imported | None:
    """Returns the typed records and those of a file of entities, or None without any.

    Raises:
        ImportRefused: If a file of entities is malformed.
    """
    report = Report()
    entities = list(typed_records(form, report))
    for file in form.files("records"):
        entities += iter_ftm(io.BytesIO(file.content), report)
    return gather(entities, report) if entities else None


def documents(form: Form) -> tuple[Document, ...]:
    """Returns the documents of a form.

    Raises:
        DocumentRefused: If the type or the size of one cannot be sent.
    """
    return tuple(document_of(file.name, file.content) for file in form.files("documents"))
