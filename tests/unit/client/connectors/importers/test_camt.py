"""Reports of banks by ISO 20022: entities, sums to the cent, and a finding for all that stays."""

from decimal import Decimal
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import pytest

from support.cases import each_case
from tearline.errors import ImportRefused
from tearline_client.connectors.importers import statements
from tearline_client.connectors.importers.camt import IMPORTER
from tearline_client.connectors.importers.report import Concern, Report
from unit.client.connectors.importers.bank_messages import (
    IBAN,
    OTHER,
    balance,
    columns,
    details,
    document,
    entry,
    of,
    read,
    statement,
    unreconciled,
)
from unit.client.connectors.importers.made_files import around, peak

SAMPLES = Path(__file__).parent / "bank_samples"


def test_a_payment_has_both_sides() -> None:
    paid = details("Qiu Wenhao", OTHER)
    imported, report = read(document(statement(entry("9.90", paid), closing="90.10")))
    (payment,) = of(imported, "Payment")
    accounts = {each.properties["iban"][0]: each for each in of(imported, "BankAccount")}
    parties = {each.properties["name"][0]: each for each in of(imported, "LegalEntity")}
    assert dict(payment.properties) == {
        "amount": ("9.90",),
        "currency": ("EUR",),
        "date": ("2026-03-01",),
        "transactionNumber": ("E-Qiu Wenhao",),
        "purpose": ("tea",),
        "payer": (parties["Lantern Trading"].id,),
        "payerAccount": (accounts[IBAN].id,),
        "beneficiary": (parties["Qiu Wenhao"].id,),
        "beneficiaryAccount": (accounts[OTHER].id,),
        "description": ("Statement: S1",),
    }
    owned = {(e.properties["owner"], e.properties["asset"]) for e in of(imported, "Ownership")}
    assert owned == {
        ((parties["Lantern Trading"].id,), (accounts[IBAN].id,)),
        ((parties["Qiu Wenhao"].id,), (accounts[OTHER].id,)),
    }
    assert accounts[IBAN].properties["balance"] == ("90.10",)
    assert accounts[IBAN].properties["currency"] == ("EUR",)
    assert columns(report) == []


def test_two_banks_of_a_clearing_system_have_two_accounts_of_one_number() -> None:
    entries = "".join(
        entry(
            "1.00",
            "<TxDtls><RltdPties><CdtrAcct><Id><Othr><Id>123456</Id></Othr></Id></CdtrAcct>"
            "</RltdPties><RltdAgts><CdtrAgt><FinInstnId><ClrSysMmbId>"
            f"<MmbId>{bank}</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt></RltdAgts></TxDtls>",
        )
        for bank in ("021000021", "111000025")
    )
    imported, report = read(document(statement(entries, closing="98.00")))
    others = [e for e in of(imported, "BankAccount") if "accountNumber" in e.properties]
    assert [e.properties["description"] for e in others] == [
        ("Clearing number: 021000021",),
        ("Clearing number: 111000025",),
    ]
    assert columns(report) == []


@pytest.mark.parametrize("closing", ["90.11", "90.09", "-90.10", "90.101"])
def test_a_statement_that_is_a_cent_off_is_reported(closing: str) -> None:
    text = statement(entry("9.90", details("Qiu Wenhao", OTHER)), closing=closing)
    _, report = read(document(text))
    ((_, why),) = unreconciled(report)
    assert "do not make the closing balance" in why
    assert closing not in why


def test_a_thousand_odd_amounts_reconcile_exactly() -> None:
    entries = "".join(entry("0.01") for _ in range(1000)) + entry("0.10") + entry("0.20")
    _, report = read(document(statement(entries, opening="0.30", closing="-10.00")))
    assert not unreconciled(report)


def test_pending_entries_do_not_count() -> None:
    pending = entry("5.00").replace("BOOK", "PDNG")
    imported, report = read(document(statement(pending)))
    assert not unreconciled(report)
    (payment,) = of(imported, "Payment")
    assert payment.properties["description"] == ("Status: PDNG", "Statement: S1")


def test_the_transactions_of_an_entry_make_its_amount() -> None:
    two = details("A", OTHER, amount="4.00") + details("B", OTHER, amount="5.00")
    _, report = read(document(statement(entry("9.00", two), closing="91.00")))
    assert not unreconciled(report)
    imported, report = read(document(statement(entry("9.01", two), closing="90.99")))
    assert [why for _, why in unreconciled(report)] == [
        "the transactions do not make the amount of their entry"
    ]
    assert [each.properties["amount"] for each in of(imported, "Payment")] == [("4.00",), ("5.00",)]


