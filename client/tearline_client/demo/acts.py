"""Acts at the open node of one agency of the demo: on packets, and with partners."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tearline.errors import HomeMissing, NotFound
from tearline.packets.packet import PacketKind
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.policy.release import Decision
from tearline.requests.step import Ground
from tearline.statements.receipt import Status
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.drafting.correction import draft_correction
from tearline_client.drafting.from_file import ReleaseOptions, draft_file
from tearline_client.drafting.record_requests import draft_answer
from tearline_client.node import Node
from tearline_client.persons.issuer import NODE
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import connected_groups
from tearline_client.planning.request_file import parse_request_file
from tearline_client.rendering.packets import (
    below_the_line,
    corrections_of,
    names_by_recipient,
    seen_text,
    values_text,
    view_rows,
)
from tearline_client.rendering.words import agency_name


class Acts:
    """Acts at a node."""

    def __init__(self) -> None:
        self._opened: Node | None = None

    @property
    def _node(self) -> Node:
        if self._opened is None:
            raise HomeMissing("the node is not open")
        return self._opened


class PacketActs(Acts):
    """Acts on packets: preview, send, read, correct and prove."""

    async def preview(self, source: str, order: dict[str, Any], narrative: str) -> list[Any]:
        """Returns form, visible value and policies for each field and partner."""
        drafted = draft_file(self._node, Path(source), read_ftm, _order(order), narrative=narrative)
        cells = [cell for plan in drafted.plans for cell in plan.cells()]
        names = names_by_recipient(cells)
        return [
            {
                "path": cell.path,
                "category": cell.category,
                "partner": cell.recipient,
                "form": cell.form.text,
                "values": [value.decode() for value in cell.values],
                "shown": values_text(cell.values, names[cell.recipient]),
                "policies": list(cell.policy_ids),
            }
            for cell in cells
        ]

    async def send(self, source: str, order: dict[str, Any], narrative: str) -> dict[str, Any]:
        """Sends a source; returns packets, receipts and log entries."""
        drafted = draft_file(self._node, Path(source), read_ftm, _order(order), narrative=narrative)
        sent = await self._node.packets.send(drafted.plans)
        return {
            "packets": [packet.hex() for packet in sent.packets],
            "accepted": sum(r.status is Status.ACCEPTED for r in sent.receipts),
            "entries": [r.entry.index for r in sent.receipts if r.entry is not None],
            "refused": [list(pair) for pair in sent.refused],
        }

    async def overstep(self, source: str, order: dict[str, Any]) -> dict[str, Any]:
        """Sends everything in clear, as a patched node would, whatever the agreement allows."""
        drafted = draft_file(self._node, Path(source), read_ftm, _order(order))
        everything = Decision(
            form=Form.CLEAR, shared_policy_ids=(), own_policy_ids=(), reason="", faults=()
        )
        plans = [
            replace(plan, decisions=dict.fromkeys(plan.decisions, everything))
            for plan in drafted.plans
        ]
        sent = await self._node.packets.send(plans)
        return {"refused": [list(pair) for pair in sent.refused]}

    async def view(self, packet: str = "", person: str = "") -> dict[str, Any]:
        """Returns the view of a packet, by default the newest, for the agency or a person."""
        store = self._node.packets
        packet_id = store.find(packet) if packet else next(iter(store.ids()), None)
        if packet_id is None:
            raise NotFound("no packet has arrived")
        shown = await self._node.packets.read(packet_id, person=person)
        return {
            "packet": packet_id.hex(),
            "rows": view_rows(shown),
            "below": below_the_line(shown),
            "corrections": corrections_of(
                packet_id, shown.manifest, self._node.corrections.newest(packet_id)
            ),
        }

    async def correct(
        self, packet: str, source: str, narrative: str, person: str
    ) -> dict[str, Any]:
        """Replaces a packet of ours with a source; returns the changes for each partner."""
        packet_id = self._node.packets.find(packet)
        plan, _ = draft_correction(
            self._node, packet_id, Path(source), narrative=narrative, person=person
        )
        sent = await self._node.packets.send([plan.release])
        members = self._node.directory.members()
        return {
            "packet": sent.packets[0].hex(),
            "to": [agency_name(members, uri) for uri in plan.release.recipients],
            "changes": [
                {
                    "partner": agency_name(members, change.recipient),
                    "field": change.path.partition("/")[2],
                    "before": seen_text(change.before),
                    "after": seen_text(change.after),
                }
                for change in plan.changes
            ],
            "refused": [list(pair) for pair in sent.refused],
        }

    async def disclose(self, packet: str, field: str, to: str, person: str = "") -> dict[str, Any]:
        """Releases one more field; returns the log entries."""
        packet_id = self._node.packets.find(packet)
        path = self._node.packets.path_of(packet_id, field)
        agreement_id = self._node.packets.manifest(packet_id).agreement.id
        acting = self._node.persons.acted_by(person, agreement_id, Role.LIAISON)
        sent = await self._node.packets.disclose(packet_id, path, to, acted_by=acting)
        return {
            "entries": [r.entry.index for r in sent.receipts if r.entry is not None],
            "refused": [list(pair) for pair in sent.refused],
        }

    async def statuses(self, packet: str) -> list[Any]:
        """Returns the status of each grant of a packet of ours, from signed receipts."""
        await self._node.receive()
        shown = self._node.packets.show(self._node.packets.find(packet))
        return [
            {
                "partner": stored.grant.address.recipient,
                "status": "" if stored.status is None else stored.status.text,
                "whole": bool(stored.grant.compartments),
            }
            for stored in shown.grants
        ]

    async def who_saw(self, packet: str, field: str) -> list[Any]:
        """Returns each partner's view of a field: form, policies and proof."""
        await self._node.receive()
        packet_id = self._node.packets.find(packet)
        return [
            {
                "partner": sighting.partner,
                "form": "" if sighting.form is None else sighting.form.text,
                "opened": sighting.opened.value,
                "article": sighting.article,
                "entry": sighting.entry,
                "proven": sighting.proven.value,
            }
            for sighting in self._node.audit.who_saw(packet_id, field).sightings
        ]

    async def prove(self, packet: str, folder: str) -> list[str]:
        """Writes proofs of all log entries about a packet; returns the files."""
        files = []
        for proof in self._node.audit.prove(packet):
            path = Path(folder) / proof.name
            path.write_bytes(proof.data)
            files.append(str(path))
        return files


