"""One agreement: its state, its suspensions, and its terms as a matrix for each article."""

from collections.abc import Iterator

from markupsafe import Markup
from starlette.responses import Response

from tearline.agreements.agreement import Agreement
from tearline.agreements.diff import clauses
from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.suspensions.suspension import Scope, Suspension
from tearline_client.console.pages.acts import carried_out, note_of
from tearline_client.console.pages.agreements.overview import names
from tearline_client.console.pages.agreements.words import (
    CLAUSES,
    IN_FLIGHT,
    IN_FLIGHT_AT_END,
    ORIGINATED,
    ORIGINATED_AT_END,
    STATES,
    SUSPENSION_REASONS,
    VALUES,
)
from tearline_client.console.pages.bound_act import bound_field
from tearline_client.console.visit import Visit
from tearline_client.console.words import FORMS
from tearline_client.features.suspensions.service import Position
from tearline_client.rendering.agreements import (
    AgreementState,
    share_of,
    state_of,
    value_text,
)
from tearline_client.rendering.words import agency_name

_ELSEWHERE = frozenset({"id", "name", "parties", "valid_from_ms", "valid_until_ms"})
"""Clauses that stand at the top of the page, or as a title."""


@immutable
class Term:
    """A clause in words.

    Attributes:
        name: Its name, as a message.
        value: Its value.
        is_word: Whether the value is a message.
    """

    name: str
    value: str
    is_word: bool


@immutable
class MatrixCell:
    """The highest form of a category for a partner.

    Attributes:
        form: The form, as a message.
        tone: The name of the form.
    """

    form: str
    tone: str


@immutable
class ArticleMatrix:
    """An article: a row for each category that a partner gets, a column for each partner.

    Attributes:
        id: The article.
        partners: Short names of the parties.
        rows: Each category with a cell for each partner.
        withheld: Categories that no partner gets.
        terms: The other clauses.
    """

    id: str
    partners: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MatrixCell, ...]], ...]
    withheld: tuple[str, ...]
    terms: tuple[Term, ...]


@immutable
class Standstill:
    """An open suspension, or an end.

    Attributes:
        agency: Short name of the agency.
        is_ours: Whether the agency is ours.
        ended: Whether the agency left the agreement permanently.
        article: The article; empty for the whole agreement.
        sender: Short name of the sender, for one direction; or empty.
        recipient: Short name of the recipient, likewise.
        since_ms: The log's time; None until the exchange accepts it.
        code: Code of the exchange's refusal, or empty.
        reason: The reason, as a message.
        in_flight: Handling of mail in flight, as a message.
        originated: Handling of earlier packets, as a message.
        bound: The field by which the form of its lifting names it.
    """

    agency: str
    is_ours: bool
    ended: bool
    article: str
    sender: str
    recipient: str
    since_ms: int | None
    code: str
    reason: str
    in_flight: str
    originated: str
    bound: Markup


async def page(visit: Visit) -> Response:
    """Shows an agreement in its newest version, or in an earlier one."""
    node, members = visit.node, visit.node.directory.members()
    newest = agreement_of(visit)
    versions = sorted(
        (each for each in node.agreements.list() if each.id == newest.id),
        key=lambda each: each.version,
        reverse=True,
    )
    wanted = visit.query("version")
    found = next((each for each in versions if str(each.version) == wanted), newest)
    state, agencies = state_of(node, found, newest=newest.version)
    officer = Role.OFFICER in visit.roles
    is_open = state in (AgreementState.IN_FORCE, AgreementState.SUSPENDED)
    standstills = tuple(
        _standstill(visit, members, newest, each) for each in node.suspensions.positions(newest)
    )
    return visit.render(
        "agreement.html",
        {
            "id": newest.id.hex(),
            "name": found.name,
            "version": found.version,
            "versions": [each.version for each in versions],
            "state": STATES[state],
            "by": names(members, agencies),
            "from_ms": found.valid_from_ms,
            "until_ms": found.valid_until_ms,
            "parties": names(members, found.terms.parties),
            "terms": tuple(_terms(found, "", members)),
            "articles": tuple(_articles(found, members)),
            "standstills": standstills,
            "can_suspend": is_open and visit.roles & {Role.LIAISON, Role.OFFICER},
            "can_resume": officer and any(s.is_ours and not s.ended for s in standstills),
            "can_end": officer and is_open,
            "can_publish": officer,
            "note": note_of(visit),
        },
    )


