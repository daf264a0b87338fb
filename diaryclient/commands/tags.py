"""`diaryclient tags`: the tags of the whole diary, and how many entries have each."""

import json

import click

from diaryclient.browsing.browsing import tag_counts
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.screen.display import escape_json, safe_line
from diaryclient.surroundings import Surroundings


@click.command("tags")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object, counts by tag.")
@click.pass_obj
def command(surroundings: Surroundings, *, as_json: bool) -> None:
    """Print every tag behind the number of its entries, the most frequent first.

    A tag is a word that begins with @; `diaryclient read --tagged @TAG` prints its entries.

    \b
      diaryclient tags
      diaryclient tags --json
    """  # noqa: D301 - click's mark is a real backspace
    with surroundings.diary(surroundings.login()) as diary:
        counts = tag_counts(diary)
        if as_json:
            click.echo(escape_json(json.dumps(counts, ensure_ascii=False, indent=2)))
        else:
            width = len(str(max(counts.values(), default=0)))
            for tag, count in counts.items():
                click.echo(f"{count:{width}} {safe_line(tag)}")
            if not counts:
                click.echo("no entry has a tag", err=True)
        deliver_older(diary)
