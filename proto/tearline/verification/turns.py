"""Turns for light nodes, as an exchange or a full node makes them.

One counted checkpoint serves every light node: what they share is prepared once, and each one's
part costs one path of the directory and one consistency proof, whatever the number of members.
"""

from collections.abc import Callable

from tearline.dataclass.immutable import immutable
from tearline.errors import EntryNotIncluded
from tearline.federation.directory import FEDERATION, Directory, DirectoryEntry, KeyState
from tearline.federation.directory_states import parse_federation_state
from tearline.federation.turns import Leaf, Turn, TurnRequest
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.merkle import ReadNode, consistency_proof, inclusion_proof
from tearline.tlog.note import parse_note


@immutable
class LoggedDirectory:
    """Directory at its entry of the log.

    Attributes:
        index: The entry.
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
        read_node: Returns a node of the log's tree.
        amendment: Returns the body of an amendment by its statement id; empty for the charter.
        public_key: Returns the public key of a cosigning key on record.

    Raises:
        EntryNotIncluded: If the checkpoint ends with another entry.
    """

    def __init__(
        self,
        note: bytes,
        logged: LoggedDirectory,
        *,
        read_node: ReadNode,
        amendment: Callable[[bytes], bytes],
        public_key: Callable[[KeyState], bytes],
    ) -> None:
        parsed = parse_note(note)
        self._tree = parse_checkpoint_text(parsed.text)
        if logged.index != self._tree.size - 1:
            raise EntryNotIncluded("the checkpoint does not end with this directory")
        self._lines = parsed.signatures
        self._logged = logged
        self._read_node = read_node
        self._last = inclusion_proof(logged.index, self._tree.size, read_node)
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

    def turn(self, uri: str, request: TurnRequest) -> Turn:
        """Returns the turn of a light node.

        Args:
            uri: Its agency.
            request: The tree, constitution and keys that it holds.

        Raises:
            ProofMalformed: If it holds a larger tree.
        """
        size = self._tree.size
        is_first = request.size == 0
        return Turn(
            size=size,
            root=self._tree.root,
            lines=self._lines,
            directory=self._logged.entry,
            last=self._last,
            consistency=() if is_first else consistency_proof(request.size, size, self._read_node),
            federation=self._federation,
            amendment=b"" if request.decision == self._decision else self._amendment,
            keys=tuple(public for key, public in self._publics.items() if key not in request.keys),
            own=self.leaf(uri),
        )
