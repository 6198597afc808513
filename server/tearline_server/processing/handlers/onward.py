"""Judging of derived packets, by the openings and logged grants of their sources.

A derived packet names its sources. The exchange cannot detect an unnamed source; the sender's own
node checks for that.
"""

from collections.abc import Iterable, Iterator, Sequence

from tearline.audit.event import Decision, Event
from tearline.errors import PassOnForbidden, SourceUnknown
from tearline.identity import agency_uri_of
from tearline.limits import MAX_RELEASES
from tearline.onward.use import Use, conditions, verify_evaluation_kept, verify_given_alike
from tearline.packets.packet import Manifest
from tearline_server.processing.batch import PacketFacts
from tearline_server.processing.context import Context


def verify_sources(context: Context, manifest: Manifest) -> None:
    """Checks that a packet's originator holds all its sources (spec O-6, O-7).

    Raises:
        SourceUnknown: If the agency neither made nor received a source; identical for unknown
            packets and those of other agencies.
        DerivedWeaker: If the packet claims more trust than a source of another agency.
    """
    for source, facts in _sources(context, manifest):
        given = context.batch.releases(source, context.publisher.agency)
        if not given and not context.batch.known.is_restored:
            raise SourceUnknown
        verify_evaluation_kept(manifest.evaluation, facts.manifest.evaluation)


def verify_passed_on(
    context: Context, manifest: Manifest, recipient: str, released: Iterable[Decision]
) -> None:
    """Checks that a recipient may receive this release of a derived packet (spec O-8).

    Args:
        context: The grant.
        manifest: The packet's manifest.
        recipient: URI of the recipient's agency.
        released: The decisions of the grant.

    Raises:
        PassOnForbidden: If a source limits its recipients, and its originator released less of it
            to this recipient; or if a source has more grants than are read.
    """
    released = tuple(released)
    for source, facts in _sources(context, manifest):
        if recipient in (context.publisher.agency, agency_uri_of(facts.manifest.header.signer)):
            continue
        limited = [
            decision
            for event in _released_to(context, source, context.publisher.agency)
            for decision in event.decisions
            if conditions(facts.openings[decision.compartment].marking, Use.PASS_ON)
        ]
        given = [
            decision
            for event in _released_to(context, source, recipient)
            for decision in event.decisions
        ]
        verify_given_alike(limited, given, released)


def _sources(context: Context, manifest: Manifest) -> Iterator[tuple[bytes, PacketFacts]]:
    """Yields the sources of a packet that belong to other agencies."""
    for source in manifest.derived_from:
        facts = context.batch.facts(source)
        if facts is None:
            if context.batch.known.is_restored:
                continue  # a restore may have lost it, or its grants
            raise SourceUnknown
        if agency_uri_of(facts.manifest.header.signer) != context.publisher.agency:
            yield source, facts


def _released_to(context: Context, source: bytes, agency: str) -> Sequence[Event]:
    events = context.batch.releases(source, agency)
    if len(events) > MAX_RELEASES:
        # A grant that was not read may limit it.
        raise PassOnForbidden(f"a source was granted to one agency over {MAX_RELEASES} times")
    return events
