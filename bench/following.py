"""A node that follows a log from empty: ``python -m bench.following PAGES LIST DATABASE``.

It gets the exchange's replies from files, in order: the line between them is no part of this.
"""

import argparse
import time
from pathlib import Path

from tearline.verification.trust import TrustState, founded
from tearline.wire.log_entries import parse_entries
from tearline_client.founding.charter_file import read_federation
from tearline_client.log.follower import LogFollower
from tearline_client.store.cosigning import CosigningStore
from tearline_client.store.database import Database
from tearline_client.store.log import LogStore
from tearline_client.store.vault import Vault

_STORAGE_KEY = bytes(32)  # of a database that is thrown away


def node_database(path: Path) -> Database:
    """The database of the node that follows."""
    return Database(path, Vault(_STORAGE_KEY))


def follow(pages: Path, charter: Path, database: Path) -> int:
    """Takes every page, and returns how many entries are then stored."""
    file = read_federation(charter)
    db = node_database(database)
    store = LogStore(db)
    follower = LogFollower(
        store,
        CosigningStore(db),
        TrustState(federation=file.federation),
        founded(file).members.log,
    )
    for page in sorted(pages.iterdir()):
        follower.take(parse_entries(page.read_bytes()), now_ms=time.time_ns() // 1_000_000)
    size = store.size
    db.close()
    return size


def main() -> None:
    """Follows, and prints how many entries there are."""
    parser = argparse.ArgumentParser(prog="bench.following", description=__doc__)
    for name in ("pages", "list", "database"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    print(follow(arguments.pages, arguments.list, arguments.database))


if __name__ == "__main__":
    main()