def test_one_transaction_makes_the_amount_of_its_entry() -> None:
    one = details("A", OTHER, amount="90.00")
    _, report = read(document(statement(entry("100.00", one), closing="0.00")))
    assert [why for _, why in unreconciled(report)] == [
        "the transactions do not make the amount of their entry"
    ]


def test_transactions_against_the_sign_of_their_entry_are_reported() -> None:
    paid = entry("9.00", details("A", OTHER, amount="9.00"), sign="CRDT")
    _, report = read(document(statement(paid, closing="109.00")))
    assert len(unreconciled(report)) == 1


def test_transactions_of_another_currency_are_said_to_be_uncompared() -> None:
    other = details("A", OTHER, amount="9.00").replace("'EUR'", "'USD'")
    _, report = read(document(statement(entry("9.00", other), closing="91.00")))
    assert unreconciled(report) == []
    (finding,) = [f for f in report if f.concern is Concern.UNVALIDATED]
    assert "another currency" in finding.why


@pytest.mark.parametrize(
    "transactions",
    [
        details("A", OTHER) + details("B", OTHER),
        details("A", OTHER, amount="2.00") + details("B", OTHER),
        details("A", OTHER, amount="7.77").replace("'EUR'", "'USD'"),
    ],
)
def test_an_amount_of_an_entry_that_its_transactions_lack_is_a_note(transactions: str) -> None:
    imported, report = read(document(statement(entry("9.00", transactions), closing="91.00")))
    noted = [each for each in of(imported, "Payment") if "9.00 EUR" in repr(each)]
    assert noted
    (finding,) = [f for f in report if f.column == "Ntry/Amt"]
    assert finding.concern is Concern.NOT_UNDERSTOOD


def test_an_instructed_amount_keeps_its_currency() -> None:
    told = "<AmtDtls><InstdAmt><Amt Ccy='USD'>11.00</Amt></InstdAmt></AmtDtls>"
    imported, report = read(document(statement(entry("9.90", details("A", OTHER, more=told)))))
    (payment,) = of(imported, "Payment")
    assert "Instructed amount: 11.00 USD" in payment.properties["description"]
    assert columns(report) == []


def test_a_currency_that_no_property_takes_is_reported() -> None:
    told = "<AmtDtls><CntrValAmt><Amt Ccy='USD'>11.00</Amt></CntrValAmt></AmtDtls>"
    _, report = read(document(statement(entry("9.90", details("A", OTHER, more=told)))))
    assert columns(report) == [
        "TxDtls/AmtDtls/CntrValAmt/Amt",
        "TxDtls/AmtDtls/CntrValAmt/Amt/@Ccy",
    ]


@each_case("number", ["S1", "NOTPROVIDED"])
@each_case(
    "change",
    [
        ("</Id><Acct>", "</Id><StmtPgntn><PgNb>2</PgNb></StmtPgntn><Acct>"),
        ("</Id><Acct>", "</Id><ElctrncSeqNb>2</ElctrncSeqNb><Acct>"),
        ("</Id><Acct>", "</Id><FrToDt><FrDtTm>2026-03-01T00:00:00</FrDtTm></FrToDt><Acct>"),
        ("100.00", "200.00"),
        ("E-A", "NOTPROVIDED"),
        (">tea<", ">rent<"),
    ],
)
def test_payments_of_two_statements_are_two(number: str, change: tuple[str, str]) -> None:
    text = statement(entry("1.00", details("A", OTHER)), closing="99.00").replace("S1", number)
    ids = set()
    for each in (text, text.replace(*change, 1)):
        imported, _ = read(document(each))
        ids |= {payment.id for payment in of(imported, "Payment")}
    assert len(ids) == 2


def test_a_payment_names_its_statement_and_page() -> None:
    told = "<StmtPgntn><PgNb>2</PgNb></StmtPgntn><ElctrncSeqNb>77</ElctrncSeqNb>"
    text = statement(entry("1.00"), closing="99.00").replace("</Id><Acct>", f"</Id>{told}<Acct>")
    imported, _ = read(document(text))
    (payment,) = of(imported, "Payment")
    assert payment.properties["description"] == ("Statement: S1, 77, page 2",)


