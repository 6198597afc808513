"""Founding of a federation: the charter is drafted, signed by every founder, and pinned."""

import time
from collections.abc import Sequence
from pathlib import Path

from tearline.crypto.armor import Armor, armor
from tearline.crypto.keys import SUITE, SigningKey
from tearline.errors import CharterUnpinned, ConfigUnreadable, MembershipRejected
from tearline.federation.charter import (
    GENESIS_FEDERATION,
    Charter,
    CharterSignature,
    Constitution,
    rules_of,
)
from tearline.federation.members import Agency, ExchangeEnrolment
from tearline.federation.thresholds import verify_thresholds
from tearline.limits import DEFAULT_COUNTED_COSIGNERS, MAX_COUNCIL
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import clear_entry
from tearline.verification.trust import founded
from tearline.wire.federation import (
    FederationFile,
    encode_charter,
    encode_charter_signature,
    encode_federation_file,
    parse_charter,
    parse_federation_file,
    parse_member_record,
)
from tearline.wire.statements import Signed, encode_signed, signed
from tearline_client.enrolment import (
    Passphrases,
    certify_node,
    read_agency,
    read_armored,
    root_key,
    root_signer,
)
from tearline_client.keys.home import (
    SIGNING_KEY,
    Home,
    replace_file,
    write_private,
)
from tearline_client.keys.keystore import Keystore


