"""Timeline of a case: the events known to this node, limited to visible members.

Steps, packets, requests, notices, recalls and corrections are listed in the order of the log. A
packet belongs to the case only if its originator was ever seen in the case, whatever its manifest
states (spec C-7).
"""

import asyncio
from collections.abc import Iterator, Mapping, Set

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest, PacketKind
from tearline_client.context import NodeContext
from tearline_client.features.cases.views import CaseView
from tearline_client.store.cases import Said

_AT_ONCE = 64  # entries, after which other work of the node has its turn


@immutable
class CaseEvent:
    """One line of a timeline.

    Attributes:
        entry: Index in the log.
        time_ms: The log's time.
        what: The event's code; a case step's phase; a request step's kind.
        actor: URI of the acting party.
        counterpart: URI of the other party, or empty.
        packet: Id of the case's packet that it is about, or empty.
        kind: Kind of that packet, or None.
        corrects: Id of the packet that it corrects, or empty.
    """

    entry: int
    time_ms: int
    what: str
    actor: str
    counterpart: str
    packet: bytes = b""
    kind: PacketKind | None = None
    corrects: bytes = b""

    @property
    def about(self) -> str:
        """Returns the packet's id and kind, with the id of the one that it corrects; or empty."""
        if self.kind is None:
            return ""
        about = f"{self.packet.hex()[:16]} {self.kind.value}"
        return f"{about}, corrects {self.corrects.hex()[:16]}" if self.corrects else about


def timeline_of(context: NodeContext, view: CaseView) -> tuple[CaseEvent, ...]:
    """Returns the known events of a case and of its filed packets, in log order."""
    return tuple(event for event in _events(context, view) if event is not None)


async def timeline_in_steps(context: NodeContext, view: CaseView) -> tuple[CaseEvent, ...]:
    """Returns the same, and gives other work its turn between the entries of the log."""
    found = []
    for number, event in enumerate(_events(context, view)):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        if event is not None:
            found.append(event)
    return tuple(found)


def packets_of(context: NodeContext, view: CaseView) -> tuple[bytes, ...]:
    """Returns the ids of the packets filed under a case, in order of id."""
    steps = {said.statement: said for said in context.stores.cases.steps(view.id)}
    return tuple(_filed(context, view, steps))


def _events(context: NodeContext, view: CaseView) -> Iterator[CaseEvent | None]:
    """Yields the events of a case, and None for each other entry that this node knows."""
    steps = {said.statement: said for said in context.stores.cases.steps(view.id)}
    filed = _filed(context, view, steps)
    words = {statement: said.step.phase.value for statement, said in steps.items()}
    words |= _steps_of_requests(context, filed)
    for told in context.stores.log.openings_between(-1, context.stores.log.size):
        event = told.event
        if event.statement_id not in steps and event.packet not in filed:
            yield None
            continue
        said = event.code in (EventCode.CASE, EventCode.REQUEST)
        manifest = filed.get(event.packet)
        yield CaseEvent(
            entry=told.opening.index,
            time_ms=event.time_ms,
            what=words.get(event.statement_id, event.code.value) if said else event.code.value,
            actor=event.actor,
            counterpart=event.counterpart,
            packet=b"" if manifest is None else event.packet,
            kind=None if manifest is None else manifest.kind,
            corrects=b"" if manifest is None else manifest.supersedes,
        )


def _filed(
    context: NodeContext, view: CaseView, steps: Mapping[bytes, Said]
) -> dict[bytes, Manifest]:
    """Returns the case's packets by agencies ever seen in it, by id."""
    seen = {context.agency, view.lead, *view.seats}
    for said in steps.values():
        if said.step.phase.is_of_lead:
            seen.update(said.note.members, said.note.asked)
    found = {
        packet: context.stores.packets.manifest(packet)
        for packet in context.stores.case_files.packets(view.id)
    }
    return {packet: manifest for packet, manifest in found.items() if _was_seen(manifest, seen)}


def _was_seen(manifest: Manifest, seen: Set[str]) -> bool:
    return agency_uri_of(manifest.header.signer) in seen


def _steps_of_requests(
    context: NodeContext, filed: Mapping[bytes, Manifest]
) -> Iterator[tuple[bytes, str]]:
    """Yields the kind of each known step of the filed requests, by statement."""
    requests = context.stores.requests
    for packet in filed:
        for request in requests.of(packet):
            for step in requests.steps(request):
                yield step.signed.statement.id, step.step.kind.value
