"""Disks that are full, under load: what cannot be kept is refused politely, and nothing is lost.

The exchange and a partner's node each have a small disk. It is filled up, and room is made again.
"""

from pathlib import Path

import pytest

from faults import soak
from faults.disk import SmallDisk
from faults.history import broken
from faults.load import SENDERS, loaded
from support.federation import CN, at_work, copied
from tearline.limits import MIN_FREE_BYTES

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROOM = MIN_FREE_BYTES + (64 << 20)


def test_full_disks_under_load(tmp_path: Path) -> None:
    federation = copied(tmp_path / "federation")
    operator, cn = federation.operator, federation.cn
    with SmallDisk(operator.home, ROOM) as exchanges, SmallDisk(cn.home, ROOM) as nodes:
        for program, disk in ((operator, exchanges), (cn, nodes)):
            disk.take(program.home)
            program.entrance = disk.entrance
        with loaded(federation) as load:
            for _ in soak.rounds("disk", lambda number: number >= 1):
                load.await_load(*SENDERS)
                # Nearly full: packets are told to come again, and no fault is met.
                faults = load.refusals("TL-REQ-003")
                exchanges.leave(MIN_FREE_BYTES // 2)
                load.await_code("TL-REQ-002")
                exchanges.leave(ROOM)
                load.await_load(*SENDERS)
                # Full from one moment to the next.
                exchanges.leave(0)
                load.await_code("TL-REQ-002")
                assert load.refusals("TL-REQ-003") == faults
                exchanges.leave(ROOM)
                load.await_load(*SENDERS)
                # A node's: it says so and waits, and nobody else is held up.
                told = load.nodes[CN].said.count("TL-STO-002")
                nodes.leave(0)
                load.await_(
                    lambda told=told: load.nodes[CN].said.count("TL-STO-002") > told,
                    "the node had no room",
                )
                load.await_load(*SENDERS)
                nodes.leave(ROOM)
                load.await_load(CN)
            load.stop()
        for program, disk in ((operator, exchanges), (cn, nodes)):
            disk.give_back(program.home)
            program.entrance = ()
    with at_work(operator):
        load.settle()
    assert broken(load.history()) == []
    assert operator.done("verify-log").out.endswith("all as they were logged\n")
