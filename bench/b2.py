"""B2: open and verify a packet as it was delivered, beside the same cryptography bare.

B2p also follows the entry of its acceptance to a checkpoint over a million entries, and
verifies the checkpoint, as a reader does who keeps nothing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from bench.bare import Reader
from bench.exchange import Operator
from bench.federation import Federation, found, now_ms
from bench.harness import Result, Target, alternate, cpu_us, result
from bench.packet import READ, compose, lead, releaser, story
from tearline.audit.event import Event, EventCode
from tearline.federation.members import LogIdentity
from tearline.packets.ciphertexts import CiphertextTree
from tearline.packets.packet import PacketParts
from tearline.sealing import granted_slots, open_release
from tearline.statements.receipt import LogOpening
from tearline.tlog.checkpoint import Checkpoint, sign_checkpoint
from tearline.tlog.merkle import root_from_inclusion
from tearline.verification.log_entries import (
    blind_entry,
    entry_hash,
    verify_cosigned,
    verify_opening_in_log,
)
from tearline.wire.deliveries import Cursor, Delivery, encode_delivery, parse_delivery
from tearline.wire.grants import encode_event, parse_grant
from tearline.wire.packets import encode_release, parse_manifest
from tearline_client.bootstrap import HANDLERS
from tearline_client.inbox.verifier import DeliveryVerifier
from tearline_client.messages.compose import ComposedPacket
from tearline_client.messages.received import ReceivedGrant
from tearline_client.messages.recipient import Recipient

TARGET = Target(limit=1.7, at_most=True)
DOWNLOAD = 13_000
DOWNLOAD_TARGET = Target(limit=1, at_most=True)
_DEPTH = 20  # of a log of a million entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A packet as its reader gets it.

    Attributes:
        delivery: The encoded delivery.
        path: Inclusion proof of its entry.
        note: The checkpoint that the proof leads to.
    """

    delivery: bytes
    path: tuple[bytes, ...]
    note: bytes


class Readers:
    """The partner who reads 18 fields, and the packets that wait for it.

    Args:
        packets: How many.
    """

    def __init__(self, packets: int) -> None:
        operator = Operator.generate()
        self._federation = found(operator.enrolment)
        self._log: LogIdentity = operator.enrolment.log
        self._node = self._federation.partners()[1]
        plan, sealing = (
            lead(self._federation, self._federation.partners()),
            releaser(self._federation),
        )
        self._arrived = [
            _arrived(self._federation, operator, self._node, compose([plan], sealing).packets[0])
            for _ in range(packets)
        ]
        self.bytes = [len(arrived.delivery) for arrived in self._arrived]
        told = story(self._federation, [self._node])
        (packet,) = compose([told], sealing).packets
        self.story_bytes = len(_arrived(self._federation, operator, self._node, packet).delivery)
        self._intake: DeliveryVerifier

    def refresh(self) -> None:
        """Forgets which signatures were verified."""
        key = self._federation.kem_keys[self._node]
        self._intake = DeliveryVerifier(
            Recipient(
                node=self._node,
                trust=self._federation.trust(),
                kem_key=lambda _id: key,
                pins=self._federation.pins,
                agreement_at=lambda _id, _index: self._federation.agreement,
                policy_under=lambda _agreement: self._federation.policy,
            ),
            HANDLERS,
        )

    def open(self, number: int) -> ReceivedGrant:
        """Opens and verifies one packet."""
        delivery = parse_delivery(self._arrived[number].delivery)
        content = self._intake.verify(delivery, now_ms=now_ms()).content
        if not isinstance(content, ReceivedGrant):
            raise TypeError("a grant was delivered")
        return content

    def open_proven(self, number: int) -> None:
        """The same, and proves that the log holds its entry."""
        arrived = self._arrived[number]
        delivery = parse_delivery(arrived.delivery)
        self._intake.verify(delivery, now_ms=now_ms())
        if delivery.entry is None:
            raise TypeError("a grant is delivered with its entry")
        checkpoint = verify_cosigned(arrived.note, self._log)
        verify_opening_in_log(delivery.entry, arrived.path, checkpoint)


