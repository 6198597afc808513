"""The tasks for pages that stay open: a stream of events, and the list alone.

Pages ask for both by themselves, so neither prolongs a session.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from tearline.limits import CONSOLE_STREAM_S, CONSOLE_STREAM_TICK_S
from tearline_client.console.pages.to_do import list_values, tasks_of
from tearline_client.console.task_streams import first_of
from tearline_client.console.visit import Visit

PACE_S = 0.5
"""Seconds in which several changes are one event: mail arrives in batches."""
_HEADERS = {"x-accel-buffering": "no"}  # a proxy in front passes each event on at once
_MARGIN_S = 1  # before the server would end the connection in the middle of the stream


async def tasks(visit: Visit) -> Response:
    """Shows the list of tasks alone, for the page that shows an earlier one."""
    return visit.render("task_list.html", await list_values(visit))


async def events(visit: Visit) -> Response:
    """Tells of each change of the tasks, until the session ends or another stream begins."""
    return StreamingResponse(_told(visit), media_type="text/event-stream", headers=_HEADERS)


async def _told(visit: Visit) -> AsyncIterator[str]:
    console, loop = visit.console, asyncio.get_running_loop()
    ends = loop.time() + CONSOLE_STREAM_S
    ends = min(ends, visit.request.scope.get("state", {}).get("connection_ends", ends) - _MARGIN_S)
    edition = 0
    stream = console.streams.begin(visit.csrf, visit.person)
    try:
        yield "retry: 1000\n\n"
        while not stream.ended.is_set():
            version = await console.feed.read()
            if not console.is_present(visit.csrf):  # at a role that changed during the reading, too
                break
            if edition != console.feed.edition:
                edition = console.feed.edition
                yield _event(visit)
            left_s = ends - loop.time()
            if left_s <= 0:
                return  # the browser asks again, on another connection
            await first_of(
                console.node.changes.wait(version),
                stream.ended.wait(),
                within_s=min(CONSOLE_STREAM_TICK_S, left_s),
            )
            if version != console.node.changes.version():
                await first_of(stream.ended.wait(), within_s=PACE_S)
        yield "event: end\ndata:\n\n"  # the browser does not ask again by itself
    finally:
        console.streams.end(stream)


def _event(visit: Visit) -> str:
    feed, language = visit.console.feed, visit.language
    count = len(tasks_of(visit))
    words = language.counted("%(count)s task waits", "%(count)s tasks wait", count)
    data = {
        "edition": feed.edition,
        "count": language.number(count) if count else "",
        "words": words.unescape(),
    }
    return f"event: tasks\ndata: {json.dumps(data)}\n\n"
