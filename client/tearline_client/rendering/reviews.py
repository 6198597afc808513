"""A release that waits for a second person, in rows: each field as its reader would get it."""

from collections.abc import Iterable, Iterator

from tearline.federation.versions import Members
from tearline.packets.packet import OpenedField
from tearline_client.features.packets.review import Review
from tearline_client.rendering.packets import cell_rows, field_text, short
from tearline_client.rendering.words import agency_name


def review_rows(review: Review, members: Members) -> list[dict[str, object]]:
    """Returns a row for every field and reader; ``drafted_as`` is its form in the draft."""
    rows = [{**row, "drafted_as": row["form"]} for row in opened_rows(review.fields, members)]
    before = {(c.cell.path, c.cell.recipient): c.before for c in review.changed}
    cells = [cell for plan in review.plans for cell in plan.cells()]
    rows += [
        {**row, "drafted_as": before.get((cell.path, cell.recipient), cell.form.text)}
        for cell, row in zip(cells, cell_rows(cells, members), strict=True)
    ]
    return rows


def opened_rows(
    fields: Iterable[tuple[OpenedField, str]], members: Members
) -> Iterator[dict[str, object]]:
    """Yields a row for every field of a sent packet, with its recipient."""
    for opened, recipient in fields:
        yield {
            "field": short(opened.field.path),
            "path": opened.field.path,
            "category": opened.field.marking.category,
            "partner": agency_name(members, recipient),
            "form": opened.field.form.text,
            "seen_as": field_text(opened.field),
            "shown": field_text(opened.field, {}),
        }