def run(*, rounds: int = 15, packets: int = 60) -> Sequence[Result]:
    """Measures B2 and B2p.

    Args:
        rounds: Alternations.
        packets: Packets of each run.
    """
    readers = Readers(packets)
    readers.refresh()
    seen = readers.open(0)
    if len(seen.view.fields) != READ or seen.findings:
        raise ValueError(f"the reader sees {len(seen.view.fields)} fields")
    readers.open_proven(0)
    bare = Reader(
        len(encode_release(seen.release)),
        [len(data) - 16 for data in seen.parts.ciphertexts.values()],
    )

    def opened() -> float:
        readers.refresh()
        return cpu_us(readers.open, packets)

    def proven() -> float:
        readers.refresh()
        return cpu_us(readers.open_proven, packets)

    runs = alternate(
        {"opened": opened, "proven": proven, "bare": lambda: cpu_us(bare.open, packets)}, rounds
    )
    baseline = "µs for a composite verification, 1 HPKE and 18 AES-GCM opens"
    return [
        result(
            "B2",
            "open and verify a delivered packet, 18 of 24 fields",
            runs=runs["opened"],
            unit="µs",
            baseline=runs["bare"],
            baseline_unit=baseline,
            target=TARGET,
        ),
        result(
            "B2p",
            "the same with its log proof and the checkpoint's two signatures",
            runs=runs["proven"],
            unit="µs",
            baseline=runs["bare"],
            baseline_unit=baseline,
        ),
        result(
            "B2b",
            "what the reader downloads of it",
            runs=readers.bytes,
            unit="bytes",
            baseline=[DOWNLOAD],
            baseline_unit="bytes, what the demo's lead may take",
        ),
        result(
            "B2d",
            "what one recipient downloads of the demo's lead",
            runs=[readers.story_bytes],
            unit="bytes",
            baseline=[DOWNLOAD],
            baseline_unit="bytes, what it may take",
            target=DOWNLOAD_TARGET,
        ),
    ]


def _arrived(
    federation: Federation, operator: Operator, node: str, packet: ComposedPacket
) -> Arrived:
    signed = next(
        each for each in packet.grants if parse_grant(each.statement.body).address.recipient == node
    )
    grant = parse_grant(signed.statement.body)
    manifest = parse_manifest(packet.manifest.statement.body)
    openings = {
        item.opening.compartment: item.opening
        for item in open_release(grant, federation.kem_keys[node]).compartments
    }
    granted = granted_slots(manifest, grant, openings)
    opening = LogOpening(
        index=secrets.randbelow(1 << _DEPTH) | 1 << 10,  # behind the keys' own entries
        salt=secrets.token_bytes(32),
        event=encode_event(
            Event(
                statement_id=signed.statement.id,
                code=EventCode.GRANT_ACCEPTED,
                party=node,
                time_ms=now_ms(),
                actor=federation.sender.header.signer,
                counterpart=node,
                packet=packet.manifest.statement.id,
                agreement_id=manifest.agreement.id,
                article=manifest.agreement.article,
                purpose=grant.purpose,
            )
        ),
    )
    # The neighbours' hashes decide nothing, so no log of a million entries has to be made.
    path = tuple(secrets.token_bytes(32) for _ in range(_DEPTH))
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    root = root_from_inclusion(opening.index, 1 << _DEPTH, leaf, path)
    checkpoint = Checkpoint(origin=operator.config.origin, size=1 << _DEPTH, root=root)
    delivery = Delivery(
        cursor=Cursor(epoch=secrets.token_bytes(16), seq=1),
        statements=(signed.statement, packet.manifest.statement),
        attestations=packet.manifest.attestations,
        parts=(
            PacketParts(
                manifest=packet.manifest.statement.id,
                ciphertexts={slot: packet.parts.ciphertexts[slot] for slot in sorted(granted)},
                slot_count=packet.parts.slot_count,
                path=CiphertextTree(packet.parts).path(granted),
            ),
        ),
        entry=opening,
    )
    return Arrived(
        delivery=encode_delivery(delivery),
        path=path,
        note=sign_checkpoint(checkpoint, operator.keys.log, time_s=now_ms() // 1000),
    )
