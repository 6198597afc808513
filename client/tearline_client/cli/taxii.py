"""``tearline taxii``: accounts of programs, drafts that they add, and foreign collections."""

import os
from pathlib import Path

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, yes_option
from tearline_client.cli.session import home_of, node_command
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.connectors.importers.taxii_batches import Batches
from tearline_client.connectors.importers.taxii_collection import Access, ForeignCollection
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.node import Node
from tearline_client.rendering.words import moment
from tearline_runtime.passphrase import read_passphrase

_SECRET = "TEARLINE_TAXII_SECRET"  # noqa: S105 (the name of a variable, not a secret)


@click.group(cls=Group)
def command() -> None:
    """Manage programs that use this node over TAXII 2.1, and read foreign collections."""


@command.group(cls=Group)
def account() -> None:
    """Add, list and remove service accounts."""


@account.command()
@click.argument("name")
@click.option(
    "--article",
    "articles",
    multiple=True,
    metavar="AGREEMENT/ARTICLE",
    help="An article whose packets the account may use; repeatable.",
)
@click.option(
    "--case", "cases", multiple=True, help="A case that it may use: title or id; repeatable."
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in FeedRole]),
    default=(FeedRole.READER.value,),
    show_default=True,
    help="A role of the account; repeatable.",
)
@node_command
async def add(
    cli: CliContext,
    node: Node,
    name: str,
    articles: tuple[str, ...],
    cases: tuple[str, ...],
    roles: tuple[str, ...],
) -> None:
    """Add the service account NAME, and print its token once.

    The account uses only the named articles and cases. A reader gets their objects; fields marked
    TLP:RED are in no collection. A submitter adds objects as drafts, which wait for a person. The
    node stores a hash of the token; a lost token cannot be shown again.

    Example: tearline taxii account add siem --article narcotics-2026/money-laundering
    """
    collections = [node.feeds.article(each) for each in articles]
    collections += [node.feeds.case(node.cases.find(each).id) for each in cases]
    token = node.feeds.accounts.add(
        name, roles=[FeedRole(role) for role in roles], collections=collections
    )
    cli.emit([{"account": name, "token": token}], ["account", "token"])
    cli.say("Store the token now: it is not shown again.")


@account.command(name="list")
@node_command
async def list_command(cli: CliContext, node: Node) -> None:
    """List all service accounts, with a row for each of their collections.

    Example: tearline taxii account list
    """
    rows = [
        {
            "account": each.name,
            "roles": ", ".join(sorted(each.roles)),
            "collection": node.feeds.title(collection),
            "id": node.feeds.collection_id(collection),
            "created": moment(each.created_ms),
        }
        for each in node.feeds.accounts.list()
        for collection in each.collections
    ]
    cli.emit(rows, ["account", "roles", "collection", "id", "created"])


@account.command()
@click.argument("name")
@yes_option
@node_command
async def remove(cli: CliContext, node: Node, name: str, yes: bool) -> None:
    """Remove the service account NAME; its token ends at once.

    Example: tearline taxii account remove siem
    """
    cli.confirm(f"The token of {name} will end.", name, yes=yes)
    node.feeds.accounts.remove(name)
    cli.say(f"Removed {name}; its token is not accepted any more.")


@command.group(cls=Group)
def draft() -> None:
    """Handle objects that submitters added: list, save and discard drafts."""


@draft.command(name="list")
@node_command
async def list_drafts(cli: CliContext, node: Node) -> None:
    """List the drafts that wait for a person, oldest first.

    Example: tearline taxii draft list
    """
    rows = [
        {
            "draft": each.id.hex()[:12],
            "account": each.account,
            "collection": each.collection,
            "objects": each.objects,
            "recalled": each.lost,
            "entities": each.entities,
            "added": moment(each.time_ms),
            "ends": moment(each.ends_ms),
        }
        for each in node.feeds.drafts.list()
    ]
    cli.emit(
        rows, ["draft", "account", "collection", "objects", "recalled", "entities", "added", "ends"]
    )


