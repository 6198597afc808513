"""A log that goes on, entry by entry, for trust-v1.json."""

from collections.abc import Iterable
from typing import Any

from support import agencies as b
from tearline.federation.members import KeyRecord, KeyUse, Revocation
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.log_entries import clear_entry
from tearline.verification.moment import Moment
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.statements import Signed, encode_signed, signed
from vectors.own.frozen import frozen_federation
from vectors.own.plain import Json
from vectors.own.statements import mark

US, MX, CN = b.US, b.MX, b.CN
US_NODE, MX_NODE, CN_NODE = map(b.node_of, (US, MX, CN))
NEW_ROOT = b.signing_key("the second root of us-justice")
FRESH = b.signing_key("a fresh key")
COSIGNING = CheckpointSigner(
    name=MX_NODE, algorithm=NoteAlgorithm.MLDSA44, seed=b.secret("cosign mx")
)
TYPES = tuple(map(StatementType, (2, *range(4, 11))))


class Story:
    """A log that goes on from the first blind entry of log-v1.json, entry by entry."""

    def __init__(self) -> None:
        self.federation = frozen_federation()
        self.state = self.federation.trust()
        self.entries: list[Json] = []

    @property
    def next(self) -> int:
        """The index of the next entry."""
        return len(self.federation.clear) + len(self.entries)

    def record(self, by: Signer, subject: str, use: KeyUse, public: bytes, **rest: Any) -> Signed:
        """A key record."""
        return recorded(
            b.key_record(by.header, subject, use, public, **({"types": TYPES} | rest)), by
        )

    def revoking(self, by: Signer, key: bytes) -> Signed:
        """A revocation."""
        value = Revocation(header=by.header, revoked_key=key, reason="lost")
        return b.signed_by(StatementType.REVOCATION, encode_revocation(value), by)

    def add(self, name: str, *entries: Signed) -> None:
        """The next entries, which everyone believes."""
        for entry in entries:
            self.state.apply(self.next, entry)
            self.note(name, clear_entry(entry))

    def date(self, name: str, days: int) -> None:
        """A directory entry, so many days after the beginning."""
        entry = self.state.directory.entry(b.NOW_MS + days * b.DAY_MS)
        self.state.apply(self.next, entry)
        self.note(name, entry.encode())

    def note(self, name: str, entry: bytes) -> None:
        """What the next entry makes of the federation."""
        at = Moment(index=self.next + 1, time_ms=b.NOW_MS)
        keys = [
            key.key_id.hex() for n in self.state.nodes() for key in self.state.keys_of(n, at=at)
        ]
        members = self.state.members
        self.entries.append(
            {
                "name": name,
                "index": self.next,
                "entry": entry.hex(),
                "constitution": members.constitution_id.hex(),
                "agencies": [agency.uri for agency in members.agencies],
                "council": sorted(members.council),
                "directory": self.state.directory.root.hex(),
                "keys_that_count": sorted(keys),
            }
        )

    def refused(self, rule: str, name: str, code: str, entry: Signed, *then: Signed) -> Json:
        """An entry that must not be believed after those so far, and after ``then``."""
        return self.after(rule, name, code, then, entry=clear_entry(entry).hex())

    def after(
        self, rule: str, name: str, code: str, then: Iterable[Signed] = (), **given: Any
    ) -> Json:
        """A case that is judged after the entries so far, and after ``then``."""
        more = [{"entry": clear_entry(each).hex()} for each in then]
        case = {"name": name, "rule": rule, "read": len(self.entries), "then": more}
        return case | given | {"code": code}


def recorded(record: KeyRecord, by: Signer) -> Signed:
    """A key record under its signer's signature."""
    return b.signed_by(StatementType.KEY_RECORD, encode_key_record(record), by)


def marked(by: Signer) -> str:
    """A mark of this node."""
    return encode_signed(signed(by.sign([mark(by, 1)]))).hex()
