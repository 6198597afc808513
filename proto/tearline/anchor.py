"""Anchors: a node's own access log, held fast by the exchange's log, which learns nothing of it.

What an agency's people read is the agency's own affair. Once a day its node signs a hash of its
access log's size and root under a random salt. The exchange logs that as it logs any statement,
blind; whoever rewrites the access log later would have to rewrite the exchange's log as well.
Specified in docs/spec/access-v1.md.
"""

import hashlib
from dataclasses import dataclass

from tearline.channel import MAX_SEQ
from tearline.encoding import label, u64
from tearline.errors import AccessLogChanged, StatementMalformed
from tearline.limits import MAX_LOG_SIZE
from tearline.statement import HASH_SIZE, SALT_SIZE, Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A node's word that its access log stood somewhere.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredTree:
    """What an anchor commits to: known to the node, and to whom it shows it.

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
        """32 bytes that bind the tree and tell nothing of it."""
        message = label("anchor") + self.salt + u64(self.size) + self.root
        return hashlib.sha256(message).digest()


def verify_anchored(anchor: Anchor, tree: AnchoredTree) -> None:
    """Checks that ``anchor`` was made of ``tree`` (spec C-5).

    Raises:
        AccessLogChanged: If it was not.
    """
    if tree.commitment() != anchor.commitment:
        raise AccessLogChanged(
            f"anchor {anchor.number} is not of the tree that is said to be under it"
        )
