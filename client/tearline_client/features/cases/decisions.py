"""Persons' decisions on cases: stored, then sent to the other party or queued."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tearline.agreements.agreement import Agreement
from tearline.cases.case import CASE_ID_SIZE
from tearline.errors import CaseStepRefused
from tearline.statements.statement import ActedBy
from tearline_client.context import NodeContext
from tearline_client.features.cases.service import CaseService
from tearline_client.features.cases.views import CaseView
from tearline_client.features.decisions.service import DecisionService
from tearline_client.features.packets.service import Persons
from tearline_client.outbox.outbox import Outbox
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.on_store import OnStore

_DESK = "case"


class CaseDecisionService:
    """Service for decisions on cases, as ``node.case_decisions``; each waits for the exchange.

    Args:
        context: The node.
        cases: Takes the steps of a case.
        decisions: Stores each decision first.
        outbox: Sends the steps.
    """

    def __init__(
        self, context: NodeContext, cases: CaseService, decisions: DecisionService, outbox: Outbox
    ) -> None:
        self._context = context
        self._cases = cases
        self._decisions = decisions
        self._outbox = outbox
        decisions.on(_DESK, self._carry)

    async def open(
        self,
        agreement: Agreement,
        title: str,
        partners: Sequence[str],
        *,
        summary: str = "",
        hidden: Iterable[tuple[str, str]] = (),
        repeats: str = "",
        acted_by: ActedBy | None = None,
    ) -> bytes:
        """Opens a case and returns its id; see ``CaseService.open``.

        Raises:
            ActQueued: If the exchange is unreachable.
        """
        case_id = secrets.token_bytes(CASE_ID_SIZE)
        said = {
            "verb": "open",
            "agreement": agreement.id.hex(),
            "title": title,
            "partners": list(partners),
            "summary": summary,
            "hidden": [list(pair) for pair in hidden],
            "repeats": repeats,
        }
        await self._decide(case_id, said, acted_by)
        return case_id

    async def invite(
        self,
        view: CaseView,
        partner: str,
        *,
        hidden_from: Iterable[str] = (),
        repeats: str = "",
        acted_by: ActedBy | None = None,
    ) -> None:
        """Invites one more partner; see ``CaseService.invite`` and ``open``."""
        said = {
            "verb": "invite",
            "partner": partner,
            "hidden": list(hidden_from),
            "repeats": repeats,
        }
        await self._decide(view.id, said, acted_by)

    async def take(self, view: CaseView, verb: str, *, acted_by: ActedBy | None = None) -> None:
        """Joins, declines, leaves or closes a case; see that method of ``CaseService``.

        Args:
            view: The case.
            verb: ``join``, ``decline``, ``leave`` or ``close``.
            acted_by: The deciding person.
        """
        asked = list(view.asked) if verb == "join" else []
        await self._decide(view.id, {"verb": verb, "asked": asked}, acted_by)

    async def answer(
        self, view: CaseView, agency: str, *, consent: bool, acted_by: ActedBy | None = None
    ) -> None:
        """Consents or objects to an agency's joining; see ``CaseService.answer`` and ``open``."""
        said = {"verb": "answer", "agency": agency, "consent": consent}
        await self._decide(view.id, said, acted_by)

    async def _decide(
        self, case_id: bytes, said: Mapping[str, Any], acted_by: ActedBy | None
    ) -> None:
        await self._decisions.decide(
            Act(desk=_DESK, about=case_id, said=said),
            Persons(acted_by=acted_by),
            lambda on_store: self._take(case_id, said, acted_by, on_store),
        )

    async def _carry(self, decision: Decision, on_store: OnStore) -> object:
        act = content_of(decision, Act)
        await self._take(act.about, act.said, decision.acted_by, on_store)
        return None

    async def _take(
        self, case_id: bytes, said: Mapping[str, Any], acted_by: ActedBy | None, on_store: OnStore
    ) -> None:
        self._say(case_id, said, acted_by, on_store)
        await self._outbox.flush()
        self._cases.verify_taken()

    def _say(
        self, case_id: bytes, said: Mapping[str, Any], acted_by: ActedBy | None, on_store: OnStore
    ) -> None:
        by: dict[str, Any] = {"acted_by": acted_by, "on_store": on_store}
        cases = self._cases
        if said["verb"] == "open":
            agreement = self._context.stores.agreements.newest(bytes.fromhex(said["agreement"]))
            pairs = [(one, other) for one, other in said["hidden"]]
            cases.open(
                agreement,
                said["title"],
                said["partners"],
                summary=said["summary"],
                hidden=pairs,
                repeats=said["repeats"],
                case_id=case_id,
                **by,
            )
            return
        view = cases.find(case_id.hex())
        match said["verb"]:
            case "invite":
                words = {"hidden_from": said["hidden"], "repeats": said["repeats"]}
                cases.invite(view, said["partner"], **words, **by)
            case "answer":
                cases.answer(view, said["agency"], consent=said["consent"], **by)
            case "join":
                cases.join(replace(view, asked=tuple(said["asked"])), **by)
            case "decline":
                cases.decline(view, **by)
            case "leave":
                cases.leave(view, **by)
            case "close":
                cases.close(view, **by)
            case verb:
                raise CaseStepRefused(f"{verb!r} is no step of a case")
