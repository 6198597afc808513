"""Composition of a transaction from a judged docket: entries, receipts, rows.

One signature covers all receipts of a batch. Each receipt is stored as sent, so a retry gets the
same bytes.
"""

from collections.abc import Mapping

from tearline.limits import TREE_SIZES
from tearline.receipt import LogOpening, Receipt
from tearline.standing.stoppage import changed, resumed
from tearline.statement import Attestation, Signer, StatementType
from tearline.wire.flow import encode_receipt
from tearline.wire.statements import Signed, encode_attestation, encode_statement
from tearline_server.auditlog import append
from tearline_server.judging.docket import Docket, Ruling
from tearline_server.judging.requests import request_rows
from tearline_server.storage.commit import Commit
from tearline_server.storage.rows import (
    AgreementRow,
    CaseStepRow,
    ChannelRow,
    ErasureRow,
    MailRow,
    MailUpdate,
    PacketRow,
    ReachRow,
    StandingRow,
    StatementRow,
    StoppageRow,
    WithdrawnRow,
)


def compose(docket: Docket, attestations: Mapping[bytes, Attestation], signer: Signer) -> Commit:
    """Returns the writes of a batch, and assigns each ruling its receipt.

    Args:
        docket: The judged batch.
        attestations: The attestations of its statements, by hash.
        signer: The exchange's signer.
    """
    appended = append(docket.head.tree, docket.items)
    _sign_receipts(docket, appended.openings, signer)
    accepted = [ruling for ruling in docket.rulings if ruling.refusal is None]
    # A statement refused and then accepted in one batch keeps only its last ruling.
    last = {(ruling.statement.id, ruling.signer): ruling for ruling in docket.rulings}
    kept = {
        inclusion.attestation: attestations[inclusion.attestation]
        for ruling in accepted
        for inclusion in ruling.statement.inclusions
    }
    for ruling in docket.rulings:
        if ruling.receipt is not None:
            kept.update(ruling.receipt.attestations)
    return Commit(
        tree=appended.tree,
        time_ms=docket.now_ms if docket.items or docket.ends else docket.head.time_ms,
        entries=appended.entries,
        nodes=appended.nodes,
        events=appended.events,
        attestations={key: encode_attestation(value) for key, value in kept.items()},
        statements=[_statement_row(docket, ruling) for ruling in last.values()],
        packets=[
            PacketRow(
                id=ruling.statement.id,
                statement=_index(docket, ruling),
                openings=parts.openings,
                ciphertexts=parts.ciphertexts,
                agreement=manifest.agreement.id,
                accepted_ms=docket.now_ms,
                ends_ms=manifest.not_after_ms,
                sources=manifest.derived_from,
                corrects=manifest.supersedes,
            )
            for ruling, parts in docket.new_packets
            for manifest in [docket.packets[ruling.statement.id].manifest]
        ],
        agreements=[
            AgreementRow(id=id_, version=version, statement=statement)
            for id_, version, statement in docket.agreements
        ],
        channels=[
            ChannelRow(sender=sender, recipient=recipient, agreement=agreement, seq=seq, mark=mark)
            for (sender, recipient, agreement), (seq, mark) in docket.channels.items()
        ],
        mail=[
            MailRow(
                node=item.node,
                seq=item.seq,
                statement=item.statement,
                entry=item.entry,
                agency=item.agency,
                bytes=item.bytes,
                agreement=item.agreement,
            )
            for item in docket.mail
        ],
        standings=[
            StandingRow(agency=agency, agreement=agreement, statement=statement, empty_ms=empty_ms)
            for (agency, agreement), (statement, empty_ms) in docket.standings.items()
        ],
        stopped=[
            StoppageRow(agreement=agreement, stoppage=each)
            for agreement, changes in docket.changed.items()
            for each in changed((), changes)
        ],
        resumed=[
            StoppageRow(agreement=agreement, stoppage=each)
            for agreement, changes in docket.changed.items()
            for each in resumed(changes)
        ],
        reaches=[
            ReachRow(agreement=agreement, reach=each)
            for agreement, reaches in docket.reaches.items()
            for each in reaches
        ],
        case_steps=[
            CaseStepRow(
                case=case_id, sender=sender, recipient=recipient, statement=_index(docket, ruling)
            )
            for (case_id, sender, recipient), ruling in docket.case_steps.items()
        ],
        mail_updates=[
            *(
                MailUpdate(node=node, seq=seq, held=entry)
                for (node, seq), entry in docket.held.items()
            ),
            *(
                MailUpdate(node=node, seq=seq, delivered=entry)
                for (node, seq), entry in docket.delivered.items()
            ),
            *(
                MailUpdate(node=node, seq=seq, status=status)
                for (node, seq), status in docket.statuses.items()
            ),
            *(MailUpdate(node=node, seq=seq, passed=True) for node, seq in sorted(docket.passed)),
        ],
        acknowledged=docket.acknowledged,
        requests_opened=request_rows(docket, new=True),
        requests_changed=request_rows(docket, new=False),
        request_steps=docket.request_steps,
        erased=[
            ErasureRow(idx=index, statement=statement, agencies=agencies)
            for index, (statement, agencies) in docket.erased.items()
        ],
        withdrawn=[
            WithdrawnRow(node=node, seq=seq, entry=entry, grant=grant)
            for (node, seq), (grant, entry) in docket.withdrawn.items()
        ],
        recalls=[row for rows in docket.recalls.values() for row in rows],
        dropped=docket.dropped,
        ends=docket.ends,
    )


def _index(docket: Docket, ruling: Ruling) -> int:
    if ruling.logged is not None:
        return ruling.logged.idx
    return docket.head.tree.size + (ruling.position or 0)


def _sign_receipts(docket: Docket, openings: Mapping[int, LogOpening], signer: Signer) -> None:
    largest = TREE_SIZES[-1]
    for start in range(0, len(docket.rulings), largest):
        rulings = docket.rulings[start : start + largest]
        bodies = [
            (StatementType.RECEIPT, _receipt(docket, ruling, openings, signer))
            for ruling in rulings
        ]
        tree = signer.sign(bodies)
        attestations = {tree.attestation.hash: tree.attestation}
        for ruling, statement in zip(rulings, tree.statements(), strict=True):
            ruling.receipt = Signed(statement=statement, attestations=attestations)


def _receipt(
    docket: Docket, ruling: Ruling, openings: Mapping[int, LogOpening], signer: Signer
) -> bytes:
    receipt = Receipt(
        header=signer.header,
        address=None,
        about=ruling.statement.id,
        status=ruling.status,
        code=ruling.refusal.code if ruling.refusal else "",
        entry=ruling.logged.opening if ruling.logged else openings[ruling.position or 0],
        acted_by=None,
        time_ms=docket.now_ms,
    )
    return encode_receipt(receipt)


def _statement_row(docket: Docket, ruling: Ruling) -> StatementRow:
    receipt, refusal = ruling.receipt, ruling.refusal
    if receipt is None:
        raise LookupError("a ruling needs its receipt before it is written")
    return StatementRow(
        idx=_index(docket, ruling),
        id=ruling.statement.id,
        signer=ruling.signer,
        type=ruling.statement.type,
        natural=ruling.natural,
        packet=ruling.packet,
        code=refusal.code if refusal else "",
        why=refusal.why if refusal else "",
        receipt=encode_statement(receipt.statement),
        signature=receipt.statement.inclusions[0].attestation,
        envelope=None if refusal else encode_statement(ruling.statement),
    )
