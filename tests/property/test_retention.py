"""Retention, whatever the time and the terms: nothing goes early, and what is over stays so."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from support.agencies import AGREEMENT_ID, EXCHANGE, MX, US, federation
from support.exchange import agreement as agreed
from tearline.audit.erasure import RETAINED, Erasure, agencies_concerned, verify_covers
from tearline.audit.event import Event, EventCode
from tearline.audit.retention import is_due, verify_rule
from tearline.errors import LogError
from tearline.limits import MAX_LOG_RETENTION_MS, MIN_LOG_RETENTION_MS
from tearline.statements.statement import Header

STRANGER = "spiffe://elsewhere.example/node/liaison"
TERMS = agreed(federation().node(US).header)
NAMED = [*(federation().node(agency).header.signer for agency in (US, MX)), EXCHANGE, STRANGER]
times = st.integers(1, 1 << 45)
kept = st.integers(MIN_LOG_RETENTION_MS, MAX_LOG_RETENTION_MS)
ids = st.sampled_from([AGREEMENT_ID, b"", b"a" * 16])


@st.composite
def events(draw: st.DrawFn) -> Event:
    return Event(
        statement_id=bytes(32),
        code=draw(st.sampled_from(EventCode)),
        party=draw(st.sampled_from(NAMED)),
        time_ms=draw(times),
        actor=draw(st.sampled_from(NAMED)),
        counterpart=draw(st.sampled_from([*NAMED, ""])),
        agreement_id=draw(ids),
    )


@given(event=events(), kept_ms=st.just(0) | kept, now_ms=times, later_ms=times)
def test_what_is_over_stays_over_and_was_never_what_stays(
    event: Event, kept_ms: int, now_ms: int, later_ms: int
) -> None:
    agreement = replace(TERMS, retention_ms=1, log_retention_ms=kept_ms, valid_from_ms=1)
    if not is_due(event, agreement, EXCHANGE, now_ms):
        return
    assert is_due(event, agreement, EXCHANGE, now_ms + later_ms)
    assert kept_ms
    assert now_ms - event.time_ms >= kept_ms
    assert event.code in RETAINED
    assert event.agreement_id == agreement.id
    assert STRANGER not in (event.party, event.actor, event.counterpart)


@given(event=events(), kept_ms=st.just(0) | kept, now_ms=times, said_ms=times)
def test_an_order_holds_for_what_is_over_and_for_nothing_else(
    event: Event, kept_ms: int, now_ms: int, said_ms: int
) -> None:
    """Whatever an order says: a node that has the opening lets go of nothing too early."""
    agreement = replace(TERMS, retention_ms=1, log_retention_ms=kept_ms, valid_from_ms=1)
    parties = agencies_concerned(event, EXCHANGE)
    assume(parties)
    order = Erasure(
        header=Header(federation=bytes(32), signer=EXCHANGE, key_id=bytes(32)),
        agreement_id=agreement.id,
        indices=(5,),
        parties=parties,
        reason="",
        agreement_version=agreement.version,
        latest_ms=said_ms,
    )
    try:
        verify_rule(order, agreement, now_ms)
        verify_covers(order, 5, event)
    except LogError:
        # An honest order, which says when it was, is refused for nothing that is over.
        honest = replace(order, latest_ms=event.time_ms)
        if is_due(event, agreement, EXCHANGE, now_ms):
            verify_rule(honest, agreement, now_ms)
            verify_covers(honest, 5, event)
    else:
        assert is_due(event, agreement, EXCHANGE, now_ms)
