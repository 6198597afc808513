"""The reference of file formats, from the tables that the parsers use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tables import GENERATED, table
from tearline.crypto.armor import Armor
from tearline_client.audit.rows import KEYS as ROW_KEYS
from tearline_client.cli.policy import KEYS as CASE_KEYS
from tearline_client.connectors.importers.ftm import KEYS as ENTITY_KEYS
from tearline_client.connectors.importers.mapping import KEYS as MAPPING_KEYS
from tearline_client.notifications.channels import KEYS as CHANNEL_KEYS
from tearline_client.planning.agreement_file import KEYS as AGREEMENT_KEYS
from tearline_client.planning.request_file import KEYS as REQUEST_KEYS
from tearline_client.store.notifications import KEYS as NOTICE_KEYS
from tearline_runtime.file_keys import FileKey, KeyTable, key_tables
from tearline_server.config import KEYS as SETTINGS_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of TOML files.

    Attributes:
        title: Its heading.
        use: The commands that read it, and rules beside the keys.
        sections: Its tables, each under its heading in a file; the file itself first.
        parts: Tables of values within these.
    """

    title: str
    use: str
    sections: tuple[tuple[str, KeyTable], ...]
    parts: tuple[KeyTable, ...] = ()

    def sample(self, *, without: FileKey | None = None, extra: str = "") -> str:
        """Returns a file with every key, or with all but one.

        Args:
            without: A key to leave out.
            extra: A line to add at the end of the file's own keys.
        """
        headings = {heading.strip("[]").partition(".")[0] for heading, _ in self.sections}
        parts = []
        for heading, keys in self.sections:
            lines = [
                f"{key.name} = {key.example}"
                for key in keys.keys
                if key is not without and (heading or key.name not in headings)
            ]
            if not heading and extra:
                lines.append(extra)
            if (
                without is None
                or heading == ""
                or heading.strip("[]").partition(".")[0] != without.name
            ):
                parts.append("\n".join([heading, *lines] if heading else lines))
        return "\n\n".join(parts) + "\n"


AGREEMENT = Format(
    title="File of terms",
    use="The terms of an agreement, for `tearline agreement propose`, `agreement amend`, "
    "`agreement counter` and `agreement draft`. How to: [agreements](../howto/agreements.md).",
    sections=(
        ("", AGREEMENT_KEYS["file"]),
        ("[article.money-laundering]", AGREEMENT_KEYS["article"]),
    ),
)
REQUEST = Format(
    title="Request file",
    use="A request for records, for `tearline request new`. How to: "
    "[requests](../howto/requests.md).",
    sections=(("", REQUEST_KEYS["file"]), ("[[item]]", REQUEST_KEYS["item"])),
)
MAPPING = Format(
    title="Mapping of columns",
    use="How rows of a CSV file become entities, for `tearline import csv`. How to: "
    "[importing](../howto/importing.md).",
    sections=(("", MAPPING_KEYS["file"]), ("[entities.party]", MAPPING_KEYS["entity"])),
    parts=tuple(MAPPING_KEYS[name] for name in ("schema", "column", "fixed", "link")),
)
CASES = Format(
    title="Cases of policies",
    use="Cases with the form that the policies must decide, for `tearline policy test`. How to: "
    "[own policies](../howto/policies.md).",
    sections=(("", CASE_KEYS["file"]), ("[[case]]", CASE_KEYS["case"])),
)
IDENTITY = Format(
    title="identity.toml",
    use="Written by `tearline init` into the node's home; read by every command.",
    sections=(("", key_tables("tearline_client.keys", "identity_keys.toml")["file"]),),
)
EXCHANGE = Format(
    title="exchange.toml",
    use="Settings of an exchange, in its home. `tearline-server init` writes them; "
    "`tearline-server` reads them when it starts. A running exchange reads no change.",
    sections=(
        ("", SETTINGS_KEYS["file"]),
        ("[[witnesses]]", SETTINGS_KEYS["witness"]),
        ("[blobs]", SETTINGS_KEYS["blobs"]),
    ),
)
CHANNELS = Format(
    title="File of notices",
    use="Persons and a program that a running node tells how many notices are new; the setting "
    "`notices` names it. How to: [notices](../howto/notices.md).",
    sections=(
        ("", CHANNEL_KEYS["file"]),
        ("[mail]", CHANNEL_KEYS["mail"]),
        ("[[to]]", CHANNEL_KEYS["to"]),
        ("[webhook]", CHANNEL_KEYS["webhook"]),
    ),
)
TOML = (AGREEMENT, REQUEST, MAPPING, CASES, CHANNELS, EXCHANGE, IDENTITY)

