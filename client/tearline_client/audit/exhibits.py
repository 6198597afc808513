"""Exhibits of this node's packets, from its own store, and its copy of the log or the directory.

The holder of a field can prove it to an outsider: the originator any field, a recipient those that
it could open and whose marking allows it. A recipient has no opening of the packet's own entry, and
its grant's entry would reveal every category it got. So the recipient's own receipt proves when the
log knew the packet.
"""

from collections.abc import Iterator, Sequence

from tearline.audit.event import EventCode
from tearline.crypto.armor import Armor, armor
from tearline.encoding import parse_decimal
from tearline.errors import (
    MalformedInput,
    MomentUnproven,
    NotFound,
    PacketTooLarge,
    SignerKeyUnknown,
)
from tearline.limits import MAX_EXHIBIT_BYTES, MAX_SLOTS
from tearline.onward.use import Use
from tearline.packets.packet import OpenedField
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import StatementType
from tearline.verification.moment import Moment
from tearline.verification.shown_fields import show_slot, verify_may_show
from tearline.wire.exhibits import Exhibit, encode_exhibit, parse_exhibit
from tearline.wire.grants import encode_log_opening, parse_event
from tearline.wire.statements import Signed, header_of
from tearline_client.access_log.access_log import AccessLog
from tearline_client.audit.certified import certifier
from tearline_client.audit.exhibit_verifier import examine_by
from tearline_client.audit.proofs import Certification
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.store.log import OpenedEvent

_SLOT = "slot:"


async def make_exhibit(
    context: NodeContext,
    access: AccessLog,
    packet_id: bytes,
    fields: Sequence[str],
    *,
    receipts: bool = False,
    certified_by: Certification | None = None,
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
        certified_by: The kind of the parts that certify the signers. By default statements, for
            any reader; at a light node, or where they do not fit, the directory.
        person: The person; by default the logged-in person.

    Raises:
        TlsError: If the person is not logged in, or may not see contents.
        NotFound: If the packet, or one field of that name, is not here.
        OnwardUseForbidden: If the packet is a partner's, a field may not be shown, and its
            originator does not consent to its use in evidence.
        MomentUnproven: If the log, as known here, does not show that it accepted the packet, or
            shows it only after the signing key had ended.
        PacketTooLarge: If the file would be too large.
        NodeIsLight: If a light node is asked for statements.
        ExchangeError: If the directory certifies, and the exchange does not answer.
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
    by = certified_by or (Certification.DIRECTORY if context.is_light else Certification.STATEMENTS)
    data = encode_exhibit(await _assemble(context, shown, list(opened.values()), words, by))
    if len(data) > MAX_EXHIBIT_BYTES and certified_by is None:
        by = Certification.DIRECTORY
        data = encode_exhibit(await _assemble(context, shown, list(opened.values()), words, by))
    if len(data) > MAX_EXHIBIT_BYTES:
        raise PacketTooLarge("these fields do not fit one exhibit")
    examined = examine_by(parse_exhibit(data), context.trust.federation, None, context.trust)
    for error in (*examined.errors, *examined.lacking):
        raise error
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


async def _assemble(
    context: NodeContext,
    shown: PacketView,
    fields: list[OpenedField],
    words: list[tuple[OpenedEvent, Signed | None]],
    by: Certification,
) -> Exhibit:
    log, certifying = context.stores.log, await certifier(context, by)
    size = certifying.size
    receipts = [signed for opened, signed in words if signed and opened.opening.index < size]
    told = [opened.opening for opened, _ in words]
    told += [
        opened.opening
        for opened in log.openings(shown.packet.id)
        if opened.event.code is EventCode.PACKET_ACCEPTED
    ]
    blind = {opening.index: encode_log_opening(opening) for opening in told if opening.index < size}
    if not blind:
        why = "no checkpoint covers it yet: try again in a minute" if told else "it is not here"
        raise MomentUnproven(f"the entry of its acceptance: {why}")
    _verify_counted(context, shown, min(told, key=lambda opening: opening.index))
    signers = [header_of(each.statement.body) for each in (shown.packet.signed, *receipts)]
    certified = await certifying.certify(signers, blind)
    return Exhibit(
        checkpoint=certified.checkpoint,
        entries=certified.entries,
        leaves=certified.leaves,
        keys=certified.keys,
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
