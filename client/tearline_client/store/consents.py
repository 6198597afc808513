"""Consents as known to this node: every step taken here or received, and the resulting status."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import ConsentMisplaced, NotFound
from tearline.identity import agency_uri_of
from tearline.onward.consent import (
    Consent,
    ConsentStatus,
    ConsentStep,
    ConsentTerms,
    status_of,
    verify_answers,
    verify_may_say,
)
from tearline.onward.use import Permission, Use
from tearline.statements.statement import Statement
from tearline.text.choices import the_one
from tearline.wire.consents import encode_terms, parse_consent, parse_terms
from tearline_client.store.database import Database
from tearline_client.store.id_ranges import ids_from
from tearline_client.store.packets import PacketStore
from tearline_client.store.vault import Column

_BODY = Column("consent_step", "body", ("statement_id",))
_TERMS = Column("consent_step", "terms", ("statement_id",))
_STEPS = (
    "SELECT consent_id, peer, asked_here, statement_id, ours, time_ms, body, terms"
    " FROM consent_step"
)
_IN_ORDER = " ORDER BY consent_id, peer, asked_here"
# The same text for a packet that is missing, not theirs, or was never granted to them.
_NOT_THEIRS = "no packet of that id was granted between these two"


@immutable
class StoredStep:
    """A step of a consent.

    Attributes:
        id: 32 bytes, its statement's.
        ours: Whether this node took it.
        consent: Its open part.
        terms: Its sealed part.
        time_ms: Its time; for a received step, the time of its log entry.
    """

    id: bytes
    ours: bool
    consent: Consent
    terms: ConsentTerms
    time_ms: int


@dataclass(frozen=True, kw_only=True)
class ConsentRecord:
    """A consent, by its steps.

    Attributes:
        id: 16 bytes.
        peer: URI of the other party's node.
        asked_here: Whether this node is the asker.
        steps: At least one, in order of their strictness.
    """

    id: bytes
    peer: str
    asked_here: bool
    steps: tuple[StoredStep, ...]

    @cached_property
    def said(self) -> Mapping[ConsentStep, StoredStep]:
        """Returns the steps by kind; of two withdrawals, one."""
        return {step.consent.step: step for step in self.steps}

    @property
    def status(self) -> ConsentStatus:
        """Returns the status."""
        return status_of(self.said) or ConsentStatus.ASKED

    @property
    def packet(self) -> bytes:
        """Returns the packet of the consent, 32 bytes."""
        return self.steps[0].consent.packet

    @property
    def use(self) -> Use:
        """Returns the requested use."""
        return self.steps[0].consent.use

    @property
    def wanted(self) -> StoredStep | None:
        """Returns the step that names fields and scope: the given one, or else the request."""
        return self.said.get(ConsentStep.GIVE) or self.said.get(ConsentStep.ASK)


class ConsentStore:
    """Consents; the caller's transaction makes writes durable together.

    Args:
        database: The node's database.
        packets: Its packets, with their origins.
    """

    def __init__(self, database: Database, packets: PacketStore) -> None:
        self._db = database
        self._packets = packets

    def put(self, statement: Statement, terms: ConsentTerms, *, now_ms: int) -> None:
        """Stores a step taken by this node."""
        consent = parse_consent(statement.body)
        asked_here = self._packets.packet(consent.packet).origin != consent.header.signer
        self._insert(statement, terms, consent.address.recipient, asked_here, True, now_ms)

    def forget(self, statement_id: bytes) -> bool:
        """Deletes a refused step of ours; returns whether it was here."""
        sql = "DELETE FROM consent_step WHERE statement_id = ? RETURNING 1"
        return self._db.row(sql, (statement_id,)) is not None

    def put_back(self, statement_id: bytes) -> None:
        """Records that a step of ours was returned, to be repeated."""
        sql = "UPDATE consent_step SET returned = 1 WHERE statement_id = ?"
        self._db.execute(sql, (statement_id,))

    def returned(self) -> Mapping[bytes, StoredStep]:
        """Returns the returned steps, by their statement ids."""
        rows = self._db.rows(
            "SELECT statement_id, ours, time_ms, body, terms FROM consent_step"
            " WHERE returned ORDER BY time_ms, statement_id"
        )
        return {row[0]: self._step(*row) for row in rows}

    def take(self, statement: Statement, terms: ConsentTerms, *, time_ms: int) -> None:
        """Stores a received step, signed and sealed to this node.

        1. The packet was made by this node and granted to the signer, or the reverse.

        2. The signer may take the step (spec O-11).

        3. A given consent matches the request, if that is known (spec O-11).

        4. The signer did not send a different version of the same step (spec O-11).

        Raises:
            ConsentMisplaced: If one of these is false.
        """
        consent = parse_consent(statement.body)
        signer, node = consent.header.signer, consent.address.recipient
        asked_here = self._origin(consent.packet, signer, node) == signer
        verify_may_say(consent, is_originator=asked_here)
        known = self._record(consent.consent_id, signer, asked_here=asked_here)
        asked = known.said.get(ConsentStep.ASK) if known else None
        if asked is not None and consent.step is ConsentStep.GIVE:
            verify_answers(consent, terms, asked.consent, asked.terms)
        if known is not None and known.packet != consent.packet:
            raise ConsentMisplaced("its id belongs to a consent for another packet")
        said = self._db.value(
            "SELECT statement_id FROM consent_step WHERE consent_id = ? AND peer = ?"
            " AND asked_here = ? AND ours = 0 AND step = ?",
            (consent.consent_id, signer, int(asked_here), consent.step.value),
        )
        if said not in (None, statement.id):
            raise ConsentMisplaced("its signer sent a different version of this step before")
        self._insert(statement, terms, signer, asked_here, False, time_ms)

    def _origin(self, packet_id: bytes, signer: str, node: str) -> str:
        """Returns the originator of a packet granted between the two."""
        try:
            origin = self._packets.packet(packet_id).origin
        except NotFound:
            raise ConsentMisplaced(_NOT_THEIRS) from None
        peers = {
            stored.grant.header.signer if stored.incoming else stored.grant.address.recipient
            for stored in self._packets.grants(packet_id)
        }
        if origin not in (signer, node) or signer not in peers:
            raise ConsentMisplaced(_NOT_THEIRS)
        return origin

    def _insert(
        self,
        statement: Statement,
        terms: ConsentTerms,
        peer: str,
        asked_here: bool,
        ours: bool,
        time_ms: int,
    ) -> None:
        consent = parse_consent(statement.body)
        self._db.execute(
            "INSERT INTO consent_step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"
            " ON CONFLICT DO NOTHING",
            (
                statement.id,
                consent.consent_id,
                peer,
                int(asked_here),
                int(ours),
                consent.step.value,
                time_ms,
                self._db.vault.seal(_BODY.at(statement.id), statement.body),
                self._db.vault.seal(_TERMS.at(statement.id), encode_terms(terms)),
                consent.packet,
            ),
        )

    def all(self) -> tuple[ConsentRecord, ...]:
        """Returns every consent, in order of their beginning."""
        records = _in_records(self._db.rows(f"{_STEPS}{_IN_ORDER}"))
        return tuple(sorted(map(self._opened, records), key=lambda found: found.steps[0].time_ms))

    def find(self, prefix: str) -> ConsentRecord:
        """Returns the consent whose hexadecimal id begins with ``prefix``.

        Raises:
            NotFound: If there is none.
            NameAmbiguous: If there are several.
        """
        found = _in_records(
            self._db.rows(
                f"{_STEPS} WHERE consent_id BETWEEN ? AND ?{_IN_ORDER}", ids_from(prefix, 16)
            )
        )
        the_one(prefix, "consent", [rows[0][0] for rows in found])
        return self._opened(found[0])

    def permissions(self, packets: Collection[bytes]) -> tuple[Permission, ...]:
        """Returns the originators' consents for some packets that are not withdrawn.

        Ended ones are included.
        """
        marks = ", ".join("?" * len(packets))
        rows = self._db.rows(
            f"{_STEPS} WHERE packet IN ({marks}) AND asked_here = 1{_IN_ORDER}", tuple(packets)
        )
        return tuple(
            Permission(
                packet=record.packet,
                path=path,
                use=record.use,
                scope=_scope(record.use, given.terms.scope),
                ends_ms=given.consent.ends_ms,
            )
            for record in map(self._opened, _in_records(rows))
            if record.packet in packets and record.status is ConsentStatus.GIVEN
            for given in [record.said[ConsentStep.GIVE]]
            for path in given.terms.fields
        )

    def _record(self, consent_id: bytes, peer: str, *, asked_here: bool) -> ConsentRecord | None:
        rows = self._db.rows(
            f"{_STEPS} WHERE consent_id = ? AND peer = ? AND asked_here = ?",
            (consent_id, peer, int(asked_here)),
        )
        return self._opened(rows) if rows else None

    def _opened(self, rows: Sequence[tuple[Any, ...]]) -> ConsentRecord:
        consent_id, peer, asked_here = rows[0][:3]
        steps = [self._step(*row[3:]) for row in rows]
        steps.sort(key=lambda step: status_of([step.consent.step]) or 0)
        return ConsentRecord(
            id=consent_id, peer=peer, asked_here=bool(asked_here), steps=tuple(steps)
        )

    def _step(
        self, statement_id: bytes, ours: int, time_ms: int, body: bytes, terms: bytes
    ) -> StoredStep:
        return StoredStep(
            id=statement_id,
            ours=bool(ours),
            consent=parse_consent(self._db.vault.open(_BODY.at(statement_id), body)),
            terms=parse_terms(self._db.vault.open(_TERMS.at(statement_id), terms)),
            time_ms=time_ms,
        )


def _in_records(rows: Iterable[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """Returns the rows of each consent, in the order of ``_IN_ORDER``, unopened."""
    return [list(found) for _, found in groupby(rows, key=lambda row: row[:3])]


def _scope(use: Use, scope: str) -> str:
    """Returns the agency for passing on: a consent names a node, but applies to its agency."""
    return agency_uri_of(scope) if use is Use.PASS_ON else scope
