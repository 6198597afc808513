"""Requests, told in the order of the log, for history-v1.json."""

from collections.abc import Iterator
from typing import Any

from support import agencies as b
from tearline.agreements.agreement import DEFAULT_REPLY_TIMES
from tearline.packets.packet import Urgency
from tearline.requests.step import OF_A_MACHINE, RequestStep, Side, StepKind
from tearline.statements.statement import Header
from tearline.wire.requests import encode_step
from vectors.own.desks import person, place
from vectors.own.plain import Json

US, MX, CN = b.US, b.MX, b.CN
HOUR_MS = 3_600_000
DAY = 24
K, U = StepKind, Urgency
NOT_NOW = "TL-RFI-002 R-4"


def header(agency: str) -> Header:
    """A header of an agency's node; these bodies are judged without a signature."""
    node = b.node_of(agency)
    return Header(federation=b.secret("histories"), signer=node, key_id=b.signing_key(node).id)


def error(refused: str) -> Json:
    """Code and rule of a refusal; nothing of what is accepted."""
    return dict(zip(("code", "rule"), refused.split(), strict=True)) if refused else {}


class Request:
    """A request of US to MX, told in hours from its grant."""

    def __init__(self, name: str, urgency: Urgency = U.ROUTINE, *, days: int = 400) -> None:
        self.history: Json = {
            "name": name,
            "asker": b.node_of(US),
            "holder": b.node_of(MX),
            "urgency": urgency.value,
            "reply_times": {each.value: ms for each, ms in DEFAULT_REPLY_TIMES.items()},
            "authorisation_ms": 5 * DAY * HOUR_MS,
            "not_after_ms": b.NOW_MS + days * DAY * HOUR_MS,
            "granted_ms": b.NOW_MS,
            "events": [],
        }
        self._taken = dict.fromkeys(Side, 0)

    def tell(self, hours: float, what: str, **rest: Any) -> "Request":
        """Adds an event."""
        time_ms = b.NOW_MS + round(hours * HOUR_MS)
        self.history["events"].append({"time_ms": time_ms, "what": what, **rest})
        return self

    def step(self, hours: float, kind: StepKind, refused: str = "", **rest: Any) -> "Request":
        """Adds a step, by the side that takes it, with the numbers that follow.

        Args:
            hours: From the grant.
            kind: Its kind.
            refused: Code and rule of its refusal; empty if it follows.
            rest: Other parts of the step, or another ``side``.
        """
        side = rest.pop("side", kind.sides[0])
        by, to = (US, MX) if side is Side.ASKER else (MX, US)
        parts: dict[str, Any] = {
            "number": self._taken[side] + 1,
            "known": self._taken[side.other],
            "acted_by": None if kind in OF_A_MACHINE else person("liaison"),
            **rest,
        }
        step = RequestStep(
            header=header(by), address=place(b.node_of(to)), request=b.secret("request"), kind=kind,
            kem_key_id=b.kem_key(b.node_of(to)).id, sealed=b.secret("note", 16), **parts,
        )  # fmt: skip
        self._taken[side] += not refused
        return self.tell(hours, "step", body=encode_step(step).hex(), **error(refused))


