"""`diaryclient profile`: the profiles that `config.toml` describes."""

import json
from dataclasses import dataclass

import click

from diaryclient.commands.shared.fitting import fitted
from diaryclient.commands.shared.forgiving import ForgivingGroup
from diaryclient.errors import LoginFileError, NotLoggedInError
from diaryclient.home.settings import Profile
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class _Row:
    """A profile, the name of the login that it chooses, and whether it is the chosen one."""

    profile: Profile
    login: str | None
    is_chosen: bool


@click.group("profile", cls=ForgivingGroup)
def command() -> None:
    """List the profiles of config.toml.

    A profile is a section of config.toml, of which --profile or DIARY_PROFILE chooses one:

    \b
      [profile.work]
      server = "diary.work.example"
      user = "alice"
      timezone = "Europe/Berlin"

    \b
      diaryclient --profile work read
      diaryclient profile list
    """  # noqa: D301 - click's mark is a real backspace


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def list_profiles(surroundings: Surroundings, *, as_json: bool) -> None:
    """Show each profile, what it says, and the login that it chooses.

    \b
      diaryclient profile list
      diaryclient profile list --json
    """  # noqa: D301 - click's mark is a real backspace
    settings = surroundings.settings
    rows = [
        _Row(each, _login(surroundings, each), each.name == settings.profile)
        for each in settings.profiles()
    ]
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in rows], indent=2))
        return
    for row in rows:
        click.echo(fitted(_as_line(row)))
    if not rows:
        path = safe_line(str(surroundings.places.config_files[0]))
        click.echo(f"no profiles; write one into {path}, below [profile.NAME]", err=True)


def _login(surroundings: Surroundings, profile: Profile) -> str | None:
    try:
        choice = surroundings._replace(flags={"profile": profile.name}).settings.choice()
        return surroundings.logins.choose(choice).name
    except LoginFileError:
        raise
    except NotLoggedInError:
        return None


def _as_line(row: _Row) -> str:
    profile = row.profile
    words = [
        f"server {profile.choice.server}" if profile.choice.server else "",
        f"user {profile.choice.user}" if profile.choice.user else "",
        f"timezone {safe_line(profile.timezone)}" if profile.timezone else "",
        f"login {row.login}" if row.login else "not logged in",
    ]
    mark = " (chosen)" if row.is_chosen else ""
    return f"{safe_line(profile.name)}{mark}: {', '.join(filter(None, words))}"


def _as_json(row: _Row) -> dict[str, str | bool | None]:
    choice = row.profile.choice
    return {
        "name": row.profile.name,
        "server": str(choice.server) if choice.server else None,
        "user": choice.user,
        "timezone": row.profile.timezone or None,
        "login": row.login,
        "chosen": row.is_chosen,
    }
