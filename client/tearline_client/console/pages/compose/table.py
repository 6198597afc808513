"""A table in the form of a packet: boxes that map its columns, and the mapping that they choose."""

from tearline.errors import MalformedInput
from tearline.text.choices import one_of
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.preview import TablePreview, mapping_text
from tearline_client.connectors.importers.saved_mappings import SavedMappings
from tearline_client.console.contents import columns_of
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import Form
from tearline_client.console.pages.reconciliation import reasons_of
from tearline_client.planning.ftm_schema import SCHEMATA

TABLE, MAP = "table", "map"
"""Buttons: show the beginning of a table, and write the mapping that its boxes choose."""
USE, SAVE, REMOVE = "use", "save", "remove"
"""Buttons for mappings that the agency keeps by name: show one, keep the shown one, remove one."""


def mapping_of(form: Form, table: TablePreview) -> str:
    """Returns the mapping that the boxes of a form choose.

    Raises:
        MalformedInput: If they choose none, or no schema.
    """
    chosen = {
        column: form.text(f"column{number}")
        for number, column in enumerate(table.header)
        if form.text(f"column{number}")
    }
    if not chosen:
        raise MalformedInput("no column is mapped to a property")
    ids = [each for number, each in enumerate(table.header) if form.text(f"id{number}")]
    hidden = bool(form.text("hidden"))
    text = mapping_text(table.delimiter, _schema_of(form), chosen, ids, hidden=hidden)
    parse_mapping(text.encode())
    return text


def table_values(form: Form, table: TablePreview) -> dict[str, object]:
    """Returns the values of the template for the beginning of a table.

    Raises:
        MalformedInput: If the form names no schema.
    """
    schema = _schema_of(form)
    names = columns_of(schema)
    same = {name.casefold(): name for name in names}
    same |= {words_of(name).casefold(): name for name in names}
    is_other = bool(form.files("file")) or form.text("mapped") != schema
    is_new = form.text("does") == TABLE and is_other
    return {
        "preview": table,
        **reasons_of(table.findings),
        "schema": schema,
        "columns": [
            {
                "number": number,
                "name": column,
                "chosen": same.get(column.casefold(), "")
                if is_new
                else form.text(f"column{number}"),
                "is_id": bool(form.text(f"id{number}")),
            }
            for number, column in enumerate(table.header)
        ],
        "names": names,
    }


def chosen_mapping(form: Form, saved: SavedMappings) -> str:
    """Returns the mapping in a form, or else the saved one that it names."""
    written, name = form.text("mapping"), form.text("saved")
    return written if written.strip() or not name else saved.read(name)


def _schema_of(form: Form) -> str:
    schema = form.text("schema") or "Person"
    if schema not in SCHEMATA or SCHEMATA[schema].abstract:
        raise MalformedInput(one_of(schema, "schema", SCHEMATA))
    return schema
