"""The operator's commands as click lists and runs them."""

from typing import Any

import click

from tearline_server.admin.output import slips_shown


class Command(click.Command):
    """Command listed with the whole first paragraph of its help, however long."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """Returns the first paragraph of the help; click would truncate it."""
        return " ".join((self.help or "").partition("\n\n")[0].split())


class Group(click.Group):
    """The whole command line; escapes the words of a refusal."""

    command_class = Command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parses the options that precede the command, and returns the context."""
        with slips_shown():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command, and returns its result."""
        with slips_shown():
            return super().invoke(ctx)
