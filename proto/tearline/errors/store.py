"""TL-STO: a database cannot do what was asked of it."""

from tearline.errors.base import EXIT_INTEGRITY, TearlineError


class StoreError(TearlineError):
    """A database cannot do what was asked of it."""


class StoreBusy(StoreError):
    """Another process holds the database."""

    code = "TL-STO-001"
    what = "The database is in use by another process."
    next = "Wait for it to end, or stop it, and try again."


class StoreFull(StoreError):
    """No room left on the disk."""

    code = "TL-STO-002"
    what = "The disk is full; nothing of this was stored."
    next = "Make room and try again; nothing is half done."


class StoreDamaged(StoreError):
    """A database that is damaged, moved, or sealed under another key."""

    code = "TL-STO-003"
    what = "The database cannot be read."
    next = "Do not use it; restore the last backup."
    exit_status = EXIT_INTEGRITY


class StoreVersion(StoreError):
    """A database of another version."""

    code = "TL-STO-004"
    what = "The database was made by another version of Tearline."
    next = "Run the version that made it, or one that reads it: CHANGELOG.md says which do."


class QuarantineFull(StoreError):
    """An agency's quota of the quarantine is full; told as an alarm, the node works on."""

    code = "TL-STO-005"
    what = "An agency sent more that does not verify than is kept of it; only ids are noted now."
    next = "Look at `tearline node status`, tell that agency, then run `tearline node forget`."
    exit_status = EXIT_INTEGRITY


class BackupDamaged(StoreError):
    """A file that is no backup, or not all of one."""

    code = "TL-STO-006"
    what = "The backup is not whole, or none."
    next = "Use another backup; nothing was restored."
    exit_status = EXIT_INTEGRITY


class RestoreRefused(StoreError):
    """A place where nothing may be backed up or restored to, or a mirror that does not fit."""

    code = "TL-STO-007"
    what = "Nothing was backed up or restored."
    next = "Put right what is named, and try again."


class StoreUnreachable(StoreError):
    """A database server that does not answer, or ended what was under way."""

    code = "TL-STO-008"
    what = "The database server does not answer, or ended what was asked of it."
    next = (
        "A running exchange tries again by itself; if it stays so, look at the server and at the "
        "address in `store`."
    )


class StoreNotReplicated(StoreError):
    """A database server that keeps what it is told alone, where a second should."""

    code = "TL-STO-010"
    what = "The database is not replicated synchronously: nothing is acknowledged."
    next = "Bring a synchronous standby back; what was sent is tried again and nothing is lost."


class StoreNotMoved(StoreError):
    """A file that cannot be moved into a database server, or a database that is not empty."""

    code = "TL-STO-009"
    what = "What the exchange keeps was not moved; it is where it was."
    next = "Put right what is named, and move it again."


class StoreForbidden(StoreError):
    """A database that this user may not use, or not for what must be done."""

    code = "TL-STO-011"
    what = "The database does not let this user in, or not do what must be done."
    next = (
        "Of a file, see to it that this user owns it and those beside it, on a disk that can be "
        "written; in PostgreSQL, to role and rights, and to the passfile: a line for this host, "
        "port, database and role. No backup is needed for it."
    )


class StoreMisplaced(StoreError):
    """A database that is not the one where the log went on, or will."""

    code = "TL-STO-012"
    what = "What the exchange keeps is not where the settings say."
    next = (
        "Name the database that it was moved to in `store`, or move it there by migrate-store; "
        "begin no log anew: two under one name convict the exchange."
    )


class RestoreUnread(StoreError):
    """A node made of a backup, which has not read what came to it since."""

    code = "TL-STO-013"
    what = "This node is made of a backup; what partners sent may have been recalled since."
    next = "Run `tearline node sync` with the exchange in reach; what was recalled is erased then."


class StoreAbsent(StoreError):
    """A database server that answers, and has no database of the name."""

    code = "TL-STO-014"
    what = "The database server has no database of that name."
    next = (
        "Create it, in UTF8, for the role in the address: docs/howto/postgresql.md has the SQL. Or "
        "correct the name in `store`."
    )


class StoreUntrusted(StoreError):
    """A database server that did not prove who it is."""

    code = "TL-STO-015"
    what = "The database server did not prove by its certificate that it is the one."
    next = (
        "Compare `sslrootcert` with the CA that issued the server's certificate, and the host in "
        "`store` with the names in it; do not turn the verification off."
    )
