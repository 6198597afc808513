import csv
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from support.paths import shared
from tearline.errors import GeneralisedMismatch, PathMalformed
from tearline.policy import masks
from tearline.policy.category import category_named
from tearline.policy.masks import MASKS, generalise, verify_generalised

DIGEST = "92b38f02b644319d910c2fb13b7deb3b49699a63c04d49083f09cce7e8736e4f"


def made(name: str, *values: str) -> tuple[str, ...] | None:
    form = generalise(f"t/{name}", values)
    return form and form.values


@each_case(
    ("name", "value", "coarse"),
    [
        # Amounts: bounds at 1, 5, 10, 50, 100, …
        ("Payment/amount", "0", "0-1"),
        ("Payment/amount", "1", "1-5"),
        ("Payment/amount", "4.99", "1-5"),
        ("Payment/amount", "12500.00", "10000-50000"),
        ("Payment/amount", "50000", "50000-100000"),
        ("Payment/amount", "53000000", "50000000-100000000"),
        ("Payment/currency", "MXN", "MXN"),
        ("Substance/quantity", "25", "10-50"),
        ("Substance/unit", "kg", "kg"),
        # Dates: the month, and of a birth the year.
        ("Payment/date", "2024-05-03", "2024-05"),
        ("Payment/date", "2024-05-03T10:00:00", "2024-05"),
        ("Payment/date", "2024", "2024"),
        ("Person/birthDate", "1971-02-03", "1971"),
        # Places: the region where the country is named, in three languages.
        ("Address/full", "Calle Durango 245, Roma Norte, CDMX, 06700, México", "mx-cmx"),
        ("Address/full", "Culiacán, Sinaloa, Mexico", "mx-sin"),
        ("Address/full", "12 Example Street, New York, NY 10118, USA", "us-ny"),
        ("Address/full", "Av. Durango 5, Berlín, Alemania", "de"),
        ("Address/full", "广东省深圳市南山区", "cn-gd"),
        ("Address/full", "中国江苏省南京市", "cn-js"),
        ("Address/full", "中国香港九龙", "hk"),
        ("Address/country", "mx", "mx"),
        ("Address/region", "Sinaloa, México", "mx-sin"),
        ("Address/latitude", "24.8091", "24"),
        ("Address/longitude", "-107.3940", "-107"),
        # Accounts: the bank where the number tells it, and the last two.
        ("BankAccount/iban", "DE89 3704 0044 0532 0130 00", "DE 370 …00"),
        ("BankAccount/accountNumber", "032180000118359719", "MX 032 …19"),
        ("BankAccount/accountNumber", "032180000118359718", "…18"),
        ("BankAccount/accountNumber", "6222021234567890123", "…23"),
        ("CryptoWallet/publicKey", "0x52908400098527886E0F7030069857D2E4169EE7", "…E7"),
        ("BankAccount/bic", "BNMXMXMMXXX", "BNMXMX"),
        ("LegalEntity/swiftBic", "DEUTDEFF", "DEUTDE"),
        ("Company/bikCode", "044525225", "044525225"),
        ("BankAccount/country", "mx", "mx"),
        ("CryptoWallet/currencySymbol", "XBT", "XBT"),
        # Names, in three languages.
        ("Person/name", "Joaquín Ejemplo López", "J. E. L."),
        ("Person/name", "EJEMPLO LÓPEZ, Ismael", "E. L. I."),
        ("Person/name", "María de los Ángeles Pérez", "M. Á. P."),
        ("Person/name", "李小明", "李某"),
        ("Person/name", "阿尔弗雷多·古斯曼", "阿某"),
        ("Person/name", "de la", "D. L."),
        # Telephone numbers: the calling code.
        ("Person/phone", "+52 667 123 4567", "+52"),
        ("Person/phone", "0086 138 0013 8000", "+86"),
        ("Person/phone", "+1 (202) 555-0100", "+1"),
        ("Person/phone", "+852 1234 5678", "+852"),
        # Substances: the table of the 1988 Convention.
        ("Substance/casNumber", "108-24-7", "UN 1988 Table I"),
        ("Substance/name", "Acetone", "UN 1988 Table II"),
        ("Substance/unTable", "Table I", "UN 1988 Table I"),
    ],
)
def test_a_mask_makes_a_value_coarser(name: str, value: str, coarse: str) -> None:
    assert made(name, value) == (coarse,)


