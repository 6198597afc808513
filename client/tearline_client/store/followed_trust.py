"""Members as far as a node has read the log, from its database without the passphrase.

Entries of the log are public to members, so the database holds them in clear. Each is verified
again from the pinned founding on: a changed database can only leave out the newest ones.
"""

from contextlib import closing
from pathlib import Path

import apsw

from tearline.errors import TearlineError
from tearline.verification.log_entries import parse_entry
from tearline.verification.trust import TrustState
from tearline_runtime.state_entries import state_entries_sql

_STATE = state_entries_sql("log_entry", "0")


def followed_trust(path: Path, pinned: TrustState) -> TrustState:
    """Returns the members as a node's database has them, or the pinned ones.

    Those are returned if the database cannot be read, or does not hold the founding. Nothing is
    written.

    Args:
        path: The node's database.
        pinned: The pinned founding.
    """
    state = TrustState(federation=pinned.federation)
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            # Clear entries, and few directories: the bound of the federation's members.
            for index, data in connection.execute(_STATE):
                entry = parse_entry(bytes(data))
                if entry is not None:
                    state.apply(index, entry)
    except (apsw.Error, TearlineError):
        pass  # what was verified before counts
    return state if state.membership.is_founded else pinned
