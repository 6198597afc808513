"""A consent as shown to a person before it is given."""

from tearline.dataclass.immutable import immutable
from tearline.onward.use import Use
from tearline.packets.packet import OpenedField
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.mentions import Mention, verify_confirmed
from tearline_client.store.consents import ConsentRecord
from tearline_client.store.draft_content import PendingConsent

__all__ = ["ConsentRecord", "ConsentView"]
"""With the consent itself, which pages name without its store."""


@immutable
class ConsentView:
    """Preview of giving a consent now.

    Attributes:
        record: The requested consent.
        shown: The packet, one of ours.
        fields: Paths, ascending, at least one.
        scope: The third party's node URI, the proceedings or the purpose.
        ends_ms: End of the consent, Unix milliseconds.
        mentions: Repeated values that the third party may not have in clear.
        repeats: The reason to repeat them; empty without a person's reason.
    """

    record: ConsentRecord
    shown: PacketView
    fields: tuple[str, ...]
    scope: str
    ends_ms: int
    mentions: tuple[Mention, ...]
    repeats: str

    def verify_repeats(self) -> None:
        """Verifies that a person gave a reason for repeated values.

        Raises:
            ValueRepeated: If values are repeated without a reason.
        """
        verify_confirmed(self.mentions, self.repeats)

    @property
    def opened(self) -> tuple[tuple[OpenedField, str], ...]:
        """Returns the fields, each with its recipient: the third party, or else the asker."""
        passes_on = self.record.use is Use.PASS_ON
        recipient = self.scope if passes_on else self.record.peer
        found = (self.shown.field(path) for path in self.fields)
        return tuple((field, recipient) for field in found if field is not None)

    def decided(self, note: str) -> PendingConsent:
        """Returns the decision to give this consent, with a note for the asker."""
        return PendingConsent(
            consent=self.record.id,
            packet=self.shown.packet.id,
            fields=self.fields,
            ends_ms=self.ends_ms,
            note=note,
            repeats=self.repeats,
        )
