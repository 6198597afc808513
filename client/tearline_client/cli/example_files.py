"""Example files, for the option ``--example`` of every command that reads a file people write.

Files of settings follow from the tables of keys that their parsers use.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator

import click

from tearline.bodies.registry import KINDS
from tearline.packets.packet import PacketKind
from tearline_client.cli.options import Decorator
from tearline_client.planning.agreement_file import KEYS as AGREEMENT_KEYS
from tearline_client.rendering.output import print_lines
from tearline_runtime.file_keys import FileKey, KeyTable, key_tables

CASE_KEYS = key_tables("tearline_client.planning", "case_keys.toml")
MAPPING_KEYS = key_tables("tearline_client.connectors.importers", "mapping_keys.toml")

_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")  # of the reference; a file shows its text
_ANSWER = """\
{"id":"qiu","schema":"Person","properties":{"name":["Qiu Wenhao"]}}
{"id":"account","schema":"BankAccount","properties":{"iban":["DE02120300000000202051"]}}
{"id":"own","schema":"Ownership","properties":{"owner":["qiu"],"asset":["account"]}}
"""


def terms() -> str:
    """Returns an example of the terms of an agreement."""
    article = ("[article.money-laundering]", AGREEMENT_KEYS["article"])
    return example_file([("", AGREEMENT_KEYS["file"]), article], given=["share"])


def request() -> str:
    """Returns an example of a request for records."""
    # Imported here: only an example needs it.
    from tearline_client.planning.request_file import KEYS as REQUEST_KEYS

    return example_file([("", REQUEST_KEYS["file"]), ("[[item]]", REQUEST_KEYS["item"])])


def mapping() -> str:
    """Returns an example of a mapping of columns."""
    return example_file([("", MAPPING_KEYS["file"]), ("[entities.party]", MAPPING_KEYS["entity"])])


def cases() -> str:
    """Returns an example of cases of policies."""
    return example_file([("", CASE_KEYS["file"]), ("[[case]]", CASE_KEYS["case"])])


def packet(kind: PacketKind = PacketKind.LEAD) -> str:
    """Returns an example of the contents of a packet of a kind, as FollowTheMoney JSON lines."""
    return KINDS[kind].example if kind in KINDS else _ANSWER


def legs() -> str:
    """Returns an example of legs of transfers."""
    return packet(PacketKind.VALUE_TRANSFER)


def answer() -> str:
    """Returns an example of an answer to a request."""
    return packet(PacketKind.RECORD_ANSWER)


def example_option(text: Callable[[], str]) -> Decorator:
    """Returns the option ``--example``, which prints a whole file and exits.

    Args:
        text: Returns the file.
    """

    def show(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            print_lines(text())
            context.exit()

    return click.option(
        "--example",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print an example file, and exit.",
    )


def example_file(sections: Iterable[tuple[str, KeyTable]], *, given: Collection[str] = ()) -> str:
    """Returns a TOML file to fill in: required keys with an example, others as comments.

    Args:
        sections: Tables of the file, each with its heading; the file itself first, without one.
        given: Optional keys that are no comments.
    """
    sections = tuple(sections)
    headings = {heading.strip("[]").partition(".")[0] for heading, _ in sections}
    parts = []
    for heading, table in sections:
        lines = [heading] if heading else []
        for key in table.keys:
            if heading or key.name not in headings:
                lines += _example_lines(key, given=key.default is None or key.name in given)
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _example_lines(key: FileKey, *, given: bool) -> Iterator[str]:
    meaning = _LINK.sub(r"\1", f"{key.meaning[0].upper()}{key.meaning[1:]}").replace("`", "")
    default = "" if key.default is None else f" Default: {key.default.replace('`', '')}."
    yield f"# {meaning}.{default}"
    yield f"{'' if given else '# '}{key.name} = {key.example}"