@each_case(
    ("name", "value"),
    [
        ("Payment/amount", "-5"),
        ("Payment/amount", "1e5"),
        ("Payment/amount", "1_0"),
        ("Payment/amount", "١٢"),
        ("Payment/amount", "9" * 16),
        ("Payment/date", "2024-13"),
        ("Payment/date", "May 2024"),
        ("Payment/date", "20240503"),
        ("Address/full", "Av. Sinaloa 5, Tijuana"),  # a street, and no country
        ("Address/full", ""),
        ("Address/full", " , "),
        ("Address/latitude", "24"),
        ("BankAccount/accountNumber", "1234567"),
        ("BankAccount/accountNumber", "see the file"),
        ("Person/name", "123"),
        ("Person/name", ""),
        ("Person/phone", "667 123 4567"),
        ("Person/phone", "+٥٢٦٦٧١٢٣٤٥٦٧"),
        ("Substance/name", "aspirin"),
        ("Payment/amountUsd", "5"),  # the sum again, in another currency
        ("Payment/amountEur", "5"),
        ("TransferLeg/rate", "7.2"),  # often one amount divided by the other
        ("EconomicActivity/dollarExchRate", "7.2"),
        ("Call/duration", "2024"),  # seconds
        ("Address/country", "xq"),
        ("Address/latitude", "999.1"),
        ("Company/name", "Example Trading Ltd"),  # a category without a mask
        ("Packet/narrative", "Everything."),
        ("Spaceship/name", "unknown"),
    ],
)
def test_what_a_mask_cannot_make_coarser_is_not_generalised(name: str, value: str) -> None:
    assert made(name, value) is None


@each_case(
    "name",
    [
        "Payment/currency",
        "Substance/unit",
        "BankAccount/bankName",
        "BankAccount/country",
        "BankAccount/bic",
        "LegalEntity/swiftBic",
        "Company/bikCode",
        "CryptoWallet/currencySymbol",
        "BankAccount/name",
        "BankAccount/accountType",
        "Address/country",
        "Address/region",
    ],
)
@each_case("value", ["Ana Ruiz", "李明", "이준호", "АННА", "ANA", "ana", "an"])
def test_a_name_in_the_place_of_a_code_does_not_pass(name: str, value: str) -> None:
    assert made(name, value) is None


# Names in four scripts and more, by how people write them and how attackers would.
HOSTILE_NAMES = [
    "李明", "李 明", "李", "明", "李\u3000明", "李·明", "李,明", "李\u200b明", "李_明", "李|明",
    "李\u200b小明",
    "Li Ming 李明", "李明 (Li Ming)", "李 Ming", "欧阳 娜", "阿尔弗雷多·古斯曼", "𠮷田 一", "々木",
    "이준", "이 준", "이", "이준호", "이\u1103\u116e", "Lee 이준", "ﾘ ﾐﾝ", "ひろ し", "リ・メイ",
    "Ana", "O", "O Yun", "U Nu", "J. Ruiz", "A-B", "Ñ", "e\u0301", "e\u0301 Ruiz", "de la", "I. M.",
    "Иван П", "Я", "Юй Я", "محمد علي", "و علي", "ﷺ", "שׁ", "राम क", "สมชาย", "Ａｎａ Ｂ", "Ω", "ǆ",
]  # fmt: skip
NAME_PROPERTIES = (
    "name", "alias", "weakAlias", "previousName", "firstName", "lastName", "secondName",
    "middleName", "fatherName", "motherName", "title", "nameSuffix",
)  # fmt: skip


