"""Any bytes as a source: entries, or one line that names the file; no crash, no endless memory.

The files that are changed here by chance are one of each form that can be imported.
"""

import io
import json
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.errors import SourceError
from diaryclient.importing import archive, source
from diaryclient.importing.detection import SOURCES, read_source
from diaryclient.importing.finding import Finding
from diaryclient.importing.planning import plan_import
from diaryclient.importing.records import MAX_VALUES
from diaryclient.importing.source import MAX_BYTES
from diaryclient.screen.display import safe_line
from tests.client.commands.test_import_command import DAY_ONE, JOURNAL, record
from tests.client.fakes import START
from tests.client.loopback import Loopback, Run

MEBIBYTE: Final = 1 << 20
FILES: Final = tuple(form for form in SOURCES if form != "folder")
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
JRNL_JSON: Final = {
    "tags": {},
    "entries": [
        {
            "title": "Tree.",
            "body": "Candles.",
            "date": "2025-12-24",
            "time": "18:00",
            "starred": True,
        }
    ],
}


def zipped(method: int = zipfile.ZIP_DEFLATED, name: str = "Journal.json") -> bytes:
    """Give an export of Day One with a photo."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        file.writestr(name, json.dumps(DAY_ONE))
        file.writestr("photos/1.jpeg", bytes(range(256)))
    return made.getvalue()


VALID: Final = (
    JOURNAL.encode(),
    json.dumps(JRNL_JSON).encode(),
    (record("one") + record("two", 2)).encode(),
    json.dumps({"entries": [json.loads(record("one"))]}).encode(),
    json.dumps(DAY_ONE).encode(),
    b"# 2026-11-22\n\nBefore.\n\n## 07:30 Up early *\n\n- tea\n\n## 9:05\nLate\n",
    *map(zipped, METHODS),
)

JSON_PIECES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.sampled_from(["2025-06-01T04:30:05Z", "0001-01-01T00:00:00+14:00", "9999-12-31", "18:00"])
    | st.sampled_from(
        ["America/New_York", "../../etc/passwd", "Europe", "\x00", "+01:00", "x" * 5000]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("id", "utc", "offset", "text", "starred", "title", "body", "date", "time"),
                    *("creationDate", "timeZone", "tags", "photos", "location", "entries"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Give a valid file in which something was cut, changed, doubled or put in."""
    data = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.sampled_from(["cut", "change", "double", "end"])):
            case "cut":
                del data[at:end]
            case "change":
                data[at:end] = draw(st.binary(max_size=40))
            case "double":
                data[at:at] = data[at:end]
            case _:
                del data[at:]
    return bytes(data)


