"""Register of the nodes' keys, by the entries that recorded and ended them."""

from collections import defaultdict
from collections.abc import Sequence

from tearline.audit.query import day_of
from tearline.errors import SignerKeyUnknown, StatementMalformed, TypeNotAllowed
from tearline.federation.members import NODE_TYPES, KeyRecord, KeyUse
from tearline.federation.record_limits import RecordBounds
from tearline.identity import agency_uri_of
from tearline.statements.statement import Header
from tearline.verification.key_entry import KeyEntry, verify_certifier, verify_encoding
from tearline.verification.moment import Moment


class KeyRegister:
    """Keys on record of each node, and all revocations.

    Args:
        bounds: The limits on an agency's records.

    Attributes:
        of_node: The keys of each node, in log order.
        nodes: The nodes of each agency that ever had a key on record, in log order.
        revoked: Agency and key id of each revocation.
    """

    def __init__(self, bounds: RecordBounds) -> None:
        self._bounds = bounds
        # By subject and key id: recording another's key first must not block its owner.
        self._keys: dict[tuple[str, bytes], KeyEntry] = {}
        self._of_id: defaultdict[bytes, list[KeyEntry]] = defaultdict(list)
        self.of_node: defaultdict[str, list[KeyEntry]] = defaultdict(list)
        self.nodes: defaultdict[str, list[str]] = defaultdict(list)
        self.revoked: set[tuple[str, bytes]] = set()

    def find(self, node: str, key: bytes, use: KeyUse | None = None) -> KeyEntry | None:
        """Returns a node's key by id, of a use or of any, valid or not; None without one."""
        entry = self._keys.get((node, key))
        return entry if entry and use in (None, entry.record.use) else None

    def valid(self, node: str, *, at: Moment) -> Sequence[KeyEntry]:
        """Returns a node's valid keys, oldest first."""
        return [entry for entry in self.of_node.get(node, ()) if entry.counts(at)]

    def why_no_kem(self, node: str, *, at: Moment) -> str:
        """Returns why a node has no valid encryption key at a moment, and since when."""
        entries = [e for e in self.of_node.get(node, ()) if e.record.use is KeyUse.KEM]
        begun = [entry for entry in entries if entry.has_begun(at)]
        if not begun:
            return "its node has published none yet"
        last = max(begun, key=lambda entry: (entry.record.not_after_ms, entry.start))
        if last.end is not None and last.end < at.index:
            return f"entry {last.end} of the log ended its last one"
        return f"its last one ended on {day_of(last.record.not_after_ms)}"

    def add(self, record: KeyRecord, certifier: Header, index: int) -> None:
        """Records a key.

        Args:
            record: The key's record.
            certifier: The verified signer of the record.
            index: The entry of the record.

        Raises:
            TearlineError: If the certifier may not record the key; it is then not recorded.
        """
        agency = agency_uri_of(record.subject)
        verify_certifier(certifier.signer, record, agency)
        if (
            certifier.signer == record.subject
            and record.not_after_ms
            > self._keys[certifier.signer, certifier.key_id].record.not_after_ms
        ):
            # Otherwise an expired key could certify a longer-lived one (L-12).
            raise SignerKeyUnknown("a key may not outlive the one that certifies it")
        if not set(record.types) <= NODE_TYPES:
            raise TypeNotAllowed("a node's key may not sign a type reserved to roots")
        if (record.subject, record.key_id) in self._keys:
            raise StatementMalformed("the key is on record already")
        if (agency, record.key_id) in self.revoked:
            raise SignerKeyUnknown("the key was revoked")
        verify_encoding(record)
        self._bounds.take_key(record)
        entry = KeyEntry(record=record, start=index)
        self._keys[record.subject, record.key_id] = entry
        self._of_id[record.key_id].append(entry)
        if record.subject not in self.of_node:
            self.nodes[agency].append(record.subject)
        self.of_node[record.subject].append(entry)

    def revoke(self, agency: str, key: bytes, index: int) -> None:
        """Ends an agency's key by an entry.

        Raises:
            SignerKeyUnknown: If only other agencies have that key.
            RecordsExceeded: If the agency has reached its limit of revocations.
        """
        holders = self._of_id.get(key, ())
        own = [each for each in holders if agency_uri_of(each.record.subject) == agency]
        if holders and not own:
            raise SignerKeyUnknown("an agency may revoke only its own keys")
        # A key of no record, as of a TLS certificate, is revoked by its id alone.
        self._bounds.take_revocation(agency)
        self.revoked.add((agency, key))
        for entry in own:
            entry.end_at(index)

    def end(self, agency: str, index: int) -> None:
        """Ends all keys of an agency's nodes by an entry."""
        for node in self.nodes.get(agency, ()):
            for entry in self.of_node[node]:
                entry.end_at(index)
