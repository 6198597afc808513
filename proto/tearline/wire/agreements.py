"""Translators of agreements."""

from tearline.agreements.agreement import Agreement
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES
from tearline.packets.packet import Urgency
from tearline.policy.form import Form
from tearline.policy.marking import parse_tlp
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms
from tearline.v1 import agreement_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.packets import read_pins, write_pins
from tearline.wire.statements import read_header, write_header


def encode_agreement(agreement: Agreement) -> bytes:
    """Returns the canonical encoding of an agreement: the body of its statement."""
    return serialize(_write_agreement(agreement))


def parse_agreement(body: bytes) -> Agreement:
    """Returns an agreement from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid agreement.
    """
    return parse_strictly(body, pb.Agreement, _read_agreement, maximum=MAX_BODY_BYTES)


def _write_agreement(agreement: Agreement) -> pb.Agreement:
    return pb.Agreement(
        header=write_header(agreement.header),
        id=agreement.id,
        version=agreement.version,
        name=agreement.name,
        parties=agreement.terms.parties,
        articles=[_write_article(article) for article in agreement.terms.articles],
        pins=write_pins(agreement.pins),
        reply_times=[
            pb.ReplyTime(urgency=urgency.value, time_ms=agreement.reply_times[urgency])
            for urgency in Urgency
        ],
        retention_ms=agreement.retention_ms,
        onward_use=agreement.onward_use,
        oversight=agreement.oversight,
        valid_from_ms=agreement.valid_from_ms,
        valid_until_ms=agreement.valid_until_ms,
        authorisation_ms=agreement.authorisation_ms,
        log_retention_ms=agreement.log_retention_ms,
    )


def _read_agreement(message: pb.Agreement) -> Agreement:
    names: dict[str, str] = {}
    if [item.urgency for item in message.reply_times] != list(Urgency):
        raise StatementMalformed("an agreement has one reply time for each urgency, in order")
    return Agreement(
        header=read_header(message.header),
        id=message.id,
        version=message.version,
        name=message.name,
        terms=Terms(
            parties=tuple(message.parties),
            articles=tuple(_read_article(article, names) for article in message.articles),
        ),
        pins=read_pins(message.pins),
        reply_times={Urgency(item.urgency): item.time_ms for item in message.reply_times},
        retention_ms=message.retention_ms,
        onward_use=message.onward_use,
        oversight=tuple(message.oversight),
        valid_from_ms=message.valid_from_ms,
        valid_until_ms=message.valid_until_ms,
        authorisation_ms=message.authorisation_ms,
        log_retention_ms=message.log_retention_ms,
    )


def _write_article(article: ArticleTerms) -> pb.Article:
    return pb.Article(
        id=article.id,
        purposes=article.purposes,
        kinds=article.kinds,
        crime_areas=article.crime_areas,
        directions=[
            pb.Direction(sender=way.sender, recipient=way.recipient) for way in article.directions
        ],
        shares=[
            pb.Share(partner=share.partner, category=share.category, form=share.form)
            for share in article.shares
        ],
        highest_tlp=article.highest_tlp.text,
        joint=article.joint,
        four_eyes=article.four_eyes,
        both_before_open=article.both_before_open,
    )


def _read_article(message: pb.Article, names: dict[str, str]) -> ArticleTerms:
    """Returns an article from protobuf.

    Args:
        message: The article.
        names: Names read before; shares repeat them, and each is stored once.
    """
    once = names.setdefault
    return ArticleTerms(
        id=message.id,
        purposes=tuple(message.purposes),
        kinds=tuple(message.kinds),
        crime_areas=tuple(message.crime_areas),
        directions=tuple(
            Direction(
                sender=once(way.sender, way.sender),
                recipient=once(way.recipient, way.recipient),
            )
            for way in message.directions
        ),
        shares=tuple(
            Share(
                partner=once(share.partner, share.partner),
                category=once(share.category, share.category),
                form=Form(share.form),
            )
            for share in message.shares
        ),
        highest_tlp=parse_tlp(message.highest_tlp),
        joint=message.joint,
        four_eyes=message.four_eyes,
        both_before_open=message.both_before_open,
    )
