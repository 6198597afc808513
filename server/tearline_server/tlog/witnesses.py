"""External witnesses: the exchange asks them to cosign its checkpoints (c2sp.org/tlog-witness).

Agencies' nodes connect by themselves; witnesses are called. Each has its own task, so a slow or
absent witness delays neither other witnesses nor any acknowledgement.
"""

import asyncio
import logging
import ssl
from urllib.parse import urlsplit

import h11

from tearline.encoding import parse_decimal
from tearline.errors import CheckpointUnsigned, CosignerElsewhere, TearlineError
from tearline.federation.cosigning import AddCheckpoint
from tearline.limits import (
    COSIGN_WAIT_MS,
    MAX_CHECKPOINT_BYTES,
    MAX_HTTP_HEAD_BYTES,
    MAX_LOG_SIZE,
    WITNESS_LIMIT_S,
    WITNESS_RETRY_S,
)
from tearline_server.config import Witness
from tearline_server.tlog.cosignatures import Cosignatures
from tearline_server.tlog.log import AuditLog

_log = logging.getLogger(__name__)

_PATH = "/add-checkpoint"
_READ_BYTES = 16 << 10


async def ask_on(witness: Witness, log: AuditLog, cosignatures: Cosignatures) -> None:
    """Asks a witness to cosign the log as it grows, until cancelled.

    Args:
        witness: The witness.
        log: The log.
        cosignatures: The collector of its signature lines.
    """
    # The position of a witness is not stored: it reports it when asked from size 0.
    known = 0
    while True:
        try:
            size, note = await log.beyond(known, within_s=COSIGN_WAIT_MS / 1000)
            if size > known:
                answer = await _ask(witness, log, known, size, note)
                await cosignatures.take_witness(witness.key, note, answer)
                known = size
        except (OSError, h11.ProtocolError, TearlineError) as error:
            told = {"witness": witness.key.name, "why": str(error) or type(error).__name__}
            _log.warning("a witness did not cosign", extra=told)
            await asyncio.sleep(WITNESS_RETRY_S)


async def _ask(witness: Witness, log: AuditLog, old: int, size: int, note: bytes) -> bytes:
    """Offers a checkpoint to a witness, twice if it is at another size; returns its answer.

    Raises:
        TearlineError: If it does not cosign.
        OSError: If it cannot be reached in time.
    """
    status, answer = await _offer(witness, log, old, size, note)
    if status == 409:
        told = answer.decode("ascii", "replace").removesuffix("\n")
        old = parse_decimal(told, maximum=MAX_LOG_SIZE)
        if old > size:
            raise CosignerElsewhere(f"it cosigned {old} entries, and the log has {size}")
        status, answer = await _offer(witness, log, old, size, note)
    if status != 200:
        raise CheckpointUnsigned(f"size {size}: it answered with status {status}")
    return answer


async def _offer(
    witness: Witness, log: AuditLog, old: int, size: int, note: bytes
) -> tuple[int, bytes]:
    path = await log.consistency(old, size)
    offered = AddCheckpoint(old_size=old, path=path, note=note)
    async with asyncio.timeout(WITNESS_LIMIT_S):
        return await _post(witness.url + _PATH, offered.encode())


async def _post(url: str, body: bytes) -> tuple[int, bytes]:
    """Returns the status and the content of one POST, over its own connection."""
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    try:
        client = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HTTP_HEAD_BYTES)
        lines = [
            ("Host", parts.netloc),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        head = h11.Request(method="POST", target=parts.path, headers=lines)
        for sent in (head, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(client.send(sent) or b"")
        status, content = 0, b""
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                client.receive_data(await reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > MAX_CHECKPOINT_BYTES:
                    raise h11.RemoteProtocolError("the answer is too large")
        return status, content
    finally:
        writer.transport.abort()