class CooperationActs(Acts):
    """Acts with partners: suspensions, recalls, cases and requests for records."""

    async def suspend(self, agreement: str, article: str) -> None:
        """Suspends an article; mail in flight is held."""
        suspension = Suspension(
            article=article,
            sender="",
            recipient="",
            reason=Reason.POLITICAL,
            in_flight=InFlight.HOLD,
            originated=Originated.KEEP,
        )
        await self._node.suspensions.suspend(agreement, suspension)

    async def resume(self, agreement: str, article: str, person: str) -> None:
        """Resumes an article as an officer."""
        officer = self._node.persons.acted_by(
            person, self._node.agreements.by_name(agreement).id, Role.OFFICER
        )
        await self._node.suspensions.resume(agreement, (article, "", ""), acted_by=officer)

    async def gaps(self, agreement: str, article: str, peer: str) -> list[Any]:
        """Returns the traffic with a partner while an article was suspended."""
        partner, members = self._node.directory.node_of(peer), self._node.directory.members()
        return [
            {
                "from": agency_name(members, gap.sender),
                "to": agency_name(members, gap.recipient),
                "before": [gap.before.sent, gap.before.received],
                "after": [gap.after.sent, gap.after.received],
                "between": gap.between,
                "crossed": list(gap.crossed),
                "proved": gap.proved,
            }
            for gap in self._node.suspensions.gaps(self._node.agreements.by_name(agreement))
            if gap.article == article and partner in (gap.sender, gap.recipient)
        ]

    async def recall(self, packet: str, to: str, reason: str) -> None:
        """Recalls a packet of ours from a partner."""
        packet_id = self._node.packets.find(packet)
        plan = self._node.recalls.plan(packet_id, to=[to])
        await self._node.recalls.recall(plan, RecallReason(reason))

    async def recalls(self, packet: str) -> list[Any]:
        """Returns the recalls of a packet with their answers."""
        await self._node.receive()
        return [
            {
                "partner": agency_name(self._node.directory.members(), found.partner),
                "state": found.state.text,
                "not_undone": [reach.value for reach in found.answer.reach] if found.answer else [],
            }
            for found in self._node.recalls.of(self._node.packets.find(packet))
        ]

    async def open_case(self, title: str, agreement: str, partners: list[str]) -> str:
        """Opens a case and invites partners; returns its id."""
        case_id = self._node.cases.open(self._node.agreements.by_name(agreement), title, partners)
        await self._node.sync()
        self._node.cases.verify_taken()
        return case_id.hex()

    async def join_case(self, title: str) -> None:
        """Accepts the invitation to a case."""
        await self._node.receive()
        self._node.cases.join(self._node.cases.find(title))
        await self._node.sync()
        self._node.cases.verify_taken()

    async def timeline(self, title: str) -> list[Any]:
        """Returns the known events of a case and of its filed packets."""
        await self._node.receive()
        members = self._node.directory.members()
        return [
            {
                "entry": event.entry,
                "what": event.what,
                "by": agency_name(members, event.actor) if event.actor else "",
                "with": agency_name(members, event.counterpart) if event.counterpart else "",
                "about": event.about,
            }
            for event in self._node.cases.timeline(self._node.cases.find(title))
        ]

    async def request(self, text: str, person: str) -> dict[str, Any]:
        """Asks a partner for records; returns the request."""
        asked = parse_request_file(text)
        (group,) = connected_groups(asked.entities)
        draft = self._node.packets.draft(group, asked.about, agreement=asked.agreement)
        acting = self._node.persons.acted_by(person, draft.agreement.id, Role.LIAISON)
        sent = await self._node.requests.submit(self._node.packets.plan(draft, [asked.to]), acting)
        return {
            "request": sent.packets[0].hex(),
            "refused": [list(pair) for pair in sent.refused],
        }

    async def requested(self, request: str) -> dict[str, Any]:
        """Returns the state of a request: its deadline and the outcome of each item."""
        await self._node.receive()
        await self._node.log.follow()
        view = self._node.requests.show(self._node.packets.find(request), person=NODE)
        return {
            "state": view.progress.phase.text,
            "urgency": view.progress.urgency.value,
            "due_ms": view.due_ms,
            "items": [
                {
                    "record": item.record,
                    "answer": item.answer.hex(),
                    "ground": item.ground.value if item.ground else "",
                }
                for item in view.items
            ],
        }

    async def answer(self, request: str, source: str, item: int, person: str) -> dict[str, Any]:
        """Answers an item of a request with a packet; returns its id."""
        packet_id = self._node.packets.find(request)
        (plan,) = draft_answer(self._node, packet_id, read_ftm(Path(source))).plans
        acting = self._node.persons.acted_by(person, plan.draft.agreement.id, Role.LIAISON)
        sent = await self._node.answers.send(packet_id, plan, [item], acted_by=acting)
        return {"packet": sent.packets[0].hex(), "refused": [list(pair) for pair in sent.refused]}

    async def refuse(self, request: str, ground: str, item: int, person: str) -> None:
        """Refuses an item of a request."""
        packets = self._node.packets
        packet_id = packets.find(request)
        agreement_id = packets.manifest(packet_id).agreement.id
        acting = self._node.persons.acted_by(person, agreement_id, Role.LIAISON)
        await self._node.requests.refuse(packet_id, Ground(ground), [item], acting)


def _order(order: dict[str, Any]) -> ReleaseOptions:
    guarded = {tuple(place.rsplit("/", 1)): c for place, c in order.pop("guarded", {}).items()}
    to, agreement = tuple(order.pop("to")), order.pop("agreement")
    unmarked, kind = order.pop("unmarked", False), PacketKind(order.pop("kind", PacketKind.LEAD))
    about = About(**order, kind=kind, guarded=guarded)
    return ReleaseOptions(to=to, agreement=agreement, about=about, unmarked=unmarked)
