"""One more field of a packet that was sent, for one partner: as it would be released now."""

from dataclasses import dataclass

from tearline.errors import LoginRequired
from tearline.packet import OpenedField
from tearline.policy.form import Form
from tearline.policy.release import ReleasePolicy
from tearline.policy.terms import ArticleTerms
from tearline.statement import ActedBy
from tearline_client.planning.plan import ReleasePlan, plan_release
from tearline_client.views import PacketView


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One more field for one partner, as agreement and policies allow it now.

    Attributes:
        shown: The packet.
        field: The field, in clear.
        recipient: The partner's node URI.
        article: The article it is done under.
        purpose: What the partner may use it for.
        held_back: The agency's own policies that would not give it: a person decides past them.
    """

    shown: PacketView
    field: OpenedField
    recipient: str
    article: ArticleTerms
    purpose: str
    held_back: tuple[str, ...]

    def verify_decided(self, person: ActedBy | None) -> None:
        """Checks that a person decides, where the agency's own policies hold the field back.

        Raises:
            LoginRequired: If nobody does.
        """
        if self.held_back and person is None:
            names = ", ".join(self.held_back)
            raise LoginRequired(f"our own policies hold the field back ({names}): a person decides")


def held_back(
    plan: ReleasePlan, policy: ReleasePolicy, form: Form, *, sender: str
) -> tuple[str, ...]:
    """Returns the ids of the own policies that would not give the field of a plan in this form.

    Args:
        plan: The field for one partner, by the agreement's policies alone.
        policy: The agreement's policies and the agency's own.
        form: The form in which it is released.
        sender: Our node.
    """
    (cell,) = plan_release(plan.draft, plan.recipients, policy, sender=sender).cells()
    return () if cell.form >= form else cell.own_policy_ids or ("no own policy permits it",)
