"""Translation of PostgreSQL's errors, with reasons from the system or the server."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from tearline.errors import (
    ExchangeFault,
    SettingInvalid,
    StoreAbsent,
    StoreDamaged,
    StoreError,
    StoreForbidden,
    StoreFull,
    StoreUnreachable,
    StoreUntrusted,
    TearlineError,
)

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, cannot connect now, statement timeout
    asyncpg.TransactionRollbackError,  # serialization, deadlock
    asyncpg.ReadOnlySQLTransactionError,  # the former primary is now a standby
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)


# Parts of an address that asyncpg rejects, and settings unknown to the server. TLS errors are
# ValueErrors too, and are handled before.
NO_ADDRESS = (
    ValueError,
    asyncpg.exceptions.ClientConfigurationError,
    asyncpg.UndefinedObjectError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.InvalidParameterValueError,
)
_NOT_ALLOWED = (
    asyncpg.InvalidAuthorizationSpecificationError,  # includes a wrong password
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidSchemaNameError,  # no schema for the tables
)


@contextmanager
def translated() -> Iterator[None]:
    """Translates PostgreSQL's errors.

    Raises:
        StoreUnreachable: If no server answers, or it ended the running work.
        StoreAbsent: If there is no such database.
        StoreUntrusted: If the server's certificate does not verify.
        StoreForbidden: If the server denies access, or a required action.
        StoreFull: If its disk is full.
        StoreDamaged: If it reports an invalid row.
        ExchangeFault: If it cannot store a value; only the current work is at fault.
    """
    try:
        yield
    except StoreError:
        raise
    except asyncpg.DataError as error:
        raise ExchangeFault(f"PostgreSQL's SQLSTATE is {error.sqlstate}") from None
    except asyncpg.DiskFullError:
        raise StoreFull() from None
    except _NOT_ALLOWED as error:
        raise StoreForbidden(_said(error)) from None
    except asyncpg.InvalidCatalogNameError as error:
        raise StoreAbsent(_said(error)) from None
    except ssl.SSLCertVerificationError as error:
        raise StoreUntrusted(error.verify_message) from None
    except LOST as error:
        raise StoreUnreachable(_said(error)) from None
    except asyncpg.PostgresError as error:  # its message might quote a row
        raise StoreDamaged(f"PostgreSQL's SQLSTATE is {error.sqlstate}") from None


def refused_address(error: Exception) -> TearlineError:
    """Returns the error for an address that asyncpg cannot use."""
    said = str(error).partition("\n")[0]  # the other lines are hints for other programs
    if isinstance(error, ssl.SSLCertVerificationError):  # a ValueError as well
        return StoreUntrusted(error.verify_message)
    if said.startswith("root certificate file"):
        return StoreUntrusted(said)
    return SettingInvalid(f"store: {said}")


def _said(error: Exception) -> str:
    """Returns the reason, as the system or the server describes it; never a library's text."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLError():
            return "the TLS handshake failed, or the connection was lost"
        case socket.gaierror():
            return f"the host in the address: {error.strerror}"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case asyncpg.exceptions.TargetServerAttributeNotMatched():
            return "no server in the address matches target_session_attrs"
        case asyncpg.PostgresError() if error.args:
            # The other lines are details, which may quote a row.
            return str(error).partition("\n")[0]
        case _:  # the connection itself, or an error without words
            return "the connection was lost, or refused"
