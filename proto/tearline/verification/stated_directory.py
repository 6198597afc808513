"""Directory of all agencies, as the clear entries so far make it."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from tearline.federation.directory import (
    FEDERATION,
    KEYS_KEPT,
    AgencyState,
    Directory,
    DirectoryEntry,
    DirectoryProof,
    FederationState,
    KeyState,
    counted_keys,
)
from tearline.federation.members import KeyUse
from tearline.federation.membership import Membership
from tearline.verification.key_entry import KeyEntry
from tearline.verification.key_register import KeyRegister


class StatedDirectory:
    """Directory over the members and keys of a state of trust.

    Only agencies that an entry concerned since the last root are encoded again.

    Args:
        membership: The members.
        keys: The keys on record.
    """

    def __init__(self, membership: Membership, keys: KeyRegister) -> None:
        self._membership = membership
        self._keys = keys
        self._counts: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._tree = Directory()
        self._decision = b""

    def count(self, agency: str) -> None:
        """Counts a clear entry of an agency, its root or a node of it."""
        self._counts[agency] += 1
        self.touch(agency)

    def touch(self, agency: str) -> None:
        """Notes that the state of an agency changed."""
        self._touched.add(agency)

    @property
    def root(self) -> bytes:
        """Returns the root of the directory."""
        self._refresh()
        return self._tree.root

    def _refresh(self) -> None:
        if not self._membership.is_founded:
            return
        now = self._membership.now
        if self._decision != now.constitution_id or self._touched.intersection(
            now.constitution.cosigners
        ):
            self._decision = now.constitution_id
            self._tree.put(FEDERATION, self.federation_state().encode())
        for agency in self._touched:
            state = self.state_of(agency)
            if state is not None:  # else a candidate, whose admission touches it again
                self._tree.put(agency, state.encode())
        self._touched.clear()

    def entry(self, time_ms: int) -> DirectoryEntry:
        """Returns the directory entry to be logged next."""
        return DirectoryEntry(time_ms=max(time_ms, self._membership.time_ms), root=self.root)

    def copy(self) -> Directory:
        """Returns the tree as it is now, with every state."""
        self._refresh()
        return self._tree.copy()

    def prove(self, agency: str) -> DirectoryProof:
        """Returns the proof of an agency's state under the root, or of its absence.

        Args:
            agency: Its URI, or ``FEDERATION``.
        """
        self._refresh()
        return self._tree.prove(agency)

    def state_of(self, agency: str) -> AgencyState | None:
        """Returns the state of an agency, or None if it was never a member."""
        if not self._membership.is_founded:
            return None
        version = self._membership.now.version(agency)
        if version is None:
            return None
        return AgencyState(
            uri=agency,
            name=version.record.agency.name,
            generation=version.record.generation,
            status=version.status.value,
            index=version.index,
            record=version.record_id,
            entries=self._counts[agency],
            keys=self._keys_of(agency),
        )

    def federation_state(self) -> FederationState:
        """Returns the federation's own state.

        Raises:
            SignerUnknown: If the charter does not count yet.
        """
        now = self._membership.now
        keys = (counted_keys(self._keys_of(agency)) for agency in sorted(now.cosigners))
        return FederationState(
            decision=now.constitution_id,
            index=now.constitution_index,
            keys=tuple(chain.from_iterable(keys)),
        )

    def _keys_of(self, agency: str) -> tuple[KeyState, ...]:
        return tuple(
            state
            for node in sorted(self._keys.nodes.get(agency, ()))
            for state in _key_states(self._keys.of_node[node])
        )


def _key_states(entries: Sequence[KeyEntry]) -> Sequence[KeyState]:
    kept = [each for each in entries if each.record.use is not KeyUse.KEM][-KEYS_KEPT:]
    return [
        KeyState(
            id=each.record.key_id,
            subject=each.record.subject,
            use=each.record.use.value,
            types=tuple(each.record.types),
            not_before_ms=each.record.not_before_ms,
            not_after_ms=each.record.not_after_ms,
            index=each.start,
            end=0 if each.end is None else each.end + 1,
        )
        for each in kept
    ]
