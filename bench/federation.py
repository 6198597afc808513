"""A federation in memory: one agency that sends, and three partners that agreed with it."""

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.keys import SUITE, KemKey, SigningKey
from tearline.crypto.tls_keys import TlsKey
from tearline.federation.charter import (
    GENESIS_FEDERATION,
    Charter,
    CharterSignature,
    Constitution,
    rules_of,
)
from tearline.federation.decisions import MemberRecord
from tearline.federation.members import (
    NODE_TYPES,
    Agency,
    ExchangeEnrolment,
    KeyRecord,
    KeyUse,
)
from tearline.identity import AgencyUri, agency_uri_of, parse_node_uri
from tearline.packets.packet import PacketKind, Pins
from tearline.persons.tokens import IssuerKey
from tearline.policy import masks, profile
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.verification.trust import TrustState
from tearline.wire.agreements import encode_agreement
from tearline.wire.federation import (
    FederationFile,
    encode_charter,
    encode_charter_signature,
    encode_key_record,
    encode_member_record,
)
from tearline.wire.statements import Signed, cosigned, signed
from tearline_runtime.grpc.tls_identity import TlsIdentity

DAY_S = 24 * 3600
DAY_MS = DAY_S * 1000
ARTICLE = "money-laundering"
PURPOSE = "criminal-investigation"
SENDER = "sender.example"
PARTNERS = ("all.example", "most.example", "few.example")
SHARES = {
    "all.example": {
        "identity": Form.CLEAR,
        "organisation": Form.CLEAR,
        "finance": Form.CLEAR,
        "time": Form.CLEAR,
        "location": Form.CLEAR,
        "contact": Form.CLEAR,
        "narrative": Form.CLEAR,
    },
    "most.example": {
        "identity": Form.CLEAR,
        "organisation": Form.CLEAR,
        "finance.account": Form.CLEAR,
        "finance.amount": Form.GENERALISED,
        "time": Form.GENERALISED,
        "location": Form.EXISTS,
        "contact": Form.EXISTS,
    },
    "few.example": {
        "organisation": Form.CLEAR,
        "identity": Form.EXISTS,
        "finance": Form.EXISTS,
    },
}


def now_ms() -> int:
    """The machine's clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True)
class Member:
    """An agency with everything secret that it has.

    Attributes:
        domain: Its trust domain.
        root: Its root key.
        authority: Its CA.
        issuer: Its key for access tokens.
    """

    domain: str
    root: SigningKey = field(default_factory=SigningKey.generate)
    issuer: IssuerKey = field(default_factory=lambda: IssuerKey(secrets.token_bytes(32)))

    @cached_property
    def authority(self) -> CertificateAuthority:
        """Its CA."""
        now_s = int(time.time())
        uri = AgencyUri(trust_domain=self.domain)
        return CertificateAuthority.create(uri, now_s=now_s, lifetime_s=30 * DAY_S)

    @property
    def uri(self) -> str:
        """Its URI."""
        return f"spiffe://{self.domain}"

    def node(self, name: str) -> str:
        """The URI of one of its nodes."""
        return f"{self.uri}/node/{name}"

    @property
    def listed(self) -> Agency:
        """The agency, as its member record states it."""
        return Agency(
            name=self.domain.split(".")[0],
            uri=self.uri,
            root_key=self.root.public.encoded,
            certificate_authorities=(self.authority.certificate,),
            token_issuers=(self.issuer.public,),
        )

    def signer(self, federation: bytes) -> Signer:
        """Its root, as it signs in a federation."""
        return Signer(federation=federation, uri=self.uri, key=self.root)

    def tls(self, node: str) -> TlsIdentity:
        """A fresh certificate for one of its nodes."""
        key, now_s = TlsKey.generate(), int(time.time())
        uri = parse_node_uri(node)
        certificate = self.authority.issue_node(uri, key.public, now_s=now_s, lifetime_s=7 * DAY_S)
        return TlsIdentity(certificate=certificate, key=key)


@dataclass(frozen=True, kw_only=True)
class Federation:
    """What its members know.

    Attributes:
        members: By trust domain.
        founding: The charter, and the founders' records and signatures.
        records: The records of every node's keys.
        senders: The signers of the sending agency's nodes.
        kem_keys: Of the partners' nodes, by URI.
        pins: What releases are judged by.
    """

    members: Mapping[str, Member]
    founding: FederationFile
    records: tuple[Signed, ...]
    senders: Sequence[Signer]
    kem_keys: Mapping[str, KemKey]
    pins: Pins

    @property
    def sender(self) -> Signer:
        """The signer of the node that sends."""
        return self.senders[0]

    @property
    def id(self) -> bytes:
        """The federation's id, 32 bytes."""
        return self.founding.federation

    @cached_property
    def agreement(self) -> Agreement:
        """The agreement that packets are sent under."""
        now = now_ms()
        return Agreement(
            header=self.sender.header,
            id=secrets.token_bytes(16),
            version=1,
            name="bench",
            terms=_terms(self.members),
            pins=self.pins,
            reply_times=DEFAULT_REPLY_TIMES,
            retention_ms=365 * DAY_MS,
            onward_use="",
            oversight=(),
            valid_from_ms=now - DAY_MS,
            valid_until_ms=now + 365 * DAY_MS,
        )

    @cached_property
    def policy(self) -> ReleasePolicy:
        """What decides releases under the agreement."""
        shared = parse_policy_set(SHARED_POLICIES)
        return ReleasePolicy(terms=self.agreement.terms, shared=shared)

    def agreed(self) -> Signed:
        """The agreement, signed by every party."""
        bodies = [(StatementType.AGREEMENT, encode_agreement(self.agreement))]
        partners = [self.members[domain].signer(self.id) for domain in PARTNERS]
        return cosigned((signer.sign(bodies), 0) for signer in (self.sender, *partners))

    def trust(self) -> TrustState:
        """What a party knows that has read the log so far."""
        state = TrustState(federation=self.id)
        for index, entry in enumerate((*self.founding.entries, *self.records)):
            state.apply(index, entry)
        return state

    def partners(self, number: int = 0) -> tuple[str, ...]:
        """The partners' nodes of one number."""
        return tuple(self.members[domain].node(_node_name(number)) for domain in PARTNERS)


