"""TL-STO: a database operation failed."""

from tearline.errors.base import EXIT_INTEGRITY, TearlineError


class StoreError(TearlineError):
    """A database operation failed."""


class StoreBusy(StoreError):
    """Database that another process holds."""

    code = "TL-STO-001"
    what = "The database is in use by another process."
    next = "Wait for it to end, or stop it, and try again."


class StoreFull(StoreError):
    """Full disk."""

    code = "TL-STO-002"
    what = "The disk is full; the data was not stored."
    next = "Free some space and try again; the operation was rolled back."


class StoreDamaged(StoreError):
    """Database that is damaged, was moved, or is sealed under another key."""

    code = "TL-STO-003"
    what = "The database cannot be read."
    next = "Do not use it; restore the last backup."
    exit_status = EXIT_INTEGRITY


class StoreVersion(StoreError):
    """Database of another version."""

    code = "TL-STO-004"
    what = "The database was created by another version of Tearline."
    next = "Run the version that created it, or a later one."


class QuarantineFull(StoreError):
    """Full quarantine quota of one agency; the node raises an alarm and continues."""

    code = "TL-STO-005"
    what = (
        "An agency sent more invalid statements than its quarantine quota; only ids are now stored."
    )
    next = "Check `tearline node status`, tell that agency, then run `tearline node forget`."
    exit_status = EXIT_INTEGRITY


class BackupDamaged(StoreError):
    """File that is not a backup, or is incomplete."""

    code = "TL-STO-006"
    what = "The file is not a complete backup."
    next = "Use another backup; no data was restored."
    exit_status = EXIT_INTEGRITY


class RestoreRefused(StoreError):
    """Invalid place for a backup or a restore, or a mirror that does not match."""

    code = "TL-STO-007"
    what = "The backup or restore was not done."
    next = "Correct the named problem, and try again."


class StoreUnreachable(StoreError):
    """Database server that does not answer, or aborted the transaction."""

    code = "TL-STO-008"
    what = "The database server does not answer, or aborted the operation."
    next = (
        "A running exchange retries automatically. If the error persists, check the server and the "
        "address in `store`."
    )


class StoreNotReplicated(StoreError):
    """Database server without the required synchronous standby."""

    code = "TL-STO-010"
    what = "The database is not replicated synchronously: the exchange acknowledges no writes."
    next = "Restore a synchronous standby; the nodes resend automatically, and no data is lost."


class StoreNotMoved(StoreError):
    """File that cannot be moved into a database server, or a target that is not empty."""

    code = "TL-STO-009"
    what = "The exchange's data was not moved; it is still at its old place."
    next = "Correct the named problem, and repeat the move."


class StoreForbidden(StoreError):
    """Database that denies this user access or a required right."""

    code = "TL-STO-011"
    what = "The database denies this user access, or a right that it needs."
    next = (
        "For a file, check that this user owns it and the files beside it, on a writable disk. In "
        "PostgreSQL, check role, rights and passfile: a line for this host, port, database and "
        "role. No backup is needed."
    )


class StoreMisplaced(StoreError):
    """Database other than the one in which the log continues."""

    code = "TL-STO-012"
    what = "The exchange's data is not in the database of the settings."
    next = (
        "Name the database that it was moved to in `store`, or move it there by migrate-store. Do "
        "not start a new log: two logs under one name convict the exchange."
    )


class RestoreUnread(StoreError):
    """Restored node that has not yet received later statements."""

    code = "TL-STO-013"
    what = "This node was restored from a backup; partners may since have recalled packets."
    next = "Run `tearline node sync` while the exchange is reachable; it erases recalled packets."


class StoreAbsent(StoreError):
    """Database server without a database of the given name."""

    code = "TL-STO-014"
    what = "The database server has no database of that name."
    next = (
        "Create it, in UTF8, for the role in the address: docs/howto/postgresql.md has the SQL. Or "
        "correct the name in `store`."
    )


class StoreUntrusted(StoreError):
    """Database server that did not prove its identity."""

    code = "TL-STO-015"
    what = "The database server did not prove its identity by its certificate."
    next = (
        "Compare `sslrootcert` with the CA that issued the server's certificate, and the host in "
        "`store` with the names in it; do not turn the verification off."
    )


class ObjectsUnreachable(StoreError):
    """Place of large documents that does not answer, or refuses."""

    code = "TL-STO-016"
    what = "The place of large documents does not answer, or refuses."
    next = (
        "A running exchange retries automatically. If the error persists, check the place and its "
        "credentials in `blobs`."
    )
