"""The command line: quick help, options anywhere, errors with code and exit status."""

import ast
import importlib
import io
import json
import logging
import pkgutil
import re
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from support.cases import each_case
from support.hostile_values import ALL_AT_ONCE, obeyed
from tearline.errors import NotConfirmed, SignatureInvalid
from tearline_client import cli
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command, LazyGroup, report_fault
from tearline_client.rendering.log_lines import LogLine
from tearline_client.rendering.output import ask, print_traceback

HEAVY = {"rich", "grpc", "cedarpy", "cryptography", "apsw", "google.protobuf", "asyncio"}
BARE_STARTS = (
    10  # what `tearline --help` may cost, in starts of a bare interpreter: a node costs 60
)
HEAVY = {"apsw", "cryptography", "google", "grpc", "jwt"}  # packages that no help needs


def run(*arguments: str, command: click.Command = cli.command):
    return CliRunner().invoke(command, arguments)


def acting(function) -> LazyGroup:
    """A command line whose only noun, `act`, runs ``function`` with its frame."""
    group = LazyGroup({"act": ("", "")}, name="tearline")
    act = click.command("act", cls=Command)(pass_cli(function))
    group.get_command = lambda context, name: act if name == "act" else None
    return group


@each_case("noun", cli.NOUNS)
def test_each_listed_noun_has_help(noun):
    result = run(noun, "--help")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: tearline {noun}")
    command = cli.command.get_command(click.Context(cli.command), noun)
    for verb in getattr(command, "commands", {}):
        assert run(noun, verb, "--help").exit_code == 0, verb


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)], ids=["bare", "long", "short"])
def test_verbs_are_listed_as_in_their_modules(words: tuple[str, ...]) -> None:
    context = click.Context(cli.command)
    for noun in cli.NOUNS:
        command = cli.command.get_command(context, noun)
        if isinstance(command, click.Group):
            settings = {"prog_name": f"tearline {noun}", "help_option_names": ["-h", "--help"]}
            own = CliRunner().invoke(command, words, **settings)
            listed = run(noun, *words)
            assert (listed.output, listed.exit_code) == (own.output, own.exit_code)


def test_each_module_with_a_command_is_listed():
    modules = [f"{cli.__name__}.{found.name}" for found in pkgutil.iter_modules(cli.__path__)]
    nouns = {name for name in modules if hasattr(importlib.import_module(name), "command")}
    assert nouns == {module for module, _ in cli.NOUNS.values()}


def test_help_lists_every_noun_with_its_line():
    output = run("--help").output
    assert all(f"  {noun} " in output and line in output for noun, (_, line) in cli.NOUNS.items())


def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom tearline_client.cli import command\n"
        "command.main(['--help'], 'tearline', standalone_mode=False)\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = set(ended.stderr.split())
    assert "tearline_client.cli" in loaded
    assert not HEAVY & loaded


def cpu_seconds(script: str) -> float:
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    return spent() - before


