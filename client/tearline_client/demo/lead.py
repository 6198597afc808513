"""The lead of the story. All names, numbers and places are invented."""

import json
from collections.abc import Iterable, Mapping

SUSPECT = "Qiu Wenhao"
ACCOUNT = "DE02120300000000202051"  # a bank's published example, not anyone's account
AMOUNT = "1847250"
RIGHT_AMOUNT = "1874250"
"""The amount after two swapped digits are corrected."""
SOURCE = "A bookkeeper of the trading firm, who must not be named"
METHOD = "Compared remittance slips with the ledger of a courier"

ENTITIES = (
    {
        "id": "person-qiu",
        "schema": "Person",
        "properties": {
            "name": [SUSPECT, "裘文昊"],
            "nationality": ["cn"],
            "birthDate": ["1979-03-14"],
            "phone": ["+525555550142"],
            "notes": [METHOD],
        },
    },
    {
        "id": "company-lantern",
        "schema": "Company",
        "properties": {
            "name": ["Lantern Quay Trading SA de CV"],
            "country": ["mx"],
            "registrationNumber": ["LQT-000000-XX0"],
            "notes": [SOURCE],
        },
    },
    {
        "id": "account-lantern",
        "schema": "BankAccount",
        "properties": {"iban": [ACCOUNT], "bankName": ["Banco Ficticio del Puerto"]},
    },
    {
        "id": "own-lantern",
        "schema": "Ownership",
        "properties": {
            "owner": ["person-qiu"],
            "asset": ["company-lantern"],
            "percentage": ["60"],
        },
    },
    {
        "id": "transfer-1",
        "schema": "Payment",
        "properties": {
            "payer": ["company-lantern"],
            "beneficiary": ["person-qiu"],
            "beneficiaryAccount": ["account-lantern"],
            "amount": [AMOUNT],
            "currency": ["USD"],
            "date": ["2026-02-17"],
            "purpose": ["Mirror transfer: pesos paid in Culiacán, yuan paid out in Fuzhou"],
        },
    },
)
FURTHER = (
    {
        "id": "person-courier",
        "schema": "Person",
        "properties": {"name": ["Ren Baolin"], "nationality": ["cn"]},
    },
)
"""A second, small lead about the courier of the cash."""
RECORD_AMOUNT = "920400"
RECORDS = (
    {
        "id": "account-lantern",
        "schema": "BankAccount",
        "properties": {"iban": [ACCOUNT], "bankName": ["Banco Ficticio del Puerto"]},
    },
    {
        "id": "transfer-2",
        "schema": "Payment",
        "properties": {
            "payerAccount": ["account-lantern"],
            "amount": [RECORD_AMOUNT],
            "currency": ["USD"],
            "date": ["2026-03-05"],
        },
    },
)
"""Statements of the account."""
REQUEST = """\
to = "us-justice"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
urgency = "emergency"
urgency_reason = "The courier is at the airport."
offence = "Operations with resources of illicit origin"
link = "The courier was paid from the account of the trading firm."

[[item]]
record = "Statements of the account, March 2026"

[[item]]
record = "Who told of the trading firm"
"""
GUARDED = {
    ("company-lantern", "notes"): "identity.source",
    ("person-qiu", "notes"): "method",
}
NARRATIVE = (
    "Cash from street sales is taken by couriers to the trading firm, which has its partner pay "
    "out the same value in yuan. No money crosses a border."
)
SECRETS = (SUSPECT, ACCOUNT, AMOUNT, SOURCE, METHOD, NARRATIVE, "裘文昊", "+525555550142")
"""Values that no file of the exchange may contain."""

AGREEMENT = """\
name = "narcotics-2026"
parties = ["us-justice", "cn-public-security", "mx-prosecutor"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "Only by a grant of the originator."

[article.money-laundering]
purposes = ["criminal-investigation"]
kinds = ["lead", "value-transfer", "record-request", "record-answer", "feedback"]
crime_areas = ["money-laundering", "drug-trafficking"]
highest_tlp = "red"
directions = "all"

[article.money-laundering.share.us-justice]
operation = "clear"
identity = "clear"
organisation = "clear"
finance = "clear"
location = "clear"
time = "clear"
relation = "clear"
reference = "clear"
contact = "clear"
narrative = "clear"

[article.money-laundering.share.mx-prosecutor]
operation = "clear"
identity = "clear"
"identity.source" = "exists"
method = "exists"
organisation = "clear"
finance = "clear"
location = "clear"
time = "clear"
relation = "clear"
reference = "clear"
contact = "clear"
narrative = "clear"

[article.money-laundering.share.cn-public-security]
operation = "clear"
identity = "clear"
method = "exists"
organisation = "clear"
"finance.account" = "clear"
"finance.amount" = "generalised"
"finance.transfer" = "clear"
location = "generalised"
time = "generalised"
relation = "clear"
reference = "clear"
"contact.phone" = "exists"
narrative = "exists"

[article.precursors]
purposes = ["precursor-control"]
kinds = ["precursor-incident", "pre-export-notification", "operational-notice", "feedback"]
crime_areas = ["drug-trafficking"]
highest_tlp = "red"
directions = "all"

[article.precursors.share.us-justice]
chemical = "clear"
identity = "clear"
organisation = "clear"
location = "clear"
time = "clear"
operation = "clear"
relation = "clear"
reference = "clear"

[article.precursors.share.mx-prosecutor]
chemical = "clear"
identity = "clear"
organisation = "clear"
location = "clear"
time = "clear"
operation = "clear"
relation = "clear"
reference = "clear"

[article.precursors.share.cn-public-security]
chemical = "clear"
identity = "clear"
organisation = "clear"
location = "clear"
time = "clear"
operation = "clear"
relation = "clear"
reference = "clear"
"""

OWN_POLICY = """\
@id("as-agreed")
permit (principal, action, resource);

// Ours alone: account numbers stay masked for this partner until an officer decides otherwise.
@id("accounts-on-request")
@reason("third-party")
forbid (principal, action in Action::"from-clear", resource)
when {
  resource.category == Category::"finance.account" &&
  principal.agency == Agency::"spiffe://police.cn.example"
};
"""


def lead_jsonl(entities: Iterable[Mapping[str, object]] = ENTITIES) -> str:
    """Returns a lead as FollowTheMoney JSON lines."""
    return "".join(json.dumps(entity, ensure_ascii=False) + "\n" for entity in entities)


def corrected_jsonl() -> str:
    """Returns the lead with the correct amount."""
    return lead_jsonl().replace(AMOUNT, RIGHT_AMOUNT)
