"""The port of the TAXII server: on loopback, or elsewhere under TLS alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tearline.dataclass.immutable import immutable
from tearline_client.config import Settings
from tearline_client.node import Node
from tearline_client.taxii.app import taxii_application
from tearline_runtime.http import TlsFiles, listening, tls_of_port


@immutable
class TaxiiPlace:
    """Address of the TAXII server, by its settings.

    Attributes:
        address: host:port to listen on.
        tls: Files of its TLS certificate, or None.
    """

    address: str
    tls: TlsFiles | None


def place_of(settings: Settings) -> TaxiiPlace | None:
    """Returns the place of the TAXII server, or None if the settings name none.

    Raises:
        SettingInvalid: If it would be reached from other machines without TLS.
    """
    if not settings.taxii:
        return None
    tls = tls_of_port(
        "taxii",
        settings.taxii,
        settings.origins["taxii"],
        settings.taxii_certificate,
        settings.taxii_key,
    )
    return TaxiiPlace(address=settings.taxii, tls=tls)


@asynccontextmanager
async def taxii_port(
    node: Node, place: TaxiiPlace, report: Callable[[str], None]
) -> AsyncIterator[str]:
    """Serves TAXII in this event loop, and drains it at the end.

    Args:
        node: The node.
        place: Its address.
        report: Called with each fault, without contents.

    Yields:
        A sentence with the port.

    Raises:
        SettingInvalid: If the server cannot listen on the address.
        ConfigUnreadable: If the certificate or its key cannot be read.
    """
    application = taxii_application(node, report=report)
    async with listening(place.address, application, tls=place.tls) as port:
        yield f"Serving TAXII on port {port}."


def taxii_ports(
    node: Node, settings: Settings, report: Callable[[str], None]
) -> tuple[AbstractAsyncContextManager[str], ...]:
    """Returns the port of the TAXII server, not open yet; none if the settings name none.

    Raises:
        SettingInvalid: As ``place_of``.
    """
    place = place_of(settings)
    return () if place is None else (taxii_port(node, place, report),)
