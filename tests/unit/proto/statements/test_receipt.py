"""Receipts: who may say what, and that a status only moves forward."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from support.agencies import AGREEMENT_ID, EXCHANGE, NOW_MS, US, federation, node_of, signer
from support.cases import each_case
from tearline.errors import (
    CommitmentMismatch,
    ReleaseRefused,
    StatementMalformed,
    StatusBackwards,
    concrete_errors,
    signed_code,
)
from tearline.limits import MAX_LOG_SIZE
from tearline.statements.channel import Address
from tearline.statements.receipt import MAX_EVENT_BYTES, LogOpening, Receipt, Status, verify_forward

ENTRY = LogOpening(index=0, salt=bytes(32), event=b"event")
PLACE = Address(recipient=node_of(US), agreement_id=AGREEMENT_ID, seq=1)
NODE = federation().node(US)
ACCEPTED = Receipt(
    header=signer(EXCHANGE, NODE.header.federation).header,
    address=None,
    about=bytes(32),
    status=Status.ACCEPTED,
    code="",
    entry=ENTRY,
    acted_by=None,
    time_ms=NOW_MS,
)
STORED = replace(ACCEPTED, header=NODE.header, address=PLACE, entry=None, status=Status.STORED)
WAY = [Status.ACCEPTED, Status.STORED, Status.OPENED, Status.SEEN, Status.ERASED]


def test_a_status_goes_its_way() -> None:
    verify_forward(None, Status.ACCEPTED)
    for before, after in pairwise(WAY):
        verify_forward(before, after)


def test_a_status_may_be_said_again() -> None:
    for status in Status:
        verify_forward(status, status)


@each_case(
    ("before", "after"),
    [(WAY[late], WAY[early]) for late in range(5) for early in range(late)],
)
def test_a_status_does_not_go_back(before: Status, after: Status) -> None:
    with pytest.raises(StatusBackwards):
        verify_forward(before, after)


@pytest.mark.parametrize("before", WAY)
def test_what_was_accepted_is_not_refused_later(before: Status) -> None:
    with pytest.raises(StatusBackwards):
        verify_forward(before, Status.REFUSED)


@pytest.mark.parametrize("after", WAY)
def test_what_was_refused_stays_so(after: Status) -> None:
    with pytest.raises(StatusBackwards):
        verify_forward(Status.REFUSED, after)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"about": bytes(31)}, id="about no statement"),
        pytest.param({"code": "refused/TL-POL-009"}, id="a code without a refusal"),
        *(
            pytest.param({"status": Status.REFUSED, "code": code}, id=f"the code {code}")
            for code in ("TL-POL-009", "later/TL-POL-009", "refused/", "refused/tl", "refused/a b")
        ),
        pytest.param({"status": Status.REFUSED}, id="a refusal without a code"),
        pytest.param({"entry": None}, id="neither place nor entry"),
        pytest.param({"address": PLACE}, id="place and entry"),
        pytest.param({"header": NODE.header}, id="a node signs in the exchange's place"),
        pytest.param({"status": Status.STORED}, id="the exchange stores for a node"),
        pytest.param({"address": PLACE, "entry": None}, id="a node accepts for the exchange"),
        pytest.param(
            {
                "address": PLACE,
                "entry": None,
                "status": Status.REFUSED,
                "code": "refused/TL-POL-009",
            },
            id="a node refuses for the exchange",
        ),
    ],
)
def test_each_status_is_for_one_side_to_say(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(ACCEPTED, **changes)


def test_neither_exchange_nor_root_receives() -> None:
    for uri in (EXCHANGE, US):
        with pytest.raises(StatementMalformed):
            replace(STORED, header=signer(uri, NODE.header.federation).header)


def test_the_recipient_says_the_rest() -> None:
    for status in WAY[1:]:
        assert replace(STORED, status=status).entry is None


@pytest.mark.parametrize(
    "changes",
    [
        {"index": -1},
        {"index": MAX_LOG_SIZE},
        {"salt": bytes(31)},
        {"event": b""},
        {"event": bytes(MAX_EVENT_BYTES + 1)},
    ],
    ids=lambda changes: str(changes)[:24],
)
def test_an_impossible_opening_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(ENTRY, **changes)


def test_a_signed_code_begins_with_its_class() -> None:
    states = {error.code: signed_code(error.code) for error in concrete_errors()}
    assert states[ReleaseRefused.code] == "refused/TL-POL-009"
    assert states[CommitmentMismatch.code] == "not-authentic/TL-PKT-006"
    assert signed_code("TL-XYZ-999") == "refused/TL-XYZ-999"
    for code in states.values():
        replace(ACCEPTED, status=Status.REFUSED, code=code)
