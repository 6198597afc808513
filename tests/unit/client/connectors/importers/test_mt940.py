"""MT940 and MT942: each field in its form, sums to the cent, and one message held at a time."""

import io
import re
from pathlib import Path

import pytest

from support.cases import each_case
from tearline.errors import ImportRefused
from tearline_client.connectors.importers import mt940 as module
from tearline_client.connectors.importers.mt940 import IMPORTER
from tearline_client.connectors.importers.mt940_details import Details, parse_details
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.planning.entities import Entity

SAMPLES = Path(__file__).parent / "bank_samples"
IBAN, OTHER = "DE02120300000000202051", "DE02500105170137075030"
GERMAN = (
    "166?00SEPA-UEBERWEISUNG?109310?20EREF+E-77 SVWZ+Tee aus Fuj?21ian?30BYLADEM1001"
    f"?31{OTHER}?32QIU WEN?33HAO?34997"
)
BLOCKS = "{1:F01BANKDEFFAXXX0000000000}{2:I940BANKDEFFXXXXN}{3:{108:REF}}{4:"


def message(
    *lines: str, opening: str = "C260301EUR100,00", closing: str = "C260301EUR90,10"
) -> str:
    return "\r\n".join(
        [":20:START", f":25:{IBAN}", ":28C:3/1", f":60F:{opening}", *lines, f":62F:{closing}", "-"]
    )


def read(text: str | bytes, encoding: str = "") -> tuple[Imported, Report]:
    report = Report()
    data = text.encode() if isinstance(text, str) else text
    return gather(IMPORTER.read(io.BytesIO(data), {"encoding": encoding}, report), report), report


def of(imported: Imported, schema: str) -> list[Entity]:
    return [each for each in imported.entities if each.schema == schema]


def sums(report: Report) -> list[int]:
    return [f.line for f in report if f.concern is Concern.UNRECONCILED]


def test_a_payment_has_both_sides() -> None:
    entry = ":61:2603010302DR9,90NTRFNONREF//BANK77"
    imported, report = read(message(entry, f":86:{GERMAN}"))
    (payment,) = of(imported, "Payment")
    accounts = {each.properties["iban"][0]: each for each in of(imported, "BankAccount")}
    (party,) = of(imported, "LegalEntity")
    assert party.properties["name"] == ("QIU WENHAO",)
    assert dict(payment.properties) == {
        "amount": ("9.90",),
        "currency": ("EUR",),
        "date": ("2026-03-01",),
        "transactionNumber": ("E-77",),
        "recordId": ("BANK77",),
        "purpose": ("Tee aus Fujian",),
        "payerAccount": (accounts[IBAN].id,),
        "beneficiary": (party.id,),
        "beneficiaryAccount": (accounts[OTHER].id,),
        "description": (
            "Kind of transaction: NTRF",
            "Business code: 166",
            "Booking text: SEPA-UEBERWEISUNG",
            "?10: 9310",
            "?34: 997",
            "Booked: 2026-03-02",
            "Funds code: R",
            "Statement: START, 3/1",
        ),
    }
    assert accounts[IBAN].properties["balance"] == ("90.10",)
    assert accounts[IBAN].properties["currency"] == ("EUR",)
    assert [(f.column, f.why) for f in report] == [
        ("60F", "an opening balance; it is compared, and not carried")
    ]


def test_two_banks_with_one_number_have_two_accounts() -> None:
    ids = set()
    for bank in ("10020030", "50010517"):
        imported, _ = read(message(":61:260301D9,90NTRFNONREF").replace(IBAN, f"{bank}/1234567"))
        ids |= {each.id for each in of(imported, "BankAccount")}
    assert len(ids) == 2


def test_equal_entries_of_two_statements_are_two_payments() -> None:
    text = message(":61:260301D9,90NTRFNONREF")
    ids = set()
    for page in ("3/1", "3/2"):
        imported, _ = read(text.replace("3/1", page))
        ids |= {each.id for each in of(imported, "Payment")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    "change",
    [("C260301EUR100,00", "C260302EUR100,00"), ("NONREF", "NOTPROVIDED"), ("9,90N", "9,90RN")],
    ids=["opening", "reference", "funds"],
)
def test_payments_of_two_statements_of_one_number_are_two(change: tuple[str, str]) -> None:
    text = message(":61:260301D9,90NTRFNONREF").replace("START", "NOTPROVIDED").replace("3/1", "0")
    ids = set()
    for each in (text, text.replace(*change, 1)):
        imported, _ = read(each)
        ids |= {payment.id for payment in of(imported, "Payment")}
    assert len(ids) == 2


