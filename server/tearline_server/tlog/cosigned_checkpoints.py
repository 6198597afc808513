"""Newest cosigned checkpoints, with their signature lines by agency.

A line is found by the size of its checkpoint and its agency. So the cost of a cosigner's turn does
not depend on the number of cosigning nodes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from tearline.identity import agency_uri_of
from tearline.limits import MAX_COSIGNED_SIZES, MAX_TOLD_LINES
from tearline.tlog.note import Note, NoteSignature

_NO_AGENCY = ""  # of the lines of logs and external witnesses

Lines = dict[tuple[str, bytes], NoteSignature]
"""Lines by name and hash of their key, the oldest first."""


class CosignedCheckpoints:
    """Checkpoints of the newest sizes, and the newest size of each cosigning node.

    Args:
        keeps_newest: Returns whether the newest line of an agency's node replaces its others.
        origin: Returns the name of the log.
    """

    def __init__(self, keeps_newest: Callable[[str], bool], origin: Callable[[], str]) -> None:
        self._keeps_newest = keeps_newest
        self._origin = origin
        self._texts: dict[int, str] = {}
        self._lines: dict[int, dict[str, Lines]] = {}
        self._sizes: dict[str, int] = {}
        self._nodes: defaultdict[str, set[str]] = defaultdict(set)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Returns the newest cosigned size of each node that has a line here."""
        return self._sizes

    def add(self, size: int, note: Note) -> None:
        """Adds the lines of a note; checkpoints beyond the newest ones are dropped."""
        if size not in self._texts:
            self._texts[size], self._lines[size] = note.text, {}
        for line in note.signatures:
            agency = agency_of(line.name)
            self._lines[size].setdefault(agency, {})[line.name, line.key_hash] = line
            if agency != _NO_AGENCY:
                self._set_newest(agency, line.name, size)
        for old in self.displaced_by(size):
            self._drop(old)

    def displaced_by(self, size: int) -> list[int]:
        """Returns the sizes that a checkpoint of ``size`` displaces, itself if it is too old."""
        return sorted({*self._texts, size})[:-MAX_COSIGNED_SIZES]

    def newest_of(self, agencies: Iterable[str]) -> list[int]:
        """Returns the newest size of each agency that has one, without repetition."""
        sizes = (
            max(self._sizes[node] for node in nodes)
            for agency in agencies
            if (nodes := self._nodes.get(agency))
        )
        return list(dict.fromkeys(sizes))

    def parts(self, size: int, agencies: Iterable[str]) -> Iterator[Note]:
        """Yields the checkpoint of a size with the lines of some agencies, in their order.

        Each part is a whole note, with the lines of the log and of external witnesses. A size
        without a checkpoint has no part.
        """
        if size not in self._texts:
            return
        lines = self._lines[size]
        others = tuple(lines.get(_NO_AGENCY, {}).values())
        ordered = [line for agency in agencies for line in lines.get(agency, {}).values()]
        for start in range(0, max(1, len(ordered)), MAX_TOLD_LINES):
            part = (*others, *ordered[start : start + MAX_TOLD_LINES])
            yield Note(text=self._texts[size], signatures=part)

    def _set_newest(self, agency: str, node: str, size: int) -> None:
        last = self._sizes.get(node, 0)
        if last < size and last in self._texts and self._keeps_newest(agency):
            self._drop_lines(last, agency, node)
        self._sizes[node] = max(last, size)
        self._nodes[agency].add(node)

    def _drop_lines(self, size: int, agency: str, node: str) -> None:
        """Drops a node's lines, and the checkpoint if only the log's own are left."""
        lines = self._lines[size]
        lines[agency] = {key: line for key, line in lines[agency].items() if key[0] != node}
        if not lines[agency]:
            del lines[agency]
        if not lines or (
            [*lines] == [_NO_AGENCY]
            and all(name == self._origin() for name, _ in lines[_NO_AGENCY])
        ):
            self._drop(size)

    def _drop(self, size: int) -> None:
        del self._texts[size]
        for agency, lines in self._lines.pop(size).items():
            for name, _ in lines:
                if agency != _NO_AGENCY and self._sizes.get(name) == size:
                    del self._sizes[name]
                    self._nodes[agency].discard(name)


def agency_of(cosigner: str) -> str:
    """Returns the agency of a node that cosigns; empty for logs and witnesses without a scheme."""
    return agency_uri_of(cosigner) if "://" in cosigner else _NO_AGENCY
