"""Key ranges and channels of stored items: an agency's nodes, a statement's agreement."""

from tearline.wire.addresses import address_of
from tearline.wire.statements import parse_statement


def nodes_between(agency: str) -> tuple[str, str]:
    """Returns two bounds; in byte order, only the agency's node URIs lie between them."""
    return f"{agency}/node/", f"{agency}/node0"


def siblings_between(node: str) -> tuple[str, str]:
    """Returns the bounds of the URIs of a node's agency; the text may be no URI."""
    return nodes_between(node.partition("/node/")[0])


def parties_between(party: str) -> tuple[str, str]:
    """Returns the first and last possible URI: of an agency's nodes, or of the one node."""
    return (party, party) if "/node/" in party else nodes_between(party)


def agreement_of(envelope: bytes) -> bytes:
    """Returns the agreement of a statement's channel; empty if it has no channel."""
    address = address_of(parse_statement(envelope))
    return b"" if address is None else address.agreement_id
