"""A lying exchange forks, rewrites, truncates, withholds or forges the log it shows."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from support.agencies import signed_by
from support.decisions import own_change
from support.node import context_of, stores_of
from support.simulation import CN, US, Simulation
from tearline.crypto.keys import KemKey, SigningKey
from tearline.errors import (
    CheckpointForged,
    CheckpointUnsigned,
    ClockSkewed,
    EntryNotIncluded,
    ExchangeMisbehaved,
    GrantMisdirected,
    LogInconsistent,
    LogUnproven,
    MembershipRejected,
    ReleaseRefused,
    RestoreRefused,
    SignerKeyUnknown,
    SignerMismatch,
    TearlineError,
    TrustStale,
    signed_code,
)
from tearline.federation.members import KeyRecord, KeyUse, Revocation
from tearline.statements.receipt import Status
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import blind_entry
from tearline.wire.cosigning import CosignReply
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.grants import encode_receipt, parse_receipt
from tearline.wire.log_entries import EntryRange
from tearline.wire.publications import Outcome, Refused
from tearline.wire.statements import Signed, parse_signed
from tearline_client.cosigning import followed_log
from tearline_client.log import follower
from tearline_runtime.mirror import FileMirror, Mirror

MINUTE_MS = 60_000


def only(note: bytes) -> Callable[[CosignReply], CosignReply]:
    """Of what was cosigned, a liar tells nothing but the checkpoint that it shows."""
    return lambda news: replace(news, checkpoints=(note,))


# One tree, and only one.


async def test_a_mirror_that_breaks_off_leaves_nothing_of_it(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its entries would stand before those of the exchange, which would pass for a liar."""
    await world.us.send(world.cn)
    note = await world.us.exchange.target.checkpoint()

    def broken(mirror: Mirror, start: int, end: int) -> Iterator[tuple[bytes, ...]]:
        yield (blind_entry(bytes(32), b"another"),)
        raise RestoreRefused("the mirror is gone")

    monkeypatch.setattr(followed_log, "read_checkpoint", lambda mirror: note)
    monkeypatch.setattr(followed_log, "read_entries", broken)
    with pytest.raises(RestoreRefused):
        await world.cn.node.log.read(FileMirror.__new__(FileMirror))
    await world.cn.node.log.follow()
    assert world.cn.codes() == []


async def test_a_forked_log_is_refused(world: Simulation) -> None:
    entries = await world.entries()
    fork = world.sign_log([*entries[:-1], blind_entry(bytes(32), b"another")])
    world.cn.exchange.log = lambda page: replace(page, checkpoint=fork)
    world.cn.exchange.news = only(fork)
    await world.cn.catches(LogInconsistent)


async def test_a_rewritten_history_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    new = await world.entries()
    forged = world.sign_log([blind_entry(bytes(32), b"another"), *new[1:]])
    world.cn.exchange.log = lambda page: replace(page, checkpoint=forged)
    world.cn.exchange.news = only(forged)
    await world.cn.catches(LogInconsistent)


async def test_a_truncated_log_is_refused(world: Simulation) -> None:
    shorter = world.sign_log((await world.entries())[:-1])
    world.cn.exchange.log = lambda page: replace(page, entries=(), checkpoint=shorter)
    world.cn.exchange.news = only(shorter)
    await world.cn.catches(LogInconsistent)


async def test_a_rewritten_entry_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    another = blind_entry(bytes(32), b"another")
    world.cn.exchange.log = lambda page: replace(page, entries=(another, *page.entries[1:]))
    await world.cn.catches(LogInconsistent)


async def test_an_omitted_entry_is_missed(world: Simulation) -> None:
    await world.us.send(world.cn, world.mx)

    def omit(page: EntryRange) -> EntryRange:
        return replace(page, entries=page.entries[1:]) if len(page.entries) > 1 else page

    world.cn.exchange.log = omit
    await world.cn.catches(LogInconsistent)


async def test_entries_beyond_the_checkpoint_are_refused(world: Simulation) -> None:
    world.cn.exchange.log = lambda page: replace(page, entries=(*page.entries, b"\1" + bytes(32)))
    await world.cn.catches(LogInconsistent)


