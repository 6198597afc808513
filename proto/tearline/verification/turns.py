"""Turns for light nodes, as an exchange or a full node makes them.

One counted checkpoint serves every light node: their common part is prepared once, and each one's
part costs one path of the directory and one consistency proof, whatever the number of members.
"""

from collections.abc import Callable

from tearline.dataclass.immutable import immutable
from tearline.federation.directory import FEDERATION, Directory, DirectoryEntry, KeyState
from tearline.federation.directory_states import parse_federation_state
from tearline.federation.turns import Leaf, Turn, TurnRequest
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.merkle import verify_inclusion
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import entry_hash


@immutable
class LoggedDirectory:
    """Directory at its entry of the log.

    Attributes:
        index: The entry's index.
        entry: Its time and root.
        tree: The directory as it was then.
    """

    index: int
    entry: DirectoryEntry
    tree: Directory


class Turns:
    """Turns at one counted checkpoint.

    Args:
        note: The checkpoint, with the lines of the log and of the counted cosigners.
        logged: The directory whose entry is the last below it.
        last: The inclusion proof of that entry.
        amendment: Returns the body of an amendment by its statement id; empty for the charter.
        public_key: Returns the public key of a cosigning key on record.

    Raises:
        EntryNotIncluded: If the checkpoint ends with another entry.
    """

    def __init__(
        self,
        note: bytes,
        logged: LoggedDirectory,
        last: tuple[bytes, ...],
        *,
        amendment: Callable[[bytes], bytes],
        public_key: Callable[[KeyState], bytes],
    ) -> None:
        parsed = parse_note(note)
        self._tree = parse_checkpoint_text(parsed.text)
        leaf = entry_hash(logged.entry.encode())
        verify_inclusion(self._tree.size - 1, self._tree.size, leaf, last, self._tree.root)
        self._lines = parsed.signatures
        self._logged = logged
        self._last = last
        self._federation = self.leaf(FEDERATION)
        state = parse_federation_state(self._federation.state)
        self._decision = state.decision
        self._amendment = amendment(state.decision)
        self._publics = {key.id: public_key(key) for key in state.keys}

    @property
    def size(self) -> int:
        """Returns the entries of the checkpoint's tree."""
        return self._tree.size

    def leaf(self, uri: str) -> Leaf:
        """Returns the state of an agency, or its absence, with the proof."""
        state, proof = self._logged.tree.find(uri)
        return Leaf(state=state, proof=proof)

    def turn(self, uri: str, request: TurnRequest, consistency: tuple[bytes, ...]) -> Turn:
        """Returns the turn of a light node.

        Args:
            uri: Its agency.
            request: The tree, constitution and keys that it holds.
            consistency: Proof from the tree that it holds to the checkpoint's; empty from none.
        """
        return Turn(
            size=self._tree.size,
            root=self._tree.root,
            lines=self._lines,
            directory=self._logged.entry,
            last=self._last,
            consistency=consistency,
            federation=self._federation,
            amendment=b"" if request.decision == self._decision else self._amendment,
            keys=tuple(public for key, public in self._publics.items() if key not in request.keys),
            own=self.leaf(uri),
        )
