"""Each act of a person at the node leaves a trace: an entry of its access log, or a reason."""

import inspect
import re
from collections.abc import Iterator, Mapping

from tearline.audit.event import EventCode
from tearline_client.features.feeds.accounts import ServiceAccounts
from tearline_client.features.feeds.drafts import FeedDrafts
from tearline_client.namespaces import assembly
from tearline_client.node import Node
from tearline_client.persons.register import PersonRegister
from tearline_client.persons.sign_ins import SignIns

_WRITES = re.compile(
    r"\.(transaction|sending|publish|decide|put|destroy|flush|sign|put_on_record)\("
    r"|_access\.(act|record)\(|_record\(|_publish\("
    r"|_(decisions|records|steps|issuer|passkeys|links|persons)"
    r"\.(add\w*|admit|change\w*|disable|disclose|enrol|link|record|remove\w*|rotate|revoke|say|send"
    r"|set_\w+|take\w*|unlink)\("
)
_RECORDS = re.compile(r"_access\.act\(|_(decisions|steps)\.decide\(")
_GRANT = "its grants name the persons in the exchange's log, and the packet is stored here"
_CARRIED = "a part of what `decide` began, which recorded the act"
_ROOT = "the root's passphrase authorises it, and the log has the record that it signs"
_KEY = "the node's own keys: the log has each record, and no person decides about one"
_SIGNED = "it sends what each party signed, and each signature is an entry"
_NODE = "the node's own work"
_EVENT = "its statement names the person in the exchange's log"
_PLACE = "it changes no packet, right or statement"
_STATED = "it is stored with the officer's name and reason"

TRACES: Mapping[EventCode | str, tuple[str, ...]] = {
    EventCode.ACCESS_ACTED: (
        "agreements.draft agreements.sign",
        "approvals.approve approvals.draft approvals.draft_answer approvals.draft_consent",
        "approvals.draft_disclosure",
        "case_decisions.answer case_decisions.invite case_decisions.open case_decisions.take",
        "consents.ask consents.pass_on consents.refuse consents.withdraw",
        "decisions.decide decisions.forget",
        "erasures.draft erasures.sign",
        "node.forget_quarantined node.take_over",
        "proposals.decline proposals.propose proposals.sign",
        "recalls.end_hold recalls.erase recalls.erase_for recalls.keep recalls.recall",
        "requests.admit requests.answer requests.authorise requests.clarified requests.clarify",
        "requests.close requests.confirm requests.contest requests.extend requests.lower",
        "requests.permit requests.refuse requests.reject requests.withdraw",
    ),
    EventCode.ACCESS_DISCARDED: (
        "approvals.reject approvals.expire drafts.discard drafts.importing drafts.expire",
    ),
    EventCode.ACCESS_DRAFTED: ("drafts.submit",),
    EventCode.ACCESS_OPEN: (
        "approvals.review corrections.corrected packets.contents packets.disclosure",
        "packets.documents packets.fields packets.fields_of packets.headings packets.read",
        "packets.receive_document packets.show requests.show requests.overturned drafts.open",
    ),
    EventCode.ACCESS_EXPORT: ("packets.export packets.export_in_steps",),
    EventCode.ACCESS_PRINT: ("packets.print",),
    EventCode.ACCESS_READ: ("audit.access",),
    EventCode.ACCESS_SEARCH: ("audit.packets_with audit.who_saw_value packets.search",),
    EventCode.SIGN_IN: ("sign_ins.record sign_ins.record_refusal",),
    EventCode.PERSON_ADDED: ("accounts.add register.add",),
    EventCode.PERSON_CODE: ("register.enrol",),
    EventCode.PERSON_DISABLED: ("accounts.remove register.disable",),
    EventCode.PERSON_ROLES: ("sign_ins.admit",),
    EventCode.PASSKEY_ADDED: ("sign_ins.enrol sign_ins.add_passkey",),
    EventCode.PASSKEY_REMOVED: ("register.remove_passkey sign_ins.remove_passkey",),
    EventCode.ACCOUNT_LINKED: ("sign_ins.link",),
    EventCode.ACCOUNT_REMOVED: ("register.unlink",),
    _GRANT: (
        "answers.send consents.give decisions.disclose decisions.send imports.publish",
        "imports.send packets.disclose packets.send requests.submit",
    ),
    _CARRIED: (
        "cases.answer cases.close cases.decline cases.invite cases.join cases.leave",
        "cases.open consents.give_by decisions.do decisions.drop decisions.store",
    ),
    _ROOT: (
        "federation.invitation federation.leave federation.remove federation.rotate_root",
        "federation.vote federation.vote_by_file federation.write_vote keys.revoke",
    ),
    _KEY: ("keys.rotate_cosigning keys.rotate_encryption keys.take_signing_record",),
    _NODE: (
        "cosigning.accuse cosigning.add_checkpoint cosigning.compare cosigning.cosign",
        "cosigning.follow cosigning.investigate cosigning.judge cosigning.mirrored",
        "cosigning.turn decisions.run federation.follow notifications.scan",
        "drafts.find drafts.get drafts.list drafts.verify_free",
    ),
    _EVENT: (
        "audit.entry packets.confirm_read suspensions.end suspensions.resume suspensions.suspend",
    ),
    _PLACE: ("imports.forget sign_ins.set_zone",),
    _SIGNED: ("agreements.publish erasures.publish",),
    _STATED: ("log.resume own_sources.record",),
}


SERVICES: Mapping[str, type] = {
    "accounts": ServiceAccounts,
    "drafts": FeedDrafts,
    "node": Node,
    "register": PersonRegister,
    "sign_ins": SignIns,
} | {
    name: getattr(assembly, kind)
    for name, kind in re.findall(
        r"self\.([a-z]\w*) = ([A-Z]\w+)\(", inspect.getsource(assembly.Assembly.__init__)
    )
}


def sources(kind: type, name: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The source of a method, and of the service's own ones that it calls."""
    method = inspect.getattr_static(kind, name, None)
    if name in seen or not inspect.isfunction(method):
        return
    source = inspect.getsource(method)
    yield source
    for called in re.findall(r"self\.(_?\w+)\b", source):
        yield from sources(kind, called, seen | {name})


def acts(service: str, kind: type) -> Iterator[str]:
    """The public methods of a service that change what the node keeps or says."""
    for name, _ in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_") and _WRITES.search("".join(sources(kind, name))):
            yield f"{service}.{name}"


def test_each_act_names_its_entry_or_why_it_has_none() -> None:
    found = {act for service, kind in SERVICES.items() for act in acts(service, kind)}
    named = [act for lines in TRACES.values() for line in lines for act in line.split()]
    assert sorted(named) == sorted(set(named))
    assert found - {*named} == set()
    assert {*named} - found == set()


def test_each_act_that_names_an_entry_of_its_own_writes_it() -> None:
    acted = [act for line in TRACES[EventCode.ACCESS_ACTED] for act in line.split()]
    for act in acted:
        service, name = act.split(".")
        assert _RECORDS.search("".join(sources(SERVICES[service], name))), act
