"""``tearline trust``: members of the federation and their keys."""

from pathlib import Path

import click

from tearline.crypto.armor import Armor
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, root_option
from tearline_client.cli.session import home_of, passphrases
from tearline_client.enrolment import (
    draft_trust_list,
    pin,
    read_agency,
    read_exchange,
    read_signed,
    sign_trust_list,
    write_signed,
)


@click.group(cls=Group)
def command() -> None:
    """Draft, sign, pin and show the federation's trust list."""


@command.command()
@click.option(
    "--exchange", "exchange_file", type=FILE, required=True, help="The exchange.enrolment file."
)
@click.option(
    "--agency",
    "agency_files",
    type=FILE,
    multiple=True,
    required=True,
    help="The .agency file of a member; one option per member.",
)
@click.option(
    "--threshold",
    type=int,
    default=2,
    show_default=True,
    help="Number of roots required to change exchange, log and suite.",
)
@click.option("--output-file", "target", type=FILE, required=True, help="The file to write.")
@root_option
@pass_cli
def draft(
    cli: CliContext,
    exchange_file: Path,
    agency_files: tuple[Path, ...],
    threshold: int,
    target: Path,
    root_passphrase_file: Path | None,
) -> None:
    """Draft the first trust list of a federation, signed by this agency's root.

    Example: tearline trust draft --exchange exchange.enrolment --agency us-justice.agency --agency
    mx-prosecutor.agency --output-file list
    """
    proposed = draft_trust_list(
        home_of(cli),
        passphrases(cli, root_passphrase_file).root,
        exchange=read_exchange(exchange_file),
        agencies=[read_agency(path) for path in agency_files],
        threshold=threshold,
    )
    write_signed(Armor.TRUST_LIST, target, proposed)
    cli.say(f"Federation {proposed.statement.id.hex()}")
    cli.say(f"Next: give {target} to every agency on it to sign.")


@command.command()
@click.argument("file", type=FILE)
@root_option
@pass_cli
def sign(cli: CliContext, file: Path, root_passphrase_file: Path | None) -> None:
    """Sign the trust list in FILE with this agency's root key.

    Example: tearline trust sign list
    """
    proposed = read_signed(Armor.TRUST_LIST, file)
    root = passphrases(cli, root_passphrase_file).root
    complete = sign_trust_list(home_of(cli), root, proposed)
    write_signed(Armor.TRUST_LIST, file, complete)
    cli.say(f"{len(complete.statement.inclusions)} roots have signed {file}.")


@command.command(name="pin")
@click.argument("file", type=FILE)
@click.option("--federation", help="The federation id that partners gave you, to compare.")
@root_option
@pass_cli
def pin_command(
    cli: CliContext, file: Path, federation: str | None, root_passphrase_file: Path | None
) -> None:
    """Pin the federation with the complete first trust list in FILE.

    Every root must have signed, including this agency's. Verify the federation id with your
    partners out of band.

    Example: tearline trust pin list
    """
    complete = read_signed(Armor.TRUST_LIST, file)
    if federation is not None and complete.statement.id.hex() != federation:
        from tearline.errors import TrustListUnpinned

        raise TrustListUnpinned("the file is of another federation")
    pin(home_of(cli), passphrases(cli, root_passphrase_file), complete)
    cli.say(f"Pinned federation {complete.statement.id.hex()}.")


@command.command()
@pass_cli
def show(cli: CliContext) -> None:
    """Show the pinned trust list: each member and the id of its root key.

    Example: tearline trust show
    """
    from tearline.crypto.keys import key_id

    signed, trust_list = home_of(cli).trust_list()
    rows: list[dict[str, object]] = [
        {"member": agency.name, "uri": agency.uri, "key": key_id(agency.root_key).hex()}
        for agency in trust_list.agencies
    ]
    exchange = trust_list.exchange
    rows.append(
        {"member": "(exchange)", "uri": exchange.uri, "key": key_id(exchange.signing_key).hex()}
    )
    cli.say(f"Federation {signed.statement.id.hex()}, list {trust_list.number}")
    cli.emit(rows, ["member", "uri", "key"])
