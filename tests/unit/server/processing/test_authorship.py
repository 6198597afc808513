"""Authorship of statements: a path is verified once, and keys at the statement's own place."""

import asyncio

import pytest

from support.agencies import US, node_of, signed_by, signing_key
from support.exchange import World, codes, packet_publication
from tearline.federation.members import Revocation
from tearline.statements.statement import Attestation, Inclusion, Statement, StatementType
from tearline.verification import attested
from tearline.wire.federation import encode_revocation
from tearline_server.ingest.processor import StatementProcessor


async def test_the_path_of_a_statement_is_verified_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[bytes] = []
    verify = attested.verify_inclusion

    def count(statement: Statement, inclusion: Inclusion, attestation: Attestation) -> None:
        verified.append(statement.id)
        verify(statement, inclusion, attestation)

    monkeypatch.setattr(attested, "verify_inclusion", count)
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
    assert len(verified) == len(set(verified)) == 2


async def test_a_key_that_is_revoked_in_the_same_batch_signs_nothing_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    compose = StatementProcessor.compose

    def counted(processor: StatementProcessor, *arguments: object) -> object:
        batches.append(1)
        return compose(processor, *arguments)  # type: ignore[arg-type]  # as they come

    monkeypatch.setattr(StatementProcessor, "compose", counted)
    root = world.parties.signer(US)
    revoked = Revocation(
        header=root.header, revoked_key=signing_key(node_of(US)).public.id, reason="lost"
    )
    signed = signed_by(StatementType.REVOCATION, encode_revocation(revoked), root)
    packet = packet_publication(world.parties.node(US), world.packet())
    first, second = await asyncio.gather(
        world.publish_signed(US, signed), world.publish(US, packet)
    )
    assert (codes(first), codes(second)) == ([""], ["TL-TRU-002"])
    assert len(batches) == 1
