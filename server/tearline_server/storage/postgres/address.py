"""The files that an address of PostgreSQL names, or that stand for what it leaves out.

asyncpg tells little of a file that it cannot read, and passes over a passfile that others may read
with no more than a warning: the server then refuses a password that nobody gave.
"""

import os
import ssl
import stat
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tearline.errors import ConfigUnreadable, FileExposed

_FILES = ("passfile", "sslcert", "sslcrl", "sslkey", "sslrootcert")
_PASSFILE = "passfile"
_SYSTEM = "system"  # of ``sslrootcert``: the CAs of the machine


def verify_files(url: str) -> None:
    """Checks that files which an address names can be read, and the passfile by its owner alone.

    Raises:
        ConfigUnreadable: If one is not there, or may not be read.
        FileExposed: If others than its owner may read or write the passfile.
    """
    named = {name: value for name, value in parse_qsl(urlsplit(url).query) if name in _FILES}
    for name, path in named.items():
        if (name, path) == ("sslrootcert", _SYSTEM):
            continue
        try:
            with Path(path).open("rb"):
                pass
            if name == "sslrootcert":
                ssl.create_default_context(cafile=path)
        except ssl.SSLError:
            raise ConfigUnreadable(
                f"{path}, the {name} in `store`: no certificate in PEM"
            ) from None
        except OSError as error:
            raise ConfigUnreadable(f"{path}, the {name} in `store`: {error.strerror}") from None
    passfile = named.get(_PASSFILE) or os.environ.get("PGPASSFILE") or "~/.pgpass"
    try:
        mode = Path(passfile).expanduser().stat().st_mode
    except (OSError, RuntimeError):  # none is needed everywhere; and where is home?
        return
    if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise FileExposed(f"{passfile}, the passfile of the database")
