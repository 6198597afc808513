"""``tearline policy``: the decisions of policies, their reasons, and effects of changes.

The agency's own policies are in ``policy/own.cedar`` of the home; the agreement pins the others.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tearline.errors import EXIT_LOCAL, MalformedInput, PolicyError, PolicySetMalformed
from tearline.limits import MAX_POLICY_BYTES
from tearline.packets.packet import PacketKind
from tearline.policy import explain as explaining
from tearline.policy.engine import ReleaseRequest
from tearline.policy.explain import PolicyCase
from tearline.policy.form import parse_form
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import check, parse_policy_set
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.example_files import CASE_KEYS, cases, example_option
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.policy_adopt import adopt
from tearline_client.cli.session import (
    async_command,
    home_of,
    node_command,
    open_node,
    read_text,
)
from tearline_client.drafting.policy_bench import (
    PolicyBench,
    bench_of,
    marking_from,
    matrix_of,
    with_own,
)
from tearline_client.node import Node
from tearline_client.rendering.policies import change_row, explanation_rows, result_row
from tearline_client.rendering.words import agency_name

KEYS = CASE_KEYS
_MAX_CASES_BYTES = 1 << 20
_agreement_option = click.option("--agreement", required=True, help="Name of the agreement.")
_article_option = click.option("--article", required=True, help="Id of its article.")
_purpose_option = click.option("--purpose", help="The purpose; by default the article's first.")
_kind_option = click.option(
    "--kind",
    type=click.Choice([kind.value for kind in PacketKind]),
    help="The packet's kind; by default the article's first.",
)


@click.group(cls=Group)
def command() -> None:
    """Explain, compare, test and adopt policies."""


command.add_command(adopt)


@command.command(name="check")
@click.argument("file", type=FILE, required=False)
@pass_cli
def check_command(cli: CliContext, file: Path | None) -> None:
    """List the defects of the policies in FILE, by default the agency's own.

    Example: tearline policy check own.cedar
    """
    path = file or home_of(cli).own_policy
    findings = check(read_text(path, maximum=MAX_POLICY_BYTES))
    cli.emit(
        ({"policy": finding.policy_id, "finding": finding.message} for finding in findings),
        ["policy", "finding"],
    )
    if findings:
        click.get_current_context().exit(PolicySetMalformed.exit_status)
    cli.say(f"{path} is valid.")


@command.command()
@click.argument("field")
@_agreement_option
@_article_option
@_purpose_option
@_kind_option
@click.option("--to", required=True, help="Partner agency, by name or URI.")
@node_command
async def explain(
    cli: CliContext,
    node: Node,
    field: str,
    agreement: str,
    article: str,
    purpose: str | None,
    kind: str | None,
    to: str,
) -> None:
    """Explain, form by form, the highest form of FIELD for a partner, and the policies.

    FIELD is a category, a path such as Person/name, or a whole marking in quotes.

    Example: tearline policy explain finance.amount --agreement narcotics-2026 --article
    money-laundering --to mx-prosecutor
    """
    desk = bench_of(node, agreement)
    marking = marking_from(field)
    request = desk.request(article, purpose=purpose, kind=kind, to=desk.agency(to), marking=marking)
    policy = desk.policies.under(desk.agreement)
    explained = explaining.explain(policy, request)
    cli.emit(
        explanation_rows(explained),
        ["form", "released", "agreement_says", "by", "own_says", "own_by"],
    )
    decision = explained.decision
    why = f", because of {decision.reason}" if decision.reason else ""
    cli.say(f"{marking.encode()}: {decision.form.text} at most{why}.")
    for fault in decision.faults:
        cli.say(f"Policy {fault} could not be evaluated, so the field is withheld.")


@command.command()
@_agreement_option
@_article_option
@_purpose_option
@_kind_option
@node_command
async def matrix(
    cli: CliContext, node: Node, agreement: str, article: str, purpose: str | None, kind: str | None
) -> None:
    """Show the highest form of every category for every partner, as marked by default.

    Example: tearline policy matrix --agreement narcotics-2026 --article money-laundering
    """
    desk = bench_of(node, agreement)
    cells = matrix_of(desk, desk.policies.under(desk.agreement), article, purpose, kind)
    names = {uri: agency_name(desk.members, uri) for uri in desk.partners()}
    rows: dict[str, dict[str, object]] = {}
    for cell in cells:
        row = rows.setdefault(cell.path, {"category": cell.path})
        row[names[cell.partner]] = cell.decision.form.text
    cli.emit(rows.values(), ["category", *names.values()])


@command.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@_agreement_option
@_article_option
@_purpose_option
@_kind_option
@click.option("--shared", is_flag=True, help="Both are the agreement's policies, not the agency's.")
@node_command
async def diff(
    cli: CliContext,
    node: Node,
    old: Path,
    new: Path,
    agreement: str,
    article: str,
    purpose: str | None,
    kind: str | None,
    shared: bool,
) -> None:
    """Show the changes for partners if the policies in OLD were replaced with those in NEW.

    Example: tearline policy diff own.cedar new.cedar --agreement narcotics-2026 --article
    money-laundering
    """
    desk = bench_of(node, agreement)
    before, after = (
        matrix_of(desk, _policy_from(desk, path, shared=shared), article, purpose, kind)
        for path in (old, new)
    )
    cli.emit(
        (change_row(change, desk.members) for change in explaining.diff(before, after)),
        ["category", "partner", "before", "after", "reveals_more"],
    )


@command.command(name="test")
@click.argument("file", type=FILE)
@example_option(cases)
@async_command
async def test_command(cli: CliContext, file: Path) -> None:
    """Decide the cases in FILE and compare them with expectations; exit with 1 on a difference.

    FIELD is written as in `explain`. In a case, "from" names a sender other than this agency.

    Example: tearline policy test cases.toml
    """
    table = _toml(read_text(file, maximum=_MAX_CASES_BYTES))
    async with open_node(cli) as node:
        desk = bench_of(node, str(table["agreement"]))
    results = explaining.run_cases(
        desk.policies.under(desk.agreement), parse_cases(table["case"], desk)
    )
    cli.emit(
        (result_row(result) for result in results),
        ["case", "passed", "expected", "decided", "by", "own"],
    )
    failed = sum(not result.passed for result in results)
    cli.say(f"{len(results) - failed} of {len(results)} cases passed.")
    if failed:
        click.get_current_context().exit(EXIT_LOCAL)


def parse_cases(entries: object, desk: PolicyBench) -> list[PolicyCase]:
    """Returns the cases of a file.

    Raises:
        MalformedInput: If a key is unknown or missing; names the case.
        NotFound: If a case names an agency that is not a party.
    """
    if not isinstance(entries, list) or not entries:
        raise MalformedInput("the file has no [[case]]")
    return [_case(number, entry, desk) for number, entry in enumerate(entries, start=1)]


def _case(number: int, entry: object, desk: PolicyBench) -> PolicyCase:
    if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
        raise MalformedInput(f"case {number}: every value must be a string")
    values: Mapping[str, str] = entry
    if unknown := KEYS["case"].unknown(values):
        raise MalformedInput(f"case {number}: {unknown[0]} is unknown")
    if missing := KEYS["case"].missing(values):
        raise MalformedInput(f"case {number}: {missing[0]} is missing")
    try:
        return PolicyCase(
            name=values["name"],
            request=ReleaseRequest(
                article=values["article"],
                sender=desk.agency(values["from"]) if "from" in values else desk.own,
                recipient=desk.agency(values["to"]),
                purpose=values["purpose"],
                kind=values["kind"],
                marking=marking_from(values["field"]),
            ),
            expected=parse_form(values["expect"]),
        )
    except PolicyError as error:
        raise MalformedInput(f"case {number}: {error.why}") from None


def _toml(text: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedInput(str(error)) from None
    if set(table) != KEYS["file"].names or not isinstance(table["agreement"], str):
        raise MalformedInput("expected one agreement, and cases as [[case]]")
    return table


def _policy_from(desk: PolicyBench, path: Path, *, shared: bool) -> ReleasePolicy:
    policies = parse_policy_set(read_text(path, maximum=MAX_POLICY_BYTES))
    if not shared:
        return with_own(desk, policies)
    return ReleasePolicy(terms=desk.agreement.terms, shared=policies, own=desk.policies.own)
