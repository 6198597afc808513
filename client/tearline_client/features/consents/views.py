"""A consent that may be given, as a person looks at it."""

from dataclasses import dataclass

from tearline.onward.use import Use
from tearline.packets.packet import OpenedField
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.mentions import Mention, verify_confirmed
from tearline_client.store.consents import ConsentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """What would be given, if it were now.

    Attributes:
        record: The consent, which was asked for.
        shown: The packet, which is ours.
        fields: Paths, ascending, at least one.
        scope: The third party's node URI, the proceedings or the purpose.
        ends_ms: Until when, Unix milliseconds.
        mentions: Values that the texts repeat, and that the third party may not have in clear.
        repeats: Why they may stand there; empty where no person said so.
    """

    record: ConsentRecord
    shown: PacketView
    fields: tuple[str, ...]
    scope: str
    ends_ms: int
    mentions: tuple[Mention, ...]
    repeats: str

    def verify_repeats(self) -> None:
        """Checks that a person said why the texts may repeat what is kept back.

        Raises:
            ValueRepeated: If they do, and no person did.
        """
        verify_confirmed(self.mentions, self.repeats)

    @property
    def opened(self) -> tuple[tuple[OpenedField, str], ...]:
        """The fields, each with the third party that would get it, or else with who asked."""
        passes_on = self.record.use is Use.PASS_ON
        recipient = self.scope if passes_on else self.record.peer
        found = (self.shown.field(path) for path in self.fields)
        return tuple((field, recipient) for field in found if field is not None)
