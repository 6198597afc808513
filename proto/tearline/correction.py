"""Corrections: a packet that takes the place of an earlier one, for all who had that.

    first ◀── second ◀── third        each names the one that it corrects

A correction is a packet like any other, sealed and granted anew, whose manifest names another in
``supersedes``. The last of such a line is what its originator says now; whoever holds an earlier
one is told so. Specified in docs/spec/packet-v1.md, section 10.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tearline.errors import CorrectionRefused
from tearline.identity import agency_uri_of
from tearline.limits import MAX_CORRECTIONS
from tearline.packet import Manifest, PacketKind

Corrects = Mapping[bytes, bytes]
"""From each packet that corrects another to the one it corrects, by their manifests' ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a packet is about, and under what it is given: what a correction leaves as it is.

    Attributes:
        agency: URI of the originator's agency.
        agreement: 16 bytes, the agreement's id, whatever its version.
        article: The article.
        case_id: The case, or empty.
        kind: What it is about.
    """

    agency: str
    agreement: bytes
    article: str
    case_id: str
    kind: PacketKind


def subject_of(manifest: Manifest) -> Subject:
    """The subject of a packet."""
    return Subject(
        agency=agency_uri_of(manifest.header.signer),
        agreement=manifest.agreement.id,
        article=manifest.agreement.article,
        case_id=manifest.case_id,
        kind=manifest.kind,
    )


def verify_corrects(correction: Subject, corrected: Subject) -> None:
    """Checks that a packet may take the place of another (spec P-30).

    Whoever may read the one then reads the other on the same terms.

    Raises:
        CorrectionRefused: If their subjects differ; or if it is a request, which is withdrawn
            instead and made anew.
    """
    if correction.agency != corrected.agency:
        raise CorrectionRefused("that packet is another agency's")
    if correction.kind is PacketKind.RECORD_REQUEST:
        raise CorrectionRefused("a request is withdrawn and made anew")
    if correction != corrected:
        raise CorrectionRefused("it is of another agreement, article, case or kind")


def earlier(packet: bytes, corrects: Corrects) -> Iterator[bytes]:
    """What a packet corrects, what that corrects, and so on to the first of the line.

    It ends: each is named by a hash of what names the one before.
    """
    while (before := corrects.get(packet)) is not None:
        yield before
        packet = before


def line_of(packet: bytes, corrects: Corrects) -> tuple[bytes, ...]:
    """Returns all packets of a packet's line, itself among them, the first one first."""
    first = [packet, *earlier(packet, corrects)][-1]
    places = {each: [each, *earlier(each, corrects)] for each in {packet, *corrects}}
    line = {each: len(before) for each, before in places.items() if before[-1] == first}
    line[first] = 1
    return tuple(sorted(line, key=lambda each: (line[each], each)))


def verify_length(packet: bytes, corrects: Corrects) -> None:
    """Checks that a line may have one more behind ``packet`` (spec P-31).

    Raises:
        CorrectionRefused: If it is too long.
    """
    if sum(1 for _ in earlier(packet, corrects)) + 1 >= MAX_CORRECTIONS:
        raise CorrectionRefused(f"a packet is corrected {MAX_CORRECTIONS - 1} times at most")


def superseded(corrects: Corrects) -> dict[bytes, bytes]:
    """Every packet that is not the last word of its line, and what is.

    An honest exchange takes one correction of a packet. Where it took two, the longer line
    counts, and of equal ones the greater id: so all who hold the same packets agree, in whatever
    order they came.
    """
    lines: dict[bytes, dict[bytes, int]] = {}  # by its first packet, how far each is behind it
    for packet in {*corrects.keys(), *corrects.values()}:
        before = [packet, *earlier(packet, corrects)]
        lines.setdefault(before[-1], {})[packet] = len(before)
    found = {}
    for line in lines.values():
        last = max(line, key=lambda packet: (line[packet], packet))
        found.update({packet: last for packet in line if packet != last})
    return found
