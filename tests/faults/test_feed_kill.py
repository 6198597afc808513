"""kill -9 between the erasure of a packet and the update of its feed: no program gets its values.

The process that reads the recall ends itself once it has erased, and before it reads the packets
of the feed anew. A later process serves that feed, from rows that are older than the erasure.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.federation import MX, ORDER, PASSPHRASE, Agency, serving
from tearline_client.node import Node
from tearline_client.taxii.answers import MEDIA_TYPE
from tearline_client.taxii.app import ROOT, taxii_application

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KILLED = -9
ERASING = """
import asyncio, os, signal, sys
from tearline_client.node import Node

async def main():
    home, passphrase, exchange = sys.argv[1:]
    opening = Node.open(home, passphrase=passphrase.encode(), address=exchange)
    async with await opening as node:
        await node.feeds.update()
        await node.sync()
        await node.receive()
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def served(agency: Agency, token: str) -> tuple[str, str]:
    """The first pages of a feed, objects and manifest, of a process that updates nothing before."""
    async with await Node.open(agency.home, passphrase=PASSPHRASE.encode()) as node:
        faults: list[str] = []
        application = taxii_application(node, report=faults.append)
        headers = {"accept": MEDIA_TYPE, "authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="https://taxii.example"
        ) as client:
            (told,) = (await client.get(f"{ROOT}collections/", headers=headers)).json()[
                "collections"
            ]
            path = f"{ROOT}collections/{told['id']}/"
            pages = [
                (await client.get(path + each, headers=headers)).text
                for each in ("objects/", "manifest/")
            ]
        assert faults == []
        return pages[0], pages[1]


def is_of_packet(made: dict[str, Any]) -> bool:
    """Whether an object is an identity with fields of a packet."""
    return made["type"] == "identity" and "object_marking_refs" in made


def test_a_feed_that_is_older_than_an_erasure_gives_no_value(tmp_path: Path) -> None:
    with serving(tmp_path / "federation") as federation:
        us, mx = federation.us, federation.mx
        sent = us.done_here(
            "packet", "send", str(federation.lead()), "--to", MX, *ORDER, "--yes", "-o", "json"
        )
        (packet,) = {row["packet"] for row in sent.rows}
        mx.done_here("node", "sync")
        article = "narcotics-2026/money-laundering"
        (added,) = mx.done_here(
            "taxii", "account", "add", "siem", "--article", article, "-o", "json"
        ).rows
        before, listed = asyncio.run(served(mx, added["token"]))
        names = {each["name"] for each in json.loads(before)["objects"] if is_of_packet(each)}
        assert names
        us.done_here("packet", "recall", packet, "--reason", "mistake", "--yes")
        killed = subprocess.run(
            [
                *(sys.executable, "-c", ERASING),
                *(str(mx.home), PASSPHRASE, federation.operator.address),
            ],
            env=mx.environment,
        )
        assert killed.returncode == KILLED

        after, manifest = asyncio.run(served(mx, added["token"]))
        ids = {each["id"] for each in json.loads(listed)["objects"]}
        objects = json.loads(after)["objects"]
        assert not [name for name in names if name in after]
        assert not [each for each in objects if is_of_packet(each) and not each.get("revoked")]
        assert any(each.get("revoked") for each in objects)
        assert {each["id"] for each in json.loads(manifest)["objects"]} <= ids
