"""Verification of erasures: contents that are gone need a valid order."""

from tearline.agreements.agreement import Agreement, verify_parties_signed
from tearline.audit.erasure import Erasure, verify_logged, verify_names, verify_signers
from tearline.audit.event import Event
from tearline.audit.retention import verify_rule
from tearline.errors import ErasureRefused, RetentionBroken
from tearline.statements.statement import Attestation, Statement, StatementType, signers_of
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.agreements import parse_agreement
from tearline.wire.erasures import parse_erasure
from tearline.wire.grants import parse_event
from tearline.wire.statements import parse_attestation, parse_statement
from tearline_server.storage.interface import Store
from tearline_server.storage.snapshot import Snapshot
from tearline_server.tlog.stored_trust import trust_of


class ErasureVerifier:
    """Verifier of erasures, by the stored order and the keys in the log's clear entries.

    Args:
        store: The store.
        stored: Its state when the verification began.
    """

    def __init__(self, store: Store, stored: Snapshot) -> None:
        self._store = store
        self._stored = stored
        self._trust: TrustState | None = None
        self._last: tuple[int, Erasure] | None = None

    async def verify(self, index: int, statement: int, since_ms: int) -> None:
        """Checks that the order in one entry erased the contents of another.

        Args:
            index: The entry without contents.
            statement: The entry of the order's statement.
            since_ms: The time of an earlier entry, a lower bound for this one.

        Raises:
            ErasureRefused: If the log holds no such order, it names another entry, or a signature
                is missing.
            RetentionBroken: If the agreement lets the log keep the entry.
            TearlineError: If it does not verify as a statement.
        """
        if self._last is None or self._last[0] != statement:
            # One order names up to hundreds of consecutive entries.
            self._last = (statement, await self._order(statement))
        order = self._last[1]
        verify_names(order, index)
        if order.is_by_retention and order.latest_ms < since_ms:
            raise RetentionBroken("an entry before it is later than the order says")

    async def _order(self, statement: int) -> Erasure:
        rows = await self._store.statement_rows(statement, limit=1)
        event = await self._event(statement)
        if not rows or rows[0].idx != statement or event is None:
            raise ErasureRefused("the order is not in the log")
        envelope = rows[0].envelope
        if envelope is None:
            raise ErasureRefused("the order was refused")
        found = parse_statement(envelope)
        if found.type is not StatementType.ERASURE:
            raise ErasureRefused("the statement at the order's entry is not an order to erase")
        order = parse_erasure(found.body)
        verify_logged(order, found.id, statement, event)
        at = Moment(index=statement, time_ms=event.time_ms)
        signers = await self._signers(found, at)
        verify_signers(order, signers, self._state().members_at(at).exchange.uri)
        if order.is_by_retention:
            verify_rule(order, await self._agreement(order), event.time_ms)
        return order

    async def _agreement(self, order: Erasure) -> Agreement:
        """Returns the version of the agreement that an order cites, signed by every party."""
        for stored in self._stored.agreements:
            statement = parse_statement(stored.envelope)
            agreement = parse_agreement(statement.body)
            if agreement.key != (order.agreement_id, order.agreement_version):
                continue
            event = await self._event(stored.statement)
            if event is not None:
                at = Moment(index=stored.statement, time_ms=event.time_ms)
                signers = await self._signers(statement, at)
                verify_parties_signed(agreement, signers)
                return agreement
        raise RetentionBroken("the version of the agreement that it names is not in the log")

    async def _event(self, index: int) -> Event | None:
        rows = await self._store.event_rows(index, limit=1)
        return parse_event(rows[0].event) if rows and rows[0].idx == index else None

    async def _signers(self, statement: Statement, at: Moment) -> frozenset[str]:
        """Returns the agencies with a valid signature under a statement."""
        hashes = [each.attestation for each in statement.inclusions]
        encoded = await self._store.attestations(hashes)
        attestations: dict[bytes, Attestation] = {
            key: parse_attestation(data) for key, data in encoded.items()
        }
        self._state().verify(statement, attestations, at=at)
        return signers_of(statement, attestations)

    def _state(self) -> TrustState:
        if self._trust is None:
            self._trust = trust_of(self._stored)
        return self._trust
