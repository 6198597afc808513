"""Large documents for the recipients of grants: each call is judged anew."""

from collections.abc import Callable

from tearline.identity import agency_uri_of
from tearline.wire.blobs import Question
from tearline_server.blobs.documents import Documents
from tearline_server.delivery.mailboxes import Mailboxes
from tearline_server.processing.registry import Registry
from tearline_server.tlog.log import Clock


class DocumentReader:
    """Reader of large documents by the grants that name them.

    Args:
        documents: The documents.
        mailboxes: The delivered grants.
        registry: Returns the agreements and suspensions in force.
        clock: The time.
    """

    def __init__(
        self,
        documents: Documents,
        mailboxes: Mailboxes,
        registry: Callable[[], Registry],
        clock: Clock,
    ) -> None:
        self._documents = documents
        self._mailboxes = mailboxes
        self._registry = registry
        self._clock = clock

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
        granted, link = await self._mailboxes.document(
            node, question.grant, question.slot, self._clock()
        )
        registry, recipient = self._registry(), agency_uri_of(node)
        found = registry.agreement_of(granted.agreement.id, granted.sender, recipient)
        registry.standings.verify_open(
            found.agreement, granted.agreement.article, sender=granted.sender, recipient=recipient
        )
        return granted.sender, link.id