async def test_entries_without_end_are_not_read_for_ever(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "MAX_UNPROVEN_BYTES", 40)
    await world.us.send(world.cn, world.mx)
    world.cn.exchange.log = lambda page: replace(page, entries=page.entries[:1])
    await world.cn.catches(LogUnproven)
    world.cn.exchange.log = lambda page: page
    await world.cn.node.sync()
    assert world.cn.status().log_size == len(await world.entries())


# Signed by the log.


async def test_a_checkpoint_without_one_of_the_log_s_signatures_is_refused(
    world: Simulation,
) -> None:
    def strip(page: EntryRange) -> EntryRange:
        note = parse_note(page.checkpoint)
        return replace(page, checkpoint=replace(note, signatures=note.signatures[:1]).encode())

    world.cn.exchange.log = strip
    await world.cn.catches(CheckpointUnsigned)


async def test_a_checkpoint_under_a_forged_signature_is_refused(world: Simulation) -> None:
    def forge(page: EntryRange) -> EntryRange:
        note = parse_note(page.checkpoint)
        first, *others = note.signatures
        forged = replace(first, payload=bytes(len(first.payload)))
        return replace(page, checkpoint=replace(note, signatures=(forged, *others)).encode())

    world.cn.exchange.log = forge
    await world.cn.catches(CheckpointForged)


# Fresh.


async def test_nothing_is_sealed_on_a_log_that_stands_still(world: Simulation) -> None:
    state = context_of(world.us.node)
    object.__setattr__(state, "now_ms", lambda: world.clock() + 11 * MINUTE_MS)
    with pytest.raises(TrustStale):
        await world.us.send(world.cn)
    assert not await world.cn.waiting()


async def test_nothing_is_sealed_under_a_clock_that_is_off(world: Simulation) -> None:
    world.clock.offset_ms = 3 * MINUTE_MS
    with pytest.raises(ClockSkewed):
        await world.us.send(world.cn)
    assert not await world.cn.waiting()


# Clear entries, which no honest exchange would log.


async def logged(world: Simulation, signed: Signed, error: type[TearlineError]) -> None:
    """The exchange logs ``signed``; who follows refuses it."""
    await world.log(signed)
    await world.cn.catches(error)


async def test_a_charter_does_not_return(world: Simulation) -> None:
    first = parse_signed((await world.entries())[0][1:])
    await logged(world, first, MembershipRejected)


async def test_a_coalition_does_not_swap_a_third_agency_s_root(world: Simulation) -> None:
    current = context_of(world.us.node).trust
    thief = SigningKey.generate()
    uri = world.root(CN).header.signer
    change = own_change(current, uri, thief, thief, root_key=thief.public.encoded)
    await logged(world, change, SignerKeyUnknown)


async def test_an_encryption_key_is_not_swapped_by_another_agency(world: Simulation) -> None:
    await logged(world, kem_record(world, world.mx.signer), SignerMismatch)


async def test_a_revoked_key_speaks_no_more_whatever_date_it_writes(world: Simulation) -> None:
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    revocation = Revocation(
        header=world.root(US).header, revoked_key=world.us.signer.header.key_id, reason="stolen"
    )
    await world.log(
        signed_by(StatementType.REVOCATION, encode_revocation(revocation), world.root(US))
    )
    grant, manifest = (
        Signed(statement=each, attestations=mail.attestations) for each in mail.statements
    )
    await world.cn.take(await world.forge(world.cn, grant, manifest, parts=mail.parts))
    world.cn.caught(SignerKeyUnknown)


def kem_record(world: Simulation, by: Signer) -> Signed:
    """A record of a key for China's node that somebody else signs."""
    now_ms = world.clock()
    record = KeyRecord(
        header=by.header,
        subject=world.cn.node.uri,
        use=KeyUse.KEM,
        public_key=KemKey.generate().public.encoded,
        types=(),
        not_before_ms=now_ms,
        not_after_ms=now_ms + 60 * MINUTE_MS,
    )
    return signed_by(StatementType.KEY_RECORD, encode_key_record(record), by)


