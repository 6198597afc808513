"""The exchange's TLS identity: which CAs of members it accepts, and how it reports the others."""

import dataclasses
import logging
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from support.agencies import CN, EXCHANGE, MX, NOW_MS, US, agency, authority, exchange_identity
from support.mutated_authorities import HOSTILE, named, squatting
from tearline.errors import AuthoritiesRefused
from tearline.federation.members import Agency
from tearline.federation.membership import Membership
from tearline_server.config import config_of
from tearline_server.grpc import front as front_module
from tearline_server.grpc.front import Front
from tearline_server.keys import generate_keys
from tearline_server.observability.metrics import Metrics

HONEST = [agency(uri) for uri in (US, MX, CN)]
SKIPPED = "authority of an agency is skipped: its nodes cannot connect by it"


def hostile(*certificates: bytes) -> Agency:
    return dataclasses.replace(
        HONEST[0], name="hostile", uri=str(HOSTILE), certificate_authorities=certificates
    )


class Members:
    """Members that a test changes."""

    def __init__(self, *agencies: Agency) -> None:
        self.agencies: Iterable[Agency] = agencies

    def __call__(self) -> Membership:
        constitution = SimpleNamespace(constitution=SimpleNamespace(exchange=exchange_identity()))
        now = SimpleNamespace(agencies=self.agencies)
        return cast(Membership, SimpleNamespace(now=now, constitutions=[constitution]))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "now_ms", lambda: NOW_MS)


def opened(tmp_path: Path, members: Members, metrics: Metrics) -> Front:
    values = {"name": "exchange.example", "dns": "exchange.test", "address": "127.0.0.1:8443"}
    keys = dataclasses.replace(
        generate_keys(trust_domain="exchange.example", origin="exchange.example/log", now_s=0),
        authority=authority(EXCHANGE),
    )
    return Front(config_of(tmp_path, values), keys, members, metrics)


def skipped_count(metrics: Metrics) -> float | None:
    return metrics._registry.get_sample_value("tearline_authorities_skipped")


def test_a_ca_outside_the_profile_is_skipped_and_reported_once(
    tmp_path: Path, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    members = Members(hostile(named(5), squatting("us-justice.example")), *HONEST)
    front = opened(tmp_path, members, metrics)
    assert front.tls.authorities == tuple(authority(each.uri).certificate for each in HONEST)
    front.follow()
    lines = [each for each in caplog.records if each.message == SKIPPED]
    assert [vars(each)["agency"] for each in lines] == [str(HOSTILE)] * 2
    assert {each.levelno for each in lines} == {logging.ERROR}
    assert {uri for uri, _ in front.skipped} == {str(HOSTILE)}
    assert skipped_count(metrics) == 2
    members.agencies = HONEST
    front.follow()
    assert (skipped_count(metrics), front.skipped) == (0, [])


def test_a_ca_of_another_agency_does_not_count(tmp_path: Path, metrics: Metrics) -> None:
    members = Members(hostile(authority(US).certificate), *HONEST[1:])
    front = opened(tmp_path, members, metrics)
    assert authority(US).certificate not in front.tls.authorities
    assert [why for _, why in front.skipped] == ["the CA names another trust domain"]


def test_a_ca_that_the_tls_library_cannot_read_is_skipped(
    tmp_path: Path, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile lets none pass; another release of the library might read less."""
    monkeypatch.setattr(front_module, "verify_authority", lambda der, agency: None)
    front = opened(tmp_path, Members(hostile(named(5)), *HONEST), metrics)
    assert front.skipped == [(str(HOSTILE), "the TLS library cannot read it")]
    assert len(front.tls.authorities) == len(HONEST)


def test_a_federation_without_any_ca_is_named_at_the_start_and_survived_later(
    tmp_path: Path, metrics: Metrics
) -> None:
    with pytest.raises(AuthoritiesRefused, match=f"{HOSTILE}: the CA is not of the profile"):
        opened(tmp_path, Members(hostile(named(5))), metrics)
    members = Members(*HONEST)
    front = opened(tmp_path, members, metrics)
    before = front.tls.authorities
    members.agencies = [hostile(named(5))]
    front.follow()
    assert front.tls.authorities == before
