"""Standings and cases, told in the order of the log, for history-v1.json."""

from collections.abc import Iterator
from typing import Any

from support import agencies as b
from tearline.cases.case import CaseStep, Phase
from tearline.policy.terms import ArticleTerms, Terms
from tearline.statements.channel import Address
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.agreements import encode_agreement
from tearline.wire.cases import encode_case_step
from tearline.wire.suspensions import encode_standing
from vectors.own.desks import person
from vectors.own.histories_requests import CN, HOUR_MS, MX, US, error, header
from vectors.own.plain import Json

PARTIES = tuple(sorted((US, MX, CN)))
STRANGER = "spiffe://stranger.example"
PLAIN, JOINT = b.article(id="leads"), b.article(id="team", joint=True)
LIFT = "TL-AGR-012 T-3"
FULL = "TL-REQ-002 T-4"


def agreed(*articles: ArticleTerms, **changed: Any) -> str:
    """An agreement of the three."""
    terms = Terms(parties=PARTIES, articles=articles)
    return encode_agreement(b.us_mx(header(US), **{"terms": terms, **changed})).hex()


def suspension(article: str = "", way: tuple[str, str] = ("", ""), **rest: Any) -> Suspension:
    """A suspension of one scope."""
    parts: dict[str, Any] = {
        "reason": Reason.LEAK, "in_flight": InFlight.HOLD, "originated": Originated.KEEP, **rest,
    }  # fmt: skip
    return Suspension(article=article, sender=way[0], recipient=way[1], **parts)


class Standings:
    """Standings of three parties under an agreement of two articles, one of them joint."""

    def __init__(self, name: str) -> None:
        self.history: Json = {"name": name, "agreement": agreed(PLAIN, JOINT), "events": []}
        self._version = 1

    def amend(self, hours: float, *articles: ArticleTerms) -> "Standings":
        """The next version comes into force."""
        self._version += 1
        return self._tell(hours, "agreement", body=agreed(*articles, version=self._version))

    def say(
        self,
        hours: float,
        agency: str,
        counter: int,
        *suspensions: Suspension,
        act: int = 0,
        role: str = "officer",
        ended: bool = False,
        refused: str = "",
    ) -> "Standings":
        """A party's standing; ``act`` is the counter of an officer's act."""
        who = person("officer", role)
        standing = Standing(
            header=header(agency), agreement_id=b.AGREEMENT_ID, counter=counter,
            suspensions=tuple(sorted(suspensions, key=lambda each: each.scope)), ended=ended,
            officer=OfficerAct(counter=act, acted_by=who) if act else None, acted_by=who,
            time_ms=b.NOW_MS,
        )  # fmt: skip
        return self._tell(hours, "standing", body=encode_standing(standing).hex(), **error(refused))

    def _tell(self, hours: float, what: str, **rest: Any) -> "Standings":
        time_ms = b.NOW_MS + round(hours * HOUR_MS)
        self.history["events"].append({"time_ms": time_ms, "what": what, **rest})
        return self


def standings() -> Iterator[Standings]:
    """Order, lifts, scopes, reach and pace: T-2 to T-6."""
    whole, leads, team = suspension(), suspension("leads"), suspension("team")
    way, back = suspension("leads", (US, MX)), suspension("leads", (MX, US))
    yield (
        Standings("scopes are added, and lifted by an officer")
        .say(1, US, 1, way)
        .say(2, US, 3, way, leads)
        .say(3, US, 2, way, leads, refused="TL-AGR-011 T-2")
        .say(3, US, 3, way, refused="TL-PKT-011 T-2")
        .say(3, US, 4, way, refused=LIFT)
        .say(3, US, 4, way, act=3, refused=LIFT)
        .say(3, US, 4, way, act=4, role="liaison", refused=LIFT)
        .say(4, US, 4, way, act=4)
        .say(5, US, 5, suspension("leads", (US, MX), reason=Reason.LEGAL), refused=LIFT)
        .say(6, US, 5, suspension("leads", (US, MX), in_flight=InFlight.RETURN), act=5)
        .say(7, US, 9, act=6)
    )
    yield (
        Standings("each party suspends for itself")
        .say(1, US, 1, way)
        .say(2, MX, 1, back)
        .say(3, MX, 2, back, suspension("leads", (MX, CN)))
        .say(4, US, 2, act=2)
        .say(5, CN, 1, leads)
    )
    yield (
        Standings("a stop of a joint article stops all of it")
        .say(1, MX, 1, suspension("team", (MX, CN)))
        .say(2, US, 1, leads)
        .say(3, MX, 2, act=2)
        .say(4, CN, 1, team)
    )
    yield (
        Standings("all articles are stopped")
        .say(1, US, 1, leads, team)
        .say(2, US, 2, team, act=2)
        .say(3, US, 3, whole, team)
    )
    yield (
        Standings("an ended agreement")
        .say(1, US, 1, whole, ended=True, refused=LIFT)
        .say(1, US, 1, whole, ended=True, act=1)
        .say(2, US, 2, whole, act=2, refused=LIFT)
        .say(3, US, 3, whole, ended=True)
        .say(4, US, 4, whole, leads, ended=True)
    )
    yield (
        Standings("scopes that the agreement has, or had")
        .say(1, US, 1, suspension("other"), refused="TL-AGR-001 T-5")
        .say(1, US, 1, suspension("leads", (US, STRANGER)), refused="TL-AGR-001 T-5")
        .say(2, US, 1, leads)
        .amend(3, JOINT)
        .say(4, US, 2, leads, suspension("leads", (US, MX)), refused="TL-AGR-001 T-5")
        .say(5, US, 2, leads, whole)
        .amend(6, PLAIN)
    )
    paced = Standings("the bucket")
    for number in range(1, 54, 2):
        paced.say(1, US, number, leads).say(1, US, number + 1, act=number + 1)
    yield (
        paced.say(1, US, 55, leads)
        .say(1, US, 56, act=56, refused=FULL)
        .say(1, US, 56, leads)
        .say(1, US, 57, leads)
        .say(1, US, 58, leads, refused=FULL)
        .say(1, US, 58, leads, team)
        .say(1, US, 59, leads, whole, act=59)
        .say(1, US, 60, act=60, refused=FULL)
        .say(1, US, 60, leads, whole, refused=FULL)
        .say(1, US, 60, leads, team, whole)
        .say(1, MX, 1, leads)
        .say(2.999, US, 61, act=61, refused=FULL)
        .say(3, US, 61, act=61)
    )


