"""Graph of the entities of several packets: things, and the links and transfers between them.

Things of different packets become one node only if they are one beyond doubt: the same entity of
one originator, or the same identifier in clear. Things that merely have the same name stay apart,
and a link says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tearline.bodies.body import ID_PROPERTY, TOKEN_PREFIX, UNKNOWN_SCHEMA
from tearline.dataclass.immutable import immutable
from tearline.packets.packet import TEXT, OpenedField
from tearline.policy.form import Form
from tearline_client.planning.ftm_schema import is_reference
from tearline_client.planning.search_text import folded

Source = tuple[str, bytes]
"""An originator and an agreement: within both, one token is one entity."""
Key = tuple[Source, str]
"""An entity: its source and token."""

SAME_NAME = "sameName"
"""The kind of a link between things of one name."""
ENDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Associate": (("person",), ("associate",)),
    "Call": (("caller",), ("receiver",)),
    "ContractAward": (("supplier",), ("contract",)),
    "Control": (("controller",), ("controlled",)),
    "CourtCaseParty": (("party",), ("case",)),
    "Debt": (("debtor",), ("creditor",)),
    "Directorship": (("director",), ("organization",)),
    "Documentation": (("document",), ("entity",)),
    "Employment": (("employee",), ("employer",)),
    "Family": (("person",), ("relative",)),
    "Membership": (("member",), ("organization",)),
    "Occupancy": (("holder",), ("post",)),
    "Ownership": (("owner",), ("asset",)),
    "Payment": (("payerAccount", "payer"), ("beneficiaryAccount", "beneficiary")),
    "ProjectParticipant": (("participant",), ("project",)),
    "Representation": (("agent",), ("client",)),
    "Similar": (("candidate",), ("match",)),
    "Succession": (("predecessor",), ("successor",)),
    "TransferLeg": (("payer",), ("payee",)),
    "UnknownLink": (("subject",), ("object",)),
}
"""Schemata that link two things, with the properties that name them: the first one there counts."""
_UNIQUE = frozenset(
    {
        *("iban", "accountNumber", "publicKey", "cryptoAddress"),
        *("registrationNumber", "idNumber", "taxNumber", "vatCode", "leiCode", "dunsCode"),
        *("innCode", "ogrnCode", "uscCode", "passportNumber", "socialSecurityNumber"),
        *("imoNumber", "mmsi", "serialNumber", "cadastralCode", "casNumber"),
    }
)
"""Identifiers of one thing alone, unlike the code of a bank or the ticker of a market."""
_MIN_IDENTIFIER = 6  # characters: shorter ones are numbers of a list
_NAMES = (
    "name",
    "iban",
    "accountNumber",
    "publicKey",
    "cryptoAddress",
    "registrationNumber",
    "number",
    "title",
    "subject",
    "phone",
    "email",
)
_ASIDE = frozenset({"proof", "riskSource", "ancestors"})
"""References that say where a statement stands, and nothing of the case."""
_SHOWN_DIGITS = 6


@immutable
class Node:
    """A thing.

    Attributes:
        schema: Its schema.
        label: Its name, an identifier, or the beginning of its token.
        facts: Its other values, by property.
        packets: Ids of the packets that hold it, in hexadecimal.
    """

    schema: str
    label: str
    facts: tuple[tuple[str, str], ...]
    packets: tuple[str, ...]


@immutable
class Link:
    """A link between two things.

    Attributes:
        source: Place of the node that it begins at.
        target: Place of the node that it leads to.
        kind: Its schema, or the property that refers to the target.
        amount: Its amount with the currency, or empty.
        date: Its date, or its beginning and end; or empty.
        packets: Ids of the packets that hold it, in hexadecimal.
    """

    source: int
    target: int
    kind: str
    amount: str
    date: str
    packets: tuple[str, ...]


@immutable
class EntityGraph:
    """Nodes and links.

    Attributes:
        nodes: The nodes, in order of appearance.
        links: The links.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@dataclass(slots=True, kw_only=True)
class _Thing:
    """An entity as it is read: texts of properties, those in clear, and packets."""

    schema: str = UNKNOWN_SCHEMA
    texts: dict[str, list[str]] = field(default_factory=dict)
    clear: set[str] = field(default_factory=set)
    packets: dict[str, None] = field(default_factory=dict)


def entity_graph(packets: Iterable[tuple[bytes, Source, Sequence[OpenedField]]]) -> EntityGraph:
    """Returns the graph of the readable entities of packets.

    Args:
        packets: The id, source and readable fields of each.
    """
    things: dict[Key, _Thing] = {}
    for packet_id, source, fields in packets:
        for opened in fields:
            _read(things, packet_id, source, opened)
    links = {key for key, thing in things.items() if _is_link(thing)}
    merged = _merged({key: thing for key, thing in things.items() if key not in links})
    places: dict[Key, int] = {}
    groups: list[list[Key]] = []
    for key, root in merged.items():
        if root not in places:
            places[root] = len(groups)
            groups.append([])
        groups[places[root]].append(key)
        places[key] = places[root]
    nodes = tuple(_node([things[key] for key in group], group[0]) for group in groups)
    found: dict[tuple[int, int, str, str, str], dict[str, None]] = {}
    for key, thing in things.items():
        for link in _links(key, thing, places):
            found.setdefault(link, {}).update(thing.packets)
    return EntityGraph(
        nodes=nodes,
        links=(
            *(
                Link(source=a, target=b, kind=kind, amount=amount, date=date, packets=tuple(ids))
                for (a, b, kind, amount, date), ids in found.items()
            ),
            *_same_names(nodes),
        ),
    )


