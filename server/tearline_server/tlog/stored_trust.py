"""State of trust from the stored clear entries, as commands on a stopped exchange need it."""

from tearline.errors import TearlineError, TrustMissing
from tearline.verification.log_entries import parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.statements import Signed
from tearline_server.storage.snapshot import Snapshot


def trust_of(stored: Snapshot) -> TrustState:
    """Returns members, keys and constitutions, from the valid clear entries.

    Raises:
        TrustMissing: If the store holds no charter yet.
    """
    trust = None
    for index, entry in stored.clear:
        try:
            signed = parse_entry(entry)
            if signed is None:
                continue
            if trust is None:
                if not isinstance(signed, Signed):
                    break
                trust = TrustState(federation=signed.statement.id)
            trust.apply(index, signed)
        except TearlineError:
            break  # fsck reports it as its own finding; later entries are not trusted
    if trust is None:
        raise TrustMissing
    return trust
