"""agreement-v1.json: what US and MX agreed on, and what is no agreement."""

from dataclasses import replace
from typing import Any

from support import agencies as b
from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.statements import Signed, encode_signed
from vectors.own.frozen import frozen_federation
from vectors.own.plain import Json, plain, unchecked, unknown_field
from vectors.own.spelling import fields_of, respelled

US, MX = b.US, b.MX
ARTICLE = ArticleTerms(
    id="money-laundering",
    purposes=("investigation", "prosecution"),
    kinds=("feedback", "lead"),
    crime_areas=("drug-trafficking", "money-laundering"),
    directions=(Direction(sender=MX, recipient=US), Direction(sender=US, recipient=MX)),
    shares=(
        Share(partner=MX, category="finance", form=Form.GENERALISED),
        Share(partner=MX, category="finance.amount", form=Form.MATCH),
        Share(partner=MX, category="identity.source", form=Form.WITHHELD),
        Share(partner=US, category="identity", form=Form.CLEAR),
    ),
    highest_tlp=Tlp.AMBER_STRICT,
    joint=False,
    four_eyes=True,
)


def agreement_vectors() -> Json:
    """One agreement in two versions, signed by nodes and roots, and its bad copies."""
    federation = frozen_federation()
    us, mx = federation.node(US), federation.node(MX)
    first = Agreement(
        header=us.header,
        id=b.AGREEMENT_ID,
        version=1,
        name="us-mx",
        terms=Terms(parties=(MX, US), articles=(ARTICLE,)),
        pins=b.PINS,
        reply_times=DEFAULT_REPLY_TIMES,
        retention_ms=365 * b.DAY_MS,
        onward_use="With consent.",
        oversight=(US,),
        valid_from_ms=b.NOW_MS - b.DAY_MS,
        valid_until_ms=b.NOW_MS + b.DAY_MS,
    )
    precursors = replace(ARTICLE, id="precursors", kinds=("precursor-incident",), joint=True)
    second = replace(
        first,
        header=federation.signer(MX).header,
        version=2,
        terms=Terms(parties=(MX, US), articles=(ARTICLE, precursors)),
    )
    return {
        "now_ms": b.NOW_MS,
        "agreements": [
            agreement_case("by both nodes", first, us, mx),
            agreement_case("version 2, by a root and a node", second, federation.signer(MX), us),
        ],
        "refused": {
            "body": body_refused(first),
            "signed": signed_refused(federation, first),
        },
    }


def sign(value: Agreement, *signers: Signer) -> Signed:
    """An agreement under the signature of each."""
    return b.signed_by(StatementType.AGREEMENT, encode_agreement(value), *signers)


def agreement_case(name: str, value: Agreement, *signers: Signer) -> Json:
    """A good agreement."""
    statement = sign(value, *signers)
    return {
        "name": name,
        "signed": encode_signed(statement).hex(),
        "statement_id": statement.statement.id.hex(),
        "body": statement.statement.body.hex(),
        "signers": [each.header.signer for each in signers],
        "agreement": fields(value),
    }


def fields(value: Agreement) -> Json:
    """What the body decodes to, by the specification's names."""
    told = plain(value)
    terms = told.pop("terms")
    for article, terms_article in zip(terms["articles"], value.terms.articles, strict=True):
        article["highest_tlp"] = terms_article.highest_tlp.text
    times = [{"urgency": key, "time_ms": time} for key, time in reply_times(value)]
    return told | terms | {"reply_times": times}


def reply_times(value: Agreement) -> list[tuple[str, int]]:
    """By urgency, in the order of the encoding."""
    order = ("emergency", "urgent", "routine", "preserve")
    named = {urgency.value: time for urgency, time in value.reply_times.items()}
    return [(urgency, named[urgency]) for urgency in order]


