"""kill -9 while a large document is sent or fetched: nothing is lost; a fetch repeats one part.

Sender and recipient are processes that end themselves at a moment between two parts, or within
one. The next command continues where the killed one ended.
"""

from pathlib import Path

import pytest

from faults import soak
from faults.commands import CALLS, Life, commands_of
from support.federation import MX, ORDER, serving
from tearline.blobs.parts import PART_PLAIN_BYTES

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PARTS = 6
KILLS = 4
READ = "a person read the document"
SENDING = 40  # moments of a sender after its act: most of them are ends of calls with a part
FETCHING = 2 + 2 * PARTS  # ends of the calls of a recipient
KILLED = -9


def calls(lives: list[Life], method: str) -> int:
    """The calls of a method in all lives."""
    moments = [moment for life in lives for moment in life.moments]
    return sum(each.startswith(CALLS) and each.endswith(method) for each in moments)


def test_a_document_survives_each_kill(tmp_path: Path) -> None:
    chance = soak.chance()
    seen: set[str] = set()
    with (
        serving(tmp_path / "federation") as federation,
        commands_of(federation.us) as sender,
        commands_of(federation.mx) as recipient,
    ):
        for number in range(KILLS):
            image, out = tmp_path / f"image{number}.dd", tmp_path / f"out{number}"
            image.write_bytes(chance.randbytes((PARTS - 1) * PART_PLAIN_BYTES + 1))
            out.mkdir()
            send = (
                "packet",
                "send",
                str(federation.lead()),
                "--to",
                MX,
                *ORDER,
                "--yes",
                f"--repeats={READ}",
            )
            sent = sender.run(*send, "--attach", str(image), kill_at=chance.randrange(SENDING))
            assert sent.ended.status in (0, KILLED), sent
            if not sent.is_decided:  # it stored nothing, so the person repeats it
                assert sender.run(*send, "--attach", str(image)).ended.status == 0
            federation.us.done_here("node", "sync")
            rows = federation.mx.done_here("packet", "list", "-o", "json").rows
            (packet,) = {row["packet"] for row in rows} - seen
            seen.add(packet)
            export = ("packet", "export", packet, "--documents", str(out))
            lives = [recipient.run(*export, kill_at=chance.randrange(FETCHING))]
            assert lives[0].ended.status == KILLED, lives
            assert not any(out.iterdir())  # no plaintext is left
            lives.append(recipient.run(*export))
            assert lives[1].ended.status == 0, lives
            (written,) = out.iterdir()
            assert written.read_bytes() == image.read_bytes()
            assert PARTS <= calls(lives, "Get") <= PARTS + 1
            assert not list((federation.mx.home / "documents").glob("*/*"))
