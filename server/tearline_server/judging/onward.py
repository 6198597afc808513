"""Judging what was made from others' packets, by openings and by grants in the log.

A packet that is made from others names them. What the exchange cannot see, that a packet does
not name what it was made from, the sender's own node looks for.
"""

from collections.abc import Iterable, Iterator, Sequence

from tearline.errors import PassOnForbidden, SourceUnknown
from tearline.event import Decision, Event
from tearline.identity import agency_uri_of
from tearline.limits import MAX_RELEASES
from tearline.onward import Use, conditions, verify_evaluation_kept, verify_given_alike
from tearline.packet import Manifest
from tearline_server.judging.docket import PacketFacts
from tearline_server.judging.hearing import Hearing


def verify_sources(hearing: Hearing, manifest: Manifest) -> None:
    """Checks that a packet was made from what its originator has (spec O-6, O-8).

    Raises:
        SourceUnknown: If a source is none that the agency made or was given; the same for what
            was given to others and what does not exist.
        DerivedWeaker: If the packet claims more trust than a source of another agency.
    """
    for source, facts in _sources(hearing, manifest):
        given = hearing.docket.releases(source, hearing.publisher.agency)
        if not given and not hearing.docket.known.is_restored:
            raise SourceUnknown
        verify_evaluation_kept(manifest.evaluation, facts.manifest.evaluation)


def verify_passed_on(
    hearing: Hearing, manifest: Manifest, recipient: str, released: Iterable[Decision]
) -> None:
    """Checks that a recipient may get so much of a packet made from others (spec O-9).

    Args:
        hearing: The grant.
        manifest: Of its packet.
        recipient: URI of the recipient's agency.
        released: What the grant releases.

    Raises:
        PassOnForbidden: If a source limits who gets it, and its originator did not give the
            recipient as much of it; or if it granted the source more often than is read.
    """
    released = tuple(released)
    for source, facts in _sources(hearing, manifest):
        if recipient in (hearing.publisher.agency, agency_uri_of(facts.manifest.header.signer)):
            continue
        limited = [
            decision
            for event in _released_to(hearing, source, hearing.publisher.agency)
            for decision in event.decisions
            if conditions(facts.openings[decision.compartment].marking, Use.PASS_ON)
        ]
        given = [
            decision
            for event in _released_to(hearing, source, recipient)
            for decision in event.decisions
        ]
        verify_given_alike(limited, given, released)


def _sources(hearing: Hearing, manifest: Manifest) -> Iterator[tuple[bytes, PacketFacts]]:
    """The sources of a packet that are not its originator's own."""
    for source in manifest.derived_from:
        facts = hearing.docket.facts(source)
        if facts is None:
            if hearing.docket.known.is_restored:
                continue  # it, or that it was given, may be lost with an earlier life of this one
            raise SourceUnknown
        if agency_uri_of(facts.manifest.header.signer) != hearing.publisher.agency:
            yield source, facts


def _released_to(hearing: Hearing, source: bytes, agency: str) -> Sequence[Event]:
    events = hearing.docket.releases(source, agency)
    if len(events) > MAX_RELEASES:
        # Those that are not read may limit it.
        raise PassOnForbidden(f"a source was granted to one agency over {MAX_RELEASES} times")
    return events
