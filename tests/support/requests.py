"""Requests for tests: demands, steps and persons, made in one line."""

from typing import Any

from support.agencies import AGREEMENT_ID, DAY_MS, MX, NOW_MS, US, federation, node_of, secret
from tearline.agreements.agreement import DEFAULT_REPLY_TIMES
from tearline.packets.packet import Urgency
from tearline.requests.progress import Demand, Progress
from tearline.requests.step import OF_A_MACHINE, RequestStep, Side, StepKind
from tearline.statements.channel import Address
from tearline.statements.statement import ActedBy

HOUR_MS = 3_600_000
REQUEST = secret("request")
PERSON = ActedBy(
    pseudonym=secret("liaison"), role="liaison", token_hash=secret("token"), time_ms=NOW_MS
)
_HEADERS = {
    Side.ASKER: federation().node(US).header,
    Side.HOLDER: federation().node(MX).header,
}
_PARTIES = {Side.ASKER: node_of(US), Side.HOLDER: node_of(MX)}


def demand(urgency: Urgency = Urgency.URGENT, *, authorisation_ms: int = 5 * DAY_MS) -> Demand:
    return Demand(
        urgency=urgency,
        reply_times=DEFAULT_REPLY_TIMES,
        authorisation_ms=authorisation_ms,
        not_after_ms=NOW_MS + 365 * DAY_MS,
    )


def begun(urgency: Urgency = Urgency.URGENT, **changes: Any) -> Progress:
    """A request that was stored at once."""
    return Progress.begin(demand(urgency, **changes), granted_ms=NOW_MS, stored_ms=NOW_MS)


def side_of(kind: StepKind) -> Side:
    return kind.sides[0]


def step(kind: StepKind, number: int = 1, known: int = 0, **changes: Any) -> RequestStep:
    side = changes.pop("side", side_of(kind))
    defaults: dict[str, Any] = {
        StepKind.AUTHORISE: {"extension_ms": 2 * DAY_MS},
        StepKind.CONTEST: {"urgency": Urgency.ROUTINE},
        StepKind.LOWER: {"urgency": Urgency.ROUTINE},
        StepKind.DISPUTE: {"entry": 7},
    }.get(kind, {})
    return RequestStep(
        header=_HEADERS[side],
        address=Address(recipient=_PARTIES[side.other], agreement_id=AGREEMENT_ID, seq=300),
        request=REQUEST,
        kind=kind,
        number=number,
        known=known,
        kem_key_id=secret("kem"),
        **{"acted_by": None if kind in OF_A_MACHINE else PERSON, **defaults, **changes},
    )


def taken(progress: Progress, kind: StepKind, *, hours: float = 1, **changes: Any) -> Progress:
    """The request after a step that numbers itself, so many hours after it was stored."""
    side = changes.pop("side", side_of(kind))
    made = step(
        kind,
        changes.pop("number", progress.taken[side] + 1),
        changes.pop("known", progress.taken[side.other]),
        side=side,
        **changes,
    )
    return progress.after(side, made, time_ms=NOW_MS + int(hours * HOUR_MS))
