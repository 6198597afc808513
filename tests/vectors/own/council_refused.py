"""Entries of trust-v1.json that must not be believed in a federation of three, and foundings."""

from collections.abc import Sequence
from dataclasses import replace

from support import agencies as b
from support.decisions import (
    admission,
    amendment,
    apply_all,
    deciding,
    leaving,
    removal,
    vote,
)
from tearline.federation.charter import GENESIS_FEDERATION, CharterSignature, Constitution
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import Agency
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_charter_signature
from tearline.wire.statements import Signed
from vectors.own.plain import Json

US, MX, CN, JP = b.US, b.MX, b.CN, "spiffe://jp-customs.example"
NOT_FOUNDED, NOT_NEXT = "TL-TRU-005", "TL-TRU-004"
WEEK_MS = 7 * b.DAY_MS
FOUNDING = 6  # entries: the charter, three records, and the signatures of two

Entry = Signed | DirectoryEntry


def encoded(entry: Entry) -> str:
    """An entry's bytes, in hexadecimal."""
    return (entry.encode() if isinstance(entry, DirectoryEntry) else clear_entry(entry)).hex()


class Council:
    """A federation of three, as its founding leaves it; each case goes on from there."""

    def __init__(self) -> None:
        federation = b.federation(US, MX, CN)
        self.id, self.founding = federation.id, federation.clear[:FOUNDING]
        self.cases: list[Json] = []

    def state(self, *then: Entry) -> TrustState:
        """What is known after the founding, and after ``then``."""
        state = TrustState(federation=self.id)
        index = apply_all(state, 0, *self.founding)
        for number, entry in enumerate(then, index):
            state.apply(number, entry)
        return state

    def refused(
        self, rule: str, name: str, code: str, entry: Entry, *then: Entry, read: int = FOUNDING
    ) -> None:
        """Adds an entry that must not be believed after ``read`` entries and ``then``."""
        case = {"name": name, "rule": rule, "read": read}
        more = [{"entry": encoded(each)} for each in then]
        self.cases.append(case | {"then": more, "entry": encoded(entry), "code": code})


def council_vectors() -> tuple[Json, list[Json]]:
    """The founding of three agencies, and entries that are refused behind parts of it."""
    council = Council()
    _foundings(council)
    _departures(council)
    _votes(council)
    entries = [{"index": i, "entry": encoded(each)} for i, each in enumerate(council.founding)]
    return {"federation": council.id.hex(), "entries": entries}, council.cases


def _foundings(council: Council) -> None:
    charter, first, _, _, signature, _ = council.founding
    foreign = b.member_record(b.agency(JP), GENESIS_FEDERATION)
    other = b.signer(MX, GENESIS_FEDERATION)
    body = encode_charter_signature(
        CharterSignature(header=other.header, charter=b.secret("another charter"))
    )
    below = b.signed_by(StatementType.CHARTER_SIGNATURE, body, other)
    early = vote(council.state(), US, VoteKind.REMOVE, MX)
    for name, code, entry, read in (
        ("a record that the charter does not name", NOT_FOUNDED, foreign, 1),
        ("a founder's record again", NOT_FOUNDED, first, 2),
        ("a signature before its signer's record", "TL-PKT-004", signature, 1),
        ("a signature below another charter", NOT_FOUNDED, below, 4),
        ("a founder signs twice", NOT_FOUNDED, signature, 5),
        ("a vote before the charter counts", NOT_FOUNDED, early, 5),
        ("the charter again, before it counts", NOT_FOUNDED, charter, 5),
    ):
        council.refused("F-3", name, code, entry, read=read)


