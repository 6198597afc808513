"""The port of the console: on loopback, or elsewhere under TLS alone."""

import ipaddress
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tearline.dataclass.immutable import immutable
from tearline.errors import SettingInvalid
from tearline_client.config import Settings
from tearline_client.console.app import console_application
from tearline_client.console.document_fetches import DocumentFetches
from tearline_client.console.guard import Origins
from tearline_client.console.provider import Provider
from tearline_client.console.task_streams import TaskStreams
from tearline_client.node import Node
from tearline_runtime.http import TlsFiles, is_loopback, listening, tls_of_port


@immutable
class ConsolePlace:
    """Address and origins of the console, by its settings.

    Attributes:
        address: host:port to listen on.
        origins: Origins under which browsers reach it.
        tls: Files of its TLS certificate, or None.
    """

    address: str
    origins: tuple[str, ...]
    tls: TlsFiles | None


def place_of(settings: Settings) -> ConsolePlace:
    """Returns the place of the console.

    Raises:
        SettingInvalid: If it would be reached from other machines without TLS, or by no known name.
    """
    host, _, port = settings.console.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").lower()
    tls = tls_of_port(
        "console",
        settings.console,
        settings.origins["console"],
        settings.console_certificate,
        settings.console_key,
    )
    is_here = is_loopback(host)
    scheme = "http" if tls is None else "https"
    if settings.console_origin:
        return ConsolePlace(
            address=settings.console,
            origins=(_origin(settings.console_origin, is_here=is_here),),
            tls=tls,
        )
    if not is_here and _is_every_address(host):
        raise SettingInvalid(
            f"console ({settings.origins['console']}): {settings.console} stands for every address,"
            " so console_origin is required, for example https://console.agency.example"
        )
    names = ("localhost", "127.0.0.1", "[::1]") if is_here else (_written(host),)
    origins = tuple(_without_default_port(f"{scheme}://{name}:{port}") for name in names)
    return ConsolePlace(address=settings.console, origins=origins, tls=tls)


def _written(host: str) -> str:
    """Returns a host in small letters as browsers write it: an IPv6 address in brackets."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[{address}]" if address.version == 6 else str(address)


def _without_default_port(origin: str) -> str:
    """Returns an origin as browsers write it: they leave out the port that its scheme implies."""
    return origin.removesuffix(":80" if origin.startswith("http:") else ":443")


def _is_every_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _origin(text: str, *, is_here: bool) -> str:
    """Returns an origin of the settings, as browsers write it."""
    parts = urlsplit(text)
    is_origin = parts.scheme in ("http", "https") and text == f"{parts.scheme}://{parts.netloc}"
    if not is_origin or not parts.hostname or text != text.lower():
        raise SettingInvalid(
            "console_origin: expected a scheme and a host in small letters, for example"
            " https://console.agency.example"
        )
    if parts.scheme == "http" and not (is_here and is_loopback(parts.hostname)):
        raise SettingInvalid("console_origin: http is for this machine alone; use https")
    return _without_default_port(text)


@asynccontextmanager
async def console_port(
    node: Node,
    place: ConsolePlace,
    report: Callable[[str], None],
    provider: Provider | None = None,
) -> AsyncIterator[str]:
    """Serves the console in this event loop, and drains it at the end.

    Args:
        node: The node.
        place: Address and origins.
        report: Called with each fault of a page, without contents.
        provider: The agency's identity provider, or None.

    Yields:
        A sentence with the address of the first page.

    Raises:
        SettingInvalid: If the server cannot listen on the address.
        ConfigUnreadable: If the certificate or its key cannot be read.
    """
    origins, streams = Origins.of(place.origins), TaskStreams()
    fetches = DocumentFetches(lambda: int(time.time()))
    application = console_application(
        node, origins, report=report, provider=provider, streams=streams, fetches=fetches
    )
    async with listening(place.address, application, tls=place.tls):
        try:
            yield f"Serving the console at {place.origins[0]}/."
        finally:
            fetches.end_all()
            streams.end_all()  # an answer without an end would not be drained
