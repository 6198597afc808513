"""A federation of many members, each admitted by votes of a council, as a light node sees it.

Every entry is signed, encoded, parsed, verified and applied, as at a full node that reads the log:
that part of it is timed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tearline.crypto.keys import SigningKey
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import Agency, KeyUse
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry, entry_hash, parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.federation import FederationFile, encode_federation_file, encode_key_record
from tearline.wire.statements import Signed

if TYPE_CHECKING:
    from support.light import LightLog

COUNCIL, THRESHOLD, COSIGNERS, QUORUM = 9, 6, 5, 4
NODES = 3  # of each agency, with a signing key each
FOUNDERS = tuple(f"spiffe://founder{number}.example" for number in range(COUNCIL))


class TimedReader(TrustState):
    """State of a full node, with the time and bytes of its reading.

    Attributes:
        spent_ns: Processor time of parsing, hashing, verifying and applying entries.
        read_bytes: Bytes of those entries.
        read: Number of them.
    """

    spent_ns = 0
    read_bytes = 0
    read = 0

    def apply(self, index: int, entry: Signed | DirectoryEntry) -> None:
        """Applies an entry from its bytes."""
        data = entry.encode() if isinstance(entry, DirectoryEntry) else clear_entry(entry)
        started_ns = time.process_time_ns()
        parsed = parse_entry(data)
        assert parsed is not None
        entry_hash(data)
        super().apply(index, parsed)
        self.spent_ns += time.process_time_ns() - started_ns
        self.read_bytes += len(data)
        self.read += 1


def founded() -> tuple[LightLog, FederationFile]:
    """A log of nine founders, and the file from which a light node joins.

    Returns:
        The log; and the founding with the counted cosigners' key records.
    """
    from support import agencies as b
    from support.light import LightLog, cosigning_record

    constituted = replace(
        b.constitution(FOUNDERS, threshold=THRESHOLD),
        cosigners=FOUNDERS[:COSIGNERS],
        quorum=QUORUM,
    )
    clear = b.clear_entries(map(b.agency, FOUNDERS), constituted)
    fed = b.Federation(agencies=FOUNDERS, id=clear[0].statement.id, clear=clear)
    keys = [cosigning_record(fed, uri) for uri in constituted.cosigners]
    log = LightLog(fed, TimedReader(federation=fed.id))
    log.add(*clear, *keys)
    log.state()
    beginning = clear[: 2 * COUNCIL]
    return log, FederationFile(federation=fed.id, entries=(*beginning, *keys))


def file_bytes(file: FederationFile) -> bytes:
    """The file as it travels."""
    return encode_federation_file(file)


def uri_of(number: int) -> str:
    """The URI of a member that the council admitted."""
    return f"spiffe://agency{number:05}.example"


def admit(log: LightLog, number: int) -> None:
    """Admits a member by six votes; it puts its nodes' keys on record."""
    from support import agencies as b
    from support.decisions import deciding

    uri = uri_of(number)
    root = SigningKey(b.secret(f"root {uri}", 64))
    agency = Agency(
        name=f"agency{number:05}",
        uri=uri,
        root_key=root.public.encoded,
        certificate_authorities=(b.authority(FOUNDERS[0]).certificate,),
        token_issuers=(b.secret(f"issuer {uri}"),),
    )
    record = b.member_record(agency, log.fed.id, root)
    voters = [FOUNDERS[(number + each) % COUNCIL] for each in range(THRESHOLD)]
    log.add(*deciding(log.trust, VoteKind.ADMIT, record, *voters))
    log.state(after_s=1)
    log.add(*_keys(log, uri, root))
    log.state(after_s=1)


def _keys(log: LightLog, uri: str, root: SigningKey) -> Iterator[Signed]:
    from support import agencies as b

    signer = log.fed.signer(uri, root)
    for node in range(NODES):
        name = f"{uri}/node/node{node}"
        public = SigningKey(b.secret(f"sign {name}", 64)).public.encoded
        record = b.key_record(signer.header, name, KeyUse.SIGN, public, days=(-1, 365))
        yield b.signed_by(StatementType.KEY_RECORD, encode_key_record(record), signer)
