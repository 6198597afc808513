"""history-v1.json as this implementation judges it: one event after the other.

Each judge yields what holds after each event: the state, or the code of the error.
"""

from collections.abc import Iterator
from typing import Any

from tearline.cases.case import CaseBook, CaseStep, membership
from tearline.errors import TearlineError
from tearline.identity import agency_uri_of
from tearline.limits import CHARGE_BYTES
from tearline.packets.packet import Urgency
from tearline.requests.clock import Interval
from tearline.requests.progress import Demand, Progress
from tearline.requests.step import Side
from tearline.statements.budget import (
    Amount,
    BudgetLevel,
    BudgetPart,
    paced_mark,
    part_of,
)
from tearline.statements.statement import StatementType
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.pace import paced
from tearline.suspensions.transitions import verify_follows, verify_scopes
from tearline.wire.agreements import parse_agreement
from tearline.wire.cases import parse_case_step
from tearline.wire.requests import parse_step
from tearline.wire.suspensions import parse_standing

Json = Any


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def judge_request(history: Json) -> Iterator[Json]:
    """R-3 to R-6."""
    demand = Demand(
        urgency=Urgency(history["urgency"]),
        reply_times={Urgency(name): ms for name, ms in history["reply_times"].items()},
        authorisation_ms=history["authorisation_ms"],
        not_after_ms=history["not_after_ms"],
    )
    request = Progress.begin(demand, granted_ms=history["granted_ms"])
    stopped: list[Interval] = []
    for event in history["events"]:
        now_ms = event["time_ms"]
        if event["what"] == "stored":
            request = request.stored(now_ms)
        elif event["what"] == "stopped":
            stopped.append(Interval(start_ms=now_ms, end_ms=None))
        elif event["what"] == "resumed":
            stopped[-1] = Interval(start_ms=stopped[-1].start_ms, end_ms=now_ms)
        else:
            step = parse_step(of(event["body"]))
            side = Side.ASKER if step.header.signer == history["asker"] else Side.HOLDER
            try:
                request = request.after(side, step, time_ms=now_ms, stopped=stopped)
            except TearlineError as error:
                yield {"code": error.code}
                continue
        ended = request.phase.has_ended
        yield {
            "state": request.phase.text,
            "urgency": request.urgency.value,
            "due_ms": None if ended else request.clock(stopped).due_ms(),
            "overdue": request.is_overdue(now_ms, stopped),
        }


def judge_standings(history: Json) -> Iterator[Json]:
    """T-2 to T-6."""
    agreement = parse_agreement(of(history["agreement"]))
    index, empty_ms = SuspensionIndex(), dict[str, int]()
    for event in history["events"]:
        if event["what"] == "agreement":
            agreement = parse_agreement(of(event["body"]))
        else:
            standing = parse_standing(of(event["body"]))
            before, agency = index.newest(*standing.key), standing.agency
            try:
                verify_scopes(standing, before, agreement.terms)
                verify_follows(standing, before)
                empty_ms[agency] = paced(
                    empty_ms.get(agency, 0), before, standing, now_ms=event["time_ms"]
                )
            except TearlineError as error:
                yield {"code": error.code}
                continue
            index.take(standing)
        parties = agreement.terms.parties
        ways = [(a, b) for a in parties for b in parties if a != b]
        yield {
            "stopped": [
                [article.id, sender, recipient]
                for article in agreement.terms.articles
                for sender, recipient in ways
                if index.stops(agreement, article.id, sender=sender, recipient=recipient)
            ],
            "channels": [
                [sender, recipient]
                for sender, recipient in ways
                if index.channel_stops(agreement, sender=sender, recipient=recipient)
            ],
        }


def judge_case(history: Json) -> Iterator[Json]:
    """C-2 to C-6."""
    book, latest = CaseBook(), dict[tuple[str, str], CaseStep]()
    case_id, agreement = of(history["case_id"]), of(history["agreement_id"])
    for event in history["events"]:
        step = parse_case_step(of(event["body"]))
        try:
            book.verify(step)
        except TearlineError as error:
            yield {"code": error.code}
            continue
        book.put(step)
        ends = agency_uri_of(step.header.signer), agency_uri_of(step.address.recipient)
        latest[ends] = step
        lead = history["lead"]
        yield {
            "memberships": {
                member: membership(
                    step.phase,
                    said.phase if (said := latest.get((member, lead))) else None,
                ).value
                for (sender, member), step in latest.items()
                if sender == lead
            },
            "may_file": [
                agency
                for agency in history["agencies"]
                if may_file(book, case_id, agency, agreement)
            ],
        }


def may_file(book: CaseBook, case_id: bytes, agency: str, agreement: bytes) -> bool:
    """C-6."""
    try:
        book.verify_may_file(case_id, agency, agreement)
    except TearlineError:
        return False
    return True


def judge_budgets(history: Json) -> Iterator[Json]:
    """S-23 to S-25."""
    levels = dict[BudgetPart, BudgetLevel]()
    budget = Amount(entries=history["entries"], bytes=history["bytes"])
    for event in history["events"]:
        now_ms, charge = event["time_ms"], Amount(entries=1, bytes=CHARGE_BYTES)
        part: BudgetPart | None = BudgetPart.SEARCH
        if event["what"] == "refused":
            part = BudgetPart.REFUSAL
        elif event["what"] == "accepted":
            kind = StatementType(event["type"])
            part = part_of(kind)
            charge = Amount(entries=event["entries"], bytes=CHARGE_BYTES + event["size"])
        if part is not None:
            level = levels.get(part, BudgetLevel())
            try:
                level.verify(now_ms=now_ms)
            except TearlineError as error:
                yield {"code": error.code}
                continue
            levels[part] = level.after(charge, part, budget, now_ms=now_ms)
        yield {
            "empty_us": {
                part.value: [level.entries_us, level.bytes_us]
                for part, level in sorted(levels.items())
            }
        }


def judge_marks(history: Json) -> Iterator[Json]:
    """S-26."""
    empty_ms = 0
    for event in history["events"]:
        try:
            empty_ms = paced_mark(empty_ms, now_ms=event["time_ms"])
        except TearlineError as error:
            yield {"code": error.code}
            continue
        yield {"empty_ms": empty_ms}


JUDGES = {
    "requests": judge_request,
    "standings": judge_standings,
    "cases": judge_case,
    "budgets": judge_budgets,
    "marks": judge_marks,
}
