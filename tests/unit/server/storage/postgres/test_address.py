"""Opening a database as an operator gives its address: what is wrong is told apart, and plainly."""

import re
import secrets
import socket
from pathlib import Path

import pytest

from support.paths import ROOT
from support.postgres import DATABASE, USER, Postgres
from tearline.errors import (
    ConfigUnreadable,
    FileExposed,
    SettingInvalid,
    StoreAbsent,
    StoreUnreachable,
    StoreUntrusted,
    TearlineError,
)
from tearline_server.config import parse_store
from tearline_server.storage.postgres.connections import Database
from unit.server.storage.postgres.postgres_tls import certified, tls_before

# Of asyncpg, OpenSSL's Python and the system: none tells an operator what to put right.
_INTERNALS = re.compile(r"asyncpg|Error|Errno|_ssl\.c|Connect call|SessionAttribute|\[")


async def opened(url: str) -> None:
    database = await Database.open(parse_store(url))
    await database.close()


async def refused(url: str, error: type[TearlineError], why: str) -> None:
    with pytest.raises(error, match=why) as told:
        await opened(url)
    assert not _INTERNALS.search(told.value.why), told.value.why


@pytest.fixture(autouse=True)
def no_passfile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))


async def test_a_missing_database_is_not_an_unreachable_one(postgres: Postgres) -> None:
    url = postgres.url().replace(f"/{DATABASE}", "/none")
    await refused(url, StoreAbsent, 'database "none" does not exist')


async def test_the_sql_of_the_page_makes_a_database_that_is_enough(postgres: Postgres) -> None:
    page = (ROOT / "docs" / "howto" / "postgresql.md").read_text(encoding="utf-8")
    lines = page.partition("```sql\n")[2].partition("```")[0].splitlines()
    name = f"t{secrets.token_hex(8)}"
    commands = [line.strip().replace("tearline", name) for line in lines if line.strip()]
    assert commands.pop() == f"\\password {name}"
    assert [command.split()[1] for command in commands] == ["ROLE", "DATABASE"]
    postgres.run_sql(*commands)
    await opened(postgres.url().replace(f"{USER}@/{DATABASE}", f"{name}@/{name}"))


async def test_a_server_out_of_reach_is_told_in_plain_words() -> None:
    with socket.socket() as taken:  # bound, and never listening
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        await refused(f"postgresql://{USER}@{host}/x", StoreUnreachable, "Connection refused")
        many = f"postgresql://{USER}@{host},{host}/x"
        await refused(many, StoreUnreachable, "Connection refused")


async def test_a_server_is_known_by_its_certificate(postgres: Postgres, tmp_path: Path) -> None:
    own = certified(tmp_path / "own", "127.0.0.1")
    other = certified(tmp_path / "other", "127.0.0.1")
    elsewhere = certified(tmp_path / "elsewhere", "192.0.2.7")
    full = "?sslmode=verify-full&sslrootcert="
    async with tls_before(postgres, own) as address:
        await opened(f"{address}{DATABASE}{full}{own}")
        await refused(f"{address}{DATABASE}{full}{other}", StoreUntrusted, "certificate|signature")
    async with tls_before(postgres, elsewhere) as address:
        await refused(f"{address}{DATABASE}{full}{elsewhere}", StoreUntrusted, "not valid for")


async def test_a_server_whose_ca_is_nowhere_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    url = f"postgresql://{USER}@127.0.0.1:1/x?sslmode=verify-full"
    await refused(url, StoreUntrusted, r"root certificate file .* does not exist")


async def test_files_that_the_address_names_are_named(tmp_path: Path) -> None:
    url = f"postgresql://{USER}@127.0.0.1:1/x?sslmode=verify-full&sslrootcert="
    missing, garbage = tmp_path / "missing.crt", tmp_path / "garbage.crt"
    garbage.write_text("no certificate")
    await refused(f"{url}{missing}", ConfigUnreadable, f"{missing}, the sslrootcert")
    await refused(f"{url}{garbage}", ConfigUnreadable, "no certificate in PEM")


@pytest.mark.parametrize("way", ["variable", "address", "home"])
async def test_a_passfile_that_others_may_read_is_refused(
    way: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passfile, url = tmp_path / ".pgpass", postgres.url()
    passfile.write_text("*:*:*:*:a password\n")
    match way:
        case "variable":
            monkeypatch.setenv("PGPASSFILE", str(passfile))
        case "address":
            url = f"{url}&passfile={passfile}".replace("?&", "?")
        case "home":
            monkeypatch.delenv("PGPASSFILE")
            monkeypatch.setenv("HOME", str(tmp_path))
    for mode in (0o640, 0o604, 0o620):
        passfile.chmod(mode)
        await refused(url, FileExposed, "the passfile of the database")
    passfile.chmod(0o600)
    await opened(url)


@pytest.mark.parametrize(
    "hosts", ["db.example:0", "db.example:65536", "one.example,two.example:70000", "[::1]:99999"]
)
def test_a_port_that_is_none_is_refused(hosts: str) -> None:
    with pytest.raises(SettingInvalid):
        parse_store(f"postgresql://{USER}@{hosts}/x")


@pytest.mark.parametrize("hosts", ["", "a.example", "a.example:1,b.example", "[::1]:5432", "[::1]"])
def test_hosts_are_taken_as_libpq_takes_them(hosts: str) -> None:
    url = f"postgresql://{USER}@{hosts}/x"
    assert parse_store(url) == url
