"""Newest cosigned checkpoints, with their signature lines by agency and use of the key.

A line is found by the size of its checkpoint and its signers. So the cost of a cosigner's turn does
not depend on the number of cosigning nodes.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from tearline.federation.members import KeyUse
from tearline.identity import agency_uri_of
from tearline.limits import MAX_COSIGNED_SIZES, MAX_TOLD_LINES
from tearline.tlog.note import LineName, Note, NoteSignature

Signers = tuple[str, KeyUse]
"""Agency and use of its keys: its full nodes cosign, and its light nodes are witnesses."""

_NO_AGENCY: Signers = ("", KeyUse.COSIGN)  # of the lines of logs and external witnesses

Lines = dict[LineName, NoteSignature]
"""Lines by name and hash of their key; of a node the last one, with no hash. The oldest first."""


class CosignedCheckpoints:
    """Checkpoints of the newest sizes, and the newest size of each node by use of its key.

    Args:
        keeps_newest: Returns whether the newest line of an agency's node replaces its others.
        use_of: Returns the use of the key of an agency's line.
    """

    def __init__(
        self, keeps_newest: Callable[[str], bool], use_of: Callable[[NoteSignature], KeyUse]
    ) -> None:
        self._keeps_newest = keeps_newest
        self._use_of = use_of
        self._texts: dict[int, str] = {}
        self._lines: dict[int, dict[Signers, Lines]] = {}
        self._sizes: defaultdict[KeyUse, dict[str, int]] = defaultdict(dict)
        self._nodes: defaultdict[Signers, set[str]] = defaultdict(set)

    @property
    def sizes(self) -> Mapping[KeyUse, Mapping[str, int]]:
        """Returns the newest size of each node that has a line here, by use of its key."""
        return self._sizes

    def add(self, size: int, note: Note) -> None:
        """Adds the lines of a note; checkpoints beyond the newest ones are dropped."""
        if size not in self._texts:
            self._texts[size], self._lines[size] = note.text, {}
        for line in note.signatures:
            agency = agency_of(line.name)
            signers = (agency, self._use_of(line)) if agency else _NO_AGENCY
            key = (line.name, b"" if agency else line.key_hash)
            self._lines[size].setdefault(signers, {})[key] = line
            if agency:
                self._set_newest(signers, line.name, size)
        for old in self.displaced_by(size):
            self._drop(old)

    def displaced_by(self, size: int) -> list[int]:
        """Returns the sizes that a checkpoint of ``size`` displaces, itself if it is too old."""
        return sorted({*self._texts, size})[:-MAX_COSIGNED_SIZES]

    def newest_of(self, told: Iterable[Signers]) -> Mapping[int, Sequence[Signers]]:
        """Returns those of these signers that have a line, by their newest size."""
        found: dict[int, list[Signers]] = {}
        for signers in told:
            if nodes := self._nodes.get(signers):
                newest = max(self._sizes[signers[1]][node] for node in nodes)
                found.setdefault(newest, []).append(signers)
        return found

    def parts(
        self, size: int, told: Iterable[Signers], keys: Container[LineName] | None = None
    ) -> Iterator[Note]:
        """Yields the checkpoint of a size with the lines of some signers, by all or some keys.

        Each part is a whole note, with the lines of the log and of external witnesses. The newest
        line of each signer comes first, in the order of the signers, then the next of each. A size
        without a checkpoint has no part.
        """
        if size not in self._texts:
            return
        lines = self._lines[size]
        others = tuple(lines.get(_NO_AGENCY, {}).values())
        ordered = _by_rank(
            [
                [
                    line
                    for line in lines.get(signers, {}).values()
                    if keys is None or (line.name, line.key_hash) in keys
                ]
                for signers in told
            ]
        )
        for start in range(0, max(1, len(ordered)), MAX_TOLD_LINES):
            part = (*others, *ordered[start : start + MAX_TOLD_LINES])
            yield Note(text=self._texts[size], signatures=part)

    def _set_newest(self, signers: Signers, node: str, size: int) -> None:
        agency, use = signers
        last = self._sizes[use].get(node, 0)
        if last < size and last in self._texts and self._keeps_newest(agency):
            self._drop_lines(last, signers, node)
        self._sizes[use][node] = max(last, size)
        self._nodes[signers].add(node)

    def _drop_lines(self, size: int, signers: Signers, node: str) -> None:
        """Drops a node's lines, and the checkpoint if only the log's own are left."""
        lines = self._lines[size]
        lines[signers] = {key: line for key, line in lines[signers].items() if key[0] != node}
        if not lines[signers]:
            del lines[signers]
        if not lines or (
            [*lines] == [_NO_AGENCY]
            and all(self._texts[size].startswith(f"{name}\n") for name, _ in lines[_NO_AGENCY])
        ):
            self._drop(size)

    def _drop(self, size: int) -> None:
        del self._texts[size]
        for signers, lines in self._lines.pop(size).items():
            for name, _ in lines:
                if signers != _NO_AGENCY and self._sizes[signers[1]].get(name) == size:
                    del self._sizes[signers[1]][name]
                    self._nodes[signers].discard(name)


def _by_rank(groups: Sequence[Sequence[NoteSignature]]) -> list[NoteSignature]:
    """Returns the newest line of each signer, then the next of each.

    However many keys an agency signs by, it pushes no other one out of the first part.
    """
    ranks = zip_longest(*map(reversed, groups))
    return [line for rank in ranks for line in rank if line is not None]


def agency_of(cosigner: str) -> str:
    """Returns the agency of a node that cosigns; empty for logs and witnesses without a scheme."""
    return agency_uri_of(cosigner) if "://" in cosigner else ""
