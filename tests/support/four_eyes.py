"""Agreements that ask for four eyes, and persons who are logged in at a node."""

from dataclasses import replace

from support.node import context_of
from support.simulation import Member, Simulation
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline.statements.statement import ActedBy, StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.statements import Signed, signed
from tearline_client.persons.issuer import LocalIssuer


def log_in(member: Member, name: str, role: Role, agreement: str) -> ActedBy:
    """A person who is logged in at a member's node, as partners may know them."""
    issuer, node = LocalIssuer(member.node.keystore), member.node
    word = b"a word of theirs"
    issuer.add(name, roles=[role], clearance=Tlp.RED, passphrase=word)
    issuer.login(name, word, context_of(node).now_ms() // 1000)
    acted_by = node.persons.acted_by(name, node.agreements.by_name(agreement).id, role)
    assert acted_by is not None
    return acted_by


def amended(world: Simulation, name: str, **changes: object) -> Signed:
    """The next version of an agreement: its first article with these changes."""
    old = world.us.node.agreements.by_name(name)
    article, *others = old.terms.articles
    changed = replace(article, **changes)  # type: ignore[arg-type]
    terms = replace(old.terms, articles=(changed, *others))
    body = encode_agreement(replace(old, version=old.version + 1, terms=terms))
    return signed(world.us.signer.sign([(StatementType.AGREEMENT, body)]))


async def put_in_force(world: Simulation, drafted: Signed, *partners: Member) -> None:
    """Has partners sign an agreement, publishes it, and has all take it in."""
    for member in partners:
        drafted = member.node.agreements.sign(drafted)
    await world.us.node.agreements.publish(drafted)
    for member in (world.us, *partners):
        await member.node.receive()
