"""The methods and namespaces of ``Node`` for ``SyncNode``; types stand in the generated stub."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.node import Node
from tearline_client.sync.forward import Forwarded, forwarded, forwarded_class, public_members
from tearline_client.sync.loop import Loop


class SyncMethods(Forwarded):
    """Forwards the methods of a node and of its namespaces.

    Args:
        node: The node.
        loop: Its loop.
    """

    def __init__(self, node: Node, loop: Loop) -> None:
        super().__init__(node, loop)
        for name, part in vars(node).items():
            if name.startswith("_"):
                continue
            is_plain = isinstance(part, Home | Keystore)
            setattr(self, name, part if is_plain else forwarded_class(type(part))(part, loop))

    @cached_property
    def feeds(self) -> Any:
        """Collections for service accounts; see ``FeedService``."""
        return self._namespace(lambda node: node.feeds)

    @cached_property
    def forms(self) -> Any:
        """Forms that persons fill in; see ``FormService``."""
        return self._namespace(lambda node: node.forms)

    def _namespace(self, of: Callable[[Node], Any]) -> Any:
        """Returns a namespace that its first use makes."""
        part = self._call(of)
        return forwarded_class(type(part))(part, self._loop)


for _name, _member in public_members(Node).items():
    setattr(SyncMethods, _name, forwarded(_member))