def found(exchange: ExchangeEnrolment, *, nodes: int = 1, senders: int = 1) -> Federation:
    """Founds a federation around an exchange.

    Args:
        exchange: The exchange and its log.
        nodes: How many nodes each partner has.
        senders: How many nodes the agency that sends has.
    """
    members = {domain: Member(domain=domain) for domain in (SENDER, *PARTNERS)}
    founding = _founding(exchange, members.values())
    federation = founding.federation
    sender = members[SENDER]
    keys = {sender.node(_node_name(number)): SigningKey.generate() for number in range(senders)}
    kem_keys = {
        members[domain].node(_node_name(number)): KemKey.generate()
        for domain in PARTNERS
        for number in range(nodes)
    }
    signing = {uri: key.public.encoded for uri, key in keys.items()}
    records = [*_certified(sender, federation, KeyUse.SIGN, signing)]
    for domain in PARTNERS:
        member = members[domain]
        own = {
            uri: kem.public.encoded
            for uri, kem in kem_keys.items()
            if agency_uri_of(uri) == member.uri
        }
        records += _certified(member, federation, KeyUse.KEM, own)
    return Federation(
        members=members,
        founding=founding,
        records=tuple(records),
        senders=[Signer(federation=federation, uri=uri, key=key) for uri, key in keys.items()],
        kem_keys=kem_keys,
        pins=Pins(
            policy=parse_policy_set(SHARED_POLICIES).digest(),
            schema=schema_digest(),
            profile=profile.digest(),
            masks=masks.digest(),
        ),
    )


def _node_name(number: int) -> str:
    return f"node{number}"


def _founding(exchange: ExchangeEnrolment, members: Iterable[Member]) -> FederationFile:
    """The charter of the members, and each one's record and signature."""
    founders = sorted(members, key=lambda member: member.uri)
    uris = tuple(member.uri for member in founders)
    roots = [member.signer(GENESIS_FEDERATION) for member in founders]
    records = []
    for root, member in zip(roots, founders, strict=True):
        record = MemberRecord(
            header=root.header, generation=1, number=1, previous=b"", agency=member.listed
        )
        body = encode_member_record(record)
        records.append(signed(root.sign([(StatementType.MEMBER_RECORD, body)])))
    charter = Charter(
        header=roots[0].header,
        name="bench",
        founders=tuple(sorted(record.statement.id for record in records)),
        constitution=Constitution(
            council=uris,
            rules=rules_of(len(uris) // 2 + 1),
            cosigners=uris,
            quorum=2 * len(uris) // 3 + 1,
            exchange=exchange.exchange,
            log=exchange.log,
            min_suite=SUITE,
        ),
    )
    drafted = signed(roots[0].sign([(StatementType.CHARTER, encode_charter(charter))]))
    federation, signatures = drafted.statement.id, []
    for root in roots[1:]:
        signature = encode_charter_signature(
            CharterSignature(header=root.header, charter=federation)
        )
        signatures.append(signed(root.sign([(StatementType.CHARTER_SIGNATURE, signature)])))
    return FederationFile(federation=federation, entries=(drafted, *records, *signatures))


def _certified(
    member: Member, federation: bytes, use: KeyUse, keys: Mapping[str, bytes]
) -> Iterable[Signed]:
    root = member.signer(federation)
    start = now_ms() - DAY_MS
    bodies = [
        (
            StatementType.KEY_RECORD,
            encode_key_record(
                KeyRecord(
                    header=root.header,
                    subject=uri,
                    use=use,
                    public_key=public,
                    types=tuple(sorted(NODE_TYPES)) if use is KeyUse.SIGN else (),
                    not_before_ms=start,
                    not_after_ms=start + 8 * DAY_MS,
                )
            ),
        )
        for uri, public in keys.items()
    ]
    tree = root.sign(bodies)
    return [signed(tree, number) for number in range(len(bodies))]


def _terms(members: Mapping[str, Member]) -> Terms:
    sender = members[SENDER].uri
    article = ArticleTerms(
        id=ARTICLE,
        purposes=(PURPOSE,),
        kinds=(PacketKind.LEAD.value,),
        crime_areas=("money-laundering",),
        directions=tuple(
            sorted(Direction(sender=sender, recipient=members[d].uri) for d in PARTNERS)
        ),
        shares=tuple(
            sorted(
                Share(partner=members[domain].uri, category=category, form=form)
                for domain, shares in SHARES.items()
                for category, form in shares.items()
            )
        ),
        highest_tlp=Tlp.RED,
        joint=False,
        four_eyes=False,
    )
    return Terms(parties=tuple(sorted(m.uri for m in members.values())), articles=(article,))
