"""``lead``: information of an agency for a partner to follow up."""

from collections.abc import Iterator

from tearline.bodies.body import ID_PROPERTY, Body, Problem
from tearline.bodies.rules import KindRules
from tearline.packets.packet import PacketKind

_EXAMPLE = """\
{"id":"qiu","schema":"Person","properties":{"name":["Qiu Wenhao"],"nationality":["cn"]}}
{"id":"lantern","schema":"Company","properties":{"name":["Lantern Trading Ltd"]}}
{"id":"own-1","schema":"Ownership","properties":{"owner":["qiu"],"asset":["lantern"]}}
"""


def _relate(body: Body) -> Iterator[Problem]:
    """Yields a problem for a lead with ids only."""
    told = any(set(item.values) - {ID_PROPERTY} for item in body.items)
    if body.whole and not told:
        yield Problem(path="lead", why="neither an entity nor a narrative is there", lacks=True)


LEAD = KindRules(
    kind=PacketKind.LEAD,
    meaning="Persons, companies, accounts and what connects them, with a narrative.",
    parts=(),
    relate=_relate,
    example=_EXAMPLE,
)
