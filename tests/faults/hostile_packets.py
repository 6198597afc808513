"""Packets of a hostile member that are hard to take in, and grants of them."""

from dataclasses import replace

from faults.hostile_member import Hostile, text_field
from tearline.blobs.parts import Division, part_count
from tearline.crypto.keys import SigningKey
from tearline.limits import MAX_BLOB_BYTES, MAX_BLOB_LINKS, MAX_SEALED_BYTES, MAX_SLOTS
from tearline.packets.packet import BLOB_ID_SIZE, BlobLink, Field, PacketKind
from tearline.statements.signer import Signer
from tearline.wire.blobs import Offer
from tearline.wire.publications import publication_of

LARGEST = Division(length=MAX_BLOB_BYTES)


def _token(number: int) -> str:
    return f"{number:032x}"


async def mislabelled_fields(hostile: Hostile) -> None:
    """One packet whose every field is labelled as something that it is not."""
    fields = [
        text_field(f"{_token(number)}/Person/name", "Qiu", category="reference")
        for number in range(1100)
    ]
    await hostile.send(hostile.victim(), fields)


async def sealed_to_nobody(hostile: Hostile) -> None:
    """More grants than a quarantine holds, none of which opens."""
    field = text_field(f"{_token(1)}/Person/name", "Qiu")
    packet, publications = hostile.compose(hostile.victim(), [field])
    for publication in publications:
        await hostile.publish(publication)
    for _ in range(9):
        await hostile.say(hostile.grants_like(packet, 128, 1200))


async def oversize_deliveries(hostile: Hostile) -> None:
    """A packet and a grant, each small enough alone, that do not fit one message together."""
    fields = [text_field(f"{_token(n)}/Note/notes", "x" * 500_000) for n in range(5)]
    agreement = hostile.victim()
    packet, publications = hostile.compose(agreement, fields)
    for publication in publications:
        await hostile.publish(publication)
    await hostile.say(hostile.grants_like(packet, 1, MAX_SEALED_BYTES))
    many = [text_field(f"{_token(n)}/Note/notes", "x" * 1300) for n in range(2040)]
    await hostile.send(agreement, many)


def _leg(number: int, name: str, value: str) -> Field:
    return text_field(f"{_token(number)}/TransferLeg/{name}", value)


async def legs_by_the_thousand(hostile: Hostile) -> None:
    """A transfer of so many legs that to compare each with each takes long."""
    legs = [_leg(number, "amount", str(number + 1)) for number in range(2040)]
    await hostile.send(hostile.victim(), legs, kind=PacketKind.VALUE_TRANSFER)


async def legs_of_the_last_year(hostile: Hostile) -> None:
    """Both sides of a transfer on the last day that a calendar holds."""
    legs = []
    for number, side in enumerate(("pay-in", "pay-out")):
        said = {"side": side, "amount": "100", "currency": "USD", "date": "9999-12-31"}
        said |= {"country": "mx", "method": "cash"}
        legs += [_leg(number, name, value) for name, value in said.items()]
    await hostile.send(hostile.victim(), legs, kind=PacketKind.VALUE_TRANSFER)


async def references_of_a_stranger(hostile: Hostile) -> None:
    """The largest packets by name, hundreds of times in a message, under a key of nobody."""
    fields = [text_field(f"{_token(n)}/Note/notes", "x" * 500_000) for n in range(5)]
    packets = []
    for _ in range(4):
        packet, publications = hostile.compose(
            "among-us", fields, to=hostile.puppet.identity().agency
        )
        for publication in publications:
            await hostile.publish(publication)
        packets.append(packet)
    stranger = Signer(
        federation=hostile.signer.header.federation,
        uri=hostile.signer.header.signer,
        key=SigningKey.generate(),
    )
    for _ in range(4):
        said = [each for packet in packets for each in hostile.grants_like(packet, 75, 1200)]
        tree = stranger.sign(said)
        await hostile.publish(publication_of(tree, range(len(said))))


async def mail_past_a_suspension(hostile: Hostile) -> None:
    """Packets under the agreement that a partner may have suspended, one after another."""
    field = text_field(f"{_token(1)}/Person/name", "Qiu")
    for _ in range(8):
        await hostile.send("suspended", [field], to=hostile.victims["with-cn"])


async def documents_without_parts(hostile: Hostile) -> None:
    """Eight documents of 50 GiB are announced, again and again, and never sent."""
    leaves = tuple([bytes(32)] * part_count(LARGEST.sealed))
    documents = [hostile.chance.randbytes(BLOB_ID_SIZE) for _ in range(8)]
    for blob_id in (*documents, *documents):
        await hostile.offer(Offer(id=blob_id, size=LARGEST.sealed, leaves=leaves))


async def links_by_the_thousand(hostile: Hostile) -> None:
    """Packets that link a document for each of thousands of slots, or just as many as may be."""
    fields = [text_field(f"{_token(n)}/Note/notes", "x") for n in range(2040)]
    _, publications = hostile.compose(hostile.victim(), fields)
    blob_id = hostile.chance.randbytes(BLOB_ID_SIZE)
    for publication in publications:
        for count in (MAX_SLOTS, MAX_BLOB_LINKS):
            linked = tuple(
                replace(
                    parts,
                    blobs=tuple(
                        BlobLink(slot=slot, id=blob_id, root=bytes(32))
                        for slot in sorted(parts.ciphertexts)[:count]
                    ),
                )
                for parts in publication.parts
            )
            for _ in range(8):
                await hostile.publish(replace(publication, parts=linked))
