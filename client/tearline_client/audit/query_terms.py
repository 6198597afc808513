"""Terms of an audit query as typed by people: short ids, and names of agreements."""

import re

from tearline.encoding import parse_hex
from tearline.errors import MalformedInput
from tearline.packets.packet import AGREEMENT_ID_SIZE
from tearline.statements.statement import HASH_SIZE
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.packets import PacketStore

_TERM = re.compile(r"[^ \t]+")


def whole_query(query: str, packets: PacketStore, agreements: AgreementStore) -> str:
    """Returns a query with whole ids, as the exchange reads it.

    ``packet:`` accepts the beginning of the id of a packet here, ``agreement:`` that of an
    agreement here or its name. A whole id may be unknown here.

    Raises:
        NotFound: If no packet here has such an id.
        AgreementNotInForce: If no agreement here has such a name or id.
        NameAmbiguous: If several have.
    """
    return _TERM.sub(lambda term: _whole(term[0], packets, agreements), query)


def _whole(term: str, packets: PacketStore, agreements: AgreementStore) -> str:
    name, _, value = term.partition(":")
    match name.removeprefix("-"):
        case "packet" if value and not _is_id(value, HASH_SIZE):
            return f"{name}:{packets.find(value).hex()}"
        case "agreement" if value and not _is_id(value, AGREEMENT_ID_SIZE):
            return f"{name}:{agreements.by_name(value).id.hex()}"
        case _:
            return term


def _is_id(text: str, size: int) -> bool:
    try:
        parse_hex(text, size=size)
    except MalformedInput:
        return False
    return True
