"""`diaryclient completion`: what a shell reads once, to complete commands from then on."""

import click
from click.shell_completion import get_completion_class

from diaryclient.commands.shared.completing import PROGRAM
from diaryclient.surroundings import COMPLETE_VARIABLE
from protocol.errors import UsageError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print what a shell needs to complete commands, options, ids, tags and profiles.

    \b
      diaryclient completion bash > ~/.local/share/bash-completion/completions/diaryclient
      diaryclient completion fish > ~/.config/fish/completions/diaryclient.fish
      diaryclient completion zsh > ~/.diaryclient.zsh   # and in .zshrc, after compinit:
                                                        # . ~/.diaryclient.zsh

    Ids and tags come from the server, which is given a second to answer.
    """  # noqa: D301 - click's mark is a real backspace
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"{shell} cannot be completed for by this version of click")
    click.echo(found(context.find_root().command, {}, PROGRAM, COMPLETE_VARIABLE).source())
