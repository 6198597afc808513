"""Helpers shared by the commands: the open node, the acting person and text files."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tearline.errors import ConfigUnreadable, MembershipEnded, NotPermitted, sentence
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline.verification.trust import TrustState
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.enrolment import Passphrases
from tearline_client.keys.home import Home
from tearline_client.node import Node
from tearline_client.rendering.words import age_text, time_text
from tearline_client.store.followed_trust import followed_trust
from tearline_runtime.passphrase import read_passphrase

if TYPE_CHECKING:
    from tearline_client.transport.clamd import Scanner

P = ParamSpec("P")
R = TypeVar("R")
_LIAISON = Role.LIAISON


def home_of(cli: CliContext) -> Home:
    """Returns the home that the settings name."""
    return Home(cli.settings.home)


def trust_of(cli: CliContext) -> TrustState:
    """Returns the members as far as the home's node has read the log; no node is opened.

    Raises:
        TearlineError: If no federation is pinned there.
    """
    home = home_of(cli)
    return followed_trust(home.database, home.pinned())


def async_command(
    function: Callable[Concatenate[CliContext, P], Coroutine[Any, Any, R]],
) -> Callable[..., R]:
    """Gives a command's function its ``CliContext``, and awaits it in an event loop of its own.

    Such a function verifies its arguments first, and then uses ``open_node``.
    """

    @pass_cli
    @functools.wraps(function)
    def with_loop(cli: CliContext, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return asyncio.run(function(cli, *args, **kwargs))

    return with_loop


def node_command(
    function: Callable[Concatenate[CliContext, Node, P], Coroutine[Any, Any, R]],
) -> Callable[..., R]:
    """Gives a command's function its ``CliContext`` and the opened node; then closes the node.

    A command that verifies its arguments before it opens the node is an ``async_command``.
    """

    @async_command
    @functools.wraps(function)
    async def with_node(cli: CliContext, /, *args: P.args, **kwargs: P.kwargs) -> R:
        async with open_node(cli) as node:
            return await function(cli, node, *args, **kwargs)

    return with_node


@contextlib.asynccontextmanager
async def open_node(cli: CliContext) -> AsyncIterator[Node]:
    """Opens the node that the settings name, and closes it at the end."""
    node = await Node.open(
        cli.settings.home,
        passphrase=cli.passphrase(),
        address=cli.settings.exchange,
        timeout_s=cli.settings.timeout_s,
        asks_before_erasing=cli.settings.recall == "ask",
        scanner=_scanner(cli),
    )
    async with node:
        node.persons.verify_known(cli.settings.person)
        yield node


def _scanner(cli: CliContext) -> "Scanner | None":
    if not cli.settings.scanner:
        return None
    from tearline_client.transport.clamd import Scanner

    return Scanner(cli.settings.scanner, timeout_s=cli.settings.scanner_timeout_s)


async def look(cli: CliContext, node: Node, *, sync: bool = True) -> bool:
    """Receives new messages, or says how old the local data is when the exchange is out of reach.

    Args:
        cli: The command's frame.
        node: The node.
        sync: Whether to contact the exchange at all.

    Returns:
        Whether the local data is current.
    """
    with cli.progress("Receiving from the exchange", None):
        missed = await node.refresh() if sync else None
    if sync and missed is None:
        return True
    age = age_text(node.now_ms() - node.known_ms()) if node.known_ms() else "never synchronised"
    why = "L" if missed is None else f"The exchange is unreachable ({missed.code}): l"
    if isinstance(missed, MembershipEnded):
        why = f"{sentence(missed.what, missed.why)} L"
    cli.say(f"{why}ocal data is as of {time_text(node.known_ms())} ({age}).")
    return False


async def received_packet(cli: CliContext, node: Node, packet: str) -> bytes:
    """Receives new messages, and returns the id of a packet, given its beginning."""
    await look(cli, node)
    return node.packets.find(packet)


def passphrases(cli: CliContext, root_file: Path | None, *, twice: bool = False) -> Passphrases:
    """Returns the passphrases of both keystores; without a file, the root uses the node's."""
    node = cli.passphrase(twice=twice)
    if root_file is None:
        return Passphrases(node=node, root=node)
    root = read_passphrase(
        root_file, option="--root-passphrase-file", question="Passphrase of the root"
    )
    return Passphrases(node=node, root=root)


def acting(cli: CliContext, node: Node, agreement: bytes, role: Role = _LIAISON) -> ActedBy | None:
    """Returns the acting person under the pseudonym of an agreement.

    None if no person was named and none is logged in: then the node itself acts.
    """
    return node.persons.acted_by(cli.settings.person, agreement, role)


def acting_on(cli: CliContext, node: Node, packet: bytes, role: Role = _LIAISON) -> ActedBy | None:
    """Returns the acting person, as ``acting``, under the pseudonym of a packet's agreement."""
    return acting(cli, node, node.packets.manifest(packet).agreement.id, role)


def person_of(cli: CliContext, node: Node, agreement_id: bytes) -> ActedBy | None:
    """Returns the acting liaison officer, or else the officer in charge."""
    try:
        return acting(cli, node, agreement_id, Role.LIAISON)
    except NotPermitted:
        return acting(cli, node, agreement_id, Role.OFFICER)


def read_text(path: Path, *, maximum: int) -> str:
    """Returns the text of a file of at most ``maximum`` bytes.

    Raises:
        ConfigUnreadable: If it cannot be read, is larger, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(maximum + 1)
        if len(data) > maximum:
            raise ConfigUnreadable(f"{path} is larger than {maximum} bytes")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigUnreadable(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigUnreadable(f"{path}: not UTF-8") from None
