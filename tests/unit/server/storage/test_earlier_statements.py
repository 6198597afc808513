"""Statements in a store that an earlier version accepted, and this one refuses."""

from pathlib import Path

import pytest

from support.agencies import MX, US, kem_key, node_of
from support.exchange import address, codes, opened
from support.requests import PERSON
from tearline.cases.case import CaseStep, Phase
from tearline.errors import StoreVersion
from tearline.statements.statement import StatementType
from tearline.wire.cases import encode_case_step


async def test_a_case_step_from_before_that_is_too_long_is_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        step = CaseStep(
            header=world.parties.node(US).header,
            address=address(MX, 1),
            case_id=b"c" * 16,
            number=1,
            phase=Phase.INVITED,
            kem_key_id=kem_key(node_of(MX)).id,
            acted_by=PERSON,
            sealed=bytes(64),
        )
        said = await world.say(US, StatementType.CASE_STEP, encode_case_step(step))
        assert codes([said]) == [""]
    monkeypatch.setattr("tearline.statements.channel.MAX_SEALED_BYTES", 63)
    with pytest.raises(StoreVersion) as raised:
        async with opened(tmp_path):
            pass
    assert f"a step of a case in it, statement {said.about.hex()}" in raised.value.why
    assert "63 bytes" in raised.value.why


async def test_an_agreement_from_before_that_is_none_today_is_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
    monkeypatch.setattr("tearline.agreements.agreement.MAX_VERSIONS", 0)
    with pytest.raises(StoreVersion, match=r"an agreement in it, statement [0-9a-f]{64}: ."):
        async with opened(tmp_path):
            pass
