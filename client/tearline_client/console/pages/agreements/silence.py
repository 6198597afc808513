"""The proof that no packet passed during a suspension, as a picture and as a table."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline_client.console.drawings.intervals import Interval, Track, axis_of, tracks_of
from tearline_client.console.pages.agreements.agreement import agreement_of
from tearline_client.console.visit import Visit
from tearline_client.features.suspensions.gaps import Gap
from tearline_client.rendering.words import agency_name


@immutable
class Silence:
    """One interval of a suspension in one direction.

    Attributes:
        article: The article.
        sender: Short name.
        recipient: Short name.
        start_ms: The log's time of the suspension.
        end_ms: The log's time of the resumption, or None.
        before: Numbers that both sides signed at the suspension: sent, and received.
        after: Those at the resumption, or the last ones so far.
        between: Entries of the channel in between, by code: only voids, and receipts for
            earlier mail, may be there.
        crossed: Indices of packets that passed all the same.
        entries: Indices of the entries that prove it.
        proved: Whether marks and log prove that no packet passed.
        track: Its place in the picture.
    """

    article: str
    sender: str
    recipient: str
    start_ms: int
    end_ms: int | None
    before: tuple[int | None, int | None]
    after: tuple[int | None, int | None]
    between: tuple[tuple[str, int], ...]
    crossed: tuple[int, ...]
    entries: tuple[int, ...]
    proved: bool
    track: Track


async def page(visit: Visit) -> Response:
    """Shows every suspension of an agreement, with the traffic in it and the marks around it."""
    agreement, members = agreement_of(visit), visit.node.directory.members()
    gaps = await visit.node.suspensions.gaps_in_turns(agreement)
    intervals = [
        Interval(
            start_ms=each.interval.start.time_ms,
            end_ms=each.interval.end.time_ms if each.interval.end else None,
        )
        for each in gaps
    ]
    axis = axis_of(intervals, visit.node.now_ms())
    found = [
        _silence(each, track, members)
        for each, track in zip(gaps, tracks_of(intervals, axis), strict=True)
    ]
    return visit.render(
        "silence.html",
        {"id": agreement.id.hex(), "name": agreement.name, "silences": found, "axis": axis},
    )


def _silence(gap: Gap, track: Track, members: Members) -> Silence:
    start, end = gap.interval.start, gap.interval.end
    entries = (*gap.before.entries, *gap.after.entries)
    return Silence(
        article=gap.article,
        sender=agency_name(members, gap.sender),
        recipient=agency_name(members, gap.recipient),
        start_ms=start.time_ms,
        end_ms=end.time_ms if end else None,
        before=(gap.before.sent, gap.before.received),
        after=(gap.after.sent, gap.after.received),
        between=tuple(gap.between.items()),
        crossed=gap.crossed,
        entries=tuple(
            sorted(
                {
                    start.entry,
                    *([end.entry] if end else []),
                    *(entry for entry in entries if entry is not None),
                }
            )
        ),
        proved=gap.proved,
        track=track,
    )
