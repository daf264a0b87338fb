"""What lies on the disks of alice's server and of her home, as tests look at it."""

import json

from protocol.dayfile import Written, parse_day_file
from tests.programs import Home, Server


def texts(server: Server) -> list[str]:
    """Give alice's texts as `cut` would; a further line comes behind its tab."""
    lines = [line for file in server.day_files("alice") for line in file.read_text().splitlines()]
    return [line if line.startswith("\t") else line.split(" ", 3)[3] for line in lines]


def outbox(home: Home) -> list[str]:
    """Give the texts that wait."""
    files = sorted((home.folder / "state/diaryclient/outbox").glob("*/*.json"))
    return [json.loads(file.read_text())["text"] for file in files]


def texts_in(data: bytes) -> list[str]:
    """Give the texts of the entries written in a day file, whatever attributes their lines have."""
    return [record.text for record in parse_day_file(data) if isinstance(record, Written)]
