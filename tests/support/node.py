"""What tests see inside a node, beyond what its users can do."""

from tearline_client import Node
from tearline_client.context import NodeContext, Stores


def context_of(node: Node) -> NodeContext:
    """Returns what the node works with: its keys, its log and its stores."""
    return node._context


def stores_of(node: Node) -> Stores:
    """Returns the stores of the node's database."""
    return context_of(node).stores