# Receipts.


async def test_an_entry_that_a_receipt_names_and_the_log_never_holds_is_missed(
    world: Simulation,
) -> None:
    def invented(outcome: Outcome) -> Outcome:
        assert outcome.receipt is not None
        receipt = parse_receipt(outcome.receipt.statement.body)
        assert receipt.entry is not None
        entry = replace(receipt.entry, index=receipt.entry.index + 1000)
        body = encode_receipt(replace(receipt, entry=entry))
        desk = world.exchange._desk
        forged = signed_by(StatementType.RECEIPT, body, desk._keys.signer(desk.registry.trust))
        return replace(outcome, receipt=forged)

    world.us.exchange.outcomes = lambda outcomes: (invented(outcomes[0]), *outcomes[1:])
    await world.us.send(world.cn)
    await world.us.node.sync()
    assert world.us.codes() == []
    world.clock.offset_ms = 2 * MINUTE_MS
    for _ in range(2):
        with pytest.raises(EntryNotIncluded):
            await world.us.node.sync()
    world.us.caught(EntryNotIncluded)


async def test_what_receipts_name_is_asked_of_the_log_once(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.us.node.sync()
    assert stores_of(world.us.node).receipts.promises() == ()


@pytest.mark.parametrize("lie", ["swapped", "accepted although refused", "of another"])
async def test_a_false_receipt_is_kept_as_evidence(world: Simulation, lie: str) -> None:
    def false(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        first, second = outcomes[:2]
        match lie:
            case "swapped":
                changed = (
                    replace(first, receipt=second.receipt),
                    replace(second, receipt=first.receipt),
                )
            case "accepted although refused":
                changed = (replace(first, refusal=None, receipt=None), second)
            case _:
                changed = (second, first)
        return (*changed, *outcomes[2:])

    world.us.exchange.outcomes = false
    with pytest.raises(ExchangeMisbehaved):
        await world.us.send(world.cn)
    world.us.caught(ExchangeMisbehaved)


def refusing(world: Simulation, code: str, told: str) -> Callable[..., tuple[Outcome, ...]]:
    """Turns outcomes into refusals with a signed code, and with the code that is told."""

    def refused(outcome: Outcome) -> Outcome:
        assert outcome.receipt is not None
        receipt = parse_receipt(outcome.receipt.statement.body)
        body = encode_receipt(replace(receipt, status=Status.REFUSED, code=code))
        desk = world.exchange._desk
        forged = signed_by(StatementType.RECEIPT, body, desk._keys.signer(desk.registry.trust))
        return replace(outcome, receipt=forged, refusal=Refused(code=told, why=""))

    return lambda outcomes: tuple(map(refused, outcomes))


async def test_the_code_that_is_told_is_the_one_that_is_signed(world: Simulation) -> None:
    """A sender acts by the code: by another one it would send a new statement, or none."""
    code = signed_code(ReleaseRefused.code)
    world.us.exchange.outcomes = refusing(world, code, GrantMisdirected.code)
    with pytest.raises(ExchangeMisbehaved):
        await world.us.send(world.cn)
    world.us.caught(ExchangeMisbehaved)


async def test_a_known_code_is_signed_with_its_own_class(world: Simulation) -> None:
    """Or the exchange could sign that a sender broke a rule on purpose."""
    code = ReleaseRefused.code
    world.us.exchange.outcomes = refusing(world, f"evidence/{code}", code)
    with pytest.raises(ExchangeMisbehaved):
        await world.us.send(world.cn)
    world.us.caught(ExchangeMisbehaved)


async def test_an_unknown_code_is_final_whatever_its_class(world: Simulation) -> None:
    world.us.exchange.outcomes = refusing(world, "evidence/TL-XYZ-999", "TL-XYZ-999")
    sent = await world.us.node.packets.send([world.us.plan(world.cn)])
    assert sent.refused == (("TL-XYZ-999", ""),)
    assert world.us.codes() == []