def test_balances_and_numbers_that_stay_are_reported() -> None:
    further = balance("CLBD", "1.00") + balance("PRCD", "100.00") + balance("ITAV", "5.00")
    _, report = read(document(statement(further)))
    assert {(f.column, f.why) for f in report} >= {
        ("Stmt/Id", "the number of a statement without entries"),
        ("Bal/Amt", "an opening balance; it is compared, and not carried"),
        ("Bal/Amt", "a further balance of one kind"),
        ("Bal/Amt", "a balance of another kind than opening and closing"),
    }


def test_records_of_a_namespace_that_is_not_read_are_reported() -> None:
    readable = document(statement(entry("1.00"), closing="99.00")).decode()
    newer = document(statement(entry("2.00")), kind="camt.053.001.99").decode()
    alien = readable.replace("</Stmt>", f"{entry('3.00')}</Stmt>").replace(
        "<Ntry><Amt Ccy='EUR'>3", "<Ntry xmlns='urn:other'><Amt Ccy='EUR'>3"
    )
    for data in (f"<All>{readable}{newer}</All>", alien):
        imported, report = read(data.encode())
        assert len(of(imported, "Payment")) == 1
        told = [f for f in report if "its namespace" in f.why]
        assert "Ntry" in {f.column for f in told}
        assert all(f.concern is Concern.STAYS_HOME for f in told)


def test_values_around_the_messages_are_reported() -> None:
    text = document(statement("")).decode()
    data = f"<Envelope><Sender>A</Sender>{text.replace('</Document>', '<More>B</More></Document>')}"
    _, report = read(f"{data}</Envelope>".encode())
    assert {"Envelope/Sender", "Document/More"} <= set(columns(report))


def test_a_number_of_entries_that_is_not_the_stated_one_is_reported() -> None:
    summary = "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>"
    _, report = read(document(statement(summary + entry("0.00"))))
    ((_, why),) = unreconciled(report)
    assert "states another number" in why


def test_what_stands_behind_the_details_belongs_to_the_payment() -> None:
    note = "<AddtlNtryInf>Standing order</AddtlNtryInf>"
    imported, _ = read(document(statement(entry("9.90", details("A", OTHER), more=note))))
    (payment,) = of(imported, "Payment")
    assert payment.properties["description"] == (
        "Kind of entry: Standing order",
        "Statement: S1",
    )


def test_no_value_is_dropped_without_a_finding() -> None:
    hidden = "<Chrgs><Rcrd><Amt Ccy='EUR'>1</Amt></Rcrd></Chrgs><Other>canary-5d</Other>"
    text = statement(entry("9.90", details("A", OTHER, more=hidden)), closing="90.10")
    imported, report = read(document("<GrpHdr><MsgId>M</MsgId></GrpHdr>" + text))
    assert sorted(columns(report)) == [
        "GrpHdr/MsgId",
        "TxDtls/Chrgs/Rcrd/Amt",
        "TxDtls/Chrgs/Rcrd/Amt/@Ccy",
        "TxDtls/Other",
    ]
    assert "canary" not in repr([*report, *imported.entities])


def test_one_name_at_two_accounts_is_two_parties() -> None:
    two = details("Li Wei", OTHER) + details("Li Wei", "DE88100900001234567892")
    imported, _ = read(document(statement(entry("1.00", two))))
    assert len([e for e in of(imported, "LegalEntity") if e.properties["name"] == ("Li Wei",)]) == 2


@pytest.mark.parametrize(("kind", "schema"), [("PrvtId", "Person"), ("OrgId", "Organization")])
def test_an_identity_tells_persons_from_organisations(kind: str, schema: str) -> None:
    identity = f"<Nm>A</Nm><Id><{kind}><Othr><Id>77</Id></Othr></{kind}></Id>"
    text = details("A", OTHER).replace("<Nm>A</Nm>", identity)
    imported, _ = read(document(statement(entry("1.00", text))))
    (party,) = of(imported, schema)
    assert party.properties["idNumber"] == ("77",)


