"""Attributes of the MISP object that stands for one entity."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tearline.bodies.body import ID_PROPERTY, TOKEN_PREFIX
from tearline.dataclass.immutable import immutable
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.marking import Marking, strictest
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.misp_templates import (
    IDENTIFIER,
    REFERENCE,
    TEMPLATES,
    TEXT,
    TYPE,
    Relation,
)
from tearline_client.planning.ftm_schema import is_reference

MAX_VALUE_BYTES = 65_535
"""Size of a value in MISP's database."""

_FINANCIAL, _OTHER, _PERSON = "Financial fraud", "Other", "Person"
_CATEGORIES = {
    "bank-account-nr": _FINANCIAL,
    "bic": _FINANCIAL,
    "email": "Social network",
    "email-src": "Payload delivery",  # the first of two without the persons' own one
    "iban": _FINANCIAL,
    "link": "External analysis",
    "url": "External analysis",
    "comment": "Internal reference",
    "datetime": _OTHER,
    "float": _OTHER,
    TEXT: _OTHER,
}
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z")
_TIME = re.compile(_DAY.pattern.removesuffix(r"\Z") + r"(?:T\d\d:\d\d(?::\d\d)?Z?)?\Z")
_FORMS = {
    "date-of-birth": _DAY,
    "datetime": _TIME,
    "email": re.compile(r"[^\s@]+@[^\s@]+\Z"),
    "email-src": re.compile(r"[^\s@]+@[^\s@]+\Z"),
    "float": re.compile(r"-?\d+(?:\.\d+)?\Z"),
    "link": re.compile(r"https?://\S+\Z"),
    "url": re.compile(r"https?://\S+\Z"),
}
_GENDERS = {"male": "Male", "female": "Female", "other": "Other"}
_FREE = (TEXT, "comment")
_Place = tuple[str, str]


@immutable
class _Value:
    """Value of a property, with its place among the attributes."""

    field: Field
    name: str
    place: _Place
    text: str


@immutable
class Attribute:
    """Attribute of an object.

    Attributes:
        place: Property, and number of its value, from which the UUID is made.
        relation: Its relation to the object.
        value: Its value.
        marking: Marking of the value.
        is_free_text: Whether it holds several values or a remark, with which none is compared.
    """

    place: _Place
    relation: Relation
    value: str
    marking: Marking
    is_free_text: bool = False

    @property
    def category(self) -> str:
        """Returns the category of MISP for attributes of its type."""
        if self.relation in _REFERENCE_RELATIONS:
            return _CATEGORIES["comment"]
        return _CATEGORIES.get(self.relation.type, _PERSON)


_REFERENCE_RELATIONS = tuple(Relation(name=name, type=TEXT) for name in (IDENTIFIER, TYPE))


