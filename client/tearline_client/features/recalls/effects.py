"""Effects of erasing a recalled packet, counted before a person decides."""

from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound
from tearline.packets.recall import Reach, RecallState, recalled_slots
from tearline.sealing.redact import opened_slots, redact_release
from tearline.statements.receipt import Status
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.rules.recalled_values import count_losing, open_values
from tearline_client.rules.redaction import reach_in_turns
from tearline_client.store.recalls import StoredRecall

__all__ = ["ErasureEffects", "StoredRecall", "answerable", "effects_of", "holders"]
"""With the recall itself, which pages name without its store."""


@immutable
class ErasureEffects:
    """Effects of an erasure, in counts; it holds no value of the packet.

    Attributes:
        recalls: The originator's recalls that it would answer; at least one.
        erased: Number of readable fields that it erases.
        left: Number of readable fields that stay.
        drafts: Number of waiting drafts that would lose values.
        uses: Earlier uses, which it cannot reverse.
    """

    recalls: tuple[StoredRecall, ...]
    erased: int
    left: int
    drafts: int
    uses: tuple[Reach, ...]


def holders(context: NodeContext, shown: PacketView) -> frozenset[str]:
    """Returns the URIs of the nodes with a grant of a packet of ours, or with one to come.

    A refused grant counts only if it is to be issued anew.
    """
    anew = context.stores.returned_grants.all()  # few: each goes with its recipient's next key
    return frozenset(
        each.grant.address.recipient
        for each in shown.grants
        if not each.incoming
        and (each.status is not Status.REFUSED or each.signed.statement.id in anew)
    )


def answerable(context: NodeContext, packet_id: bytes) -> tuple[StoredRecall, ...]:
    """Returns the partner's recalls of a packet that a person may still answer."""
    return tuple(
        each
        for each in context.stores.recalls.of(packet_id)
        if each.incoming and each.state is not RecallState.ERASED
    )


async def effects_of(context: NodeContext, packet_id: bytes) -> ErasureEffects:
    """Returns the effects of erasing the recalled parts of a packet.

    Raises:
        NotFound: If no recall of that packet awaits a decision.
    """
    recalls = answerable(context, packet_id)
    if not recalls:
        raise NotFound("no recall of that packet awaits a decision")
    orders, packets = [each.order for each in recalls], context.stores.packets
    before: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset()
    for stored in packets.grants(packet_id):  # one or a few for each packet
        release = packets.release(packet_id, stored.grant.grant_id) if stored.incoming else None
        if release is None:
            continue
        slots = recalled_slots(orders, stored.signed.statement.id)
        before |= opened_slots(release)
        if slots is not None:
            ref = packets.manifest(packet_id).packet_id
            left |= opened_slots(redact_release(release, ref, slots))
    lost = open_values(context, packet_id, before - left)
    return ErasureEffects(
        recalls=recalls,
        erased=len(before - left),
        left=len(left),
        drafts=count_losing(
            context, packet_id, lost.without(open_values(context, packet_id, left))
        ),
        uses=await reach_in_turns(context, packet_id),
    )
