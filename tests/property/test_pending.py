"""Four eyes at the node: whatever is drafted, approved, rejected or cut off, in whatever order."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tearline.errors import NotFound, NotPermitted, SamePersonTwice, StoreFull
from tearline.four_eyes import APPROVERS, DRAFTERS
from tearline.statement import ActedBy
from tearline.tokens import Role
from tearline_client.releasing import Persons, Sent
from tearline_client.seconding import Seconding
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.notices import NoticeStore
from tearline_client.store.pending import PendingStore
from tearline_client.store.vault import Vault

ROLES = {
    "ana": {Role.ANALYST},
    "bo": {Role.ANALYST, Role.LIAISON},
    "li": {Role.LIAISON},
    "max": {Role.OFFICER},
    "ody": {Role.AUDITOR},
}
PERSON = st.sampled_from(sorted(ROLES))
SENT = Sent(packets=(), receipts=(), refused=())


class People:
    """The agency's persons, all logged in."""

    def reader(self, name: str, *, now_ms: int) -> str:
        return name

    def acted_as(self, name: str, agreement_id: bytes, roles: Any, *, now_ms: int) -> ActedBy:
        role = next((role for role in roles if role in ROLES[name]), None)
        if role is None:
            raise NotPermitted
        return ActedBy(
            pseudonym=name.encode().ljust(32, b"\0"),
            role=role.value,
            token_hash=bytes(32),
            time_ms=now_ms,
        )


class Outgoing:
    """What seals; it may be cut off in the transaction, or after it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sealed: list[tuple[bytes, Persons]] = []
        self.cut_off = False

    def disclosure(self, packet_id: bytes, path: str, to: str) -> Any:
        reference = SimpleNamespace(id=bytes(16))
        shown = SimpleNamespace(manifest=SimpleNamespace(agreement=reference))
        return SimpleNamespace(shown=shown, recipient=to)

    async def disclose(
        self, packet_id: bytes, path: str, to: str, persons: Persons, *, also: Callable[[], None]
    ) -> Sent:
        with self._database.transaction():
            also()
            if self.cut_off:
                raise StoreFull
        self.sealed.append((packet_id, persons))
        return SENT


class FourEyes(RuleBasedStateMachine):
    """Drafts, and what becomes of each."""

    drafts: Bundle[tuple[bytes, bytes, str]] = Bundle("drafts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.count = 0
        self.waiting: dict[bytes, str] = {}
        self.sealed: set[bytes] = set()
        self.database = self._opened()
        self.outgoing = Outgoing(self.database)
        self.second = self._second()

    def _opened(self) -> Database:
        return Database(Path(self.folder.name) / "node.db", Vault(bytes(32)))

    def _second(self) -> Seconding:
        async def sync() -> None:
            return None

        stores = SimpleNamespace(
            database=self.database,
            pending=PendingStore(self.database, AgreementStore(self.database)),
            notices=NoticeStore(self.database),
            packets=SimpleNamespace(
                packet=lambda packet_id: self.outgoing.disclosure(packet_id, "", "").shown
            ),
        )
        state = SimpleNamespace(stores=stores, now_ms=lambda: 1)
        return Seconding(state, self.outgoing, People(), sync)

    @rule(target=drafts, person=PERSON)
    def draft(self, person: str) -> tuple[bytes, bytes, str]:
        self.count += 1
        packet = self.count.to_bytes(32, "big")
        try:
            pending = self.second.draft_disclosure(packet, "a/Person/name", "to", person=person)
        except NotPermitted:
            assert not ROLES[person] & {*DRAFTERS}
            return b"", packet, person
        self.waiting[pending] = person
        return pending, packet, person

    @rule(draft=drafts, person=PERSON, cut_off=st.booleans())
    def approve(self, draft: tuple[bytes, bytes, str], person: str, cut_off: bool) -> None:
        pending, packet, drafter = draft
        self.outgoing.cut_off = cut_off
        before = len(self.outgoing.sealed)
        try:
            asyncio.run(self.second.approve(pending, person=person))
        except NotFound:
            assert pending not in self.waiting
        except SamePersonTwice:
            assert person == drafter
        except NotPermitted:
            assert not ROLES[person] & {*APPROVERS}
        except StoreFull:
            assert cut_off
        else:
            assert pending in self.waiting
            assert not cut_off
            del self.waiting[pending]
            self.sealed.add(packet)
            assert len(self.outgoing.sealed) == before + 1
            return
        assert len(self.outgoing.sealed) == before

    @rule(draft=drafts, person=PERSON)
    def reject(self, draft: tuple[bytes, bytes, str], person: str) -> None:
        pending = draft[0]
        try:
            self.second.reject(pending, person=person)
        except NotFound:
            assert pending not in self.waiting
        except NotPermitted:
            assert not ROLES[person] & {*DRAFTERS}
        else:
            del self.waiting[pending]

    @rule()
    def restart(self) -> None:
        self.database.close()
        self.database = self._opened()
        self.outgoing._database = self.database
        self.second = self._second()

    @invariant()
    def what_waits_waits_and_nothing_else(self) -> None:
        assert {each.id for each in self.second.waiting()} == {*self.waiting}

    @invariant()
    def nothing_is_sealed_twice_or_by_one(self) -> None:
        packets = [packet for packet, _ in self.outgoing.sealed]
        assert sorted(packets) == sorted(self.sealed)
        for _, persons in self.outgoing.sealed:
            assert persons.acted_by is not None
            assert persons.seconded_by is not None
            assert persons.acted_by.pseudonym != persons.seconded_by.pseudonym
            assert persons.seconded_by.role in APPROVERS

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


FourEyes.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestFourEyes = FourEyes.TestCase
