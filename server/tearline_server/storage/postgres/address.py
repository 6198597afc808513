"""Files that a PostgreSQL address names, and the default passfile.

asyncpg barely reports an unreadable file. It skips a passfile that others may read, with only a
warning; the server then refuses an empty password.
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
    """Checks that the files of an address are readable, and the passfile private to its owner.

    Raises:
        ConfigUnreadable: If a file is missing or may not be read.
        FileExposed: If users other than its owner may read or write the passfile.
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
    except (OSError, RuntimeError):  # a passfile is optional, and the home may be unknown
        return
    if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise FileExposed(f"{passfile}, the passfile of the database")
