"""Partners' fields held here, as inputs of the onward-use rules."""

import hashlib
from collections.abc import Iterable

from tearline.identity import agency_uri_of
from tearline.onward.use import GivenField, Sources, verify_evaluation_kept, verify_marked_as
from tearline.packets.packet import TEXT, Field, Manifest, View
from tearline_client.messages.packet_view import PacketView, open_view
from tearline_client.planning.search_text import folded
from tearline_client.store.packets import PacketStore


def held_of(shown: PacketView) -> tuple[GivenField, ...]:
    """Returns every readable field of a packet."""
    purposes = frozenset(stored.grant.purpose for stored in shown.grants)
    return tuple(
        GivenField(
            packet=shown.packet.id,
            originator=agency_uri_of(shown.packet.origin),
            path=opened.field.path,
            marking=opened.field.marking,
            values=values_of(opened.field),
            purposes=purposes,
        )
        for opened in shown.view.fields
    )


def values_of(field: Field) -> frozenset[str]:
    """Returns a field's values, normalised so that equal readings compare equal."""
    if field.media_type != TEXT:
        return frozenset(hashlib.sha256(value).hexdigest() for value in field.values)
    return frozenset(text for text in map(folded, field.texts) if text)


def verify_taken(packets: PacketStore, manifest: Manifest, view: View, *, node: str) -> None:
    """Verifies an arrived packet against its sources held here (spec O-9).

    Raises:
        DerivedWeaker: If it claims more trust than a source, or marks a source's value less
            strictly.
        PacketFrozen: If a source is frozen; the packet is compared on resumption.
    """
    sender = agency_uri_of(manifest.header.signer)
    for source in manifest.derived_from:
        held = packets.held(source)
        if held is None or agency_uri_of(held.origin) == sender:
            continue  # a packet not held here cannot be compared
        verify_evaluation_kept(manifest.evaluation, held.manifest.evaluation)
        if not held.keys:
            continue  # nor can an erased packet
        shown = open_view(packets, source, node=node)
        verify_marked((opened.field for opened in view.fields), Sources(held_of(shown)))


def verify_marked(fields: Iterable[Field], source: Sources) -> None:
    """Verifies that texts are marked at least as strictly as the source fields they repeat.

    Raises:
        DerivedWeaker: If a text is marked less strictly.
    """
    for field in fields:
        if field.media_type == TEXT:
            for group in source.holding(values_of(field)):
                verify_marked_as(field.marking, group.floor)