def test_a_bank_without_an_account_is_carried_as_text() -> None:
    imported, _ = read(message(":61:260301D9,90NTRFNONREF", ":86:166?20tea?30BYLADEM1001?32QIU"))
    (payment,) = of(imported, "Payment")
    assert "Beneficiary's bank or account: BYLADEM1001" in payment.properties["description"]


def test_further_balances_and_the_number_of_an_empty_statement_are_reported() -> None:
    further = (":60F:C260301EUR1,00", ":62F:C260301EUR1,00")
    _, report = read(
        message(closing="C260301EUR100,00").replace("\r\n-", "\r\n".join(("", *further)))
    )
    stays = sorted(f.column for f in report if f.concern is Concern.STAYS_HOME)
    assert stays == ["20", "60F", "60F", "62F"]
    assert sums(report) == []


def test_the_field_86_of_an_entry_is_bounded_however_it_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_FIELD_BYTES", 100)
    with pytest.raises(ImportRefused, match="fields 86 of over"):
        read(message(":61:260301D9,90NTRFNONREF", *[":86:"] * 200))


def test_repeated_blocks_are_skipped_without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = module._BLOCKS
    lines: list[str] = []

    class Blocks:
        def match(self, text: str, place: int = 0) -> re.Match[str] | None:
            if text.startswith("{4:") and not any(text is line for line in lines):
                lines.append(text)
            return blocks.match(text, place)

    monkeypatch.setattr(module, "_BLOCKS", Blocks())
    read("{4:" * 500 + message(":61:260301D9,90NTRFNONREF"))
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("frame", "has_header"),
    [
        (f"{BLOCKS}\r\n%s}}{{5:{{CHK:0}}}}\r\n", True),
        ("\x01%s\x03", False),
        ("BANKDEFF\n940\n%s", True),
        ("%s", False),
    ],
)
def test_messages_stand_in_blocks_or_plain(frame: str, has_header: bool) -> None:
    text = frame % message(":61:260301D9,90NTRFNONREF")
    imported, report = read(text + "\r\n" + text)
    assert len(of(imported, "Payment")) == 2
    assert [f.column for f in report] == ["header", "60F"] if has_header else ["60F"]


@pytest.mark.parametrize("closing", ["C260301EUR90,11", "C260301EUR90,", "D260301EUR90,10"])
def test_a_statement_that_is_a_cent_off_is_reported(closing: str) -> None:
    _, report = read(message(":61:260301D9,90NTRFNONREF", closing=closing))
    assert sums(report) == [6]


@pytest.mark.parametrize(
    ("sign", "closing"), [("C", "109,90"), ("D", "90,10"), ("RD", "109,90"), ("RC", "90,10")]
)
def test_reversals_have_the_sign_of_their_effect(sign: str, closing: str) -> None:
    imported, report = read(
        message(f":61:260301{sign}9,90NTRFNONREF", closing=f"C260301EUR{closing}")
    )
    assert sums(report) == []
    (payment,) = of(imported, "Payment")
    own = "beneficiaryAccount" if closing == "109,90" else "payerAccount"
    assert own in payment.properties
    assert (f"Reversal: {sign}" in payment.properties["description"]) is sign.startswith("R")


def test_a_report_of_the_day_has_the_sums_that_it_states() -> None:
    lines = [
        ":20:DAY", f":25:{IBAN}", ":28C:1/1", ":34F:EURD0,", ":13D:2603011200+0100",
        ":61:260301D9,90NTRFNONREF", ":61:260301ED7,00NTRFNONREF", ":90D:1EUR9,90", ":90C:0EUR0,00",
    ]  # fmt: skip
    imported, report = read("\n".join(lines))
    assert sums(report) == []
    assert len(of(imported, "Payment")) == 2
    assert of(imported, "Payment")[0].properties["currency"] == ("EUR",)
    assert {f.column for f in report if f.concern is Concern.STAYS_HOME} == {"34F", "13D"}
    _, report = read("\n".join(lines).replace(":90D:1EUR9,90", ":90D:2EUR9,90"))
    assert sums(report) == [8]


