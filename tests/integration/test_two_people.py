"""Two users, three devices, a kill in the middle, all as processes; then the search for secrets.

One server and one story, told in the order of the functions here.
"""

import base64
import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from protocol.envelope import parse_envelope
from protocol.identifiers import Username
from protocol.invite import parse_invite
from protocol.login import encode_login, open_grant
from protocol.messages.account import Grant
from protocol.messages.coding import decode_reply
from protocol.messages.forms import LoginForm
from protocol.offer import NONCE_BYTES
from protocol.tokenword import parse_token
from tests.in_process import Finished
from tests.integration.logins import login_of
from tests.integration.wire import new_id, now, wire_to
from tests.programs import Home, Server, start_server

ALICES: Final = " spaces, 电池 and $*%#\"'\\ "
BOBS: Final = "chosen by bob"
BOBS_NEXT: Final = "chosen by bob later"
GUESSED: Final = "guessed by mallory"
TEXT: Final = "a private text"
LABEL: Final = "\x1b[2J\x9b\u202ephone\nlogin refused"


@dataclass
class Town:
    """The server, three devices, and every secret that was used."""

    server: Server
    laptop: Home
    phone: Home
    bobs: Home
    said: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=lambda: [ALICES, BOBS, BOBS_NEXT, GUESSED])
    keys: list[bytes] = field(default_factory=list)

    def typed(self, device: Home, *words: str, stdin: str = "", status: int = 0) -> Finished:
        """Run `diaryclient` on a device, which must end with that status."""
        done = device.client(*words, stdin=stdin)
        assert done.status == status, done.err
        self.said.append(done.err)
        if words[:2] != ("token", "create"):
            self.said.append(done.out)
        return done

    def operated(self, *words: str, stdin: str = "") -> str:
        """Run an operator's command."""
        done = self.server.operate(*words, stdin=stdin)
        assert done.status == 0, done.err
        self.said.append(done.err)
        return done.out

    def keep_roots(self) -> None:
        """Remember the token of each device as it is now."""
        for device, user in ((self.laptop, "alice"), (self.phone, "alice"), (self.bobs, "bob")):
            self.keys.append(login_of(device, user, self.server.address).root)

    def secrets(self) -> list[bytes]:
        """Give every form in which a secret could stand somewhere."""
        forms = [text.encode() for text in self.texts]
        forms += [json.dumps(text)[1:-1].encode() for text in self.texts]
        for key in {*self.keys, *(path.read_bytes() for path in self.server_keys())}:
            forms += [key, key.hex().encode(), base64.b64encode(key).rstrip(b"=")]
            forms += [
                base64.urlsafe_b64encode(key).rstrip(b"="),
                base64.b32encode(key).rstrip(b"="),
            ]
        return forms

    def server_keys(self) -> list[Path]:
        """Give the files of master key, pepper and identity."""
        return sorted((self.server.data / "keys").iterdir())


def test_two_people_three_devices_a_kill_and_no_secret_left_behind(tmp_path: Path) -> None:
    """Log-ins, a token, a revocation that bites at once, a text that waits for the next login.

    In the end disk, log, outputs and process list are searched for every secret that was used.
    """
    server = start_server(tmp_path / "server")
    laptop, phone, bobs = (Home(tmp_path / name) for name in ("laptop", "phone", "bobs"))
    town = Town(server, laptop, phone, bobs)
    try:
        log_in_on_three_devices(town)
        go_on_after_a_kill(town)
        revoke_the_phone_and_log_in_again(town)
        guess_and_change_a_password(town)
        search_for_secrets(town)
    finally:
        assert server.stop() == 0
    assert "Traceback" not in server.log
    check_files(town)
    for path in server.folder.rglob("*"):
        if path.is_file() and "diaries" not in path.parts:
            assert TEXT.encode() not in path.read_bytes(), path


def read(town: Town, device: Home) -> list[str]:
    """Give the texts that a device reads."""
    lines = town.typed(device, "read", "--format", "jsonl").out.splitlines()
    return [json.loads(line)["title"] for line in lines]


