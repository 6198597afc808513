"""What a stored statement itself says of where it belongs, when its entry was erased."""

from tearline.wire.addressed import address_of
from tearline.wire.statements import parse_statement


def agreement_of(envelope: bytes) -> bytes:
    """The agreement of the channel that a statement has a place in; empty where it has none."""
    address = address_of(parse_statement(envelope))
    return b"" if address is None else address.agreement_id
