"""Succession: a new exchange goes on from the entries of one that was lost or compromised.

The council decided by files. The decision is logged behind the entries that it names, in one
commit, and a mirror with it goes to the nodes, which do not know the new exchange yet.
"""

from io import BytesIO
from pathlib import Path

from tearline.errors import ConfigUnreadable, MembershipRejected
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner
from tearline.tlog.merkle import Frontier
from tearline.tlog.tiles import TILE_WIDTH, Tile
from tearline.verification.log_entries import entry_hash, parse_clear
from tearline.wire.federation import FederationFile, parse_amendment, parse_vote
from tearline.wire.statements import Signed
from tearline_runtime.archive import pack
from tearline_runtime.files import create_private, draft_beside, fsync_file, fsync_path, reported_as
from tearline_runtime.mirror import Mirror, read_entries
from tearline_server.admin.backup import refill
from tearline_server.admin.offline import write_entries
from tearline_server.bootstrap import Components
from tearline_server.storage.interface import Store
from tearline_server.storage.rows import Restoration
from tearline_server.tlog.stored_trust import trust_of


async def begin(store: Store, mirror: Mirror, decision: FederationFile) -> None:
    """Fills an empty store with the entries that a decision goes on from.

    The store notes first which entries it is given, so that an interrupted run is gone on with; by
    a later decision, too, if the council decided again meanwhile.

    Raises:
        MembershipRejected: If the mirror's are others than the decision's, or than those stored.
        RestoreRefused: If the mirror cannot be read.
    """
    if not decision.entries:
        return
    amendment = parse_amendment(decision.entries[0].statement.body)
    stored, tree, begun = (await store.load()).head.tree, Frontier(), Frontier()
    noted = await store.restorations()
    stops = [each.stop for each in noted if not (each.start or each.settled)]
    if stored.size >= amendment.size or stored.size > max(stops, default=0):
        return  # an earlier run filled it, or it has a log of its own
    for entries in read_entries(mirror, 0, amendment.size):
        hashes = [entry_hash(entry) for entry in entries]
        begun, _ = begun.append(hashes[: stored.size - begun.size])
        tree, _ = tree.append(hashes)
    if (amendment.size, amendment.root, stored) != (tree.size, tree.root(), begun):
        why = "has other entries than the decision goes on from, or than are stored here already"
        raise MembershipRejected(f"{mirror.name} {why}: take another one, or begin with a new home")
    if amendment.size not in stops:
        await store.begin_epoch(Restoration(start=0, stop=amendment.size, settled=False))
    await refill(store, mirror, stored.size, amendment.size)


async def succeed(components: Components, decision: FederationFile) -> int:
    """Logs the decision that this exchange goes on, unless it is logged already.

    Args:
        components: A stopped exchange that holds the entries before.
        decision: The amendment, and votes that complete it.

    Returns:
        The index of its first entry.

    Raises:
        MembershipRejected: If the stored entries are not those that it names, the votes do not
            decide it, or it has other statements.
        KeysUnnamed: If it names other keys than this exchange holds.
        TearlineError: If a statement of it does not verify.
    """
    stored = await components.store.load()
    trust = trust_of(stored)
    if decision.federation != trust.federation or not decision.entries:
        raise MembershipRejected("the decision is of another federation")
    first = decision.entries[0].statement
    if not all(_is_vote_for(each, first.id) for each in decision.entries[1:]):
        # Others have effects beside the log, as on mail, which an exchange at work gives them.
        raise MembershipRejected("behind the amendment, each statement in it is a vote for it")
    for index, data in stored.clear:
        entry = parse_clear(data)
        if entry is not None and entry.statement.id == first.id:
            return index
    amendment, tree = parse_amendment(first.body), stored.head.tree
    if (amendment.size, amendment.root) != (tree.size, tree.root()):
        raise MembershipRejected(
            f"it goes on from {amendment.size} entries, and {tree.size} or others are stored:"
            " begin with a new home, and pass --mirror with those entries"
        )
    for index, each in enumerate(decision.entries, tree.size):
        trust.apply(index, each)
    if trust.members.constitution_id != first.id:
        raise MembershipRejected("the votes in it do not decide it")
    components.keys.verify_named(trust.members.constitution)
    components.timekeeper.accept()  # the operator starts this log anew, behind the one before
    components.timekeeper.verify(stored.head.time_ms)
    time_ms = max(components.clock(), stored.head.time_ms)
    items: list[Signed | DirectoryEntry] = [*decision.entries, trust.directory.entry(time_ms)]
    await write_entries(components.store, stored.head, items, time_ms)
    return tree.size


def _is_vote_for(signed: Signed, amendment: bytes) -> bool:
    if signed.statement.type is not StatementType.VOTE:
        return False
    vote = parse_vote(signed.statement.body)
    return vote.kind is VoteKind.AMEND and vote.content == amendment


async def write_mirror(components: Components, file: Path) -> int:
    """Writes the log into a file for the nodes, in place of an earlier one; returns its size.

    Raises:
        ConfigUnreadable: If the file cannot be written.
        KeysUnnamed: If the constitution names other keys of the log than this exchange holds.
        StoreError: If the log cannot be read.
    """
    stored = await components.store.load()
    history, log = trust_of(stored).log, components.log

    async def signers(size: int) -> tuple[CheckpointSigner, ...]:
        return components.keys.checkpoint_signers(history, size)

    log.signers = signers
    await log.restore(stored.head, stored.checkpoint)
    size, note = await log.checkpoint(stored.head.tree.size)
    draft = draft_beside(file)
    with reported_as(ConfigUnreadable, file):
        with create_private(draft) as archive:
            members = [("checkpoint", len(note), BytesIO(note))]
            for start in range(0, size, TILE_WIDTH):
                width = min(TILE_WIDTH, size - start)
                tile = Tile(level=None, index=start // TILE_WIDTH, width=width)
                data = await log.tile(tile)
                members.append((tile.path, len(data), BytesIO(data)))
            pack(archive, members, None)
            fsync_file(archive)
        draft.replace(file)
        fsync_path(file.absolute().parent)
    return size
