"""`diaryclient plain`: the tutorial's own client, for those who want to see the old protocol.

Rules: it says once that plain text is neither private nor authentic; it needs no login and uses
none; what the server answers is shown escaped, as anybody on the way may have written it.
"""

import sys
from collections.abc import Iterator

import click

from diaryclient.asking.plain_link import PlainLink
from diaryclient.home.settings import parse_server
from diaryclient.screen.display import safe_text
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.errors import UsageError
from protocol.incoming import incoming_text


@click.command("plain", context_settings={"allow_interspersed_args": False})
@click.argument("host")
@click.argument("words", metavar="[TEXT]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(surroundings: Surroundings, host: str, words: tuple[str, ...]) -> None:
    """Speak the old protocol: plain text, neither private nor authentic.

    With TEXT, sends it and prints the answer. Without, asks for today (-r), then sends each line
    that is typed or piped in and prints each answer; -c clears today at once, Ctrl-D leaves.
    Nothing is sent twice: if no answer comes, nobody knows whether a text was kept.

    \b
      diaryclient plain 127.0.0.1
      diaryclient plain 127.0.0.1 hello from the old protocol
    """  # noqa: D301 - click's mark is a real backspace
    address = parse_server(host, "HOST")
    if words[:1] == ("--",):
        words = words[1:]  # behind HOST nothing is an option, but many write it all the same
    text = _checked(incoming_text(" ".join(words))) if words else None
    click.echo("plain text: neither private nor authentic", err=True)
    with PlainLink(address, surroundings.clock) as link:
        if text is not None:
            _exchange(link, text)
            return
        _exchange(link, "-r")
        for line in _lines():
            _exchange(link, line)


def _exchange(link: PlainLink, text: str) -> None:
    answer = safe_text(link.ask(text).decode(errors="backslashreplace"))
    click.echo(answer, nl=not answer.endswith("\n"))
    sys.stdout.flush()


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("the text is not valid UTF-8; not sent") from None
    if not text.strip():
        raise UsageError("the text is empty; not sent")
    return text


def _lines() -> Iterator[str]:
    """Give what is typed or piped in, without line ends and blank lines."""
    prompts = has_terminal()
    while True:
        if prompts:
            click.echo("> ", nl=False, err=True)
        try:
            line = sys.stdin.buffer.readline() if sys.stdin else b""
        except KeyboardInterrupt:
            click.echo(err=True)
            raise
        if not line:
            break
        try:
            text = incoming_text(line.decode())
        except UnicodeDecodeError:
            raise UsageError("that line is not valid UTF-8; not sent") from None
        if text.strip():
            yield text
    if prompts:
        click.echo(err=True)