def log_in_on_three_devices(town: Town) -> None:
    """By a password, a token of another device, and an invite; each reads its own diary only."""
    server = town.server
    server.add_user("alice", ALICES)
    login = ("login", server.address, "alice", "--accept-new", "--password-stdin")
    town.typed(town.laptop, *login, stdin=f"{ALICES}\n")
    create = ("token", "create", "--name", LABEL, "--scope", "read,write")
    word = town.typed(town.laptop, *create).out.strip()
    town.texts.append(word)
    town.keys.append(parse_token(word).root)
    town.typed(town.phone, "login", "--token-stdin", stdin=word)
    invite = server.invite("bob")
    town.texts.append(invite)
    town.keys.append(parse_invite(invite).code)
    town.typed(town.bobs, "login", invite, "--password-stdin", stdin=f"{BOBS}\n")
    for device, text in ((town.laptop, "one"), (town.phone, "two"), (town.bobs, "three")):
        town.typed(device, "write", text)
    assert read(town, town.phone) == ["one", "two"]
    assert read(town, town.bobs) == ["three"]
    town.keep_roots()


def go_on_after_a_kill(town: Town) -> None:
    """The next server knows all three, and what they wrote is there."""
    town.server.stop(signal.SIGKILL)
    check_files(town)
    town.server.restart()
    for device, text in ((town.laptop, "four"), (town.phone, "five"), (town.bobs, "six")):
        town.typed(device, "write", text)
    assert read(town, town.bobs) == ["three", "six"]


def revoke_the_phone_and_log_in_again(town: Town) -> None:
    """At once; the others go on; the text goes out by itself, once."""
    listed = json.loads(town.typed(town.laptop, "token", "list", "--json").out)
    [phone] = [row for row in listed if not row["own"]]
    assert phone["name"] == LABEL
    shown = town.operated("token", "list").splitlines()
    assert len(shown) == 3
    assert all(line.isprintable() for line in shown)
    town.typed(town.laptop, "token", "revoke", phone["id"])
    done = town.typed(town.phone, "write", "seven", status=3)
    assert "this login was revoked" in done.err
    assert "is kept in the outbox" in done.err
    town.typed(town.laptop, "write", TEXT)
    login = ("login", town.server.address, "alice", "--password-stdin")
    done = town.typed(town.phone, *login, stdin=f"{ALICES}\n")
    assert "sent 1 waiting, 0 left" in done.out + done.err
    everything = ["one", "two", "four", "five", "seven", TEXT]
    assert sorted(read(town, town.phone)) == sorted(everything)


def guess_and_change_a_password(town: Town) -> None:
    """Mallory guesses, Bob changes his; the wrong passwords are refused and logged without them."""
    lines = f"{BOBS}\n{BOBS_NEXT}\n"
    town.typed(town.bobs, "passwd", "--password-stdin", stdin=lines)
    key, nonce = os.urandom(32), os.urandom(NONCE_BYTES)
    town.keys.append(key)
    with wire_to(town.server.address) as wire:
        for user, password in (("bob", BOBS), ("alice", GUESSED)):
            assert not hasattr(wire.login(user, password), "keys")
        form = LoginForm(Username("bob"), BOBS_NEXT, b"", key, "by hand", "full", 0, 1, 1)
        login = encode_login(new_id(), now(), wire.hello(nonce), nonce, form)
        opened = open_grant(key, parse_envelope(login), parse_envelope(wire.exchange(login)))
    grant = decode_reply(Grant, opened)
    assert isinstance(grant, Grant)
    town.keys.append(grant.root)
    assert town.server.log.count("login refused: user=") == 2
    town.keep_roots()


def search_for_secrets(town: Town) -> None:
    """Disk, log, outputs, process list: neither a password nor a key, an invite, a token."""
    login_file = next((town.bobs.folder / "state").rglob("bob@*.json")).read_bytes()
    assert any(secret in login_file for secret in town.secrets())  # there the search finds one
    town.operated("user", "list", "--json")
    process = Path("/proc") / str(town.server.process.pid)
    shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    said = "".join(town.said).encode()
    for secret in town.secrets():
        assert secret not in shown
        assert secret not in said
    check_files(town)


def check_files(town: Town) -> None:
    """Search every file of the server but the keys' own, and the passwords in the homes."""
    keys = town.server_keys()
    assert [path.name for path in keys] == ["identity", "master.1", "pepper"]
    found = {path: path.read_bytes() for path in town.server.folder.rglob("*") if path.is_file()}
    found = {path: data for path, data in found.items() if path not in keys}
    names = {path.name for path in found}
    assert {"accounts.sqlite3", "log"} <= names
    for secret in town.secrets():
        for path, data in found.items():
            assert secret not in data, path
    for home in (town.laptop, town.phone, town.bobs):
        for path in home.folder.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            assert not any(text.encode() in data for text in town.texts), path
