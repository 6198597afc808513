"""Exhibits: selected fields of one packet, for an outside reader without keys or network.

    federation id, known out of band
        └─ entries of members and keys ───────────┐
           log entries of the packet ─────────────┤ each proven under one checkpoint, signed
                                                  │ by the keys of the last constitution
    manifest, signed by its originator ◄──────────┘ with a key valid at that log position
        └─ commit_i ◄── salt_i, marking, plaintext_i of the selected slots only

A slot's salt follows from its key, and not the reverse. So a shown slot opens no other slot, and a
hidden one is the hash of at least 32 unknown bytes. Shown fields never depend on compartments,
since their openings would reveal other slots. For the same reason an exhibit holds no grant, and no
log entry of one. Specified in docs/spec/exhibit-v1.md.

In place of the entries of members and keys, an exhibit may hold leaves of the directory; see
``stated_signers``. Its reader then relies on the log and the cosigners that its policy names.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    EntryMismatch,
    KeyMalformed,
    LogKeysUnknown,
    MomentUnproven,
    StatementMalformed,
    TearlineError,
)
from tearline.federation.directory import DIRECTORY, parse_directory_entry
from tearline.packets.packet import Manifest, OpenedField, verify_unique_paths
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import Header, StatementType
from tearline.tlog.checkpoint import Checkpoint, parse_checkpoint_text
from tearline.tlog.merkle import verify_inclusion
from tearline.tlog.note import parse_note
from tearline.tlog.policy import LogPolicy, trusted_keys
from tearline.verification.log_entries import (
    CLEAR,
    blind_entry,
    entry_hash,
    parse_clear,
    parse_entry,
)
from tearline.verification.moment import Moment
from tearline.verification.shown_fields import open_shown
from tearline.verification.stated_signers import StatedSigners
from tearline.verification.trust import TrustState
from tearline.wire.exhibits import Exhibit, ProvenEntry
from tearline.wire.grants import parse_event, parse_log_opening, parse_receipt
from tearline.wire.packets import parse_manifest
from tearline.wire.statements import Signed, header_of

T = TypeVar("T")

PERMITTED_EVENTS = (EventCode.PACKET_ACCEPTED, EventCode.RECEIPT)
"""The entries of a packet that name no compartment and no category."""


@immutable
class Sighting:
    """Recipient of a part of the packet, by the log.

    Attributes:
        node: Its URI.
        status: Its own status, from its signed receipt; None where the exhibit holds the log's
            entry alone.
        at: Log position and time of the receipt.
    """

    node: str
    status: Status | None
    at: Moment


@immutable
class Shown:
    """Verified contents of an exhibit.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        originator: The signer of the manifest.
        manifest: The manifest.
        fields: The selected fields, by slot.
        known_at: The first log position at which the exhibit proves the packet to exist.
        accepted: Whether that is the packet's own acceptance, or a receipt after it.
        sightings: Recipients that the exhibit names.
        checkpoint: The checkpoint that proves all entries.
        directory: The directory entry that states the signers' keys; None if clear entries
            certify them.
    """

    packet: bytes
    originator: Header
    manifest: Manifest
    fields: tuple[OpenedField, ...]
    known_at: Moment
    accepted: bool
    sightings: tuple[Sighting, ...]
    checkpoint: Checkpoint
    directory: Moment | None = None


@immutable
class Examination:
    """Result of the examination of an exhibit.

    Attributes:
        errors: All errors found.
        lacking: Data that the reader lacks for a full verification.
        shown: The verified contents; None if there is an error.
    """

    errors: tuple[TearlineError, ...]
    lacking: tuple[TearlineError, ...]
    shown: Shown | None


def verify_exhibit(
    exhibit: Exhibit, federation: bytes | None, *, policy: LogPolicy | None = None
) -> Shown:
    """Returns the verified contents of an exhibit; see ``examine``.

    Raises:
        TearlineError: The first error found, or else what the reader lacks.
    """
    found = examine(exhibit, federation, policy=policy)
    for error in (*found.errors, *found.lacking):
        raise error
    if found.shown is None:
        raise MomentUnproven
    return found.shown


def examine(
    exhibit: Exhibit, federation: bytes | None, *, policy: LogPolicy | None = None
) -> Examination:
    """Examines an exhibit by its file and by the facts that its reader knows out of band.

    1. Every entry stands in the tree of the checkpoint.

    2. Its clear entries, in order, define the valid keys; the charter is the pinned one. Or else
    its last entry, a directory, states them.

    3. The log of the last constitution signed the checkpoint, with all its keys. With a directory,
    the keys of the policy did, among them cosigners'.

    4. Keys that were valid at the log position signed the manifest and the receipts.

    5. Every shown plaintext matches the manifest's commitment at its slot.

    Args:
        exhibit: The exhibit.
        federation: 32 bytes, known out of band. Without it, clear entries are not verified, and
            with a directory, the federation is the one that the signer names.
        policy: The reader's requirements on a checkpoint, such as cosignatures; with a directory,
            it must require some.

    Returns:
        Errors, missing data and verified contents.
    """
    return _Examiner(exhibit, federation, policy).examine()


@immutable
class _Known:
    """Log entry about the packet."""

    event: Event
    at: Moment


class _Examiner:
    """Examination of one exhibit: each failed check adds an error, and the next check follows."""

    def __init__(
        self, exhibit: Exhibit, federation: bytes | None, policy: LogPolicy | None
    ) -> None:
        self._exhibit = exhibit
        self._policy = policy
        self._errors: list[TearlineError] = []
        self._lacking: list[TearlineError] = []
        self._known: list[_Known] = []
        self._trust: TrustState | StatedSigners | None = None
        self._federation = federation
        self._directory: Moment | None = None
        self._packet = exhibit.manifest.statement.id
        self._originator: Header | None = None
        self._signed: dict[bytes, Signed] = {
            receipt.statement.id: receipt for receipt in exhibit.receipts
        }
        self._sightings: list[Sighting] = []

    def examine(self) -> Examination:
        note = self._exhibit.checkpoint
        checkpoint = self._try(lambda: parse_checkpoint_text(parse_note(note).text))
        manifest = self._try(self._manifest)
        self._trust = self._try(self._certified)
        for entry in self._exhibit.entries:
            if checkpoint is not None:
                self._try(partial(_verify_included, entry, checkpoint))
            self._try(partial(self._take, entry))
        self._signatures(note, checkpoint)
        if not self._known:
            self._errors.append(MomentUnproven())
        if self._signed:
            self._errors.append(MomentUnproven("a receipt is shown without its entry"))
        fields = self._fields(manifest)
        shown = None
        if manifest and checkpoint and self._originator and self._known and not self._errors:
            shown = Shown(
                packet=self._packet,
                originator=self._originator,
                manifest=manifest,
                fields=fields,
                known_at=self._known[0].at,
                accepted=self._known[0].event.code is EventCode.PACKET_ACCEPTED,
                sightings=tuple(self._sightings),
                checkpoint=checkpoint,
                directory=self._directory,
            )
        return Examination(errors=tuple(self._errors), lacking=tuple(self._lacking), shown=shown)

    def _try(self, check: Callable[[], T]) -> T | None:
        """Returns the result of ``check``; None if it adds an error."""
        try:
            return check()
        except TearlineError as error:
            self._errors.append(error)
            return None

    def _certified(self) -> TrustState | StatedSigners:
        """Returns the keys by the exhibit's leaves; without any, the state before its entries."""
        exhibit, federation = self._exhibit, self._federation
        _verify_form(exhibit)
        if exhibit.leaves:
            last = exhibit.entries[-1]
            directory = parse_directory_entry(last.content)
            self._directory = Moment(index=last.index, time_ms=directory.time_ms)
            named = header_of(exhibit.manifest.statement.body).federation
            return StatedSigners(exhibit, federation or named, directory)
        if federation is None:
            self._lacking.append(LogKeysUnknown())
        return TrustState(federation=federation or self._own_word(), is_partial=True)

    def _own_word(self) -> bytes:
        """Returns the exhibit's own federation id: enough to find contradictions."""
        signed = parse_clear(self._exhibit.entries[0].content)
        return b"" if signed is None else signed.statement.id

    def _manifest(self) -> Manifest:
        statement = self._exhibit.manifest.statement
        if statement.type is not StatementType.MANIFEST:
            raise StatementMalformed("the statement in the manifest's place is not a manifest")
        return parse_manifest(statement.body)

    def _take(self, entry: ProvenEntry) -> None:
        """Applies one entry, after those before it: about keys, or about the packet."""
        if entry.content.startswith((CLEAR, DIRECTORY)):
            applied = parse_entry(entry.content)
            if applied is not None and isinstance(self._trust, TrustState):
                self._trust.apply(entry.index, applied)
            return
        opening = parse_log_opening(entry.content)
        if opening.index != entry.index:
            raise EntryMismatch(f"the opening is of entry {opening.index}, not {entry.index}")
        event = parse_event(opening.event)
        known = _Known(event=event, at=Moment(index=entry.index, time_ms=event.time_ms))
        _verify_about(event, self._packet)
        self._known.append(known)
        if len(self._known) == 1:
            # The packet existed here at the latest: the key must be valid here.
            self._originator = self._signer(self._exhibit.manifest, known.at)
        if event.code is EventCode.PACKET_ACCEPTED:
            if self._originator is not None and event.actor != self._originator.signer:
                raise EntryMismatch(f"entry {entry.index} names another originator")
        else:
            self._sightings.append(self._sighting(known))

    def _sighting(self, known: _Known) -> Sighting:
        event = known.event
        signed = self._signed.pop(event.statement_id, None)
        status = None
        if signed is not None:
            if signed.statement.type is not StatementType.RECEIPT:
                raise StatementMalformed("a statement in a receipt's place is not a receipt")
            header = self._signer(signed, known.at)
            receipt = parse_receipt(signed.statement.body)
            if header is not None:
                _verify_receipt(receipt, header, event)
            status = receipt.status
        return Sighting(node=event.actor, status=status, at=known.at)

    def _signer(self, signed: Signed, at: Moment) -> Header | None:
        """Returns the verified signer of a statement; None if no key is certified."""
        if self._trust is None:
            return None
        return self._trust.verify(signed.statement, signed.attestations, at=at)

    def _signatures(self, note: bytes, checkpoint: Checkpoint | None) -> None:
        """Adds errors of the checkpoint under the keys of its size, or of the policy."""
        if isinstance(self._trust, TrustState):
            self._verify_log(note, self._trust)
        elif self._directory is not None:
            if checkpoint is not None:
                self._try(partial(_verify_last, self._directory, checkpoint))
            if self._policy is None or not self._policy.requires_cosigners():
                self._lacking.append(LogKeysUnknown("no policy here requires cosigners"))
        if self._policy is not None:
            self._errors.extend(self._policy.failings(note))

    def _verify_log(self, note: bytes, trust: TrustState) -> None:
        try:
            size = parse_checkpoint_text(parse_note(note).text).size
            policy = trusted_keys(trust.log.at(size).verifier_keys)
        except KeyMalformed as error:
            # A key of a later version's kind: this reader cannot verify it.
            self._lacking.append(error)
        except TearlineError as error:
            self._errors.append(error)
        else:
            self._errors.extend(policy.failings(note))

    def _fields(self, manifest: Manifest | None) -> tuple[OpenedField, ...]:
        if manifest is None:
            return ()
        opened = [self._try(partial(open_shown, manifest, shown)) for shown in self._exhibit.fields]
        fields = tuple(each for each in opened if each is not None)
        self._try(lambda: verify_unique_paths(each.field for each in fields))
        return fields


