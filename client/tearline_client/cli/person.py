"""``tearline person``: the agency's persons and their roles."""

import time
from pathlib import Path

import click

from tearline.limits import ENROLMENT_CODE_S
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp, parse_tlp
from tearline_client.access_log.persons import PersonLog
from tearline_client.bootstrap import open_database
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.session import home_of
from tearline_client.keys.keystore import Keystore
from tearline_client.persons.changes import PersonAct
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.rendering.values import moment
from tearline_client.store.access import AccessStore
from tearline_runtime.passphrase import read_passphrase


def issuer(cli: CliContext) -> LocalIssuer:
    """Returns the agency's local issuer, which records each change in the node's access log."""
    home = home_of(cli)
    keystore = Keystore.open(home.keys, cli.passphrase())

    def record(act: PersonAct) -> None:
        database = open_database(home, keystore)
        try:
            uri = str(home.identity().node_uri)
            PersonLog(AccessStore(database), uri, lambda: time.time_ns() // 1_000_000).record(act)
        finally:
            database.close()

    return LocalIssuer(keystore, record)


@click.group(cls=Group)
def command() -> None:
    """Manage the agency's persons and their roles."""


@command.command()
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="A role of the person; repeatable.",
)
@click.option(
    "--clearance",
    type=click.Choice([level.text for level in Tlp]),
    default=Tlp.AMBER_STRICT.text,
    show_default=True,
    help="Highest TLP of the person; recorded, not enforced.",
)
@click.option(
    "--person-passphrase-file",
    type=FILE,
    help="File with the person's passphrase; by default a prompt.",
)
@pass_cli
def add(
    cli: CliContext,
    name: str,
    roles: tuple[str, ...],
    clearance: str,
    person_passphrase_file: Path | None,
) -> None:
    """Add the person NAME, with their own passphrase for login.

    An analyst drafts releases; a liaison sends, asks, answers, recalls and suspends; an officer
    signs, suspends and resumes agreements and approves; an auditor searches the log and sees no
    contents. A person may have several roles.

    Example: tearline person add ana --role analyst
    """
    persons = issuer(cli)
    persons.add(
        name,
        roles={Role(role) for role in roles},
        clearance=parse_tlp(clearance),
        passphrase=person_passphrase(name, person_passphrase_file, twice=True),
    )
    code = persons.enrol(name, int(time.time()))
    cli.say(f"{name} may now log in. Code to enrol a passkey in the console, for a day: {code}")
    cli.advise(f"tearline login {name}")


@command.command(name="list")
@pass_cli
def list_command(cli: CliContext) -> None:
    """List all persons, including disabled ones.

    Example: tearline person list
    """
    cli.emit(
        (
            {
                "person": person.name,
                "roles": " ".join(sorted(role.value for role in person.roles)),
                "clearance": person.clearance.text,
                "enabled": person.enabled,
            }
            for person in issuer(cli).persons()
        ),
        ["person", "roles", "clearance", "enabled"],
    )


@command.command()
@click.argument("name")
@pass_cli
def disable(cli: CliContext, name: str) -> None:
    """Disable the person NAME; issued tokens expire within five minutes.

    Example: tearline person disable ana
    """
    issuer(cli).disable(name)
    cli.say(f"{name} may no longer act.")


@command.command()
@click.argument("name")
@pass_cli
def enrol(cli: CliContext, name: str) -> None:
    """Print a one-time code with which the person NAME enrols a passkey in the console.

    The code is good for a day, for one passkey or for one account at the agency's identity
    provider; an earlier one ends. Give it to the person alone, because it signs in as NAME.

    Example: tearline person enrol ana
    """
    now_s = int(time.time())
    code = issuer(cli).enrol(name, now_s)
    ends = moment((now_s + ENROLMENT_CODE_S) * 1000)
    cli.emit([{"person": name, "code": code, "ends": ends}], ["person", "code", "ends"])


@command.command()
@click.argument("name")
@click.option(
    "--person-passphrase-file",
    type=FILE,
    help="File with the person's passphrase; by default a prompt.",
)
@pass_cli
def passphrase(cli: CliContext, name: str, person_passphrase_file: Path | None) -> None:
    """Set the passphrase of the person NAME, for commands and the console.

    A person who was added in the console has no passphrase: they enrol a passkey, or link an
    account, by their one-time code. Their session of `tearline login` ends, and so does each of
    their sessions of the console, with its next request.

    Example: tearline person passphrase ana
    """
    given = person_passphrase(name, person_passphrase_file, twice=True)
    issuer(cli).set_passphrase(name, given)
    cli.say(f"{name} has a new passphrase.")


@command.command()
@click.argument("name")
@pass_cli
def unlink(cli: CliContext, name: str) -> None:
    """Remove the link of the person NAME with an account at the agency's identity provider.

    A disabled person keeps the link, so that the account becomes no other person by itself. Remove
    it if the account is to belong to another person here. Each session of the person in the console
    ends with its next request.

    Example: tearline person unlink ana
    """
    issuer(cli).unlink(name)
    cli.say(f"{name} has no linked account.")


def person_passphrase(name: str, file: Path | None, *, twice: bool = False) -> bytes:
    """Returns the passphrase of the person ``name``, from a file or a prompt."""
    option = "--person-passphrase-file"
    return read_passphrase(file, option=option, question=f"Passphrase of {name}", twice=twice)
