"""Visible contents of a packet for people: values, names and the tear line."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tearline.blobs.description import BLOB, parse_blob
from tearline.bodies.body import NARRATIVE_SCHEMA, TOKEN_PREFIX
from tearline.errors import StatementMalformed
from tearline.federation.versions import Members
from tearline.packets.packet import TEXT, Field, Manifest
from tearline.policy.form import Form
from tearline_client.features.corrections.service import PartnerForm
from tearline_client.messages.packet_view import TOKEN_SHOWN, PacketView, short_path
from tearline_client.planning.generalised_fields import Lessening
from tearline_client.planning.release_plan import Cell
from tearline_client.rendering.words import agency_name

TEAR_LINE = "- - - - - - - - - - - - - -  torn off here  - - - - - - - - - - - - - -"
_REFERENCE = re.compile(TOKEN_PREFIX + r"([0-9a-f]{32})")
short = short_path

LESSENED: Mapping[Lessening, str] = {
    Lessening.NONE: "",
    Lessening.UNFIT: "has no coarser form",
    Lessening.BESIDE: "would narrow another value that is told",
}
"""Reasons why a field is only told to exist, though it may be generalised."""

SPARE = ("own", "by", "category")
"""Columns of a preview dropped on a narrow terminal."""


def text_column(form: str, value: str) -> str:
    """Returns the value column for a form of output.

    Tables show names for people; the column ``value`` holds the transmitted text for programs.
    """
    return "shown" if form == "table" else value


def corrections_of(packet_id: bytes, manifest: Manifest, newest: bytes) -> list[str]:
    """Returns messages about a packet's corrections, for its reader.

    Args:
        packet_id: 32 bytes.
        manifest: Its manifest.
        newest: The last packet of its line of corrections.
    """
    lines = []
    if newest != packet_id:
        lines.append(f"Corrected: replaced by packet {newest.hex()[:12]}.")
    if manifest.supersedes:
        lines.append(f"It replaces packet {manifest.supersedes.hex()[:12]}.")
    return lines


def view_rows(shown: PacketView) -> list[dict[str, object]]:
    """Returns a row for every readable field, in its most revealing form."""
    names = captions(
        (o.field.path, o.field.values) for o in shown.view.best() if o.field.media_type == TEXT
    )
    problems = {problem.path: problem.why for problem in shown.problems}
    rows: list[dict[str, object]] = [
        {
            "field": short(opened.field.path),
            "path": opened.field.path,
            "category": opened.field.marking.category,
            "marking": opened.field.marking.encode(),
            "form": opened.field.form.text,
            "mask": opened.field.mask,
            "value": field_text(opened.field),
            "shown": field_text(opened.field, names),
            "slot": opened.slot,
            "problem": problems.get(opened.field.path, ""),
        }
        for opened in shown.view.best()
    ]
    return rows


def cell_rows(cells: Sequence[Cell], members: Members) -> Iterator[dict[str, object]]:
    """Yields a row for every field and partner: the visible form and the deciding policy."""
    names = names_by_recipient(cells)
    for cell in cells:
        yield {
            "field": short(cell.path),
            "path": cell.path,
            "category": cell.category,
            "partner": agency_name(members, cell.recipient),
            "form": cell.form.text,
            "seen_as": content_text(cell.media_type, cell.values),
            "shown": content_text(cell.media_type, cell.values, names[cell.recipient])
            or LESSENED[cell.lessened],
            "by": " ".join(cell.policy_ids),
            "own": " ".join(cell.own_policy_ids),
            "reason": cell.reason,
            "lessened": cell.lessened.value,
        }


def captions(fields: Iterable[tuple[str, tuple[bytes, ...]]]) -> dict[str, str]:
    """Returns a caption for each visible entity, by token: its name, else its id or token.

    Args:
        fields: Path and values of each.
    """
    names: dict[str, str] = {}
    fields = tuple(fields)
    for wanted in ("id", "name"):  # a name overrides an id
        for path, values in fields:
            token, _, rest = path.partition("/")
            if rest.endswith(f"/{wanted}") and values:
                names[token] = values[0].decode("utf-8", "replace")
    for path, values in fields:
        token, schema, _ = path.split("/", 2)
        if values and schema != NARRATIVE_SCHEMA:
            names.setdefault(token, token[:TOKEN_SHOWN])
    return names


def names_by_recipient(cells: Sequence[Cell]) -> dict[str, dict[str, str]]:
    """Returns the captions of entities for each recipient of a preview; see ``captions``."""
    return {
        recipient: captions(
            (c.path, c.values) for c in cells if c.recipient == recipient and c.media_type == TEXT
        )
        for recipient in {cell.recipient for cell in cells}
    }


def below_the_line(shown: PacketView) -> list[str]:
    """Returns the lines about fields kept back, or an empty list."""
    if not shown.view.existences:
        return []
    told = [
        f"  {e.category}: {e.count} field{'s' if e.count != 1 else ''} kept back ({e.reason.value})"
        for e in sorted(shown.view.existences, key=lambda e: e.category)
    ]
    return [TEAR_LINE, *told]


def field_text(field: Field, names: Mapping[str, str] | None = None) -> str:
    """Returns the values of a field on one line; for a document, its description."""
    return content_text(field.media_type, field.values, names)


def content_text(
    media_type: str, values: tuple[bytes, ...], names: Mapping[str, str] | None = None
) -> str:
    """Returns values on one line; for a document its type, size and SHA-256, never its bytes."""
    if media_type == TEXT or not values:
        return values_text(values, names)
    content = b"".join(values)
    if media_type == BLOB:
        return _described(content)
    digest = hashlib.sha256(content).hexdigest()
    return f"[{media_type}, {len(content)} bytes, SHA-256 {digest}]"


def _described(content: bytes) -> str:
    try:
        blob = parse_blob(content)
    except StatementMalformed:  # a partner's: the rest of its packet stays readable
        return "[not a valid description]"
    return (
        f"[{blob.media_type}, {blob.length} bytes beside the packet, SHA-256 {blob.sha256.hex()}]"
    )


def seen_text(seen: PartnerForm | None, names: Mapping[str, str] | None = None) -> str:
    """Returns a partner's view of one field, in words; ``names`` as for ``values_text``."""
    if seen is None:
        return "nothing"
    if seen.form < Form.GENERALISED:
        return seen.form.text
    text = content_text(seen.media_type, seen.values, names)
    return text if seen.form is Form.CLEAR else f"{seen.form.text}: {text}"


def values_text(values: tuple[bytes, ...], names: Mapping[str, str] | None = None) -> str:
    """Returns values on one line.

    Args:
        values: UTF-8.
        names: Captions of entities, by token. With it, a reference is written as a name, or else
            with the beginning of its token. Without it, values are written as transmitted.
    """
    texts = [value.decode("utf-8", "replace") for value in values]
    return " · ".join(texts if names is None else [_captioned(text, names) for text in texts])


def _captioned(text: str, names: Mapping[str, str]) -> str:
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return text
    return f"→ {names.get(found[1]) or 'unnamed ' + found[1][:TOKEN_SHOWN]}"
