"""Standings for tests."""

from dataclasses import replace
from typing import Any

from support.agencies import AGREEMENT_ID, NOW_MS, US, federation, secret
from tearline.statements.statement import ActedBy, Header
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension

OFFICER = ActedBy(
    pseudonym=secret("officer"), role="officer", token_hash=secret("token"), time_ms=NOW_MS
)
WHOLE = Suspension(
    article="",
    sender="",
    recipient="",
    reason=Reason.POLITICAL,
    in_flight=InFlight.HOLD,
    originated=Originated.KEEP,
)


def of_article(article: str, **changed: Any) -> Suspension:
    """A suspension of one article."""
    return replace(WHOLE, article=article, **changed)


def standing(
    *suspensions: Suspension,
    by: str = US,
    counter: int = 1,
    lifted: int = 0,
    header: Header | None = None,
    **changed: Any,
) -> Standing:
    """An agency's standing; with ``lifted``, an officer acted in the one of that number."""
    made = Standing(
        header=header or federation().node(by).header,
        agreement_id=AGREEMENT_ID,
        counter=counter,
        suspensions=tuple(sorted(suspensions, key=lambda each: each.scope)),
        ended=False,
        officer=OfficerAct(counter=lifted, acted_by=OFFICER) if lifted else None,
        acted_by=None,
        time_ms=NOW_MS,
    )
    return replace(made, **changed)
