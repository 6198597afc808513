"""Consents before they are given: previews for the person who decides, and their checks."""

from collections.abc import Sequence

from tearline.errors import ConsentClosed, NotFound
from tearline.onward.consent import ConsentStep, verify_open_for
from tearline.onward.use import Use
from tearline_client.context import NodeContext
from tearline_client.features.consents.views import ConsentView
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.free_text import FreeText
from tearline_client.planning.mentions import Mention
from tearline_client.store.consents import ConsentRecord
from tearline_client.store.draft_content import PendingConsent


class ConsentPreviews:
    """Previews of consents, for the services that give them; the access log is theirs.

    Args:
        context: The node.
        disclosures: Plans the fields to pass on.
        words: Checks texts beside packets.
    """

    def __init__(
        self, context: NodeContext, disclosures: DisclosureService, words: FreeText
    ) -> None:
        self._context = context
        self._disclosures = disclosures
        self._words = words

    def giving(
        self,
        consent_id: bytes,
        fields: Sequence[str] = (),
        *,
        ends_ms: int = 0,
        repeats: str = "",
    ) -> ConsentView:
        """Returns a preview of giving a consent now, within the agreement. Sends no message.

        Args:
            consent_id: 16 bytes.
            fields: Paths, some of the requested ones; empty for all.
            ends_ms: End of the consent, Unix milliseconds; 0 for the requested end.
            repeats: The reason to repeat values that the third party may not have in clear.

        Raises:
            NotFound: If the consent, or one of the fields, was not requested.
            ConsentMisplaced: If it is not ours to give.
            ConsentClosed: If it was answered, was withdrawn, or has ended.
            TearlineError: If a field may not be passed on now; see
                ``DisclosureService.disclosure``.
        """
        record = self.open(consent_id, ConsentStep.GIVE)
        asked = record.said[ConsentStep.ASK]
        wanted = tuple(sorted(set(fields or asked.terms.fields)))
        if not set(wanted) <= set(asked.terms.fields):
            raise NotFound("a field was not requested")
        ends_ms = ends_ms or asked.consent.ends_ms
        if ends_ms <= self._context.now_ms():
            raise ConsentClosed("the consent has ended")
        shown = self._context.open_view(record.packet)
        if any(shown.field(path) is None for path in wanted):
            raise NotFound("the packet has no such field")
        mentions: tuple[Mention, ...] = ()
        if record.use is Use.PASS_ON:
            for path in wanted:
                disclosure = self._disclosures.disclosure(
                    shown.packet.id, path, asked.terms.scope, beside=wanted
                )
                mentions += disclosure.mentions
        return ConsentView(
            record=record,
            shown=shown,
            fields=wanted,
            scope=asked.terms.scope,
            ends_ms=ends_ms,
            mentions=mentions,
            repeats=repeats,
        )

    def again(self, decided: PendingConsent) -> ConsentView:
        """Returns a preview of giving a decided consent in its current state; see ``giving``."""
        return self.giving(
            decided.consent, decided.fields, ends_ms=decided.ends_ms, repeats=decided.repeats
        )

    def verify_note(self, giving: ConsentView, note: str) -> None:
        """Verifies the note of a consent.

        Raises:
            ValueRepeated: If it repeats values kept from the asker, without a reason.
        """
        about = [giving.shown.packet.id]
        self._words.verify([note], giving.record.peer, giving.repeats, about=about)

    def open(self, consent_id: bytes, step: ConsentStep) -> ConsentRecord:
        """Returns a consent for which a step may be taken.

        Raises:
            NotFound: If there is none.
            ConsentClosed: If the step does not follow.
        """
        record = self._context.stores.consents.find(consent_id.hex())
        verify_open_for(step, record.said)
        return record