class MispObject:
    """Template and attributes of an entity.

    Values that no relation of the template takes are lines of its remarks. The line is as strict
    as the strictest of them.

    Args:
        token: Token of the entity.
        schema: Its schema.
        fields: Its readable fields.
        report: Takes the values that are carried as text, or not carried.
    """

    def __init__(self, token: str, schema: str, fields: Sequence[Field], report: Report) -> None:
        self._schema = schema
        self._report = report
        self._values = tuple(_values(schema, fields))
        self.template = TEMPLATES.get(schema, REFERENCE)
        """The template."""
        carried = self._carried()
        if not self._suffices(carried):
            self.template, carried = REFERENCE, {}
        remarks = [self._remark(each) for each in self._values if each.place not in carried]
        self.attributes = [*carried.values(), *self._joined(remarks)]
        """The attributes; at least one."""
        if self.template is REFERENCE:
            marking = strictest(field.marking for field in fields)
            for relation, value in zip(
                _REFERENCE_RELATIONS, (TOKEN_PREFIX + token, schema), strict=True
            ):
                place = (ID_PROPERTY, relation.name)
                self.attributes.append(
                    Attribute(place=place, relation=relation, value=value, marking=marking)
                )
        if len(self._values) < len(fields) and any(_name(each) == ID_PROPERTY for each in fields):
            why = "objects have UUIDs in place of ids"
            report.add_once(Concern.STAYS_HOME, why, line=0, column=ID_PROPERTY)

    def _suffices(self, carried: Mapping[_Place, Attribute]) -> bool:
        """Returns whether the object has attributes, and those that its template requires."""
        names = {each.relation.name for each in carried.values()}
        if len(carried) < len(self._values):
            names.add(self.template.remarks.name)
        return bool(names & self.template.required if self.template.required else names)

    def _carried(self) -> dict[_Place, Attribute]:
        """Returns the values that a relation of the template takes, by place."""
        made: dict[_Place, Attribute] = {}
        taken: set[str] = set()
        for each in self._values:
            relation = self._relation(each, taken)
            value = _spelled(relation.type, each.text) if relation else None
            if relation and value is not None:
                taken.add(relation.name)
                made[each.place] = Attribute(
                    place=each.place, relation=relation, value=value, marking=each.field.marking
                )
        return made

    def _relation(self, value: _Value, taken: set[str]) -> Relation | None:
        if value.field.form is not Form.CLEAR:
            return None
        relation = self.template.relations.get(value.name)
        if relation and not relation.multiple and relation.name in taken:
            relation = self.template.relations.get(relation.spill)
            if relation and not relation.multiple and relation.name in taken:
                return None
        return relation

    def _remark(self, value: _Value) -> Attribute:
        """Returns a value as a remark, with the name of its property."""
        is_clear = value.field.form is Form.CLEAR
        label = value.name if is_clear else f"{value.name} (generalised)"
        is_plain = is_clear and value.name == self.template.remarks_property
        if not is_plain:
            why = (
                f"among the remarks, for the template {self.template.name} has no attribute for it"
            )
            column = f"{self._schema}.{value.name}"
            self._report.add_once(Concern.NOT_UNDERSTOOD, why, line=0, column=column)
        return Attribute(
            place=value.place,
            relation=self.template.remarks,
            value=value.text if is_plain else f"{label}: {value.text}",
            marking=value.field.marking,
            is_free_text=True,
        )

    def _joined(self, remarks: Sequence[Attribute]) -> Iterator[Attribute]:
        """Yields the remarks, as one attribute if the template allows one only."""
        fitting = list(self._fitting(remarks))
        if self.template.remarks.multiple or not fitting:
            yield from fitting
            return
        yield Attribute(
            place=("", self.template.remarks.name),
            relation=self.template.remarks,
            value="\n".join(each.value for each in fitting),
            marking=strictest(each.marking for each in fitting),
            is_free_text=True,
        )

    def _fitting(self, remarks: Sequence[Attribute]) -> Iterator[Attribute]:
        left = MAX_VALUE_BYTES
        for each in remarks:
            size = len(each.value.encode("utf-8")) + 1
            if size > left:
                why = f"an attribute has at most {MAX_VALUE_BYTES} bytes"
                column = f"{self._schema}.{each.place[0]}"
                self._report.add(Concern.STAYS_HOME, why, column=column, part=int(each.place[1]))
                continue
            left = left if self.template.remarks.multiple else left - size
            yield each


def _name(field: Field) -> str:
    return field.path.rpartition("/")[2]


def _values(schema: str, fields: Iterable[Field]) -> Iterator[_Value]:
    """Yields the values of an entity that are neither its id nor references."""
    for field in fields:
        name = _name(field)
        if name != ID_PROPERTY and not is_reference(schema, name):
            for number, text in enumerate(field.texts, 1):
                yield _Value(field=field, name=name, place=(name, str(number)), text=text)


def _spelled(kind: str, text: str) -> str | None:
    """Returns a value as MISP spells one of its type, None if it is no such value."""
    if kind == "gender":
        return _GENDERS.get(text)
    form = _FORMS.get(kind)
    if form is not None and not form.match(text):
        return None
    if kind not in _FREE and any(not each.isprintable() for each in text):
        return None
    return text if len(text.encode("utf-8")) <= MAX_VALUE_BYTES else None
