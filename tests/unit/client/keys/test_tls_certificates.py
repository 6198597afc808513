"""TLS certificates that the node renews by itself."""

from pathlib import Path

import pytest

from tearline.crypto.certificates import certified_key_id, end_s
from tearline.errors import KeystoreEntryMissing
from tearline_client.enrolment import Passphrases, fetch_authority, found_agency
from tearline_client.keys.home import TLS_PREFIX, Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.tls_certificates import (
    CA_CERTIFICATE,
    CA_KEY,
    is_certificate_due,
    issue_certificate,
    renew_certificate,
)

IDENTITY = Identity(agency="us-justice", domain="justice.us.example", node="liaison")
NODE, ROOT = b"the node's own", b"the root's own"
DAY_MS = 24 * 3_600_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(
        "tearline_client.keys.keystore.stretch", lambda passphrase, salt: passphrase[:1] * 32
    )
    made = Home(tmp_path / "home")
    found_agency(made, IDENTITY, Passphrases(node=NODE, root=ROOT))
    return made


@pytest.fixture
def keystore(home: Home) -> Keystore:
    return Keystore.open(home.keys, NODE)


def begun_ms(home: Home) -> int:
    """When the certificate was issued, nearly."""
    return end_s(home.tls_certificate()) * 1000 - 7 * DAY_MS


def tls_entries(keystore: Keystore) -> set[str]:
    return {name for name in keystore.names() if name.startswith(TLS_PREFIX)}


def test_a_certificate_is_renewed_when_half_of_it_is_over(home: Home, keystore: Keystore) -> None:
    first, start_ms = home.tls_identity(keystore), begun_ms(home)
    assert not renew_certificate(home, keystore, now_ms=start_ms + 3 * DAY_MS)
    assert renew_certificate(home, keystore, now_ms=start_ms + 4 * DAY_MS)
    second = home.tls_identity(keystore)
    assert second.key.id != first.key.id
    assert certified_key_id(second.certificate) == second.key.id
    assert end_s(second.certificate) - end_s(first.certificate) > 3 * DAY_MS // 1000


@pytest.mark.parametrize("days", [-1, 8])
def test_a_certificate_that_does_not_count_now_is_due(home: Home, days: int) -> None:
    assert is_certificate_due(home, now_ms=begun_ms(home) + days * DAY_MS)


def test_a_certificate_that_is_missing_is_issued(home: Home, keystore: Keystore) -> None:
    now_ms = begun_ms(home) + DAY_MS
    home.certificate.unlink()
    assert renew_certificate(home, keystore, now_ms=now_ms)
    assert home.tls_identity(keystore).key


def test_the_key_before_stays_and_older_ones_do_not(home: Home, keystore: Keystore) -> None:
    now_ms, seen = begun_ms(home) + DAY_MS, [tls_entries(keystore)]
    for _ in range(3):
        issue_certificate(home, keystore, IDENTITY, now_ms=now_ms)
        seen.append(tls_entries(keystore))
    assert [len(entries) for entries in seen] == [1, 2, 2, 2]
    assert not seen[0] & seen[2]


def test_without_the_ca_s_key_nothing_is_renewed(home: Home, keystore: Keystore) -> None:
    now_ms = begun_ms(home) + 4 * DAY_MS
    keystore.delete(CA_KEY)
    assert not renew_certificate(home, keystore, now_ms=now_ms)
    with pytest.raises(KeystoreEntryMissing):
        issue_certificate(home, keystore, IDENTITY, now_ms=now_ms)
    fetch_authority(home, ROOT, keystore)
    assert keystore.get(CA_CERTIFICATE)
    assert renew_certificate(home, keystore, now_ms=now_ms)
