"""``node.packets``, ``agreements``, ``log`` and ``directory``: records without contents."""

from dataclasses import fields

import pytest

from support.cli import OUR_NAME, OUR_NODE, Desk
from support.simulation import PASSPHRASE
from tearline.errors import NotFound
from tearline_client import SyncNode
from tearline_client.features.packets.records import PacketRecord


def test_a_record_of_a_packet_holds_no_contents() -> None:
    assert {each.name for each in fields(PacketRecord)} == {
        "id",
        "origin",
        "received_ms",
        "manifest",
    }


def test_records_are_read_by_prefix_and_name(desk: Desk) -> None:
    with SyncNode.open(desk.folder / OUR_NAME, passphrase=PASSPHRASE) as node:
        packet = bytes.fromhex(desk.packet)
        assert node.packets.find(desk.packet[:12]) == packet
        record = node.packets.get(packet)
        assert (record.id, record.origin) == (packet, OUR_NODE)
        assert record in node.packets.list()
        assert node.packets.ids() == tuple(each.id for each in node.packets.list())
        assert node.packets.manifest(packet) == record.manifest
        assert not node.packets.is_frozen(packet)
        assert node.packets.repeats(packet) == ()
        with pytest.raises(NotFound):
            node.packets.get(bytes(32))
        terms = node.agreements.newest(record.manifest.agreement.id)
        assert terms in node.agreements.list()
        assert node.agreements.by_name(terms.name) == terms
        (grant, *_) = node.packets.grants(packet)
        assert grant.grant.address.agreement_id == terms.id


def test_the_log_and_the_directory_are_read(desk: Desk) -> None:
    with SyncNode.open(desk.folder / OUR_NAME, passphrase=PASSPHRASE) as node:
        node.log.follow()
        signed = node.log.checkpoint()
        assert signed is not None
        assert node.log.evidence() == ()
        assert node.log.resume("lin: there was none") == 0
        names = {agency.name for agency in node.directory.members().agencies}
        assert OUR_NAME in names
        assert node.directory.node_of("mx-prosecutor") == node.directory.node_of("mx-prosecutor")
        assert len(node.directory.federation()) == 32
