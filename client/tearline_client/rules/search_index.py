"""Indexes of values and of texts: updated on each arrival, and completed before each query.

A packet is indexed in steps, each a transaction of some texts, so that a large packet blocks no
other writer. A step that was done is not repeated after an interruption.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, takewhile

from tearline.dataclass.immutable import immutable
from tearline.errors import PacketError, PacketFrozen, StoreDamaged, TearlineError
from tearline.identity import agency_uri_of
from tearline.onward.use import is_telling
from tearline.packets.packet import TEXT, Field, Manifest
from tearline_client.context import NodeContext
from tearline_client.planning.text_search import compared_texts, index_lines
from tearline_runtime.turns import in_turns

STEP_TEXTS = 256
"""Texts of a step: some ten milliseconds."""
_STEP_CHARACTERS = 1 << 16  # of a step, unless one text alone is longer

UNREADABLE = (PacketError, StoreDamaged)
"""Errors of a stored packet that was damaged."""


@immutable
class _Text:
    """A text of a packet.

    Attributes:
        field: Its field, in one form.
        text: The text.
        is_name: Whether it is compared as a name.
        is_best: Whether no form of the field reveals more.
    """

    field: Field
    text: str
    is_name: bool
    is_best: bool


def index_fields(
    context: NodeContext, packet_id: bytes, manifest: Manifest, fields: Iterable[Field]
) -> None:
    """Indexes a packet in the caller's transaction; leaves a large one due.

    Args:
        context: The node.
        packet_id: 32 bytes.
        manifest: The packet's manifest.
        fields: All fields that the node's keys open, without invalid ones.
    """
    texts = _texts(fields)
    context.stores.index_queue.begin(packet_id)
    if _step_end(texts, 0) == len(texts):
        while _index_some(context, packet_id, manifest, texts):
            pass


def index_values(context: NodeContext) -> None:
    """Indexes every packet that is new, or has newly opened fields.

    Raises:
        PacketError: If a stored packet no longer verifies.
        StoreDamaged: If a stored packet cannot be opened.
    """
    queue = context.stores.index_queue
    for packet_id in queue.damaged():  # its values are unknown: the caller may not go on
        _index(context, packet_id)
    while due := queue.due():
        for packet_id in due:
            _index(context, packet_id)


def _index(context: NodeContext, packet_id: bytes) -> None:
    try:
        for _ in _steps(context, packet_id):
            pass
    except UNREADABLE as error:
        raise type(error)(_unreadable_text(packet_id, error)) from error


async def index_in_turns(context: NodeContext) -> None:
    """Indexes as ``index_values``, while other tasks run between two steps.

    Packets that cannot be opened are left out; see ``IndexQueue.unreadable``.
    """
    queue = context.stores.index_queue
    while due := queue.due():
        async for _ in in_turns(_steps_of(context, due)):
            pass
    while context.stores.search_texts.unite():
        await asyncio.sleep(0)


def _steps_of(context: NodeContext, packets: Iterable[bytes]) -> Iterator[None]:
    for packet_id in packets:
        try:
            yield from _steps(context, packet_id)
        except UNREADABLE as error:
            report_unreadable(context, packet_id, error)
        yield


def report_unreadable(context: NodeContext, packet_id: bytes, error: TearlineError) -> None:
    """Records that a packet cannot be opened, and raises an alarm.

    Args:
        context: The node.
        packet_id: 32 bytes.
        error: The reason.
    """
    with context.stores.database.transaction():
        context.stores.index_queue.set_unreadable(packet_id)
    context.alarm(type(error)(_unreadable_text(packet_id, error)), packet_id)


def _unreadable_text(packet_id: bytes, error: TearlineError) -> str:
    return f"packet {packet_id.hex()[:12]} cannot be read: {error.why or error.what}"


def _steps(context: NodeContext, packet_id: bytes) -> Iterator[None]:
    """Indexes a packet, and yields after each transaction."""
    stores = context.stores
    keys = stores.packets.keys_state(packet_id)
    if not keys:  # erased: a trigger has ended it
        return
    try:
        shown = context.open_view(packet_id)
    except PacketFrozen:
        with stores.database.transaction():
            if stores.packets.is_frozen(packet_id):
                stores.index_queue.freeze(packet_id)
        return
    texts = _texts(opened.field for opened in shown.view.fields)
    is_due = True
    while is_due:
        with stores.database.transaction():
            # A key that came or went meanwhile must not count as indexed.
            if keys != stores.packets.keys_state(packet_id):
                return
            is_due = _index_some(context, packet_id, shown.manifest, texts)
        yield


def _index_some(
    context: NodeContext, packet_id: bytes, manifest: Manifest, texts: Sequence[_Text]
) -> bool:
    """Does the next step of a packet, in the caller's transaction; returns whether it was one."""
    stores, queue = context.stores, context.stores.index_queue
    begin = queue.done(packet_id)
    if begin is None:
        return False  # erased, or indexed by another process
    if begin == 0:
        stores.search_texts.forget(packet_id)
        if stores.values.forget(packet_id, STEP_TEXTS):
            return True
    end = _step_end(texts, begin)
    some = texts[begin:end]
    stores.search_texts.put(
        packet_id,
        part=begin,
        is_whole=end - begin == len(texts),
        kind=manifest.kind.value,
        case_id=manifest.case_id,
        lines=index_lines((each.text, each.is_name) for each in some if each.is_best),
    )
    ours = agency_uri_of(manifest.header.signer) == context.agency
    own_sources = set() if ours else stores.own_sources.paths(packet_id)
    stores.values.put(
        packet_id,
        (each.text for each in some),
        own=ours and not manifest.derived_from,
        telling=()
        if ours
        else {
            each.text
            for each in some
            if is_telling(each.field.marking) and each.field.path not in own_sources
        },
    )
    if end < len(texts):
        queue.proceed(packet_id, end)
    else:
        queue.finish(packet_id)
    return end < len(texts)


def _step_end(texts: Sequence[_Text], begin: int) -> int:
    """Returns the end of a step that begins at a text: one text at least, if there is one."""
    sizes = accumulate(len(each.text) for each in texts[begin : begin + STEP_TEXTS])
    fitting = sum(1 for _ in takewhile(lambda size: size <= _STEP_CHARACTERS, sizes))
    return min(begin + max(fitting, 1), len(texts))


def _texts(fields: Iterable[Field]) -> tuple[_Text, ...]:
    """Returns the texts of a packet in a fixed order."""
    readable = [field for field in fields if field.media_type == TEXT]
    best: dict[str, Field] = {}  # the most revealing form of each path, as ``View.best``
    for field in readable:
        known = best.get(field.path)
        if known is None or known.form < field.form:
            best[field.path] = field
    return tuple(
        _Text(field=field, text=text, is_name=is_name, is_best=best[field.path] is field)
        for field in readable
        for text, is_name in compared_texts(field)
    )