def draft_charter(
    home: Home,
    root_passphrase: bytes,
    *,
    name: str,
    exchange: ExchangeEnrolment,
    founders: Sequence[Signed],
    threshold: int | None = None,
) -> FederationFile:
    """Returns the charter of a federation, signed by this home's root.

    The founders, in order of URI up to 64 of them, are the council. The first five are the counted
    cosigners.

    Args:
        home: The home of the founder that drafts it.
        root_passphrase: Opens the root's keystore.
        name: The federation's name.
        exchange: The exchange and its log.
        founders: The founders' member records.
        threshold: Votes for every decision; None for more than half.

    Raises:
        MembershipRejected: If this agency is not among the founders.
        MalformedInput: If the threshold is not above half.
    """
    records = sorted(founders, key=lambda each: _uri_of(each))
    uris = tuple(map(_uri_of, records))
    if home.identity().agency_uri not in uris:
        raise MembershipRejected("this agency is not among the founders")
    root = root_signer(home, root_passphrase, GENESIS_FEDERATION)
    council = uris[:MAX_COUNCIL]
    rules = rules_of(threshold or len(council) // 2 + 1)
    verify_thresholds(rules, len(council))
    cosigners = uris[:DEFAULT_COUNTED_COSIGNERS]
    charter = Charter(
        header=root.header,
        name=name,
        founders=tuple(sorted(each.statement.id for each in records)),
        constitution=Constitution(
            council=council,
            rules=rules,
            cosigners=cosigners,
            quorum=2 * len(cosigners) // 3 + 1,
            exchange=exchange.exchange,
            log=exchange.log,
            min_suite=SUITE,
        ),
    )
    drafted = signed(root.sign([(StatementType.CHARTER, encode_charter(charter))]))
    clear_entry(drafted)  # raises now if the charter does not fit an entry of the log
    return FederationFile(federation=drafted.statement.id, entries=(drafted, *records))


def _uri_of(record: Signed) -> str:
    return parse_member_record(record.statement.body).agency.uri


def charter_of(file: FederationFile) -> Charter:
    """Returns the charter that a file begins with.

    Raises:
        CharterUnpinned: If it begins with another statement.
    """
    if not file.entries or file.entries[0].statement.type is not StatementType.CHARTER:
        raise CharterUnpinned("the file does not begin with a charter")
    if file.entries[0].statement.id != file.federation:
        raise CharterUnpinned("the file names another federation than its charter's")
    return parse_charter(file.entries[0].statement.body)


def sign_charter(home: Home, root_passphrase: bytes, file: FederationFile) -> FederationFile:
    """Returns a charter's file with this home's root signature added.

    Raises:
        MembershipRejected: If the charter does not name this agency with its own root key.
    """
    charter_of(file)
    own = _own_record(home, root_key(home, root_passphrase), file)
    if own is None:
        raise MembershipRejected("the charter does not name this agency with its own root key")
    root = root_signer(home, root_passphrase, GENESIS_FEDERATION)
    if root.header.signer in signers_of_charter(file):
        return file
    signature = CharterSignature(header=root.header, charter=file.federation)
    body = encode_charter_signature(signature)
    added = signed(root.sign([(StatementType.CHARTER_SIGNATURE, body)]))
    return FederationFile(federation=file.federation, entries=(*file.entries, added))


def signers_of_charter(file: FederationFile) -> frozenset[str]:
    """Returns the agencies whose roots have signed a charter, by the file."""
    kinds = {StatementType.CHARTER, StatementType.CHARTER_SIGNATURE}
    return frozenset(
        attestation.signer
        for entry in file.entries
        if entry.statement.type in kinds
        for attestation in entry.attestations.values()
    )


def founders_of(file: FederationFile) -> tuple[Agency, ...]:
    """Returns the agencies whose member records the file holds, in its order."""
    return tuple(
        parse_member_record(entry.statement.body).agency
        for entry in file.entries
        if entry.statement.type is StatementType.MEMBER_RECORD
    )


def unsigned(file: FederationFile) -> tuple[str, ...]:
    """Returns the short names of the founders whose roots have not signed the charter yet."""
    signers = signers_of_charter(file)
    return tuple(each.name for each in founders_of(file) if each.uri not in signers)


def pin(home: Home, passphrases: Passphrases, file: FederationFile) -> None:
    """Pins the federation and certifies this node's signing key in it.

    The key record, signed by the root, stays in the home until the node publishes it.

    Raises:
        CharterUnpinned: If a founder did not sign, or this agency belongs to another federation.
        TrustError: If a signature does not count.
    """
    if home.federation.exists():
        raise ConfigUnreadable(f"{home.federation}: a federation is pinned here already")
    founded(file)
    identity = home.identity()
    own_root = root_key(home, passphrases.root)
    if _own_record(home, own_root, file) is None and _asked(home) != file.federation:
        raise CharterUnpinned("this agency's own root signed neither the charter nor an enrolment")
    key = SigningKey(Keystore.open(home.keys, passphrases.node).get(SIGNING_KEY))
    root = root_signer(home, passphrases.root, file.federation)
    record = certify_node(root, identity, key.public.encoded, now_ms=int(time.time() * 1000))
    home.key_record.unlink(missing_ok=True)  # from an attempt that ended between the two files
    write_private(home.key_record, armor(Armor.KEY_RECORD, encode_signed(record)).encode("ascii"))
    write_private(home.federation, _text(file))


def _own_record(home: Home, own_root: SigningKey, file: FederationFile) -> Signed | None:
    for entry in file.entries:
        if entry.statement.type is StatementType.MEMBER_RECORD:
            agency = parse_member_record(entry.statement.body).agency
            if (agency.uri, agency.root_key) == (
                home.identity().agency_uri,
                own_root.public.encoded,
            ):
                return entry
    return None


def _asked(home: Home) -> bytes:
    """Returns the federation that this agency's enrolment file asks to join."""
    record = read_agency(home.enrolment(home.identity()))
    return parse_member_record(record.statement.body).header.federation


def write_federation(path: Path, file: FederationFile) -> None:
    """Writes a federation file, in place of an earlier one."""
    replace_file(path, _text(file))


def read_federation(path: Path) -> FederationFile:
    """Returns a federation file.

    Raises:
        ConfigUnreadable: If it cannot be read.
        MalformedInput: If it is not such a file.
    """
    return parse_federation_file(read_armored(Armor.FEDERATION, path))


def _text(file: FederationFile) -> bytes:
    return armor(Armor.FEDERATION, encode_federation_file(file)).encode("ascii")
