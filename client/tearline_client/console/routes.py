"""The table of routes: every page and act of the console, with the roles that may use it.

The order of the titled rows is the order of the navigation.
"""

from dataclasses import replace
from typing import TypeVar

from tearline.persons.four_eyes import APPROVERS, DRAFTERS
from tearline.persons.tokens import Role
from tearline_client.console.languages import mark
from tearline_client.console.pages import (
    account,
    approvals,
    confirmation,
    drafts,
    enrolment,
    federation,
    kept,
    packet_export,
    packets,
    passkeys,
    program_drafts,
    provider,
    requests,
    selection,
    settings,
    state,
    task_events,
    to_do,
)
from tearline_client.console.pages.agency import person, policies, service_accounts, summary
from tearline_client.console.pages.agreements import (
    agreement,
    overview,
    proposal,
    silence,
    suspension,
    terms,
)
from tearline_client.console.pages.audit import (
    access,
    entry,
    exhibit,
    export,
    export_check,
    log,
    statistics,
    who_saw,
)
from tearline_client.console.pages.audit.tabs import READERS, SEARCHERS
from tearline_client.console.pages.bound_act import BoundAct
from tearline_client.console.pages.cases import case, contents
from tearline_client.console.pages.cases import overview as cases
from tearline_client.console.pages.compose import attachment, correction, form, review
from tearline_client.console.pages.consents import consent, question
from tearline_client.console.pages.consents import overview as consents
from tearline_client.console.pages.packet import copies, document, field, large_document, recall
from tearline_client.console.pages.recalls import decision
from tearline_client.console.pages.recalls import overview as recalls
from tearline_client.console.pages.request import answer, new
from tearline_client.console.pages.request import page as request
from tearline_client.console.visit import ConsoleRoute, Handler

T = TypeVar("T")

_PERSON = "/agency/persons/{person}"
_ACCOUNTS = "/agency/service-accounts"
_NO_ROLE: frozenset[Role] = frozenset()
_LIAISON = frozenset({Role.LIAISON})
_PACKET = "/packets/{packet}"
_DOCUMENT = f"{_PACKET}/documents/{{slot}}"
_ANSWER = "/requests/{request}/answer"
_DRAFTERS = frozenset(DRAFTERS)
_APPROVERS = frozenset(APPROVERS)
_DRAFT = "/compose/{draft}"
_OFFICER = frozenset({Role.OFFICER})
_SUSPENDERS = _LIAISON | _OFFICER
_AGREEMENT = "/agreements/{agreement}"
_PROPOSAL = "/proposals/{proposal}"
_CASE = "/cases/{case}"
_RECALL = "/recalls/{packet}"
_CONSENT = "/consents/{consent}"
_READERS = frozenset({Role.ANALYST, Role.LIAISON, Role.OFFICER})


def _bound(
    path: str, act: BoundAct[T], roles: frozenset[Role], *, wide: bool = False
) -> tuple[ConsoleRoute, ConsoleRoute]:
    """Returns the page of an act's effects, and the act at the same path."""
    page = ConsoleRoute(path=path, handler=act.page, roles=roles, wide=wide, keeps=True)
    return page, replace(page, handler=act.submit, method="POST")


def _kept(
    path: str,
    page: Handler,
    act: Handler,
    roles: frozenset[Role],
    *,
    title: str = "",
    wide: bool = False,
    remote: bool | None = None,
) -> tuple[ConsoleRoute, ConsoleRoute]:
    """Returns the page of a form, which shows it again as it was kept, and its act."""
    shown = ConsoleRoute(path=path, handler=page, roles=roles, title=title, wide=wide, keeps=True)
    return shown, replace(shown, handler=act, method="POST", title="", remote=remote)


