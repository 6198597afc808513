"""Rows and lines of a verified exhibit, as ``tearline audit verify`` prints them."""

from collections.abc import Mapping

from tearline.federation.versions import Members
from tearline.identity import agency_uri_of
from tearline.packets.packet import OpenedField
from tearline.verification.exhibit import Shown
from tearline_client.audit.exhibit_verifier import certification_of, does_not_say, relies_on
from tearline_client.rendering.output import cell
from tearline_client.rendering.packets import field_text
from tearline_client.rendering.words import Id, agency_name, moment


def shown_row(shown: Shown, members: Members | None) -> dict[str, object]:
    """Returns the columns of a verified exhibit."""
    manifest = shown.manifest
    return {
        "action": "exhibit",
        "entry": shown.known_at.index,
        "time": moment(shown.known_at.time_ms),
        "actor": party_name(members, shown.originator.signer),
        "originator": shown.originator.signer,
        "packet": Id(shown.packet),
        "packet_id": shown.packet.hex(),
        "federation": shown.originator.federation.hex(),
        "accepted": shown.accepted,
        "certified_by": certification_of(shown).value,
        "directory": None if shown.directory is None else shown.directory.index,
        "log": shown.checkpoint.origin,
        "size": shown.checkpoint.size,
        "kind": manifest.kind.value,
        "case": manifest.case_id,
        "agreement": manifest.agreement.id.hex(),
        "article": manifest.agreement.article,
        "evaluation": manifest.evaluation,
        "fields": [_field_row(opened) for opened in shown.fields],
        "recipients": [
            {
                "node": sighting.node,
                "name": party_name(members, sighting.node),
                "status": None if sighting.status is None else sighting.status.text,
                "entry": sighting.at.index,
                "time": moment(sighting.at.time_ms),
            }
            for sighting in shown.sightings
        ],
        "relies_on": list(relies_on(shown)),
        "does_not_say": list(does_not_say(shown)),
    }


def _field_row(opened: OpenedField) -> dict[str, object]:
    field = opened.field
    return {
        "slot": opened.slot,
        "path": field.path,
        "field": field.path.partition("/")[2].replace("/", "."),
        "value": field_text(field),
        "form": field.form.text,
        "mask": field.mask,
        "marking": field.marking.encode(),
    }


def exhibit_lines(shown: Shown, row: Mapping[str, object]) -> list[str]:
    """Returns the lines of an exhibit for a person: its fields, and grounds and limits of it.

    Args:
        shown: The contents.
        row: The row of its file.
    """
    did, at = "accepted" if shown.accepted else "knew", f"{row['entry']}, {cell(row['time'])}"
    lines = [
        "",
        f"{row['file']}: {row['outcome']}",
        f"  Signed by {row['actor']} ({row['originator']}).",
        f"  Log {row['log']} {did} this packet at entry {at} by the exchange's clock.",
        f"  A {row['kind']} under article {row['article']}, evaluated {row['evaluation']}.",
    ]
    for opened in shown.fields:
        told = _field_row(opened)
        lines.append(f"  {told['field']} = {told['value']}  ({told['form']}; {told['marking']})")
    for sighting in shown.sightings:
        said = (
            "" if sighting.status is None else f", which signed that it was {sighting.status.text}"
        )
        lines.append(f"  Part of it reached {sighting.node}{said}.")
    for heading, items in (
        ("This relies on:", relies_on(shown)),
        ("This does not say:", does_not_say(shown)),
    ):
        lines += [heading, *(f"  - {item}" for item in items)]
    return lines


def party_name(members: Members | None, uri: str) -> str:
    """Returns the short name of a node's agency, or its URI where no members are known."""
    return agency_uri_of(uri) if members is None else agency_name(members, uri)
