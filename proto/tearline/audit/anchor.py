"""Anchors: commitments to a node's own access log, stored blind in the exchange's log.

Access by an agency's people is the agency's own affair. Once a day its node signs a hash of its
access log's size and root under a random salt. The exchange logs it like any statement, and learns
no contents. A later change of the access log would require a change of the exchange's log, too.
Specified in docs/spec/access-v1.md.
"""

import hashlib

from tearline.dataclass.immutable import immutable
from tearline.encoding import label, u64
from tearline.errors import AccessLogChanged, StatementMalformed
from tearline.limits import MAX_LOG_SIZE
from tearline.statements.channel import MAX_SEQ
from tearline.statements.statement import HASH_SIZE, SALT_SIZE, Header


@immutable
class Anchor:
    """Node's signed commitment to the state of its access log.

    Attributes:
        header: The node.
        number: From 1, without gaps.
        commitment: 32 bytes; see ``AnchoredTree``.
    """

    header: Header
    number: int
    commitment: bytes

    def __post_init__(self) -> None:
        if not 0 < self.number <= MAX_SEQ or len(self.commitment) != HASH_SIZE:
            raise StatementMalformed("an anchor has a number and a commitment of 32 bytes")


@immutable
class AnchoredTree:
    """Preimage of an anchor's commitment: known to the node, and to recipients of its choice.

    Attributes:
        salt: 32 random bytes.
        size: Entries in the access log.
        root: 32 bytes, the root over them.
    """

    salt: bytes
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_SIZE or len(self.root) != HASH_SIZE:
            raise StatementMalformed("a part of the anchored tree has the wrong size")
        if not 0 < self.size <= MAX_LOG_SIZE:
            raise StatementMalformed("an anchored tree has entries")

    def commitment(self) -> bytes:
        """Returns 32 bytes that bind the tree and reveal no part of it."""
        message = label("anchor") + self.salt + u64(self.size) + self.root
        return hashlib.sha256(message).digest()


def verify_anchored(anchor: Anchor, tree: AnchoredTree) -> None:
    """Checks that ``anchor`` commits to ``tree`` (spec AC-2).

    Raises:
        AccessLogChanged: If it does not.
    """
    if tree.commitment() != anchor.commitment:
        raise AccessLogChanged(f"anchor {anchor.number} does not commit to the given tree")
