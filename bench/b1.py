"""B1: seal a packet, ready to send, beside the same cryptography bare."""

from collections.abc import Sequence

from bench.bare import Sender
from bench.exchange import enrolment
from bench.federation import found
from bench.harness import Result, Target, alternate, cpu_us, result
from bench.packet import SLOTS, compose, lead, releaser
from tearline.sealing import open_release
from tearline.wire.grants import parse_grant
from tearline.wire.packets import encode_release
from tearline.wire.publications import encode_publication
from tearline_client.messages.compose import ComposedPacket

TARGET = Target(limit=1.6, at_most=True)
_OVERHEAD = 16  # bytes that AES-GCM adds


def run(*, rounds: int = 15, packets: int = 40) -> Sequence[Result]:
    """Measures B1.

    Args:
        rounds: Alternations.
        packets: Packets of each run.
    """
    federation = found(enrolment())
    plan = lead(federation, federation.partners())
    sealing = releaser(federation)

    def seal(_number: int) -> ComposedPacket:
        composition = compose([plan], sealing)
        encode_publication(composition.publications[0])
        return composition.packets[0]

    packet = seal(0)
    lengths = [len(data) - _OVERHEAD for data in packet.parts.ciphertexts.values()]
    if len(lengths) != SLOTS:
        raise ValueError(f"the packet fills {len(lengths)} slots")
    grants = [parse_grant(signed.statement.body) for signed in packet.grants]
    releases = [
        len(encode_release(open_release(grant, federation.kem_keys[grant.address.recipient])))
        for grant in grants
    ]
    bare = Sender(releases, lengths)
    bare.seal(0)
    runs = alternate(
        {
            "sealed": lambda: cpu_us(seal, packets),
            "bare": lambda: cpu_us(bare.seal, packets),
        },
        rounds,
    )
    return [
        result(
            "B1",
            "seal a packet of 24 fields in 32 slots with 3 grants, ready to send",
            runs=runs["sealed"],
            unit="µs",
            baseline=runs["bare"],
            baseline_unit="µs for a composite signature, 3 HPKE and 32 AES-GCM seals",
            target=TARGET,
        )
    ]
