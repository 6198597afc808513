"""Limits on an agency's permanent records: keys, nodes, agreements.

Every reader of the log keeps these records, since they prove which old signatures are valid. The
limits therefore depend on signed names and dates only, and every reader refuses the same entry.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from itertools import combinations

from tearline.agreements.agreement import Agreement
from tearline.errors import AgreementsExceeded, RecordsExceeded
from tearline.federation.members import MAX_KEY_LIFETIME_MS, KeyRecord, KeyUse
from tearline.identity import agency_uri_of
from tearline.limits import (
    MAX_AGENCY_NODES,
    MAX_COSIGNING_RECORDS_PER_LIFE,
    MAX_OWN_CHANGES,
    MAX_PAIR_AGREEMENT_BYTES,
    MAX_PAIR_AGREEMENTS,
    MAX_RECORDS_PER_LIFE,
    MAX_REVOCATIONS,
)


class RecordBounds:
    """Counter of each agency's records in the log (spec L-14)."""

    def __init__(self) -> None:
        self._begins: dict[tuple[str, KeyUse], list[int]] = {}
        self._nodes: dict[str, set[str]] = {}
        self._changes: Counter[str] = Counter()
        self._revocations: Counter[str] = Counter()

    def take_key(self, record: KeyRecord) -> None:
        """Counts a key record.

        Raises:
            RecordsExceeded: If its agency has too many nodes, or its node too many keys of one
                use with nearby start times.
        """
        agency = agency_uri_of(record.subject)
        nodes = self._nodes.get(agency, set())
        if record.subject not in nodes and len(nodes) >= MAX_AGENCY_NODES:
            raise RecordsExceeded(f"{len(nodes)} nodes of its agency are on record")
        begins = self._begins.get((record.subject, record.use), [])
        life_ms, begin_ms = MAX_KEY_LIFETIME_MS[record.use], record.not_before_ms
        near = bisect_left(begins, begin_ms + life_ms) - bisect_right(begins, begin_ms - life_ms)
        if near >= most_per_life(record.use):
            raise RecordsExceeded(f"{near} keys of this node and use begin near that time")
        self._nodes.setdefault(agency, set()).add(record.subject)
        insort(self._begins.setdefault((record.subject, record.use), []), begin_ms)

    def verify_change(self, agency: str) -> None:
        """Checks that an agency may change its member record once more.

        Raises:
            RecordsExceeded: If it has reached its limit of changes.
        """
        if self._changes[agency] >= MAX_OWN_CHANGES:
            raise RecordsExceeded(f"the agency changed its own record {MAX_OWN_CHANGES} times")

    def take_change(self, agency: str) -> None:
        """Counts a change of an agency's member record."""
        self._changes[agency] += 1

    def take_revocation(self, agency: str) -> None:
        """Counts a revocation.

        Raises:
            RecordsExceeded: If the agency has reached its limit of revocations.
        """
        if self._revocations[agency] >= MAX_REVOCATIONS:
            raise RecordsExceeded(f"its agency revoked {MAX_REVOCATIONS} keys")
        self._revocations[agency] += 1


def most_per_life(use: KeyUse) -> int:
    """Returns the maximum number of keys of a use that start within one maximum lifetime."""
    signs_log = use in (KeyUse.COSIGN, KeyUse.WITNESS)
    return MAX_COSIGNING_RECORDS_PER_LIFE if signs_log else MAX_RECORDS_PER_LIFE


class AgreementBounds:
    """Counter of agreements per pair of agencies, and of their newest versions' bytes."""

    def __init__(self) -> None:
        self._sizes: dict[bytes, tuple[tuple[str, ...], int]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._bytes: Counter[tuple[str, str]] = Counter()

    def verify(self, agreement: Agreement, size: int) -> None:
        """Checks that every two parties of an agreement have room for a version of it.

        Args:
            agreement: The version.
            size: Bytes of its statement's body.

        Raises:
            AgreementsExceeded: If a pair of parties has reached a limit.
        """
        parties, before = self._sizes.get(agreement.id, ((), 0))
        known = set(combinations(parties, 2))
        for pair in combinations(agreement.terms.parties, 2):
            held, taken = (1, before) if pair in known else (0, 0)
            if self._counts[pair] - held >= MAX_PAIR_AGREEMENTS:
                raise AgreementsExceeded(f"they have {MAX_PAIR_AGREEMENTS}")
            if self._bytes[pair] - taken + size > MAX_PAIR_AGREEMENT_BYTES:
                raise AgreementsExceeded(f"they take {MAX_PAIR_AGREEMENT_BYTES} bytes together")

    def put(self, agreement: Agreement, size: int) -> None:
        """Counts a version in place of the previous one."""
        parties, before = self._sizes.get(agreement.id, ((), 0))
        for pair in combinations(parties, 2):
            self._counts[pair] -= 1
            self._bytes[pair] -= before
        for pair in combinations(agreement.terms.parties, 2):
            self._counts[pair] += 1
            self._bytes[pair] += size
        self._sizes[agreement.id] = agreement.terms.parties, size


def verify_date(record: KeyRecord, *, now_ms: int) -> None:
    """Checks on acceptance that a record has not expired, and does not start far in the future.

    Raises:
        RecordsExceeded: If it does; such records would take room for ever.
    """
    if not record.not_before_ms - MAX_KEY_LIFETIME_MS[record.use] <= now_ms < record.not_after_ms:
        raise RecordsExceeded("the key has expired, or starts more than one lifetime ahead")
