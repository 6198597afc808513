"""What an honest agency goes on doing beside a hostile member: each sends, receives, stops, votes.

Every act is a command of the agency on a connection of its own, run in the test's process: the
exchange and the daemons of the agencies, which work on the same homes, are others.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from faults.load import NAMES, node_rows, rows
from support.federation import CN, MX, ORDER, US, Federation

READERS = {US: CN, CN: MX, MX: US}
OFFICER = ("--as", "ana")
SIZE = "SELECT max(idx) + 1 FROM event"
Await = Callable[[Callable[[], bool], str], None]


@dataclass(kw_only=True)
class Honest:
    """The three, and what they did by commands.

    Attributes:
        federation: Their homes.
        stoppable: The agreement with the hostile member that each agency suspends, by its name.
        sent: Packets, by their id.
        stopped: Agreements, and the entries of the log between which each was suspended.
    """

    federation: Federation
    stoppable: Mapping[str, str]
    sent: set[str] = field(default_factory=set)
    stopped: list[tuple[str, range]] = field(default_factory=list)

    def connect(self) -> None:
        """Has each read what there is for it."""
        for name in NAMES:
            self.federation.agencies[name].done_here("node", "sync")

    def act(self, vote: Callable[[], None], await_: Await) -> None:
        """Has each suspend its agreement, send a packet, receive one, vote, and resume.

        Args:
            vote: The votes of all.
            await_: Waits until something is so: that a packet arrived.
        """
        since = {name: self._suspend(name) for name in NAMES}
        sent = {name: self._send(name) for name in NAMES}
        self.sent |= {*sent.values()}
        vote()
        for name, packet in sent.items():
            reader = READERS[name]
            await_(
                lambda reader=reader, packet=packet: self._has(reader, packet),
                f"{reader} has what {name} sent",
            )
        for name in NAMES:
            self._resume(name, since[name])

    def amend(self) -> None:
        """The votes of all three for another threshold, which takes each of them."""
        us, cn, mx = (self.federation.agencies[name] for name in NAMES)
        rules = us.done_here("federation", "rules", "-o", "json").rows
        votes = {row["decision"]: row["votes"] for row in rules}
        other = {3: "4", 4: "3"}[votes["cosigners"]]
        us.done_here("federation", "rules", "--cosigners", other, "--yes")
        for voter, end in ((cn, "1 vote missing"), (mx, "Decided: amend")):
            voter.done_here("node", "sync")
            (pending,) = voter.done_here("federation", "pending", "-o", "json").rows
            assert end in voter.done_here("federation", "vote", pending["content"], "--yes").err

    def remove(self, member: str) -> None:
        """The votes of all three to remove a member, which takes each of them."""
        ends = ("2 votes missing", "1 vote missing", "Decided: remove")
        for name, end in zip(NAMES, ends, strict=True):
            vote = ("federation", "vote", "--remove", member, "--yes")
            assert end in self.federation.agencies[name].done_here(*vote).err

    def _size(self) -> int:
        ((size,),) = rows(self.federation.operator.home / "exchange.db", SIZE)
        return int(size)

    def _suspend(self, name: str) -> int:
        words = ("agreement", "suspend", self.stoppable[name], "--reason", "security", "--yes")
        said = self.federation.agencies[name].done_here(*words, *OFFICER).err
        assert "not notified" not in said, said
        return self._size()

    def _resume(self, name: str, since: int) -> None:
        agreement, until = self.stoppable[name], self._size()
        said = self.federation.agencies[name].done_here("agreement", "resume", agreement, *OFFICER)
        assert "is resumed" in said.err, said
        self.stopped.append((agreement, range(since, until)))

    def _send(self, name: str) -> str:
        file = self.federation.folder / f"{name}.{len(self.sent)}.jsonl"
        person = {"name": [f"Qiu {len(self.sent)}, by the hand of {name}"]}
        file.write_text(json.dumps({"id": "p", "schema": "Person", "properties": person}) + "\n")
        words = ("packet", "send", str(file), "--to", READERS[name], *ORDER, "--yes", *OFFICER)
        (sent,) = self.federation.agencies[name].done_here(*words, "-o", "json").rows
        return str(sent["packet"])

    def _has(self, name: str, packet: str) -> bool:
        found = f"SELECT 1 FROM packet_grant WHERE incoming = 1 AND packet = x'{packet}'"
        return bool(node_rows(self.federation.agencies[name], found))
