import json

import pytest

from support.cases import each_case
from support.paths import shared
from tearline.errors import (
    MarkingLoosened,
    MarkingMalformed,
    Mislabelled,
    PathMalformed,
    SecretProperty,
)
from tearline.policy import profile
from tearline.policy.category import category_named
from tearline.policy.marking import STRICTEST, Marking, Pap, Tlp, is_at_least_as_strict
from tearline.policy.profile import (
    Override,
    category_of,
    choose_marking,
    default_marking,
    marking_of,
    parse_path,
    property_category,
    verify_category,
    verify_may_travel,
)
from tearline.policy.schema_categories import SCHEMATA

TOKEN = "0f" * 16
DIGEST = "2402b3476b09d2c0a2d657126d6ac56da655ea310e45961505700f087470b975"


def path(name: str) -> str:
    return f"{TOKEN}/{name}"


@each_case(
    ("name", "category"),
    [
        ("Person/name", "identity.subject"),
        ("Person/birthDate", "identity.birth"),
        ("Person/addressEntity", "relation"),
        ("LegalEntity/name", "identity.subject"),
        ("LegalEntity/idNumber", "identity.identifier"),
        ("Company/name", "organisation.name"),
        ("Company/idNumber", "organisation.identifier"),
        ("Company/amount", "finance.amount"),
        ("Organization/phone", "contact.phone"),
        ("Payment/amountEur", "finance.amount"),
        ("Payment/date", "time"),
        ("Payment/payer", "relation"),
        ("Payment/namesMentioned", "identity.subject"),
        ("BankAccount/iban", "finance.account"),
        ("BankAccount/name", "finance.account"),
        ("CryptoWallet/publicKey", "finance.account"),
        ("UserAccount/number", "contact.phone"),
        ("Address/full", "location"),
        ("Passport/number", "identity.identifier"),
        ("Document/fileName", "document"),
        ("Document/file", "narrative"),
        ("TransferLeg/amount", "finance.amount"),
        ("TransferLeg/date", "time"),
        ("TransferLeg/reference", "finance.transfer"),
        ("TransferLeg/payer", "relation"),
        ("PrecursorIncident/act", "operation"),
        ("PreExportNotification/entryPoint", "location"),
        ("OperationalNotice/embargoUntil", "operation"),
        ("Feedback/description", "narrative"),
        ("Passport/startDate", "time"),
        ("Sanction/startDate", "measure"),
        ("Vessel/name", "transport.identifier"),
        ("Note/description", "narrative"),
        ("Substance/casNumber", "chemical.substance"),
        ("Substance/quantity", "chemical.quantity"),
        ("Packet/narrative", "narrative"),
        ("Person/id", "local-id"),
        ("Payment/id", "local-id"),
        ("Person/shoeSize", "unmarked"),
        ("Spaceship/name", "unmarked"),
        ("CryptoWallet/privateKey", "unmarked"),
    ],
)
def test_the_category_follows_from_schema_and_property(name: str, category: str) -> None:
    assert category_of(path(name)) == category


def test_what_the_profile_does_not_know_gets_the_strictest_marking() -> None:
    assert marking_of(path("Spaceship/name")) == STRICTEST


def test_every_entry_names_a_category_and_every_parent_a_schema() -> None:
    for schema in SCHEMATA.values():
        assert set(schema.extends) <= set(SCHEMATA)
        for category in schema.categories.values():
            assert not category_named(category).guarded


def test_every_property_of_the_real_file_is_known() -> None:
    for line in shared("data/ftm_parteispenden.ftm.json").read_text().splitlines():
        entity = json.loads(line)
        for name in entity["properties"]:
            assert property_category(entity["schema"], name) != STRICTEST.category


@each_case(
    "text",
    [
        "",
        "Person/name",
        "t/Person/name/x",
        "t//name",
        "t/Person/",
        "t/Person/naïve",
        "t/Per son/name",
        "t/Person/name\n",
        "../Person/name",
        "t" * 600 + "/Person/name",
    ],
)
def test_any_other_path_is_refused(text: str) -> None:
    with pytest.raises(PathMalformed):
        parse_path(text)


def test_a_path_reads_back() -> None:
    assert parse_path(path("Person/name")).encode() == path("Person/name")


def test_a_file_may_mark_stricter() -> None:
    source = default_marking("identity.source")
    chosen = choose_marking(path("Person/name"), Override(marking=source))
    assert (chosen.marking, chosen.loosened) == (source, False)


def test_without_an_override_the_profile_decides() -> None:
    chosen = choose_marking(path("Person/name"), None)
    assert (chosen.marking, chosen.loosened) == (marking_of(path("Person/name")), False)


def test_a_file_may_not_mark_milder() -> None:
    milder = Marking(
        category="identity.subject", tlp=Tlp.GREEN, handling=(), orcon=False, pap=Pap.GREEN
    )
    assert is_at_least_as_strict(marking_of(path("Person/name")), milder)
    for looser_by in ("", "analyst", "Officer"):
        with pytest.raises(MarkingLoosened):
            choose_marking(path("Person/name"), Override(marking=milder, looser_by=looser_by))


def test_an_officer_may_and_it_shows() -> None:
    milder = Marking(
        category="identity.subject", tlp=Tlp.GREEN, handling=(), orcon=False, pap=Pap.GREEN
    )
    chosen = choose_marking(path("Person/name"), Override(marking=milder, looser_by="officer"))
    assert (chosen.marking, chosen.loosened) == (milder, True)


@pytest.mark.parametrize("category", ["reference", "narrative", "location"])
def test_not_even_an_officer_moves_a_field_sideways(category: str) -> None:
    override = Override(marking=default_marking(category), looser_by="officer")
    with pytest.raises(MarkingLoosened):
        choose_marking(path("Person/name"), override)


def test_a_recipient_accepts_the_right_category_and_a_guarded_one() -> None:
    verify_category(path("Person/name"), default_marking("identity.subject"))
    verify_category(path("Person/name"), default_marking("identity.source"))


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("Person/name", "reference"),
        ("Person/name", "narrative"),
        ("BankAccount/iban", "location"),
        ("Spaceship/name", "identity.source"),
        ("Spaceship/name", "reference"),
    ],
)
def test_a_recipient_refuses_a_mislabelled_field(name: str, claimed: str) -> None:
    with pytest.raises(Mislabelled):
        verify_category(path(name), default_marking(claimed))


@pytest.mark.parametrize("name", ["CryptoWallet/privateKey", "UserAccount/password"])
def test_secrets_never_travel(name: str) -> None:
    with pytest.raises(SecretProperty):
        verify_may_travel(path(name))
    with pytest.raises(SecretProperty):
        choose_marking(path(name), Override(marking=STRICTEST, looser_by="officer"))


def test_other_fields_may_travel() -> None:
    assert verify_may_travel(path("CryptoWallet/publicKey")) is None


def test_an_unknown_category_has_no_default() -> None:
    with pytest.raises(MarkingMalformed):
        default_marking("identity")


def test_the_profile_is_the_one_that_agreements_pin() -> None:
    assert profile.digest().hex() == DIGEST
