"""``operational-notice`` and ``feedback``: measures taken, and results of earlier packets."""

from collections.abc import Iterator

from tearline.bodies.body import Body, Problem
from tearline.bodies.rules import Detail, KindRules, Part, nothing_beside
from tearline.bodies.shared_rules import party
from tearline.bodies.values import COUNTRY, DAY, PACKET_ID, one_of, text_of
from tearline.packets.packet import PacketKind

NOTICE = "OperationalNotice"
EMBARGO = "embargoUntil"
NOTICE_ACT = one_of("what was done", "arrest", "search", "seizure", "indictment")
OUTCOME = one_of(
    "what came of it",
    "used",
    "not-used",
    "led-to-arrest",
    "led-to-seizure",
    "led-to-search",
    "led-to-indictment",
)
REPLY = one_of("the answer to a notification", "no-objection", "objection", "more-time")

_NOTICE_EXAMPLE = """\
{"id":"notice-1","schema":"OperationalNotice","properties":{"act":["arrest"],\
"date":["2026-05-06T05:40"],"country":["mx"],"address":["Guadalajara"],"subject":["qiu"],\
"legalBasis":["arrest warrant 114/2026"],"embargoUntil":["2026-05-07T18:00"],\
"contactRole":["duty officer, financial crime"]}}
{"id":"qiu","schema":"Person","properties":{"name":["Qiu Wenhao"],"nationality":["cn"]}}
"""

_FEEDBACK_EXAMPLE = """\
{"id":"feedback-1","schema":"Feedback","properties":{\
"packet":["abababababababababababababababababababababababababababababababab"],\
"outcome":["led-to-arrest"],"date":["2026-05-06"]}}
"""

OPERATIONAL_NOTICE = KindRules(
    kind=PacketKind.OPERATIONAL_NOTICE,
    meaning="An arrest, search, seizure or indictment, and when it may be announced.",
    parts=(
        Part(
            schema=NOTICE,
            meaning="what was done",
            details=(
                Detail(name="act", holds=NOTICE_ACT),
                Detail(name="date", holds=DAY),
                Detail(name="country", holds=COUNTRY),
                Detail(name="subject", holds=party("whom it concerns", "qiu"), many=True),
                Detail(
                    name="legalBasis", holds=text_of("on what basis", "arrest warrant 114/2026")
                ),
                Detail(
                    name="contactRole",
                    holds=text_of("whom to ask, by role", "duty officer, financial crime"),
                ),
                Detail(name="address", holds=text_of("where", "Guadalajara"), required=False),
                Detail(name=EMBARGO, holds=DAY, required=False),
            ),
        ),
    ),
    relate=nothing_beside,
    example=_NOTICE_EXAMPLE,
)


def _relate(body: Body) -> Iterator[Problem]:
    """Yields problems: feedback needs contents, and an objection needs a reason."""
    for item in body.of("Feedback") if body.whole else ():
        if not item.values.get("outcome") and not item.values.get("reply"):
            yield Problem(
                path=item.path("outcome"), why="neither an outcome nor a reply is there", lacks=True
            )
        if "objection" in item.values.get("reply", ()) and not item.values.get("description"):
            yield Problem(
                path=item.path("description"), why="an objection gives its reason", lacks=True
            )


FEEDBACK = KindRules(
    kind=PacketKind.FEEDBACK,
    meaning="What came of a packet, or the reply to a notification.",
    parts=(
        Part(
            schema="Feedback",
            meaning="what came of it",
            details=(
                Detail(name="packet", holds=PACKET_ID),
                Detail(name="outcome", holds=OUTCOME, required=False, many=True),
                Detail(name="reply", holds=REPLY, required=False),
                Detail(name="date", holds=DAY, required=False),
            ),
        ),
    ),
    relate=_relate,
    example=_FEEDBACK_EXAMPLE,
)
