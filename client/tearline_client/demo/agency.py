"""One agency of the demo in its own process: a real home, a real node, real connections.

The process reads one act as a JSON line on standard input, performs it, and answers with one JSON
line: ``{"ok": …}`` or ``{"error": code, "why": …}``. The acts are those of the command line.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tearline.crypto.armor import Armor
from tearline.errors import TearlineError
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline_client.demo.acts import CooperationActs, PacketActs
from tearline_client.enrolment import (
    Passphrases,
    found_agency,
    read_agency,
    read_exchange,
    read_signed,
    write_signed,
)
from tearline_client.founding.charter_file import (
    draft_charter,
    pin,
    read_federation,
    sign_charter,
    signers_of_charter,
    write_federation,
)
from tearline_client.keys.home import Home, Identity
from tearline_client.node import Node
from tearline_client.persons.issuer import LocalIssuer

PASSPHRASE = b"the demo keeps no secret"


class Agency(PacketActs, CooperationActs):
    """Acts of one agency: those here found it, agree, and open and close its node."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = Home(home)
        self._passphrases = Passphrases(node=PASSPHRASE, root=PASSPHRASE)

    async def found(self, agency: str, domain: str) -> str:
        """Creates the agency; returns its enrolment file."""
        identity = Identity(agency=agency, domain=domain, node="liaison")
        found_agency(self._home, identity, self._passphrases)
        return str(self._home.path / f"{agency}.agency")

    async def draft_charter(self, exchange: str, agencies: list[str], target: str) -> str:
        """Drafts the charter; returns the federation id."""
        drafted = draft_charter(
            self._home,
            PASSPHRASE,
            name="demonstration",
            exchange=read_exchange(Path(exchange)),
            founders=[read_agency(Path(path)) for path in agencies],
        )
        write_federation(Path(target), drafted)
        return drafted.federation.hex()

    async def sign_charter(self, path: str) -> int:
        """Signs the charter; returns the number of root signatures."""
        complete = sign_charter(self._home, PASSPHRASE, read_federation(Path(path)))
        write_federation(Path(path), complete)
        return len(signers_of_charter(complete))

    async def pin(self, path: str) -> None:
        """Pins the federation."""
        pin(self._home, self._passphrases, read_federation(Path(path)))

    async def write_policy(self, text: str) -> None:
        """Writes the agency's own policies."""
        self._home.own_policy.parent.mkdir(mode=0o700, exist_ok=True)
        self._home.own_policy.write_text(text, encoding="utf-8")

    async def open(self) -> dict[str, object]:
        """Opens the node, reads the log and publishes its keys."""
        self._opened = await Node.open(self._home.path, passphrase=PASSPHRASE)
        await self._node.sync()
        status = self._node.status()
        return {"node": status.uri, "log": status.log_size, "keys": len(status.keys)}

    async def draft_agreement(self, text: str, target: str) -> None:
        """Drafts an agreement, signed by this agency."""
        signed = self._node.agreements.draft(text)
        write_signed(Armor.AGREEMENT, Path(target), signed)

    async def sign_agreement(self, path: str) -> int:
        """Signs an agreement; returns the number of signatures."""
        signed = self._node.agreements.sign(read_signed(Armor.AGREEMENT, Path(path)))
        write_signed(Armor.AGREEMENT, Path(path), signed)
        return len(signed.statement.inclusions)

    async def publish_agreement(self, path: str) -> None:
        """Publishes an agreement at the exchange."""
        await self._node.agreements.publish(read_signed(Armor.AGREEMENT, Path(path)))

    async def receive(self) -> int:
        """Receives new messages; returns their number."""
        return await self._node.receive()

    async def agreements(self) -> list[str]:
        """Returns the names of the agreements of this node."""
        return [agreement.name for agreement in self._node.agreements.list()]

    async def add_person(self, name: str, role: str) -> None:
        """Adds a person and logs them in."""
        persons = LocalIssuer(self._node.keystore)
        persons.add(name, roles={Role(role)}, clearance=Tlp.RED, passphrase=PASSPHRASE)
        persons.login(name, PASSPHRASE, int(time.time()))

    async def put_aside(self) -> list[str]:
        """Returns the codes of the quarantine."""
        return [item.code for item in self._node.status().quarantined]

    async def close(self) -> None:
        """Closes the node."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None


async def serve(agency: Agency) -> None:
    """Answers acts until standard input ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        act: Callable[..., Any] = getattr(agency, asked.pop("act"))
        try:
            answer: dict[str, object] = {"ok": await act(**asked)}
        except TearlineError as error:
            answer = {"error": error.code, "why": error.why}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    await agency.close()


if __name__ == "__main__":
    asyncio.run(serve(Agency(Path(sys.argv[1]))))
