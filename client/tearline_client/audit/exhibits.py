"""Exhibits of this node's packets, from its own store and copy of the log, offline.

The holder of a field can prove it to an outsider: the originator any field, a recipient those that
it could open and whose marking allows it. A recipient has no opening of the packet's own entry, and
its grant's entry would reveal every category it got. So the recipient's own receipt proves when the
log knew the packet.
"""

from collections.abc import Iterator, Sequence

from tearline.audit.event import EventCode
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.encoding import parse_decimal
from tearline.errors import (
    MalformedInput,
    MomentUnproven,
    NotFound,
    PacketTooLarge,
    SignerKeyUnknown,
    TearlineError,
)
from tearline.identity import domain_uri_of
from tearline.limits import MAX_EXHIBIT_BYTES, MAX_SLOTS
from tearline.onward.use import Use
from tearline.packets.packet import OpenedField
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Header, StatementType
from tearline.tlog.policy import LogPolicy
from tearline.verification.exhibit import (
    Examination,
    examine,
    show_slot,
    verify_exhibit,
    verify_may_show,
)
from tearline.verification.log_entries import parse_entry
from tearline.verification.moment import Moment
from tearline.wire.exhibits import Exhibit, ProvenEntry, encode_exhibit, parse_exhibit
from tearline.wire.federation import parse_key_record
from tearline.wire.grants import encode_log_opening, parse_event
from tearline.wire.statements import Signed, header_of
from tearline_client.access_log.access_log import AccessLog
from tearline_client.audit.verifier import Outcome
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.store.log import LogStore, OpenedEvent

BEGIN = f"-----BEGIN {Armor.EXHIBIT}-----"
_SLOT = "slot:"

DOES_NOT_SAY = (
    "that the values are true: it says who signed them, with which evaluation",
    "whether there are other fields, or what they hold",
    "who made this file, or whether they were allowed to show it",
    "whether the packet was corrected, recalled or given to others since",
    "which of these fields those named in receipts could open",
    "what time it was: an entry bears the exchange's clock, and its place in the log's order",
    "that the signer's key had not ended, or that no later amendment replaces the log's keys:"
    " the file brings only what its maker put in; the log took the packet all the same",
    "that all were shown the same log, unless the reader's policy asks for cosignatures",
)
"""Limits of every verified exhibit, for its reader."""


def make_exhibit(
    context: NodeContext,
    access: AccessLog,
    packet_id: bytes,
    fields: Sequence[str],
    *,
    receipts: bool = False,
    person: str = "",
) -> str:
    """Returns the file that proves these fields of a packet, and reveals no other field.

    The file is verified as its reader will verify it. The node's access log records it.

    Args:
        context: The node.
        access: Its own access log.
        packet_id: 32 bytes.
        fields: For each a path, the end of one, or ``slot:N``.
        receipts: Whether to add the recipients' receipts.
        person: The person; by default the logged-in person.

    Raises:
        TlsError: If the person is not logged in, or may not see contents.
        NotFound: If the packet, or one field of that name, is not here.
        OnwardUseForbidden: If the packet is a partner's, a field may not be shown, and its
            originator does not consent to its use in evidence.
        MomentUnproven: If the log, as known here, does not show that it accepted the packet, or
            shows it only after the signing key had ended.
        PacketTooLarge: If the file would be too large.
        StoreError: If the access log cannot be written.
        TearlineError: If the stored data do not prove it: this node's database was changed.
    """
    access.verify_reader(person)
    shown = context.open_view(packet_id)
    opened = {slot: each for name in fields for slot, each in _named(shown, name)}
    if not shown.own:
        for each in opened.values():
            if not _has_consent(context, packet_id, each.field.path):
                verify_may_show(each.field.marking)
    words = _receipts(context, shown) if receipts or not shown.own else []
    exhibit = _assemble(context, shown, list(opened.values()), words)
    data = encode_exhibit(exhibit)
    if len(data) > MAX_EXHIBIT_BYTES:
        raise PacketTooLarge("these fields do not fit one exhibit")
    verify_exhibit(parse_exhibit(data), context.trust.federation)
    access.record(EventCode.ACCESS_EXHIBIT, {packet_id: opened.values()}, person=person)
    return armor(Armor.EXHIBIT, data)


def _has_consent(context: NodeContext, packet_id: bytes, path: str) -> bool:
    """Returns whether the originator currently consents to this field's use in evidence."""
    now_ms = context.now_ms()
    return any(
        (given.packet, given.path, given.use) == (packet_id, path, Use.EVIDENCE)
        and now_ms < given.ends_ms
        for given in context.stores.consents.permissions([packet_id])
    )


def judge_exhibit(
    text: bytes, federation: bytes | None, *, policy: LogPolicy | None = None
) -> Examination:
    """Examines a file as an exhibit; see ``tearline.verification.exhibit.examine``.

    Args:
        text: The file's bytes, unchecked.
        federation: 32 bytes, known out of band, or None.
        policy: Further requirements for the checkpoint.
    """
    try:
        exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, text.decode("ascii")))
    except UnicodeDecodeError:
        return Examination(errors=(MalformedInput("expected ASCII"),), lacking=(), shown=None)
    except TearlineError as error:
        return Examination(errors=(error,), lacking=(), shown=None)
    return examine(exhibit, federation, policy=policy)


