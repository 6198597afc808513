"""Where stored things belong: a statement whose entry was erased, and the nodes of an agency."""

from tearline.wire.addressed import address_of
from tearline.wire.statements import parse_statement


def nodes_between(agency: str) -> tuple[str, str]:
    """Returns two texts: in order of bytes, an agency's nodes alone stand between them."""
    return f"{agency}/node/", f"{agency}/node0"


def parties_between(party: str) -> tuple[str, str]:
    """Returns the first and the last text that the nodes of an agency, or a node, may be."""
    return (party, party) if "/node/" in party else nodes_between(party)


def agreement_of(envelope: bytes) -> bytes:
    """The agreement of the channel that a statement has a place in; empty where it has none."""
    address = address_of(parse_statement(envelope))
    return b"" if address is None else address.agreement_id
