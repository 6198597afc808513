"""Publications of a node, and the exchange's answers.

The statements inside are verified one by one, so an envelope needs no canonical form; it is bounded
and its parts are parsed strictly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BLOB_LINKS, MAX_MESSAGE_BYTES, MAX_RETRY_AFTER_MS, MAX_TEXT_BYTES
from tearline.packets.packet import PacketParts
from tearline.statements.signer import SignedTree
from tearline.statements.statement import Attestation, Statement
from tearline.v1 import exchange_pb2 as pb
from tearline.wire.bundles import Bundle, bundle, read_bundle, write_bundle
from tearline.wire.codec import decode, serialize
from tearline.wire.packet_parts import (
    EncodedParts,
    encode_apart,
    kept_parts,
    read_parts,
    write_parts,
)
from tearline.wire.statements import (
    SIGNED,
    STATEMENT,
    Signed,
    encode_attestation,
    parse_attestation,
    signed_of,
)


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Statements that a node publishes in one message.

    Attributes:
        bundles: Statements of the publisher, as subtrees of its signed trees.
        order: Processing order of the bundles' statements, by their number there, since their
            positions in the trees are random. Empty for the order of appearance.
        signed: Statements that carry their own attestations: co-signed or certified ones.
        parts: Openings and ciphertexts of the packets among them.
        as_read: The received encoding of each of those parts, by its manifest.
    """

    bundles: tuple[Bundle, ...] = ()
    order: tuple[int, ...] = ()
    signed: tuple[Signed, ...] = ()
    parts: tuple[PacketParts, ...] = ()
    as_read: Mapping[bytes, EncodedParts] = field(default_factory=dict, compare=False, repr=False)

    def statements(self) -> tuple[Statement, ...]:
        """Returns every statement: those of the bundles in their order, then the signed ones.

        Raises:
            StatementMalformed: If the order does not list exactly these statements.
        """
        return self._statements

    @cached_property
    def _statements(self) -> tuple[Statement, ...]:
        bundled = [statement for bundle in self.bundles for statement in bundle.statements()]
        if self.order:
            if sorted(self.order) != list(range(len(bundled))):
                raise StatementMalformed("the order does not list the statements sent")
            bundled = [bundled[number] for number in self.order]
        return (*bundled, *(signed.statement for signed in self.signed))

    def ids(self) -> list[bytes]:
        """Returns the id of every statement, in their order."""
        return [statement.id for statement in self._statements]

    def encoded_parts(self) -> dict[bytes, EncodedParts]:
        """Returns the encoding of all parts, by manifest.

        It is the received encoding where there is one.
        """
        return {
            parts.manifest: self.as_read.get(parts.manifest) or encode_apart(parts)
            for parts in self.parts
        }

    def attestations(self) -> dict[bytes, Attestation]:
        """Returns every attestation, by hash."""
        found = {bundle.attestation.hash: bundle.attestation for bundle in self.bundles}
        for signed in self.signed:
            found.update(signed.attestations)
        return found


@immutable
class Refused:
    """Reason for a refusal, with a receipt or without.

    Attributes:
        code: Code of the error.
        why: The exchange's explanation.
        retry_after_ms: Delay before the next attempt, milliseconds; None if unknown.
    """

    code: str
    why: str
    retry_after_ms: int | None = None


@immutable
class Outcome:
    """Outcome of one statement: the exchange's receipt, and the reason for a refusal.

    Attributes:
        about: 32 bytes, the statement's id.
        receipt: The signed receipt, of acceptance or refusal; None where the signer is unknown.
        refusal: Code and reason, to this sender only.
    """

    about: bytes
    receipt: Signed | None
    refusal: Refused | None


def publication_of(
    tree: SignedTree, numbers: Sequence[int], parts: Sequence[PacketParts] = ()
) -> Publication:
    """Returns statements of a tree as one publication.

    They are to be processed in the order of ``numbers``.
    """
    by_position = sorted(numbers, key=lambda number: tree.positions[number])
    place = {number: index for index, number in enumerate(by_position)}
    return Publication(
        bundles=(bundle(tree, numbers),),
        order=tuple(place[number] for number in numbers),
        parts=tuple(parts),
    )