def _verify_form(exhibit: Exhibit) -> None:
    kinds = {entry.content[:1] for entry in exhibit.entries[:-1]}
    if exhibit.leaves and kinds & {CLEAR, DIRECTORY}:
        raise StatementMalformed("other than blind entries stand before the directory")
    if not exhibit.leaves and (exhibit.keys or CLEAR not in kinds):
        raise StatementMalformed("neither clear entries nor leaves certify the signers")


def _verify_last(directory: Moment, checkpoint: Checkpoint) -> None:
    if checkpoint.size != directory.index + 1:
        raise EntryMismatch("the log goes on behind the directory")


def _verify_included(entry: ProvenEntry, checkpoint: Checkpoint) -> None:
    content = entry.content
    if not content.startswith((CLEAR, DIRECTORY)):
        opening = parse_log_opening(content)
        content = blind_entry(opening.salt, opening.event)
    verify_inclusion(entry.index, checkpoint.size, entry_hash(content), entry.path, checkpoint.root)


def _verify_about(event: Event, packet: bytes) -> None:
    """Checks that an exhibit of ``packet`` may hold an event."""
    if event.code not in PERMITTED_EVENTS or event.outcome is not EventOutcome.OK:
        raise EntryMismatch("an exhibit holds acceptances and receipts, and no other events")
    accepted = event.code is EventCode.PACKET_ACCEPTED
    if event.packet != packet or (accepted and event.statement_id != packet):
        raise EntryMismatch("an entry is about another packet")
    if event.decisions:
        raise EntryMismatch("an entry discloses compartments")


def _verify_receipt(receipt: Receipt, header: Header, event: Event) -> None:
    if receipt.address is None or header.signer != event.actor:
        raise EntryMismatch("a receipt's signer is not the node that its entry names")
    if receipt.address.recipient != event.counterpart:
        raise EntryMismatch("a receipt was for another node than its entry names")
