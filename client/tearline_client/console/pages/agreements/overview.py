"""The list of agreements, and of proposals that are not agreed."""

from collections.abc import Iterator

from starlette.responses import Response

from tearline.agreements.proposal import OPEN, ProposalState
from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline_client.console.pages.acts import note_of
from tearline_client.console.pages.agreements.words import PROPOSAL_STATES, STATES
from tearline_client.console.visit import Visit
from tearline_client.node import Node
from tearline_client.rendering.agreements import newest_versions, state_of
from tearline_client.rendering.words import agency_name


@immutable
class AgreementRow:
    """An agreement in its newest version.

    Attributes:
        id: Its id, in hexadecimal.
        name: Its name.
        version: The number of the version; equals the number of versions.
        state: Its state, as a message.
        by: Short names of the agencies that ended or suspended it.
        from_ms: Its start.
        until_ms: Its end.
        articles: Ids of its articles.
        parties: Short names of its parties.
    """

    id: str
    name: str
    version: int
    state: str
    by: tuple[str, ...]
    from_ms: int
    until_ms: int
    articles: tuple[str, ...]
    parties: tuple[str, ...]


@immutable
class ProposalRow:
    """Terms that are not agreed.

    Attributes:
        id: Id of the terms, in hexadecimal.
        name: The agreement's name.
        version: The number of the proposed version.
        state: Their state, as a message.
        is_open: Whether an answer has an effect.
        signers: Short names of the agencies that signed.
        decliners: Short names of the agencies that declined.
        answer_by_ms: Deadline of the signatures.
    """

    id: str
    name: str
    version: int
    state: str
    is_open: bool
    signers: tuple[str, ...]
    decliners: tuple[str, ...]
    answer_by_ms: int


async def page(visit: Visit) -> Response:
    """Shows the agreements, and the proposals made to this agency."""
    node, members = visit.node, visit.node.directory.members()
    return visit.render(
        "agreements.html",
        {
            "rows": tuple(_rows(node, members)),
            "proposals": tuple(_proposals(node, members)),
            "can_propose": Role.OFFICER in visit.roles,
            "note": note_of(visit),
        },
    )


def _rows(node: Node, members: Members) -> Iterator[AgreementRow]:
    agreed = node.agreements.list()  # agreements are made by officers, and few
    newest = newest_versions(agreed)
    for each in agreed:
        if each.version != newest[each.id]:
            continue
        state, agencies = state_of(node, each, newest=each.version)
        yield AgreementRow(
            id=each.id.hex(),
            name=each.name,
            version=each.version,
            state=STATES[state],
            by=names(members, agencies),
            from_ms=each.valid_from_ms,
            until_ms=each.valid_until_ms,
            articles=tuple(article.id for article in each.terms.articles),
            parties=names(members, each.terms.parties),
        )


def _proposals(node: Node, members: Members) -> Iterator[ProposalRow]:
    for offer in node.proposals.offers():
        state = node.proposals.state_of(offer)
        if state is ProposalState.AGREED:
            continue
        yield ProposalRow(
            id=offer.terms.hex(),
            name=offer.agreement.name,
            version=offer.agreement.version,
            state=PROPOSAL_STATES[state],
            is_open=state in OPEN,
            signers=names(members, sorted(offer.signers)),
            decliners=names(members, sorted(offer.decliners)),
            answer_by_ms=offer.answer_by_ms,
        )


def names(members: Members, uris: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Returns the short names of agencies."""
    return tuple(agency_name(members, uri) for uri in uris)
