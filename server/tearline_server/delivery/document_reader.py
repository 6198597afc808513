"""Large documents for the recipients of grants: each call is judged anew."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import BlobUnavailable
from tearline.identity import agency_uri_of
from tearline.packets.packet import AgreementRef, BlobLink
from tearline.statements.statement import Statement
from tearline.wire.blobs import Question
from tearline.wire.statements import parse_statement
from tearline_server.blobs.documents import Documents
from tearline_server.delivery.read_packets import read_packet, without_recalled
from tearline_server.processing.registry import Registry
from tearline_server.storage.interface import Store
from tearline_server.tlog.log import Clock

_GRANTS_KEPT = 64  # of each agency: documents that its nodes fetch at once, each in many parts


@immutable
class GrantedDocuments:
    """Large documents that a grant releases, before any recall.

    Attributes:
        sender: URI of the grantor's agency.
        agreement: The agreement that its packet is under.
        end_ms: End of the grant or its packet, whichever is earlier, Unix milliseconds.
        links: The documents, by slot.
    """

    sender: str
    agreement: AgreementRef
    end_ms: int
    links: Mapping[int, BlobLink]


class DocumentReader:
    """Reader of large documents by the grants that name them.

    An agency that asks for many packets' documents in turn waits for its own reading alone: it
    shares no lock, and displaces no grant of another agency.

    Args:
        documents: The documents.
        store: The store of delivered grants and packets.
        registry: Returns the agreements and suspensions in force.
        clock: The time.
    """

    def __init__(
        self,
        documents: Documents,
        store: Store,
        registry: Callable[[], Registry],
        clock: Clock,
    ) -> None:
        self._documents = documents
        self._store = store
        self._registry = registry
        self._clock = clock
        # By agency, the grants asked for last; their packets may have megabytes each.
        self._kept: defaultdict[str, OrderedDict[bytes, GrantedDocuments]] = defaultdict(
            OrderedDict
        )

    async def leaves(self, node: str, question: Question) -> tuple[bytes, ...]:
        """Returns leaf hashes of a document from a number on, up to a bound.

        Raises:
            BlobUnavailable: As for ``part``.
            AgreementSuspended: If a party suspended this direction.
        """
        owner, blob_id = await self._named(node, question)
        return await self._documents.leaves(owner, blob_id, question.number)

    async def part(self, node: str, question: Question) -> bytes:
        """Returns a sealed part of a document.

        Raises:
            BlobUnavailable: If the node has no such grant, if it or the slot was recalled, or if
                the packet has ended.
            AgreementSuspended: If a party suspended this direction.
        """
        owner, blob_id = await self._named(node, question)
        return await self._documents.part(owner, blob_id, question.number)

    async def _named(self, node: str, question: Question) -> tuple[str, bytes]:
        """Returns owner and id of the document that a grant names."""
        found = await self._store.delivered_grant(node, question.grant)
        if found is None:
            raise BlobUnavailable
        envelope, packet = found
        recipient = agency_uri_of(node)
        granted = await self._granted(recipient, packet, parse_statement(envelope))
        left = await without_recalled(
            self._store, granted.links.keys(), node, packet, question.grant
        )
        if question.slot not in left or self._clock() >= granted.end_ms:
            raise BlobUnavailable
        registry = self._registry()
        agreement = registry.agreement_of(granted.agreement.id, granted.sender, recipient).agreement
        registry.standings.verify_open(
            agreement, granted.agreement.article, sender=granted.sender, recipient=recipient
        )
        return granted.sender, granted.links[question.slot].id

    async def _granted(self, agency: str, packet_id: bytes, grant: Statement) -> GrantedDocuments:
        """Returns the documents that a grant to an agency's node releases."""
        kept = self._kept[agency]
        found = kept.pop(grant.id, None)
        if found is None:
            packet = await read_packet(self._store, packet_id)
            slots = packet.granted(grant)
            found = GrantedDocuments(
                sender=agency_uri_of(packet.manifest.header.signer),
                agreement=packet.manifest.agreement,
                end_ms=packet.end_ms(grant),
                links={link.slot: link for link in packet.parts.blobs if link.slot in slots},
            )
        kept[grant.id] = found
        if len(kept) > _GRANTS_KEPT:
            kept.popitem(last=False)
        return found