def outcome_of(examined: Examination) -> Outcome:
    """Returns the outcome of an examination."""
    if examined.errors:
        return Outcome.FAILED
    return Outcome.INDETERMINATE if examined.lacking else Outcome.VERIFIED


def _named(shown: PacketView, name: str) -> Iterator[tuple[int, OpenedField]]:
    """Yields the one readable field that ``name`` is, or ends, in its most revealing form."""
    if name.startswith(_SLOT):
        try:
            slot = parse_decimal(name.removeprefix(_SLOT), maximum=MAX_SLOTS)
        except MalformedInput:
            slot = -1
        found = [each for each in shown.view.fields if each.slot == slot]
    else:
        found = [
            each
            for each in shown.view.best()
            if each.field.path == name or each.field.path.endswith(f"/{name}")
        ]
    if len(found) != 1:
        raise NotFound(f"{len(found)} readable fields are named {name}")
    yield found[0].slot, found[0]


def _receipts(context: NodeContext, shown: PacketView) -> list[tuple[OpenedEvent, Signed | None]]:
    """Returns each recipient's first receipt known to be in the log.

    Of our own receipts as a recipient, only the entry is stored, which suffices.
    """
    signed = {
        receipt.statement.id: receipt
        for grant in shown.grants
        for receipt in context.stores.receipts.signed(grant.signed.statement.id)
    }
    first: dict[str, OpenedEvent] = {}
    for opened in context.stores.log.openings():
        event = opened.event
        if event.code is not EventCode.RECEIPT or event.packet != shown.packet.id:
            continue
        if shown.own or event.actor == context.uri:
            first.setdefault(event.actor, opened)
    return [(opened, signed.get(opened.event.statement_id)) for opened in first.values()]


def _assemble(
    context: NodeContext,
    shown: PacketView,
    fields: list[OpenedField],
    words: list[tuple[OpenedEvent, Signed | None]],
) -> Exhibit:
    log, checkpoint = context.stores.log, context.follower.checkpoint()
    if checkpoint is None:
        raise MomentUnproven("this node has verified no checkpoint yet")
    size = checkpoint.checkpoint.size
    receipts = [signed for opened, signed in words if signed and opened.opening.index < size]
    told = [opened.opening for opened, _ in words]
    told += [
        opened.opening
        for opened in log.openings(shown.packet.id)
        if opened.event.code is EventCode.PACKET_ACCEPTED
    ]
    blind = {opening.index: encode_log_opening(opening) for opening in told if opening.index < size}
    if not blind:
        raise MomentUnproven("this node's log does not show its acceptance of the packet")
    _verify_counted(context, shown, min(told, key=lambda opening: opening.index))
    signers = [header_of(each.statement.body) for each in (shown.packet.signed, *receipts)]
    clear = dict(trust_entries(log, signers, max(blind), size))
    contents = clear | blind
    return Exhibit(
        checkpoint=checkpoint.note,
        entries=tuple(
            ProvenEntry(index=index, content=contents[index], path=log.path(index, size))
            for index in sorted(contents)
        ),
        manifest=shown.packet.signed,
        fields=tuple(
            show_slot(shown.manifest, shown.packet.keys, opened)
            for opened in sorted(fields, key=lambda opened: opened.slot)
        ),
        receipts=tuple(receipts),
    )


def _verify_counted(context: NodeContext, shown: PacketView, first: LogOpening) -> None:
    """Verifies that the packet's key was valid at the first proof of the packet.

    Raises:
        MomentUnproven: If it had ended by then, for example for a field disclosed later.
    """
    at = Moment(index=first.index, time_ms=parse_event(first.event).time_ms)
    header = header_of(shown.packet.signed.statement.body)
    try:
        context.trust.signing_key(header, StatementType.MANIFEST, at=at)
    except SignerKeyUnknown:
        raise MomentUnproven(
            "the key that signed the packet had ended before this node first signed for it;"
            " the originator holds the packet's own entry"
        ) from None


def trust_entries(
    log: LogStore, signers: Sequence[Header], last: int, size: int
) -> Iterator[tuple[int, bytes]]:
    """Yields the entries that prove keys: of members, the signers' records, their revocations.

    A directory entry dates the entries of members beside it: votes expire by the one before, and
    delays begin at the one after.
    """
    keys = {(signer.signer, signer.key_id) for signer in signers}
    # Roots and the exchange also sign.
    agencies = {domain_uri_of(signer.signer) for signer in signers}
    date: tuple[int, bytes] | None = None
    is_dated = True
    for index, entry in log.clear_entries():
        parsed = parse_entry(entry)
        if parsed is None or index >= size:
            continue
        if not isinstance(parsed, Signed):
            date = (index, entry)
            if not is_dated:
                yield date
                date, is_dated = None, True
            continue
        statement = parsed.statement
        if statement.type is StatementType.KEY_RECORD:
            record = parse_key_record(statement.body)
            if (record.subject, record.key_id) in keys:
                yield index, entry
        elif statement.type is StatementType.REVOCATION:
            if index < last and header_of(statement.body).signer in agencies:
                yield index, entry
        else:
            if date is not None:
                yield date
            yield index, entry
            date, is_dated = None, False
