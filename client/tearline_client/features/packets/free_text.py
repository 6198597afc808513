"""Checks of texts beside packets for values that their reader may not have in clear.

These texts are notes of answers, refusals, questions and consents, and titles and summaries of
cases. The exchange also reads some of them: the reasons of revocations and of erasure orders.
"""

from collections.abc import Iterable

from tearline.packets.packet import Field
from tearline_client.context import NodeContext
from tearline_client.features.packets.guards import kept_from
from tearline_client.features.packets.onward_use import EVERYBODY, OnwardUse
from tearline_client.planning.mentions import verify_confirmed


class FreeText:
    """Checks texts for partners beside packets.

    Args:
        context: The node.
        onward: Knows partners' values, and finds repeated ones.
    """

    def __init__(self, context: NodeContext, onward: OnwardUse) -> None:
        self._context = context
        self._onward = onward

    def verify(
        self,
        texts: Iterable[str],
        recipient: str,
        repeats: str,
        *,
        about: Iterable[bytes] = (),
        kept: Iterable[Field] = (),
    ) -> bool:
        """Verifies that a person gave a reason for repeated values in texts.

        Args:
            texts: The texts.
            recipient: The reader's node URI, or ``EVERYBODY``.
            repeats: The reason, or empty.
            about: Ids of packets that the texts are about; of ours, all fields kept from the reader
                are searched.
            kept: Fields of an unsealed packet, kept from the reader.

        Returns:
            Whether values are repeated, so that the reason must be stored.

        Raises:
            ValueRepeated: If values are repeated without a reason.
        """
        words = "\n".join(filter(str.strip, texts))
        if not words:
            return False
        shown = map(self._context.open_view, about)
        lacking = [*kept, *(f for each in shown for f in kept_from(self._context, each, recipient))]
        found = self._onward.mentions_beside(words, recipient, lacking)
        verify_confirmed(found, repeats)
        return bool(found)

    def verify_open(self, texts: Iterable[str], repeats: str, *, about: Iterable[bytes]) -> bool:
        """Verifies texts for the exchange and its operator, which may have no value at all.

        Args:
            texts: The texts.
            repeats: Why they may repeat a value, or empty.
            about: Ids of packets that the texts are about; ids unknown to this node are ignored.

        Raises:
            ValueRepeated: As ``verify``.
        """
        packets = self._context.stores.packets
        here = [each for each in about if packets.held(each) is not None]
        return self.verify(texts, EVERYBODY, repeats, about=here)

    def keep(self, about: bytes, repeats: str) -> None:
        """Stores the reason, in the caller's transaction.

        Args:
            about: Id of the statement with the texts.
            repeats: The reason.
        """
        self._context.stores.repeats.put(about, repeats, time_ms=self._context.right_ms())
