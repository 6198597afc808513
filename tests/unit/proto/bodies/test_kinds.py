"""The rules of each kind, on its own example and on what it refuses."""

import pytest

from support.bodies import entities, fields, problems
from support.cases import each_case
from tearline.bodies.registry import KINDS, judge_body, verify_body
from tearline.errors import BodyIncomplete
from tearline.packets.packet import PacketKind
from tearline.policy.masks import generalise
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.report import Report
from tearline_client.planning.entities import Entity

RULED = sorted(KINDS)
TRANSFER = KINDS[PacketKind.VALUE_TRANSFER].example
INCIDENT = KINDS[PacketKind.PRECURSOR_INCIDENT].example
NOTIFICATION = KINDS[PacketKind.PRE_EXPORT_NOTIFICATION].example
NOTICE = KINDS[PacketKind.OPERATIONAL_NOTICE].example
FEEDBACK = KINDS[PacketKind.FEEDBACK].example


@pytest.mark.parametrize("kind", RULED)
def test_the_example_of_a_kind_is_what_the_kind_asks_for(kind: PacketKind) -> None:
    assert problems(kind, entities(KINDS[kind].example)) == []


@pytest.mark.parametrize("kind", RULED)
def test_an_import_has_no_doubt_about_the_example(kind: PacketKind) -> None:
    report = Report()
    for line, entity in enumerate(entities(KINDS[kind].example), 1):
        judge(entity, report, line=line)
    assert list(report) == []


@pytest.mark.parametrize("kind", sorted(set(RULED) - {PacketKind.LEAD}))
def test_what_a_kind_asks_for_is_missing_where_it_is_not_there(kind: PacketKind) -> None:
    for part in KINDS[kind].parts:
        for detail in part.details:
            kept = [
                field
                for field in fields(entities(KINDS[kind].example))
                if not field.path.endswith(f"/{part.schema}/{detail.name}")
            ]
            found = judge_body(kind, kept, whole=True)
            lacking = {problem.path.partition("/")[2] for problem in found if problem.lacks}
            expected = {f"{part.schema}/{detail.name}"} if detail.required else set()
            # Feedback must say one thing or another; its example says one.
            if (kind, detail.name) == (PacketKind.FEEDBACK, "outcome"):
                expected = {"Feedback/outcome"}
            assert lacking == expected, detail.name
            assert judge_body(kind, kept) == ()


@pytest.mark.parametrize("kind", sorted(set(RULED) - {PacketKind.LEAD}))
def test_another_body_is_refused_with_what_is_missing(kind: PacketKind) -> None:
    lead = fields(entities(KINDS[PacketKind.LEAD].example))
    with pytest.raises(BodyIncomplete, match=r"is missing, with \w+"):
        verify_body(kind, lead)


