"""Release of packets, fields and consents by a person, or their wait for a second person.

The command line and the console both release this way, after they have asked for confirmation.
"""

from collections.abc import Sequence

from tearline.dataclass.immutable import immutable
from tearline.errors import ActQueued, LoginRequired
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline_client.messages.sent import Sent
from tearline_client.node import Node
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.consents import ConsentRecord


@immutable
class Held:
    """A field that the partner has in clear already; it is not released again.

    Attributes:
        since_ms: When the exchange accepted its grant; None while the grant waits in the outbox.
    """

    since_ms: int | None


Released = Sent | bytes | ActQueued
"""The outcome of a release, its pending id for a second person, or its place in the queue."""


def takes_two(node: Node, agreement_id: bytes, article: str) -> bool:
    """Returns whether the article's current version requires two persons."""
    return node.agreements.newest(agreement_id).article(article).four_eyes


async def release(
    node: Node, plans: Sequence[ReleasePlan], *, person: str, most_parts: int | None = None
) -> Released:
    """Sends plans under one article, or queues them for a second person.

    Args:
        node: The node.
        plans: One for each packet.
        person: The liaison officer, by the agency's own name.
        most_parts: Parts of large documents to send at most now; later syncs send the rest. None
            for all.

    Raises:
        TearlineError: As ``node.packets.send`` and ``node.approvals.draft``.
    """
    draft = plans[0].draft
    if takes_two(node, draft.agreement.id, draft.article):
        return node.approvals.draft(plans, person=person)
    acted_by = node.persons.acted_by(person, draft.agreement.id, Role.LIAISON)
    try:
        return await node.packets.send(plans, acted_by=acted_by, most_parts=most_parts)
    except ActQueued as queued:
        return queued


async def held_by(node: Node, packet: bytes, path: str, to: str) -> Held | None:
    """Returns since when a partner has a field of our packet in clear, by its newest receipts.

    None if the partner does not have it, or has erased it.
    """
    if node.packets.field_grant(packet, path, to) is None:
        return None
    await node.refresh()
    grant = node.packets.field_grant(packet, path, to)
    if grant is None:
        return None
    receipts = node.packets.receipts(grant.signed.statement.id)
    return Held(since_ms=min((each.time_ms for each in receipts), default=None))


async def release_field(
    node: Node, packet: bytes, path: str, to: str, *, repeats: str, person: str
) -> Released | Held:
    """Discloses one more field, or queues the disclosure for a second person.

    Returns:
        The outcome; or since when the partner has the field, and then nothing is released.

    Raises:
        TearlineError: As ``node.packets.disclose`` and ``node.approvals.draft_disclosure``.
    """
    held = await held_by(node, packet, path, to)
    if held is not None:
        return held
    ref = node.packets.manifest(packet).agreement
    if takes_two(node, ref.id, ref.article):
        return node.approvals.draft_disclosure(packet, path, to, repeats=repeats, person=person)
    acted_by = node.persons.acted_by(person, ref.id, Role.LIAISON)
    try:
        return await node.packets.disclose(packet, path, to, acted_by=acted_by, repeats=repeats)
    except ActQueued as queued:
        return queued


async def give_consent(
    node: Node,
    record: ConsentRecord,
    fields: Sequence[str],
    *,
    ends_ms: int,
    note: str,
    repeats: str,
    person: str,
) -> ConsentRecord | bytes:
    """Gives a consent, or queues it for a second person and returns its pending id.

    Args:
        node: The node.
        record: The requested consent.
        fields: Paths, some of the requested ones; empty for all.
        ends_ms: End of the consent, Unix milliseconds; 0 for the requested end.
        note: A note for the asker.
        repeats: The reason to repeat values that a reader may not have in clear.
        person: The liaison officer, by the agency's own name.

    Raises:
        TearlineError: As ``node.consents.give`` and ``node.approvals.draft_consent``.
    """
    ref = node.packets.manifest(record.packet).agreement
    if takes_two(node, ref.id, ref.article):
        return node.approvals.draft_consent(
            record.id, fields, ends_ms=ends_ms, note=note, repeats=repeats, person=person
        )
    return await node.consents.give(
        record.id,
        acted_by=verify_person(node.persons.acted_by(person, ref.id, Role.LIAISON)),
        fields=fields,
        ends_ms=ends_ms,
        note=note,
        repeats=repeats,
    )


def verify_person(acted_by: ActedBy | None) -> ActedBy:
    """Returns the person of a consent; a node gives none by itself.

    Raises:
        LoginRequired: If there is none.
    """
    if acted_by is None:
        raise LoginRequired("giving a consent requires a person, and none is logged in")
    return acted_by
