"""``tearline keys``: the node's keys, their validity, rotation and revocation."""

import time
from dataclasses import dataclass
from pathlib import Path

import click

from tearline.crypto.certificates import certified_key_id, verify_leaf
from tearline.crypto.keys import KEY_ID_SIZE, key_id
from tearline.encoding import parse_hex
from tearline.errors import HomeMissing, MalformedInput, TlsError
from tearline.federation.members import KeyRecord
from tearline.text.choices import the_one
from tearline.verification.trust import TrustState
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, root_option, sync_option, yes_option
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.session import (
    async_command,
    home_of,
    node_command,
    open_node,
    passphrases,
)
from tearline_client.enrolment import certify_next, fetch_authority, revoke
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.rotation import KeyKind
from tearline_client.keys.tls_certificates import has_authority, issue_certificate
from tearline_client.node import Node
from tearline_client.rendering.words import time_text
from tearline_runtime.passphrase import read_passphrase

_SHOWN = 16  # hexadecimal digits of an id in a table: enough to name a key by


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """Private key in the node's keystore.

    Attributes:
        use: ``sign``, ``kem``, ``cosign`` or ``tls``.
        id: 32 bytes.
        until_ms: End of the certificate of a TLS key; None for other keys, whose record states it.
    """

    use: str
    id: bytes
    until_ms: int | None = None


@click.group(cls=Group)
def command() -> None:
    """Show, rotate and revoke the node's keys."""


@command.command(name="list")
@sync_option
@node_command
async def list_command(cli: CliContext, node: Node, sync: bool) -> None:
    """List the node's keys on record in the log, and those in its keystore.

    Example: tearline keys list
    """
    if sync:
        await node.log.follow()
    agency = node.identity().agency_uri
    revoked = {key for owner, key in node.state.trust.revoked_keys if owner == agency}
    rows = key_rows(
        held_keys(node), node.status().keys, revoked=revoked, now_ms=node.state.now_ms()
    )
    cli.emit(rows, ["use", "key", "state", "until", "here"])


@command.command()
@click.option("--tls", is_flag=True, help="Replace the TLS key and certificate.")
@click.option("--sign", is_flag=True, help="Replace the signing key; the root signs.")
@click.option("--kem", is_flag=True, help="Replace the encryption key.")
@click.option("--cosign", is_flag=True, help="Replace the log cosigning key.")
@root_option
@async_command
async def rotate(
    cli: CliContext,
    tls: bool,
    sign: bool,
    kem: bool,
    cosign: bool,
    root_passphrase_file: Path | None,
) -> None:
    """Replace keys of the node with fresh ones now.

    A running node rotates all keys except its signing key by itself. The agency's root certifies
    the signing key. The old key stays valid until its own end; to end it at once, revoke it.
    Statements signed and received under it stay valid.

    Example: tearline keys rotate --tls
    """
    if not (tls or sign or kem or cosign):
        raise click.UsageError("give one or more of --tls, --sign, --kem, --cosign")
    if tls:
        _rotate_tls(cli, root_passphrase_file)
        cli.say("Replaced the TLS key and certificate.")
    if not (sign or kem or cosign):
        return
    async with open_node(cli) as node:
        if sign:
            root = passphrases(cli, root_passphrase_file).root
            record = certify_next(node.home, root, node.state.keys, now_ms=node.state.now_ms())
            await node.take_signing_record(record)
            cli.say("Replaced the signing key; the agency's root certified it.")
        if kem:
            await node.rotate_encryption_key()
            cli.say("Replaced the encryption key; it is on record.")
        if cosign:
            await node.rotate_cosigning_key()
            cli.say("Replaced the log cosigning key.")


@command.command()
@click.option(
    "--new-passphrase-file", type=FILE, help="File with the new passphrase; by default a prompt."
)
@click.option("--root", is_flag=True, help="Change the agency root's passphrase instead.")
@root_option
@pass_cli
def passphrase(
    cli: CliContext, new_passphrase_file: Path | None, root: bool, root_passphrase_file: Path | None
) -> None:
    """Change the passphrase of the node's keystore, or of the agency's root.

    Later commands require the new passphrase; a running node continues. Backups and other copies of
    the keystore keep their old passphrase.

    Example: tearline keys passphrase
    """
    home = home_of(cli)
    given = passphrases(cli, root_passphrase_file)
    keystore = (
        Keystore.open(home.root, given.root) if root else Keystore.open(home.keys, given.node)
    )
    option = "--new-passphrase-file"
    keystore.change_passphrase(
        read_passphrase(new_passphrase_file, option=option, question="New passphrase", twice=True)
    )
    cli.say("Changed the passphrase. Next: make a fresh backup.")


