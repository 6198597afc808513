"""The hostile member as a process: it does what chance draws until it is told to stop.

    python hostile_program.py SETTINGS

SETTINGS is a file of JSON: its homes, where the exchange is, a seed, which acts to draw from, and
which to do first, once each, in an order that is drawn. Each act is a line of JSON on standard
output: its name, how long it took, and how it ended.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from faults.hostile_acts import ACTS, REFUSED
from faults.hostile_member import Hostile, opened
from faults.hostile_records import Told
from tearline.crypto.armor import Armor, parse_armor


async def main(settings: dict[str, Any]) -> None:
    """Draws act after act."""
    stop, folder = asyncio.Event(), Path(settings["folder"])
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with opened(
        folder / settings["home"],
        folder / settings["puppet"],
        passphrase=settings["passphrase"].encode(),
        exchange=settings["exchange"],
        victims=settings["victims"],
        http=settings["http"],
        others=parse_armor(Armor.AGREEMENT, (folder / settings["others"]).read_text()),
        chance=random.Random(settings["seed"]),
    ) as hostile:
        say(what="ready")
        first = hostile.chance.sample(settings["first"], len(settings["first"]))
        while not stop.is_set():
            name = first.pop() if first else hostile.chance.choice(settings["acts"])
            act = asyncio.ensure_future(do(hostile, name))
            halt = asyncio.ensure_future(stop.wait())
            await asyncio.wait({act, halt}, return_when=asyncio.FIRST_COMPLETED)
            halt.cancel()
            act.cancel()
            with suppress(asyncio.CancelledError):
                await act  # an act that fails by itself ends the program: it would show nothing


async def do(hostile: Hostile, name: str) -> None:
    """Does one thing, and says how it went."""
    began, ended = time.monotonic(), "cut short"
    hostile.answers = Counter()
    say(what="begins", act=name, at=began)
    try:
        await ACTS[name](hostile)
        ended = ""
    except Told as told:
        ended = f"told: {told}"
    except REFUSED as error:
        ended = f"{type(error).__name__}: {error}"
    finally:
        seconds = round(time.monotonic() - began, 2)
        say(what="ends", act=name, at=began, seconds=seconds, ended=ended, answers=hostile.answers)
        await hostile.let_go()


def say(**line: object) -> None:
    """Prints a line of JSON at once."""
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
