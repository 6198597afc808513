"""A log for judged-v1.json: keys that end, an order by two agencies, and one by retention."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from support import agencies as b
from support.decisions import amending
from support.exhibits import MX_NODE, US_NODE, case, opening, revocation
from tearline.audit.erasure import Erasure
from tearline.audit.event import Event, EventCode
from tearline.federation.members import KeyUse
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.log_entries import clear_entry, parse_entry
from tearline.verification.trust import TrustState
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
NEXT_EXCHANGE = b.signing_key("the next key of the exchange")
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
        terms: Other agreements, each with its entry of the same name.
        orders: Other orders by retention, in the same way.
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
        by_both, old = (self.us, federation.node(MX)), federation.signer(US_NODE)
        self.terms = {
            name: b.signed_by(StatementType.AGREEMENT, encode_agreement(each), *signers)
            for name, each, signers in (
                ("of another id", replace(terms, id=b.secret("another agreement", 16)), by_both),
                ("of two versions", replace(terms, version=2, valid_from_ms=LATER_MS), by_both),
                ("that ended", replace(terms, valid_until_ms=b.NOW_MS + 1), by_both),
                ("that begins later", replace(terms, valid_from_ms=LATER_MS + 1), by_both),
                ("that keeps for ever", replace(terms, log_retention_ms=0), by_both),
                ("by an ended key", replace(terms, header=old.header), (old, by_both[1])),
                ("by one party", replace(terms, onward_use="None."), by_both[:1]),
                ("without an entry", replace(terms, name="unlogged"), by_both),
            )
        }
        for name, each in self.terms.items():
            if name != "without an entry":
                self.log(name, EventCode.AGREEMENT, each, US_NODE, "")
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
        self.log("told as an agreement", EventCode.AGREEMENT, self.by_both, US_NODE, US)
        self.log("erased for a stranger", EventCode.ERASED, self.by_both, US_NODE, b.CN)
        own = replace(self.due, header=self.us.header)
        self.by_agency = ordered(own, self.us)
        self.log("erased by an agency", EventCode.ERASED, self.by_agency, b.EXCHANGE, US)
        self.case = replace(self.case, time_ms=LATER_MS)
        early = replace(self.due, latest_ms=b.NOW_MS + 2 * b.DAY_MS)
        self.too_early = ordered(early, exchange)
        self.log("erased too early", EventCode.ERASED, self.too_early, b.EXCHANGE, US, LATER_MS)
        others: Mapping[str, tuple[dict[str, Any], tuple[Signer, ...]]] = {
            "to the last millisecond": ({"latest_ms": LATER_MS - 30 * b.DAY_MS}, (exchange,)),
            "a millisecond too early": ({"latest_ms": LATER_MS - 30 * b.DAY_MS + 1}, (exchange,)),
            "by the second version": ({"agreement_version": 2}, (exchange,)),
            "for one party": ({"parties": (US,), "latest_ms": 1}, (exchange,)),
            "for a stranger": ({"parties": (b.CN, MX, US)}, (exchange,)),
            "by an agency, too": ({"latest_ms": 2}, (exchange, self.mx)),
        }
        self.orders = {
            name: ordered(replace(self.due, **changes), *signers)
            for name, (changes, signers) in others.items()
        }
        for name, each in (*self.orders.items(), ("erased by retention", self.by_retention)):
            self.log(name, EventCode.ERASED, each, b.EXCHANGE, US, LATER_MS)
        self.succeed(federation.signer(b.EXCHANGE, NEXT_EXCHANGE), exchange)
        self.log("agreed later", EventCode.AGREEMENT, self.agreement, US_NODE, "", LATER_MS)

    def succeed(self, exchange: Signer, retired: Signer) -> None:
        """The exchange has another key, and an order by each of both follows."""
        trust = TrustState(federation=self.case.federation.id)
        for index, content in enumerate(self.case.contents):
            if isinstance(content, bytes) and (entry := parse_entry(content)) is not None:
                trust.apply(index, entry)
        named = replace(trust.members.exchange, signing_key=NEXT_EXCHANGE.public.encoded)
        for number, entry in enumerate(amending(trust, US, MX, exchange=named)):
            self.add(f"the exchange's next key {number}", entry)
        for name, by, latest_ms in (
            ("by its next key", exchange, 3),
            ("by its old key", retired, 4),
        ):
            order = replace(self.due, header=by.header, latest_ms=latest_ms)
            self.orders[name] = ordered(order, by)
            self.log(name, EventCode.ERASED, self.orders[name], b.EXCHANGE, US, LATER_MS)

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
