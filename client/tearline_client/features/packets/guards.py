"""Guards of earlier packets, which a correction or a further answer keeps.

A person guards single fields of a packet by stricter markings. The next version of that packet
may hold the same value at another path, because an importer's ids follow from values. Therefore a
guard follows its path and its value.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import reduce

from tearline.packets.correction import earlier
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.marking import Marking, is_at_least_as_strict
from tearline.policy.profile import marking_of
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.mentions import (
    Mention,
    Reader,
    mentions_of,
    readers_of,
    without_named_ids,
)
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.rules.onward_sources import values_of
from tearline_client.rules.recalls import slots_recalled


def reader_of(
    shown: PacketView,
    recipient: str,
    path: str,
    *,
    beside: Collection[str],
    recalled: frozenset[int],
) -> Reader:
    """Returns a partner's newly readable and still withheld fields after a disclosure.

    Args:
        shown: A packet of ours.
        recipient: The partner's node URI.
        path: The field; if the partner has it in clear already, no field becomes readable.
        beside: Paths of fields disclosed together with it.
        recalled: Slots that we recalled from the partner.
    """
    granted = (
        shown.slots_of(stored.grant)
        for stored in shown.grants
        if stored.grant.address.recipient == recipient and stored.stands
    )
    had = frozenset().union(*granted) - recalled
    best = shown.view.best()
    lacking = [opened.field for opened in best if opened.slot not in had]
    known = [each.field for each in best if each.slot in had or each.field.path in {path, *beside}]
    return Reader(
        uri=recipient,
        clear=tuple(field for field in lacking if field.path == path),
        kept=without_named_ids((f for f in lacking if f.path not in {path, *beside}), known),
        sources=shown.manifest.derived_from,
    )


def kept_from(context: NodeContext, shown: PacketView, recipient: str) -> tuple[Field, ...]:
    """Returns the fields of our packet that a node lacks; empty for a partner's packet."""
    if not shown.own:
        return ()
    recalled = slots_recalled(context, shown.packet.id, recipient)
    if recalled is None:
        recalled = frozenset(opened.slot for opened in shown.view.fields)
    return reader_of(shown, recipient, "", beside=(), recalled=recalled).kept


def guarded(context: NodeContext, draft: Draft) -> Draft:
    """Returns a draft marked as strictly as the packets of ours that it follows.

    A field keeps the marking of its path. A value that is new at its path has each marking by
    which a person guarded it at another one.
    """
    for shown in _followed(context, draft):
        before = _fields(shown)
        guards: dict[str, list[Marking]] = {}
        for field in filter(_is_guarded, before.values()):
            for value in values_of(field):
                guards.setdefault(value, []).append(field.marking)
        fields = tuple(
            replace(
                field,
                marking=reduce(
                    Marking.raised_to,
                    _floors(field, before.get(field.path), guards),
                    field.marking,
                ),
            )
            for field in draft.fields
        )
        draft = replace(draft, fields=fields)
    return draft


def _floors(
    field: Field, before: Field | None, guards: dict[str, list[Marking]]
) -> Iterator[Marking]:
    values = values_of(field)
    if before is not None:
        yield before.marking
        values -= values_of(before)
    for value in values:
        yield from guards.get(value, ())


def mentions_of_followed(context: NodeContext, plan: ReleasePlan) -> tuple[Mention, ...]:
    """Returns the fields that release values withheld by the packets that a plan follows.

    Among them are the guarded fields of a corrected packet that have no successor.
    """
    followed = list(_followed(context, plan.draft))
    readers = readers_of(plan) if followed else ()
    known = set(mentions_of(readers))
    found: list[Mention] = []
    for shown in followed:
        packet = shown.packet.id
        ended = _ended(shown, plan.draft) if packet == plan.draft.supersedes else frozenset()
        held_by = {stored.grant.address.recipient for stored in shown.grants}
        for reader in readers:
            clear = {field.path: field.marking for field in reader.clear}
            # Of a field that is as strictly marked as before, the policies decide anew.
            kept = tuple(
                field
                for field in kept_from(context, shown, reader.uri)
                if (reader.uri in held_by or _is_guarded(field))
                and (
                    field.path not in clear
                    or not is_at_least_as_strict(clear[field.path], field.marking)
                )
            )
            repeated = mentions_of([replace(reader, kept=kept)])
            found += [replace(each, packet=packet) for each in repeated if each not in known]
            found += [
                Mention(recipient=reader.uri, value=field.path, packet=packet)
                for field in kept
                if field.path in ended
            ]
    return tuple(found)


def _ended(shown: PacketView, draft: Draft) -> frozenset[str]:
    """Returns the paths of guarded fields that a draft neither has nor succeeds.

    A successor is guarded as strictly, and has the values, or is new and the same property.
    """
    before = _fields(shown)
    paths = {field.path for field in draft.fields}
    lost = [f for f in before.values() if _is_guarded(f) and f.path not in paths]
    after = [(field, values_of(field)) for field in draft.fields] if lost else []
    return frozenset(
        field.path
        for field in lost
        for values in [values_of(field)]
        if not any(
            is_at_least_as_strict(each.marking, field.marking)
            and (values <= had or (each.path not in before and _name(each) == _name(field)))
            for each, had in after
        )
    )


def _name(field: Field) -> str:
    return field.path.partition("/")[2]


def _is_guarded(field: Field) -> bool:
    return field.marking != marking_of(field.path)


def _fields(shown: PacketView) -> dict[str, Field]:
    """Returns the fields of a packet of ours in clear, by path."""
    opened = (each.field for each in shown.view.best())
    return {field.path: field for field in opened if field.form is Form.CLEAR}


def _followed(context: NodeContext, draft: Draft) -> Iterator[PacketView]:
    """Yields our packets that a draft follows: those of its line, and answers to its request."""
    stores, found = context.stores, list[bytes]()
    if draft.supersedes:
        found += (
            draft.supersedes,
            *earlier(draft.supersedes, stores.corrections.line(draft.supersedes)),
        )
    for source in draft.derived_from:
        for request in stores.requests.of(source):
            notes = (each.note for each in stores.requests.steps(request))
            found += [note.answer for note in notes if note is not None and note.answer]
    for packet in dict.fromkeys(found):
        held = stores.packets.held(packet)
        if held is not None and held.keys and held.origin == context.uri:
            yield context.open_view(packet)
