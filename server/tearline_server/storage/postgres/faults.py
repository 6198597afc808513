"""What goes wrong with PostgreSQL, as errors of ours: in the words of the system or the server."""

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
    asyncpg.ReadOnlySQLTransactionError,  # what was the primary is a standby now
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
)


# What asyncpg cannot use of an address, and what the server does not know as a setting. An error
# of TLS is a ValueError, too, and stands before.
NO_ADDRESS = (
    ValueError,
    asyncpg.exceptions.ClientConfigurationError,
    asyncpg.UndefinedObjectError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.InvalidParameterValueError,
)
_NOT_ALLOWED = (
    asyncpg.InvalidAuthorizationSpecificationError,  # among them a wrong password
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidSchemaNameError,  # none in which tables could be made
)


@contextmanager
def translated() -> Iterator[None]:
    """Turns PostgreSQL's errors into ours.

    Raises:
        StoreUnreachable: Where no server answers, or it ended what was under way.
        StoreAbsent: Where there is no such database.
        StoreUntrusted: Where the server's certificate does not show that it is the one.
        StoreForbidden: Where the server does not let us in, or not do what we must.
        StoreFull: Where its disk is full.
        StoreDamaged: Where it says that a row is not as it must be.
        ExchangeFault: Where it was given a value that it cannot hold; no other work is to blame.
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
    except asyncpg.PostgresError as error:  # whose words might be those of a row
        raise StoreDamaged(f"PostgreSQL's SQLSTATE is {error.sqlstate}") from None


def refused_address(error: Exception) -> TearlineError:
    """Returns what it means that asyncpg could not begin to use an address."""
    said = str(error).partition("\n")[0]  # what follows are hints for other programs
    if isinstance(error, ssl.SSLCertVerificationError):  # a ValueError as well
        return StoreUntrusted(error.verify_message)
    if said.startswith("root certificate file"):
        return StoreUntrusted(said)
    return SettingInvalid(f"store: {said}")


def _said(error: Exception) -> str:
    """What is wrong, in the words of the system or the server, and of no library."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLError():
            return "no TLS was agreed on, or the connection was lost"
        case socket.gaierror():
            return f"the host in the address: {error.strerror}"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case asyncpg.exceptions.TargetServerAttributeNotMatched():
            return "no server in the address is what target_session_attrs asks for"
        case asyncpg.PostgresError() if error.args:
            return str(error).partition("\n")[0]  # what follows are details, which may be of a row
    return "the connection was lost, or refused"
