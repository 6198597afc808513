"""``tearline keys``: the node's keys, their validity, rotation and revocation."""

import time
from collections.abc import Sequence, Set
from pathlib import Path

import click

from tearline.crypto.keys import KEY_ID_SIZE
from tearline.encoding import parse_hex
from tearline.errors import MalformedInput
from tearline.federation.members import KeyRecord
from tearline.text.choices import the_one
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
from tearline_client.namespaces.keys import HeldKey
from tearline_client.node import Node
from tearline_client.rendering.words import Id, moment
from tearline_runtime.passphrase import read_passphrase

_SHOWN = 16  # hexadecimal digits of an id in a table: enough to name a key by


@click.group(cls=Group)
def command() -> None:
    """List, rotate and revoke the node's keys."""


@command.command(name="list")
@sync_option
@node_command
async def list_command(cli: CliContext, node: Node, sync: bool) -> None:
    """List the node's keys on record in the log, and those in its keystore.

    Example: tearline keys list
    """
    if sync:
        await node.log.follow()
    rows = key_rows(
        node.keys.held(), node.status().keys, revoked=node.keys.revoked(), now_ms=node.now_ms()
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
        cli.advise("tearline keys list")
        return
    async with open_node(cli) as node:
        if sign:
            root = passphrases(cli, root_passphrase_file).root
            make = node.keys.make_signing_key
            record = certify_next(node.home, root, make, now_ms=node.now_ms())
            await node.keys.take_signing_record(record)
            cli.say("Replaced the signing key; the agency's root certified it.")
        if kem:
            await node.keys.rotate_encryption()
            cli.say("Replaced the encryption key; it is on record.")
        if cosign:
            await node.keys.rotate_cosigning()
            cli.say("Replaced the log cosigning key.")
    cli.advise("tearline keys list")


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
    key_id = find_key(node.keys.known(), key)
    name = key_id.hex()[:_SHOWN]
    cli.confirm(f"Key {name} becomes invalid for every member, permanently.", name, yes=yes)
    root = passphrases(cli, root_passphrase_file).root
    signed = revoke(node.home, root, key_id, reason)
    let_in = await node.keys.revoke(signed, repeats=repeats)
    cli.say(f"Revoked key {name}.")
    if not let_in:
        cli.say(
            "It is the key of this node's own connection: the exchange refuses the node "
            "until it has another. Next: tearline keys rotate --tls"
        )


def key_rows(
    held: Sequence[HeldKey],
    on_record: Sequence[KeyRecord],
    *,
    revoked: Set[bytes],
    now_ms: int,
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
                "key": Id(found),
                "id": found.hex(),
                "state": state,
                "until": moment(until_ms),
                "here": key is not None,
            }
        )
    return sorted(rows, key=lambda row: (str(row["use"]), str(row["until"]), str(row["id"])))


def find_key(known: Set[bytes], text: str) -> bytes:
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
