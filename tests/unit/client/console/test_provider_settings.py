"""The settings of the identity provider: complete, protected, and refused otherwise."""

from pathlib import Path

import pytest

from support.cases import each_case
from tearline.errors import ConfigUnreadable, FileExposed, SettingInvalid, TearlineError
from tearline_client.config import load_settings
from tearline_client.console.provider import Provider, provider_of

WHOLE = {
    "oidc_issuer": "https://id.agency.example/realms/police",
    "oidc_client": "tearline",
    "oidc_roles": "liaison-group=liaison",
}


def provider(**given: str) -> Provider | None:
    return provider_of(load_settings({**WHOLE, **given}, {}))


def test_without_an_issuer_there_is_none() -> None:
    assert provider_of(load_settings({}, {})) is None


def test_a_provider_is_named_by_its_host() -> None:
    found = provider()
    assert found is not None
    assert (found.issuer, found.host) == (WHOLE["oidc_issuer"], "id.agency.example")
    assert provider(oidc_issuer="http://localhost:8080") is not None


@each_case(
    "given",
    [
        {"oidc_client": ""},
        {"oidc_roles": ""},
        {"oidc_roles": "liaison-group=chief"},
        {"oidc_algorithm": "HS256"},
        {"oidc_algorithm": "none"},
        {"oidc_issuer": "http://id.agency.example"},
        {"oidc_issuer": "id.agency.example"},
        {"oidc_issuer": "https://ana@id.agency.example"},
        {"oidc_issuer": "https://id.agency.example/?realm=police"},
        {"oidc_issuer": "https://id.agency.example:99999"},
        {"oidc_issuer": "https://[id.agency.example"},
    ],
)
def test_an_incomplete_or_unprotected_provider_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid, match="oidc_"):
        provider(**given)


@pytest.mark.parametrize(
    ("content", "mode", "error"),
    [
        (b"a secret\n", 0o644, FileExposed),
        (b"", 0o600, ConfigUnreadable),
        (b"\n", 0o600, ConfigUnreadable),
        ("clave ñ\n".encode(), 0o600, ConfigUnreadable),
        (b"x" * 5000, 0o600, ConfigUnreadable),
    ],
)
def test_a_secret_is_for_its_owner_alone(
    tmp_path: Path, content: bytes, mode: int, error: type[TearlineError]
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(error):
        provider(oidc_secret_file=str(path))
    path.chmod(0o600)
    path.write_bytes(b" a secret \nof the console")
    assert provider(oidc_secret_file=str(path)) is not None


def test_a_file_of_certificates_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    for place in (path, tmp_path / "absent.pem"):
        with pytest.raises(ConfigUnreadable):
            provider(oidc_ca=str(place))
