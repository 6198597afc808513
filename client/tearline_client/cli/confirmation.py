"""Confirmation by a person before sending, in the same way for every command."""

from collections.abc import Iterable, Sequence

from tearline.federation.versions import Members
from tearline.packets.packet import OpenedField
from tearline_client.cli.context import CliContext
from tearline_client.node import Node
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.rendering.output import Row
from tearline_client.rendering.packets import SPARE, cell_rows
from tearline_client.rendering.reviews import opened_rows
from tearline_client.rendering.words import agency_name, counted

_COLUMNS = ("field", "category", "partner", "form", "shown")


def confirm_packets(
    cli: CliContext,
    node: Node,
    plans: Sequence[ReleasePlan],
    *,
    yes: bool,
    words: str = "",
    because: str = "",
    typed: str = "yes",
) -> None:
    """Shows each partner's view of packets, and asks for confirmation.

    Args:
        cli: The command's frame.
        node: The node.
        plans: One for each packet.
        yes: Whether ``--yes`` was given: then it shows no view.
        words: The accompanying note.
        because: A further effect of the act, as a sentence.
        typed: The text to type.

    Raises:
        NotConfirmed: If the typed text differs.
    """
    members = node.directory.members()
    cells = [cell for plan in plans for cell in plan.cells()]
    recipients = [recipient for plan in plans for recipient in plan.recipients]
    act = f"{counted(len(plans), 'packet')} will be sent to {_names(recipients, members)}."
    act = f"{because} {act}".strip()
    _confirm(cli, cell_rows(cells, members), act, words=words, typed=typed, yes=yes)


def confirm_fields(
    cli: CliContext,
    node: Node,
    fields: Sequence[tuple[OpenedField, str]],
    *,
    yes: bool,
    words: str = "",
    act: str = "will be disclosed to",
) -> None:
    """Shows the fields of sent packets that a partner will also get, and asks for confirmation.

    Args:
        cli: The command's frame.
        node: The node.
        fields: Each field with the node URI of the partner.
        yes: Whether ``--yes`` was given: then it shows no field.
        words: The accompanying note.
        act: The act on the fields, before the partner's name.

    Raises:
        NotConfirmed: If the person does not confirm.
    """
    members = node.directory.members()
    names = _names((recipient for _, recipient in fields), members)
    act = f"{counted(len(fields), 'field')} {act} {names}."
    _confirm(cli, opened_rows(fields, members), act, words=words, typed="yes", yes=yes)


def _confirm(
    cli: CliContext, rows: Iterable[Row], act: str, *, words: str, typed: str, yes: bool
) -> None:
    if not yes:
        cli.show(rows, _COLUMNS, spare=SPARE)
        if words:
            cli.say(f"Note: {words}")
    cli.confirm(act, typed, yes=yes)


def _names(recipients: Iterable[str], members: Members) -> str:
    return ", ".join(sorted({agency_name(members, each) for each in recipients}))