@st.composite
def zip_with_other_fields(draw: st.DrawFn) -> bytes:
    """Give a zip whose headers say something else: sizes, places, methods, flags, names."""
    data = bytearray(zipped(draw(st.sampled_from(METHODS))))
    for _ in range(draw(st.integers(1, 3))):
        mark = draw(st.sampled_from([b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"]))
        header = data.find(mark)
        width = draw(st.sampled_from(["<B", "<H", "<I"]))
        size = struct.calcsize(width)
        at = header + draw(st.integers(4, 50))
        if header < 0 or at + size > len(data):
            continue
        value = draw(st.integers(0, 256**size - 1) | st.sampled_from([0, 1, 256**size - 1]))
        data[at : at + size] = struct.pack(width, value)
    return bytes(data)


ANY: Final = (
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | JSON_PIECES.map(lambda value: json.dumps(value).encode())
    | JSON_PIECES.map(lambda value: json.dumps({"entries": [value, value]}).encode())
    | st.binary(max_size=300).map(lambda data: b"PK\x03\x04" + data)
    | damaged()
    | zip_with_other_fields()
)


def offset_at(at: int) -> int:
    """A zone that stays."""
    del at
    return 60


def check(path: Path, form: str) -> list[Finding]:
    """Read and plan as the command does; what is no entry is told in one line, with the file."""
    message, found = "", list[Finding]()
    try:
        _, found = read_source(path, form)
    except SourceError as error:
        message = str(error)
    if message:
        assert message.startswith(f"{path}: ")
        assert message.endswith("; nothing was imported")
        assert "\n" not in message
    plan = plan_import(found, offset_at, START)
    for oddity in plan.oddities:
        safe_line(f"{oddity.place} {oddity.words}").encode()
    assert all(row.text.encode() for row in plan.rows)
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for sources, empty."""
    return tmp_path_factory.mktemp("sources")


@pytest.mark.parametrize("form", SOURCES)
@given(data=ANY, name=st.sampled_from(["source", "2026-11-22.md", "20261122 Lake.txt"]))
def test_any_bytes_are_entries_or_one_line(place: Path, form: str, data: bytes, name: str) -> None:
    """Whatever the source is said to be; what was not changed is read as before."""
    path = place / name
    path.write_bytes(data)
    check(path, form)
    path.unlink()


@given(
    files=st.lists(
        st.tuples(
            st.sampled_from(
                ["2026-11-22.md", "a/2026/11/22.txt", "x.md", "2026-11-23 1.jpg", "a/b"]
            ),
            ANY,
        ),
        max_size=4,
    )
)
def test_any_folder_gives_entries_or_oddities(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, bytes]]
) -> None:
    """Of every file in it, and the others are read."""
    folder = tmp_path_factory.mktemp("folder")
    for name, data in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_bytes(data)
    told = {each.place.split(" 0")[0].split(" line")[0] for each in check(folder, "auto")}
    written = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert all(any(place.startswith(name) for place in told) for name in written)


@pytest.mark.parametrize("number", range(len(VALID) - 2))
def test_what_is_valid_is_read(place: Path, number: int) -> None:
    """Else the tests above would show nothing."""
    path = place / "2026-11-22.md"
    path.write_bytes(VALID[number])
    assert check(path, "auto")


def renamed(name: str, *, other: str = "") -> bytes:
    """Give a zip whose file has that name, in the list of files and before the file itself."""
    data = zipped(name="n" * len(name))
    return data.replace(b"n" * len(name), (other or name).encode("latin-1"))


def with_field(offset: int, value: bytes, mark: bytes = b"PK\x01\x02") -> bytes:
    """Give a zip with other bytes in the entry of its list of files, or behind another mark."""
    data = bytearray(zipped())
    at = data.find(mark) + offset
    data[at : at + len(value)] = value
    return bytes(data)


def encrypted() -> bytes:
    """Give a zip that says that its file is encrypted."""
    data = bytearray(with_field(8, b"\x01"))
    data[6] = 1
    return bytes(data)


def overlapping() -> bytes:
    """Give a zip in which two names stand for the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("a.json", "b.json"):
            file.writestr(name, json.dumps(DAY_ONE))
        file.filelist[1].header_offset = file.filelist[0].header_offset
    return made.getvalue()


def bomb(said: int | None = None) -> bytes:
    """Give a zip of a few kilobytes that unpacks to gigabytes, and may say that it does not."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        with file.open("Journal.json", "w", force_zip64=True) as member:
            for _ in range(MAX_BYTES // MEBIBYTE + 1):
                member.write(bytes(MEBIBYTE))
        if said is not None:
            file.filelist[0].file_size = said
    return made.getvalue()


def twins() -> bytes:
    """Give a zip with two files of one name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("Journal.json", json.dumps(DAY_ONE))
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("Journal.json", json.dumps(DAY_ONE))
    return made.getvalue()


def crowded() -> bytes:
    """Give a zip whose list of files is long."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("Journal.json", json.dumps(DAY_ONE))
        file.comment = b"x" * 60_000
    return made.getvalue()


DAMAGED: Final = "it is a damaged zip; export it once more, or unpack it and import its JSON file"
WAY_OUT: Final = "unpack it and import its JSON file"


ODD_NAME: Final = f"a file in the zip has a name that no export has; {WAY_OUT}"
PACKED: Final = f"Journal.json in the zip is packed in a way unknown here; {WAY_OUT}"

DAMAGED_ZIPS: Final = {
    "lzma": (zipped(zipfile.ZIP_LZMA), PACKED),
    "bzip2": (zipped(zipfile.ZIP_BZIP2), PACKED),
    "encrypted": (encrypted(), f"Journal.json in the zip is encrypted; {WAY_OUT}"),
    "name above": (renamed("../x.json"), ODD_NAME),
    "absolute name": (renamed("/etc/x.json"), ODD_NAME),
    "name with a drive": (renamed("C:\\x.json"), ODD_NAME),
    "name with NUL": (renamed("x.json\0.jpg"), ODD_NAME),
    "name with controls": (renamed("a/\x1b[2J.json"), ODD_NAME),
    "long name": (zipped(name=f"{'x' * 300}.json"), ODD_NAME),
    "no JSON": (zipped(name="photos.xml"), "there is no JSON file in the zip"),
    "empty": (b"PK\x05\x06" + bytes(18), "there is no JSON file in the zip"),
    "one name twice": (twins(), f"two files in the zip have one name; {WAY_OUT}"),
    "said too short": (with_field(24, b"\x01\x00\x00\x00"), DAMAGED),
    "said too long": (with_field(24, b"\xff\xff\x00\x00"), DAMAGED),
    "another checksum": (with_field(16, b"\x00\x00\x00\x00"), DAMAGED),
    "place outside": (with_field(42, b"\xff\xff\xff\x7f"), DAMAGED),
    "list outside": (with_field(16, b"\xff\xff\xff\x7f", b"PK\x05\x06"), DAMAGED),
    "list longer than all": (with_field(12, b"\xff\xff\xff\x7f", b"PK\x05\x06"), DAMAGED),
    "list cut": (zipped()[:-30], DAMAGED),
    "cut in the middle": (zipped()[: len(zipped()) // 2], DAMAGED),
    "changed content": (zipped()[:60] + b"\xff" * 20 + zipped()[80:], DAMAGED),
    "four bytes": (b"PK\x03\x04", DAMAGED),
    "overlapping": (overlapping(), DAMAGED),
}


@pytest.mark.parametrize("kind", DAMAGED_ZIPS)
def test_a_damaged_zip_ends_in_one_line(
    run: Run, logged_in: Loopback, tmp_path: Path, kind: str
) -> None:
    """With the file's name and what to do; exit status 1, and nothing is sent by halves."""
    data, message = DAMAGED_ZIPS[kind]
    path = tmp_path / "export.zip"
    path.write_bytes(data)
    status, out, err = run("import", "--yes", str(path))
    assert (status, out) == (1, "")
    assert err == f"diaryclient: {path}: {message}; nothing was imported\n"
    assert logged_in.fake.requests == []


def peak(read: Callable[[], object]) -> int:
    """Give the most bytes that Python held meanwhile."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("said", [None, 1000])
def test_a_bomb_is_not_unpacked(tmp_path: Path, said: int | None) -> None:
    """Whether it says what it is, or not."""
    path = tmp_path / "bomb.zip"
    path.write_bytes(bomb(said))

    def read() -> None:
        with pytest.raises(SourceError, match=r"bomb\.zip: it "):
            read_source(path, "auto")

    assert peak(read) < 24 * MEBIBYTE


def test_a_long_list_of_files_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen megabytes of it would be a gigabyte of objects."""
    path = tmp_path / "export.zip"
    path.write_bytes(crowded())
    monkeypatch.setattr(archive, "_MAX_READING", 1000)
    with pytest.raises(SourceError, match="it is a zip with too long a list of its files"):
        read_source(path, "auto")


@pytest.mark.parametrize("form", FILES)
def test_a_file_without_an_end_is_not_read(tmp_path: Path, form: str) -> None:
    """A terabyte of nothing, which takes up no room on the disk."""
    path = tmp_path / "endless"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    def read() -> None:
        with pytest.raises(SourceError, match="it has more than 512 MiB; import it in parts"):
            read_source(path, form)

    assert peak(read) < MEBIBYTE


@pytest.mark.parametrize("form", SOURCES)
@pytest.mark.parametrize("kind", ["pipe", "device", "link"])
def test_what_is_no_file_is_told_so_at_once(tmp_path: Path, form: str, kind: str) -> None:
    """Nobody waits for a pipe that nobody writes into, and a device is not opened."""
    path = tmp_path / "source"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/zero") if kind == "device" else path
    if kind == "link":
        path.symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="it is no file but a pipe, a device or the like; write "):
        read_source(path, form)


def test_a_file_that_says_it_is_empty_is_read_to_its_end() -> None:
    """As those of /proc do; and it is no diary."""
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("this system has no /proc")
    assert path.stat().st_size == 0
    with pytest.raises(SourceError, match="it is nothing that is known here"):
        read_source(path, "auto")


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("json", b'{"entries": [' + b"[]," * MAX_VALUES + b"0]}"),
        ("dayone", b'{"entries": [' + b'{"":0},' * MAX_VALUES + b"0]}"),
        ("jrnl-json", b'{"entries": ' + b"[" * MAX_VALUES),
        ("jsonl", b"[" * 1_000_000 + b"\n" + b"{" * 1_000_000),
        ("jsonl", b"\n" * 1_000_000),
        ("jsonl", b"0\n" * 1_000_000),
        ("jrnl", b"[2020-01-01] \n" * 1_000_000),
        ("jrnl", b"[2020-01-01] x\n" + b" \n" * 5_000_000 + b"\\[2020] x"),
        ("folder", b"# 1:00\n" * 1_000_000),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{len(each)} bytes",
)
def test_many_small_things_take_up_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, data: bytes
) -> None:
    """They are read one by one, up to as many as an import may hold, or refused by their number."""
    monkeypatch.setattr(source, "MAX_FINDINGS", 10_000)
    path = tmp_path / "2026-11-22.md"
    path.write_bytes(data)
    assert peak(lambda: check(path, form)) < 4 * len(data) + 8 * MEBIBYTE