@pytest.mark.parametrize(("booked", "day"), [("0102", "2026-01-02"), ("1231", "2025-12-31")])
def test_a_day_of_booking_is_near_the_value_day(booked: str, day: str) -> None:
    imported, _ = read(message(f":61:260101{booked}D9,90NTRFNONREF"))
    assert f"Booked: {day}" in of(imported, "Payment")[0].properties["description"]


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("", Details()),
        ("Tea from\nFujian", Details(purposes=("Tea from Fujian",))),
        (
            f"/TRTP/SEPA/IBAN/{OTHER}/BIC/BYLADEM1001/NAME/Qiu\n Wenhao/REMI/tea/EREF/E1",
            Details(
                name="Qiu Wenhao",
                iban=OTHER,
                bic="BYLADEM1001",
                references=("E1",),
                purposes=("tea",),
                notes=("TRTP: SEPA",),
            ),
        ),
        (
            "105?20EREF+NOTPROVIDED MREF+M1 SV?21WZ+rent?30500700?314711",
            Details(
                number="4711",
                bic="500700",
                purposes=("rent",),
                notes=("Business code: 105", "MREF: M1"),
            ),
        ),
        ("166?20EREF+A SVWZ+b EREF+c", Details(
            references=("A EREF c",), purposes=("b",), notes=("Business code: 166",)
        )),
    ],
    ids=["empty", "free", "dutch", "german", "repeated"],
)  # fmt: skip
def test_details_are_read_in_the_forms_of_banks(text: str, details: Details) -> None:
    assert parse_details(text) == details


@each_case(
    ("text", "told"),
    [
        ("no message", "line 1: not a field"),
        ("", "line 1: no field 20"),
        (":25:1", "line 1: field 25 stands before field 20"),
        (":20:A\n:61:260301D9,90NTRFNONREF", "line 2: the message has no account"),
        (":20:A\n:25:\n", "line 2: field 25 names no account"),
        (
            message(":61:260301X9,90NTRFNONREF"),
            "line 5: field 61 is not in its form, such as 2603010301D1234,50NTRFNONREF",
        ),
        (message(":61:261301D9,90NTRFNONREF"), "line 5: field 61 holds no day"),
        (
            message(":61:260301D9,90NTRFNONREF", closing="X"),
            "line 6: field 62F .* such as C260301EUR1234,50",
        ),
        (message(":61:260301D9.90NTRFNONREF"), "line 5: field 61 is not in its form"),
        (message(":86:" + "\na" * (1 << 20)), "a field of over"),
    ],
)
def test_another_file_is_refused(text: str, told: str) -> None:
    with pytest.raises(ImportRefused, match=told):
        read(text)


def test_bytes_of_another_encoding_are_refused_or_read_as_stated() -> None:
    data = message(":61:260301D9,90NTRFNONREF", ":86:Müller").encode("cp1252")
    with pytest.raises(ImportRefused, match="line 6 is not UTF-8"):
        read(data)
    imported, _ = read(data, "cp1252")
    assert of(imported, "Payment")[0].properties["purpose"] == ("Müller",)


def test_fields_that_no_property_takes_are_reported() -> None:
    text = (
        message(":61:260301D9,90NTRFNONREF")
        + "\n"
        + message(closing="C260301EUR100,00").replace(
            "\r\n-", "\r\n:64:C260301EUR100,00\r\n:86:canary-9e\r\n-"
        )
    )
    imported, report = read(text)
    assert [(f.column, f.concern) for f in report] == [
        (column, Concern.STAYS_HOME) for column in ("60F", "64", "86", "20")
    ]
    assert "canary" not in repr([*report, *imported.entities])


def test_a_sample_of_others_is_read() -> None:
    data = (SAMPLES / "generic.sta").read_bytes()
    imported, report = read(data)
    assert len(of(imported, "Payment")) == len(re.findall(rb"^:61:", data, re.MULTILINE))
    assert [each.properties["amount"] for each in of(imported, "Payment")] == [("10.00",)] * 2
    assert sums(report) == []


def test_a_second_account_in_a_message_is_refused() -> None:
    """No payment is told of one account that the file states of another."""
    entry = ":61:2603010302DR9,90NTRFNONREF"
    with pytest.raises(ImportRefused, match="second account"):
        read(message(f":25:{OTHER}", entry))


def test_an_account_in_the_text_leaves_the_field_s_own_as_a_note() -> None:
    told = parse_details(f"166?20IBAN+{OTHER} BIC+BYLADEM1001?3010020030?311234567?32QIU")
    assert (told.iban, told.bic) == (OTHER, "BYLADEM1001")
    assert {"?30: 10020030", "?31: 1234567"} <= set(told.notes)


def test_a_second_number_of_a_statement_is_reported() -> None:
    imported, report = read(message(":28C:4/1", ":61:2603010302DR9,90NTRFNONREF"))
    (payment,) = of(imported, "Payment")
    assert "Statement: START, 3/1" in payment.properties["description"]
    assert ("28C", Concern.STAYS_HOME) in {(each.column, each.concern) for each in report}
