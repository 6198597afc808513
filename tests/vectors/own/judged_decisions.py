"""Forms that an agreement permits, for judged-v1.json."""

from collections.abc import Iterator
from dataclasses import replace

from support import agencies as b
from support.policies import AMOUNT_TO_MX, CN, MX, TERMS, US, asking
from tearline.policy.category import CATEGORIES
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES
from tearline.wire.agreements import encode_agreement
from vectors.own.plain import Json

POLICY = ReleasePolicy(terms=TERMS, shared=parse_policy_set(SHARED_POLICIES))
RED = AMOUNT_TO_MX._replace(marking=replace(AMOUNT_TO_MX.marking, tlp=Tlp.RED))
ODD: dict[str, ReleaseRequest] = {
    "an article that the agreement does not have": AMOUNT_TO_MX._replace(article="other"),
    "a sender that is no party": AMOUNT_TO_MX._replace(sender="spiffe://stranger.example"),
    "a recipient that is no party": AMOUNT_TO_MX._replace(recipient="spiffe://stranger.example"),
    "a direction that the article does not have": AMOUNT_TO_MX._replace(sender=MX, recipient=US),
    "another purpose": AMOUNT_TO_MX._replace(purpose="taxation"),
    "another kind": AMOUNT_TO_MX._replace(kind="feedback"),
    "a level above the article's": RED,
}


def decision_vectors() -> tuple[Json, list[Json]]:
    """What is permitted, of every category and condition; and a form too many."""
    good = [case(name, asked, POLICY.decide(asked).form) for name, asked in requests()]
    more = [
        case(name, asked, Form(permitted + 1)) | {"rule": "PL-3", "code": "TL-POL-009"}
        for name, asked in requests()
        if (permitted := POLICY.decide(asked).form) is not Form.CLEAR
    ]
    agreement = b.us_mx(b.signer(b.US, bytes(32)).header, terms=TERMS)
    return {"agreement": encode_agreement(agreement).hex(), "cases": good}, more


def requests() -> Iterator[tuple[str, ReleaseRequest]]:
    """Every category to both recipients, and every other condition once."""
    for leaf in CATEGORIES:
        for name, recipient in (("mx", MX), ("cn", CN)):
            yield f"{leaf.name} to {name}", asking(leaf.name, recipient)
    yield from ODD.items()


def case(name: str, asked: ReleaseRequest, form: Form) -> Json:
    """One decision."""
    return {
        "name": name,
        "article": asked.article,
        "sender": asked.sender,
        "recipient": asked.recipient,
        "purpose": asked.purpose,
        "kind": asked.kind,
        "marking": asked.marking.encode(),
        "form": form.text,
    }
