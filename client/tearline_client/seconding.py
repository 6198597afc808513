"""The second person: what one drafted waits, and is sealed when another has approved it.

Nothing is sealed before that. Approving decides anew, by the agreement and the policies of that
moment; where a partner would then see something else than was drafted, whoever approves is
shown it first.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tearline.errors import ReleaseChanged, SamePersonTwice
from tearline.four_eyes import APPROVERS, DRAFTERS, verify_two
from tearline.statement import ActedBy
from tearline.tokens import Role
from tearline_client.acting import Acting
from tearline_client.plan import Cell, ReleasePlan
from tearline_client.releasing import Disclosure, Persons, Releasing, Sent
from tearline_client.state import NodeState
from tearline_client.store.pending import (
    Drafter,
    Pending,
    PendingField,
    PendingPacket,
)

_ID_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a partner would see otherwise than was drafted.

    Attributes:
        cell: As it would be now.
        before: The form when it was drafted.
    """

    cell: Cell
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A release that waits, decided as it would be now.

    Attributes:
        pending: What waits.
        plans: What would be sealed; empty for one more field of a packet that was sent.
        disclosure: That one field.
        changed: What would be seen otherwise than was drafted.
        mark: Stands for exactly what changed: who has seen it says so by this.
    """

    pending: Pending
    plans: tuple[ReleasePlan, ...]
    disclosure: Disclosure | None
    changed: tuple[Changed, ...]
    mark: bytes


class Seconding:
    """The desk where releases wait for a second person.

    Args:
        state: The node.
        releasing: Its outgoing desk.
        acting: The agency's persons at this node.
        sync: Brings the node up to date.
    """

    def __init__(
        self,
        state: NodeState,
        releasing: Releasing,
        acting: Acting,
        sync: Callable[[], Awaitable[None]],
    ) -> None:
        self._state = state
        self._store = state.stores.pending
        self._releasing = releasing
        self._acting = acting
        self._sync = sync

    def draft(self, plans: Sequence[ReleasePlan], *, person: str = "") -> bytes:
        """Keeps plans, all under one agreement, until another person approves them.

        Args:
            plans: One for each packet.
            person: Who drafts; empty for whoever is logged in.

        Returns:
            The id under which they wait.

        Raises:
            TlsError: If nobody is logged in, or who is has no role that drafts.
            PendingFull: If too much waits.
        """
        drafter = self._drafter(person, plans[0].draft.agreement.id)
        pending = secrets.token_bytes(_ID_SIZE)
        with self._state.stores.database.transaction():
            self._store.put_packets(pending, tuple(plans), drafter, now_ms=self._state.now_ms())
            self._tell(pending, plans[0].draft.agreement.id)
        return pending

    def draft_disclosure(self, packet_id: bytes, path: str, to: str, *, person: str = "") -> bytes:
        """Keeps the disclosure of one more field until another person approves it.

        Raises:
            TearlineError: If it would not be allowed now, or ``person`` does not draft.
        """
        wanted = self._releasing.disclosure(packet_id, path, to)
        drafter = self._drafter(person, wanted.shown.manifest.agreement.id)
        pending = secrets.token_bytes(_ID_SIZE)
        field = PendingField(packet=packet_id, path=path, recipient=wanted.recipient)
        with self._state.stores.database.transaction():
            self._store.put_field(pending, field, drafter, now_ms=self._state.now_ms())
            self._tell(pending, wanted.shown.manifest.agreement.id)
        return pending

    def waiting(self) -> tuple[Pending, ...]:
        """Everything that waits, oldest first."""
        return self._store.all()

    def find(self, prefix: str) -> bytes:
        """The id of what waits and, in hexadecimal, begins with ``prefix``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        return self._store.find(prefix)

    def review(self, pending: bytes) -> Review:
        """Decides anew what waits, and compares.

        Raises:
            NotFound: If it does not wait.
            TearlineError: If agreement or policies do not allow it any more.
        """
        waiting = self._store.get(pending)
        if isinstance(waiting.content, PendingField):
            field = waiting.content
            wanted = self._releasing.disclosure(field.packet, field.path, field.recipient)
            return Review(pending=waiting, plans=(), disclosure=wanted, changed=(), mark=b"")
        plans, changed = [], []
        for packet in waiting.content:
            plan = self._releasing.plan(packet.draft, packet.recipients)
            plans.append(plan)
            changed += _changed(packet, plan)
        return Review(
            pending=waiting,
            plans=tuple(plans),
            disclosure=None,
            changed=tuple(changed),
            mark=_mark(changed),
        )

    async def approve(self, pending: bytes, *, person: str = "", agreed: bytes = b"") -> Sent:
        """Seals and sends what waits, on the word of a second person.

        Args:
            pending: Its id.
            person: Who approves; empty for whoever is logged in.
            agreed: The ``mark`` of the review that this person has seen, where something changed.

        Raises:
            NotFound: If it does not wait.
            SamePersonTwice: If this person drafted it.
            TlsError: If nobody is logged in, or who is has no role that approves.
            ReleaseChanged: If a partner would see something else than was drafted, or than what
                ``agreed`` stands for.
            TearlineError: As ``Node.send`` and ``Node.disclose``; it goes on waiting then.
        """
        await self._sync()
        review = self.review(pending)
        persons = self._persons(review, person)
        if review.mark != agreed:
            raise ReleaseChanged(f"{len(review.changed)} fields")
        content = review.pending.content

        def also() -> None:
            self._store.drop(pending)

        if isinstance(content, PendingField):
            return await self._releasing.disclose(
                content.packet, content.path, content.recipient, persons, also=also
            )
        return await self._releasing.send(review.plans, persons, also=also)

    def reject(self, pending: bytes, *, person: str = "") -> None:
        """Forgets what waits: nothing of it was sealed.

        Raises:
            NotFound: If it does not wait.
            TlsError: If nobody is logged in, or who is has no role that drafts or approves.
        """
        self._acted_as(person, self._agreement_id(self._store.get(pending)), DRAFTERS)
        with self._state.stores.database.transaction():
            self._store.drop(pending)

    def _tell(self, pending: bytes, agreement_id: bytes) -> None:
        now_ms = self._state.now_ms()
        self._state.stores.notices.tell(
            "pending", time_ms=now_ms, pending=pending, agreement=agreement_id
        )

    def _persons(self, review: Review, person: str) -> Persons:
        drafter = review.pending.drafter
        if self._acting.reader(person, now_ms=self._state.now_ms()) == drafter.subject:
            raise SamePersonTwice
        second = self._acted_as(person, self._agreement_id(review.pending), APPROVERS)
        verify_two(drafter.acted_by, second)
        return Persons(acted_by=drafter.acted_by, seconded_by=second)

    def _drafter(self, person: str, agreement_id: bytes) -> Drafter:
        acted_by = self._acted_as(person, agreement_id, DRAFTERS)
        subject = self._acting.reader(person, now_ms=self._state.now_ms())
        return Drafter(subject=subject, acted_by=acted_by)

    def _acted_as(self, person: str, agreement_id: bytes, roles: Sequence[Role]) -> ActedBy:
        return self._acting.acted_as(person, agreement_id, roles, now_ms=self._state.now_ms())

    def _agreement_id(self, pending: Pending) -> bytes:
        if isinstance(pending.content, PendingField):
            packet = self._state.stores.packets.packet(pending.content.packet)
            return packet.manifest.agreement.id
        return pending.content[0].draft.agreement.id


def _changed(packet: PendingPacket, plan: ReleasePlan) -> list[Changed]:
    before = [(cell, packet.seen[cell.recipient, cell.path]) for cell in plan.cells()]
    return [
        Changed(cell=cell, before=seen.partition(" ")[0])
        for cell, seen in before
        if seen != cell.seen()
    ]


def _mark(changed: Sequence[Changed]) -> bytes:
    """Nothing where nothing changed."""
    if not changed:
        return b""
    told = "\n".join(f"{c.cell.recipient} {c.cell.path} {c.cell.seen()}" for c in changed)
    return hashlib.sha256(told.encode()).digest()
