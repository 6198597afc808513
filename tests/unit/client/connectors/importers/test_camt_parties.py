"""Parties of reports by ISO 20022: none merged without a reason, none on the wrong side."""

import pytest

from tearline_client.connectors.importers.report import Imported
from unit.client.connectors.importers.bank_messages import (
    IBAN,
    OTHER,
    account,
    columns,
    document,
    entry,
    of,
    party,
    read,
    statement,
    transaction,
)

SECOND = "DE88100900001234567892"
BORN = "<Id><PrvtId><DtAndPlcOfBirth><BirthDt>{}</BirthDt></DtAndPlcOfBirth></PrvtId></Id>"
NUMBERED = "<Id><PrvtId><Othr><Id>{}</Id></Othr></PrvtId></Id>"


def parties(imported: Imported, name: str) -> set[str]:
    return {e.id for e in imported.entities if e.properties.get("name") == (name,)}


def two(first: str, second: str, *, iban: str = "") -> Imported:
    """Returns the import of two entries that pay a person of one name."""
    own = account("Cdtr", iban) if iban else ""
    paid = [
        entry("1.00", transaction(party("Cdtr", "Li Wei", each) + own)) for each in (first, second)
    ]
    imported, _ = read(document(statement("".join(paid), closing="98.00")))
    return imported


@pytest.mark.parametrize("iban", ["", OTHER], ids=["alone", "account"])
@pytest.mark.parametrize("identity", [BORN, NUMBERED], ids=["birth", "number"])
def test_what_tells_persons_of_one_name_apart_does(identity: str, iban: str) -> None:
    one, other = identity.format("1979-03-14"), identity.format("1984-11-02")
    assert len(parties(two(one, other, iban=iban), "Li Wei")) == 2
    assert len(parties(two(one, one, iban=iban), "Li Wei")) == 1


def test_parties_without_account_and_identity_are_not_merged() -> None:
    imported = two("", "")
    assert len(parties(imported, "Li Wei")) == 2
    assert parties(imported, "Li Wei") == parties(two("", ""), "Li Wei")  # read again
    assert len(parties(two("", "", iban=OTHER), "Li Wei")) == 1


def sides(details: str, *, sign: str, more: str = "") -> tuple[list[str], list[str]]:
    """Returns the IBANs of the payer and of the beneficiary."""
    closing = "101.00" if sign == "CRDT" else "99.00"
    imported, _ = read(document(statement(entry("1.00", details, sign=sign, more=more), "100.00",
                                          closing)))  # fmt: skip
    (payment,) = of(imported, "Payment")
    by_id = {each.id: each.properties["iban"][0] for each in of(imported, "BankAccount")}
    payer, beneficiary = (
        [by_id[each] for each in payment.properties.get(f"{name}Account", ())]
        for name in ("payer", "beneficiary")
    )
    return payer, beneficiary


RETURNED = "<RtrInf><OrgnlBkTxCd><Prtry><Cd>X</Cd></Prtry></OrgnlBkTxCd></RtrInf>"
BOTH = account("Dbtr", IBAN) + account("Cdtr", OTHER)


@pytest.mark.parametrize(
    ("details", "more"),
    [
        (transaction(BOTH, RETURNED), ""),
        (transaction(account("Cdtr", OTHER), RETURNED), ""),
        (transaction(account("Dbtr", OTHER) + account("Cdtr", IBAN), RETURNED), ""),
        (transaction(BOTH), "<RvslInd>true</RvslInd>"),
    ],
    ids=["both", "other", "turned", "reversal"],
)
def test_money_of_a_return_comes_from_its_first_beneficiary(details: str, more: str) -> None:
    assert sides(details, sign="CRDT", more=more) == ([OTHER], [IBAN])


def test_money_of_a_return_that_the_holder_makes_goes_to_the_first_payer() -> None:
    back = transaction(account("Dbtr", OTHER) + account("Cdtr", IBAN), RETURNED)
    assert sides(back, sign="DBIT") == ([IBAN], [OTHER])


def test_a_return_says_that_it_is_one() -> None:
    imported, _ = read(document(statement(entry("1.00", transaction(BOTH, RETURNED)))))
    (payment,) = of(imported, "Payment")
    assert "Return: of an earlier payment" in payment.properties["description"]


AGENT = (
    "<RltdAgts><CdtrAgt><FinInstnId><BICFI>BYLADEM1001</BICFI><Nm>Lantern Bank</Nm></FinInstnId>"
    "</CdtrAgt></RltdAgts>"
)


@pytest.mark.parametrize(
    "parties_", ["", party("Cdtr", "Li Wei"), "<CdtrAcct><Nm>Tea</Nm></CdtrAcct>"],
    ids=["alone", "party", "account"],
)  # fmt: skip
def test_a_bank_without_an_account_is_carried_as_text(parties_: str) -> None:
    imported, report = read(document(statement(entry("1.00", transaction(parties_, AGENT)))))
    (payment,) = of(imported, "Payment")
    told = next(t for t in payment.properties["description"] if t.startswith("Beneficiary's bank"))
    assert told.startswith("Beneficiary's bank or account: BYLADEM1001, Lantern Bank")
    assert ("Tea" in told) is ("Tea" in parties_)
    assert columns(report) == []


def test_two_accounts_of_the_holder_are_both_carried() -> None:
    assert sides(transaction(account("Dbtr", SECOND)), sign="DBIT") == ([IBAN, SECOND], [])
