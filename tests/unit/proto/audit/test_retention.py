"""How long the log keeps what its entries say: what is over, and what an order must not claim."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import AGREEMENT_ID, DAY_MS, EXCHANGE, MX, NOW_MS, US, federation
from support.cases import each_case
from support.exchange import agreement
from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import RETAINED, Erasure, verify_covers, verify_signers
from tearline.audit.event import Event, EventCode
from tearline.audit.retention import is_due, verify_rule, verify_time
from tearline.errors import (
    AgreementMalformed,
    ErasureRefused,
    RetentionBroken,
    RetentionUnknown,
    StatementMalformed,
)
from tearline.identity import trust_domain_of
from tearline.limits import MAX_LOG_RETENTION_MS, MAX_LOG_TIME_SKEW_MS
from tearline.statements.statement import Header
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.erasures import encode_erasure, parse_erasure

KEPT_MS = 400 * DAY_MS
NODES = {agency: federation().node(agency).header.signer for agency in (US, MX)}
AT_EXCHANGE = f"spiffe://{trust_domain_of(EXCHANGE)}"
STRANGER = "spiffe://elsewhere.example/node/liaison"
FOR_EVER = agreement(federation().node(US).header)
AGREEMENT = replace(FOR_EVER, log_retention_ms=KEPT_MS)
EVENT = Event(
    statement_id=bytes(32),
    code=EventCode.GRANT_ACCEPTED,
    party=NODES[MX],
    time_ms=NOW_MS,
    actor=NODES[US],
    counterpart=NODES[MX],
    agreement_id=AGREEMENT_ID,
)
ORDER = Erasure(
    header=Header(federation=bytes(32), signer=EXCHANGE, key_id=bytes(32)),
    agreement_id=AGREEMENT_ID,
    indices=(5, 7),
    parties=tuple(sorted((MX, US))),
    reason="",
    agreement_version=1,
    latest_ms=NOW_MS,
)
OVER_MS = NOW_MS + KEPT_MS


def test_what_an_entry_says_is_kept_for_as_long_as_all_agreed() -> None:
    assert not is_due(EVENT, AGREEMENT, EXCHANGE, OVER_MS - 1)
    assert is_due(EVENT, AGREEMENT, EXCHANGE, OVER_MS)
    assert not is_due(EVENT, FOR_EVER, EXCHANGE, 100 * OVER_MS)


@each_case(
    "event",
    [
        *(replace(EVENT, code=code) for code in sorted(set(EventCode) - RETAINED)),
        replace(EVENT, agreement_id=b"a" * 16),
        replace(EVENT, agreement_id=b""),
        replace(EVENT, counterpart=STRANGER),
    ],
)
def test_what_is_not_the_agreements_to_erase_is_never_over(event: Event) -> None:
    """How it came about, refusals, searches; other agreements; and what names a stranger."""
    assert not is_due(event, AGREEMENT, EXCHANGE, 100 * OVER_MS)


@each_case("code", sorted(RETAINED))
def test_whoever_of_them_acted_the_exchange_among_them(code: EventCode) -> None:
    by_exchange = replace(EVENT, code=code, actor=EXCHANGE, counterpart=NODES[US])
    for event in (replace(EVENT, code=code), by_exchange):
        assert is_due(event, AGREEMENT, EXCHANGE, OVER_MS)
        verify_covers(ORDER, 5, event)


def test_a_version_that_has_not_begun_erases_nothing() -> None:
    later = replace(AGREEMENT, valid_from_ms=OVER_MS + 1, valid_until_ms=OVER_MS + 2)
    assert not is_due(EVENT, later, EXCHANGE, OVER_MS)
    with pytest.raises(RetentionBroken):
        verify_rule(ORDER, later, OVER_MS)


def test_an_order_holds_from_the_millisecond_on_that_all_agreed() -> None:
    verify_rule(ORDER, AGREEMENT, OVER_MS)
    with pytest.raises(RetentionBroken):
        verify_rule(ORDER, AGREEMENT, OVER_MS - 1)


@pytest.mark.parametrize(
    ("found", "changes"),
    [
        (FOR_EVER, {}),
        (replace(AGREEMENT, version=2), {}),
        (replace(AGREEMENT, id=b"a" * 16), {}),
        (AGREEMENT, {"agreement_id": b"a" * 16}),
        (AGREEMENT, {"agreement_version": 2}),
        (AGREEMENT, {"parties": ("spiffe://elsewhere.example", US)}),
    ],
)
def test_an_order_rests_on_what_these_parties_signed(
    found: Agreement, changes: dict[str, Any]
) -> None:
    with pytest.raises(RetentionBroken):
        verify_rule(replace(ORDER, **changes), found, 100 * OVER_MS)


@pytest.mark.parametrize(
    ("index", "event"),
    [
        (6, EVENT),
        (5, replace(EVENT, time_ms=NOW_MS + 1)),
        (5, replace(EVENT, code=EventCode.STANDING)),
        (5, replace(EVENT, code=EventCode.ERASED)),
        (5, replace(EVENT, agreement_id=b"a" * 16)),
        (5, replace(EVENT, party=NODES[US], counterpart="")),
        (5, replace(EVENT, counterpart=STRANGER)),
    ],
)
def test_an_order_covers_no_other_entry(index: int, event: Event) -> None:
    with pytest.raises(RetentionBroken):
        verify_covers(ORDER, index, event)


def test_only_the_exchange_signs_and_nobody_beside_it() -> None:
    verify_signers(ORDER, [AT_EXCHANGE], EXCHANGE)
    node = replace(ORDER, header=replace(ORDER.header, signer=NODES[US]))
    for order, signers in (
        (node, [US]),
        (ORDER, [US, MX]),
        (ORDER, [AT_EXCHANGE, US]),
    ):
        with pytest.raises(RetentionBroken):
            verify_signers(order, signers, EXCHANGE)
    by_all = replace(node, agreement_version=0, latest_ms=0, reason="court order")
    verify_signers(by_all, [US, MX], EXCHANGE)
    with pytest.raises(ErasureRefused):
        verify_signers(by_all, [AT_EXCHANGE], EXCHANGE)


def test_a_clock_that_is_behind_the_logs_cannot_tell() -> None:
    verify_time(NOW_MS + MAX_LOG_TIME_SKEW_MS, NOW_MS)
    with pytest.raises(RetentionUnknown):
        verify_time(NOW_MS + MAX_LOG_TIME_SKEW_MS + 1, NOW_MS)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "as agreed"},
        {"latest_ms": 0},
        {"agreement_version": 0, "reason": "court order"},
        {"agreement_version": 0, "latest_ms": 0},
        {"agreement_version": -1},
    ],
)
def test_an_order_is_of_one_kind_or_the_other(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(ORDER, **changes)


@pytest.mark.parametrize(
    "kept_ms",
    [-1, 1, 365 * DAY_MS - 1, MAX_LOG_RETENTION_MS + 1],
)
def test_the_log_keeps_for_as_long_as_recipients_may_or_for_ever(kept_ms: int) -> None:
    with pytest.raises(AgreementMalformed):
        replace(AGREEMENT, log_retention_ms=kept_ms)


def test_a_month_is_the_least() -> None:
    soon = replace(AGREEMENT, retention_ms=DAY_MS, log_retention_ms=30 * DAY_MS)
    with pytest.raises(AgreementMalformed):
        replace(soon, log_retention_ms=30 * DAY_MS - 1)


def test_what_says_nothing_of_it_is_written_as_before() -> None:
    assert parse_agreement(encode_agreement(AGREEMENT)) == AGREEMENT
    assert len(encode_agreement(FOR_EVER)) < len(encode_agreement(AGREEMENT))
    assert parse_erasure(encode_erasure(ORDER)) == ORDER
