"""Processing of the exchange's answers: verification, and effects on the remaining outbox."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tearline.errors import (
    EntryMismatch,
    ExchangeMisbehaved,
    SignerKeyUnknown,
    StatementConflict,
    TearlineError,
    TwinAtWork,
    error_by_code,
    signed_code,
)
from tearline.packets.recall import is_answer
from tearline.statements.receipt import LogOpening, Receipt, Status
from tearline.statements.statement import Statement, StatementType
from tearline.verification.moment import Moment
from tearline.wire.addresses import address_of
from tearline.wire.grants import parse_event, parse_mark, parse_receipt
from tearline.wire.publications import (
    Outcome,
    Publication,
    Refused,
    encode_outcomes,
    encode_publication,
    parse_outcomes,
)
from tearline.wire.recalls import parse_recall
from tearline.wire.statements import Signed, header_of, signed_of
from tearline_client.context import NodeContext
from tearline_client.messages.resend import Unsigned, remaining, replacement_for
from tearline_client.rules.handler import StatementHandler
from tearline_client.store.outbox import OutboxItem, OutboxState


class OutcomeRecorder:
    """Processes answers.

    Args:
        context: The node.
        handlers: Record acceptance and refusal of each statement type.
    """

    def __init__(
        self, context: NodeContext, handlers: Mapping[StatementType, StatementHandler[Any]]
    ) -> None:
        self._context = context
        self._handlers = handlers

    async def verified_outcomes(self, sent: Publication, reply: bytes) -> tuple[Outcome, ...]:
        """Returns the exchange's verified outcomes; an invalid answer is kept as evidence.

        Raises:
            TearlineError: If the answer does not verify, or concerns another message; or if it is
                signed by an unknown key, and the log cannot be read.
        """
        try:
            outcomes = parse_outcomes(reply)
        except TearlineError as error:
            self._context.alarm(error, reply)
            raise
        if any(map(self._is_by_unknown_key, outcomes)):
            await self._context.follow()  # the council may have decided on another key
        try:
            if [outcome.about for outcome in outcomes] != sent.ids():
                raise ExchangeMisbehaved("the outcomes do not match the published statements")
            for outcome in outcomes:
                self._verify_outcome(outcome)
        except TearlineError as error:
            self._context.alarm(error, reply)
            raise
        return outcomes

    def _verify_outcome(self, outcome: Outcome) -> None:
        trust = self._context.trust
        if outcome.receipt is None:
            if outcome.refusal is None:
                raise ExchangeMisbehaved("an outcome is neither a receipt nor a refusal")
            return
        statement = outcome.receipt.statement
        receipt = parse_receipt(statement.body)
        signer = trust.verify(statement, outcome.receipt.attestations, at=self._moment_of(receipt))
        if signer.signer != trust.members.exchange.uri or receipt.about != outcome.about:
            raise ExchangeMisbehaved("the receipt is not the exchange's for this statement")
        refused = receipt.status is Status.REFUSED
        if refused != (outcome.refusal is not None) or receipt.entry is None:
            raise ExchangeMisbehaved("receipt and refusal contradict each other")
        told = outcome.refusal.code if outcome.refusal else ""
        if not _states(receipt.code, told):
            raise ExchangeMisbehaved("the refusal that is signed has another code or class")
        if parse_event(receipt.entry.event).statement_id != receipt.about:
            raise EntryMismatch("the log entry is about another statement")

    def _moment_of(self, receipt: Receipt) -> Moment:
        """Returns the moment by which a receipt's key is judged: now, or the end of that key.

        Raises:
            SignerKeyUnknown: If the key ended before the receipt's entry.
        """
        now = self._context.next_moment()
        end = self._context.trust.membership.exchange_keys.get(receipt.header.key_id)
        if end is None or end >= now.index:
            return now
        if receipt.entry is None or receipt.entry.index > end:
            raise SignerKeyUnknown("the exchange's key ended before the receipt's entry")
        return replace(now, index=end)

    def _is_by_unknown_key(self, outcome: Outcome) -> bool:
        if outcome.receipt is None:
            return False
        key = header_of(outcome.receipt.statement.body).key_id
        return key not in self._context.trust.membership.exchange_keys

    def settle(
        self,
        item: OutboxItem,
        publication: Publication,
        outcomes: Sequence[Outcome],
        *,
        whole: bool = False,
    ) -> OutboxItem:
        """Records outcomes of statements, and the rest of their message.

        Raises:
            TwinAtWork: If another process used one of this node's places; all outcomes are
                recorded.
        """
        signer, stores = self._context.signer, self._context.stores
        answers = {outcome.about: outcome for outcome in outcomes}
        kept: set[bytes] = set()
        instead: dict[bytes, Unsigned] = {}
        lost, fault = Refused(code=item.code, why=item.why), ""
        twin: tuple[str, Outcome] | None = None
        with stores.database.transaction():
            for statement in publication.statements():
                outcome = answers.get(statement.id)
                if outcome is None:
                    kept.add(statement.id)
                    continue
                if outcome.receipt is not None:
                    self._store_receipt(outcome.receipt)
                if outcome.refusal is None:
                    self._keep(signed_of(statement, publication.attestations()), outcome)
                    continue
                refusal, final = outcome.refusal, whole or outcome.receipt is not None
                if final and refusal.code == StatementConflict.code:
                    sign = self._filled_elsewhere(statement)
                    twin = twin or ((sign, outcome) if sign else None)
                follows = replacement_for(
                    statement,
                    refusal.code,
                    final=final,
                    header=signer.header,
                    now_ms=self._context.right_ms(),
                    renewed=self._handlers[statement.type].renewed,
                )
                if follows == (statement.type, statement.body):
                    kept.add(statement.id)
                elif follows is not None:
                    instead[statement.id] = follows
                if follows is not None and follows[0] is statement.type:
                    fault = fault or refusal.code
                    continue
                if statement.type is not StatementType.VOID and not lost.code:
                    lost = refusal
                self.note_refused(statement, refusal.code)
            left = remaining(publication, kept, instead, signer)
            self._keep_anew(left, instead.keys())
            rest = encode_publication(left)
            state = OutboxState.REFUSED if lost.code else OutboxState.ACCEPTED
            item = replace(
                item,
                state=OutboxState.UNKNOWN if rest else state,
                publication=rest,
                code=lost.code,
                why=lost.why,
                fault=fault,
            )
            stores.outbox.update(item)
        if twin is not None:
            self._context.stop_for_twin(TwinAtWork(twin[0]), encode_outcomes((twin[1],)))
        return item

    def _filled_elsewhere(self, statement: Statement) -> str:
        """Returns the used place or mark that only this node may fill.

        Empty if an earlier life of node or exchange may have filled it, or if the conflict has
        another cause. A void is sent wherever it is unknown whether a place is filled.
        """
        channels = self._context.stores.channels
        if statement.type is StatementType.MARK:
            mark = parse_mark(statement.body)
            _, excused = channels.excused(mark.recipient, mark.agreement_id)
            return f"it sent mark {mark.counter} to {mark.recipient}" * (mark.counter > excused)
        address = address_of(statement)
        if address is None or statement.type in (StatementType.VOID, StatementType.CONSENT):
            return ""
        excused, _ = channels.excused(address.recipient, address.agreement_id)
        sign = f"it filled place {address.seq} of the channel to {address.recipient}"
        return sign * (address.seq > excused)

    def _keep_anew(self, left: Publication, instead: Collection[bytes]) -> None:
        """Stores recalls that were signed anew, whose ids the answers will name.

        Args:
            left: The rest of the message.
            instead: Ids of the replaced statements.
        """
        recalls, attestations = self._context.stores.recalls, left.attestations()
        for refused in instead:
            recalls.drop(refused)
        for statement in left.statements():
            is_recall = statement.type is StatementType.RECALL
            if is_recall and not is_answer(parse_recall(statement.body)):
                recalls.put(signed_of(statement, attestations), incoming=False)

    def _keep(self, kept: Signed, outcome: Outcome) -> None:
        """Stores an accepted statement until its recipient's receipt: the exchange may lose it."""
        address, recovery = address_of(kept.statement), self._context.stores.recovery
        if address is not None:
            recovery.keep(address.recipient, address.agreement_id, address.seq, kept)
        if entry := _entry_of(outcome):
            self._handlers[kept.statement.type].accepted(self._context, kept, entry)

    def _store_receipt(self, signed: Signed) -> None:
        packets, receipt = self._context.stores.packets, parse_receipt(signed.statement.body)
        self._context.stores.receipts.put(signed, receipt)
        grant = packets.grant(receipt.about)
        if grant is not None and not grant.incoming and (grant.status or 0) < receipt.status:
            packets.set_status(receipt.about, receipt.status)

    def note_refused(self, statement: Statement, code: str) -> None:
        """Records a refused statement, in the caller's transaction."""
        self._handlers[statement.type].refused(self._context, statement, code)


def _states(code: str, told: str) -> bool:
    """Returns whether a signed code is the one told, with its class if the code is known.

    Args:
        code: From a receipt: a class that can be signed, a slash and a code; or empty.
        told: From the refusal beside it; empty if there is none.
    """
    if code.rpartition("/")[2] != told:
        return False
    return not told or code == signed_code(told) or error_by_code(told) is None


def _entry_of(outcome: Outcome) -> LogOpening | None:
    """Returns the log entry of an accepted statement; None where no receipt opens one."""
    receipt = outcome.receipt
    return None if receipt is None else parse_receipt(receipt.statement.body).entry
