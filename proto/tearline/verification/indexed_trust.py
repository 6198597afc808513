"""Trust state of an exchange, with the index from which it answers light nodes."""

from collections import deque
from collections.abc import Sequence

from tearline.federation.directory import DirectoryEntry
from tearline.limits import MAX_DIRECTORIES_KEPT
from tearline.verification.clear_index import ClearIndex, places_of
from tearline.verification.trust import TrustState
from tearline.verification.turns import LoggedDirectory
from tearline.wire.statements import Signed


class IndexedTrustState(TrustState):
    """Members and keys, with the clear entries by agency, and the newest directories.

    Args:
        federation: 32 bytes, the pinned id of the federation.

    Attributes:
        clear_index: Clear entries by agency.
        stated: The newest directories.
    """

    def __init__(self, *, federation: bytes) -> None:
        super().__init__(federation=federation)
        self.clear_index = ClearIndex()
        self.stated: deque[LoggedDirectory] = deque(maxlen=MAX_DIRECTORIES_KEPT)

    def _apply_clear(self, index: int, entry: Signed) -> None:
        places = places_of(entry, is_founded=self.membership.is_founded)
        super()._apply_clear(index, entry)
        self.clear_index.add(index, places)

    def _apply_directory(self, index: int, entry: DirectoryEntry) -> Sequence[str]:
        tree = self.directory.copy()
        replaced = super()._apply_directory(index, entry)
        self.stated.append(LoggedDirectory(index=index, entry=entry, tree=tree))
        self.clear_index.add_directory(index, replaced)
        return replaced
