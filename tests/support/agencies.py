"""A small federation for tests: agencies, their nodes and keys, packets and grants.

Private keys follow from names, so that one name always means one key; everything else is
as random as in use. A ``Federation`` knows its members' keys and the clear entries that its
log begins with; the functions below make what its nodes send each other.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import LeafCertificate
from tearline.crypto.keys import KemKey, SigningKey
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
    ExchangeIdentity,
    KeyRecord,
    KeyUse,
    LogIdentity,
)
from tearline.identity import AgencyUri, parse_node_uri
from tearline.packets.grant import Caveats, Grant
from tearline.packets.packet import AgreementRef, Field, PacketKind, Pins, WithholdReason
from tearline.policy.form import Form
from tearline.policy.marking import Marking, Pap, Tlp
from tearline.policy.terms import ArticleTerms, Terms
from tearline.sealing import Envelope, SealedPacket, release_of, seal, seal_release
from tearline.statements.channel import Address
from tearline.statements.signer import Signer
from tearline.statements.statement import Header, StatementType
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.federation import (
    encode_charter,
    encode_charter_signature,
    encode_key_record,
    encode_member_record,
)
from tearline.wire.packets import (
    CompartmentRelease,
    Release,
    encode_manifest,
    encode_release,
    parse_release,
)
from tearline.wire.statements import Signed, cosigned, signed

NOW_MS = 1_780_000_000_000
DAY_MS = 24 * 3_600_000
EXCHANGE = "spiffe://exchange.example/exchange"
ORIGIN = "exchange.example/log"
US, MX, CN = (f"spiffe://{name}.example" for name in ("us-justice", "mx-finance", "cn-security"))
AGREEMENT_ID = b"agreement-id-16b"
PINS = Pins(policy=b"p" * 32, schema=b"s" * 32, profile=b"f" * 32, masks=b"m" * 32)


def article(**changed: object) -> ArticleTerms:
    """An article that shares nothing; ``changed`` replaces its parts."""
    found = ArticleTerms(
        id="leads",
        purposes=(),
        kinds=(),
        crime_areas=(),
        directions=(),
        shares=(),
        highest_tlp=Tlp.AMBER,
        joint=False,
        four_eyes=False,
    )
    return replace(found, **changed)  # type: ignore[arg-type]


def us_mx(header: Header, *articles: ArticleTerms, **changed: object) -> Agreement:
    """An agreement between the United States and Mexico; ``changed`` replaces its parts."""
    found = Agreement(
        header=header,
        id=AGREEMENT_ID,
        version=1,
        name="us-mx",
        terms=Terms(parties=(MX, US), articles=articles or (article(),)),
        pins=PINS,
        reply_times=DEFAULT_REPLY_TIMES,
        retention_ms=365 * DAY_MS,
        onward_use="With consent.",
        oversight=(),
        valid_from_ms=NOW_MS - DAY_MS,
        valid_until_ms=NOW_MS + 90 * DAY_MS,
    )
    return replace(found, **changed)  # type: ignore[arg-type]


def secret(name: str, size: int = 32) -> bytes:
    """``size`` bytes that always follow from ``name``."""
    return hashlib.shake_256(name.encode()).digest(size)


@cache
def signing_key(name: str) -> SigningKey:
    """The signing key that ``name`` stands for; parties use their URI."""
    return SigningKey(secret(f"sign {name}", 64))


@cache
def kem_key(name: str) -> KemKey:
    """The encryption key that ``name`` stands for."""
    return KemKey(secret(f"kem {name}"))


@cache
def authority(uri: str) -> CertificateAuthority:
    """An agency's or the operator's certificate authority; fresh in every run."""
    domain = AgencyUri(trust_domain=uri.split("/")[2])
    year_s = 365 * 24 * 3600
    return CertificateAuthority.create(domain, now_s=NOW_MS // 1000 - 3600, lifetime_s=year_s)


def node_of(agency_uri: str) -> str:
    """The URI of the one node that every agency here has."""
    return f"{agency_uri}/node/hub"


def agency(uri: str, root: SigningKey | None = None) -> Agency:
    """An agency, as its member record states it."""
    return Agency(
        name=uri.removeprefix("spiffe://").removesuffix(".example"),
        uri=uri,
        root_key=(root or signing_key(uri)).public.encoded,
        certificate_authorities=(authority(uri).certificate,),
        token_issuers=(secret(f"token issuer {uri}"),),
    )


@cache
def log_signers(origin: str = ORIGIN) -> tuple[CheckpointSigner, ...]:
    """The log's keys, Ed25519 and ML-DSA-44."""
    return tuple(
        CheckpointSigner(name=origin, algorithm=algorithm, seed=secret(f"log {algorithm.name}"))
        for algorithm in NoteAlgorithm
    )


