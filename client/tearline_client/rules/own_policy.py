"""Policy sets of a node, and the adoption of the agency's own policies by an officer.

The file of own policies can be changed by any process with access to the disk. Therefore the
vault stores the digest of the adopted file, and a node refuses to start with another.
"""

import hashlib
import secrets
from pathlib import Path

from tearline.audit.event import Event, EventCode
from tearline.errors import ConfigUnreadable, OwnPolicyChanged
from tearline.persons.tokens import Role
from tearline.policy.ruleset import parse_policy_set
from tearline.statements.statement import HASH_SIZE
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.actors import Actors
from tearline_client.planning.policies import Policies
from tearline_client.store.access import AccessStore
from tearline_client.store.database import Database
from tearline_client.store.vault import Vault
from tearline_runtime.files import read_if_present, replace, reported_as

_ADOPTED = "policy.own"


def load_adopted(own: Path, database: Database, *, is_new: bool) -> Policies:
    """Returns the policies of a starting node, as adopted by an officer.

    Args:
        own: The file of the agency's own policies.
        database: Stores the digest of the adopted file.
        is_new: Whether the node starts for the first time; then it adopts the present file.

    Raises:
        OwnPolicyChanged: If the file is not the adopted one, or is missing.
        ConfigUnreadable: If it cannot be read.
        PolicyError: If it does not contain policies of the schema.
    """
    data = read_if_present(own, MAX_CONFIG_BYTES)
    adopted = database.setting(_ADOPTED)
    if adopted is None and is_new:
        with database.transaction():
            database.put_setting(_ADOPTED, _digest(data))
    elif adopted != _digest(data):
        raise OwnPolicyChanged(f"{own} is {'gone' if data is None else 'another'}")
    return _parse(own, data)


def adopt(home: Home, keystore: Keystore, file: Path | None, person: str, *, now_ms: int) -> str:
    """Replaces the agency's own policies, from the next start of the node on.

    Args:
        home: The node's home.
        keystore: Its keystore.
        file: The policies; None for no own policies.
        person: The adopting person; empty for the person logged in.
        now_ms: The time, Unix milliseconds.

    Returns:
        The agency's own name of the officer.

    Raises:
        TlsError: If no person is logged in, or the person is not an officer.
        ConfigUnreadable: If the file cannot be read, or the home's file cannot be written.
        PolicyError: If it does not contain policies of the schema.
    """
    officer = Actors(home, keystore, lambda: now_ms).person(person, Role.OFFICER)
    data = None if file is None else read_if_present(file, MAX_CONFIG_BYTES)
    if file is not None and data is None:
        raise ConfigUnreadable(f"{file}: there is none")
    _parse(home.own_policy, data)
    database = Database(home.database, Vault(keystore.storage_key("node.db")))
    try:
        _put(home.own_policy, data)
        with database.transaction():
            _record(database, str(home.identity().node_uri), officer, _digest(data), now_ms)
            database.put_setting(_ADOPTED, _digest(data))
    finally:
        database.close()
    return officer


def _record(database: Database, node: str, officer: str, digest: bytes, now_ms: int) -> None:
    """Appends the entry of an adoption to the access log."""
    event = Event(
        statement_id=secrets.token_bytes(HASH_SIZE),
        code=EventCode.ACCESS_ACTED,
        party=node,
        time_ms=now_ms,
        actor=officer,
        purpose=f"policy adopt {digest.hex()}".rstrip(),
    )
    AccessStore(database).append([event])


def _digest(data: bytes | None) -> bytes:
    return b"" if data is None else hashlib.sha256(data).digest()


def _put(path: Path, data: bytes | None) -> None:
    with reported_as(ConfigUnreadable, path):
        if data is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace(path, data)


def _parse(path: Path, data: bytes | None) -> Policies:
    if data is None:
        return Policies(own=None)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigUnreadable(f"{path}: not UTF-8") from None
    return Policies(own=parse_policy_set(text))
