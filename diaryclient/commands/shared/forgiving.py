"""Groups of commands that say what to type when there is no command, or option, of a name."""

import click

from diaryclient.commands.shared.other_words import no_such_command
from protocol.errors import UsageError


class ForgivingGroup(click.Group):
    """Names the command that was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; raise UsageError that says what to type."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand:
            names = self.list_commands(ctx)
            words = no_such_command(ctx.command_path, args[0], args[1:], names)
            raise UsageError(words) from None
