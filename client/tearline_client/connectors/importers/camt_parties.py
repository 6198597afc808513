"""Parties and accounts of camt messages, in the spellings of all versions."""

from tearline_client.connectors.importers.statements import Account, Party, Side
from tearline_client.connectors.importers.xml_records import Element

_ADDRESS = (
    "Dept",
    "SubDept",
    "StrtNm",
    "BldgNb",
    "BldgNm",
    "PstBx",
    "PstCd",
    "TwnNm",
    "CtrySubDvsn",
)
_BIC = ("BICFI", "BIC")
_ORGANISATION = (
    ("leiCode", ("LEI",)),
    ("swiftBic", ("AnyBIC", "BICOrBEI")),
    ("idNumber", ("Othr/Id", "PrtryId/Id")),
)
_PERSON = (
    ("idNumber", ("Othr/Id", "PrtryId/Id")),
    ("birthDate", ("DtAndPlcOfBirth/BirthDt",)),
    ("birthPlace", ("DtAndPlcOfBirth/CityOfBirth",)),
    ("birthCountry", ("DtAndPlcOfBirth/CtryOfBirth",)),
)


def account_of(element: Element | None, agent: Element | None) -> Account:
    """Returns an account, as far as it is stated.

    Args:
        element: Its element, if there is one.
        agent: The element of its bank, if there is one.
    """
    if element is None:
        iban = number = currency = name = ""
    else:
        iban = element.text_at("Id/IBAN")
        number = element.text_at("Id/Othr/Id", "Id/BBAN", "Id/PrtryAcct/Id")
        currency, name = element.text_at("Ccy"), element.text_at("Nm")
    return Account(
        iban=iban,
        number=number,
        bic=agent.text_at(*_BIC) if agent is not None else "",
        bank=agent.text_at("Nm") if agent is not None else "",
        clearing=agent.text_at("ClrSysMmbId/MmbId") if agent is not None else "",
        currency=currency,
        name=name,
    )


def party_of(element: Element) -> Party | None:
    """Returns a party, or None without a name; newer versions have it one level deeper."""
    whole = element.first("Pty")
    stated = whole if whole is not None else element
    name = stated.text_at("Nm")
    if not name:
        return None
    details = [("country", text) for text in stated.texts("CtryOfRes", "PstlAdr/Ctry")]
    if address := _address(stated):
        details.append(("address", address))
    details += [("email", text) for text in stated.texts("CtctDtls/EmailAdr")]
    details += [("phone", text) for text in stated.texts("CtctDtls/PhneNb", "CtctDtls/MobNb")]
    schema = "LegalEntity"
    for kind, own, table in (
        ("Id/OrgId", "Organization", _ORGANISATION),
        ("Id/PrvtId", "Person", _PERSON),
    ):
        if (identity := stated.first(kind)) is not None:
            schema = own
            for prop, paths in table:
                details += [(prop, text) for text in identity.texts(*paths)]
    return Party(name=name, schema=schema, details=tuple(dict.fromkeys(details)))


def _address(element: Element) -> str:
    paths = [f"PstlAdr/{name}" for name in (*_ADDRESS, "AdrLine")]
    return ", ".join(element.texts(*paths))


def sides_of(
    details: Element, own: Account, *, is_credit: bool, is_returned: bool
) -> tuple[Side, Side]:
    """Returns the paying side and the side that is paid, as far as a transaction states them.

    A return or reversal states the parties of the first payment, whose money now goes back. Some
    banks turn them; then the statement's own account stands where its sign says.

    Args:
        details: The transaction.
        own: The account of the statement.
        is_credit: Whether money came in.
        is_returned: Whether it is a return or reversal.
    """
    payer, beneficiary = _side(details, "Dbtr"), _side(details, "Cdtr")
    stated = (beneficiary if is_credit else payer).account
    if is_returned and (stated is None or stated.id != own.id):
        return beneficiary, payer
    return payer, beneficiary


def _side(details: Element, role: str) -> Side:
    party = details.first(f"RltdPties/{role}")
    account = details.first(f"RltdPties/{role}Acct")
    agent = details.first(f"RltdAgts/{role}Agt/FinInstnId")
    return Side(
        party=party_of(party) if party is not None else None,
        account=account_of(account, agent) if account is not None or agent is not None else None,
    )