def words(text: str) -> set[str]:
    """The words of a text as a person sees them, without what is not a letter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    spaced = "".join(c if unicodedata.category(c)[0] in "LM" else " " for c in plain)
    return set(spaced.split())


def is_syllable(character: str) -> bool:
    name = unicodedata.name(character, "")
    return any(word in name for word in ("CJK", "HANGUL", "KATAKANA", "HIRAGANA"))


@each_case("name", HOSTILE_NAMES)
@each_case("prop", NAME_PROPERTIES)
def test_a_mask_never_tells_a_whole_word_of_a_name(name: str, prop: str) -> None:
    told = " ".join(made(f"Person/{prop}", name) or ()).replace("某", " ")
    assert not words(told) & words(name)


@pytest.mark.parametrize(
    ("surname", "given"),
    [
        ("李", "明"),
        ("李", "小明"),
        ("欧阳", "娜娜"),
        ("이", "준"),
        ("이", "준호"),
        ("남궁", "민수"),
    ],
)
def test_one_character_of_a_person_is_told_however_the_name_is_divided(
    surname: str, given: str
) -> None:
    fields = {
        "name": [f"{surname}{given}", f"{surname} {given}", f"{given}{surname}"],
        "lastName": [surname],
        "firstName": [given],
        "alias": [given, f"小{surname}"],
        "previousName": [f"{given}{surname}"],
    }
    for values in ([each] for each in fields["name"]):
        told = {c for each in made("Person/name", *values) or () for c in each}
        for prop in fields.keys() - {"name"}:
            told |= {c for each in made(f"Person/{prop}", *fields[prop]) or () for c in each}
        assert sum(map(is_syllable, told - {"某"})) <= 1
    assert made("Person/name", *fields["name"]) is None  # together they would tell more
    assert made("Person/name", fields["name"][0], "Qiu Wenhao") is not None


@given(
    st.lists(st.text(alphabet="李明이준リAbж م·", min_size=1, max_size=6), min_size=1, max_size=3)
)
def test_whatever_the_names_one_syllable_is_told(values: list[str]) -> None:
    told = "".join(made("Person/name", *values) or ()).replace("某", "")
    assert sum(map(is_syllable, told)) <= 1


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_bands_are_fixed_and_disjoint(one: int, other: int) -> None:
    bands = [made("Payment/amount", f"{amount}") for amount in (one, other)]
    (low, high), (other_low, other_high) = (
        map(int, band[0].split("-")) for band in bands if band is not None
    )
    assert low <= one < high
    assert bands[0] == bands[1] or high <= other_low or other_high <= low


def test_a_field_is_generalised_whole_or_not_at_all() -> None:
    assert made("Payment/amount", "5", "unknown") is None
    assert made("Payment/amount") is None


def test_the_number_of_values_is_not_told() -> None:
    assert made("Payment/amount", "11", "12", "13") == ("10-50",)
    assert made("Person/birthDate", "1971-02-03", "1970", "1971") == ("1970", "1971")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Payment/amount", ("11", "700")),
        ("Payment/currency", ("CNY", "USD")),
        ("Substance/quantity", ("11", "700")),
        ("Payment/date", ("2026-01-31", "2026-02-01")),
    ],
)
def test_two_values_of_one_field_that_may_be_one_said_twice_tell_none(
    name: str, values: tuple[str, ...]
) -> None:
    assert made(name, *values) is None


def test_the_mask_is_named() -> None:
    form = generalise("t/Payment/amount", ["5"])
    assert form is not None
    assert form.mask == "band"


@given(st.sampled_from(sorted(MASKS)), st.text(max_size=40))
def test_masks_take_any_text(category: str, value: str) -> None:
    coarse = MASKS[category].apply(value, "name")
    assert coarse is None or coarse


@given(st.text(alphabet="0123456789 ", min_size=10, max_size=20))
def test_an_account_never_shows_more_than_bank_and_last_two(value: str) -> None:
    coarse = MASKS["finance.account"].apply(value, "accountNumber")
    assert coarse is None or len(coarse.replace(" ", "")) <= 8


def test_both_forms_agree_or_the_reader_is_told() -> None:
    path, clear = "t/Person/birthDate", ("1971-02-03", "1971", "1970")
    verify_generalised(path, clear, ("1970", "1971"))
    for claimed in ((), ("1970",), ("1971", "1970"), ("1969", "1971")):
        with pytest.raises(GeneralisedMismatch):
            verify_generalised(path, clear, claimed)


def test_a_generalised_form_that_no_mask_makes_is_refused() -> None:
    with pytest.raises(GeneralisedMismatch):
        verify_generalised("t/Company/name", ("Example Ltd",), ("E. L.",))


def test_a_path_is_a_path() -> None:
    with pytest.raises(PathMalformed):
        generalise("Payment/amount", ["5"])


def test_every_mask_is_for_an_ordinary_category() -> None:
    assert not any(category_named(category).guarded for category in MASKS)


def test_every_substance_of_the_convention_is_known() -> None:
    with shared("data/un1988_precursors.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for cas in row["cas"].split("; "):
                expected = f"UN 1988 Table {row['un_1988_table']}"
                assert made("Substance/casNumber", cas) == (expected,)


def test_the_masks_are_those_that_agreements_pin() -> None:
    assert masks.digest().hex() == DIGEST