def _departures(council: Council) -> None:
    state = council.state()
    leave = leaving(state, CN)
    by_cn = vote(state, CN, VoteKind.REMOVE, MX)
    council.refused("F-6", "an agency that left votes", "TL-TRU-001", by_cn, leave)
    again = [leave, *admission(council.state(leave), CN, US, MX, generation=2)]
    seatless = vote(council.state(*again), CN, VoteKind.REMOVE, MX)
    council.refused("F-7", "a seat of an earlier generation", NOT_NEXT, seatless, *again)
    new = b.signing_key("the root after a loss")
    record = b.member_record(b.agency(MX, new), council.id, new, generation=2)
    replaced: list[Entry] = [*deciding(state, VoteKind.REPLACE, record, US, CN)]
    again_mx = vote(council.state(*replaced), US, VoteKind.REPLACE, MX, record.statement.id)
    council.refused("F-9", "a replacement that is decided", NOT_NEXT, again_mx, *replaced)
    for days in (0, 7):
        known = council.state(*replaced)
        replaced.append(known.directory.entry(b.NOW_MS + days * b.DAY_MS))
    later = council.state(*replaced)
    by_the_lost = vote(later, MX, VoteKind.REMOVE, CN)
    council.refused("F-11", "a root that was replaced votes", "TL-TRU-002", by_the_lost, *replaced)
    early = replace_time(replaced[-1], -1)
    by_the_new = vote(council.state(*replaced[:-1]), MX, VoteKind.REMOVE, CN, key=new)
    council.refused(
        "S-16",
        "a new root before its week is over",
        "TL-TRU-002",
        by_the_new,
        *replaced[:-1],
        early,
    )


def replace_time(entry: Entry, more_ms: int) -> DirectoryEntry:
    """A directory entry at another time."""
    assert isinstance(entry, DirectoryEntry)
    return replace(entry, time_ms=entry.time_ms + more_ms)


def _votes(council: Council) -> None:
    state = council.state()
    opened = vote(state, US, VoteKind.REMOVE, CN)
    again = vote(state, US, VoteKind.REMOVE, CN, expires_ms=2 * WEEK_MS)
    council.refused("F-10", "an agency votes twice on one decision", NOT_NEXT, again, opened)
    first, second = (
        amendment(state, by, cosigners=cosigners, quorum=2)
        for by, cosigners in ((MX, (CN, MX)), (US, (CN, US)))
    )
    votes = [vote(state, by, VoteKind.AMEND, content=second.statement.id) for by in (US, CN)]
    decided = [first, second, *votes]
    void = vote(council.state(*decided), MX, VoteKind.AMEND, content=first.statement.id)
    council.refused("F-10", "an amendment that another one voided", NOT_NEXT, void, *decided)
    alone = vote(state, MX, VoteKind.REMOVE, CN)
    gone = [*removal(state, CN, US), alone]
    assert council.state(*gone).members.agency(CN) is None
    late = vote(state, CN, VoteKind.REMOVE, US)
    council.refused("S-16", "an agency that was removed votes", "TL-TRU-001", late, *gone)


def foundings_refused() -> list[Json]:
    """Foundings that must not be completed: their last signature is refused."""
    both = (b.agency(US), b.agency(MX))
    named = replace(b.agency(MX), name=b.agency(US).name)
    domain = b.agency("spiffe://exchange.example")
    cases: Sequence[tuple[str, tuple[Agency, ...], Constitution]] = (
        ("two founders of one name", (both[0], named), b.constitution((US, MX))),
        ("a council with an agency that is no founder", both, b.constitution((US, MX, CN))),
        (
            "a founder in the exchange's domain",
            (both[0], domain),
            b.constitution((US, domain.uri)),
        ),
    )
    return [_founding(name, agencies, constituted) for name, agencies, constituted in cases]


def _founding(name: str, agencies: Sequence[Agency], constituted: Constitution) -> Json:
    *before, last = b.founding(agencies, constituted)
    return {
        "name": name,
        "rule": "F-3",
        "federation": before[0].statement.id.hex(),
        "before": [{"entry": encoded(each)} for each in before],
        "entry": encoded(last),
        "code": NOT_FOUNDED,
    }