@each_case(
    ("kind", "text", "before", "after", "problem"),
    [
        ("value-transfer", TRANSFER, "250000.00", "250,000.00", "TransferLeg/amount: not a dec"),
        ("value-transfer", TRANSFER, "250000.00", "0", "TransferLeg/amount: not a decimal"),
        ("value-transfer", TRANSFER, '"USD"],"date"', '"USX"],"date"', "TransferLeg/currency: "),
        ("value-transfer", TRANSFER, "2026-02-17T14:30", "2026-02", "TransferLeg/date: not a day"),
        ("value-transfer", TRANSFER, "2026-02-18", "2026-02-30", "TransferLeg/date: not a day"),
        ("value-transfer", TRANSFER, '"cash"', '"hawala"', "TransferLeg/method: none of: cash,"),
        ("value-transfer", TRANSFER, '["us"]', '["USA"]', "TransferLeg/country: not a country"),
        (
            "value-transfer",
            TRANSFER,
            '"pay-out"',
            '"pay-in"',
            "TransferLeg/side: another leg is of",
        ),
        (
            "value-transfer",
            TRANSFER,
            '"counterLeg":["leg-out"]',
            '"counterLeg":["leg-in"]',
            "TransferLeg/counterLeg: a leg is not its own other side",
        ),
        (
            "value-transfer",
            TRANSFER,
            '"rateCurrency":["USD"]',
            '"rateCurrency":["CNY"]',
            "TransferLeg/rateCurrency: a rate is to another currency",
        ),
        (
            "value-transfer",
            TRANSFER,
            '"rateCurrency":["USD"]',
            '"rateCurrency":["MXN"]',
            "TransferLeg/rateCurrency: not the currency of the other leg",
        ),
        (
            "value-transfer",
            TRANSFER,
            '"payer":["qiu"]',
            '"payer":["leg-out"]',
            "TransferLeg/payer: it refers to something other than Company or",
        ),
        ("precursor-incident", INCIDENT, "23056-29-3", "23056-29-4", "Substance/casNumber: not"),
        ("precursor-incident", INCIDENT, '["I"]', '["II"]', "Substance/unTable: the substance of"),
        ("precursor-incident", INCIDENT, '["I"]', '["III"]', "Substance/unTable: neither"),
        ("precursor-incident", INCIDENT, '"kg"', '"pounds"', "Substance/unit: none of: mg, g,"),
        ("precursor-incident", INCIDENT, "2933.39", "29", "Substance/hsCode: not a heading"),
        ("precursor-incident", INCIDENT, "diversion-attempt", "raid", "PrecursorIncident/act: "),
        (
            "pre-export-notification",
            NOTIFICATION,
            "2026-05-11",
            "2026-04-11",
            "PreExportNotification/arrivalDate: it arrives before it leaves",
        ),
        (
            "pre-export-notification",
            NOTIFICATION,
            "2026-04-10",
            "2026-04-21",
            "PreExportNotification/objectionDeadline: it ends after the departure",
        ),
        (
            "pre-export-notification",
            NOTIFICATION,
            '"importer":["harbour"]',
            '"importer":["lotus"]',
            "PreExportNotification/importer: exporter and importer are the same",
        ),
        (
            "pre-export-notification",
            NOTIFICATION,
            '"importCountry":["mx"]',
            '"importCountry":["cn"]',
            "PreExportNotification/importCountry: no border lies between them",
        ),
        ("operational-notice", NOTICE, '"arrest"]', '"visit"]', "OperationalNotice/act: none of"),
        ("operational-notice", NOTICE, "05-07T18:00", "05", "OperationalNotice/embargoUntil: not"),
        ("feedback", FEEDBACK, "abab", "ABAB", "Feedback/packet: not the 64 small digits"),
        ("feedback", FEEDBACK, "led-to-arrest", "thanks", "Feedback/outcome: none of: used,"),
    ],
)
def test_what_a_kind_refuses_it_refuses_in_a_part_as_well(
    kind: str, text: str, before: str, after: str, problem: str
) -> None:
    assert before in text
    changed = entities(text.replace(before, after, 1))
    whole = problems(PacketKind(kind), changed)
    assert any(each.startswith(problem) for each in whole), whole
    assert problems(PacketKind(kind), changed, whole=False) == whole


def test_an_objection_gives_its_reason() -> None:
    objection = FEEDBACK.replace('"outcome":["led-to-arrest"]', '"reply":["objection"]')
    assert problems(PacketKind.FEEDBACK, entities(objection)) == [
        "Feedback/description: an objection gives its reason"
    ]
    assert problems(PacketKind.FEEDBACK, entities(objection), whole=False) == []
    reasoned = objection.replace('"date"', '"description":["No such importer."],"date"')
    assert problems(PacketKind.FEEDBACK, entities(reasoned)) == []


def test_items_whose_numbers_are_kept_back_are_not_taken_for_one() -> None:
    items = [Entity(id=each, schema="RequestedItem", properties={}) for each in ("one", "two")]
    assert problems(PacketKind.RECORD_REQUEST, items, whole=False) == []


def test_one_leg_alone_is_a_transfer_and_three_are_not() -> None:
    leg, other, *parties = entities(TRANSFER)
    assert problems(PacketKind.VALUE_TRANSFER, [leg, *parties]) == []
    third = entities(TRANSFER.replace("leg-out", "leg-3"))[1]
    assert "TransferLeg: at most 2 may be there" in problems(
        PacketKind.VALUE_TRANSFER, [leg, other, third, *parties], whole=False
    )


@each_case(
    ("path", "value", "coarse"),
    [
        ("TransferLeg/amount", "250000.00", "100000-500000"),
        ("TransferLeg/currency", "USD", "USD"),
        ("TransferLeg/date", "2026-02-17T14:30", "2026-02"),
        ("TransferLeg/address", "Guadalajara, Jalisco, México", "mx-jal"),
        ("TransferLeg/country", "mx", "mx"),
        ("Substance/quantity", "25", "10-50"),
        ("Substance/casNumber", "23056-29-3", "UN 1988 Table I"),
        ("PreExportNotification/objectionDeadline", "2026-04-10", "2026-04"),
    ],
)
def test_what_kinds_add_has_coarser_forms(path: str, value: str, coarse: str) -> None:
    form = generalise(f"t/{path}", [value])
    assert form is not None
    assert form.values == (coarse,)


@pytest.mark.parametrize("path", ["OperationalNotice/act", "TransferLeg/reference"])
def test_what_has_no_coarser_form_is_only_told_to_exist(path: str) -> None:
    assert generalise(f"t/{path}", ["arrest"]) is None