def log_identity(origin: str = ORIGIN) -> LogIdentity:
    """The log as charters name it."""
    keys = tuple(each.verifier.encode() for each in log_signers(origin))
    return LogIdentity(origin=origin, verifier_keys=keys)


def exchange_identity(key: SigningKey | None = None) -> ExchangeIdentity:
    """The exchange as charters name it."""
    return ExchangeIdentity(
        uri=EXCHANGE,
        signing_key=(key or signing_key(EXCHANGE)).public.encoded,
        certificate_authority=authority(EXCHANGE).certificate,
        dns_name="exchange.example",
        address="exchange.example:8443",
    )


def enrolment() -> ExchangeEnrolment:
    """The exchange and its log, as the drafter of a charter gets them."""
    return ExchangeEnrolment(
        exchange=exchange_identity(),
        log=log_identity(),
    )


def constitution(uris: Iterable[str], *, threshold: int | None = None) -> Constitution:
    """The constitution of these agencies: all of them vote, and all are counted cosigners."""
    council = tuple(sorted(uris))
    return Constitution(
        council=council,
        rules=rules_of(threshold or len(council) // 2 + 1),
        cosigners=council,
        quorum=2 * len(council) // 3 + 1,
        exchange=enrolment().exchange,
        log=enrolment().log,
        min_suite=1,
    )


def member_record(
    listed: Agency,
    federation: bytes,
    *roots: SigningKey,
    generation: int = 1,
    number: int = 1,
    previous: bytes = b"",
) -> Signed:
    """A member record of an agency, signed by its roots; by the one that its URI means."""
    signers = [signer(listed.uri, federation, root) for root in roots or (None,)]
    record = MemberRecord(
        header=signers[0].header,
        generation=generation,
        number=number,
        previous=previous,
        agency=listed,
    )
    return signed_by(StatementType.MEMBER_RECORD, encode_member_record(record), *signers)


def founding(agencies: Iterable[Agency], constituted: Constitution) -> tuple[Signed, ...]:
    """The entries that found a federation of these agencies, drafted by the first of them."""
    listed = sorted(agencies, key=lambda each: each.uri)
    records = [member_record(each, GENESIS_FEDERATION) for each in listed]
    drafter, *others = (signer(each.uri, GENESIS_FEDERATION) for each in listed)
    charter = Charter(
        header=drafter.header,
        name="tests",
        founders=tuple(sorted(each.statement.id for each in records)),
        constitution=constituted,
    )
    drafted = signed_by(StatementType.CHARTER, encode_charter(charter), drafter)
    signatures = [
        signed_by(
            StatementType.CHARTER_SIGNATURE,
            encode_charter_signature(
                CharterSignature(header=each.header, charter=drafted.statement.id)
            ),
            each,
        )
        for each in others
    ]
    return (drafted, *records, *signatures)


def signer(uri: str, federation: bytes, key: SigningKey | None = None) -> Signer:
    """A party that signs under its own key, or under ``key``."""
    return Signer(federation=federation, uri=uri, key=key or signing_key(uri))


def signed_by(kind: StatementType, body: bytes, *signers: Signer) -> Signed:
    """One statement under one signature of each signer, in their order."""
    return cosigned((each.sign([(kind, body)]), 0) for each in signers)


def resigned(value: Signed, change: Callable[[bytes], bytes]) -> Signed:
    """A forgery: ``value`` with another signature, pointing to the attestation so changed."""
    (inclusion,) = value.statement.inclusions
    attestation = value.attestations[inclusion.attestation]
    forged = replace(attestation, signature=change(attestation.signature))
    inclusion = replace(inclusion, attestation=forged.hash)
    return Signed(
        statement=replace(value.statement, inclusions=(inclusion,)),
        attestations={forged.hash: forged},
    )


def key_record(
    header: Header,
    subject: str,
    use: KeyUse,
    public_key: bytes,
    types: Iterable[StatementType] = NODE_TYPES,
    days: tuple[int, int] = (-1, 7),
    now_ms: int = NOW_MS,
) -> KeyRecord:
    """A record of a key that counts from yesterday until a week from now."""
    return KeyRecord(
        header=header,
        subject=subject,
        use=use,
        public_key=public_key,
        types=tuple(sorted(types)) if use is KeyUse.SIGN else (),
        not_before_ms=now_ms + days[0] * DAY_MS,
        not_after_ms=now_ms + days[1] * DAY_MS,
    )


@dataclass(frozen=True, kw_only=True)
class Federation:
    """A federation at its beginning.

    Attributes:
        agencies: Their URIs, ascending.
        id: 32 bytes.
        clear: The entries its log begins with: the founding, and per node a signing key certified
            by its root and an encryption key certified by itself.
    """

    agencies: tuple[str, ...]
    id: bytes
    clear: tuple[Signed, ...]

    def signer(self, uri: str, key: SigningKey | None = None) -> Signer:
        """A member, its node or the exchange, as it signs here."""
        return signer(uri, self.id, key)

    def node(self, agency_uri: str) -> Signer:
        """An agency's node."""
        return self.signer(node_of(agency_uri))

    @property
    def keys(self) -> tuple[Signed, ...]:
        """The records of the nodes' keys, after the founding."""
        return self.clear[2 * len(self.agencies) :]

    def trust(self) -> TrustState:
        """What a party knows that has read the log so far."""
        state = TrustState(federation=self.id)
        for index, entry in enumerate(self.clear):
            state.apply(index, entry)
        return state

    @property
    def next(self) -> Moment:
        """The moment of the entry after those in the log."""
        return Moment(index=len(self.clear), time_ms=NOW_MS)


def federation(*uris: str, threshold: int | None = None) -> Federation:
    """A federation of these agencies; of three where none are named."""
    return _federation(tuple(sorted(uris or (US, MX, CN))), threshold)


@cache
def _federation(uris: tuple[str, ...], threshold: int | None) -> Federation:
    clear = clear_entries(map(agency, uris), constitution(uris, threshold=threshold))
    return Federation(agencies=uris, id=clear[0].statement.id, clear=clear)


def clear_entries(
    agencies: Iterable[Agency], constituted: Constitution, *, now_ms: int = NOW_MS
) -> tuple[Signed, ...]:
    """Returns the entries that a log begins with; see ``Federation``."""
    listed = sorted(agencies, key=lambda each: each.uri)
    clear = [*founding(listed, constituted)]
    federation_id = clear[0].statement.id
    for uri in (each.uri for each in listed):
        node = node_of(uri)
        for certifier, use, public in (
            (uri, KeyUse.SIGN, signing_key(node).public.encoded),
            (node, KeyUse.KEM, kem_key(node).public.encoded),
        ):
            by = signer(certifier, federation_id)
            record = key_record(by.header, node, use, public, now_ms=now_ms)
            clear.append(signed_by(StatementType.KEY_RECORD, encode_key_record(record), by))
    return tuple(clear)


def marking(category: str = "identity.subject", tlp: Tlp = Tlp.AMBER) -> Marking:
    """A marking without handling codes."""
    return Marking(category=category, tlp=tlp, handling=(), orcon=False, pap=Pap.AMBER)


def text_field(
    path: str,
    *values: str,
    category: str = "identity.subject",
    form: Form = Form.CLEAR,
) -> Field:
    """A field of text; a generalised one says that ``band`` made it."""
    return Field(
        path=path,
        values=tuple(value.encode() for value in values),
        marking=marking(category),
        form=form,
        mask="band" if form is Form.GENERALISED else "",
    )


FIELDS = (
    text_field("3a" * 16 + "/Person/name", "Li Wei", "李伟"),
    text_field("3a" * 16 + "/Person/birthDate", "1975-03-02", category="identity.birth"),
    text_field("5b" * 16 + "/Payment/amount", "1250000", category="finance.amount"),
    text_field(
        "5b" * 16 + "/Payment/amount",
        "1M-5M",
        category="finance.amount",
        form=Form.GENERALISED,
    ),
    text_field("7c" * 16 + "/Note/source", "the bookkeeper", category="identity.source"),
)
"""A lead: two fields of a person, an amount in two forms, and who told us."""


def packet(header: Header, fields: Sequence[Field] = FIELDS, **changed: object) -> SealedPacket:
    """A sealed lead under the agreement that all packets here are under."""
    envelope = Envelope(
        kind=PacketKind.LEAD,
        agreement=AgreementRef(id=AGREEMENT_ID, version=1, article="money-laundering"),
        not_after_ms=NOW_MS + 90 * DAY_MS,
        case_id="case-7",
        evaluation="B2",
    )
    return seal(fields, replace(envelope, **changed), header)  # type: ignore[arg-type]


def under(item: CompartmentRelease, key: bytes) -> CompartmentRelease:
    """The release of a compartment under another key, as it is read from its encoding."""
    (read,) = parse_release(
        encode_release(Release(compartments=(replace(item, key=key),)))
    ).compartments
    return read


def compartment_of(sealed: SealedPacket, category: str, form: Form = Form.CLEAR) -> int:
    """The index of the compartment of one category and form."""
    return next(
        c
        for c, opening in sealed.openings.items()
        if (opening.marking.category, opening.form) == (category, form)
    )


def manifest_signed(sealed: SealedPacket, originator: Signer) -> Signed:
    """The manifest of a packet as a statement of its originator."""
    return signed(originator.sign([(StatementType.MANIFEST, encode_manifest(sealed.manifest))]))


def grant(
    sealed: SealedPacket,
    manifest_id: bytes,
    grantor: Header,
    recipient: str,
    *,
    compartments: Iterable[int] = (),
    slots: Iterable[int] = (),
    existences: Mapping[int, WithholdReason] | None = None,
    key: KemKey | None = None,
    seq: int = 1,
) -> Grant:
    """A sealed grant of parts of a packet to a node; of all compartments where none are named."""
    compartments, slots, existences = tuple(compartments), tuple(slots), existences or {}
    if not (compartments or slots or existences):
        compartments = tuple(sealed.openings)
    release = release_of(sealed, existences=existences, compartments=compartments, slots=slots)
    key = key or kem_key(recipient)
    bare = Grant(
        header=grantor,
        address=Address(recipient=recipient, agreement_id=AGREEMENT_ID, seq=seq),
        grant_id=secret(f"grant {seq}", 16),
        packet=manifest_id,
        kem_key_id=key.id,
        not_after_ms=NOW_MS + 30 * DAY_MS,
        purpose="investigation",
        caveats=Caveats(handling=("H1",), orcon=True, pap=Pap.AMBER),
        openings=tuple(sorted(existences)),
        compartments=tuple(sorted(compartments)),
        fields=tuple(sorted(slots)),
        acted_by=None,
        sealed=b"",
    )
    return seal_release(bare, release, key.public)


def leaf_of(agency: str) -> LeafCertificate:
    """What the certificate of an agency's node says, for a very long time."""
    return LeafCertificate(
        node=parse_node_uri(node_of(agency)),
        thumbprint=bytes(32),
        key_id=bytes(32),
        not_before_s=0,
        not_after_s=1 << 40,
    )
