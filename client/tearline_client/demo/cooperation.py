"""Later steps of the story: requests, suspension and recall between partners."""

from datetime import UTC, datetime
from typing import Any

from tearline_client.demo.incident import CAS, QUANTITY, WRONG_CAS, incident_jsonl
from tearline_client.demo.lead import (
    AMOUNT,
    FURTHER,
    NARRATIVE,
    RECORD_AMOUNT,
    RECORDS,
    REQUEST,
    RIGHT_AMOUNT,
    SOURCE,
    SUSPECT,
    corrected_jsonl,
    lead_jsonl,
)
from tearline_client.demo.step import CN, MX, ORDER, US, StepResult, Story

_CASE = "Harbour"
_TURNS = 3  # to receive, to answer, to receive the answer
_NEITHER = "neither-confirm-nor-deny"
_ASKING, _ANSWERING, _OFFICER = "paz", "grace", "lin"
_PRECURSORS = {
    "agreement": ORDER["agreement"],
    "article": "precursors",
    "purpose": "precursor-control",
    "kind": "precursor-incident",
}
_TERMS = {"agreement": ORDER["agreement"], "article": ORDER["article"]}


def case(story: Story) -> StepResult:
    """Shows that packets of a joint case reach only its members."""
    us, cn, mx = (story.world.agencies[name] for name in (US, CN, MX))
    source = _further(story)
    us.ask("open_case", title=_CASE, agreement=ORDER["agreement"], partners=[CN, MX])
    filed = {"source": source, "order": {**ORDER, "case_id": _CASE}, "narrative": ""}
    cn.ask("join_case", title=_CASE)
    us.ask("receive")
    early = us.refused("send", **filed)
    mx.ask("join_case", title=_CASE)
    us.ask("receive")
    packet = us.ask("send", **filed)["packets"][0]
    story.world.all("receive")
    timelines = {name: story.world.agencies[name].ask("timeline", title=_CASE) for name in (US, CN)}
    went_to = {
        name: {line["with"] for line in told if line["what"] == "grant-accepted"}
        for name, told in timelines.items()
    }
    return StepResult(
        proved=early is not None
        and early.code == "TL-CAS-005"
        and went_to == {US: {CN, MX}, CN: {CN}},
        lines=[
            f"before {MX} joined, filing was refused: {early.code if early else 'not refused'}",
            f"entries of the case visible to {US}:",
            *(_event_text(line) for line in timelines[US]),
            f"{CN} sees its own grant, and not the one to {MX}",
        ],
        evidence={"packet": packet, "timelines": timelines, "command": "tearline case timeline"},
    )


def request(story: Story) -> StepResult:
    """Shows an emergency request with one item answered and one refused with a ground."""
    us, mx = story.world.agencies[US], story.world.agencies[MX]
    source = story.world.folder / "statements.jsonl"
    source.write_text(lead_jsonl(RECORDS), encoding="utf-8")
    mx.ask("add_person", name=_ASKING, role="liaison")
    us.ask("add_person", name=_ANSWERING, role="liaison")
    asked = mx.ask("request", text=REQUEST, person=_ASKING)["request"]
    at_us, at_mx = us.ask("requested", request=asked), mx.ask("requested", request=asked)
    given = us.ask("answer", request=asked, source=str(source), item=1, person=_ANSWERING)
    us.ask("refuse", request=asked, ground=_NEITHER, item=2, person=_ANSWERING)
    ended = mx.ask("requested", request=asked)
    answered, refused = ended["items"]
    seen = str(mx.ask("view", packet=given["packet"])["rows"])
    return StepResult(
        proved=at_us["due_ms"] == at_mx["due_ms"]
        and at_us["due_ms"] is not None
        and answered["answer"] == given["packet"]
        and RECORD_AMOUNT in seen
        and (refused["answer"], refused["ground"]) == ("", _NEITHER)
        and ended["state"] == "answered",
        lines=[
            f"urgency {at_us['urgency']}: {MX} computes the deadline {_time_text(at_mx['due_ms'])}"
            f" UTC from the log, and {US} computes {_time_text(at_us['due_ms'])} UTC",
            f"1. {answered['record']}: answered with packet {answered['answer'][:16]}…",
            f"2. {refused['record']}: refused, {refused['ground']}",
        ],
        evidence={"request": asked, "due_ms": at_us["due_ms"], "items": ended["items"]},
    )