@each_case(
    ("amount", "currency", "doubtful"),
    [
        ("1.23", "EUR", False), ("1.2300", "EUR", False), ("1.234", "EUR", True),
        ("1", "JPY", False), ("1.5", "JPY", True), ("1.234", "KWD", False), ("1.2345", "KWD", True),
        ("1.2345", "CLF", False),
    ],
)  # fmt: skip
def test_amounts_have_the_decimals_of_their_currency(
    amount: str, currency: str, doubtful: bool
) -> None:
    report = Report()
    found = statements.parse_amount(amount, currency, report, line=1, column="Amt")
    assert found == Decimal(amount)
    assert bool(report) is doubtful


def test_a_sum_has_all_its_digits() -> None:
    large, small = "9" * 18, "0." + "0" * 17 + "1"
    two = details("A", OTHER, amount=large) + details("B", OTHER, amount=small)
    _, report = read(document(statement(entry(large, two), closing=f"-{large}")))
    assert "the transactions do not make the amount of their entry" in [
        why for _, why in unreconciled(report)
    ]


@each_case(
    "amount",
    [
        "",
        "1,5",
        "-1",
        "+1",
        "1e3",
        "NaN",
        "Infinity",
        "0x1",
        "١",
        "1_0",
        "1" * 19,
        f"0.{'0' * 18}1",
    ],
)
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ImportRefused, match="line 7: Amt"):
        statements.parse_amount(amount, "EUR", Report(), line=7, column="Amt")


def test_repeated_reading_makes_equal_entities_and_statements_differ() -> None:
    text = statement(entry("1.00"), closing="99.00")
    first, _ = read(document(text + text))
    again, _ = read(document(text + text))
    assert [*first.entities] == [*again.entities]
    assert len(of(first, "Payment")) == 2


@each_case(
    ("data", "told"),
    [
        (document(statement(""), kind="camt.060.001.05"), "no statement in a namespace"),
        (document(statement(""), kind="camt.053.001.99"), "no statement in a namespace"),
        (b"<Document><BkToCstmrStmt/></Document>", "no statement in a namespace"),
        (document(f"<Stmt>{entry('1')}</Stmt>"), "before their account"),
        (document("<Stmt><Acct><Nm>A</Nm></Acct></Stmt>"), "has no number"),
        (document(statement(entry("1").replace("DBIT", "BOTH"))), "neither credit nor debit"),
        (document(statement("<Ntry><CdtDbtInd>DBIT</CdtDbtInd></Ntry>")), "without an amount"),
        (document(statement(details("A", OTHER))), "a transaction without an entry"),
        (document(statement(entry("1")))[:-20], "no XML"),
    ],
)
def test_another_file_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ImportRefused, match=told):
        read(data)


@pytest.mark.parametrize(
    ("file", "payments", "sums"),
    [
        ("camt053.v8.xml", 1, ["opening and closing balance have different currencies"]),
        ("camt053.v2.multi.statement.xml", 2, []),
        (
            "camt053.v2.five.decimals.xml",  # 18.150 and 8.850 do not make 27.050
            1,
            ["opening balance and entries (1) do not make the closing balance"],
        ),
        ("camt054.v2.xml", 3, []),
    ],
)
def test_samples_of_others_are_read(file: str, payments: int, sums: list[str]) -> None:
    imported, report = read((SAMPLES / file).read_bytes())
    assert len(of(imported, "Payment")) == payments
    assert [why for _, why in unreconciled(report)] == sums


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_the_payments_of_a_sample_equal_an_independent_count(path: Path) -> None:
    entries = ElementTree.parse(path).getroot().findall(".//{*}Ntry")
    count = sum(max(1, len(each.findall(".//{*}TxDtls"))) for each in entries)
    assert len(of(read(path.read_bytes())[0], "Payment")) == count


def memory(count: int) -> int:
    whole = document(statement("<Here/>", opening=f"{count}.00", closing="0.00"))
    entries = (entry("1.00", details(f"Party {n}", OTHER)).encode() for n in range(count))

    def read(stream: BinaryIO) -> None:
        report = Report()
        made = IMPORTER.read(stream, {}, report)
        assert sum(entity.schema == "Payment" for entity in made) == count
        assert unreconciled(report) == []

    return peak(read, around(whole, b"<Here/>", entries))


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_camt.py::test_a_payment_has_both_sides"
)
def test_memory_does_not_grow_with_the_number_of_entries() -> None:
    memory(10)  # what is loaded once
    assert memory(2_000) < 1.3 * memory(400)
