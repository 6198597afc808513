"""Submitted statement, and the state by which it is processed."""

from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError
from tearline.packets.packet import PacketParts
from tearline.statements.statement import Attestation, Header, Statement
from tearline.wire.packet_parts import EncodedParts
from tearline_server.processing.batch import Batch, Result
from tearline_server.processing.registry import Registry


@immutable
class Publisher:
    """Publishing node, as admitted by the gate.

    Attributes:
        node: Its URI.
        agency: Its agency's URI.
    """

    node: str
    agency: str


@immutable
class SubmittedStatement:
    """Statement as a node published it; its signature is unverified.

    Attributes:
        statement: The statement.
        attestations: The publication's attestations, by hash.
        header: The claimed signer, or None if the body has no valid header.
        content: The body as its type's handler parsed it, or the parse error.
        natural: The inner identifier that must be unique per signer, or None.
        parts: The parts that accompany a manifest, or None.
        encoded_parts: Their encoding, or None.
        documents: Large documents of its publisher that are here completely, by id, each with
            the other packets that name it; None if they were not looked up.
    """

    statement: Statement
    attestations: Mapping[bytes, Attestation]
    header: Header | None
    content: object | TearlineError
    natural: bytes | None
    parts: PacketParts | None
    encoded_parts: EncodedParts | None
    documents: Mapping[bytes, frozenset[bytes]] | None = None

    @property
    def key(self) -> tuple[bytes, str]:
        """Returns the statement's id and its claimed signer."""
        return self.statement.id, self.header.signer if self.header else ""


@immutable
class LookupContext:
    """Genuine statement before anything about it was looked up.

    Attributes:
        submitted: The statement, whose signer was verified.
        publisher: The publisher; lookups are limited to its agency's items.
        registry: Keys, agreements, channels and mailboxes.
    """

    submitted: SubmittedStatement
    publisher: Publisher
    registry: Registry

    @property
    def signer(self) -> str:
        """Returns the URI of the statement's signer."""
        return self.submitted.key[1]


@immutable
class Context(LookupContext):
    """Statement that is processed, its publisher, and the state so far.

    Attributes:
        batch: The effects of the batch so far.
        result: The ruling to fill in.
    """

    batch: Batch
    result: Result
