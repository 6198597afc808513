"""What nodes send through a real exchange: an agreement, and leads under it."""

import time
from collections.abc import Sequence
from dataclasses import replace

from support.agencies import (
    AGREEMENT_ID,
    CN,
    FIELDS,
    MX,
    US,
    compartment_of,
    grant,
    node_of,
    signed_by,
)
from support.exchange import (
    INSTALLATION,
    agreement,
    codes,
    manifest_id,
    packet_publication,
    sealed_packet,
)
from support.exchange_process import DAY_MS, Served
from tearline.packets.packet import Field
from tearline.statements.channel import Address
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.publications import Publication


def now_ms() -> int:
    """This machine's clock, Unix milliseconds."""
    return int(time.time() * 1000)


async def agree(served: Served) -> None:
    """Puts an agreement of all three in force."""
    found = agreement(
        served.root(US).header,
        valid_from_ms=now_ms() - DAY_MS,
        valid_until_ms=now_ms() + 30 * DAY_MS,
        pins=INSTALLATION.pins,
    )
    roots = map(served.root, (US, CN, MX))
    signed = signed_by(StatementType.AGREEMENT, encode_agreement(found), *roots)
    async with served.client(US) as client:
        assert codes(await client.publish(Publication(signed=(signed,)))) == [""]


def lead(
    served: Served,
    seq: int,
    *recipients: str,
    sender: str = US,
    fields: Sequence[Field] = FIELDS,
) -> Publication:
    """A packet, and a grant at the same place to each recipient; to one where none is named."""
    node = served.node(sender)
    sealed = sealed_packet(node.header, fields, not_after_ms=now_ms() + 20 * DAY_MS)
    grants = []
    for number, recipient in enumerate(recipients or (CN,)):
        made = grant(
            sealed,
            manifest_id(sealed),
            node.header,
            node_of(recipient),
            compartments=[compartment_of(sealed, "identity.subject")],
        )
        made = replace(
            made,
            grant_id=(seq << 8 | number).to_bytes(16, "big"),
            address=Address(recipient=node_of(recipient), agreement_id=AGREEMENT_ID, seq=seq),
            not_after_ms=now_ms() + 10 * DAY_MS,
        )
        grants.append(made)
    return packet_publication(node, sealed, grants)