def precursor(story: Story) -> StepResult:
    """Shows that a diversion is reported, and that a mistyped substance is refused."""
    cn, us, mx = (story.world.agencies[name] for name in (CN, US, MX))
    source = story.world.folder / "incident.jsonl"
    order = {**_PRECURSORS, "to": [US, MX]}
    sending: dict[str, Any] = {"source": str(source), "order": order, "narrative": ""}
    source.write_text(incident_jsonl(WRONG_CAS), encoding="utf-8")
    wrong = cn.refused("send", **sending)
    source.write_text(incident_jsonl(), encoding="utf-8")
    packet = cn.ask("send", **sending)["packets"][0]
    seen = {}
    for name, agency, person in ((US, us, _ANSWERING), (MX, mx, _ASKING)):
        agency.ask("receive")
        rows = agency.ask("view", packet=packet, person=person)["rows"]
        seen[name] = {row["field"].partition("/")[2]: row["shown"] for row in rows}
    told = [(f["Substance/casNumber"], f["Substance/quantity"]) for f in seen.values()]
    return StepResult(
        proved=wrong is not None and wrong.code == "TL-PKT-031" and told == [(CAS, QUANTITY)] * 2,
        lines=[
            f"CAS {WRONG_CAS} was refused at {CN}: {wrong.code if wrong else 'not refused'}",
            *(f"{name} reads: {_incident_text(fields)}" for name, fields in seen.items()),
        ],
        evidence={"packet": packet, "command": "tearline packet send --kind precursor-incident"},
    )


def correct(story: Story) -> StepResult:
    """Shows that a corrected packet replaces a wrong one for all its recipients."""
    us, cn, mx = (story.world.agencies[name] for name in (US, CN, MX))
    source = story.world.folder / "corrected.jsonl"
    source.write_text(corrected_jsonl(), encoding="utf-8")
    made = us.ask(
        "correct",
        packet=story.packet,
        source=str(source),
        narrative=NARRATIVE,
        person=_ANSWERING,
    )
    story.corrected, story.packet = story.packet, made["packet"]
    partners = {CN: cn, MX: mx}
    for agency in partners.values():
        agency.ask("receive")
    first = {n: agency.ask("view", packet=story.corrected) for n, agency in partners.items()}
    now = {n: str(agency.ask("view", packet=story.packet)) for n, agency in partners.items()}
    named = {n: " ".join(view["corrections"]) for n, view in first.items()}
    return StepResult(
        proved=all(story.packet[:12] in words for words in named.values())
        and RIGHT_AMOUNT in now[MX]
        and AMOUNT not in now[MX]
        and RIGHT_AMOUNT not in now[CN]
        and SOURCE not in now[CN] + now[MX],
        lines=[
            f"each field is decided anew: what a person released to {CN} since is not part of it",
            "changes of each partner's view, shown before sending:",
            *(
                f"    {c['partner']}: {c['field']}: {c['before']} → {c['after']}"
                for c in made["changes"]
            ),
            *(f"{name} reads on the first packet: {words}" for name, words in named.items()),
        ],
        evidence={
            "packet": story.packet,
            "corrects": story.corrected,
            "changes": made["changes"],
            "command": f"tearline packet correct {story.corrected[:12]} corrected.jsonl",
        },
    )