@draft.command()
@click.argument("draft_id", metavar="DRAFT")
@click.option(
    "--output-file", "file", type=FILE, required=True, help="A new file for the STIX bundle."
)
@node_command
async def save(cli: CliContext, node: Node, draft_id: str, file: Path) -> None:
    """Save DRAFT as a STIX file, to import it. The draft waits until it is discarded.

    DRAFT is the beginning of an id of `tearline taxii draft list`. The import shows what each
    partner would see, and asks for a second person where the article requires one.

    Example: tearline taxii draft save 5f0c9a1b --output-file draft.stix.json
    """
    found = node.feeds.drafts.find(draft_id)
    verify_free(file.parent, file.name)
    content = node.feeds.drafts.open(found, person=cli.settings.person)
    with create_file(file.parent, file.name) as stream:
        stream.write(content)
    cli.say(f"Saved {file}. It holds contents in clear: delete it after the import.")
    cli.advise(f"tearline import stix {file} --dry-run --to PARTNER --agreement NAME …")


@draft.command()
@click.argument("draft_id", metavar="DRAFT")
@yes_option
@node_command
async def discard(cli: CliContext, node: Node, draft_id: str, yes: bool) -> None:
    """Discard DRAFT: it was imported, or is not wanted. The program is not told.

    Example: tearline taxii draft discard 5f0c9a1b
    """
    found = node.feeds.drafts.find(draft_id)
    cli.confirm("The objects of the draft will be deleted.", found.hex()[:12], yes=yes)
    node.feeds.drafts.discard(found, person=cli.settings.person)
    cli.say(f"Discarded {found.hex()[:12]}.")


@command.command()
@click.argument("url")
@click.option(
    "--output-folder",
    "folder",
    type=FILE,
    required=True,
    help="An existing folder for the files of objects.",
)
@click.option("--user", default="", help="The user of HTTP Basic; without one, a bearer token.")
@click.option(
    "--secret-file",
    type=FILE,
    help="File with the password or token in its first line; by default TEARLINE_TAXII_SECRET.",
)
@click.option(
    "--ca", type=FILE, help="PEM file with the server's issuers; by default the machine's."
)
@click.option("--again", is_flag=True, help="Begin at the first object again.")
@pass_cli
def pull(
    cli: CliContext,
    url: str,
    folder: Path,
    user: str,
    secret_file: Path | None,
    ca: Path | None,
    again: bool,
) -> None:
    """Read what is new in a foreign TAXII 2.1 collection into STIX files, to import them.

    URL ends in /collections/ID/. The home keeps the place, so each run continues behind the last
    one, also after it was interrupted: no object is lost, and none is in two files. Import each
    file with `tearline import stix`; an import that is repeated sends no packet twice.

    Example: tearline taxii pull https://taxii.example/api/collections/91a7b528/ --output-folder new
    """
    access = Access(
        url=url,
        secret=_secret(secret_file),
        user=user,
        ca=ca,
        timeout_s=cli.settings.timeout_s,
    )
    collection = ForeignCollection(access)
    batches = Batches(home_of(cli).path / "taxii", url)
    if again:
        batches.forget()
    rows = []
    with cli.progress("Reading", None) as advance:
        for file, count in batches.pull(collection, folder, advance=advance):
            rows.append({"file": str(file), "objects": count})
    cli.emit(rows, ["file", "objects"])
    if rows:
        first = rows[0]["file"]
        cli.advise(f"tearline import stix {first} --dry-run --to PARTNER --agreement NAME …")
    else:
        cli.say("The collection has no object that was not read.")


def _secret(file: Path | None) -> str:
    text = os.environ.get(_SECRET)
    if file is None and text is None:
        return ""
    return read_passphrase(file, text, option="--secret-file").decode()
