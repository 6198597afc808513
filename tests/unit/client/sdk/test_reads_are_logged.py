"""Contents of packets leave a node only with an entry in its own access log."""

import ast
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from support.cli import Desk
from support.paths import ROOT
from support.simulation import opened
from tearline_client.features.approvals.service import ApprovalService
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.corrections.service import CorrectionService
from tearline_client.features.requests.service import RequestService
from tearline_client.namespaces.audit import Audit
from tearline_client.namespaces.packets import Packets
from tearline_client.node import Node
from tearline_client.sync.forward import public_members

ABOVE_THE_NODE = ("cli", "console", "demo", "drafting", "rendering", "service", "sync")
OPENERS = {"open_view", "open_packet", "open_slot"}
CONTENTS = (
    "PacketView",
    "OpenedField",
    "PacketExport",
    "PrintedCopy",
    "ValueField",
    "RequestView",
    "RequestedItem",
    "Review",
    "ConsentView",
)
NAMESPACES = {
    "approvals": ApprovalService,
    "audit": Audit,
    "consents": ConsentService,
    "corrections": CorrectionService,
    "packets": Packets,
    "requests": RequestService,
}

READS: dict[str, Callable[[Node, bytes], Any]] = {
    "packets.documents": lambda node, packet: node.packets.documents(packet),
    "packets.export": lambda node, packet: node.packets.export([packet]),
    "packets.fields": lambda node, packet: node.packets.fields(packet, ["no such path"]),
    "packets.fields_of": lambda node, packet: node.packets.fields_of("Person"),
    "packets.print": lambda node, packet: node.packets.print(packet),
    "packets.read": lambda node, packet: node.packets.read(packet),
    "packets.search": lambda node, packet: node.packets.search("Qiu Wenhao"),
    "packets.show": lambda node, packet: node.packets.show(packet),
    "corrections.corrected": lambda node, packet: node.corrections.corrected(packet),
    "audit.exhibit": lambda node, packet: node.audit.exhibit(packet, ["Person/name"]),
    "audit.packets_with": lambda node, packet: node.audit.packets_with("Qiu Wenhao"),
    "audit.who_saw_value": lambda node, packet: node.audit.who_saw_value("Qiu Wenhao"),
}
UNLOGGED = {
    "approvals.review",
    "consents.giving",
    "requests.list",
    "requests.open",
    "requests.overturned",
    "requests.show",
}
"""Those that the node calls for its own duties, too; the threat model names them."""
WITHOUT_CONTENTS_HERE = {"packets.documents"}  # the lead has none, which is an error


def test_each_method_that_returns_contents_is_tried() -> None:
    found = {
        f"{name}.{method}"
        for name, kind in NAMESPACES.items()
        for method, member in public_members(kind).items()
        if any(each in str(inspect.signature(member).return_annotation) for each in CONTENTS)
    }
    assert found - READS.keys() == UNLOGGED
    assert "packets.show" in found


@pytest.mark.parametrize("method", sorted(READS.keys() - WITHOUT_CONTENTS_HERE))
async def test_what_returns_contents_is_logged(desk: Desk, method: str) -> None:
    async with opened(desk.template, desk.folder) as world:
        node = world.us.node
        await node.sync()
        store = node.audit._access.store
        before = len(list(store.rows()))
        found = READS[method](node, bytes.fromhex(desk.packet))
        if inspect.isawaitable(found):
            await found
        assert len(list(store.rows())) > before


def test_no_module_above_the_node_opens_a_packet() -> None:
    client = ROOT / "client" / "tearline_client"
    paths = [path for folder in ABOVE_THE_NODE for path in (client / folder).rglob("*.py")]
    opening = [
        f"{path.relative_to(client)}:{node.lineno}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_bytes()))
        if (isinstance(node, ast.Attribute) and node.attr in OPENERS)
        or (isinstance(node, ast.Name) and node.id in OPENERS)
    ]
    assert len(paths) > 50
    assert opening == []