def _read(things: dict[Key, _Thing], packet_id: bytes, source: Source, opened: OpenedField) -> None:
    held = opened.field
    token, schema, name = held.path.split("/", 2)
    if schema == "Packet" or held.media_type != TEXT:
        return
    if held.form not in (Form.CLEAR, Form.GENERALISED):
        return
    thing = things.setdefault((source, token), _Thing())
    if schema != UNKNOWN_SCHEMA:
        thing.schema = schema
    thing.packets[packet_id.hex()] = None
    texts = thing.texts.setdefault(name, [])
    texts.extend(text for text in held.texts if text not in texts)
    if held.form is Form.CLEAR:
        thing.clear.add(name)


def _is_link(thing: _Thing) -> bool:
    """Returns whether an entity links two readable ends."""
    ends = ENDS.get(thing.schema)
    return ends is not None and all(_first(thing, names) for names in ends)


def _first(thing: _Thing, names: Iterable[str]) -> list[str]:
    return next((thing.texts[name] for name in names if thing.texts.get(name)), [])


def _merged(things: Mapping[Key, _Thing]) -> dict[Key, Key]:
    """Returns the first key of each thing's group: things with one identifier are one group."""
    roots = {key: key for key in things}

    def root(key: Key) -> Key:
        while roots[key] != key:
            roots[key] = roots[roots[key]]  # halves the way of the next search
            key = roots[key]
        return key

    holders: dict[tuple[str, ...], Key] = {}
    for key, thing in things.items():
        for mark in _marks(key, thing):
            roots[root(key)] = root(holders.setdefault(mark, key))
    return {key: root(key) for key in things}


def _marks(key: Key, thing: _Thing) -> Iterator[tuple[str, ...]]:
    """Yields the unique marks of a thing: identifiers in clear, and its id at its originator."""
    origin, _ = key[0]
    for text in thing.texts.get(ID_PROPERTY, ()):
        yield origin, thing.schema, ID_PROPERTY, text
    for name in thing.clear & _UNIQUE:
        for text in thing.texts[name]:
            plain = "".join(filter(str.isalnum, text)).casefold()
            if len(plain) >= _MIN_IDENTIFIER:
                yield "", thing.schema, name, plain


def _node(things: Sequence[_Thing], key: Key) -> Node:
    texts: dict[str, dict[str, None]] = {}
    for thing in things:
        for name, values in thing.texts.items():
            if name != ID_PROPERTY and not is_reference(thing.schema, name):
                texts.setdefault(name, {}).update(dict.fromkeys(values))
    label = next((next(iter(texts[name])) for name in _NAMES if texts.get(name)), "")
    schema = next((t.schema for t in things if t.schema != UNKNOWN_SCHEMA), UNKNOWN_SCHEMA)
    return Node(
        schema=schema,
        label=label or key[1][:_SHOWN_DIGITS],
        facts=tuple((name, " · ".join(values)) for name, values in texts.items()),
        packets=tuple(dict.fromkeys(packet for thing in things for packet in thing.packets)),
    )


def _links(
    key: Key, thing: _Thing, places: Mapping[Key, int]
) -> Iterator[tuple[int, int, str, str, str]]:
    """Yields the links that one entity states: between its ends, or from itself."""
    source = key[0]

    def ends(texts: Iterable[str]) -> list[int]:
        keys = ((source, text.removeprefix(TOKEN_PREFIX)) for text in texts)
        return [places[each] for each in keys if each in places]

    if key in places:
        for name, texts in thing.texts.items():
            if is_reference(thing.schema, name) and name not in _ASIDE:
                for target in ends(texts):
                    if target != places[key]:
                        yield places[key], target, name, "", ""
        return
    first, second = (_first(thing, names) for names in ENDS[thing.schema])
    told = thing.schema, _amount(thing), _date(thing)
    for begin in ends(first):
        for end in ends(second):
            if begin != end:
                yield begin, end, *told
    if thing.schema == "Payment":  # who has the account
        for name in ("payer", "beneficiary"):
            for holder in ends(thing.texts.get(name, ())):
                for account in ends(thing.texts.get(f"{name}Account", ())):
                    yield holder, account, f"{name}Account", "", ""


def _amount(thing: _Thing) -> str:
    parts = (_first(thing, ["amount", "amountUsd", "percentage"]), _first(thing, ["currency"]))
    return " ".join(part[0] for part in parts if part)


def _date(thing: _Thing) -> str:
    if found := _first(thing, ["date"]):
        return found[0]
    span = (_first(thing, [name]) for name in ("startDate", "endDate"))
    return " – ".join(part[0] for part in span if part)


def _same_names(nodes: Sequence[Node]) -> Iterator[Link]:
    """Yields a link between each two neighbours of one schema and name: they may be one."""
    alike: dict[tuple[str, str], list[int]] = {}
    for place, node in enumerate(nodes):
        names = dict(node.facts).get("name", "")
        for name in dict.fromkeys(folded(each) for each in names.split(" · ") if each):
            alike.setdefault((node.schema, name), []).append(place)
    pairs = dict.fromkeys(pair for places in alike.values() for pair in pairwise(places))
    for source, target in pairs:
        yield Link(source=source, target=target, kind=SAME_NAME, amount="", date="", packets=())
