"""Words that go beside packets: searched for what their reader may not have in clear.

Those of an answer, a refusal or a question about a request, the note of a consent, the title and
summary of a case; and those that the exchange reads, too: the reasons of revocations and of orders
to erase.
"""

from collections.abc import Iterable

from tearline.packets.packet import Field
from tearline_client.context import NodeContext
from tearline_client.features.packets.disclosure import reader_of
from tearline_client.features.packets.onward_use import EVERYBODY, OnwardUse
from tearline_client.planning.mentions import verify_confirmed
from tearline_client.rules.recalls import slots_recalled


class FreeText:
    """Judges what is written to partners beside packets.

    Args:
        context: The node.
        onward: Knows what partners told, and what texts repeat.
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
        """Checks that a person said why words may repeat what their reader may not have.

        Args:
            texts: The words.
            recipient: The reader's node URI, or ``EVERYBODY``.
            repeats: The reason, or empty.
            about: Ids of packets that the words are about; of ours, all that the reader lacks is
                sought.
            kept: Fields of a packet that is not sealed yet, which the reader will lack.

        Returns:
            Whether they repeat something, for the reason to be kept.

        Raises:
            ValueRepeated: If they do, and no person said why.
        """
        words = "\n".join(filter(str.strip, texts))
        if not words:
            return False
        lacking = [*kept, *(field for each in about for field in self._kept(each, recipient))]
        found = self._onward.mentions_beside(words, recipient, lacking)
        verify_confirmed(found, repeats)
        return bool(found)

    def verify_open(self, texts: Iterable[str], repeats: str, *, about: Iterable[bytes]) -> bool:
        """Checks words that the exchange and its operator read, who may have no value at all.

        Args:
            texts: The words.
            repeats: Why they may repeat a value, or empty.
            about: Ids of packets that they are about; those that are not here are passed over.

        Raises:
            ValueRepeated: As ``verify``.
        """
        packets = self._context.stores.packets
        here = [each for each in about if packets.held(each) is not None]
        return self.verify(texts, EVERYBODY, repeats, about=here)

    def keep(self, about: bytes, repeats: str) -> None:
        """Keeps the reason, in the caller's transaction.

        Args:
            about: Id of the statement that says the words.
            repeats: The reason.
        """
        self._context.stores.repeats.put(about, repeats, time_ms=self._context.right_ms())

    def _kept(self, packet: bytes, recipient: str) -> tuple[Field, ...]:
        """Returns the fields of a packet of ours that a node lacks; none of a partner's."""
        shown = self._context.open_view(packet)
        if not shown.own:
            return ()
        recalled = slots_recalled(self._context, packet, recipient)
        if recalled is None:
            recalled = frozenset(opened.slot for opened in shown.view.fields)
        return reader_of(shown, recipient, "", beside=(), recalled=recalled).kept