def test_help_loads_none_of_the_packages_of_a_node():
    script = (
        "import sys; from tearline_client.cli import command;"
        " command.main(['--help'], standalone_mode=False); print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    roots = {name.partition(".")[0] for name in ended.stderr.split()}
    assert "click" in roots
    assert not roots & HEAVY


def test_help_costs_at_most_ten_bare_starts():
    helping = "from tearline_client.cli import command; command.main(['--help'])"
    rounds = [(cpu_seconds("pass"), cpu_seconds(helping)) for _ in range(7)]
    bare, help_ = (min(times) for times in zip(*rounds, strict=True))
    assert help_ <= BARE_STARTS * bare


def test_the_options_may_stand_before_and_after():
    before = run("-o", "json", "version")
    after = run("version", "-o", "json")
    both = run("-o", "csv", "version", "-o", "json")
    assert before.output == after.output == both.output
    assert json.loads(before.output)[0]["protocol"] == 1


def test_the_flags_reach_the_settings(tmp_path):
    seen = {}

    def act(frame: CliContext) -> None:
        seen["frame"] = frame

    run("--home", str(tmp_path), "act", "--as", "li", "-q", "-v", command=acting(act))
    frame = seen["frame"]
    assert (frame.settings.home, frame.settings.person) == (tmp_path, "li")
    assert frame.settings.origins["person"] == "flag"
    assert (frame.quiet, frame.verbose) == (True, True)


def test_an_error_has_code_reason_advice_and_its_exit_status():
    def act(frame: CliContext) -> None:
        raise SignatureInvalid("by \x1b[31m")

    result = run("act", command=acting(act))
    assert result.exit_code == 5
    assert result.stdout == ""
    assert result.stderr == (
        "TL-KEY-002: The signature does not verify: by \\u001b[31m. "
        "Next: Do not use the statement; keep it as evidence and ask its signer.\n"
    )


def test_a_traceback_is_not_obeyed(capsys):
    try:
        raise ValueError(ALL_AT_ONCE)
    except ValueError as fault:
        print_traceback(ValueError, fault, fault.__traceback__)
    shown = capsys.readouterr().err
    assert "test_a_traceback_is_not_obeyed" in shown
    assert obeyed(shown) == []


def test_a_record_of_a_library_is_one_line_that_is_not_obeyed():
    record = logging.makeLogRecord({"msg": "of %s", "args": (ALL_AT_ONCE,)})
    shown = LogLine().format(record)
    assert shown.startswith("of ")
    assert "\n" not in shown
    assert obeyed(shown) == []


def test_all_that_a_started_program_logs_passes_there():
    script = (
        "import logging, sys\nfrom tearline_client.rendering.output import begin_printing\n"
        "begin_printing()\n"
        "logging.getLogger('asyncio').error('never retrieved %s', '\\x1b]52;c;\\x07')"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stderr == "never retrieved \\u001b]52;c;\\u0007\n"


def test_what_a_person_is_asked_is_not_obeyed(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert ask(ALL_AT_ONCE) == "yes"
    assert obeyed(capsys.readouterr().err) == []


@pytest.mark.parametrize(
    "arguments", [["bogus"], ["version", "--bogus"], ["version", "more"], ["-o", "xml", "version"]]
)
def test_what_cannot_be_meant_is_a_usage_error(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr


def test_a_wrong_format_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv("TEARLINE_OUTPUT", "xml")
    result = run("version")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "TL-CFG-003" in result.stderr


def test_a_fault_of_ours_is_told_without_its_contents():
    script = (
        "from tearline_client.cli import groups\n"
        "class Broken(groups.LazyGroup):\n"
        "    def invoke(self, ctx): raise ValueError('account 4711')\n"
        "groups.run(Broken({}, name='tearline', invoke_without_command=True))"
    )
    plain, verbose = (
        subprocess.run([sys.executable, "-c", script, *more], capture_output=True, text=True)
        for more in ([], ["-v"])
    )
    assert (plain.returncode, plain.stdout) == (1, "")
    assert plain.stderr.startswith("tearline: an internal fault ended the program (ValueError).")
    assert "4711" not in plain.stderr
    assert verbose.returncode == 1
    assert "Traceback" in verbose.stderr


def test_the_report_of_a_fault_is_one_line(capsys):
    report_fault(RuntimeError, RuntimeError("secret"), None)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("flag", [[], ["-q"]])
def test_messages_go_to_standard_error(flag):
    def act(frame: CliContext) -> None:
        frame.say("sending\x07")
        frame.detail("only for the curious")
        frame.emit([{"a": 1}], ["a"])

    result = run("-o", "jsonl", *flag, "act", command=acting(act))
    assert result.stdout == '{"a": 1}\n'
    assert result.stderr == ("" if flag else "sending\\u0007\n")


def test_details_are_told_when_asked_for():
    result = run("-v", "act", command=acting(lambda frame: frame.detail("found\x1b")))
    assert result.stderr == "found\\u001b\n"


@pytest.mark.parametrize(("typed", "done"), [("case-7\n", True), ("case\n", False), ("\n", False)])
def test_a_wide_act_needs_its_name_typed(typed, done, monkeypatch):
    def act(frame: CliContext) -> None:
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        frame.confirm("This recalls 3 packets.", "case-7", yes=False)
        click.echo("done")

    result = CliRunner().invoke(acting(act), ["act"], input=typed)
    assert (result.exit_code == 0) is done
    assert ("done" in result.stdout) is done
    assert ("TL-USE-005" in result.stderr) is not done


def test_without_a_terminal_only_yes_confirms(monkeypatch):
    frame = CliContext(flags={})
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    frame.confirm("This recalls 3 packets.", "case-7", yes=True)
    with pytest.raises(NotConfirmed, match="no terminal"):
        frame.confirm("This recalls 3 packets.", "case-7", yes=False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_each_shell(shell):
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_TEARLINE_COMPLETE" in result.output


def test_config_show_says_where_values_come_from(tmp_path):
    (tmp_path / "node.toml").write_text('exchange = "exchange.example:443"\n')
    result = run("--home", str(tmp_path), "-o", "json", "config", "show", "--origin")
    rows = {row["setting"]: row for row in json.loads(result.stdout)}
    assert rows["exchange"]["value"] == "exchange.example:443"
    assert rows["exchange"]["origin"] == str(tmp_path / "node.toml")
    assert rows["output"]["origin"] == "flag"


def test_a_list_of_verbs_says_what_each_does():
    shown = " ".join(run("packet", "--help").stdout.split())
    assert "Find packets with TEXT in a readable field, best matches first." in shown
    assert "our PACKET to a partner, in clear." in shown
    assert "..." not in shown.partition("Commands:")[2]


def coroutines_inside(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    inner = (node for statement in function.body for node in ast.walk(statement))
    return [node.name for node in inner if isinstance(node, ast.AsyncFunctionDef)]


def test_commands_open_the_node_without_a_coroutine_of_their_own():
    """`session` alone starts an event loop; a command's function is the coroutine that it runs."""
    folder = Path(cli.__file__).parent
    trees = {
        path.name: ast.parse(path.read_text())
        for path in folder.glob("*.py")
        if path.name != "session.py"
    }
    assert len(trees) > 40
    functions = [
        (name, node)
        for name, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    nested = {(name, each.name): coroutines_inside(each) for name, each in functions}
    assert not {place: inner for place, inner in nested.items() if inner}
    assert not [name for name in trees if "asyncio.run(" in (folder / name).read_text()]


def test_help_has_a_section_for_each_role_with_one_example_of_it():
    output = run("--help").output
    listed = [noun for nouns in cli.SECTIONS.values() for noun in nouns[:-1]]
    assert sorted(listed) == sorted(cli.NOUNS)
    for heading, (*nouns, example) in cli.SECTIONS.items():
        section = output.partition(f"{heading}:\n")[2].partition("\n\n")[0]
        assert f"Example: {example}" in " ".join(section.split())
        assert all(f"  {noun} " in section for noun in nouns)
        words = [word for word in example.split()[1:] if word in cli.NOUNS]
        assert words[0] in nouns


def test_the_version_is_an_option():
    result = run("--version")
    assert result.exit_code == 0
    assert re.fullmatch(r"tearline \d+\.\d+\.\d+\n", result.stdout)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("pakcet", "list"), "packet"),
        (("packet", "shwo"), "show"),
        (("audit", "who-sow", "x"), "who-saw"),
        (("packet", "list", "--nosync"), "--no-sync"),
    ],
)
def test_an_unknown_word_brings_the_nearest(arguments, meant):
    result = run(*arguments)
    assert result.exit_code == 2
    assert f"'{meant}'" in result.stderr


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_an_error_is_data_where_data_is_json(form):
    def act(frame: CliContext) -> None:
        raise SignatureInvalid("by \x1b[31m")

    result = run("-o", form, "act", command=acting(act))
    assert (result.exit_code, result.stdout) == (5, "")
    assert "\x1b" not in result.stderr
    assert json.loads(result.stderr)["error"] == {
        "code": "TL-KEY-002",
        "what": "The signature does not verify.",
        "why": "by \x1b[31m",
        "next": "Do not use the statement; keep it as evidence and ask its signer.",
        "exit_status": 5,
    }


@pytest.mark.parametrize(
    ("settings", "options", "is_data"),
    [
        ('output = "json"', (), True),
        ('output = "json"', ("-o", "table"), False),
        ('output = "no format"', (), False),
        ('output = "no format"', ("-o", "json"), True),
    ],
)
def test_an_error_is_data_where_the_settings_say_so(
    settings, options, is_data, tmp_path, monkeypatch
):
    def act(frame: CliContext) -> None:
        raise SignatureInvalid

    monkeypatch.delenv("TEARLINE_OUTPUT", raising=False)
    (tmp_path / "node.toml").write_text(settings)
    result = run("--home", str(tmp_path), *options, "act", command=acting(act))
    assert result.exit_code == 5
    assert result.stderr.startswith("{") is is_data


@pytest.mark.parametrize(
    ("options", "terminal", "is_shown"),
    [((), True, True), ((), False, False), (("-q",), True, False)],
)
def test_the_next_command_is_for_a_person_at_a_terminal(options, terminal, is_shown, monkeypatch):
    monkeypatch.setattr("tearline_client.cli.context.is_terminal", lambda: terminal)

    def act(frame: CliContext) -> None:
        frame.advise("tearline todo")

    result = run(*options, "act", command=acting(act))
    assert ("Next: tearline todo\n" in result.stderr) is is_shown
    assert result.stdout == ""
