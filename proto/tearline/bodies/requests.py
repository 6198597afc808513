"""``record-request``: the requested records, their subjects, and the reasons."""

from collections.abc import Iterable, Iterator

from tearline.bodies.body import Body, Problem, body_of
from tearline.bodies.rules import Detail, KindRules, Part, Value
from tearline.bodies.values import text_of
from tearline.limits import MAX_REQUEST_ITEMS
from tearline.packets.packet import Field, PacketKind

REQUEST, ITEM = "RecordRequest", "RequestedItem"

_NUMBER = Value(
    meaning=f"the item's number, from 1 to {MAX_REQUEST_ITEMS}",
    example="1",
    reason=lambda text: "" if _number(text) else "not the number of an item",
)
_EXAMPLE = """\
{"id":"request-1","schema":"RecordRequest","properties":{"offence":["money laundering"],\
"link":["Qiu controls the account that both legs were paid from"]}}
{"id":"item-1","schema":"RequestedItem","properties":{"request":["request-1"],"number":["1"],\
"record":["statements of the account, January to March 2026"]}}
"""


def items_of(fields: Iterable[Field]) -> dict[int, str]:
    """Returns the visible items of a request, by item number."""
    body = body_of(PacketKind.RECORD_REQUEST, fields, whole=False)
    found = {
        _number(item.only("number") or ""): item.only("record") or "" for item in body.of(ITEM)
    }
    return {number: found[number] for number in sorted(found) if number}


def _number(text: str) -> int:
    """Returns the number in a text, 0 without one."""
    plain = text.isascii() and text.isdigit() and not text.startswith("0")
    return int(text) if plain and len(text) <= 3 and int(text) <= MAX_REQUEST_ITEMS else 0


def _relate(body: Body) -> Iterator[Problem]:
    """Yields a problem for items with one number, since an answer names items by number."""
    seen = set()
    for item in body.of(ITEM):
        number = item.only("number")
        if number is None:  # kept back, or lacking: no reason to take two items for one
            continue
        if number in seen:
            yield Problem(path=item.path("number"), why="another item has that number")
        seen.add(number)


RECORD_REQUEST = KindRules(
    kind=PacketKind.RECORD_REQUEST,
    meaning="Which records are asked for, for which offence, and about whom.",
    parts=(
        Part(
            schema=REQUEST,
            meaning="what the request is for",
            details=(
                Detail(name="offence", holds=text_of("the offence", "money laundering")),
                Detail(
                    name="link",
                    holds=text_of("what the person has to do with it", "Qiu controls the account"),
                ),
                Detail(
                    name="urgencyReason",
                    holds=text_of("why it is urgent", "the money leaves today"),
                    required=False,
                ),
            ),
            most=1,
        ),
        Part(
            schema=ITEM,
            meaning="an item",
            details=(
                Detail(name="number", holds=_NUMBER),
                Detail(name="record", holds=text_of("which record", "statements of the account")),
            ),
            most=MAX_REQUEST_ITEMS,
        ),
    ),
    relate=_relate,
    example=_EXAMPLE,
)
