"""Standings of all parties, this node's wishes for its own, and the related marks."""

from collections.abc import Iterable, Sequence

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.requests import clock
from tearline.requests.paused_time import standstill
from tearline.statements.channel import Mark
from tearline.statements.statement import Header
from tearline.suspensions.history import Recorded, SuspensionChange
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.standing import Standing
from tearline.suspensions.stoppage import Reach, Stoppage, changes_of, reaches_of, stoppages_of
from tearline.suspensions.transitions import SuspensionStep, merged
from tearline.wire.grants import parse_mark
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline.wire.suspensions import encode_standing, parse_standing
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.packets import FREEZE
from tearline_client.store.stoppages import StoppageStore
from tearline_client.store.vault import Column

_SAID = Column("standing", "sealed", ("agency", "agreement", "counter"))
_WISH = Column("standing_wish", "sealed", ("id",))
_MARK = Column("standing_mark", "sealed", ("agreement", "peer", "own", "counter"))
_LIFT, _ADD = b"-", b"+"
_COLUMNS = "agency, agreement, counter, entry, time_ms, sealed"
_ALL = f"SELECT {_COLUMNS} FROM standing"  # noqa: S608 (our own columns)
_NEWEST = (  # one index step for each agency, and for its last standing
    "WITH RECURSIVE each(agency) AS ("
    "SELECT min(agency) FROM standing WHERE agreement = ?1 UNION ALL"
    " SELECT (SELECT min(s.agency) FROM standing s WHERE s.agreement = ?1"
    " AND s.agency > each.agency) FROM each WHERE agency IS NOT NULL)"
    " SELECT s.agency, s.agreement, s.counter, s.entry, s.time_ms, s.sealed"
    " FROM each CROSS JOIN standing s ON s.agency = each.agency AND s.agreement = ?1"
    " AND s.counter = (SELECT max(n.counter) FROM standing n"
    " WHERE n.agency = each.agency AND n.agreement = ?1)"
)
_AGREEMENTS = (  # the same for each agreement
    "WITH RECURSIVE each(agreement) AS (SELECT min(agreement) FROM standing UNION ALL"
    " SELECT (SELECT min(s.agreement) FROM standing s WHERE s.agreement > each.agreement)"
    " FROM each WHERE agreement IS NOT NULL)"
    " SELECT agreement FROM each WHERE agreement IS NOT NULL"
    " UNION SELECT agreement FROM standing_wish"
)


@immutable
class PendingChange:
    """A change that this node wants in its agency's standing.

    Attributes:
        id: Its number, in order of time.
        agreement_id: 16 bytes.
        change: The suspensions added or lifted, with the person; empty to repeat the standing.
        counter: Number of the last standing that states it.
        code: Code of its refusal; empty without an answer.
    """

    id: int
    agreement_id: bytes
    change: SuspensionStep
    counter: int
    code: str


@immutable
class KeptMark:
    """A mark signed since there is a standing.

    Attributes:
        own: Whether it is ours.
        mark: The mark.
        signed: Its statement.
        entry: Index of its entry; None for one of ours without an answer.
    """

    own: bool
    mark: Mark
    signed: Signed
    entry: int | None


