"""The second verifier's histories, from docs/spec alone: what holds after each of many statements.

Request-v1 (R-3 to R-6), standing-v1 (T-2 to T-6), case-v1 (C-2 to C-6) and statement-v1 (S-23 to
S-26).
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from typing import Any

from vectors.second_basics import need, parse
from vectors.second_budgets import budgets, marks
from vectors.second_desks import parse_body
from vectors.second_schema import Message
from vectors.second_trust import agency_of

HOUR_MS = 3_600_000
STATES = ("submitted", "received", "clarify", "admitted", "await-authorisation", "partial")
ENDS = {
    "answer": "answered",
    "refuse": "refused",
    "reject": "rejected-formal",
    "withdraw": "withdrawn",
    "expire": "expired",
}
LEADS_TO = {
    "clarify": "clarify",
    "admit": "admitted",
    "authorise": "await-authorisation",
    "partial": "partial",
}
OF_ASKER = ("clarified", "permit", "confirm", "lower", "extend", "withdraw", "close")
URGENCIES = ("routine", "urgent", "emergency")


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def told(act: Callable[[], None], state: Callable[[], Message]) -> Message:
    """What holds after an act: the state, or code and rule of its refusal."""
    try:
        act()
    except ValueError as error:
        (code, rule), *_ = re.findall(r"^(\S+) ([A-Z]+-\d+): ", str(error))
        return {"code": code, "rule": rule}
    return state()


class Request:
    """R-3 to R-6."""

    def __init__(self, history: Message) -> None:
        self.told, self.state, self.urgency = history, "submitted", history["urgency"]
        self.stored: int | None = None
        self.numbers = {"asker": 0, "holder": 0}
        self.taken: dict[str, Message] = {}
        self.asked = self.permits = 0
        self.question: list[Any] | None = None
        self.stops: list[list[Any]] = []
        self.questions: list[list[Any]] = []
        self.preserves = history["urgency"] == "preserve"

    @property
    def end(self) -> int | None:
        """R-5; None while the clock stands still."""
        latest = self.told["granted_ms"] + HOUR_MS
        begin = latest if self.stored is None else min(self.stored, latest)
        left = self.told["reply_times"][self.urgency]
        left += self.taken.get("authorise", {}).get("extension_ms", 0)
        left += 30 * 24 * HOUR_MS if "extend" in self.taken else 0
        at = begin
        stops = self.stops + ([] if self.preserves else self.questions)
        for start, end in sorted(stops, key=lambda each: int(each[0])):
            if max(start, at) >= at + left:
                break
            if end is not None and end <= at:
                continue
            ran = max(0, start - at)
            left -= ran
            if end is None:
                return None
            at = end
        return int(at + left)

    @property
    def over(self) -> bool:
        return self.state in (*ENDS.values(), "supplemented", "closed")

    def take(self, step: Message, now: int) -> None:
        kind = step["kind"]
        side = "asker" if step["header"]["signer"] == self.told["asker"] else "holder"
        other = "holder" if side == "asker" else "asker"
        right = kind == "dispute" or (side == "asker") == (kind in OF_ASKER)
        need(right, "TL-RFI-004 R-4: by the other side")
        need(step["number"] == self.numbers[side] + 1, "TL-RFI-003 R-3: another number")
        need(step["known"] <= self.numbers[other], "TL-RFI-003 R-3: it knows too much")
        self.follows(kind)
        self.holds(kind, step, now)
        self.numbers[side] += 1
        self.taken[kind] = step
        if kind == "clarify":
            self.asked += 1
            self.questions.append([now, None])
        elif kind == "clarified":
            self.questions[-1][1] = now
            self.permits = max(self.permits, self.asked if step["permit"] else 0)
        elif kind == "permit":
            self.permits += 1
        elif kind == "lower":
            self.urgency = step["urgency"]
        later = {"supplement": "supplemented", "close": "closed", **ENDS}.get(kind)
        if later:
            self.state = later
        elif not self.over:
            reached = {self.state, "received" if side == "holder" else "submitted"}
            self.state = max(reached | {LEADS_TO.get(kind, "submitted")}, key=STATES.index)

    def follows(self, kind: str) -> None:
        after = kind in ("supplement", "close", "dispute")
        fits = after if self.over else kind not in ("supplement", "close")
        fits = fits and (self.state != "closed" or kind == "dispute")
        answered = self.state in ("answered", "refused", "supplemented")
        fits = fits and (kind != "supplement" or answered)
        early = self.state in STATES[:3]
        need(fits and (early or kind not in ("admit", "reject")), "TL-RFI-002 R-4: not now")

    def holds(self, kind: str, step: Message, now: int) -> None:
        open_ = bool(self.questions) and self.questions[-1][1] is None
        urgency = step["urgency"]
        lower = {urgency, self.urgency} <= {*URGENCIES} and URGENCIES.index(
            urgency
        ) < URGENCIES.index(self.urgency)
        if kind == "clarify":
            may = not open_ and self.asked < min(16, 1 + self.permits)
            need(may, "TL-RFI-005 R-4: no question is agreed to")
        elif kind == "clarified":
            need(open_, "TL-RFI-002 R-4: no question")
        elif kind == "permit":
            need(self.permits < max(1, self.asked), "TL-RFI-005 R-4: permitted already")
        elif kind == "authorise":
            once = kind not in self.taken and not self.preserves
            within = step["extension_ms"] <= self.told["authorisation_ms"]
            need(once and within, "TL-RFI-006 R-4: not once, or too long")
        elif kind == "contest":
            once = kind not in self.taken and not self.preserves
            need(once and lower, "TL-RFI-012 R-4: not once, or not lower")
        elif kind in ("confirm", "lower"):
            decided = "confirm" in self.taken or "lower" in self.taken
            fits = "contest" in self.taken and not decided and (lower or kind == "confirm")
            need(fits, "TL-RFI-012 R-4: nothing to decide")
        elif kind == "extend":
            once = kind not in self.taken and self.preserves
            need(once, "TL-RFI-006 R-4: no preservation, or not once")
        end = self.end
        if kind in ("authorise", "contest", "extend"):
            need(end is None or now <= end, "TL-RFI-002 R-4: the time is over")
        if kind == "expire":
            ends = end if self.preserves else self.told["not_after_ms"]
            need(ends is not None and now >= ends, "TL-RFI-013 R-4: too early")

    def shown(self, now: int) -> Message:
        end = self.end
        late = not (self.over or self.preserves) and end is not None and end < now
        due = None if self.over else end
        return {"state": self.state, "urgency": self.urgency, "due_ms": due, "overdue": late}


def requests(history: Message) -> Iterator[Message]:
    """A request after each of its events."""
    request = Request(history)
    for event in history["events"]:
        now = event["time_ms"]
        if event["what"] == "stored":
            request.stored = now if request.stored is None else request.stored
            if request.state == "submitted":
                request.state = "received"
        elif event["what"] == "stopped":
            request.stops.append([now, None])
        elif event["what"] == "resumed":
            request.stops[-1][1] = now
        else:
            step = parse_body(14, of(event["body"]))
            yield told(lambda: request.take(step, now), lambda: request.shown(now))  # noqa: B023
            continue
        yield request.shown(now)


def scope_of(suspension: Message) -> tuple[str, ...]:
    return suspension["article"], suspension["sender"], suspension["recipient"]


class Standings:
    """T-2 to T-6."""

    def __init__(self, agreement: Message) -> None:
        self.agreement = agreement
        self.newest: dict[str, Message] = {}
        self.buckets: dict[str, tuple[int, int]] = {}

    def take(self, standing: Message, now: int) -> None:
        agency, number = agency_of(standing["header"]["signer"]), standing["counter"]
        before = self.newest.get(agency, {"suspensions": [], "ended": False, "counter": 0})
        old, new = before["suspensions"], standing["suspensions"]
        added = {scope_of(each) for each in new} - {scope_of(each) for each in old}
        articles = {"", *(each["id"] for each in self.agreement["articles"])}
        for article, *ends in added:
            known = article in articles and {*ends} <= {"", *self.agreement["parties"]}
            need(known, "TL-AGR-001 T-5: no such scope")
        need(number >= before["counter"], "TL-AGR-011 T-2: an older one")
        need(number != before["counter"], "TL-PKT-011 T-2: another one of this number")
        lifts = any(each not in new for each in old)
        ends_now = standing["ended"] and not before["ended"]
        need(standing["ended"] or not before["ended"], "TL-AGR-012 T-3: it is ended")
        if lifts or ends_now:
            act = standing["officer"]
            by_officer = act and act["acted_by"]["role"] == "officer"
            need(by_officer and act["counter"] > before["counter"], "TL-AGR-012 T-3: no officer")
        self.fill(agency, now, lifts, bool(added or ends_now))
        self.newest[agency] = standing

    def fill(self, agency: str, now: int, lifts: bool, adds: bool) -> None:
        """T-4."""
        level, since = self.buckets.get(agency, (0, now))
        level = max(0, level - (now - since))
        more = level + (3_600_000 if lifts else 600_000)
        if adds and not lifts:
            more = max(level, min(more, 115_200_000))
        else:
            room = 230_400_000 if adds else 115_200_000
            need(more <= room, "TL-REQ-002 T-4: the bucket is full")
        self.buckets[agency] = more, now

    def is_stopped(self, article: Message, sender: str, recipient: str) -> bool:
        """T-6."""
        for agency, standing in self.newest.items():
            for scope in map(scope_of, standing["suspensions"]):
                way = (
                    (sender, recipient) == scope[1:] if scope[1] else agency in (sender, recipient)
                )
                if scope[0] in ("", article["id"]) and (article["joint"] or way):
                    return True
        return False

    def shown(self) -> Message:
        ways = [*permutations(self.agreement["parties"], 2)]
        articles = self.agreement["articles"]
        stopped = [
            [each["id"], *way] for each in articles for way in ways if self.is_stopped(each, *way)
        ]
        channels = [[*way] for way in ways if all(self.is_stopped(each, *way) for each in articles)]
        return {"stopped": stopped, "channels": channels}


def standings(history: Message) -> Iterator[Message]:
    """What the parties' standings stop after each event."""
    known = Standings(parse("Agreement", of(history["agreement"])))
    for event in history["events"]:
        if event["what"] == "agreement":
            known.agreement = parse("Agreement", of(event["body"]))
            yield known.shown()
        else:
            standing, now = parse_body(5, of(event["body"])), event["time_ms"]
            yield told(lambda: known.take(standing, now), known.shown)  # noqa: B023