def body_refused(value: Agreement) -> list[Json]:
    """Bodies that are no agreement."""
    body = encode_agreement(value)

    def terms(**changes: Any) -> bytes:
        return encode_agreement(unchecked(value, terms=unchecked(value.terms, **changes)))

    def article(**changes: Any) -> bytes:
        return terms(articles=(unchecked(ARTICLE, **changes),))

    def other(**changes: Any) -> bytes:
        return encode_agreement(unchecked(value, **changes))

    times = [part for number, part in fields_of(body) if number == 8]
    to_oneself = (*ARTICLE.directions, Direction(sender=US, recipient=US))
    stranger = Share(partner=b.CN, category="time", form=Form.CLEAR)
    nothing = Share(partner=MX, category="finances", form=Form.CLEAR)
    unmarked = Share(partner=MX, category="unmarked", form=Form.EXISTS)
    tied = replace(ARTICLE.shares[0], form=Form.CLEAR)
    cases = [
        ("S-1", "an unknown field", unknown_field(body)),
        ("S-20", "parties out of order", terms(parties=(US, MX))),
        ("S-20", "one party", terms(parties=(US,), articles=())),
        ("S-20", "a party twice", terms(parties=(MX, US, US))),
        ("S-20", "a node as a party", terms(parties=(MX, US, b.node_of(US)))),
        ("S-20", "no articles", terms(articles=())),
        ("S-20", "an article twice", terms(articles=(ARTICLE, ARTICLE))),
        ("S-20", "a name with capitals", article(id="Money")),
        ("S-20", "purposes out of order", article(purposes=ARTICLE.purposes[::-1])),
        ("S-20", "directions out of order", article(directions=ARTICLE.directions[::-1])),
        ("S-20", "a direction to oneself", article(directions=to_oneself)),
        ("S-20", "a share of who is no party", article(shares=(stranger, *ARTICLE.shares))),
        ("S-20", "a share of no category", article(shares=(nothing,))),
        ("S-20", "a share of what nobody has marked", article(shares=(unmarked,))),
        ("S-20", "two shares of one category", article(shares=(ARTICLE.shares[0], tied))),
        ("S-20", "a form that is none", body.replace(b"\x18\x03", b"\x18\x05", 1)),
        ("S-20", "a level that is none", body.replace(b"amber+strict", b"amber+strong", 1)),
        ("S-20", "an urgency twice", respelled(body, 8, b"".join([*times, times[-1]]))),
        ("S-20", "an urgency missing", respelled(body, 8, b"".join(times[:3]))),
        ("S-20", "urgencies out of order", respelled(body, 8, b"".join(times[::-1]))),
        ("S-20", "version 0", other(version=0)),
        ("S-20", "no name", other(name="")),
        ("S-20", "it ends when it begins", other(valid_until_ms=value.valid_from_ms)),
        ("S-20", "kept for no time", other(retention_ms=0)),
        ("S-20", "a rule of 4097 bytes", other(onward_use="x" * 4097)),
        ("S-20", "oversight out of order", other(oversight=(US, MX))),
    ]
    return [
        {"name": name, "rule": rule, "bytes": data.hex(), "code": "TL-PKT-001"}
        for rule, name, data in cases
    ]


def signed_refused(federation: b.Federation, value: Agreement) -> list[Json]:
    """Agreements that are not in force, or not signed as they must be."""
    us, mx = federation.node(US), federation.node(MX)
    stranger = b.signer(b.CN, federation.id)
    foreign = b.signer(MX, b.secret("another federation"))
    exchange = federation.signer(b.EXCHANGE)
    lost = federation.signer(MX, b.signing_key("a fresh key"))
    root = federation.signer(US)
    cases = [
        ("S-19", "one party has not signed", "TL-AGR-001", (us,), b.NOW_MS),
        ("S-19", "one party has signed twice", "TL-AGR-001", (us, root), b.NOW_MS),
        ("S-19", "before its time", "TL-AGR-001", (us, mx), value.valid_from_ms - 1),
        ("S-19", "at its end", "TL-AGR-001", (us, mx), value.valid_until_ms),
        ("S-15", "begun by another", "TL-PKT-004", (mx, us), b.NOW_MS),
        ("S-16", "a stranger has signed too", "TL-TRU-001", (us, mx, stranger), b.NOW_MS),
        ("S-16", "the exchange has signed too", "TL-PKT-005", (us, mx, exchange), b.NOW_MS),
        ("S-16", "under another key", "TL-TRU-002", (us, lost), b.NOW_MS),
        ("S-15", "signed in another federation", "TL-TRU-003", (us, foreign), b.NOW_MS),
    ]
    found = [(*case[:3], sign(value, *case[3]), case[4]) for case in cases]
    forged = b.resigned(sign(value, mx), lambda s: s[:-64] + bytes(64))
    whole = sign(value, us)
    both = Signed(
        statement=replace(
            whole.statement,
            inclusions=(*whole.statement.inclusions, *forged.statement.inclusions),
        ),
        attestations={**whole.attestations, **forged.attestations},
    )
    found.append(("S-4", "the second signature does not verify", "TL-KEY-002", both, b.NOW_MS))
    return [
        {
            "name": name,
            "rule": rule,
            "signed": encode_signed(each).hex(),
            "now_ms": now_ms,
            "code": code,
        }
        for rule, name, code, each, now_ms in found
    ]
