"""``value-transfer``: value that is paid in here and paid out there, without a wire transfer.

Underground banks keep two pools of money. A client pays into one; a partner pays out of the other,
in another country and currency, and only a message crosses the border. An agency mostly knows one
leg, and searches for the other.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tearline.bodies.body import Body, Problem, token_of
from tearline.bodies.rules import Detail, KindRules, Part, Reference
from tearline.bodies.shared_rules import party
from tearline.bodies.values import AMOUNT, COUNTRY, CURRENCY, DAY, one_of, text_of
from tearline.packets.packet import PacketKind

LEG = "TransferLeg"
PAY_IN, PAY_OUT = "pay-in", "pay-out"
SIDE = one_of("which side of the transfer", PAY_IN, PAY_OUT)
RATE = replace(
    AMOUNT, meaning="what one unit of the currency is worth in rateCurrency", example="0.1389"
)
METHOD = one_of("how it was paid", "cash", "mirror-trade", "bank", "crypto", "goods")

_EXAMPLE = """\
{"id":"leg-in","schema":"TransferLeg","properties":{"side":["pay-in"],"amount":["250000.00"],\
"currency":["USD"],"date":["2026-02-17T14:30"],"country":["us"],"address":["Los Angeles"],\
"method":["cash"],"payer":["qiu"],"reference":["L 88431905 B"],"counterLeg":["leg-out"]}}
{"id":"leg-out","schema":"TransferLeg","properties":{"side":["pay-out"],"amount":["1800000.00"],\
"currency":["CNY"],"date":["2026-02-18"],"country":["cn"],"method":["bank"],"payee":["lantern"],\
"rate":["0.1389"],"rateCurrency":["USD"]}}
{"id":"qiu","schema":"Person","properties":{"name":["Qiu Wenhao"]}}
{"id":"lantern","schema":"Company","properties":{"name":["Lantern Trading Ltd"]}}
"""


def _relate(body: Body) -> Iterator[Problem]:
    """Yields problems of the two sides of a transfer, and of their rates.

    Two legs are the two sides of one transfer, and a rate is one into the other's currency.
    """
    for leg in body.of(LEG):
        if token_of(leg.only("counterLeg") or "") == leg.token:
            yield Problem(path=leg.path("counterLeg"), why="a leg is not its own other side")
        if leg.only("currency") and leg.only("currency") == leg.only("rateCurrency"):
            yield Problem(path=leg.path("rateCurrency"), why="a rate is to another currency")
    sides: set[str] = set()
    for leg in body.of(LEG):
        side = leg.only("side")
        if side and side in sides:
            yield Problem(path=leg.path("side"), why="another leg is of the same side")
        sides.add(side or "")
    yield from _judge_rates(body)


def _judge_rates(body: Body) -> Iterator[Problem]:
    """Yields problems of rates.

    Each currency counts once, so that the cost is linear in the number of legs.
    """
    paid = Counter(currency for leg in body.of(LEG) if (currency := leg.only("currency")))
    for leg in body.of(LEG):
        rated, own = leg.only("rateCurrency"), leg.only("currency")
        others = paid.total() - paid[rated or ""] - (bool(own) and own != rated)
        if rated and others:
            yield Problem(path=leg.path("rateCurrency"), why="not the currency of the other leg")


VALUE_TRANSFER = KindRules(
    kind=PacketKind.VALUE_TRANSFER,
    meaning="One leg or both of a transfer of value with no wire between them.",
    parts=(
        Part(
            schema=LEG,
            meaning="a leg of the transfer",
            most=2,
            details=(
                Detail(name="side", holds=SIDE),
                Detail(name="amount", holds=AMOUNT),
                Detail(name="currency", holds=CURRENCY),
                Detail(name="date", holds=DAY),
                Detail(name="country", holds=COUNTRY),
                Detail(name="method", holds=METHOD),
                Detail(name="address", holds=text_of("where", "Los Angeles"), required=False),
                Detail(name="payer", holds=party("who paid", "qiu"), required=False, many=True),
                Detail(
                    name="payee", holds=party("who was paid", "lantern"), required=False, many=True
                ),
                Detail(
                    name="handler",
                    holds=party("who handled it", "broker"),
                    required=False,
                    many=True,
                ),
                Detail(
                    name="reference",
                    holds=text_of(
                        "the token by which payer and payee know each other", "L 88431905 B"
                    ),
                    required=False,
                    many=True,
                ),
                Detail(name="rate", holds=RATE, required=False),
                Detail(name="rateCurrency", holds=CURRENCY, required=False),
                Detail(
                    name="counterLeg",
                    holds=Reference(
                        meaning="the other leg", schemata=frozenset({LEG}), example="leg-out"
                    ),
                    required=False,
                ),
            ),
        ),
    ),
    relate=_relate,
    example=_EXAMPLE,
)
