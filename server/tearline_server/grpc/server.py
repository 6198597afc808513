"""gRPC server: one port, mutual TLS, raw bytes."""

from collections.abc import Callable, Iterable

import grpc.aio

from tearline.errors import SettingInvalid
from tearline.limits import MAX_CALLS
from tearline_runtime.grpc.credentials import ServerTls, server_credentials, server_options
from tearline_server.grpc.interceptor import Handlers


def make_server(
    listen: str,
    current_tls: Callable[[], ServerTls],
    handlers: Iterable[Handlers],
    begin: Callable[[], None],
) -> tuple[grpc.aio.Server, int]:
    """Returns a server that is not started yet, and its port.

    Args:
        listen: host:port; port 0 picks a free one.
        current_tls: Returns the TLS identity and CAs; called before every handshake.
        handlers: The services.
        begin: Called at the start of every connection, from a thread of gRPC's.

    Raises:
        SettingInvalid: If the address cannot be bound.
    """
    server = grpc.aio.server(options=server_options(), maximum_concurrent_rpcs=MAX_CALLS)
    server.add_generic_rpc_handlers(tuple(handlers))
    try:
        port = server.add_secure_port(listen, server_credentials(current_tls, begin))
    except RuntimeError:
        port = 0
    if not port:
        raise SettingInvalid(
            f"listen: cannot listen on {listen}; it may be in use, or not permitted to this user"
        )
    return server, port
