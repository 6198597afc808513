"""What tests see inside a node, beyond what its users can do."""

from collections.abc import Sequence

from tearline_client import Node
from tearline_client.context import NodeContext
from tearline_client.messages.compose import Composition, GrantContext, grant_plans, seal_plans
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.stores import Stores


def context_of(node: Node) -> NodeContext:
    """Returns what the node works with: its keys, its log and its stores."""
    return node._context


def stores_of(node: Node) -> Stores:
    """Returns the stores of the node's database."""
    return context_of(node).stores


def sealed_and_granted(plans: Sequence[ReleasePlan], releaser: GrantContext) -> Composition:
    """Seals, grants and signs packets as planned, past every rule of the node."""
    return grant_plans(plans, seal_plans(plans, releaser.signer.header), releaser)