LEAD = ("invited", "admitted", "out", "closed")
NEXT = {
    "": ("invited", "accepted", "declined"),
    "invited": LEAD,
    "admitted": LEAD[1:],
    "accepted": ("accepted", "left"),
}


class Case:
    """C-2 to C-6."""

    def __init__(self, history: Message) -> None:
        self.lead, self.agreement = history["lead"], of(history["agreement_id"])
        self.agencies = history["agencies"]
        self.latest: dict[tuple[str, str], Message] = {}

    @property
    def is_closed(self) -> bool:
        return any(each["phase"] == "closed" for each in self.latest.values())

    def take(self, step: Message) -> None:
        sender, recipient = (
            agency_of(step["header"]["signer"]),
            agency_of(step["address"]["recipient"]),
        )
        by_lead = step["phase"] in LEAD
        invited = (recipient, sender) in self.latest and recipient == self.lead
        part = sender == self.lead if by_lead else invited
        same = step["address"]["agreement_id"] == self.agreement
        need(part and same, "TL-CAS-001 C-3: no part in it")
        going_on = not (by_lead and self.is_closed) or step["phase"] == "closed"
        need(going_on, "TL-CAS-002 C-3: closed")
        before = self.latest.get((sender, recipient), {"phase": "", "number": 0})
        need(step["number"] > before["number"], "TL-CAS-003 C-2: an older one")
        need(step["phase"] in NEXT.get(before["phase"], ()), "TL-CAS-002 C-2: not next")
        self.latest[sender, recipient] = step

    def membership(self, agency: str) -> str:
        """C-4."""
        lead = self.latest[self.lead, agency]["phase"]
        member = self.latest.get((agency, self.lead), {"phase": ""})["phase"]
        if member in ("declined", "left"):
            return str(member)
        if lead in ("out", "closed"):
            return str(lead)
        if not member:
            return "invited"
        return "in" if lead == "admitted" else "waiting"

    def shown(self) -> Message:
        told_ = [recipient for sender, recipient in self.latest if sender == self.lead]
        states = {agency: self.membership(agency) for agency in told_}
        may = [
            agency
            for agency in self.agencies
            if not self.is_closed and (agency == self.lead or states.get(agency) == "in")
        ]
        return {"memberships": states, "may_file": may}


def cases(history: Message) -> Iterator[Message]:
    """A case after each of its steps."""
    case = Case(history)
    for event in history["events"]:
        step = parse_body(17, of(event["body"]))
        yield told(lambda: case.take(step), case.shown)  # noqa: B023


JUDGES = {
    "requests": requests,
    "standings": standings,
    "cases": cases,
    "budgets": partial(budgets, told=told),
    "marks": partial(marks, told=told),
}
