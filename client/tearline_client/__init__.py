"""The agency's software: its node, keys, command line and SDK.

Programs use ``Node``, or ``SyncNode`` without asyncio, with their parameter and result types:

    from tearline_client import About, Node

In their examples, ``node`` is an open ``SyncNode``, ``passphrase`` opens its keystore, and
``group`` and ``about`` are a ``Group`` and an ``About`` to send.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Before any import of gRPC, which reads its cipher suites only once.
import tearline_runtime.grpc as _rpc

if TYPE_CHECKING:
    from tearline_client.messages.packet_view import PacketView
    from tearline_client.messages.sent import Sent
    from tearline_client.node import Node
    from tearline_client.planning.drafts import About
    from tearline_client.planning.entities import Entity, Group, connected_groups
    from tearline_client.planning.release_plan import Cell, Draft, ReleasePlan
    from tearline_client.status import NodeStatus
    from tearline_client.sync.node import SyncNode

__all__ = [
    "About",
    "Cell",
    "Draft",
    "Entity",
    "Group",
    "Node",
    "NodeStatus",
    "PacketView",
    "ReleasePlan",
    "Sent",
    "SyncNode",
    "connected_groups",
]

_PLACES = {
    "About": "planning.drafts",
    "Cell": "planning.release_plan",
    "Draft": "planning.release_plan",
    "Entity": "planning.entities",
    "Group": "planning.entities",
    "Node": "node",
    "NodeStatus": "status",
    "PacketView": "messages.packet_view",
    "ReleasePlan": "planning.release_plan",
    "Sent": "messages.sent",
    "SyncNode": "sync.node",
    "connected_groups": "planning.entities",
}

del _rpc


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: showing help must not load everything."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