def _rotate_tls(cli: CliContext, root_passphrase_file: Path | None) -> None:
    home = home_of(cli)
    given = passphrases(cli, root_passphrase_file)
    keystore = Keystore.open(home.keys, given.node)
    if not has_authority(keystore):
        fetch_authority(home, given.root, keystore)
    issue_certificate(home, keystore, home.identity(), now_ms=time.time_ns() // 1_000_000)


@command.command(name="revoke")
@click.argument("key")
@free_text("--reason", help="The reason; every member can read it.")
@repeats_option
@yes_option
@root_option
@node_command
async def revoke_command(
    cli: CliContext,
    node: Node,
    key: str,
    reason: str,
    repeats: str,
    yes: bool,
    root_passphrase_file: Path | None,
) -> None:
    """Revoke KEY, the beginning of an id that `keys list` shows, at once and permanently.

    The agency's root signs the revocation, and the log shows it to every member. For a key unknown
    to this node, such as a lost node's TLS key, give the whole id. Earlier acts under the key stay
    valid. A node that revokes its own connection's key is disconnected until it has another.

    Example: tearline keys revoke 3f9a1c --reason "laptop lost"
    """
    await node.log.follow()
    key_id = find_key(known_ids(node), key)
    name = key_id.hex()[:_SHOWN]
    cli.confirm(f"Key {name} becomes invalid for every member, permanently.", name, yes=yes)
    root = passphrases(cli, root_passphrase_file).root
    signed = revoke(node.home, root, key_id, reason)
    let_in = await node.publish_revocation(signed, repeats=repeats)
    cli.say(f"Revoked key {name}.")
    if not let_in:
        cli.say(
            "It is the key of this node's own connection: the exchange refuses the node "
            "until it has another. Next: tearline keys rotate --tls"
        )


def key_rows(
    held: list[KeyRow], on_record: tuple[KeyRecord, ...], *, revoked: set[bytes], now_ms: int
) -> list[dict[str, object]]:
    """Returns a row for every key: on record, in the keystore, or both. Pure.

    Args:
        held: Private keys in the keystore.
        on_record: The node's valid records.
        revoked: Ids that the agency revoked.
        now_ms: Unix milliseconds.
    """
    records = {record.key_id: record for record in on_record}
    here = {key.id: key for key in held}
    rows: list[dict[str, object]] = []
    for found in dict.fromkeys([*here, *records]):
        record, key = records.get(found), here.get(found)
        until_ms = record.not_after_ms if record else key.until_ms if key else None
        use = record.use.value if record else key.use if key else ""
        if found in revoked:
            state = "revoked"
        elif record is not None or (
            use == KeyKind.TLS and until_ms is not None and now_ms < until_ms
        ):
            state = "in force"
        else:
            state = "ended" if use == KeyKind.TLS else "not on record, or ended"
        rows.append(
            {
                "use": use,
                "key": found.hex()[:_SHOWN],
                "id": found.hex(),
                "state": state,
                "until": None if until_ms is None else time_text(until_ms),
                "here": key is not None,
            }
        )
    return sorted(rows, key=lambda row: (str(row["use"]), str(row["until"]), str(row["id"])))


def held_keys(node: Node) -> list[KeyRow]:
    """Returns the private keys in the node's keystore, by their public ids."""
    keys = node.state.keys
    tls = KeyRow(
        use=KeyKind.TLS,
        id=certified_key_id(node.home.tls_certificate()),
        until_ms=_certificate_end_ms(node),
    )
    held = [KeyRow(use=KeyKind.KEM, id=key) for key in keys.kem_ids()]
    for kind in (KeyKind.SIGN, KeyKind.COSIGN):
        public = keys.public(kind)
        if public is not None:
            held.append(KeyRow(use=kind, id=key_id(public)))
    return [*held, tls]


def _certificate_end_ms(node: Node) -> int | None:
    """Returns the end of the certificate; None if it is missing or not valid now."""
    agency = node.state.trust.agency_of(node.uri)
    try:
        leaf = verify_leaf(
            node.home.tls_certificate(),
            {node.identity().domain: agency.certificate_authorities},
            node.state.now_ms() // 1000,
        )
    except (HomeMissing, TlsError):
        return None
    return leaf.not_after_s * 1000


def known_ids(node: Node) -> set[bytes]:
    """Returns the ids of all keys known to the agency: its nodes' records and this keystore."""
    trust: TrustState = node.state.trust
    agency = node.identity().agency_uri
    ours = [uri for uri in trust.nodes() if trust.agency_of(uri).uri == agency]
    moment = node.state.next_moment()
    records = {record.key_id for uri in ours for record in trust.keys_of(uri, at=moment)}
    return records | {key.id for key in held_keys(node)}


def find_key(known: set[bytes], text: str) -> bytes:
    """Returns the key id that ``text`` is, or is the beginning of.

    Raises:
        NotFound: If it begins none of the known ids, and is not a whole id.
        NameAmbiguous: If it begins several.
    """
    try:
        return parse_hex(text.lower(), size=KEY_ID_SIZE)
    except MalformedInput:
        found = [key for key in known if text and key.hex().startswith(text.lower())]
    return the_one(text, "key", sorted(found))
