"""Vocabulary of CASE and UCO: prefixes, ids, markings, and the terms for the entities of a schema.

CASE (https://caseontology.org) describes investigations. It builds on UCO, whose classes describe
people, places, accounts and actions. Ids are names in a namespace of their own (RFC 9562, version
5) of hashes and tokens. They reveal no value.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from tearline.dataclass.immutable import immutable
from tearline.policy.marking import Marking
from tearline_client.connectors.exporters.stix_markings import statements

CaseObject = dict[str, Any]
"""Object of JSON-LD."""

NAMESPACE = UUID("0d9c6b0e-4f0f-5b7e-8a3c-6a5f2f1f7b94")
"""Namespace of the ids."""

_UCO = "https://ontology.unifiedcyberontology.org/uco"
CONTEXT: Mapping[str, str] = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "tearline": "urn:tearline:ontology:",
    "uco-action": f"{_UCO}/action/",
    "uco-core": f"{_UCO}/core/",
    "uco-identity": f"{_UCO}/identity/",
    "uco-location": f"{_UCO}/location/",
    "uco-marking": f"{_UCO}/marking/",
    "uco-observable": f"{_UCO}/observable/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes of the file."""

NAME, DESCRIPTION, FACET = "uco-core:name", "uco-core:description", "uco-core:hasFacet"
_ADDRESS, _ACCOUNT = "uco-location:SimpleAddressFacet", "uco-observable:AccountFacet"
_LOGIN, _PERSONAL = "uco-observable:DigitalAccountFacet", "uco-identity:SimpleNameFacet"


@immutable
class Term:
    """Term for a property, of which it has the first value.

    Attributes:
        of: Name of the entity's property.
        name: Property of UCO.
        facet: Class of the facet that has it; empty for the object itself.
    """

    of: str
    name: str
    facet: str = ""


@immutable
class Shape:
    """Class and terms for the entities of a schema.

    Attributes:
        type: Class of UCO.
        terms: Terms for its properties; of several with one name, the first that has a value.
        roles: Names of properties that refer to one exported entity, each with its term of UCO.
    """

    type: str
    terms: tuple[Term, ...] = (Term(of="name", name=NAME), Term(of="description", name=DESCRIPTION))
    roles: tuple[tuple[str, str], ...] = ()


def _shape(kind: str, *terms: Term) -> Shape:
    return Shape(type=kind, terms=(*OTHER.terms, *terms))


OTHER = Shape(type="uco-core:UcoObject")
"""Shape of the entities of other schemata."""
RELATIONSHIP = "uco-core:Relationship"
"""Class of references, and of entities that link one to one other."""
_ORGANIZATION = Shape(type="uco-identity:Organization")
SHAPES: Mapping[str, Shape] = {
    "Person": _shape(
        "uco-identity:Person",
        Term(of="firstName", name="uco-identity:givenName", facet=_PERSONAL),
        Term(of="lastName", name="uco-identity:familyName", facet=_PERSONAL),
    ),
    "LegalEntity": Shape(type="uco-identity:Identity"),
    "Organization": _ORGANIZATION,
    "Company": _ORGANIZATION,
    "PublicBody": _ORGANIZATION,
    "Address": _shape(
        "uco-location:Location",
        Term(of="full", name=NAME),
        Term(of="country", name="uco-location:country", facet=_ADDRESS),
        Term(of="state", name="uco-location:region", facet=_ADDRESS),
        Term(of="region", name="uco-location:region", facet=_ADDRESS),
        Term(of="city", name="uco-location:locality", facet=_ADDRESS),
        Term(of="street", name="uco-location:street", facet=_ADDRESS),
        Term(of="postalCode", name="uco-location:postalCode", facet=_ADDRESS),
    ),
    "BankAccount": _shape(
        "uco-observable:Account",
        Term(of="iban", name="uco-observable:accountIdentifier", facet=_ACCOUNT),
        Term(of="accountNumber", name="uco-observable:accountIdentifier", facet=_ACCOUNT),
    ),
    "CryptoWallet": _shape(
        "uco-observable:DigitalAddress",
        Term(
            of="publicKey",
            name="uco-observable:addressValue",
            facet="uco-observable:DigitalAddressFacet",
        ),
    ),
    "UserAccount": _shape(
        "uco-observable:DigitalAccount",
        Term(of="username", name="uco-observable:accountLogin", facet=_LOGIN),
        Term(of="name", name="uco-observable:displayName", facet=_LOGIN),
    ),
    "Payment": Shape(
        type="uco-action:Action",
        roles=(("payer", "uco-action:performer"), ("beneficiary", "uco-action:participant")),
    ),
    "TransferLeg": Shape(
        type="uco-action:Action",
        roles=(("payer", "uco-action:performer"), ("payee", "uco-action:participant")),
    ),
}
"""The shape of each schema that has one, beside links between two entities."""


def ref(*parts: str) -> dict[str, str]:
    """Returns a reference to the object that some texts identify.

    Args:
        *parts: The texts; no value is among them, and none is empty or contains a line end.
    """
    return {"@id": uuid5(NAMESPACE, "\n".join(parts)).urn}


def moment(timestamp: str) -> dict[str, str]:
    """Returns a time, written by RFC 3339, as a literal of its datatype."""
    return {"@type": "xsd:dateTime", "@value": timestamp}


def marking_refs(marking: Marking) -> list[dict[str, str]]:
    """Returns references to the marking definitions that a marking consists of."""
    return [ref("marking", text) for text in _labels(marking)]


def definitions(markings: Iterable[Marking]) -> Iterator[CaseObject]:
    """Yields the marking definitions of some markings, each once."""
    for text in sorted({text for marking in markings for text in _labels(marking)}):
        yield {
            **ref("marking", text),
            "@type": "uco-marking:MarkingDefinition",
            "uco-marking:definitionType": "statement",
            "uco-marking:definition": {
                **ref("statement", text),
                "@type": "uco-marking:StatementMarking",
                "uco-marking:definitionType": "statement",
                "uco-marking:statement": text,
            },
        }


def _labels(marking: Marking) -> tuple[str, ...]:
    return (f"TLP:{marking.tlp.text.upper()}", *statements(marking))