def requests() -> Iterator[Request]:
    """Every condition of R-3 and R-4, and the clock of R-5."""
    yield (
        Request("answered, supplemented and closed")
        .tell(0.5, "stored")
        .step(1, K.CLOSE, NOT_NOW)
        .step(1, K.SUPPLEMENT, NOT_NOW)
        .step(1, K.ADMIT)
        .step(2, K.ADMIT, NOT_NOW)
        .step(2, K.REJECT, NOT_NOW)
        .step(3, K.PARTIAL)
        .step(4, K.PARTIAL)
        .step(5, K.ANSWER)
        .step(6, K.ANSWER, NOT_NOW)
        .step(6, K.REFUSE, NOT_NOW)
        .step(6, K.WITHDRAW, NOT_NOW)
        .step(6, K.EXPIRE, NOT_NOW)
        .step(7, K.DISPUTE, entry=9, side=Side.HOLDER)
        .step(8, K.SUPPLEMENT)
        .step(8, K.SUPPLEMENT)
        .step(9, K.CLOSE)
        .step(9, K.CLOSE, NOT_NOW)
        .step(9, K.SUPPLEMENT, NOT_NOW)
        .step(10, K.DISPUTE, entry=1, side=Side.ASKER)
    )
    yield (
        Request("numbers and sides")
        .step(1, K.ADMIT, "TL-RFI-003 R-3", number=2)
        .step(1, K.ADMIT, "TL-RFI-003 R-3", known=1)
        .step(1, K.ADMIT, "TL-RFI-004 R-4", side=Side.ASKER)
        .step(1, K.WITHDRAW, "TL-RFI-004 R-4", side=Side.HOLDER)
        .step(1, K.CLARIFY)
        .step(1, K.CLARIFY, "TL-RFI-003 R-3", number=1)
        .step(2, K.CLARIFIED, known=0)
        .step(3, K.REFUSE)
        .step(4, K.SUPPLEMENT)
    )
    yield (
        Request("questions", U.URGENT)
        .step(1, K.CLARIFIED, NOT_NOW)
        .step(1, K.CLARIFY)
        .step(2, K.CLARIFY, "TL-RFI-005 R-4")
        .tell(3, "stored")
        .step(9, K.CLARIFIED)
        .step(10, K.CLARIFY, "TL-RFI-005 R-4")
        .step(11, K.PERMIT)
        .step(11, K.PERMIT, "TL-RFI-005 R-4")
        .step(12, K.CLARIFY)
        .step(13, K.PERMIT)
        .step(14, K.CLARIFIED, permit=True)
        .step(15, K.PERMIT, "TL-RFI-005 R-4")
        .step(16, K.CLARIFY)
        .step(17, K.ANSWER)
    )
    early = Request("a question is permitted before the first one, once")
    yield (
        early.step(1, K.PERMIT)
        .step(1, K.PERMIT, "TL-RFI-005 R-4")
        .step(2, K.CLARIFY)
        .step(3, K.CLARIFIED)
        .step(4, K.CLARIFY)
    )
    sixteen = Request("sixteen questions")
    for number in range(16):
        sixteen.step(1 + number, K.CLARIFY).step(1.5 + number, K.CLARIFIED, permit=True)
    yield sixteen.step(20, K.CLARIFY, "TL-RFI-005 R-4")
    yield Request("the first receipt counts", U.EMERGENCY).tell(0.25, "stored").tell(0.5, "stored")
    yield Request("at the latest an hour after the grant", U.EMERGENCY).tell(2, "stored")
    yield (
        Request("an authorisation", U.EMERGENCY)
        .tell(0, "stored")
        .step(1, K.AUTHORISE, "TL-RFI-006 R-4", extension_ms=5 * DAY * HOUR_MS + 1)
        .step(1, K.AUTHORISE, extension_ms=5 * DAY * HOUR_MS)
        .step(2, K.AUTHORISE, "TL-RFI-006 R-4", extension_ms=1)
        .step(8 + 5 * DAY, K.CONTEST, urgency=U.ROUTINE)
    )
    yield (
        Request("over at the end, not before", U.EMERGENCY)
        .tell(0, "stored")
        .step(8.001, K.AUTHORISE, NOT_NOW, extension_ms=1)
        .step(8.001, K.CONTEST, NOT_NOW, urgency=U.ROUTINE)
        .step(9, K.ADMIT)
        .step(10, K.CLARIFY)
        .step(11, K.CLARIFIED)
        .step(12, K.ANSWER)
    )
    yield (
        Request("an urgency is contested", U.URGENT)
        .tell(0, "stored")
        .step(1, K.CONFIRM, "TL-RFI-012 R-4")
        .step(1, K.LOWER, "TL-RFI-012 R-4", urgency=U.ROUTINE)
        .step(1, K.CONTEST, "TL-RFI-012 R-4", urgency=U.EMERGENCY)
        .step(1, K.CONTEST, "TL-RFI-012 R-4", urgency=U.URGENT)
        .step(1, K.CONTEST, "TL-RFI-012 R-4", urgency=U.PRESERVE)
        .step(1, K.CONTEST, urgency=U.ROUTINE)
        .step(2, K.CONTEST, "TL-RFI-012 R-4", urgency=U.ROUTINE)
        .step(2, K.LOWER, "TL-RFI-012 R-4", urgency=U.URGENT)
        .step(3, K.LOWER, urgency=U.ROUTINE)
        .step(4, K.CONFIRM, "TL-RFI-012 R-4")
        .step(5, K.WITHDRAW)
        .step(6, K.SUPPLEMENT, NOT_NOW)
    )
    yield (
        Request("an urgency is confirmed", U.EMERGENCY)
        .step(1, K.CONTEST, urgency=U.URGENT)
        .step(30, K.CONFIRM)
        .step(31, K.LOWER, "TL-RFI-012 R-4", urgency=U.ROUTINE)
        .step(32, K.REJECT)
        .step(33, K.SUPPLEMENT, NOT_NOW)
    )
    yield (
        Request("a preservation", U.PRESERVE)
        .tell(0, "stored")
        .step(1, K.CLARIFY)
        .step(2, K.CLARIFIED)
        .step(3, K.AUTHORISE, "TL-RFI-006 R-4", extension_ms=1)
        .step(3, K.CONTEST, "TL-RFI-012 R-4", urgency=U.ROUTINE)
        .step(60 * DAY - 1, K.EXPIRE, "TL-RFI-013 R-4")
        .step(60 * DAY, K.EXTEND)
        .step(60 * DAY, K.EXTEND, "TL-RFI-006 R-4")
        .step(90 * DAY - 1, K.EXPIRE, "TL-RFI-013 R-4")
        .step(90 * DAY, K.EXPIRE)
        .step(91 * DAY, K.CLOSE)
    )
    late = Request("a preservation that is over is not extended", U.PRESERVE).tell(0, "stored")
    yield late.step(60 * DAY + 0.001, K.EXTEND, NOT_NOW).step(60 * DAY + 1, K.EXPIRE)
    yield (
        Request("expires with its packet", days=2)
        .step(1, K.EXTEND, "TL-RFI-006 R-4")
        .step(2 * DAY - 1, K.EXPIRE, "TL-RFI-013 R-4")
        .step(2 * DAY, K.EXPIRE)
    )
    yield (
        Request("its article is stopped", U.EMERGENCY)
        .tell(0, "stopped")
        .tell(0.5, "stored")
        .tell(2, "resumed")
        .step(3, K.CLARIFY)
        .tell(4, "stopped")
        .step(6, K.CLARIFIED)
        .tell(7, "resumed")
        .tell(14, "stopped")
        .tell(20, "resumed")
        .step(20, K.AUTHORISE, NOT_NOW, extension_ms=1)
    )
    yield (
        Request("stopped before it began, and at its end", U.EMERGENCY)
        .tell(0, "stopped")
        .tell(0.5, "resumed")
        .tell(0.75, "stored")
        .tell(8.75, "stopped")
        .tell(9, "resumed")
        .tell(9, "stopped")
    )
    yield (
        Request("a preservation whose article is stopped", U.PRESERVE)
        .tell(0, "stored")
        .tell(59 * DAY, "stopped")
        .step(70 * DAY, K.EXPIRE, "TL-RFI-013 R-4")
        .tell(70 * DAY, "resumed")
        .step(71 * DAY - 1, K.EXPIRE, "TL-RFI-013 R-4")
        .step(71 * DAY, K.EXPIRE)
    )
