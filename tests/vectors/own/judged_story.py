"""A log for judged-v1.json: keys that end, an order by two agencies, and one by retention."""

from dataclasses import replace
from typing import Any

from support import agencies as b
from support.exhibits import MX_NODE, US_NODE, case, opening, revocation
from tearline.audit.erasure import Erasure
from tearline.audit.event import Event, EventCode
from tearline.federation.members import KeyUse
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.log_entries import clear_entry
from tearline.wire.agreements import encode_agreement
from tearline.wire.erasures import encode_erasure
from tearline.wire.grants import encode_grant
from tearline.wire.statements import Signed
from vectors.own.agreements import ARTICLE
from vectors.own.story import recorded

US, MX = b.US, b.MX
LATER_MS = b.NOW_MS + 31 * b.DAY_MS
US_SECOND, MX_SECOND = f"{US}/node/second", f"{MX}/node/second"
SHARED = b.signing_key("a key on record with two agencies")
NEXT = b.signing_key("the next key of us-justice's node")
FUTURE = b.signing_key("a key that begins tomorrow")
GRANTING = b.signing_key("a key for grants alone")
LATE = b.signing_key("a key on record behind the grant")
LASTING = b.signing_key("a key of mx-finance that lasts")


def cosigner(node: str, number: int = 1) -> CheckpointSigner:
    """A cosigning key of a node."""
    seed = b.secret(f"cosign {node} {number}")
    return CheckpointSigner(name=node, algorithm=NoteAlgorithm.MLDSA44, seed=seed)


class Told:
    """One log, with everything that is judged by it.

    Attributes:
        case: The log, with its packet.
        grant: A grant that discloses more of the packet, under a later key.
        agreement: The agreement that limits the log's memory.
        by_both: The order to erase a receipt.
        by_retention: The order to erase the entry of a grant.
        by_agency: The same, signed by an agency; and ``too_early``, before the retention is over.
        indices: Of entries, by name.
    """

    def __init__(self) -> None:
        federation = b.federation(US, MX)
        us, mx = federation.signer(US), federation.signer(MX)
        before = [
            record(us, US_NODE, KeyUse.COSIGN, cosigner(US_NODE).verifier.public),
            record(mx, MX_NODE, KeyUse.COSIGN, cosigner(MX_NODE).verifier.public),
            record(us, US_NODE, KeyUse.COSIGN, cosigner(US_NODE, 2).verifier.public),
            record(us, US_SECOND, KeyUse.SIGN, SHARED.public.encoded),
            record(mx, MX_SECOND, KeyUse.SIGN, SHARED.public.encoded),
            record(mx, MX_NODE, KeyUse.SIGN, LASTING.public.encoded, days=(-1, 90)),
            record(us, US_NODE, KeyUse.SIGN, FUTURE.public.encoded, days=(1, 7)),
            record(us, US_NODE, KeyUse.SIGN, GRANTING.public.encoded, types=(StatementType.GRANT,)),
        ]
        self.case = case(*before, federated=federation)
        self.indices = {"packet": self.case.first_blind, "receipt": self.case.first_blind + 1}
        self.add("end", revocation(federation, US, b.signing_key(US_NODE).id))
        self.add("next key", record(us, US_NODE, KeyUse.SIGN, NEXT.public.encoded))
        self.us = federation.signer(US_NODE, NEXT)
        self.mx = federation.signer(MX_NODE, LASTING)
        packet = self.case.manifest.statement.id
        granted = b.grant(self.case.sealed, packet, self.us.header, MX_NODE)
        self.grant = b.signed_by(StatementType.GRANT, encode_grant(granted), self.us)
        self.log("grant", EventCode.GRANT_ACCEPTED, self.grant, US_NODE, MX_NODE)
        self.add("late key", record(us, US_NODE, KeyUse.SIGN, LATE.public.encoded))
        terms = b.us_mx(
            self.us.header,
            ARTICLE,
            retention_ms=30 * b.DAY_MS,
            log_retention_ms=30 * b.DAY_MS,
        )
        self.agreement = b.signed_by(
            StatementType.AGREEMENT, encode_agreement(terms), self.us, federation.node(MX)
        )
        self.log("agreement", EventCode.AGREEMENT, self.agreement, US_NODE, "")
        self.add("shared key's end", revocation(federation, MX, SHARED.id))
        self.asked = Erasure(
            header=self.us.header,
            agreement_id=b.AGREEMENT_ID,
            indices=(self.indices["receipt"],),
            parties=(MX, US),
            reason="a person's request",
        )
        exchange = federation.signer(b.EXCHANGE)
        self.due = replace(
            self.asked,
            header=exchange.header,
            indices=(self.indices["grant"],),
            reason="",
            agreement_version=1,
            latest_ms=b.NOW_MS,
        )
        self.by_both = ordered(self.asked, self.us, federation.node(MX))
        self.by_retention = ordered(self.due, exchange)
        self.log("erased by both", EventCode.ERASED, self.by_both, US_NODE, US)
        own = replace(self.due, header=self.us.header)
        self.by_agency = ordered(own, self.us)
        self.log("erased by an agency", EventCode.ERASED, self.by_agency, b.EXCHANGE, US)
        self.case = replace(self.case, time_ms=LATER_MS)
        early = replace(self.due, latest_ms=b.NOW_MS + 2 * b.DAY_MS)
        self.too_early = ordered(early, exchange)
        self.log("erased too early", EventCode.ERASED, self.too_early, b.EXCHANGE, US, LATER_MS)
        self.log(
            "erased by retention", EventCode.ERASED, self.by_retention, b.EXCHANGE, US, LATER_MS
        )

    def add(self, name: str, entry: Signed) -> None:
        """A clear entry behind the others."""
        self.indices[name] = len(self.case.contents)
        self.case = self.case.behind(clear_entry(entry))

    def log(
        self,
        name: str,
        code: EventCode,
        about: Signed,
        actor: str,
        party: str,
        time_ms: int = b.NOW_MS,
    ) -> None:
        """A blind entry behind the others, about a statement."""
        index = self.indices[name] = len(self.case.contents)
        event = Event(
            statement_id=about.statement.id,
            code=code,
            party=party or US,
            time_ms=time_ms,
            actor=actor,
            packet=self.case.manifest.statement.id if code is EventCode.GRANT_ACCEPTED else b"",
            agreement_id=b.AGREEMENT_ID,
        )
        self.case = self.case.behind(opening(index, event))


def record(by: Signer, subject: str, use: KeyUse, public: bytes, **rest: Any) -> Signed:
    """A key record by the agency's root."""
    return recorded(b.key_record(by.header, subject, use, public, **rest), by)


def ordered(order: Erasure, *signers: Signer) -> Signed:
    """An order under its signatures."""
    return b.signed_by(StatementType.ERASURE, encode_erasure(order), *signers)
