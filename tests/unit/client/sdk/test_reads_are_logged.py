"""Contents of packets leave a node only with an entry in its own access log."""

import ast
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from support.cli import AUDITOR, Desk
from support.node import context_of
from support.paths import ROOT
from support.simulation import opened
from tearline.errors import NotPermitted
from tearline.persons.tokens import Role
from tearline_client.context import NodeContext
from tearline_client.features.approvals.service import ApprovalService
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.corrections.service import CorrectionService
from tearline_client.features.feeds.accounts import FeedRole, ServiceAccount
from tearline_client.features.feeds.collection import Collection
from tearline_client.features.feeds.service import FeedService, Filter
from tearline_client.features.requests.service import RequestService
from tearline_client.namespaces.audit import Audit
from tearline_client.namespaces.packets import Packets
from tearline_client.node import Node
from tearline_client.sync.forward import public_members
from unit.client.console.browsers import add_person

ABOVE_THE_NODE = ("cli", "console", "demo", "drafting", "rendering", "service", "sync")
OPENERS = {"open_view", "open_packet", "open_slots"}
CONTENTS = (
    "PacketView",
    "OpenedField",
    "Disclosure",
    "PacketExport",
    "PrintedCopy",
    "ValueField",
    "RequestView",
    "RequestedItem",
    "Review",
    "ConsentView",
    "FeedPage",
)
NAMESPACES = {
    "approvals": ApprovalService,
    "audit": Audit,
    "consents": ConsentService,
    "feeds": FeedService,
    "corrections": CorrectionService,
    "packets": Packets,
    "requests": RequestService,
}


def account_of(node: Node) -> tuple[ServiceAccount, Collection]:
    """A new service account, and its collection."""
    collection = node.feeds.article("narcotics-2026/money-laundering")
    accounts = node.feeds.accounts
    accounts.add("siem", roles=[FeedRole.READER], collections=[collection])
    account = accounts.get("siem")
    assert account is not None
    return account, collection


READS: dict[str, Callable[[Node, bytes, str], Any]] = {
    "approvals.review": lambda node, pending, who: node.approvals.review(pending, person=who),
    "requests.show": lambda node, packet, who: node.requests.show(packet, person=who),
    "requests.overturned": lambda node, packet, who: node.requests.overturned(packet, person=who),
    "packets.disclosure": lambda node, packet, who: node.packets.disclosure(
        packet, "no such path", "mx-prosecutor", person=who
    ),
    "packets.contents": lambda node, packet, who: node.packets.contents([packet], person=who),
    "packets.documents": lambda node, packet, who: node.packets.documents(packet, person=who),
    "packets.export": lambda node, packet, who: node.packets.export([packet], person=who),
    "packets.export_in_steps": lambda node, packet, who: node.packets.export_in_steps(
        [packet], person=who
    ),
    "packets.fields": lambda node, packet, who: node.packets.fields(
        packet, ["no such path"], person=who
    ),
    "packets.fields_of": lambda node, packet, who: node.packets.fields_of("Person", person=who),
    "packets.print": lambda node, packet, who: node.packets.print(packet, person=who),
    "packets.read": lambda node, packet, who: node.packets.read(packet, person=who),
    "packets.search": lambda node, packet, who: node.packets.search("Qiu Wenhao", person=who),
    "packets.headings": lambda node, packet, who: node.packets.headings([packet], person=who),
    "packets.show": lambda node, packet, who: node.packets.show(packet, person=who),
    "corrections.corrected": lambda node, packet, who: node.corrections.corrected(
        packet, person=who
    ),
    "feeds.manifest": lambda node, packet, who: node.feeds.manifest(*account_of(node), Filter()),
    "feeds.objects": lambda node, packet, who: node.feeds.objects(*account_of(node), Filter()),
    "audit.exhibit": lambda node, packet, who: node.audit.exhibit(
        packet, ["Person/name"], person=who
    ),
    "audit.packets_with": lambda node, packet, who: node.audit.packets_with(
        "Qiu Wenhao", person=who
    ),
    "audit.who_saw_value": lambda node, packet, who: node.audit.who_saw_value(
        "Qiu Wenhao", person=who
    ),
}
WITHOUT_CONTENTS_HERE = {"packets.disclosure", "packets.documents"} | {
    "requests.overturned",
    "requests.show",
}
"""The lead has no such field and no document, and is no request, which is an error."""


def subject(node: Node, method: str, desk: Desk) -> bytes:
    """The id that a method reads by: the lead's, or that of a release of it that waits."""
    packet = bytes.fromhex(desk.packet)
    if method != "approvals.review":
        return packet
    path = node.packets.path_of(packet, "Person/name")
    return node.approvals.draft_disclosure(packet, path, "mx-prosecutor", person=AUDITOR)


async def read(node: Node, method: str, about: bytes, person: str) -> None:
    found = READS[method](node, about, person)
    if inspect.isawaitable(found):
        await found


def test_each_method_that_returns_contents_is_tried() -> None:
    found = {
        f"{name}.{method}"
        for name, kind in NAMESPACES.items()
        for method, member in public_members(kind).items()
        if any(each in str(inspect.signature(member).return_annotation) for each in CONTENTS)
    }
    assert found <= READS.keys()
    assert "packets.show" in found


@pytest.mark.parametrize("method", sorted(READS.keys() - WITHOUT_CONTENTS_HERE))
async def test_what_returns_contents_is_logged(desk: Desk, method: str) -> None:
    async with opened(desk.template, desk.folder) as world:
        node = world.us.node
        await node.sync()
        store = node.audit._access.store
        about = subject(node, method, desk)
        before = len(list(store.rows()))
        await read(node, method, about, "")
        added = 1 if method in BY_ACCOUNTS else 0  # the entry of the account itself
        assert len(list(store.rows())) > before + added


BY_ACCOUNTS = {"feeds.manifest", "feeds.objects"}  # programs read, and no persons
OF_ACTS = {"audit.packets_with", "audit.who_saw_value"}  # an auditor is told of acts, no contents


@pytest.mark.parametrize("method", sorted(READS.keys() - OF_ACTS - BY_ACCOUNTS))
async def test_an_auditor_is_refused_before_a_packet_is_opened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async with opened(desk.template, desk.folder) as world:
        add_person(world.us, "rita", Role.AUDITOR)
        node = world.us.node
        now_s = context_of(node).now_ms() // 1000
        node.sign_ins.renew("rita", now_s=now_s, ends_s=now_s + 60)
        about, tried = subject(node, method, desk), list[str]()
        monkeypatch.setattr(NodeContext, "open_view", lambda *_: tried.append("view"))
        with pytest.raises(NotPermitted):
            await read(node, method, about, "rita")
        assert tried == []


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
