"""Agreements: whether one covers a packet here and now."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    PINS,
    US,
    article,
    federation,
    node_of,
    packet,
    us_mx,
)
from support.cases import each_case
from tearline.agreements.agreement import (
    DEFAULT_REPLY_TIMES,
    HOUR_MS,
    Agreement,
    reference,
    verify_direction,
    verify_packet,
    verify_parties_signed,
    verify_pins,
)
from tearline.errors import AgreementMalformed, AgreementNotInForce, PinUnknown
from tearline.packets.packet import Urgency
from tearline.policy.form import Form
from tearline.policy.terms import Direction, Share, Terms

ARTICLE = article(
    id="money-laundering",
    purposes=("investigation",),
    kinds=("lead",),
    crime_areas=("money-laundering",),
    directions=(Direction(sender=US, recipient=MX),),
    shares=(Share(partner=MX, category="identity", form=Form.CLEAR),),
)
AGREEMENT = us_mx(federation().node(US).header, ARTICLE, valid_until_ms=NOW_MS + DAY_MS)
MANIFEST = packet(federation().node(US).header).manifest


def test_an_agreement_covers_its_packets() -> None:
    assert verify_packet(MANIFEST, AGREEMENT, now_ms=NOW_MS) == ARTICLE


def test_a_reference_names_id_version_and_article() -> None:
    assert reference(AGREEMENT, "money-laundering") == MANIFEST.agreement


@pytest.mark.parametrize("now_ms", [NOW_MS - DAY_MS - 1, NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS])
def test_an_agreement_whose_time_has_not_come_or_has_passed_covers_nothing(now_ms: int) -> None:
    with pytest.raises(AgreementNotInForce):
        verify_packet(MANIFEST, AGREEMENT, now_ms=now_ms)


@pytest.mark.parametrize("now_ms", [NOW_MS - DAY_MS, NOW_MS + DAY_MS - 1])
def test_it_is_in_force_from_its_first_millisecond_to_its_last(now_ms: int) -> None:
    AGREEMENT.verify_in_force(now_ms)


@pytest.mark.parametrize(
    "changed",
    [
        replace(AGREEMENT, version=2),
        replace(AGREEMENT, id=bytes(16)),
        replace(
            AGREEMENT,
            terms=Terms(parties=(MX, US), articles=(replace(ARTICLE, id="other"),)),
        ),
        replace(
            AGREEMENT,
            terms=Terms(parties=(MX, US), articles=(replace(ARTICLE, kinds=("feedback",)),)),
        ),
        replace(
            AGREEMENT,
            terms=Terms(parties=(CN, MX), articles=(replace(ARTICLE, directions=(), shares=()),)),
        ),
    ],
    ids=["version", "id", "article", "kind", "originator"],
)
def test_an_agreement_covers_no_other_packet(changed: Agreement) -> None:
    with pytest.raises(AgreementNotInForce):
        verify_packet(MANIFEST, changed, now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("policy", "policy set"),
        ("schema", "policy schema"),
        ("profile", "marking profile"),
        ("masks", "masks"),
    ],
)
def test_an_unknown_digest_is_refused_by_name(part: str, name: str) -> None:
    digest: dict[str, Any] = {part: bytes(32)}
    with pytest.raises(PinUnknown, match=name):
        verify_pins(AGREEMENT, replace(PINS, **digest))


def test_every_party_signs() -> None:
    verify_parties_signed(AGREEMENT, frozenset({MX, US, CN}))
    for signers in ({US}, {MX, CN}, set()):
        with pytest.raises(AgreementNotInForce):
            verify_parties_signed(AGREEMENT, frozenset(signers))


def test_a_direction_is_one_way() -> None:
    verify_direction(ARTICLE, sender=US, recipient=MX)
    for sender, recipient in ((MX, US), (US, CN), (US, US), (node_of(US), node_of(MX))):
        with pytest.raises(AgreementNotInForce):
            verify_direction(ARTICLE, sender=sender, recipient=recipient)


def test_reply_times_follow_the_directive() -> None:
    assert DEFAULT_REPLY_TIMES[Urgency.EMERGENCY] == 8 * HOUR_MS
    assert DEFAULT_REPLY_TIMES[Urgency.URGENT] == 72 * HOUR_MS
    assert DEFAULT_REPLY_TIMES[Urgency.ROUTINE] == 168 * HOUR_MS


@each_case(
    "changes",
    [
        {"id": bytes(15)},
        {"version": 0},
        {"name": ""},
        {"name": "n" * 65},
        {"onward_use": "o" * 4097},
        {"valid_until_ms": NOW_MS - DAY_MS},
        {"reply_times": {}},
        {"reply_times": {**DEFAULT_REPLY_TIMES, Urgency.URGENT: 0}},
        {"reply_times": {**DEFAULT_REPLY_TIMES, Urgency.URGENT: (1 << 64) - 1}},
        {"authorisation_ms": (1 << 64) - 1},
        {"oversight": (US, MX)},
        {"oversight": (US, US)},
        {"retention_ms": 0},
        {"log_retention_ms": 364 * DAY_MS},
    ],
)
def test_an_agreement_that_contradicts_itself_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(AgreementMalformed):
        replace(AGREEMENT, **changes)
