"""Refusals of a packet of ours: the partners that got nothing, the signed code, the next step."""

from collections.abc import Iterator

from tearline.errors import RefusedOtherwise, TearlineError, error_by_code
from tearline.federation.versions import Members
from tearline.statements.receipt import Status
from tearline_client.console.languages import mark
from tearline_client.node import Node
from tearline_client.rendering.words import agency_name


def refusals(node: Node, members: Members, packet: bytes) -> Iterator[tuple[str, TearlineError]]:
    """Yields the short name of each partner whose grant was refused, with the refusal."""
    for stored in node.packets.grants(packet):
        if stored.status is not Status.REFUSED:
            continue
        receipts = node.packets.receipts(stored.signed.statement.id)
        signed = next((each.code for each in receipts if each.code), "")
        code = signed.rpartition("/")[2]
        error = error_by_code(code)
        yield (
            agency_name(members, stored.grant.address.recipient),
            RefusedOtherwise(code) if error is None else error(),
        )


def refusal_of(node: Node, packet: bytes) -> str:
    """Returns whether the grants of a packet were refused, as a message; empty if none was."""
    refused = [each.status is Status.REFUSED for each in node.packets.grants(packet)]
    if not any(refused):
        return ""
    return mark("refused") if all(refused) else mark("partly refused")
