"""Packets: drafts, releases, records and contents, as ``node.packets``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.packets.packet import Field
from tearline.statements.statement import ActedBy
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.cases.service import CaseService
from tearline_client.features.decisions.service import DecisionService
from tearline_client.features.packets.disclosure import Disclosure, DisclosureService
from tearline_client.features.packets.document_reader import DocumentReader
from tearline_client.features.packets.service import PacketService, Persons
from tearline_client.features.packets.uploads import Uploads
from tearline_client.messages.sent import Sent
from tearline_client.outbox.outbox import Outbox
from tearline_client.planning.drafts import About, draft_packet
from tearline_client.planning.entities import Group
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.store.packet_records import StoredGrant


class Packets(DocumentReader):
    """Packets of this node.

    Args:
        context: The node.
        access: The node's own access log.
        outbox: Sends receipts.
        releases: Plans releases.
        decisions: Stores and does decisions.
        disclosures: Decides on single further fields.
        cases: Resolves references to cases.
        token_key: Returns the key that derives entity tokens.
        uploads: Sends large documents.

    Attributes:
        uploads: Sender of large documents.
    """

    def __init__(
        self,
        context: NodeContext,
        access: AccessLog,
        outbox: Outbox,
        *,
        releases: PacketService,
        decisions: DecisionService,
        disclosures: DisclosureService,
        cases: CaseService,
        token_key: Callable[[], bytes],
        uploads: Uploads,
    ) -> None:
        super().__init__(context, access, outbox)
        self.uploads = uploads
        self._releases = releases
        self._decisions = decisions
        self._disclosures = disclosures
        self._cases = cases
        self._token_key = token_key

    def draft(
        self, group: Group, about: About, *, agreement: str, extra: Sequence[Field] = ()
    ) -> Draft:
        """Returns a packet from a connected group of entities; see ``draft_packet``.

        Args:
            group: The entities.
            about: The packet's statements about itself.
            agreement: Name of the agreement.
            extra: Fields beside the entities, such as the narrative.
        """
        draft = draft_packet(
            group,
            self._context.stores.agreements.by_name(agreement),
            replace(about, case_id=self._cases.reference(about.case_id)),
            token_key=self._token_key(),
            now_ms=self._context.now_ms(),
            extra=extra,
        )
        return self._releases.derived(draft)

    def plan(self, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        """Returns each partner's form of each field; see ``PacketService.plan``."""
        return self._releases.plan(draft, to)

    def mentions(self, plan: ReleasePlan) -> tuple[Mention, ...]:
        """Returns texts that repeat values kept from readers; see ``PacketService.mentions``."""
        return self._releases.mentions(plan)

    async def send(
        self,
        plans: Sequence[ReleasePlan],
        *,
        acted_by: ActedBy | None = None,
        most_parts: int | None = None,
    ) -> Sent:
        """Stores the decision, seals and sends packets; see ``DecisionService.send``."""
        return await self._decisions.send(plans, Persons(acted_by=acted_by), most_parts=most_parts)

    def drop_unused_documents(self) -> None:
        """Deletes fetched and sent large documents that are needed no longer."""
        super().drop_unused_documents()
        self.uploads.sweep()

    def disclosure(self, packet_id: bytes, path: str, to: str, *, person: str = "") -> Disclosure:
        """Returns one more field as a partner would get it; an entry of the own access log.

        Args:
            packet_id: 32 bytes.
            path: The field.
            to: The partner.
            person: The reader, by the agency's own name; by default the logged-in person.

        Raises:
            StoreError: If the entry cannot be written: then nothing is shown.
            TearlineError: As ``DisclosureService.disclosure``.
        """
        self._access.verify_reader(person)
        wanted = self._disclosures.disclosure(packet_id, path, to)
        self._access.record(EventCode.ACCESS_OPEN, {packet_id: [wanted.field]}, person=person)
        return wanted

    def field_grant(self, packet_id: bytes, path: str, to: str) -> StoredGrant | None:
        """Returns the grant by which a partner has a field; see ``DisclosureService``."""
        return self._disclosures.field_grant(packet_id, path, to)

    async def disclose(
        self,
        packet_id: bytes,
        path: str,
        to: str,
        *,
        acted_by: ActedBy | None = None,
        repeats: str = "",
    ) -> Sent:
        """Releases one more field of a packet of ours; see ``DecisionService.disclose``."""
        persons = Persons(acted_by=acted_by)
        return await self._decisions.disclose(packet_id, path, to, persons, repeats=repeats)
