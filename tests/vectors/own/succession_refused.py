"""Entries of trust-v1.json that must not be believed."""

from dataclasses import replace

from support import agencies as b
from tearline.federation.members import KeyUse, TrustList
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.verification.trust import GENESIS_FEDERATION
from tearline.wire.statements import Signed, encode_signed
from vectors.own.plain import Json, unchecked
from vectors.own.story import (
    CN,
    FRESH,
    MX,
    US,
    US_NODE,
    Story,
    listed,
    recorded,
)

NOT_NEXT = "TL-TRU-004"


def lists_refused(story: Story) -> list[Json]:
    """Lists that do not follow list 1, and list 1 alone."""
    us, mx, cn = (story.federation.signer(each) for each in (US, MX, CN))
    fresh_us, node = story.federation.signer(US, FRESH), story.federation.node(US)
    genesis = b.signer(US, GENESIS_FEDERATION, FRESH)
    abroad = b.signer(US, b.secret("another federation"))
    now, coming = story.state.trust_list, story.admitting(CN)
    another = b.secret("another list")
    moved = story.list(exchange=replace(now.exchange, address="exchange.example:9443"))
    stolen = story.list(agencies=story.changing(US, root_key=FRESH.public.encoded))
    renamed = story.list(agencies=story.changing(US, name="other"))
    certificates = b.agency(CN).certificate_authorities
    certified = story.list(agencies=story.changing(US, certificate_authorities=certificates))
    elsewhere = story.list(log=replace(now.log, origin="other.example/log"))
    twins = [replace(each, name="twin") for each in coming.agencies]
    domain = replace(b.agency(CN), uri="spiffe://exchange.example")
    everyone = (us, mx, cn)
    cases = [
        ("number 3 after number 1", replace(coming, number=3), everyone, "L-18", NOT_NEXT),
        ("after another list", replace(coming, previous=another), everyone, "L-18", NOT_NEXT),
        ("admission without a root of before", coming, (us, cn), "L-18", NOT_NEXT),
        ("admission without the new root", coming, (us, mx), "L-18", NOT_NEXT),
        ("a name changes without its root", renamed, (mx,), "L-18", NOT_NEXT),
        ("a certificate changes without its root", certified, (mx,), "L-18", NOT_NEXT),
        ("a root changes without itself", stolen, (mx,), "L-18", NOT_NEXT),
        ("a root changes, signed by the new one", stolen, (mx, fresh_us), "L-17", "TL-TRU-002"),
        ("the exchange moves below the threshold", moved, (us,), "L-18", NOT_NEXT),
        ("the exchange moves by one root twice", moved, (us, us), "L-18", NOT_NEXT),
        ("another log below the threshold", elsewhere, (us,), "L-18", NOT_NEXT),
        ("another threshold below it", story.list(threshold=1), (us,), "L-18", NOT_NEXT),
        ("another suite below it", story.list(min_suite=2), (us,), "L-18", NOT_NEXT),
        ("a node signs a list", moved, (us, mx, node), "L-17", "TL-TRU-001"),
        ("a stranger signs a list", moved, (us, mx, cn), "L-17", "TL-TRU-001"),
        ("proposed in another federation", moved, (abroad, mx), "L-16", "TL-TRU-003"),
        ("signed in another federation", moved, (us, mx, abroad), "S-25", "TL-TRU-003"),
        (
            "a threshold of none",
            unchecked(moved, threshold=0),
            (us,),
            "L-24",
            "TL-PKT-001",
        ),
        (
            "a threshold above all",
            unchecked(moved, threshold=3),
            (us,),
            "L-24",
            "TL-PKT-001",
        ),
        (
            "agencies out of order",
            unchecked(moved, agencies=moved.agencies[::-1]),
            (us,),
            "L-24",
            "TL-PKT-001",
        ),
        (
            "two agencies of one name",
            unchecked(coming, agencies=tuple(twins)),
            (us,),
            "L-24",
            "TL-PKT-001",
        ),
        (
            "an agency in the exchange's domain",
            unchecked(moved, agencies=(domain, *moved.agencies)),
            (us,),
            "L-24",
            "TL-PKT-001",
        ),
    ]
    found = [
        story.refused(rule, name, code, story.signed(value, *signers))
        for name, value, signers, rule, code in cases
    ]
    another_first = listed(unchecked(now, header=genesis.header), genesis)
    bent = bent_last(story.signed(coming, us, mx, cn))
    return [
        *found,
        story.refused("L-18", "another list 1, under a key of nobody", NOT_NEXT, another_first),
        story.refused("S-9", "a signature that does not verify", "TL-KEY-002", bent),
    ]


def bent_last(value: Signed) -> Signed:
    """A forgery: the last signer's signature changed."""
    *kept, inclusion = value.statement.inclusions
    attestation = value.attestations[inclusion.attestation]
    forged = replace(attestation, signature=attestation.signature[:-1] + b"\0")
    inclusion = replace(inclusion, attestation=forged.hash)
    return Signed(
        statement=replace(value.statement, inclusions=(*kept, inclusion)),
        attestations={**value.attestations, forged.hash: forged},
    )


