"""The witness port: the node's copy of the log, and cosignatures on request.

It serves ``/checkpoint`` and ``/tile/…`` as the exchange does, from entries that this node
verified, and ``POST /add-checkpoint`` of c2sp.org/tlog-witness. Callers are anonymous: an offer is
valid by the log's signature alone, and a caller can only cause cosignatures that the node would
give anyway. Specified in docs/spec/log-v1.md, section 9.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tearline.errors import (
    CheckpointForeign,
    CheckpointForged,
    CheckpointUnsigned,
    CosignerElsewhere,
    LogError,
    LogForked,
    LogInconsistent,
    NoteMalformed,
    ProofMalformed,
    TearlineError,
)
from tearline.federation.cosigning import parse_add_checkpoint
from tearline.limits import MAX_LOG_PROOF_BYTES
from tearline.tlog.tiles import Tile
from tearline_client.context import NodeContext
from tearline_client.cosigning.cosigner import Cosigner
from tearline_runtime.http import NEVER, TEXT, listening, log_application, refusal, reply, sent_path

ADD_CHECKPOINT = "/add-checkpoint"
SIZE = "text/x.tlog.size"


def witnessing(
    address: str, context: NodeContext, cosigner: Cosigner, report: Callable[[str], None]
) -> AbstractAsyncContextManager[int]:
    """Serves the witness port in this event loop, and drains it at the end; yields the port.

    Args:
        address: host:port; port 0 selects a free one.
        context: The node whose copy of the log is served.
        cosigner: Decides on cosignatures.
        report: Called with evidence against the log, and with faults here.

    Raises:
        SettingInvalid: If the address is not available.
    """

    async def add_checkpoint(request: Request) -> Response:
        if sent_path(request) != ADD_CHECKPOINT:
            raise HTTPException(404)
        try:
            offered = parse_add_checkpoint(await _body(request))
            line = await cosigner.add_checkpoint(offered)
        except LogError as error:
            if isinstance(error, LogForked):
                report(str(error))
            status = _status(error)
            if status == 409:
                size = f"{cosigner.seen.size}\n".encode()
                return reply(size, SIZE, NEVER, status=status)
            if status is not None:
                return refusal(status)
            raise
        return reply(f"{line.encode()}\n".encode(), TEXT, NEVER)

    def fault(error: TearlineError) -> None:
        report(f"The witness port could not answer: {error}")

    return listening(
        address,
        log_application(
            _Mirror(context, cosigner),
            posts=[Route(ADD_CHECKPOINT, add_checkpoint, methods=["POST"])],
            fault=fault,
        ),
    )


class _Mirror:
    """The node's copy of the log, readable in tiles."""

    def __init__(self, context: NodeContext, cosigner: Cosigner) -> None:
        self._context = context
        self._cosigner = cosigner

    async def checkpoint(self) -> bytes:
        return self._cosigner.mirrored()

    async def tile(self, tile: Tile) -> bytes:
        return self._context.stores.log.tile(tile)


async def _body(request: Request) -> bytes:
    """Returns the body, read only up to its size limit."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_LOG_PROOF_BYTES:
            break
    return body


def _status(error: LogError) -> int | None:
    """Returns tlog-witness's status for ``error``; None if it is not the caller's fault."""
    match error:
        case NoteMalformed():
            return 400
        case CheckpointUnsigned() | CheckpointForged():
            return 403
        case CheckpointForeign():
            return 404
        case CosignerElsewhere() | LogForked():
            return 409
        case ProofMalformed() | LogInconsistent():
            return 422
        case _:  # an error of ours: tlog-witness has no status for it
            return None