class Case:
    """A case that US leads, and that MX and CN are asked to join."""

    def __init__(self, name: str) -> None:
        self.history: Json = {
            "name": name,
            "lead": US,
            "case_id": b.secret("case", 16).hex(),
            "agreement_id": b.AGREEMENT_ID.hex(),
            "agencies": [*PARTIES],
            "events": [],
        }
        self._seq = 0

    def step(
        self,
        by: str,
        to: str,
        number: int,
        phase: Phase,
        refused: str = "",
        agreement: bytes = b.AGREEMENT_ID,
    ) -> "Case":
        """A step from one agency to another."""
        self._seq += 1
        recipient = b.node_of(to)
        step = CaseStep(
            header=header(by), case_id=b.secret("case", 16), number=number, phase=phase,
            address=Address(recipient=recipient, agreement_id=agreement, seq=self._seq),
            kem_key_id=b.kem_key(recipient).id, acted_by=None, sealed=b.secret("note", 16),
        )  # fmt: skip
        self.history["events"].append({"body": encode_case_step(step).hex(), **error(refused)})
        return self


def cases() -> Iterator[Case]:
    """Every pair of phases in C-2, the parts in C-3, and memberships by C-4."""
    p, after, part = Phase, "TL-CAS-002 C-2", "TL-CAS-001 C-3"
    yield (
        Case("two members")
        .step(MX, US, 1, p.ACCEPTED, part)
        .step(US, MX, 1, p.ADMITTED, after)
        .step(US, MX, 1, p.INVITED)
        .step(US, MX, 1, p.INVITED, "TL-CAS-003 C-2")
        .step(US, MX, 2, p.INVITED)
        .step(CN, US, 1, p.ACCEPTED, part)
        .step(MX, CN, 1, p.ACCEPTED, part)
        .step(CN, MX, 1, p.INVITED, part)
        .step(MX, US, 1, p.LEFT, after)
        .step(MX, US, 1, p.ACCEPTED)
        .step(MX, US, 1, p.ACCEPTED, "TL-CAS-003 C-2")
        .step(US, CN, 7, p.INVITED)
        .step(US, MX, 3, p.ADMITTED)
        .step(US, MX, 4, p.INVITED, after)
        .step(US, MX, 4, p.ADMITTED)
        .step(CN, US, 5, p.DECLINED)
        .step(CN, US, 6, p.ACCEPTED, after)
        .step(US, CN, 8, p.OUT)
        .step(US, CN, 9, p.INVITED, after)
        .step(MX, US, 2, p.DECLINED, after)
        .step(MX, US, 2, p.ACCEPTED)
        .step(MX, US, 3, p.LEFT)
        .step(MX, US, 4, p.ACCEPTED, after)
    )
    yield (
        Case("admitted before the answer came, and put out")
        .step(US, MX, 1, p.INVITED)
        .step(US, MX, 2, p.ADMITTED)
        .step(MX, US, 1, p.ACCEPTED)
        .step(US, MX, 3, p.OUT)
        .step(US, MX, 4, p.ADMITTED, after)
        .step(US, MX, 4, p.CLOSED, after)
        .step(MX, US, 2, p.LEFT)
    )
    yield (
        Case("closed")
        .step(US, MX, 1, p.INVITED)
        .step(US, CN, 1, p.INVITED)
        .step(MX, US, 1, p.ACCEPTED)
        .step(US, MX, 2, p.ADMITTED, part, bytes(16))
        .step(US, MX, 2, p.ADMITTED)
        .step(US, MX, 3, p.CLOSED)
        .step(US, CN, 2, p.ADMITTED, "TL-CAS-002 C-3")
        .step(CN, US, 1, p.ACCEPTED)
        .step(US, CN, 2, p.CLOSED)
        .step(MX, US, 2, p.ACCEPTED)
    )