def removal_refused(story: Story) -> list[Json]:
    """After list 2, which names three agencies."""
    us, mx, cn = (story.federation.signer(each) for each in (US, MX, CN))
    going = story.list(agencies=story.without(CN))
    both = story.list(agencies=story.without(CN, MX), threshold=1)
    return [
        story.refused("L-18", name, NOT_NEXT, story.signed(value, *signers))
        for name, value, signers in [
            ("removal by one of the others", going, (us,)),
            ("removal of two by the third", both, (us,)),
            ("list 2 again", story.list(number=2, previous=story.federation.id), (us, mx, cn)),
        ]
    ]


def records_refused(story: Story) -> list[Json]:
    """Key records, after one of each node."""
    federation = story.federation
    us, cn, node = federation.signer(US), federation.signer(CN), federation.node(US)
    fresh, kem = FRESH.public.encoded, b.kem_key("another").public.encoded
    useless = kem[:-32] + bytes(32)
    types = [StatementType.MARK, StatementType.TRUST_LIST]
    own = b.signing_key(US_NODE).public.encoded
    long = b.key_record(node.header, US_NODE, KeyUse.KEM, kem, days=(0, 8))
    early = b.key_record(node.header, US_NODE, KeyUse.KEM, kem, days=(-2, 5))
    late = b.key_record(node.header, US_NODE, KeyUse.KEM, kem, days=(8, 9))
    sign, seal = KeyUse.SIGN, KeyUse.KEM
    mx_node = federation.node(MX)
    stranger = "spiffe://stranger.example/node/hub"
    cases = [
        ("L-20", "a neighbour certifies", "TL-PKT-004", story.record(mx_node, US_NODE, seal, kem)),
        ("L-20", "another root certifies", "TL-PKT-004", story.record(cn, US_NODE, seal, kem)),
        (
            "S-27",
            "the exchange certifies",
            "TL-PKT-005",
            story.record(federation.signer(b.EXCHANGE), US_NODE, seal, kem),
        ),
        (
            "L-20",
            "a node that signs lists",
            "TL-PKT-005",
            story.record(us, US_NODE, sign, fresh, types=types),
        ),
        ("L-20", "a second record", "TL-PKT-001", story.record(us, US_NODE, sign, own)),
        (
            "L-20",
            "nothing can be sealed to it",
            "TL-KEY-001",
            story.record(node, US_NODE, seal, useless),
        ),
        ("L-20", "of nobody's node", "TL-PKT-004", story.record(us, stranger, sign, fresh)),
        ("L-21", "it ends after its signer's key", "TL-TRU-002", recorded(long, node)),
        ("L-23", "it begins before its signer's key", "TL-TRU-002", recorded(early, node)),
        ("L-23", "it begins after its signer's key", "TL-TRU-002", recorded(late, node)),
    ]
    return [story.refused(rule, name, code, entry) for rule, name, code, entry in cases]


def revocations_refused(story: Story, root: Signer, revoked: Signed) -> list[Json]:
    """Revocations, and records after ``revoked``, by which US's ``root`` ended its node's key."""
    federation = story.federation
    cn, node = federation.signer(CN), federation.node(US)
    kem = b.kem_key("another").public.encoded
    fresh = b.signing_key("a key that was lost early")
    unseen = story.revoking(root, fresh.id)
    record = story.record(root, US_NODE, KeyUse.SIGN, fresh.public.encoded)
    by_a_node = story.revoking(node, b.signing_key(US_NODE).id)
    foreign = story.revoking(cn, b.signing_key(US_NODE).id)
    sealing = story.record(node, US_NODE, KeyUse.KEM, kem)
    return [
        story.refused("L-22", "another agency revokes", "TL-TRU-002", foreign),
        story.refused("L-23", "a node revokes", "TL-TRU-002", by_a_node),
        story.refused("L-22", "a key that was revoked before", "TL-TRU-002", record, unseen),
        story.refused("L-23", "certified by a revoked key", "TL-TRU-002", sealing, revoked),
    ]


def beginnings_refused() -> list[Json]:
    """First lists: the federation that is pinned, and what it begins with."""
    us, mx = (b.signer(each, GENESIS_FEDERATION) for each in (US, MX))
    first = b.first_list((US, MX))
    abroad = b.signer(MX, b.secret("another federation"))

    def beginning(
        rule: str, name: str, code: str, value: TrustList, *signers: Signer, pin: bytes = b""
    ) -> Json:
        entry = listed(unchecked(value, header=signers[0].header), *signers)
        pinned = (pin or entry.statement.id).hex()
        given = {"federation": pinned, "entry": (b"\0" + encode_signed(entry)).hex()}
        return {"name": name, "rule": rule, **given, "code": code}

    second = unchecked(first, number=2, previous=b.secret("list 1"))
    return [
        beginning("L-16", "not the one pinned", "TL-TRU-005", first, us, mx, pin=b.secret("pin")),
        beginning("L-16", "it names a federation", "TL-TRU-003", first, abroad, us),
        beginning("L-18", "a root has not signed", NOT_NEXT, first, us),
        beginning("L-18", "list 2", NOT_NEXT, second, us, mx),
        beginning("L-23", "below its own suite", "TL-PKT-012", replace(first, min_suite=2), us, mx),
    ]
