"""Outcomes of acts at the exchange."""

from tearline.dataclass.immutable import immutable
from tearline.errors import RefusedOtherwise, error_by_code
from tearline.statements.receipt import Receipt


@immutable
class Sent:
    """Outcome of an act at the exchange.

    Attributes:
        packets: Manifest ids, 32 bytes each, in the order of the plans.
        receipts: The exchange's receipts of the act's statements.
        refused: Codes and reasons of refusals, by message.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> sent = node.packets.send([node.packets.plan(draft, ["mx-prosecutor"])])
        >>> len(sent.packets), len(sent.receipts), sent.refused  # one manifest and one grant
        (1, 2, ())
    """

    packets: tuple[bytes, ...]
    receipts: tuple[Receipt, ...]
    refused: tuple[tuple[str, str], ...]


def verify_accepted(sent: Sent) -> None:
    """Verifies that the exchange accepted a whole act.

    Raises:
        TearlineError: The first refusal.
    """
    for code, why in sent.refused:
        raise (error_by_code(code) or RefusedOtherwise)(why)
