"""Writes the reference pages that follow from the code.

python docs/reference/generate.py            writes them
python docs/reference/generate.py --check    says which differ, and fails if one does
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from importlib.metadata import entry_points
from itertools import groupby
from pathlib import Path

from command_index import command_index
from commands import index_page, noun_page, nouns, server_page
from formats import formats_page
from log_lines import log_lines_page
from manual import pages as manual_pages
from outputs import SCHEMAS, outputs_page, schema_lines
from stubs import sdk_page, sync_stub
from tables import GENERATED, table
from tearline.bodies.registry import KINDS
from tearline.bodies.rules import Part
from tearline.errors import TearlineError, concrete_errors
from tearline.policy.category import CATEGORIES
from tearline_client.settings.table import SETTINGS, Setting

HERE = Path(__file__).resolve().parent
STATUSES = {
    0: "done",
    1: "local fault",
    2: "usage",
    3: "exchange unreachable, overloaded or faulty",
    4: "refused by policy, agreement or trust, whoever refused",
    5: "signature or integrity",
    6: "not found",
    7: "pending: sent, outcome unknown",
}


def area_of(error: type[TearlineError]) -> type[TearlineError]:
    """The class right below TearlineError that ``error`` belongs to."""
    return error.__mro__[error.__mro__.index(TearlineError) - 1]


def errors_page() -> Iterator[str]:
    """Every error: its code, what it says, what to do, and the exit status it leads to."""
    yield "# Errors"
    yield GENERATED
    yield ""
    yield (
        "Every refusal has a code that never changes its meaning and is never given to another. "
        "A message reads *code: what happened: why. Next: what to do.*"
    )
    yield ""
    yield "## Classes"
    yield ""
    yield (
        "The class of an error says what every implementation does about it; "
        "[the specification](../spec/README.md#error-classes) defines the classes."
    )
    yield ""
    yield "## Exit statuses"
    yield ""
    yield from table(
        ("status", "meaning"), ((str(status), text) for status, text in STATUSES.items())
    )
    for area, members in groupby(sorted(concrete_errors(), key=lambda e: e.code), area_of):
        listed = list(members)
        yield ""
        yield f"## {listed[0].code[:6]}: {area.__name__.rstrip('_')}"
        yield ""
        yield (area.__doc__ or "").partition("\n")[0]
        yield ""
        yield from table(
            ("code", "name", "class", "what happened", "what to do next", "exit"),
            (
                (
                    f"`{e.code}`",
                    f"`{e.__name__}`",
                    e.error_class.value,
                    e.what,
                    e.next,
                    str(e.exit_status),
                )
                for e in listed
            ),
        )


def default_of(setting: Setting) -> str:
    """The default as a reader knows it, wherever this runs."""
    if isinstance(setting.default, Path):
        return f"`~/{setting.default.relative_to(Path.home())}`"
    return f"`{setting.default}`" if setting.default not in (None, "") else ""


def type_of(setting: Setting) -> str:
    """The type of a setting's value, from its default."""
    match setting.default:
        case int():
            return "whole number"
        case str():
            return "text"
        case Path() | None:
            return "path"
        case other:
            raise TypeError(f"{setting.name}: name the type of {other!r}")


def settings_page() -> Iterator[str]:
    """Every setting: where it may stand, its default and its meaning."""
    yield "# Settings of a node"
    yield GENERATED
    yield ""
    yield (
        "A flag goes before the environment, the environment before `node.toml` in the node's "
        "home, and that before the default. A name in the file that is no setting is refused. "
        "`tearline config show --origin` says which values hold and where each comes from. A "
        "passphrase is no setting: it comes from the file named below, else from "
        "`TEARLINE_PASSPHRASE`, else from a prompt."
    )
    yield ""
    yield from table(
        ("setting", "type", "variable", "in `node.toml`", "default", "meaning"),
        (
            (
                f"`{setting.name}`",
                type_of(setting),
                f"`{setting.variable}`",
                "yes" if setting.in_file else "no",
                default_of(setting),
                setting.meaning,
            )
            for setting in SETTINGS
        ),
    )


def kinds_page() -> Iterator[str]:
    """Every kind with rules: its parts, what each holds, and a file that makes one."""
    yield "# Kinds of packet"
    yield GENERATED
    yield ""
    yield (
        "What the body of each kind holds; entities of other schemata, a narrative and documents "
        "may stand beside. The rules are those of the [specification](../spec/body-v1.md). "
        "`tearline packet kinds KIND --example` prints the file. All names are invented."
    )
    for rules in KINDS.values():
        yield ""
        yield f"## {rules.kind.value}"
        yield ""
        yield rules.meaning
        for part in rules.parts:
            yield ""
            yield f"`{part.schema}`, {part.meaning}: {_how_many(part)}."
            yield ""
            yield from table(
                ("property", "needed", "values", "holds", "for example"),
                (
                    (
                        f"`{detail.name}`",
                        "yes" if detail.required else "no",
                        "several" if detail.many else "one",
                        detail.holds.meaning,
                        f"`{detail.holds.example}`",
                    )
                    for detail in part.details
                ),
            )
        yield ""
        yield "```json"
        yield rules.example.rstrip("\n")
        yield "```"


def _how_many(part: Part) -> str:
    least = "one" if part.least == 1 else str(part.least)
    if part.most == part.least:
        return f"exactly {least}"
    return f"{least} at least" + (f", {part.most} at most" if part.most else "")


def categories_page() -> Iterator[str]:
    """Every category: what belongs in it, and whether its group passes it by."""
    yield "# Categories"
    yield GENERATED
    yield ""
    yield (
        "What a field is about, from the mildest category to the strictest. Agreements and "
        "policies name one, or a group: `finance` stands for all that begin with `finance.`. What "
        "an agreement gives for a group does not include a guarded one."
    )
    yield ""
    yield from table(
        ("category", "what belongs in it", "guarded"),
        (
            (f"`{category.name}`", category.meaning, "yes" if category.guarded else "")
            for category in CATEGORIES
        ),
    )


PAGES = {
    "categories.md": categories_page,
    "commands.md": index_page,
    "commands/server.md": server_page,
    **{f"commands/{noun}.md": partial(noun_page, noun) for noun in nouns()},
    "errors.md": errors_page,
    "formats.md": formats_page,
    "kinds.md": kinds_page,
    "log-lines.md": log_lines_page,
    "outputs.md": outputs_page,
    "sdk.md": sdk_page,
    "settings.md": settings_page,
    **{name: partial(schema_lines, schema) for name, schema in SCHEMAS.items()},
    **{f"../man/{name}": page for name, page in manual_pages().items()},
    "../../client/tearline_client/cli/commands.json": command_index,
    "../../client/tearline_client/sync/methods.pyi": sync_stub,
}


def connectors_installed() -> bool:
    """Whether the installation has the entry points of ``pyproject.toml``, so that all are seen."""
    stated = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    return all(
        {*names} <= {each.name for each in entry_points(group=group)}
        for group, names in stated["entry-points"].items()
    )


def main() -> int:
    """Writes or checks the pages; returns the exit status."""
    if not connectors_installed():
        sys.stderr.write(
            "The installation lacks entry points of pyproject.toml: "
            "python -m pip install --no-deps -e .\n"
        )
        return 1
    parser = argparse.ArgumentParser(description="Write the reference pages from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args().check
    stale = 0
    for name, page in PAGES.items():
        path = HERE / name
        text = "\n".join(page()) + "\n"
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"docs/reference/{name} differs from the code: make reference\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
