"""Search for evidence when the log is not the one followed so far.

A wrong page may be a fault of the connection. Only signatures of the log are evidence. Therefore
all its present entries are read from the beginning, and their tree is compared with ours.
"""

from collections.abc import Awaitable, Callable

from tearline.federation.equivocation import Equivocation
from tearline.federation.members import LogKeys
from tearline.tlog.checkpoint import SignedCheckpoint
from tearline.tlog.merkle import Frontier, NodeId, consistency_nodes, consistency_proof
from tearline.verification.log_entries import entry_hash, verify_cosigned
from tearline.wire.log_entries import EntryRange, encode_entries_request, parse_entries
from tearline_client.store.log import LogStore

Ask = Callable[[bytes], Awaitable[bytes]]
"""Asks the exchange for a run of entries."""


async def find_equivocation(
    ask: Ask, log: LogKeys, known: SignedCheckpoint, own: LogStore | None = None
) -> Equivocation | None:
    """Returns evidence that the log signed another history than ours, or None.

    Args:
        ask: Asks the exchange.
        log: The log's name and keys.
        known: A checkpoint that may contradict the present log.
        own: Our mirror of the tree under it, or None.

    Returns:
        None for no contradiction: an old checkpoint, or entries that no checkpoint covers.

    Raises:
        ExchangeError: If the exchange does not answer.
        LogError: If its answer is not signed by the log.
    """
    first = await _page(ask, 0, 0)
    shown = verify_cosigned(first.checkpoint, log)
    old, new = known.checkpoint, shown.checkpoint
    if new.size == 0:
        return None
    if new.size < old.size:
        if own is None:
            return None
        root = own.root_at(new.size)
        if root == new.root:
            return None
        path = own.consistency(new.size, old.size)
        return Equivocation(older=shown.note, newer=known.note, root=root, path=path)
    return await _read(ask, first, known, shown)


async def _read(
    ask: Ask, page: EntryRange, known: SignedCheckpoint, shown: SignedCheckpoint
) -> Equivocation | None:
    old, new = known.checkpoint, shown.checkpoint
    needed = set(consistency_nodes(old.size, new.size))
    nodes: dict[NodeId, bytes] = {}
    tree, root = Frontier(), b""
    while tree.size < new.size:
        hashes = [entry_hash(entry) for entry in page.entries][: new.size - tree.size]
        if not hashes or page.start != tree.size:
            return None  # it withholds entries, which is no signed contradiction
        # The trees are compared at the end of the known one.
        before = max(0, min(len(hashes), old.size - tree.size))
        for part in (hashes[:before], hashes[before:]):
            tree, made = tree.append(part)
            nodes |= {(level, idx): node for level, idx, node in made if (level, idx) in needed}
            if tree.size == old.size:
                root = tree.root()
        if tree.size < new.size:
            page = await _page(ask, tree.size, new.size)
    if tree.root() != new.root or root == old.root:
        return None
    path = consistency_proof(old.size, new.size, lambda level, idx: nodes[level, idx])
    return Equivocation(older=known.note, newer=shown.note, root=root, path=path)


async def _page(ask: Ask, start: int, end: int) -> EntryRange:
    return parse_entries(await ask(encode_entries_request(start, end)))
