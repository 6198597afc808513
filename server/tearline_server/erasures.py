"""Verifying that an entry whose contents are gone was erased by an order, and by whose."""

from tearline.erasure import signers_of, verify_logged, verify_signed_by_all
from tearline.errors import ErasureRefused, TearlineError, TrustMissing
from tearline.ledger import parse_entry
from tearline.statement import StatementType
from tearline.trust import Moment, TrustState
from tearline.wire.erasures import parse_erasure
from tearline.wire.flow import parse_event
from tearline.wire.statements import parse_attestation, parse_statement
from tearline_server.storage.records import Stored
from tearline_server.storage.store import Store


class ErasureVerifier:
    """Judges erasures by the order that the store holds, and the keys that its log says.

    Args:
        store: The store.
        stored: What it held when the verification began.
    """

    def __init__(self, store: Store, stored: Stored) -> None:
        self._store = store
        self._clear = stored.clear
        self._trust: TrustState | None = None

    async def verify(self, index: int, statement: int) -> None:
        """Checks that the order in one entry erased the contents of another.

        Args:
            index: The entry without contents.
            statement: The entry of the order's statement.

        Raises:
            ErasureRefused: If there is no such order in the log, it names another entry, or not
                all have signed it.
            TearlineError: If it does not verify as a statement.
        """
        rows = await self._store.statement_rows(statement, limit=1)
        events = await self._store.event_rows(statement, limit=1)
        if not rows or not events or (rows[0].idx, events[0].idx) != (statement, statement):
            raise ErasureRefused("the order is not in the log")
        envelope = rows[0].envelope
        if envelope is None:
            raise ErasureRefused("the order was refused")
        found, event = parse_statement(envelope), parse_event(events[0].event)
        if found.type is not StatementType.ERASURE:
            raise ErasureRefused("what stands in the order's place is none")
        order = parse_erasure(found.body)
        verify_logged(order, found.id, statement, event)
        if index not in order.indices:
            raise ErasureRefused(f"it does not name entry {index}")
        encoded = await self._store.attestations([each.attestation for each in found.inclusions])
        attestations = {key: parse_attestation(data) for key, data in encoded.items()}
        at = Moment(index=statement, time_ms=event.time_ms)
        self._state().verify(found, attestations, at=at)
        verify_signed_by_all(order, signers_of(found, attestations))

    def _state(self) -> TrustState:
        if self._trust is None:
            self._trust = self._read_trust()
        return self._trust

    def _read_trust(self) -> TrustState:
        """Whose key is whose, as far as the clear entries can be believed."""
        trust = None
        for index, entry in self._clear:
            try:
                signed = parse_entry(entry)
                if signed is not None:
                    trust = trust or TrustState(federation=signed.statement.id)
                    trust.apply(index, signed)
            except TearlineError:
                break  # it is a finding of its own, and what follows it counts for nothing
        if trust is None:
            raise TrustMissing
        return trust
