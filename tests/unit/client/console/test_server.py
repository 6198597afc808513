"""Where the console listens: on loopback, or under TLS."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.cases import each_case
from support.simulation import Simulation
from tearline.errors import ConfigUnreadable, SettingInvalid
from tearline.persons.tokens import Role
from tearline_client.config import Settings, load_settings
from tearline_client.console.server import ConsolePlace, console_port, place_of
from tearline_runtime.http import TlsFiles
from unit.client.console.browsers import add_person


def settings(**given: str) -> Settings:
    return load_settings(given, {})


TLS = {"console_certificate": "c.pem", "console_key": "k.pem"}


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ({}, ["localhost:8470", "127.0.0.1:8470", "[::1]:8470"]),
        ({"console": "127.0.0.1:9000"}, ["localhost:9000", "127.0.0.1:9000", "[::1]:9000"]),
        ({"console": "[::1]:9000"}, ["localhost:9000", "127.0.0.1:9000", "[::1]:9000"]),
    ],
)
def test_on_loopback_it_needs_no_certificate(given: Mapping[str, str], origins: list[str]) -> None:
    place = place_of(settings(**given))
    assert place.origins == tuple(f"http://{origin}" for origin in origins)
    assert place.tls is None


@pytest.mark.parametrize(
    "address", ["0.0.0.0:8470", "[::]:8470", "192.0.2.7:8470", "console.agency.example:8470"]
)
def test_elsewhere_it_is_refused_without_a_certificate(address: str) -> None:
    for origin in ("", "https://console.agency.example"):
        with pytest.raises(SettingInvalid, match="console_certificate and console_key"):
            place_of(settings(console=address, console_origin=origin))


def test_elsewhere_it_has_the_origins_of_its_name() -> None:
    place = place_of(settings(console="192.0.2.7:8470", **TLS))
    assert place.origins == ("https://192.0.2.7:8470",)
    assert place.tls == TlsFiles(Path("c.pem"), Path("k.pem"))
    origin = "https://console.agency.example"
    place = place_of(settings(console="0.0.0.0:8470", console_origin=origin, **TLS))
    assert place.origins == (origin,)


@each_case(
    ("given", "origins"),
    [
        ({"console": "LocalHost:9000"}, ["http://localhost:9000", "http://127.0.0.1:9000"]),
        ({"console": "127.0.0.1:80"}, ["http://localhost", "http://127.0.0.1", "http://[::1]"]),
        (
            {"console": "Console.Agency.example:8470", **TLS},
            ["https://console.agency.example:8470"],
        ),
        ({"console": "console.agency.example:443", **TLS}, ["https://console.agency.example"]),
        ({"console": "[2001:DB8:0::7]:8470", **TLS}, ["https://[2001:db8::7]:8470"]),
        ({"console": "[2001:db8::7]:443", **TLS}, ["https://[2001:db8::7]"]),
        ({"console_origin": "https://a.example:443"}, ["https://a.example"]),
        ({"console_origin": "http://localhost:80"}, ["http://localhost"]),
        ({"console_origin": "https://a.example:8443"}, ["https://a.example:8443"]),
    ],
)
def test_it_has_its_origins_as_browsers_write_them(
    given: Mapping[str, str], origins: list[str]
) -> None:
    found = place_of(settings(**given)).origins
    assert [*found[: len(origins)]] == origins


def test_behind_a_proxy_it_has_the_origin_of_the_proxy() -> None:
    place = place_of(settings(console_origin="https://console.agency.example"))
    assert place.origins == ("https://console.agency.example",)


@each_case(
    ("given", "why"),
    [
        ({"console_certificate": "c.pem"}, "belong together"),
        ({"console_key": "k.pem"}, "belong together"),
        ({"console": "0.0.0.0:8470", **TLS}, "console_origin is required"),
        ({"console_origin": "http://console.agency.example"}, "http is for this machine alone"),
        ({"console_origin": "https://console.agency.example/"}, "expected a scheme and a host"),
        ({"console_origin": "https://Console.agency.example"}, "small letters"),
        ({"console_origin": "console.agency.example"}, "expected a scheme and a host"),
        ({"console_origin": "ftp://console.agency.example"}, "expected a scheme and a host"),
        ({"console_origin": "https://"}, "expected a scheme and a host"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(given: Mapping[str, str], why: str) -> None:
    with pytest.raises(SettingInvalid, match=why):
        place_of(settings(**given))


async def test_it_serves_under_its_certificate_by_tls_1_3_alone(
    world: Simulation, tmp_path: Path, unused_tcp_port: int
) -> None:
    add_person(world.mx, "liaison", Role.LIAISON)
    certificate, key = _certificate(tmp_path)
    place = ConsolePlace(
        address=f"127.0.0.1:{unused_tcp_port}",
        origins=("https://localhost",),
        tls=TlsFiles(certificate, key),
    )
    async with console_port(world.mx.node, place, print) as said:
        assert said == "Serving the console at https://localhost/."
        trust = ssl.create_default_context(cafile=certificate)
        head = b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        assert (await _asked(unused_tcp_port, trust, head)).startswith(b"HTTP/1.1 200 ")
        assert not await _asked(unused_tcp_port, None, head)  # plain HTTP is no TLS
        trust.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _asked(unused_tcp_port, trust, head)


async def _asked(port: int, trust: ssl.SSLContext | None, head: bytes) -> bytes:
    name = "localhost" if trust else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trust, server_hostname=name
    )
    try:
        writer.write(head)
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


@pytest.mark.parametrize("content", [None, b"", b"no PEM file"])
async def test_a_certificate_that_cannot_be_read_is_named(
    world: Simulation, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "console.pem"
    if content is not None:
        path.write_bytes(content)
    place = ConsolePlace(
        address="127.0.0.1:1", origins=("https://localhost",), tls=TlsFiles(path, path)
    )
    with pytest.raises(ConfigUnreadable, match=r"console\.pem"):
        async with console_port(world.mx.node, place, print):
            pass


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that is its own issuer, and its key."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private
