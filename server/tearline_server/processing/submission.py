"""Claims: the parsed but unverified statements of one publication."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Proposal
from tearline.audit.anchor import Anchor
from tearline.audit.erasure import Erasure
from tearline.cases.case import CaseStep
from tearline.encoding import labelled_sha256, prefixed, u64
from tearline.errors import StatementUnsupported, TearlineError
from tearline.federation.members import KeyRecord, Revocation, TrustList
from tearline.limits import PORTION_BYTES
from tearline.onward.consent import Consent
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, PacketParts
from tearline.packets.recall import Recall
from tearline.requests.step import RequestStep
from tearline.statements.channel import Mark, Void
from tearline.statements.receipt import Receipt
from tearline.statements.statement import Attestation, Header, Statement, StatementType
from tearline.suspensions.standing import Standing
from tearline.wire.agreements import parse_agreement
from tearline.wire.cases import parse_case_step
from tearline.wire.consents import parse_consent
from tearline.wire.erasures import parse_erasure
from tearline.wire.federation import parse_key_record, parse_revocation, parse_trust_list
from tearline.wire.grants import parse_anchor, parse_grant, parse_mark, parse_receipt, parse_void
from tearline.wire.packet_parts import EncodedParts
from tearline.wire.packets import parse_manifest
from tearline.wire.proposals import parse_proposal
from tearline.wire.publications import Publication
from tearline.wire.recalls import parse_recall
from tearline.wire.requests import parse_step
from tearline.wire.statements import header_of
from tearline.wire.suspensions import parse_standing

Content = (
    Manifest
    | Grant
    | Receipt
    | Void
    | Recall
    | Mark
    | Anchor
    | Agreement
    | Erasure
    | Standing
    | CaseStep
    | Proposal
    | Consent
    | RequestStep
    | TrustList
    | KeyRecord
    | Revocation
)

_PARSERS: Mapping[StatementType, Callable[[bytes], Content] | None] = {
    StatementType.TRUST_LIST: parse_trust_list,
    StatementType.KEY_RECORD: parse_key_record,
    StatementType.REVOCATION: parse_revocation,
    StatementType.AGREEMENT: parse_agreement,
    StatementType.MANIFEST: parse_manifest,
    StatementType.GRANT: parse_grant,
    StatementType.RECEIPT: parse_receipt,
    StatementType.VOID: parse_void,
    StatementType.RECALL: parse_recall,
    StatementType.MARK: parse_mark,
    StatementType.ANCHOR: parse_anchor,
    StatementType.ERASURE: parse_erasure,
    StatementType.STANDING: parse_standing,
    StatementType.CASE_STEP: parse_case_step,
    StatementType.PROPOSAL: parse_proposal,
    StatementType.CONSENT: parse_consent,
    StatementType.REQUEST_STEP: parse_step,
    StatementType.AUDIT_EXPORT: None,  # handed from person to person, never published
}
_PACKET_PREFIX = b"P"
_GRANT_PREFIX = b"G"
_ANCHOR_PREFIX = b"A"
_CONSENT_PREFIX = b"C"
_LEAST_BYTES = 512  # the smallest statement costs as much to parse as so many bytes of a large one


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedStatement:
    """Statement as a node published it.

    Attributes:
        statement: The statement.
        attestations: The publication's attestations, by hash.
        header: The claimed signer, or None if the body has no valid header.
        content: The parsed body, or the parse error.
        parts: The parts that accompany a manifest, or None.
        encoded_parts: Their encoding, or None.
    """

    statement: Statement
    attestations: Mapping[bytes, Attestation]
    header: Header | None
    content: Content | TearlineError
    parts: PacketParts | None
    encoded_parts: EncodedParts | None

    @property
    def key(self) -> tuple[bytes, str]:
        """Returns the statement's id and its claimed signer."""
        return self.statement.id, self.header.signer if self.header else ""

    @property
    def natural(self) -> bytes | None:
        """Returns the inner identifier that must be unique per signer, or None."""
        match self.content:
            case Manifest():
                return _PACKET_PREFIX + self.content.packet_id
            case Grant():
                return _GRANT_PREFIX + self.content.grant_id
            case Anchor():
                return _ANCHOR_PREFIX + u64(self.content.number)
            case Consent():
                step, address = self.content.step.value, self.content.address
                return _CONSENT_PREFIX + labelled_sha256(
                    "consent-step",
                    self.content.consent_id,
                    prefixed(step.encode()),
                    prefixed(address.recipient.encode()),
                )
            case (
                Receipt()
                | Void()
                | Recall()
                | Mark()
                | Agreement()
                | Erasure()
                | Standing()
                | CaseStep()
                | Proposal()
                | RequestStep()
                | TrustList()
                | KeyRecord()
                | Revocation()
                | TearlineError()
            ):
                return None


async def read_claims(
    publication: Publication, await_turn: Callable[[], Awaitable[None]]
) -> tuple[SubmittedStatement, ...]:
    """Reads every statement of a publication as a claim, one portion a turn.

    Args:
        publication: The publication.
        await_turn: Waits for the next turn of its publisher.

    Returns:
        The claims, in order.

    Raises:
        StatementMalformed: If the publication's order does not match its statements.
    """
    found, size = list[SubmittedStatement](), 0
    for submitted in claims_of(publication):
        found.append(submitted)
        size += _LEAST_BYTES + len(submitted.statement.body)
        if size >= PORTION_BYTES:
            size = 0
            await await_turn()
    return tuple(found)


def claims_of(publication: Publication) -> Iterator[SubmittedStatement]:
    """Yields every statement of a publication as a claim, in order; each is parsed when due.

    Raises:
        StatementMalformed: If the publication's order does not match its statements.
    """
    attestations = publication.attestations()
    parts = {each.manifest: each for each in publication.parts}
    encoded = publication.encoded_parts()
    for statement in publication.statements():
        yield _claim(statement, attestations, parts, encoded)


def _claim(
    statement: Statement,
    attestations: Mapping[bytes, Attestation],
    parts: Mapping[bytes, PacketParts],
    encoded_parts: Mapping[bytes, EncodedParts],
) -> SubmittedStatement:
    content: Content | TearlineError
    header = None
    try:
        header = header_of(statement.body)
        parser = _PARSERS[statement.type]
        content = parser(statement.body) if parser else _not_yet(statement.type)
    except TearlineError as error:
        content = error
    return SubmittedStatement(
        statement=statement,
        attestations=attestations,
        header=header,
        content=content,
        parts=parts.get(statement.id) if statement.type is StatementType.MANIFEST else None,
        encoded_parts=encoded_parts.get(statement.id),
    )


def _not_yet(kind: StatementType) -> TearlineError:
    return StatementUnsupported(f"statements of type {kind.name.lower()}")
