"""Proof files for others, from this node's own copy of the log, offline."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from tearline.audit.erasure import Erasure
from tearline.dataclass.immutable import immutable
from tearline.errors import EntryMismatch, NotFound
from tearline.identity import domain_uri_of
from tearline.statements.statement import Header, StatementType
from tearline.tlog.checkpoint import SignedCheckpoint
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import parse_clear, parse_entry
from tearline.wire.agreements import parse_agreement
from tearline.wire.erasures import ErasedEntry, ProvenAgreement, encode_erased_entry
from tearline.wire.exhibits import ProvenEntry
from tearline.wire.federation import parse_key_record
from tearline.wire.grants import encode_log_opening
from tearline.wire.statements import Signed, header_of
from tearline_client.audit.verifier import AuditVerifier, Outcome
from tearline_client.context import NodeContext
from tearline_client.store.log import LogStore

SUFFIX = ".tlog-proof"


class Certification(StrEnum):
    """Kind of the parts that certify the keys of an exhibit's signers."""

    STATEMENTS = "statements"
    DIRECTORY = "directory"


@immutable
class ProofFile:
    """A proof file.

    Attributes:
        index: The entry's position.
        name: A file name that states the proven fact.
        data: The file, a c2sp.org/tlog-proof whose extra line holds the entry's contents.
        about: 32 bytes, the statement of the entry.
    """

    index: int
    name: str
    data: bytes
    about: bytes


@immutable
class _Known:
    """An entry that this node can open: blind ones with an opening here, and every clear one."""

    index: int
    what: str
    extra: bytes
    about: bytes
    packet: bytes = b""


def prove(context: NodeContext, prefix: str) -> tuple[ProofFile, ...]:
    """Returns proofs of all entries here about one packet or statement.

    Each is verified as its reader will verify it.

    Args:
        context: The node.
        prefix: The beginning of the hexadecimal id of a packet or a statement.

    Raises:
        NotFound: If no id or several ids here begin so, or the log has not been read up to it.
        LogError: If the stored data do not prove it: this node's database was changed.
    """
    log, checkpoint = context.stores.log, context.follower.checkpoint()
    size = 0 if checkpoint is None else checkpoint.checkpoint.size
    entries = _about((*_known(log), *_erased(context, size)), prefix)
    if checkpoint is None or not entries:
        raise NotFound("no entry here, or entries of several ids, begin with this")
    verifier = AuditVerifier(context.trust.log, context.trust.federation)
    proofs = tuple(
        _proof(entry, log, checkpoint)
        for entry in entries
        if entry.index < checkpoint.checkpoint.size
    )
    for proof in proofs:
        judgement = verifier.judge(proof.data)
        if judgement.outcome is not Outcome.VERIFIED:
            named = "; ".join(f"{f.code} {f.text}" for f in judgement.findings)
            raise EntryMismatch(f"entry {proof.index} as stored here: {named}")
    return proofs


def _known(log: LogStore) -> Iterator[_Known]:
    for opened in log.openings():
        yield _Known(
            index=opened.opening.index,
            what=opened.event.code.value,
            extra=encode_log_opening(opened.opening),
            about=opened.event.statement_id,
            packet=opened.event.packet,
        )
    for index, entry in log.clear_entries():
        signed = parse_clear(entry)
        if signed is not None:
            what = signed.statement.type.name.lower().replace("_", "-")
            yield _Known(index=index, what=what, extra=entry, about=signed.statement.id)


def _erased(context: NodeContext, size: int) -> Iterator[_Known]:
    """Yields entries erased by an order in the first ``size`` entries: presence, no contents."""
    log = context.stores.log
    for found in context.stores.erasures.orders():
        opened, rule = log.opened(found.entry), _rule(context, found.order, size)
        if opened is None or found.entry >= size or (found.order.is_by_retention and not rule):
            continue
        statement = found.signed.statement
        rests_on = [found.signed, rule.signed] if rule else [found.signed]
        signers = [by.header for signed in rests_on for by in signed.attestations.values()]
        entries = tuple(
            ProvenEntry(index=index, content=content, path=log.path(index, size))
            for index, content in trust_entries(log, signers, found.entry, size)
        )
        for index in found.order.indices:
            shown = ErasedEntry(
                entry=log.entry(index) or b"",
                order=found.signed,
                erased=opened.opening,
                path=log.path(found.entry, size),
                entries=entries,
                agreement=rule,
            )
            extra = encode_erased_entry(shown)
            yield _Known(index=index, what="erased", extra=extra, about=statement.id)


def _rule(context: NodeContext, order: Erasure, size: int) -> ProvenAgreement | None:
    """Returns the agreement behind an order by retention, if the log here shows it."""
    log = context.stores.log
    for signed in context.stores.agreements.versions(order.agreement_id):
        if parse_agreement(signed.statement.body).version != order.agreement_version:
            continue
        for told in log.openings(signed.statement.id):
            index = told.opening.index
            if index < size:
                return ProvenAgreement(
                    signed=signed, entry=told.opening, path=log.path(index, size)
                )
    return None


def _about(entries: Iterable[_Known], prefix: str) -> list[_Known]:
    """Returns the entries of the one statement or packet whose id begins with ``prefix``."""
    wanted = prefix.lower()
    known = sorted(entries, key=lambda entry: entry.index)
    ids = {
        named
        for entry in known
        for named in (entry.about, entry.packet)
        if wanted and named.hex().startswith(wanted)
    }
    if len(ids) != 1:
        return []
    (only,) = ids
    return [entry for entry in known if only in (entry.about, entry.packet)]


def _proof(entry: _Known, log: LogStore, checkpoint: SignedCheckpoint) -> ProofFile:
    proof = LogProof(
        index=entry.index,
        path=log.path(entry.index, checkpoint.checkpoint.size),
        note=checkpoint.note,
        extra=entry.extra,
    )
    return ProofFile(
        index=entry.index,
        name=f"{entry.index:08}-{entry.what}{SUFFIX}",
        data=proof.encode(),
        about=entry.about,
    )


def trust_entries(
    log: LogStore, signers: Sequence[Header], last: int, size: int
) -> Iterator[tuple[int, bytes]]:
    """Yields the entries that prove keys: of members, the signers' records, their revocations.

    A directory entry dates the entries of members beside it: votes expire by the one before, and
    delays begin at the one after. With one that ends the delay, another root counts.
    """
    keys = {(signer.signer, signer.key_id) for signer in signers}
    # Roots and the exchange also sign.
    agencies = {domain_uri_of(signer.signer) for signer in signers}
    effects = log.effects()
    date: tuple[int, bytes] | None = None
    is_dated = True
    for index, entry in log.clear_entries():
        parsed = parse_entry(entry)
        if parsed is None or index >= size:
            continue
        if not isinstance(parsed, Signed):
            date = (index, entry)
            if not is_dated or index in effects:
                yield date
                date, is_dated = None, True
            continue
        statement = parsed.statement
        if statement.type is StatementType.KEY_RECORD:
            record = parse_key_record(statement.body)
            if (record.subject, record.key_id) in keys:
                yield index, entry
        elif statement.type is StatementType.REVOCATION:
            if index < last and header_of(statement.body).signer in agencies:
                yield index, entry
        else:
            if date is not None:
                yield date
            yield index, entry
            date, is_dated = None, False
