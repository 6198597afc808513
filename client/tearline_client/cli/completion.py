"""``tearline completion``: scripts for shell completion."""

import click
from click.shell_completion import get_completion_class

from tearline_client.cli.groups import Command
from tearline_client.rendering.output import print_lines


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes commands in SHELL.

    For bash, add this line to ~/.bashrc: eval "$(tearline completion bash)"

    Example: tearline completion bash
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"unknown shell {shell}; expected bash, zsh or fish")
    script = completion(context.find_root().command, {}, "tearline", "_TEARLINE_COMPLETE").source()
    print_lines(f"{script}\n")
