"""What one agency may leave in every reader's memory for ever."""

from dataclasses import replace

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    federation,
    key_record,
    node_of,
    secret,
    signed_by,
)
from support.decisions import own_change
from support.exchange import agreement, terms
from tearline.agreements.agreement import Agreement
from tearline.errors import (
    AgreementMalformed,
    AgreementsExceeded,
    RecordsExceeded,
)
from tearline.federation.members import MAX_KEY_LIFETIME_MS, KeyRecord, KeyUse, Revocation
from tearline.federation.record_limits import AgreementBounds, RecordBounds, verify_date
from tearline.limits import (
    MAX_AGENCY_NODES,
    MAX_COSIGNING_RECORDS_PER_LIFE,
    MAX_OWN_CHANGES,
    MAX_PAIR_AGREEMENT_BYTES,
    MAX_PAIR_AGREEMENTS,
    MAX_REVOCATIONS,
    MAX_VERSIONS,
)
from tearline.statements.statement import StatementType
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.statements import Signed

FED = federation()
LIFE_MS = MAX_KEY_LIFETIME_MS[KeyUse.COSIGN]


def made(number: int, subject: str = node_of(US), begin_ms: int = NOW_MS) -> KeyRecord:
    """A cosigning key of a node; such keys have no structure that a record checks."""
    public = (secret(f"cosigner {number}") * 41)[:1312]
    found = key_record(FED.signer(US).header, subject, KeyUse.COSIGN, public)
    return replace(found, not_before_ms=begin_ms, not_after_ms=begin_ms + DAY_MS)


def signed(record: KeyRecord) -> Signed:
    return signed_by(StatementType.KEY_RECORD, encode_key_record(record), FED.signer(US))


def reader() -> TrustState:
    """A reader of the federation's first entries."""
    state = TrustState(federation=FED.id)
    for index, each in enumerate(FED.clear):
        state.apply(index, each)
    return state


def taken(state: TrustState, *records: KeyRecord) -> int:
    """Has a reader take records until it refuses one; returns how many it took."""
    for number, record in enumerate(records):
        try:
            state.apply(100 + number, signed(record))
        except RecordsExceeded:
            return number
    return len(records)


def test_a_node_has_so_many_keys_of_a_use_that_begin_at_a_time() -> None:
    records = [made(number) for number in range(MAX_COSIGNING_RECORDS_PER_LIFE + 1)]
    state = reader()
    here = sum(each.use is KeyUse.COSIGN for each in state.keys_of(node_of(US), at=FED.next))
    assert taken(state, *records) == MAX_COSIGNING_RECORDS_PER_LIFE - here
    # What begins later than one life has room again; dates are signed, so all readers agree.
    assert taken(state, made(99, begin_ms=NOW_MS + LIFE_MS)) == 1


@pytest.mark.parametrize("apart_ms", [-LIFE_MS, LIFE_MS])
def test_keys_a_life_apart_take_no_room_from_each_other(apart_ms: int) -> None:
    bounds = RecordBounds()
    for number in range(MAX_COSIGNING_RECORDS_PER_LIFE):
        bounds.take_key(made(number))
    inside = apart_ms + (1 if apart_ms < 0 else -1)
    with pytest.raises(RecordsExceeded):
        bounds.take_key(made(98, begin_ms=NOW_MS + inside))
    bounds.take_key(made(99, begin_ms=NOW_MS + apart_ms))
    bounds.take_key(replace(made(97), subject=node_of(MX)))


def test_a_node_that_renews_its_cosigning_keys_is_restored_many_times() -> None:
    bounds = RecordBounds()
    renewed = range(NOW_MS, NOW_MS + 3 * LIFE_MS, 60 * 24 * 3_600_000)
    for number, begin_ms in enumerate(renewed):
        bounds.take_key(made(number, begin_ms=begin_ms))
    for number in range(16):
        bounds.take_key(made(1000 + number, begin_ms=NOW_MS + LIFE_MS + number))


def test_an_agency_has_so_many_nodes() -> None:
    state = reader()
    records = [made(n, subject=f"{US}/node/n{n}") for n in range(MAX_AGENCY_NODES + 1)]
    assert taken(state, *records) == MAX_AGENCY_NODES - 1
    assert len([node for node in state.nodes() if node.startswith(US)]) == MAX_AGENCY_NODES


def test_an_agency_changes_its_own_record_so_often() -> None:
    """Every record stays: an agency needs nobody else's root to make the next one."""
    state = reader()
    for number in range(MAX_OWN_CHANGES):
        state.apply(1000 + number, own_change(state, US, token_issuers=(number.to_bytes(32),)))
    with pytest.raises(RecordsExceeded):
        state.apply(2000, own_change(state, US, token_issuers=()))


def test_an_agency_revokes_so_many_keys() -> None:
    state, root = reader(), FED.signer(US)
    state._bounds._revocations[US] = MAX_REVOCATIONS - 1
    for number, code in ((1, ""), (2, "TL-TRU-009")):
        body = encode_revocation(
            Revocation(header=root.header, revoked_key=secret(f"lost {number}"), reason="lost")
        )
        entry = signed_by(StatementType.REVOCATION, body, root)
        if not code:
            state.apply(number + 100, entry)
            continue
        with pytest.raises(RecordsExceeded):
            state.apply(number + 100, entry)
    assert (US, secret("lost 2")) not in state.revoked_keys


@pytest.mark.parametrize(
    ("begin_ms", "fits"),
    [
        (NOW_MS - DAY_MS, False),
        (NOW_MS - DAY_MS + 1, True),
        (NOW_MS + LIFE_MS, True),
        (NOW_MS + LIFE_MS + 1, False),
    ],
)
def test_a_record_of_another_time_is_not_taken(begin_ms: int, fits: bool) -> None:
    record = made(1, begin_ms=begin_ms)
    if fits:
        verify_date(record, now_ms=NOW_MS)
        return
    with pytest.raises(RecordsExceeded):
        verify_date(record, now_ms=NOW_MS)


# Agreements.


def of(number: int, *parties: str, name: str = "narcotics") -> Agreement:
    found = agreement(FED.signer(US).header, terms=terms(parties or (CN, US)), name=name)
    return replace(found, id=number.to_bytes(16))


def test_two_agencies_have_so_many_agreements() -> None:
    bounds = AgreementBounds()
    for number in range(MAX_PAIR_AGREEMENTS):
        bounds.verify(of(number), 1000)
        bounds.put(of(number), 1000)
    for parties in ((CN, US), (CN, MX, US)):
        with pytest.raises(AgreementsExceeded):
            bounds.verify(of(999, *parties), 1000)
    bounds.verify(of(999, MX, US), 1000)  # others have their own room
    amended = replace(of(0), version=2)
    bounds.verify(amended, 2000)
    bounds.put(amended, 2000)
    # A party that leaves takes its pairs' room with it.
    bounds.put(replace(of(1, MX, US), version=2), 1000)
    bounds.verify(of(999), 1000)


def test_the_newest_versions_take_so_many_bytes() -> None:
    bounds = AgreementBounds()
    bounds.put(of(1), MAX_PAIR_AGREEMENT_BYTES - 1000)
    bounds.verify(of(2), 1000)
    with pytest.raises(AgreementsExceeded):
        bounds.verify(of(2), 1001)
    bounds.verify(replace(of(1), version=2), MAX_PAIR_AGREEMENT_BYTES)


def test_an_agreement_has_so_many_versions() -> None:
    replace(of(1), version=MAX_VERSIONS)
    with pytest.raises(AgreementMalformed):
        replace(of(1), version=MAX_VERSIONS + 1)
