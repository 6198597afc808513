"""Per-agency limits on the earlier releases that one batch may read.

A grant of a derived packet is judged by earlier grants of its sources: to the publisher's agency,
and to the recipient's. A grant of a correction is judged by whether the recipient received any
packet of the corrected line.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.limits import MAX_ASKED_RELEASES, MAX_RELEASES
from tearline.packets.correction import earlier
from tearline_server.storage.lookups import Lookups, Release
from tearline_server.storage.packet_allowance import Sizes


@immutable
class WantedReleases:
    """Releases that a batch reads, and releases left for a later batch.

    Attributes:
        most: The number of events to read, by release.
        unread: Releases left for another batch.
    """

    most: Mapping[Release, int]
    unread: AbstractSet[Release]


@immutable
class PacketBases:
    """Packets that a batch depends on, limited to those its agencies may know.

    Attributes:
        own: Packets that belong to the agency that names them.
        made: Sources that the naming agency made or received.
        sources: Sources of packets stored earlier.
        corrects: Lines of corrections stored earlier.
        read: Packets that are read.
    """

    own: Sizes
    made: Sizes
    sources: Mapping[bytes, Mapping[bytes, int]]
    corrects: Mapping[bytes, bytes]
    read: AbstractSet[bytes]


def wanted_releases(asked: Lookups, bases: PacketBases) -> WantedReleases:
    """Returns the releases to read for a batch, and the number of events of each.

    Each agency has its own allowance, spent in the order of the request. The releases that one
    statement needs always fit.
    """
    most: dict[Release, int] = {}
    unread: set[Release] = set()
    spent: dict[str, int] = {}
    for agency, release, wanted in _needed(asked, bases):
        more = wanted - most.get(release, 0)
        if more <= 0:
            continue
        if spent.get(agency, 0) + more > MAX_ASKED_RELEASES:
            unread.add(release)
            continue
        most[release] = wanted
        spent[agency] = spent.get(agency, 0) + more
    return WantedReleases(most=most, unread=unread)


def _needed(asked: Lookups, bases: PacketBases) -> Iterator[tuple[str, Release, int]]:
    """Yields the agency that needs a release, the release, and the number of events needed."""
    for source, agency in asked.sources:
        if (source, agency) in bases.made and source in bases.read:
            yield agency, (source, agency), 1
    derived: dict[bytes, list[bytes]] = {}
    for packet, source in asked.derived:
        derived.setdefault(packet, []).append(source)
    corrects = {**dict(asked.superseding), **bases.corrects}
    for packet, agency, recipient in asked.grants:
        is_own = (packet, agency) in bases.own
        named = derived.get(packet, ())
        sources = [each for each in named if (each, agency) in bases.made]
        sources += bases.sources.get(packet, ()) if is_own else ()
        for source in sources:
            if source in bases.read:
                yield agency, (source, agency), MAX_RELEASES + 1
                yield agency, (source, agency_uri_of(recipient)), MAX_RELEASES + 1
        line = [*earlier(packet, corrects)]
        if is_own or any((each, agency) in bases.own for each in line):
            yield from ((agency, (each, recipient), 1) for each in line)
