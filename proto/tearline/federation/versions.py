"""Members and constitution of a federation as they were at one index of its log."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from tearline.dataclass.immutable import immutable
from tearline.encoding import labelled_sha256, prefixed, u32
from tearline.federation.charter import Constitution, Rules
from tearline.federation.decisions import MemberRecord
from tearline.federation.members import Agency, ExchangeIdentity, LogIdentity


class MemberStatus(StrEnum):
    """Statuses of an agency in the federation."""

    MEMBER = "member"
    LEFT = "left"
    REMOVED = "removed"


@immutable
class MemberVersion:
    """Agency from one entry of the log on.

    Attributes:
        index: The entry; the version counts for later ones.
        since: The entry by which this generation became a member.
        status: Its status.
        record_id: Statement id of its member record.
        record: That record.
    """

    index: int
    since: int
    status: MemberStatus
    record_id: bytes
    record: MemberRecord

    @property
    def state(self) -> bytes:
        """Returns the hash that votes on this agency name.

        It omits the record: a change of its own record must not void votes to remove it.
        """
        record = self.record
        return labelled_sha256(
            "member-state",
            prefixed(record.agency.uri.encode()),
            u32(record.generation),
            prefixed(self.status.value.encode()),
        )


@immutable
class ConstitutionVersion:
    """Constitution from one entry of the log on.

    Attributes:
        index: The entry that completed the decision; the version counts for later ones.
        id: Statement id of charter or amendment.
        constitution: The constitution.
        log_size: The largest size of a checkpoint that does not count under its log keys: up to
            the decision, or up to the entries that a succession goes on from.
    """

    index: int
    id: bytes
    constitution: Constitution
    log_size: int

    @property
    def is_succession(self) -> bool:
        """Returns whether a new exchange went on, and nothing of the one before counts any more."""
        return self.log_size != self.index


class Members:
    """Members and constitution at one index of the log.

    Args:
        history: The versions of each agency that was ever a member.
        version: The constitution in force.
        before: Only versions of earlier entries count.
    """

    def __init__(
        self, history: dict[str, list[MemberVersion]], version: ConstitutionVersion, before: int
    ) -> None:
        self._history = history
        self._version = version
        self._before = before

    def version(self, uri: str) -> MemberVersion | None:
        """Returns the version of an agency, whatever its status; None if it was never a member."""
        for each in reversed(self._history.get(uri, ())):  # by the bound of its changes
            if each.index < self._before:
                return each
        return None

    def agency(self, uri: str) -> Agency | None:
        """Returns the member with this URI, or None."""
        found = self.version(uri)
        is_member = found is not None and found.status is MemberStatus.MEMBER
        return found.record.agency if found and is_member else None

    @cached_property
    def agencies(self) -> tuple[Agency, ...]:
        """Returns all members, ascending by URI."""
        found = map(self.agency, sorted(self._history))
        return tuple(agency for agency in found if agency is not None)

    @cached_property
    def versions(self) -> tuple[MemberVersion, ...]:
        """Returns every agency that was ever a member, ascending by URI."""
        found = map(self.version, sorted(self._history))
        return tuple(version for version in found if version is not None)

    @property
    def constitution(self) -> Constitution:
        """Returns the constitution in force."""
        return self._version.constitution

    @property
    def constitution_id(self) -> bytes:
        """Returns the statement id of the constitutional decision in force."""
        return self._version.id

    @property
    def constitution_index(self) -> int:
        """Returns the entry from which that decision is in force."""
        return self._version.index

    @property
    def exchange(self) -> ExchangeIdentity:
        """Returns the exchange."""
        return self.constitution.exchange

    @property
    def log(self) -> LogIdentity:
        """Returns the log."""
        return self.constitution.log

    @property
    def min_suite(self) -> int:
        """Returns the lowest suite accepted."""
        return self.constitution.min_suite

    @property
    def rules(self) -> Rules:
        """Returns the thresholds."""
        return self.constitution.rules

    @cached_property
    def council(self) -> frozenset[str]:
        """Returns the filled seats of the council; see ``seated``."""
        return frozenset(self.seated(self.constitution.council))

    @cached_property
    def cosigners(self) -> frozenset[str]:
        """Returns the counted cosigners that are members; see ``seated``."""
        return frozenset(self.seated(self.constitution.cosigners))

    def members_of(self, uris: tuple[str, ...]) -> frozenset[str]:
        """Returns those agencies that are members."""
        return frozenset(uri for uri in uris if self.agency(uri) is not None)

    def seated(self, uris: tuple[str, ...]) -> Iterator[str]:
        """Yields those agencies that the constitution in force names as they are now.

        A seat belongs to one generation: a new root under an old name has to be seated anew.
        """
        return (uri for uri in uris if self._has_stayed(uri, self._version.index))

    def departed(self, uris: tuple[str, ...], index: int) -> tuple[str, ...]:
        """Returns those agencies that are no members, or of another generation than at an entry."""
        return tuple(uri for uri in uris if not self._has_stayed(uri, index))

    def ended(self, uri: str, index: int) -> MemberVersion | None:
        """Returns the version that ended the generation of an agency at an entry, or None."""
        return next(
            (
                version
                for version in self._history.get(uri, ())  # by the bound of its changes
                if index < version.index < self._before
                and (version.status is not MemberStatus.MEMBER or version.since > index)
            ),
            None,
        )

    @cached_property
    def former(self) -> tuple[Agency, ...]:
        """Returns each agency as it was when a generation of it ended."""
        return tuple(
            before.record.agency
            for versions in self._history.values()
            for before, after in pairwise(versions)
            if after.index < self._before and before.status is MemberStatus.MEMBER
            if after.status is not MemberStatus.MEMBER or after.since > before.since
        )

    def _has_stayed(self, uri: str, index: int) -> bool:
        found = self.version(uri)
        return found is not None and found.status is MemberStatus.MEMBER and found.since <= index


class LogHistory:
    """Keys of the log, by the constitutions that name them.

    A checkpoint of a size counts under the keys that the entries below it put in force. So a
    retired key convicts the log of nothing beyond its sizes, and old checkpoints stay verifiable.

    Args:
        versions: The constitutions in order, at least one; more may follow.
    """

    def __init__(self, versions: Sequence[ConstitutionVersion]) -> None:
        self._versions = versions

    @property
    def origin(self) -> str:
        """Returns the log's origin line."""
        return self._versions[0].constitution.log.origin

    def at(self, size: int) -> LogIdentity:
        """Returns the log's identity that counts for a checkpoint of a size.

        Beyond the entries read, it is the newest known; below the founding, that of the charter.
        """
        found = (each for each in reversed(self._versions) if each.log_size < size)
        return next(found, self._versions[0]).constitution.log

    def retired(self, size: int) -> frozenset[tuple[str, ...]]:
        """Returns the verifier keys of earlier constitutions, which count for a size no more."""
        # As many as constitutional decisions, which people make.
        before = (each.constitution.log for each in self._versions if each.log_size < size)
        return frozenset(each.verifier_keys for each in before) - {self.at(size).verifier_keys}