_ARMORED = {
    Armor.AGENCY: (
        "public keys of an agency, signed by its root",
        "`tearline init`",
        "`tearline federation found`, `federation invite`",
    ),
    Armor.EXCHANGE: (
        "public keys of an exchange and its log",
        "`tearline-server init`",
        "`tearline federation found`",
    ),
    Armor.FEDERATION: (
        "charter of the federation, with its founders' records and signatures",
        "`tearline federation found`, `federation sign`",
        "`tearline federation join`, `tearline-server federation publish`,"
        " `tearline audit verify --trust`",
    ),
    Armor.SUCCESSION: (
        "decision that a new exchange goes on, with the votes given",
        "`tearline federation succeed`",
        "`tearline federation succeed`, `tearline-server federation succeed`",
    ),
    Armor.DECISION: (
        "votes and member records of agencies whose nodes cannot connect",
        "`tearline federation vote --output-file`, `federation invite --output-file`",
        "`tearline-server federation decide`",
    ),
    Armor.KEY_RECORD: (
        "a node's public key, signed by its agency",
        "`tearline init`",
        "`tearline-server admit`",
    ),
    Armor.AGREEMENT: (
        "an agreement with its signatures",
        "`tearline agreement draft`",
        "`tearline agreement sign`, `agreement publish`, `agreement show --file`",
    ),
    Armor.EVIDENCE: (
        "two notes that accuse the log",
        "`tearline log evidence`",
        "people, and other implementations",
    ),
    Armor.EXHIBIT: (
        "fields of a packet with their proofs",
        "`tearline packet exhibit`",
        "`tearline audit verify`",
    ),
    Armor.AUDIT_EXPORT: (
        "the signed manifest of a file of rows",
        "`tearline audit export`",
        "`tearline audit verify`",
    ),
    Armor.ERASURE: (
        "an order to erase entries of the log, with its signatures",
        "`tearline log erase draft`",
        "`tearline log erase sign`, `log erase publish`",
    ),
}


def formats_page() -> Iterator[str]:
    """Every format of files that people or programs write or read."""
    yield "# File formats"
    yield GENERATED
    yield ""
    yield (
        "Every key of the files that people and programs write or read. The parsers use the same "
        "tables: a key that is not listed is refused, since a misspelt key would otherwise count "
        "as its default. Settings of a node, `node.toml`, are on [a page of their "
        "own](settings.md); formats of the wire and of proofs are in the "
        "[specifications](../README.md#specifications). All names are invented."
    )
    yield from _packet_file()
    for each in TOML:
        yield from _toml(each)
    yield from _policies()
    yield from _notice()
    yield from _rows()
    yield from _armored()


def keys_table(keys: Iterable[FileKey], *, output: bool = False) -> Iterator[str]:
    """The table of some keys; of what a program writes, without defaults."""
    head = ["key", "value", "default", "meaning", "example"]
    rows = [
        [
            f"`{key.name}`",
            key.value,
            "required" if key.default is None else key.default,
            key.meaning,
            f"`{key.example}`",
        ]
        for key in keys
    ]
    if output:
        head, rows = head[:2] + head[3:], [row[:2] + row[3:] for row in rows]
    return table(head, rows)


def _toml(format_: Format) -> Iterator[str]:
    yield ""
    yield f"## {format_.title}"
    yield ""
    yield format_.use
    tables = (*(keys for _, keys in format_.sections), *format_.parts)
    for keys in tables:
        if keys.place:
            yield ""
            yield f"In {keys.place}:" if " " in keys.place else f"In `{keys.place}`:"
        yield ""
        yield from keys_table(keys.keys)
    yield ""
    yield "```toml"
    yield format_.sample().rstrip("\n")
    yield "```"


def _packet_file() -> Iterator[str]:
    yield ""
    yield "## Packet file"
    yield ""
    yield (
        "Entities as FollowTheMoney JSON lines in UTF-8, one object a line, for `tearline packet "
        "preview`, `packet send`, `packet correct`, `request answer` and `import ftm`; "
        "`tearline export ftm` writes it. Schemata and their properties by kind: [kinds of "
        "packet](kinds.md). Keys that other programs add to describe their own store are left "
        "out; any other key is refused."
    )
    yield ""
    yield from keys_table(ENTITY_KEYS.keys)
    yield ""
    yield "```json"
    yield ftm_sample()
    yield "```"


def ftm_sample(*, without: FileKey | None = None) -> str:
    """Returns a line with every key, or with all but one."""
    pairs = (f'"{key.name}": {key.example}' for key in ENTITY_KEYS.keys if key is not without)
    return "{" + ", ".join(pairs) + "}"


def _policies() -> Iterator[str]:
    yield ""
    yield "## Policies"
    yield ""
    yield (
        "`policy/own.cedar` in a node's home, and the files that `tearline policy check`, `policy "
        "diff` and `policy adopt` read, are written in Cedar. Their principals, actions and "
        "context: [own policies](../howto/policies.md)."
    )


def _notice() -> Iterator[str]:
    yield ""
    yield "## Notice"
    yield ""
    yield (
        "One line of JSON on the standard input of a command that `tearline node run --on` "
        "starts. How to: [notices](../howto/notices.md). Each notice has the first three keys; "
        "the event decides which others."
    )
    yield ""
    yield from keys_table((*NOTICE_KEYS["head"].keys, *NOTICE_KEYS["ids"].keys), output=True)


def _rows() -> Iterator[str]:
    yield ""
    yield "## Rows of an audit"
    yield ""
    yield (
        "`tearline -o jsonl audit search` prints them, `tearline audit export` writes them as "
        "JSON lines or CSV, and `tearline audit verify` proves each. The rules: "
        "[audits](../spec/audit-v1.md)."
    )
    yield ""
    yield from keys_table(ROW_KEYS.keys, output=True)


def _armored() -> Iterator[str]:
    yield ""
    yield "## Exchange files"
    yield ""
    yield (
        "Signed values travel in files between agencies as PEM (RFC 7468): a first line such as "
        "`-----BEGIN TEARLINE AGREEMENT-----`, base64 in lines of 64 characters, and a last line. "
        "Only programs write them. They hold no secret, and nothing in them can be changed "
        "without breaking a signature."
    )
    yield ""
    yield from table(
        ("first line names", "holds", "written by", "read by"),
        ((f"`{kind.value}`", *_ARMORED[kind]) for kind in Armor),
    )