ROUTES: tuple[ConsoleRoute, ...] = (
    ConsoleRoute(path="/", handler=account.start),
    ConsoleRoute(path="/to-do", handler=to_do.page, title=mark("To do")),
    ConsoleRoute(path="/to-do/list", handler=task_events.tasks, by_itself=True),
    ConsoleRoute(path="/to-do/events", handler=task_events.events, by_itself=True),
    ConsoleRoute(path="/packets", handler=packets.page, title=mark("Packets")),
    ConsoleRoute(path="/selection/read", handler=selection.read_page, roles=_LIAISON),
    ConsoleRoute(
        path="/selection/read", handler=selection.mark_read, method="POST", roles=_LIAISON
    ),
    *_bound("/selection/recall", selection.RECALL, _LIAISON, wide=True),
    ConsoleRoute(path="/export", handler=packet_export.page, roles=_LIAISON),
    ConsoleRoute(
        path="/export", handler=packet_export.make, method="POST", roles=_LIAISON, keeps=True
    ),
    ConsoleRoute(path=_PACKET, handler=document.page, roles=_LIAISON),
    ConsoleRoute(path=f"{_PACKET}/field", handler=field.page, roles=_LIAISON),
    *_bound(f"{_PACKET}/disclose", field.DISCLOSE, _LIAISON),
    ConsoleRoute(path=f"{_PACKET}/exhibit", handler=copies.exhibit_page, roles=_LIAISON),
    ConsoleRoute(path=f"{_PACKET}/exhibit", handler=copies.exhibit, method="POST", roles=_LIAISON),
    ConsoleRoute(path=f"{_PACKET}/print", handler=copies.print_copy, method="POST", roles=_LIAISON),
    ConsoleRoute(
        path=f"{_PACKET}/files", handler=copies.document_file, method="POST", roles=_LIAISON
    ),
    ConsoleRoute(path=_DOCUMENT, handler=large_document.page, roles=_LIAISON),
    ConsoleRoute(path=_DOCUMENT, handler=large_document.act, method="POST", roles=_LIAISON),
    ConsoleRoute(
        path=f"{_DOCUMENT}/state",
        handler=large_document.state_part,
        roles=_LIAISON,
        by_itself=True,
    ),
    ConsoleRoute(path=f"{_PACKET}/pictures/{{slot}}", handler=copies.picture_file, roles=_LIAISON),
    *_bound(f"{_PACKET}/recall", recall.RECALL, _LIAISON, wide=True),
    *_kept(f"{_PACKET}/consent", question.page, question.ask, _LIAISON),
    ConsoleRoute(path="/recalls", handler=recalls.page),
    *_bound(_RECALL, decision.DECIDE, recalls.DECIDERS, wide=True),
    ConsoleRoute(path="/consents", handler=consents.page),
    ConsoleRoute(path=_CONSENT, handler=consent.page, roles=consents.READERS),
    *_bound(f"{_CONSENT}/give", consent.GIVE, _LIAISON, wide=True),
    ConsoleRoute(
        path=f"{_CONSENT}/refuse", handler=consent.refuse, method="POST", roles=_LIAISON, keeps=True
    ),
    *_bound(f"{_CONSENT}/withdraw", consent.WITHDRAW, _LIAISON, wide=True),
    *_kept(f"{_PACKET}/correct", correction.page, correction.enter, _LIAISON),
    *_kept("/compose", form.page, form.enter, _LIAISON, title=mark("Compose"), remote=False),
    ConsoleRoute(path=_DRAFT, handler=review.page, roles=_LIAISON),
    ConsoleRoute(
        path=f"{_DRAFT}/document",
        handler=attachment.attach,
        method="POST",
        roles=_LIAISON,
        takes_long=True,
    ),
    ConsoleRoute(path=_DRAFT, handler=review.change, method="POST", roles=_LIAISON, remote=False),
    ConsoleRoute(path=f"{_DRAFT}/send", handler=review.last_page, roles=_LIAISON),
    ConsoleRoute(
        path=f"{_DRAFT}/send", handler=review.send, method="POST", roles=_LIAISON, keeps=True
    ),
    ConsoleRoute(path=f"{_DRAFT}/send-red", handler=review.last_page, roles=_LIAISON, wide=True),
    ConsoleRoute(
        path=f"{_DRAFT}/send-red",
        handler=review.send,
        method="POST",
        roles=_LIAISON,
        wide=True,
        keeps=True,
    ),
    ConsoleRoute(path=program_drafts.PATH, handler=program_drafts.page, roles=_LIAISON),
    ConsoleRoute(
        path=program_drafts.PATH,
        handler=program_drafts.discard,
        method="POST",
        roles=_LIAISON,
        remote=False,
    ),
    ConsoleRoute(path="/requests", handler=requests.page, title=mark("Requests")),
    ConsoleRoute(path="/cases", handler=cases.page, title=mark("Cases")),
    *_kept("/cases/new", cases.open_page, cases.open_case, _LIAISON),
    ConsoleRoute(path=_CASE, handler=case.page),
    ConsoleRoute(path=f"{_CASE}/timeline", handler=case.timeline),
    ConsoleRoute(path=f"{_CASE}/contents", handler=contents.page, roles=_READERS),
    ConsoleRoute(path=f"{_CASE}/steps/{{verb}}", handler=case.step_page, roles=_LIAISON),
    ConsoleRoute(path=f"{_CASE}/steps/{{verb}}", handler=case.step, method="POST", roles=_LIAISON),
    ConsoleRoute(
        path=f"{_CASE}/members", handler=case.invite, method="POST", roles=_LIAISON, keeps=True
    ),
    ConsoleRoute(
        path=f"{_CASE}/votes", handler=case.vote, method="POST", roles=_LIAISON, wide=True
    ),
    ConsoleRoute(path="/agreements", handler=overview.page, title=mark("Agreements")),
    *_kept("/agreements/new", terms.new_page, terms.new, _OFFICER, wide=True),
    ConsoleRoute(path=_AGREEMENT, handler=agreement.page),
    ConsoleRoute(path=f"{_AGREEMENT}/silence", handler=silence.page),
    *_kept(f"{_AGREEMENT}/amend", terms.amend_page, terms.amend, _OFFICER, wide=True),
    *_bound(f"{_AGREEMENT}/suspend", suspension.SUSPEND, _SUSPENDERS, wide=True),
    ConsoleRoute(
        path=f"{_AGREEMENT}/resume", handler=suspension.resume, method="POST", roles=_OFFICER
    ),
    *_bound(f"{_AGREEMENT}/end", suspension.END, _OFFICER, wide=True),
    ConsoleRoute(path=_PROPOSAL, handler=proposal.page),
    *_bound(f"{_PROPOSAL}/sign", proposal.SIGN, _OFFICER, wide=True),
    ConsoleRoute(
        path=f"{_PROPOSAL}/decline",
        handler=proposal.decline,
        method="POST",
        roles=_OFFICER,
        keeps=True,
    ),
    *_kept(f"{_PROPOSAL}/counter", terms.counter_page, terms.counter, _OFFICER, wide=True),
    ConsoleRoute(path="/audit", handler=who_saw.page, title=mark("Audit")),
    ConsoleRoute(path="/audit", handler=who_saw.answer, method="POST", remote=False),
    ConsoleRoute(path="/audit/log", handler=log.page, roles=SEARCHERS, remote=True),
    ConsoleRoute(path="/audit/log/{entry}", handler=entry.page, roles=SEARCHERS, remote=True),
    ConsoleRoute(
        path="/audit/log/{entry}/proof", handler=entry.proof, roles=SEARCHERS, remote=True
    ),
    ConsoleRoute(path="/audit/export", handler=export.export, method="POST", roles=SEARCHERS),
    ConsoleRoute(path="/audit/export/verify", handler=export_check.page, roles=SEARCHERS),
    ConsoleRoute(
        path="/audit/export/verify",
        handler=export_check.verify,
        method="POST",
        roles=SEARCHERS,
        remote=False,
    ),
    ConsoleRoute(path="/audit/statistics", handler=statistics.page, roles=SEARCHERS, remote=True),
    ConsoleRoute(path="/audit/exhibit", handler=exhibit.page),
    ConsoleRoute(path="/audit/exhibit", handler=exhibit.verify, method="POST", remote=False),
    ConsoleRoute(path="/audit/access", handler=access.page, roles=READERS, remote=True),
    ConsoleRoute(
        path="/audit/access", handler=access.sought, method="POST", roles=READERS, remote=False
    ),
    *_kept("/requests/new", new.page, new.preview, _DRAFTERS),
    ConsoleRoute(path="/requests/{request}", handler=request.page, roles=_DRAFTERS, keeps=True),
    ConsoleRoute(
        path="/requests/{request}",
        handler=request.take,
        method="POST",
        roles=_APPROVERS,
        keeps=True,
    ),
    ConsoleRoute(
        path=f"{_AGREEMENT}/publish", handler=agreement.publish, method="POST", roles=_OFFICER
    ),
    ConsoleRoute(path="/federation", handler=federation.page, title=mark("Federation")),
    ConsoleRoute(path="/agency", handler=summary.page, roles=summary.READERS, title=mark("Agency")),
    *_kept("/agency/policies", policies.page, policies.attempt, summary.READERS),
    ConsoleRoute(path="/agency/add", handler=person.new_page, roles=_OFFICER, wide=True),
    ConsoleRoute(path="/agency/add", handler=person.add, method="POST", roles=_OFFICER, wide=True),
    ConsoleRoute(path=_ACCOUNTS, handler=service_accounts.page, roles=_OFFICER, wide=True),
    ConsoleRoute(
        path=_ACCOUNTS,
        handler=service_accounts.change,
        method="POST",
        roles=_OFFICER,
        wide=True,
        keeps=True,
    ),
    ConsoleRoute(path=_PERSON, handler=person.page, roles=_OFFICER, wide=True),
    ConsoleRoute(path=_PERSON, handler=person.change, method="POST", roles=_OFFICER, wide=True),
    *_kept(_ANSWER, answer.page, answer.preview, _DRAFTERS),
    ConsoleRoute(path="/drafts", handler=kept.page),
    ConsoleRoute(path="/drafts", handler=kept.act, method="POST", remote=False),
    ConsoleRoute(path="/drafts/{draft}", handler=drafts.page, roles=_DRAFTERS),
    ConsoleRoute(
        path="/drafts/{draft}", handler=drafts.send, method="POST", roles=_DRAFTERS, keeps=True
    ),
    ConsoleRoute(path="/approvals/{approval}", handler=approvals.page, roles=_DRAFTERS),
    ConsoleRoute(
        path="/approvals/{approval}",
        handler=approvals.decide,
        method="POST",
        roles=_DRAFTERS,
        keeps=True,
    ),
    ConsoleRoute(path="/state", handler=state.page, title=mark("State")),
    ConsoleRoute(path="/sign-in", handler=account.sign_in_page, roles=_NO_ROLE),
    ConsoleRoute(path="/sign-in", handler=account.sign_in, method="POST", roles=_NO_ROLE),
    ConsoleRoute(path="/sign-in/provider", handler=provider.leave, roles=_NO_ROLE),
    ConsoleRoute(path="/sign-in/returned", handler=provider.returned, roles=_NO_ROLE),
    ConsoleRoute(path="/sign-in/finish", handler=provider.finish, roles=_NO_ROLE),
    ConsoleRoute(path="/sign-in/link", handler=provider.link, method="POST", roles=_NO_ROLE),
    ConsoleRoute(path="/sign-out", handler=account.sign_out, method="POST"),
    ConsoleRoute(path="/enrol", handler=enrolment.page, roles=_NO_ROLE),
    ConsoleRoute(path="/enrol", handler=enrolment.enrol, method="POST", roles=_NO_ROLE),
    ConsoleRoute(path="/passkeys", handler=passkeys.page, wide=True),
    ConsoleRoute(path="/passkeys", handler=passkeys.change, method="POST", wide=True),
    ConsoleRoute(path="/settings", handler=settings.page),
    ConsoleRoute(path="/settings", handler=settings.change, method="POST", remote=False),
    ConsoleRoute(path="/confirm", handler=confirmation.page),
    ConsoleRoute(path="/confirm/provider", handler=provider.leave_to_confirm, remote=True),
    ConsoleRoute(path="/confirm", handler=confirmation.confirm, method="POST"),
    ConsoleRoute(path="/language", handler=account.choose_language, method="POST", roles=_NO_ROLE),
)