class SuspensionStore:
    """Verified standings; the caller's transaction makes writes durable together.

    Args:
        database: The node's database.
        agreements: The agreements of the standings.
    """

    def __init__(self, database: Database, agreements: AgreementStore) -> None:
        self._db = database
        self._agreements = agreements
        self.stoppages = StoppageStore(database)

    # Standings in the log.

    def put(self, signed: Signed, entry: int, time_ms: int) -> None:
        """Stores a standing with its entry; of equal consecutive ones, only the ends are kept.

        This applies only if none is missing in between: a late one may differ, and later ones then
        show how long it applied.
        """
        standing = parse_standing(signed.statement.body)
        self._put_stoppages(Recorded(standing=standing, entry=entry, time_ms=time_ms))
        self._db.execute(
            "INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
            (
                *standing.key,
                standing.counter,
                entry,
                time_ms,
                self._db.vault.seal(
                    _SAID.at(*standing.key, standing.counter), encode_signed(signed)
                ),
            ),
        )
        last = self._rows(
            f"{_ALL} WHERE agency = ? AND agreement = ? ORDER BY counter DESC LIMIT 3",
            standing.key,
        )
        if len({recorded.standing.terms for recorded, _ in last}) != 1 or len(last) != 3:
            return
        newest, middle, first = (recorded.standing.counter for recorded, _ in last)
        where = "WHERE agency = ? AND agreement = ? AND counter = ?"
        whole = middle == first + 1 or self._db.value(
            f"SELECT whole FROM standing {where}",  # noqa: S608 (our own condition)
            (*standing.key, middle),
        )
        if newest == middle + 1 and whole:
            self._db.execute(f"DELETE FROM standing {where}", (*standing.key, middle))  # noqa: S608
            self._db.execute(
                f"UPDATE standing SET whole = 1 {where}",  # noqa: S608
                (*standing.key, newest),
            )

    def _put_stoppages(self, recorded: Recorded) -> None:
        agency, agreement_id = recorded.standing.key
        known = self.newest(agreement_id).get(agency)
        if known is None or (
            known.standing.counter < recorded.standing.counter and known.entry < recorded.entry
        ):
            before = None if known is None else known.standing
            self.stoppages.change(agreement_id, changes_of(before, recorded))
            return
        # A late standing changes the past stops: all stops of its agency are computed anew.
        said = [each for each, _ in self.history(agreement_id) if each.standing.agency == agency]
        self.stoppages.replace(agreement_id, agency, stoppages_of([*said, recorded]))

    def newest(self, agreement_id: bytes) -> dict[str, Recorded]:
        """Returns the newest standing of each party of an agreement."""
        rows = self._rows(_NEWEST, (agreement_id,))
        return {recorded.standing.agency: recorded for recorded, _ in rows}

    def history(self, agreement_id: bytes) -> tuple[tuple[Recorded, Signed], ...]:
        """Returns every changed standing under an agreement, in the log's order."""
        sql = f"{_ALL} WHERE agreement = ? ORDER BY entry"
        return tuple(self._rows(sql, (agreement_id,)))

    def stoppages_at(self, agreement: Agreement, entry: int) -> tuple[Reach, tuple[Stoppage, ...]]:
        """Returns the suspensions at the time of an entry, and their reach."""
        reaches = [
            each
            for each in reaches_of(self._agreements.history(agreement.id))
            if each.entry < entry
        ]
        reach = reaches[-1] if reaches else Reach.of(agreement.terms)
        return reach, self.stoppages.at(agreement.id, entry)

    def standstill(
        self, agreement: Agreement, article: str, *, asker: str, holder: str, since_ms: int
    ) -> tuple[clock.Interval, ...]:
        """Returns when a request, or an answer to it, could not pass; see ``standstill``.

        Args:
            agreement: The version named in the request's manifest.
            article: The request's article.
            asker: URI of the asking agency.
            holder: URI of the answering agency.
            since_ms: The log's time of its grant.
        """
        return standstill(
            self.stoppages.since(agreement.id, article, since_ms),
            reaches_of(self._agreements.history(agreement.id)),
            Reach.of(agreement.terms),
            article,
            asker=asker,
            holder=holder,
        )

    def turns(self, agreement_id: bytes) -> tuple[SuspensionChange, ...]:
        """Returns all changes of standings and terms under an agreement."""
        said = (recorded for recorded, _ in self.history(agreement_id))
        return (*said, *self._agreements.history(agreement_id))

    def recorded(self, agency: str, agreement_id: bytes, counter: int) -> Recorded | None:
        """Returns the standing with one number, if it is stored."""
        rows = self._rows(
            f"{_ALL} WHERE agency = ? AND agreement = ? AND counter = ?",
            (agency, agreement_id, counter),
        )
        return rows[0][0] if rows else None

    def own_statement(self, agency: str, agreement_id: bytes) -> Signed | None:
        """Returns the statement of an agency's newest standing."""
        rows = self._rows(
            f"{_ALL} WHERE agency = ? AND agreement = ? ORDER BY counter DESC LIMIT 1",
            (agency, agreement_id),
        )
        return rows[0][1] if rows else None

    def _rows(self, sql: str, bindings: Sequence[object]) -> list[tuple[Recorded, Signed]]:
        found = []
        for *key, entry, time_ms, sealed in self._db.rows(sql, tuple(bindings)):
            signed = parse_signed(self._db.vault.open(_SAID.at(*key), sealed))
            standing = parse_standing(signed.statement.body)
            found.append((Recorded(standing=standing, entry=entry, time_ms=time_ms), signed))
        return found

    # Wishes of this node.

    def wish(self, header: Header, agreement_id: bytes, change: SuspensionStep) -> None:
        """Stores a wish for our agency's standing."""
        # Encoded as a standing with only this change, in one strict encoding.
        said = Standing(
            header=header,
            agreement_id=agreement_id,
            counter=1,
            suspensions=change.suspensions,
            ended=change.ended,
            officer=None,
            acted_by=change.acted_by,
            time_ms=0,
        )
        kind = _LIFT if change.lift else _ADD
        number = self._db.next_id("standing_wish")
        sealed = self._db.vault.seal(_WISH.at(number), kind + encode_standing(said))
        self._db.execute(
            "INSERT INTO standing_wish (id, agreement, said, counter, code, sealed)"
            " VALUES (?, ?, x'', 0, '', ?)",
            (number, agreement_id, sealed),
        )

    def wishes(self, agreement_id: bytes) -> tuple[PendingChange, ...]:
        """Returns the unaccepted wishes for one agreement, oldest first."""
        rows = self._db.rows(
            "SELECT id, counter, code, sealed FROM standing_wish WHERE agreement = ? ORDER BY id",
            (agreement_id,),
        )
        found = []
        for number, counter, code, sealed in rows:
            data = self._db.vault.open(_WISH.at(number), sealed)
            said = parse_standing(data[1:])
            change = SuspensionStep(
                suspensions=said.suspensions,
                lift=data[:1] == _LIFT,
                ended=said.ended,
                acted_by=said.acted_by,
            )
            found.append(
                PendingChange(
                    id=number, agreement_id=agreement_id, change=change, counter=counter, code=code
                )
            )
        return tuple(found)

    def wished(self) -> tuple[bytes, ...]:
        """Returns the agreements with unaccepted wishes."""
        rows = self._db.rows("SELECT DISTINCT agreement FROM standing_wish ORDER BY agreement")
        return tuple(found for (found,) in rows)

    def say_again(self, agreement_id: bytes, said: bytes, counter: int) -> None:
        """Records that all wishes are now in the standing with that id and number."""
        self._db.execute(
            "UPDATE standing_wish SET said = ?, counter = ?, code = '' WHERE agreement = ?",
            (said, counter, agreement_id),
        )

    def fulfil(self, said: bytes) -> None:
        """Deletes the wishes of an accepted standing."""
        self._db.execute("DELETE FROM standing_wish WHERE said = ?", (said,))

    def refuse(self, said: bytes, code: str) -> None:
        """Records that the exchange refused a standing."""
        self._db.execute("UPDATE standing_wish SET code = ? WHERE said = ?", (code, said))

    # Effective standings here.

    def book(self, agreement_id: bytes, header: Header) -> SuspensionIndex:
        """Returns all standings under an agreement, with this node's own suspensions at once.

        A wish to lift takes effect once the exchange accepted it; other wishes take effect here
        now.

        Args:
            agreement_id: 16 bytes.
            header: This node's header.
        """
        standings = [recorded.standing for recorded in self.newest(agreement_id).values()]
        book = SuspensionIndex(standings)
        changes = [
            wish.change
            for wish in self.wishes(agreement_id)
            if wish.change.suspensions and not wish.change.lift
        ]
        if not changes:
            return book
        known = book.newest(agency_uri_of(header.signer), agreement_id)
        ours = merged(known, changes, header=header, agreement_id=agreement_id, time_ms=0)
        return SuspensionIndex([*standings, ours])

    def agreements(self) -> tuple[bytes, ...]:
        """Returns every agreement with a standing or a wish."""
        return tuple(found for (found,) in self._db.rows(_AGREEMENTS))

    def _is_spoken_of(self, agreement_id: bytes) -> bool:
        """Returns whether an agreement has a standing or a wish."""
        sql = (
            "SELECT 1 FROM standing WHERE agreement = ?1"
            " UNION ALL SELECT 1 FROM standing_wish WHERE agreement = ?1 LIMIT 1"
        )
        return self._db.row(sql, (agreement_id,)) is not None

    # Marks.

    def put_mark(self, signed: Signed, *, own: bool, entry: int | None) -> None:
        """Stores a mark, if its agreement has a standing or a wish."""
        mark = parse_mark(signed.statement.body)
        peer = mark.recipient if own else mark.header.signer
        if not self._is_spoken_of(mark.agreement_id):
            return
        key = (mark.agreement_id, peer, int(own), mark.counter)
        self._db.execute(
            "INSERT INTO standing_mark VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                *key,
                signed.statement.id,
                entry,
                self._db.vault.seal(_MARK.at(*key), encode_signed(signed)),
            ),
        )

    def answer_mark(self, statement_id: bytes, entry: int) -> None:
        """Records the log entry of one of our marks."""
        self._db.execute(
            "UPDATE standing_mark SET entry = ? WHERE statement_id = ?", (entry, statement_id)
        )

    def marks(self, agreement_id: bytes, peer: str) -> tuple[KeptMark, ...]:
        """Returns both parties' marks of a channel pair, in the log's order."""
        rows = self._db.rows(
            "SELECT own, counter, entry, sealed FROM standing_mark WHERE agreement = ? AND peer = ?"
            " ORDER BY entry IS NULL, entry",
            (agreement_id, peer),
        )
        found = [
            (own, entry, parse_signed(self._db.vault.open(place, sealed)))
            for own, counter, entry, sealed in rows
            for place in [_MARK.at(agreement_id, peer, own, counter)]
        ]
        return tuple(
            KeptMark(
                own=bool(own),
                mark=parse_mark(signed.statement.body),
                signed=signed,
                entry=entry,
            )
            for own, entry, signed in found
        )

    # Frozen articles.

    def freeze(self, agreement_id: bytes, agency: str, articles: Iterable[str]) -> None:
        """Records the articles that an agency currently freezes."""
        sealed = self._db.vault.seal(FREEZE.at(agency, agreement_id), "\n".join(articles).encode())
        self._db.execute(
            "INSERT INTO freeze (agency, agreement, sealed) VALUES (?1, ?2, ?3)"
            " ON CONFLICT DO UPDATE SET sealed = ?3",
            (agency, agreement_id, sealed),
        )
