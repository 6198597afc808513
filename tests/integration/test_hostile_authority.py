"""A member whose CA is outside the profile, in a log from before: the others go on."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from support import exchange_process
from support.agencies import CN, MX, US
from support.decisions import own_change, removal
from support.exchange_process import PASSPHRASE, Served, founded
from support.mutated_authorities import HOSTILE, named, squatting
from tearline.crypto.armor import Armor, armor
from tearline.errors import AuthoritiesRefused
from tearline.verification.trust import TrustState
from tearline.wire.federation import FederationFile, encode_federation_file
from tearline.wire.statements import Signed
from tearline_server import app
from tearline_server.admin import offline
from tearline_server.cli import cli
from tearline_server.storage.open import open_store
from tearline_server.tlog.stored_trust import trust_of

BAD = str(HOSTILE)


async def old_log(
    home: Path, monkeypatch: pytest.MonkeyPatch, honest: Sequence[str], *certificates: bytes
) -> Served:
    """An exchange whose log has a member record that it would refuse now."""
    made = exchange_process.member

    def member(uri: str) -> exchange_process.Member:
        found = made(uri)
        return Hostile(**vars(found), certificates=certificates) if uri == BAD else found

    with monkeypatch.context() as patched:
        patched.setattr(exchange_process, "member", member)
        patched.setattr(offline, "verify_authorities", lambda *_, **__: None)
        return await founded(home, [BAD, *honest])


@dataclasses.dataclass(kw_only=True)
class Hostile(exchange_process.Member):
    certificates: tuple[bytes, ...]

    @property
    def agency(self):  # type: ignore[no-untyped-def]
        return dataclasses.replace(super().agency, certificate_authorities=self.certificates)


@asynccontextmanager
async def serving(found: Served) -> AsyncIterator[None]:
    stopping, opened = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        app.serve(
            found.config,
            found.keys,
            stopping=stopping,
            reloading=asyncio.Event(),
            serving=opened.set_result,
        )
    )
    try:
        await asyncio.wait([opened, task], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        found.port = opened.result()
        yield
    finally:
        stopping.set()
        await asyncio.wait([task])


async def trust(found: Served) -> TrustState:
    store = await open_store(found.config)
    try:
        return trust_of(await store.load())
    finally:
        await store.close()


def decision(path: Path, federation: bytes, *entries: Signed) -> Path:
    file = FederationFile(federation=federation, entries=entries)
    path.write_text(armor(Armor.DECISION, encode_federation_file(file)))
    return path


def run(found: Served, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        cli,
        [*arguments[:2], "--home", str(found.config.home), *arguments[2:]],
        env={"TEARLINE_PASSPHRASE": PASSPHRASE},
    )
    said = str(result.exception) if result.exception else ""
    return result.exit_code, result.stderr + said


async def connects(found: Served, *agencies: str) -> None:
    for uri in agencies:
        async with found.client(uri) as client:
            assert (await client.entries()).entries


async def test_an_exchange_starts_on_an_old_log_and_the_council_removes_the_hostile_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = (named(5), squatting("us-justice.example"), named(17))
    found = await old_log(tmp_path / "home", monkeypatch, [US, MX, CN], *bad)
    async with serving(found):
        await connects(found, US, MX, CN)
    # Nobody asks the exchange: each votes by a file, and the operator logs them.
    state = await trust(found)
    votes = removal(state, BAD, US, MX, CN)
    files = [
        str(decision(tmp_path / f"{number}.decision", found.federation, vote))
        for number, vote in enumerate(votes)
    ]
    status, said = await asyncio.to_thread(run, found, "federation", "decide", *files)
    assert (status, said.count("is in the log")) == (0, 3), said
    assert (await trust(found)).members.agency(BAD) is None
    async with serving(found):
        await connects(found, US, MX, CN)


async def test_decisions_by_files_are_judged_as_those_of_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await old_log(tmp_path / "home", monkeypatch, [US, MX, CN], named(5))
    state = await trust(found)
    refused = {
        "TL-TRU-004": removal(state, US, US)[0],
        "TL-TLS-001": own_change(state, US, certificate_authorities=(named(5),)),
    }
    for code, statement in refused.items():
        file = decision(tmp_path / "refused.decision", found.federation, statement)
        status, said = await asyncio.to_thread(run, found, "federation", "decide", str(file))
        assert status != 0
        assert code in said


async def test_without_any_ca_of_the_profile_the_agency_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await old_log(tmp_path / "home", monkeypatch, [], named(5))
    with pytest.raises(AuthoritiesRefused, match=BAD):
        async with serving(found):
            pass
