"""A packet and its log, and exhibits of it, as originator and recipient make them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from support.agencies import (
    AGREEMENT_ID,
    MX,
    NOW_MS,
    ORIGIN,
    PINS,
    US,
    Federation,
    federation,
    log_signers,
    manifest_signed,
    node_of,
    packet,
    secret,
    signed_by,
    signing_key,
)
from support.light import cosigner, cosigning_record
from tearline.audit.event import Event, EventCode
from tearline.crypto.keys import SigningKey
from tearline.federation.directory import DIRECTORY, DirectoryEntry
from tearline.federation.members import KeyUse, Revocation
from tearline.federation.turns import Leaf
from tearline.packets.packet import Manifest, OpenedField
from tearline.policy.form import Form
from tearline.sealing import SealedPacket, open_packet, release_of
from tearline.statements.channel import Address
from tearline.statements.receipt import LogOpening, Receipt, Status
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import Checkpoint, sign_checkpoint
from tearline.tlog.merkle import root_from_leaf_hashes, tree_path
from tearline.tlog.policy import LogPolicy, trusted_keys
from tearline.verification.log_entries import blind_entry, clear_entry, entry_hash, parse_entry
from tearline.verification.shown_fields import show_slot
from tearline.verification.stated_directory import StatedDirectory
from tearline.verification.trust import TrustState
from tearline.wire.exhibits import Exhibit, ProvenEntry
from tearline.wire.federation import encode_revocation, parse_key_record
from tearline.wire.grants import encode_event, encode_log_opening, encode_receipt
from tearline.wire.statements import Signed, parse_signed

US_NODE, MX_NODE = node_of(US), node_of(MX)


def revocation(federated: Federation, agency: str, key_id: bytes) -> Signed:
    """An agency's word that one of its keys has ended."""
    root = federated.signer(agency)
    body = encode_revocation(Revocation(header=root.header, revoked_key=key_id, reason="lost"))
    return signed_by(StatementType.REVOCATION, body, root)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One packet from US to MX, what the log says of it, and the log's tree.

    Attributes:
        federation: The two agencies.
        sealed: The packet, with its keys.
        manifest: Its statement.
        receipt: MX's word that it stored a grant of it.
        contents: Of each entry: the clear entry itself, or the opening of a blind one.
        time_ms: The time of its checkpoint.
    """

    federation: Federation
    sealed: SealedPacket
    manifest: Signed
    receipt: Signed
    contents: Sequence[bytes | LogOpening]
    time_ms: int = NOW_MS

    @property
    def first_blind(self) -> int:
        """The index of the packet's acceptance."""
        return next(i for i, each in enumerate(self.contents) if isinstance(each, LogOpening))

    def trust_of(self, *nodes: str) -> list[int]:
        """What says whose keys these nodes' are: lists, their signing keys, and revocations."""
        return [
            index
            for index, content in enumerate(self.contents[: self.first_blind])
            if isinstance(content, bytes) and _concerns(content, nodes)
        ]

    @cached_property
    def leaves(self) -> list[bytes]:
        """The hashes of all entries."""
        return [
            entry_hash(each if isinstance(each, bytes) else blind_entry(each.salt, each.event))
            for each in self.contents
        ]

    @cached_property
    def note(self) -> bytes:
        """The log's checkpoint over all of it."""
        return sign_checkpoint(self.checkpoint, log_signers(), time_s=self.time_ms // 1000)

    @property
    def checkpoint(self) -> Checkpoint:
        """The state of the log with all of it."""
        root = root_from_leaf_hashes(self.leaves)
        return Checkpoint(origin=ORIGIN, size=len(self.leaves), root=root)

    @cached_property
    def opened(self) -> dict[int, OpenedField]:
        """Every field, by slot."""
        release = release_of(self.sealed, existences={}, compartments=self.sealed.openings)
        view = open_packet(self.sealed.manifest, dict(enumerate(self.sealed.ciphertexts)), release)
        return {each.slot: each for each in view.fields}

    def slot(self, name: str, form: Form = Form.CLEAR) -> int:
        """The slot of the field whose path ends in ``name``."""
        return next(
            slot
            for slot, each in self.opened.items()
            if each.field.path.endswith(f"/{name}") and each.field.form is form
        )

    def entry(self, index: int) -> ProvenEntry:
        """An entry as it is proven."""
        content = self.contents[index]
        return ProvenEntry(
            index=index,
            content=content if isinstance(content, bytes) else encode_log_opening(content),
            path=tuple(tree_path(self.leaves, index)),
        )

    def exhibit(
        self,
        slots: Iterable[int],
        *,
        entries: Iterable[int] | None = None,
        receipts: bool = False,
    ) -> Exhibit:
        """What the originator makes of it: these slots, and with ``receipts`` who got it.

        Args:
            slots: What is shown.
            entries: Which entries, if not just those that it takes.
            receipts: Whether to name who got something of it.
        """
        release = release_of(self.sealed, existences={}, compartments=self.sealed.openings)
        signers = (US_NODE, MX_NODE) if receipts else (US_NODE,)
        told = range(self.first_blind, self.first_blind + 1 + receipts)
        indices = (*self.trust_of(*signers), *told) if entries is None else entries
        return Exhibit(
            checkpoint=self.note,
            entries=tuple(self.entry(index) for index in indices),
            manifest=self.manifest,
            fields=tuple(
                show_slot(self.sealed.manifest, [release], self.opened[slot])
                for slot in sorted(slots)
            ),
            receipts=(self.receipt,) if receipts else (),
        )

    def stated(self, *, time_ms: int = NOW_MS + 2000) -> "Case":
        """The same with the directory behind, which the clear entries make."""
        return self.behind(self.directory.entry(time_ms).encode())

    @property
    def directory(self) -> StatedDirectory:
        """The directory after all entries."""
        trust = TrustState(federation=self.federation.id, is_partial=True)
        for index, content in enumerate(self.contents):
            if isinstance(content, bytes) and (entry := parse_entry(content)):
                trust.apply(index, entry)
        return trust.directory

    def leaf(self, agency: str) -> Leaf:
        """The state of an agency in the directory after all entries."""
        state = self.directory.state_of(agency)
        assert state is not None
        return Leaf(state=state.encode(), proof=self.directory.prove(agency))

    def certified(
        self,
        slots: Iterable[int],
        *,
        receipts: bool = False,
        by: Sequence[str] = (US, MX),
        **changed: Any,
    ) -> Exhibit:
        """An exhibit by the directory that is the last entry, cosigned by these agencies."""
        signers = (US, MX) if receipts else (US,)
        told = range(self.first_blind, self.first_blind + 1 + receipts)
        made = self.exhibit(slots, entries=(*told, len(self.contents) - 1), receipts=receipts)
        signed_by_all = (*log_signers(), *map(cosigner, by))
        parts: dict[str, Any] = {
            "checkpoint": sign_checkpoint(
                self.checkpoint, signed_by_all, time_s=self.time_ms // 1000
            ),
            "leaves": tuple(self.leaf(uri) for uri in sorted(signers)),
            "keys": tuple(sorted(signing_key(node_of(uri)).public.encoded for uri in signers)),
        }
        return replace(made, **parts | changed)

    def behind(self, *contents: bytes | LogOpening) -> "Case":
        """The same with more entries behind."""
        return replace(self, contents=(*self.contents, *contents))


def _concerns(entry: bytes, nodes: Sequence[str]) -> bool:
    if entry.startswith(DIRECTORY):
        return True
    statement = parse_signed(entry[1:]).statement
    if statement.type is not StatementType.KEY_RECORD:
        return True
    record = parse_key_record(statement.body)
    return record.use is KeyUse.SIGN and record.subject in nodes


def counted_policy(*agencies: str) -> LogPolicy:
    """A reader's policy: all keys of the log, and all of these agencies."""
    keys = {uri: cosigner(uri).verifier for uri in agencies or (US, MX)}
    return trusted_keys([each.verifier.encode() for each in log_signers()], keys, [*keys])


def cosigned_case(*before: Signed | DirectoryEntry, **options: Any) -> Case:
    """The packet in a log whose parties cosign it, with the directory behind."""
    federated = federation(US, MX)
    records = [cosigning_record(federated, uri) for uri in (US, MX)]
    return case(*records, *before, federated=federated, **options).stated()


def opening(index: int, event: Event) -> LogOpening:
    """A blind entry's opening."""
    return LogOpening(index=index, salt=secret(f"salt of {index}"), event=encode_event(event))


def case(
    *before: Signed | DirectoryEntry,
    federated: Federation | None = None,
    key: SigningKey | None = None,
    change: Callable[[Manifest], Manifest] = lambda manifest: manifest,
) -> Case:
    """The packet, its acceptance, and the receipt.

    Args:
        before: What stands before them in the log, behind the members' keys.
        federated: Another federation than that of the two.
        key: Another key of the originator than its first.
        change: What becomes of the manifest before it is signed.
    """
    federated = federated or federation(US, MX)
    us = federated.signer(US_NODE, key)
    sealed = packet(us.header)
    manifest = manifest_signed(replace(sealed, manifest=change(sealed.manifest)), us)
    word = Receipt(
        header=federated.node(MX).header,
        address=Address(recipient=US_NODE, agreement_id=AGREEMENT_ID, seq=1),
        about=secret("grant"),
        status=Status.STORED,
        code="",
        entry=None,
        acted_by=None,
        time_ms=NOW_MS,
    )
    receipt = signed_by(StatementType.RECEIPT, encode_receipt(word), federated.node(MX))
    clear = [
        clear_entry(each) if isinstance(each, Signed) else each.encode()
        for each in (*federated.clear, *before)
    ]
    accepted = Event(
        statement_id=manifest.statement.id,
        code=EventCode.PACKET_ACCEPTED,
        party=US_NODE,
        time_ms=NOW_MS,
        actor=US_NODE,
        packet=manifest.statement.id,
        agreement_id=AGREEMENT_ID,
        article="money-laundering",
        policy_digest=PINS.policy,
    )
    told = Event(
        statement_id=receipt.statement.id,
        code=EventCode.RECEIPT,
        party=US_NODE,
        time_ms=NOW_MS + 1000,
        actor=MX_NODE,
        counterpart=US_NODE,
        packet=manifest.statement.id,
        agreement_id=AGREEMENT_ID,
    )
    return Case(
        federation=federated,
        sealed=sealed,
        manifest=manifest,
        receipt=receipt,
        contents=(*clear, opening(len(clear), accepted), opening(len(clear) + 1, told)),
    )
