"""A small agreement that the tests of policies share; its agencies are invented."""

from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.profile import default_marking
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms

OWN_POLICIES = '@id("as-agreed") permit (principal, action, resource);\n'
"""Policies of an agency that adds nothing to what its agreements say."""

US, CN, MX = (f"spiffe://{name}.example" for name in ("us-justice", "cn-police", "mx-prosecutor"))

ARTICLE = ArticleTerms(
    id="money-laundering",
    purposes=("criminal-investigation",),
    kinds=("lead",),
    crime_areas=("drug-trafficking",),
    directions=(Direction(sender=US, recipient=CN), Direction(sender=US, recipient=MX)),
    shares=(
        Share(partner=CN, category="finance", form=Form.GENERALISED),
        Share(partner=CN, category="finance.account", form=Form.MATCH),
        Share(partner=CN, category="location", form=Form.EXISTS),
        Share(partner=MX, category="finance", form=Form.CLEAR),
        Share(partner=MX, category="identity", form=Form.CLEAR),
        Share(partner=MX, category="method", form=Form.CLEAR),
        Share(partner=MX, category="narrative", form=Form.CLEAR),
    ),
    highest_tlp=Tlp.AMBER_STRICT,
    joint=False,
    four_eyes=False,
)
TERMS = Terms(parties=tuple(sorted((US, CN, MX))), articles=(ARTICLE,))
AMOUNT_TO_MX = ReleaseRequest(
    article="money-laundering",
    sender=US,
    recipient=MX,
    purpose="criminal-investigation",
    kind="lead",
    marking=default_marking("finance.amount"),
)


def asking(category: str, recipient: str = MX, **parts: str) -> ReleaseRequest:
    """A request for a field of ``category`` with its default marking."""
    return AMOUNT_TO_MX._replace(marking=default_marking(category), recipient=recipient, **parts)
