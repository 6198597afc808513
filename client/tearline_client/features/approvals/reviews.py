"""Reviews: pending releases, decided anew by the current agreement and policies."""

from collections.abc import Sequence

from tearline.dataclass.immutable import immutable
from tearline_client.context import NodeContext
from tearline_client.features.consents.previews import ConsentPreviews
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.review import Review, changed_of
from tearline_client.features.packets.service import PacketService
from tearline_client.features.requests.answers import AnswerService
from tearline_client.features.requests.service import RequestService
from tearline_client.store.approvals import Pending
from tearline_client.store.draft_content import (
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)


@immutable
class Services:
    """Services that carry out an approved release.

    Attributes:
        releasing: Sends packets.
        disclosures: Discloses fields of sent packets.
        requests: Verifies answerable items.
        answers: Sends answers.
        consents: Gives consents.
        previews: Shows a consent before it is given.
    """

    releasing: PacketService
    disclosures: DisclosureService
    requests: RequestService
    answers: AnswerService
    consents: ConsentService
    previews: ConsentPreviews


class Reviews:
    """Reviews of pending releases; the access log is the caller's.

    Args:
        context: The node.
        desks: Plan them.
    """

    def __init__(self, context: NodeContext, desks: Services) -> None:
        self._context = context
        self._desks = desks

    def review(self, pending: bytes) -> Review:
        """Decides a pending release anew, and compares it with the draft.

        Raises:
            NotFound: If it is not pending.
            TearlineError: If agreement or policies no longer allow it.
        """
        waiting = self._context.stores.approvals.get(pending)
        match waiting.content:
            case PendingField() as field:
                wanted = self._desks.disclosures.disclosure(
                    field.packet, field.path, field.recipient
                )
                fields = ((wanted.field, wanted.recipient),)
                return Review(pending=waiting, fields=fields, mentions=wanted.mentions)
            case PendingConsent() as consent:
                giving = self._desks.previews.again(consent)
                return Review(pending=waiting, fields=giving.opened, mentions=giving.mentions)
            case PendingAnswer() as answer:
                self._desks.requests.answerable(
                    answer.request, answer.items, supplement=answer.supplement
                )
                return self._planned(waiting, (answer.packet,))
            case tuple() as packets:
                return self._planned(waiting, packets)

    def _planned(self, waiting: Pending, packets: Sequence[PendingPacket]) -> Review:
        releasing = self._desks.releasing
        plans = [releasing.plan(each.draft, each.recipients) for each in packets]
        changed = [
            cell
            for packet, plan in zip(packets, plans, strict=True)
            for cell in changed_of(packet, plan)
        ]
        mentions = tuple(mention for plan in plans for mention in releasing.mentions(plan))
        return Review(
            pending=waiting, plans=tuple(plans), changed=tuple(changed), mentions=mentions
        )