async def publish(visit: Visit) -> Response:
    """Publishes every version again, for an exchange that lost them in a restore."""
    await visit.form()
    agreement = agreement_of(visit)

    async def act() -> None:
        for complete in reversed(visit.node.agreements.versions(agreement.id)):
            await visit.node.agreements.publish(complete)

    return await carried_out(visit, act(), path_of(agreement), "published")


def agreement_of(visit: Visit) -> Agreement:
    """Returns the agreement of the address, in its newest version.

    Raises:
        AgreementNotInForce: If there is none here.
        NameAmbiguous: If there are several.
    """
    return visit.node.agreements.by_name(visit.request.path_params["agreement"])


def path_of(agreement: Agreement) -> str:
    """Returns the address of an agreement's page."""
    return f"/agreements/{agreement.id.hex()}"


def _terms(agreement: Agreement, article: str, members: Members) -> Iterator[Term]:
    for clause in clauses(None, agreement):
        if clause.article != article or share_of(clause.name) or clause.name in _ELSEWHERE:
            continue
        yield term_of(clause.name, clause.after, members)


def term_of(name: str, value: object, members: Members) -> Term:
    """Returns a clause in words."""
    text = value_text(name, value, members)
    return Term(name=CLAUSES.get(name, name), value=VALUES.get(text, text), is_word=text in VALUES)


def _articles(agreement: Agreement, members: Members) -> Iterator[ArticleMatrix]:
    parties = agreement.terms.parties
    for article in agreement.terms.articles:
        forms = {party: article.forms_for(party) for party in parties}
        categories = [*forms[parties[0]]]
        given = [
            category
            for category in categories
            if any(forms[party][category] > Form.WITHHELD for party in parties)
        ]
        yield ArticleMatrix(
            id=article.id,
            partners=names(members, parties),
            rows=tuple(
                (category, tuple(_cell(forms[party][category]) for party in parties))
                for category in given
            ),
            withheld=tuple(category for category in categories if category not in given),
            terms=tuple(_terms(agreement, article.id, members)),
        )


def _cell(form: Form) -> MatrixCell:
    return MatrixCell(form=FORMS[form], tone=form.text)


def _standstill(
    visit: Visit, members: Members, agreement: Agreement, position: Position
) -> Standstill:
    said = position.suspension
    in_flight, originated = (
        (IN_FLIGHT_AT_END, ORIGINATED_AT_END) if position.ended else (IN_FLIGHT, ORIGINATED)
    )
    return Standstill(
        agency=agency_name(members, position.agency),
        is_ours=position.agency == visit.node.identity().agency_uri,
        ended=position.ended,
        article=said.article,
        sender=agency_name(members, said.sender) if said.sender else "",
        recipient=agency_name(members, said.recipient) if said.recipient else "",
        since_ms=position.since_ms,
        code=position.code,
        reason=SUSPENSION_REASONS[said.reason],
        in_flight=in_flight[said.in_flight],
        originated=originated[said.originated],
        bound=bound_field(visit, lifted(visit, agreement, said.scope)),
    )


def lifted(visit: Visit, agreement: Agreement, scope: Scope) -> list[Suspension]:
    """Returns our suspensions of a scope of an agreement, which are lifted together."""
    ours = visit.node.identity().agency_uri
    return [
        each.suspension
        for each in visit.node.suspensions.positions(agreement)
        if each.agency == ours and each.suspension.scope == scope
    ]
