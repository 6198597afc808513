"""Composition of a transaction from a processed batch: entries, receipts, rows.

One signature covers all receipts of a batch. Receipts are not stored: each follows from its entry,
so a retry gets the same statement under another signature.
"""

from collections.abc import Mapping

from tearline.errors import signed_code
from tearline.limits import TREE_SIZES
from tearline.statements.receipt import LogOpening, Receipt
from tearline.statements.signer import Signer
from tearline.statements.statement import Attestation, StatementType
from tearline.suspensions.stoppage import changed, resumed
from tearline.wire.grants import encode_receipt
from tearline.wire.statements import Signed, encode_attestation, encode_statement
from tearline_server.processing.batch import Batch, Result
from tearline_server.processing.handlers.requests import request_rows
from tearline_server.storage.commit import Commit
from tearline_server.storage.rows import (
    AgreementRow,
    CaseStepRow,
    ErasureRow,
    MailUpdate,
    PacketRow,
    ReachRow,
    StandingRow,
    StatementRow,
    StoppageRow,
    WithdrawnRow,
)
from tearline_server.tlog.log import append


def compose(batch: Batch, attestations: Mapping[bytes, Attestation], signer: Signer) -> Commit:
    """Returns the writes of a batch, and assigns each ruling its receipt.

    Args:
        batch: The judged batch.
        attestations: The attestations of its statements, by hash.
        signer: The exchange's signer.
    """
    appended = append(batch.head.tree, batch.items)
    _sign_receipts(batch, appended.openings, signer)
    accepted = [result for result in batch.results if result.refusal is None]
    # A statement refused and then accepted in one batch keeps only its last ruling.
    last = {(result.statement.id, result.signer): result for result in batch.results}
    kept = {
        inclusion.attestation: attestations[inclusion.attestation]
        for result in accepted
        for inclusion in result.statement.inclusions
    }
    return Commit(
        tree=appended.tree,
        time_ms=batch.now_ms if batch.items or batch.ends else batch.head.time_ms,
        entries=appended.entries,
        nodes=appended.nodes,
        effects=batch.effects,
        events=appended.events,
        attestations={key: encode_attestation(value) for key, value in kept.items()},
        statements=[_statement_row(batch, result) for result in last.values()],
        packets=[
            PacketRow(
                id=result.statement.id,
                statement=_index(batch, result),
                openings=parts.openings,
                ciphertexts=parts.ciphertexts,
                agreement=manifest.agreement.id,
                accepted_ms=batch.now_ms,
                ends_ms=manifest.not_after_ms,
                sources=manifest.derived_from,
                corrects=manifest.supersedes,
            )
            for result, parts in batch.new_packets
            for manifest in [batch.packets[result.statement.id].manifest]
        ],
        agreements=[
            AgreementRow(id=id_, version=version, statement=statement)
            for id_, version, statement in batch.agreements
        ],
        channels=[*batch.channels.values()],
        budgets=batch.budgets,
        mail=list(batch.mail),
        standings=[
            StandingRow(agency=agency, agreement=agreement, statement=statement, empty_ms=empty_ms)
            for (agency, agreement), (statement, empty_ms) in batch.standings.items()
        ],
        stopped=[
            StoppageRow(agreement=agreement, stoppage=each)
            for agreement, changes in batch.changed.items()
            for each in changed((), changes)
        ],
        resumed=[
            StoppageRow(agreement=agreement, stoppage=each)
            for agreement, changes in batch.changed.items()
            for each in resumed(changes)
        ],
        reaches=[
            ReachRow(agreement=agreement, reach=each)
            for agreement, reaches in batch.reaches.items()
            for each in reaches
        ],
        case_steps=[
            CaseStepRow(
                case=case_id, sender=sender, recipient=recipient, statement=_index(batch, result)
            )
            for (case_id, sender, recipient), result in batch.case_steps.items()
        ],
        mail_updates=[
            *(
                MailUpdate(node=node, seq=seq, held=entry)
                for (node, seq), entry in batch.held.items()
            ),
            *(
                MailUpdate(node=node, seq=seq, delivered=entry)
                for (node, seq), entry in batch.delivered.items()
            ),
            *(
                MailUpdate(node=node, seq=seq, status=status)
                for (node, seq), status in batch.statuses.items()
            ),
            *(MailUpdate(node=node, seq=seq, passed=True) for node, seq in sorted(batch.passed)),
        ],
        acknowledged=batch.acknowledged,
        requests_opened=request_rows(batch, new=True),
        requests_changed=request_rows(batch, new=False),
        request_steps=batch.request_steps,
        erased=[
            ErasureRow(idx=index, statement=statement, agencies=agencies)
            for index, (statement, agencies) in batch.erased.items()
        ],
        withdrawn=[
            WithdrawnRow(node=node, seq=seq, entry=entry, grant=grant)
            for (node, seq), (grant, entry) in batch.withdrawn.items()
        ],
        recalls=[row for rows in batch.recalls.values() for row in rows],
        dropped=batch.dropped,
        ends=batch.ends,
    )


def _index(batch: Batch, result: Result) -> int:
    if result.logged is not None:
        return result.logged.idx
    return batch.head.tree.size + (result.position or 0)


def _sign_receipts(batch: Batch, openings: Mapping[int, LogOpening], signer: Signer) -> None:
    largest = TREE_SIZES[-1]
    ruled = [*batch.results, *batch.repeated]
    for start in range(0, len(ruled), largest):
        results = ruled[start : start + largest]
        bodies = [
            (StatementType.RECEIPT, _receipt(batch, result, openings, signer)) for result in results
        ]
        tree = signer.sign(bodies)
        attestations = {tree.attestation.hash: tree.attestation}
        for result, statement in zip(results, tree.statements(), strict=True):
            result.receipt = Signed(statement=statement, attestations=attestations)


def _receipt(
    batch: Batch, result: Result, openings: Mapping[int, LogOpening], signer: Signer
) -> bytes:
    receipt = Receipt(
        header=signer.header,
        address=None,
        about=result.statement.id,
        status=result.status,
        code=signed_code(result.refusal.code) if result.refusal else "",
        entry=result.logged.opening if result.logged else openings[result.position or 0],
        acted_by=None,
        time_ms=batch.time_of(result),
    )
    return encode_receipt(receipt)


def _statement_row(batch: Batch, result: Result) -> StatementRow:
    refusal = result.refusal
    return StatementRow(
        idx=_index(batch, result),
        id=result.statement.id,
        signer=result.signer,
        type=result.statement.type,
        natural=result.natural,
        packet=result.packet,
        code=refusal.code if refusal else "",
        why=refusal.why if refusal else "",
        envelope=None if refusal else encode_statement(result.statement),
    )
