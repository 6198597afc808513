"""Corrections: a packet that replaces an earlier one, for all of its recipients.

    first ◀── second ◀── third        each names the one that it corrects

A correction is a packet like any other, sealed and granted anew; its manifest names another in
``supersedes``. The last packet of such a line is its originator's current version; holders of an
earlier one are notified. Specified in docs/spec/packet-v1.md, section 10.
"""

from collections.abc import Iterator, Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import CorrectionRefused
from tearline.identity import agency_uri_of
from tearline.limits import MAX_CORRECTIONS
from tearline.packets.packet import Manifest, PacketKind

Corrects = Mapping[bytes, bytes]
"""Maps each correction to the packet it corrects, by their manifests' ids."""


@immutable
class Subject:
    """Subject and terms of a packet, which a correction leaves unchanged.

    Attributes:
        agency: URI of the originator's agency.
        agreement: 16 bytes, the agreement's id, whatever its version.
        article: The article.
        case_id: The case, or empty.
        kind: The kind of packet.
    """

    agency: str
    agreement: bytes
    article: str
    case_id: str
    kind: PacketKind


def subject_of(manifest: Manifest) -> Subject:
    """Returns the subject of a packet."""
    return Subject(
        agency=agency_uri_of(manifest.header.signer),
        agreement=manifest.agreement.id,
        article=manifest.agreement.article,
        case_id=manifest.case_id,
        kind=manifest.kind,
    )


def verify_corrects(correction: Subject, corrected: Subject) -> None:
    """Checks that a packet may replace another (spec P-23).

    A reader of the one may then read the other on the same terms.

    Raises:
        CorrectionRefused: If their subjects differ; or if it is a request, which is withdrawn
            and made anew instead.
    """
    if correction.agency != corrected.agency:
        raise CorrectionRefused("that packet is another agency's")
    if correction.kind is PacketKind.RECORD_REQUEST:
        raise CorrectionRefused("a request is withdrawn and made anew")
    if correction != corrected:
        raise CorrectionRefused("it has another agreement, article, case or kind")


def earlier(packet: bytes, corrects: Corrects) -> Iterator[bytes]:
    """Yields the packet that ``packet`` corrects, and so on to the first of the line.

    The loop ends: each packet is named by a hash of its contents, so a cycle is impossible.
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
    """Checks that a line may have one more packet behind ``packet`` (spec P-23).

    Raises:
        CorrectionRefused: If it is too long.
    """
    if sum(1 for _ in earlier(packet, corrects)) + 1 >= MAX_CORRECTIONS:
        raise CorrectionRefused(f"a packet is corrected {MAX_CORRECTIONS - 1} times at most")


def superseded(corrects: Corrects) -> dict[bytes, bytes]:
    """Returns every replaced packet, with the last packet of its line.

    An honest exchange accepts one correction of a packet. If it accepted two, the longer line
    counts, and of equal ones the greater id. Therefore all holders of the same packets agree, in
    any order of arrival.
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
