"""Partners' lines below checkpoints: by full nodes, and by light ones, which count to no quorum."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tearline.errors import CosignatureMissing
from tearline.identity import agency_uri_of
from tearline.tlog.checkpoint import (
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.note import parse_note
from tearline_client.context import NodeContext

if TYPE_CHECKING:
    from tearline_client.log.light_follower import LightFollower


def cosigning_keys(context: NodeContext, nodes: Iterable[str]) -> list[VerifierKey]:
    """Returns the valid cosigning keys of those names that are nodes."""
    trust, at = context.trust, context.next_moment()
    return [key for node in nodes for key in trust.cosigning_keys(node, at=at)]


def witness_keys(context: NodeContext, nodes: Iterable[str]) -> list[VerifierKey]:
    """Returns the valid witness keys of those names that are light nodes."""
    trust, at = context.trust, context.next_moment()
    return [key for node in nodes for key in trust.witness_keys(node, at=at)]


def log_keys_at(context: NodeContext, size: int) -> list[VerifierKey]:
    """Returns the log's keys that count for a checkpoint of a size."""
    return list(map(parse_verifier_key, context.known.log.at(size).verifier_keys))


def parsed(context: NodeContext, note: bytes, known: Iterable[VerifierKey]) -> SignedCheckpoint:
    """Returns a checkpoint of the log, verified under its keys and those known ones."""
    size = parse_checkpoint_text(parse_note(note).text).size
    origin, required = context.known.log.origin, log_keys_at(context, size)
    return parse_checkpoint(note, origin=origin, required=required, known=known)


def parsed_with_lines(context: NodeContext, note: bytes) -> SignedCheckpoint:
    """Returns a checkpoint of the log with the verified lines of nodes, full and light."""
    names = {line.name for line in parse_note(note).signatures}
    known = [*cosigning_keys(context, names), *witness_keys(context, names)]
    return parsed(context, note, known)


def record_lines(context: NodeContext, signed: SignedCheckpoint) -> None:
    """Records how far partners signed this node's log, by a checkpoint of it."""
    size, cosigning = signed.checkpoint.size, context.stores.cosigning
    nodes = [line for line in signed.signatures if line.key.name != signed.checkpoint.origin]
    witnesses = witness_keys(context, [line.key.name for line in nodes])
    with context.stores.database.transaction():
        for line in nodes:
            agency = agency_uri_of(line.key.name)
            if agency == context.agency or line.time_s is None:
                continue
            if line.key in witnesses:
                cosigning.partner_witnessed(agency, size)
            else:
                cosigning.partner_cosigned(agency, size, line.time_s)


async def hear_lines(
    context: NodeContext, follower: "LightFollower", notes: Sequence[bytes]
) -> None:
    """Records, as a light node, the lines of partners whose packets wait for them.

    A turn has the lines of counted cosigners alone. A smaller tree that a partner signed is proven
    to be the beginning of the newest turn's.

    Raises:
        LogError: If it is not, or the log did not sign it.
        ExchangeError: If the exchange does not answer.
    """
    waiting = context.stores.awaiting_cosignature
    for note in notes:  # at most ``MAX_TOLD_NOTES``
        names = {line.name for line in parse_note(note).signatures if "://" in line.name}
        if not any(map(waiting.waits_for, {agency_uri_of(name) for name in names})):
            continue
        signed = parsed_with_lines(context, note)
        if await follower.holds(context.transport, signed.checkpoint):
            record_lines(context, signed)


def alarm_missing(context: NodeContext) -> None:
    """Raises an alarm for each partner whose cosignature over its own acts is overdue."""
    cosigning = context.stores.cosigning
    for partner in cosigning.partners():
        awaited = partner.awaited
        if awaited is not None and awaited.is_overdue:
            why = f"{partner.agency}, entry {awaited.first}"
            # Reported once: from here on, the newest act is awaited.
            moved = replace(awaited, first=awaited.last, first_ms=awaited.last_ms)
            with context.stores.database.transaction():
                cosigning.put_partner(replace(partner, awaited=moved))
            context.alarm(CosignatureMissing(why), why.encode())
