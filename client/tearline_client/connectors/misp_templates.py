"""Templates of MISP objects (https://github.com/MISP/misp-objects), and the schemata they carry.

A template names the relations of an object's attributes, with the type of each. Attributes of one
relation are repeated only where the template allows it. A link between entities has the template
``ftm-…`` of its schema, whose relations are the properties of FollowTheMoney.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from tearline.dataclass.immutable import immutable
from tearline_client.planning.ftm_schema import SCHEMATA, PropertyType


@immutable
class Relation:
    """Relation of an attribute to its object.

    Attributes:
        name: Its name in the template.
        type: The attribute's type.
        multiple: Whether an object may have several such attributes.
        spill: Property that takes further values of a single one; empty if none does.
    """

    name: str
    type: str
    multiple: bool = False
    spill: str = ""


TEXT = "text"
_TEXT, _DESCRIPTION = Relation(name=TEXT, type=TEXT), Relation(name="description", type=TEXT)


@immutable
class Template:
    """Template of an object, and the properties that its relations carry.

    Attributes:
        name: Its name in MISP.
        uuid: Its UUID.
        version: Its version.
        description: Use of its objects.
        relations: Relations by property of FollowTheMoney.
        category: Its meta category.
        remarks: Relation of free text, for the properties without a relation.
        remarks_property: Property whose values are free text; empty if none is.
        required: Relations of which an object has one at least; empty if it needs none.
    """

    name: str
    uuid: str
    version: int
    description: str
    relations: Mapping[str, Relation]
    category: str = "misc"
    remarks: Relation = _TEXT
    remarks_property: str = "notes"
    required: frozenset[str] = frozenset()


# Each word is ``property=relation:type``, with ``*`` for several values and ``>property`` for the
# property that takes further ones.
_PERSON = """
name=full-name:full-name>alias alias=alias:text* weakAlias=alias:text* previousName=alias:text*
firstName=first-name:first-name middleName=middle-name:middle-name lastName=last-name:last-name
title=title:text birthDate=date-of-birth:date-of-birth birthPlace=place-of-birth:place-of-birth
nationality=nationality:nationality* gender=gender:gender
passportNumber=passport-number:passport-number idNumber=identity-card-number:identity-card-number
socialSecurityNumber=social-security-number:text phone=phone-number:phone-number*
email=e-mail:email-src* address=address:text* profession=occupation:text position=function:text
motherName=mothers-name:text
"""
_LEGAL_ENTITY = """
name=name:text>alias alias=commercial-name:text legalForm=legal-form:text
registrationNumber=registration-number:text sector=business:text phone=phone-number:phone-number
website=website:link
"""
_ORGANIZATION = """
name=name:text>alias alias=alias:text* weakAlias=alias:text* previousName=alias:text*
address=address:text* email=e-mail:email-src* phone=phone-number:phone-number*
registrationNumber=registration-number:text sector=sector:text* vatCode=VAT:text*
legalForm=type-of-organization:text incorporationDate=date-of-inception:datetime
"""
_BANK_ACCOUNT = """
iban=iban:iban accountNumber=account:bank-account-nr bic=swift:bic name=account-name:text
bankName=institution-name:text currency=currency-code:text accountType=personal-account-type:text
balance=balance:text balanceDate=date-balance:datetime openingDate=opened:datetime
closingDate=closed:datetime
"""
_PAYMENT = "amount=amount:text date=date:datetime transactionNumber=transaction-number:text"
_TRANSFER_LEG = "amount=amount:text date=date:datetime reference=transaction-number:text"
_WALLET = """
publicKey=address-crypto:text cryptoAddress=address-crypto:text currencySymbol=symbol:text
balance=current-balance:float
"""
_VEHICLE = """
registrationNumber=license-plate-number:text* type=type:text model=model:text
registrationDate=date-first-registration:text*
"""
_ADDRESS = """
street=street:text city=city:text postalCode=postal-code:text state=state:text
region=province:text country=country:text
"""
_USER_ACCOUNT = "username=username:text name=display-name:text email=email:email*"


def _relations(words: str) -> Mapping[str, Relation]:
    found: dict[str, Relation] = {}
    for word in words.split():
        name, _, rest = word.partition("=")
        relation, _, kind = rest.partition(":")
        kind, _, spill = kind.partition(">")
        found[name] = Relation(
            name=relation, type=kind.rstrip("*"), multiple=kind.endswith("*"), spill=spill
        )
    return MappingProxyType(found)


_LEGAL = Template(
    name="legal-entity",
    uuid="14f5688f-d89c-469f-9878-c48bf6c41c65",
    version=2,
    description="Company or other legal person",
    relations=_relations(_LEGAL_ENTITY),
    required=frozenset({"name"}),
)
_ORGANISED = Template(
    name="organization",
    uuid="f750e12b-127a-432c-b022-b3f9153c4e2a",
    version=9,
    description="Organisation or public body",
    relations=_relations(_ORGANIZATION),
    remarks=_DESCRIPTION,
    required=frozenset({"name", "alias"}),
)
_TRANSACTION = Template(
    name="transaction",
    uuid="a47fa26a-01b6-4747-a394-5144e34456dc",
    version=1,
    category="financial",
    description="Payment",
    relations=_relations(_PAYMENT),
    remarks_property="description",
    required=frozenset({"transaction-number", "date", "amount"}),
)
_LEG = replace(_TRANSACTION, relations=_relations(_TRANSFER_LEG))

REFERENCE = Template(
    name="internal-reference",
    uuid="a3984dc5-5f70-4776-9262-c19641c0ff6a",
    version=2,
    description="Entity that has no template, or lacks what its template requires",
    relations=MappingProxyType({}),
    remarks=Relation(name="comment", type="comment"),
    remarks_property="",
)
"""Template of every other entity: its token, its schema, and a comment with its properties."""

IDENTIFIER, TYPE = "identifier", "type"
"""Relations of ``REFERENCE`` beside the comment, of the type ``TEXT``."""

_OBJECTS: Mapping[str, Template] = {
    "Person": Template(
        name="person",
        uuid="a15b0477-e9d1-4b9c-9546-abe78a4f4248",
        version=21,
        description="Natural person",
        relations=_relations(_PERSON),
        required=frozenset({"first-name", "last-name", "full-name", "alias"}),
    ),
    "Company": _LEGAL,
    "LegalEntity": _LEGAL,
    "Organization": _ORGANISED,
    "PublicBody": _ORGANISED,
    "BankAccount": Template(
        name="bank-account",
        uuid="b4712203-95a8-4883-80e9-b566f5df11c9",
        version=3,
        category="financial",
        description="Bank account",
        relations=_relations(_BANK_ACCOUNT),
        required=frozenset({"account", "iban"}),
    ),
    "Payment": _TRANSACTION,
    "TransferLeg": _LEG,
    "CryptoWallet": Template(
        name="coin-address",
        uuid="d0e6997e-78da-4815-a6a1-cfc1c1cb8a46",
        version=7,
        category="financial",
        description="Address of a cryptocurrency",
        relations=_relations(_WALLET),
        required=frozenset({"address-crypto"}),
    ),
    "Vehicle": Template(
        name="vehicle",
        uuid="683c076c-f695-4ff2-8efa-e98a418049f4",
        version=5,
        description="Vehicle",
        relations=_relations(_VEHICLE),
        remarks=_DESCRIPTION,
        required=frozenset(
            {"description", "model", "license-plate-number", "date-first-registration", "type"}
        ),
    ),
    "Address": Template(
        name="postal-address",
        uuid="c22cdd17-d38e-42d3-a365-4febdaaaf25e",
        version=4,
        description="Postal address",
        relations=_relations(_ADDRESS),
        remarks=_DESCRIPTION,
        required=frozenset({"street", "city", "country"}),
    ),
    "UserAccount": Template(
        name="user-account",
        uuid="49606b06-22f0-4ac8-8eee-2f12ad46f3d3",
        version=6,
        description="Account with an online service",
        relations=_relations(_USER_ACCOUNT),
        remarks=_DESCRIPTION,
        required=frozenset({"username"}),
    ),
}

# UUID, version, and properties that the template lacks.
_LINKS: Mapping[str, tuple[str, int, str]] = {
    "Associate": ("6119ecb3-dedd-44b6-b88f-174585b0b1bf", 1, ""),
    "CourtCaseParty": ("9f00c22f-348b-48a9-996b-3ba30de851fe", 1, ""),
    "Directorship": ("9d9b0af9-9c8c-42c4-8210-388dc3824239", 1, ""),
    "Documentation": ("a5a0c1dd-4438-4520-875d-1e7cf4bcda7d", 1, ""),
    "Family": ("d81db1ac-7479-4689-8f3e-ad2c8c2b272f", 1, ""),
    "Membership": ("42dbbf3a-8c60-483c-a395-44aaaefc77d1", 2, ""),
    "Ownership": ("2a09b445-c638-40e1-8f52-b95c9156f4d8", 2, ""),
    "Passport": ("d3c9ae6a-46bf-4cb7-81c9-bc7b88f8a6e1", 1, "number"),
    "Representation": ("af3ad283-a112-45a2-b72a-1eeffa7ff457", 1, ""),
    "Sanction": (
        "723833b9-4674-4447-9273-eb548a4f27f1", 1,
        "authorityId listingDate programId programUrl provisions unscId",
    ),
    "Succession": ("8850ae9c-847c-4ae8-ad47-5f975c13d934", 1, ""),
    "UnknownLink": ("16a29891-df0f-42f7-b466-8b4b718acbfa", 2, ""),
}  # fmt: skip
_LACKED = ("namesMentioned",)


def _link(schema: str, uuid: str, version: int, lacked: str) -> Template:
    absent = (*_LACKED, *lacked.split())
    return Template(
        name=f"ftm-{schema}",
        uuid=uuid,
        version=version,
        category="followthemoney",
        description=f"{schema} of FollowTheMoney",
        relations=MappingProxyType(dict(_own_relations(schema, absent))),
        remarks=replace(_DESCRIPTION, multiple=True),
        remarks_property="",
    )


def _own_relations(schema: str, absent: tuple[str, ...]) -> Iterator[tuple[str, Relation]]:
    for name, known in SCHEMATA[schema].properties.items():
        if known.type is not PropertyType.ENTITY and name not in absent:
            kind = "url" if known.type is PropertyType.URL else TEXT
            yield name, Relation(name=name, type=kind, multiple=True)


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {**_OBJECTS, **{schema: _link(schema, *row) for schema, row in _LINKS.items()}}
)
"""Templates by schema."""