def suspend(story: Story) -> StepResult:
    """Shows that suspension stops an article at once, and that both parties prove the gap."""
    us, cn = story.world.agencies[US], story.world.agencies[CN]
    order = {**ORDER, "to": [CN]}
    lead: dict[str, Any] = {"source": _further(story), "order": order, "narrative": ""}
    packet = us.ask("send", **lead)["packets"][0]
    cn.ask("suspend", **_TERMS)
    cn.ask("receive")
    held = cn.refused("view", packet=packet)
    _settle(story)
    stopped = us.refused("send", **lead)
    cn.ask("add_person", name=_OFFICER, role="officer")
    cn.ask("resume", **_TERMS, person=_OFFICER)
    _settle(story)
    arrived = cn.ask("view", packet=packet)["rows"]
    gaps = {
        name: story.world.agencies[name].ask("gaps", peer=peer, **_TERMS)
        for name, peer in ((US, CN), (CN, US))
    }
    return StepResult(
        proved=held is not None
        and stopped is not None
        and stopped.code == "TL-AGR-010"
        and bool(arrived)
        and _sorted(gaps[US]) == _sorted(gaps[CN])
        and [gap["proved"] for gap in gaps[CN]] == [True, True],
        lines=[
            f"a lead in {CN}'s mailbox was held: {'not delivered' if held else 'delivered'}",
            f"the next one was refused at {US}: {stopped.code if stopped else 'not refused'}",
            f"an officer of {CN} resumed; the held lead was reissued and arrived",
            *(_gap_text(gap) for gap in gaps[CN]),
            f"{US}'s own records show the same",
        ],
        evidence={"packet": packet, "gaps": gaps, "command": "tearline agreement gap"},
    )


def recall(story: Story) -> StepResult:
    """Shows that recalled packets are erased at the recipient, with signed answers."""
    us, cn, mx = (story.world.agencies[name] for name in (US, CN, MX))
    packets = (story.corrected, story.packet)

    def open_at_cn() -> int:
        return sum(len(cn.ask("view", packet=packet)["rows"]) for packet in packets)

    before = open_at_cn()
    for packet in packets:
        us.ask("recall", packet=packet, to=CN, reason="source-at-risk")
    cn.ask("receive")
    answers = [answer for packet in packets for answer in us.ask("recalls", packet=packet)]
    after = open_at_cn()
    elsewhere = str(mx.ask("view", packet=story.packet))
    return StepResult(
        proved=[answer["state"] for answer in answers] == ["erased"] * len(packets)
        and before > 0
        and after == 0
        and SUSPECT in elsewhere,
        lines=[
            *(
                f"{answer['partner']} signed for packet {packet[:12]}: {answer['state']};"
                f" not undone: {', '.join(answer['not_undone'])}"
                for packet, answer in zip(packets, answers, strict=False)
            ),
            f"{CN} saw {before} fields of them, and now sees {after}; {MX} keeps its view",
        ],
        evidence={"answers": answers, "command": "tearline packet recalls"},
    )


def _further(story: Story) -> str:
    """Writes the second lead; returns its file."""
    source = story.world.folder / "further.jsonl"
    source.write_text(lead_jsonl(FURTHER), encoding="utf-8")
    return str(source)


def _settle(story: Story) -> None:
    """Lets every node receive all messages and answer them."""
    for _ in range(_TURNS):
        story.world.all("receive")


def _sorted(gaps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(gaps, key=lambda gap: str(gap["from"]))


def _gap_text(gap: dict[str, Any]) -> str:
    before, after = gap["before"], gap["after"]
    between = ", ".join(f"{count} {code}" for code, count in gap["between"].items())
    return (
        f"{gap['from']} to {gap['to']}: at suspension {before[0]} sent, {before[1]} received;"
        f" at resumption {after[0]} and {after[1]}; between them {between or 'none'}"
    )


def _time_text(time_ms: int | None) -> str:
    if time_ms is None:
        return "no time"
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%H:%M:%S.%f}"[:-3]


def _incident_text(fields: dict[str, str]) -> str:
    amount = f"{fields['Substance/quantity']} {fields['Substance/unit']}"
    substance = f"{fields['Substance/name']}, CAS {fields['Substance/casNumber']}"
    table = f"table {fields['Substance/unTable']} of the 1988 Convention"
    return f"{fields['PrecursorIncident/act']}, {amount} of {substance}, {table}"


def _event_text(event: dict[str, Any]) -> str:
    ends = f"{event['by']} → {event['with']}" if event["with"] else event["by"]
    return f"    {event['entry']:>3}  {event['what']:16} {ends:42} {event['about']}".rstrip()