def encode_publication(publication: Publication) -> bytes:
    """Returns the encoding of a publication."""
    return serialize(
        pb.Publish(
            bundles=[write_bundle(bundle) for bundle in publication.bundles],
            order=publication.order,
            signed=[SIGNED.write(signed) for signed in publication.signed],
            parts=[write_parts(parts) for parts in publication.parts],
        )
    )


def parse_publication(data: bytes) -> Publication:
    """Returns a publication from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Publish, data, maximum=MAX_MESSAGE_BYTES)
    if len({parts.manifest for parts in message.parts}) < len(message.parts):
        raise StatementMalformed("the parts of a packet were sent twice")
    verify_links(len(parts.blobs) for parts in message.parts)
    return Publication(
        bundles=tuple(read_bundle(bundle) for bundle in message.bundles),
        order=tuple(message.order),
        signed=tuple(SIGNED.read(signed) for signed in message.signed),
        parts=tuple(read_parts(parts) for parts in message.parts),
        as_read={parts.manifest: kept_parts(parts) for parts in message.parts},
    )


def verify_links(numbers: Iterable[int]) -> None:
    """Checks the number of large documents that packets of one publication name.

    Args:
        numbers: Those of each packet.

    Raises:
        StatementMalformed: If there are too many.
    """
    if sum(numbers) > MAX_BLOB_LINKS:
        raise StatementMalformed(f"a message links at most {MAX_BLOB_LINKS} large documents")


def encode_outcomes(outcomes: tuple[Outcome, ...]) -> bytes:
    """Returns the encoding of a reply to a publication.

    One attestation covers all receipts of a commit, so it stands once.
    """
    receipts = [outcome.receipt for outcome in outcomes if outcome.receipt is not None]
    signatures = {key: each for found in receipts for key, each in found.attestations.items()}
    return serialize(
        pb.PublishReply(
            outcomes=[
                pb.Outcome(
                    about=outcome.about,
                    receipt=None if receipt is None else STATEMENT.write(receipt.statement),
                    refusal=None if outcome.refusal is None else _write_refusal(outcome.refusal),
                )
                for outcome in outcomes
                for receipt in [outcome.receipt]
            ],
            attestations=map(encode_attestation, signatures.values()),
        )
    )


def parse_outcomes(data: bytes) -> tuple[Outcome, ...]:
    """Returns a reply to a publication from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.PublishReply, data, maximum=MAX_MESSAGE_BYTES)
    attestations = {each.hash: each for each in map(parse_attestation, message.attestations)}
    return tuple(
        Outcome(
            about=outcome.about,
            receipt=_receipt(outcome, attestations) if outcome.HasField("receipt") else None,
            refusal=_read_refusal(outcome.refusal) if outcome.HasField("refusal") else None,
        )
        for outcome in message.outcomes
    )


def _receipt(outcome: pb.Outcome, attestations: Mapping[bytes, Attestation]) -> Signed:
    receipt = STATEMENT.read(outcome.receipt)
    if any(each.attestation not in attestations for each in receipt.inclusions):
        raise StatementMalformed("a receipt came without its signature")
    return signed_of(receipt, attestations)


def _write_refusal(refusal: Refused) -> pb.Refusal:
    return pb.Refusal(code=refusal.code, why=refusal.why, retry_after_ms=refusal.retry_after_ms)


def _read_refusal(refusal: pb.Refusal) -> Refused:
    wait_ms = refusal.retry_after_ms if refusal.HasField("retry_after_ms") else None
    if wait_ms is not None and wait_ms > MAX_RETRY_AFTER_MS:
        wait_ms = None
    return Refused(code=refusal.code, why=refusal.why[:MAX_TEXT_BYTES], retry_after_ms=wait_ms)
