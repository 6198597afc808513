"""A proposal as each partner's gains and losses; to be signed, countered or declined."""

import asyncio
from collections.abc import Iterator

from starlette.responses import Response

from tearline.agreements.agreement import Agreement
from tearline.agreements.diff import TermChange, clauses, compare
from tearline.agreements.proposal import OPEN, Offer
from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out, note_of
from tearline_client.console.pages.agreements.agreement import Term, term_of
from tearline_client.console.pages.agreements.overview import names
from tearline_client.console.pages.agreements.words import PROPOSAL_STATES
from tearline_client.console.pages.bound_act import BoundAct, Preview
from tearline_client.console.visit import Visit
from tearline_client.console.words import FORMS
from tearline_client.rendering.agreements import share_of
from tearline_client.rendering.words import agency_name


@immutable
class Change:
    """A category of which a partner gets more, or less.

    Attributes:
        is_gain: Whether it gets more.
        article: The article.
        sender: Short name of the sender.
        category: The category.
        before: The form until now, as a message.
        after: The form from then on, as a message.
        uses: Purposes and kinds of packets, each as ``purpose/kind``.
    """

    is_gain: bool
    article: str
    sender: str
    category: str
    before: str
    after: str
    uses: tuple[str, ...]


@immutable
class Balance:
    """The changes for one partner, gains first.

    Attributes:
        partner: Short name.
        gains: Number of gains.
        losses: Number of losses.
        changes: The changes.
    """

    partner: str
    gains: int
    losses: int
    changes: tuple[Change, ...]


@immutable
class ClauseChange:
    """A clause that differs.

    Attributes:
        article: Its article, or empty.
        before: The clause until now; its value is empty if it is new.
        after: The clause from then on; its value is empty if it is removed.
    """

    article: str
    before: Term
    after: Term


async def page(visit: Visit) -> Response:
    """Shows terms as the difference from the version that they would replace."""
    return visit.render("proposal.html", await _values(visit, _offer(visit), signs=False))


async def _signature(visit: Visit, _: Form) -> Preview[Offer]:
    """Returns the same, before the confirmation of a signature."""
    offer = _offer(visit)
    return Preview(
        template="proposal.html",
        values=await _values(visit, offer, signs=True),
        subject=offer,
        typed=f"{offer.agreement.name} {offer.agreement.version}",
    )


async def _values(visit: Visit, offer: Offer, *, signs: bool) -> dict[str, object]:
    node, members = visit.node, visit.node.directory.members()
    agreement, state = offer.agreement, node.proposals.state_of(offer)
    is_open, officer = state in OPEN, Role.OFFICER in visit.roles
    us = node.identity().agency_uri
    is_ours = agreement.header.signer == node.uri
    return {
        "id": offer.terms.hex(),
        "name": agreement.name,
        "version": agreement.version,
        "state": PROPOSAL_STATES[state],
        "by": agency_name(members, agreement.header.signer),
        "is_ours": is_ours,
        "answer_by_ms": offer.answer_by_ms,
        "from_ms": agreement.valid_from_ms,
        "until_ms": agreement.valid_until_ms,
        "signers": names(members, sorted(offer.signers)),
        "decliners": names(members, sorted(offer.decliners)),
        "waiting_for": names(members, sorted(offer.waiting_for)),
        "signs": signs,
        "can_sign": is_open and officer and us not in offer.signers,
        "can_decline": is_open and officer and (is_ours or us not in offer.signers),
        "can_counter": is_open and officer,
        "note": note_of(visit),
        **await difference(visit, node.proposals.replaced_by(offer), agreement),
    }


async def difference(visit: Visit, before: Agreement | None, after: Agreement) -> dict[str, object]:
    """Returns the values of the template for the changes from one version to another."""
    members = visit.node.directory.members()
    # The policies are asked for each category, purpose and kind: tenths of a second.
    changes = await asyncio.to_thread(compare, before, after, visit.node.agreements.policies.shared)
    return {
        "is_new": before is None,
        "balances": tuple(_balances(changes, members)),
        "clauses": tuple(_clauses(before, after, members)),
    }


def _balances(changes: tuple[TermChange, ...], members: Members) -> Iterator[Balance]:
    by_partner: dict[str, list[Change]] = {}
    for each in changes:
        partner = agency_name(members, each.recipient)
        by_partner.setdefault(partner, []).append(
            Change(
                is_gain=each.is_gain,
                article=each.article,
                sender=agency_name(members, each.sender),
                category=each.category,
                before=FORMS[each.before],
                after=FORMS[each.after],
                uses=tuple(f"{purpose}/{kind}" for purpose, kind in each.uses),
            )
        )
    for partner, found in sorted(by_partner.items()):
        gains = sum(each.is_gain for each in found)
        yield Balance(
            partner=partner,
            gains=gains,
            losses=len(found) - gains,
            changes=tuple(sorted(found, key=lambda each: not each.is_gain)),
        )


def _clauses(
    before: Agreement | None, after: Agreement, members: Members
) -> Iterator[ClauseChange]:
    for clause in clauses(before, after):
        if share_of(clause.name) is None:  # the balances show the shares
            yield ClauseChange(
                article=clause.article,
                before=term_of(clause.name, clause.before, members),
                after=term_of(clause.name, clause.after, members),
            )


async def _sign(visit: Visit, _: Form, offer: Offer) -> Response:
    """Adds this agency's signature, which cannot be withdrawn."""
    visit.node.persons.person(visit.person, Role.OFFICER)
    act = visit.node.proposals.sign(offer, person=visit.person)
    return await carried_out(visit, act, _path(offer), "signed")


SIGN = BoundAct(effects=_signature, act=_sign)


async def decline(visit: Visit) -> Response:
    """Declines terms, or withdraws this agency's own ones."""
    await visit.form()
    visit.node.persons.person(visit.person, Role.OFFICER)
    offer = _offer(visit)
    act = visit.node.proposals.decline(offer, person=visit.person)
    return await carried_out(visit, act, _path(offer), "declined")


def _offer(visit: Visit) -> Offer:
    return visit.node.proposals.find(visit.request.path_params["proposal"])


def _path(offer: Offer) -> str:
    return f"/proposals/{offer.terms.hex()}"
