"""``precursor-incident`` and ``pre-export-notification``: control of precursor chemicals.

The notification has the data that PEN Online requires under article 12 of the United Nations
Convention of 1988; its answer is a packet of kind ``feedback``.
"""

from collections.abc import Iterator

from tearline.bodies.body import Body, Item, Problem
from tearline.bodies.rules import Detail, KindRules, Part
from tearline.bodies.shared_rules import SUBSTANCE_REFERENCE, judge_substances, party, substance
from tearline.bodies.values import COUNTRY, DAY, one_of, parse_day, text_of
from tearline.packets.packet import PacketKind

INCIDENT_ACT = one_of("what happened", "seizure", "theft", "diversion-attempt", "suspicious-order")

_INCIDENT_EXAMPLE = """\
{"id":"incident-1","schema":"PrecursorIncident","properties":{"act":["diversion-attempt"],\
"date":["2026-03-02"],"country":["mx"],"address":["Manzanillo"],"substance":["substance-1"],\
"involved":["harbour"]}}
{"id":"substance-1","schema":"Substance","properties":{"name":["4-AP"],\
"casNumber":["23056-29-3"],"hsCode":["2933.39"],"unTable":["I"],"quantity":["25"],"unit":["kg"]}}
{"id":"harbour","schema":"Company","properties":{"name":["Harbour Reagents SA"]}}
"""

_NOTIFICATION_EXAMPLE = """\
{"id":"pen-1","schema":"PreExportNotification","properties":{"exporter":["lotus"],\
"importer":["harbour"],"substance":["substance-1"],"exportCountry":["cn"],"importCountry":["mx"],\
"departureDate":["2026-04-20"],"arrivalDate":["2026-05-11"],"objectionDeadline":["2026-04-10"],\
"exitPoint":["Shanghai"],"entryPoint":["Manzanillo"],"exportPermit":["EXP-2026-0117"]}}
{"id":"substance-1","schema":"Substance","properties":{"name":["acetic anhydride"],\
"casNumber":["108-24-7"],"hsCode":["2915.24"],"unTable":["I"],"quantity":["16"],"unit":["t"]}}
{"id":"lotus","schema":"Company","properties":{"name":["Lotus Fine Chemicals"]}}
{"id":"harbour","schema":"Company","properties":{"name":["Harbour Reagents SA"]}}
"""

PRECURSOR_INCIDENT = KindRules(
    kind=PacketKind.PRECURSOR_INCIDENT,
    meaning="A seizure, theft, attempted diversion or suspicious order of a precursor.",
    parts=(
        Part(
            schema="PrecursorIncident",
            meaning="what happened",
            most=1,
            details=(
                Detail(name="act", holds=INCIDENT_ACT),
                Detail(name="date", holds=DAY),
                Detail(name="country", holds=COUNTRY),
                Detail(name="substance", holds=SUBSTANCE_REFERENCE, many=True),
                Detail(name="address", holds=text_of("where", "Manzanillo"), required=False),
                Detail(
                    name="involved",
                    holds=party("who is involved", "harbour"),
                    required=False,
                    many=True,
                ),
            ),
        ),
        substance(cas_required=False),
    ),
    relate=judge_substances,
    example=_INCIDENT_EXAMPLE,
)


def _relate(body: Body) -> Iterator[Problem]:
    yield from judge_substances(body)
    for item in body.of("PreExportNotification"):
        yield from _judge_days(item)
        if item.only("exporter") and item.only("exporter") == item.only("importer"):
            yield Problem(path=item.path("importer"), why="exporter and importer are the same")
        if item.only("exportCountry") and item.only("exportCountry") == item.only("importCountry"):
            yield Problem(path=item.path("importCountry"), why="no border lies between them")


def _judge_days(item: Item) -> Iterator[Problem]:
    leaves, arrives, deadline = (
        parse_day(item.only(name) or "")
        for name in ("departureDate", "arrivalDate", "objectionDeadline")
    )
    if leaves and arrives and arrives < leaves:
        yield Problem(path=item.path("arrivalDate"), why="it arrives before it leaves")
    if leaves and deadline and deadline > leaves:
        yield Problem(
            path=item.path("objectionDeadline"), why="it ends after the departure, too late to stop"
        )


PRE_EXPORT_NOTIFICATION = KindRules(
    kind=PacketKind.PRE_EXPORT_NOTIFICATION,
    meaning="A shipment of a precursor that the importing country may object to.",
    parts=(
        Part(
            schema="PreExportNotification",
            meaning="the shipment",
            most=1,
            details=(
                Detail(name="exporter", holds=party("who sends it", "lotus")),
                Detail(name="importer", holds=party("who is to get it", "harbour")),
                Detail(name="substance", holds=SUBSTANCE_REFERENCE, many=True),
                Detail(name="exportCountry", holds=COUNTRY),
                Detail(name="importCountry", holds=COUNTRY),
                Detail(name="departureDate", holds=DAY),
                Detail(name="objectionDeadline", holds=DAY),
                Detail(name="arrivalDate", holds=DAY, required=False),
                Detail(
                    name="exitPoint", holds=text_of("where it leaves", "Shanghai"), required=False
                ),
                Detail(
                    name="entryPoint",
                    holds=text_of("where it arrives", "Manzanillo"),
                    required=False,
                ),
                Detail(
                    name="exportPermit",
                    holds=text_of("the number of its export permit", "EXP-2026-0117"),
                    required=False,
                ),
                Detail(
                    name="importPermit",
                    holds=text_of("the number of its import permit", "IMP-2026-0093"),
                    required=False,
                ),
            ),
        ),
        substance(cas_required=True),
    ),
    relate=_relate,
    example=_NOTIFICATION_EXAMPLE,
)
