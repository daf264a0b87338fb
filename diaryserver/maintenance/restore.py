"""A backup put back, where no data is: checked, copied aside, proved by verify, renamed into place.

Rules: nothing is created before every digest is right, and a backup that lacks a file, or has one
more than its list, is refused. The last step is a rename, which the kernel refuses over a folder
that is not empty: there is all of it, or nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.generations import adopt_keys, forget_keys
from diaryserver.accounts.keyfiles import (
    IDENTITY,
    KEY_BYTES,
    PEPPER,
    generation_of,
    generations_in,
    open_keys,
)
from diaryserver.accounts.schema import open_database
from diaryserver.errors import DataError
from diaryserver.maintenance.checksums import SUMS_NAME, parse_sums
from diaryserver.maintenance.copying import copy_file, digest_of, made_folder
from diaryserver.maintenance.faults import Fault, printable
from diaryserver.maintenance.layout import ACCOUNTS, DIARIES, KEYS, REMOVED
from diaryserver.maintenance.ledgerstamps import begin_anew, known_beside
from diaryserver.maintenance.opening import (
    names_in,
    opened_file,
    opened_folder,
    opened_parent,
    read_whole,
)
from diaryserver.maintenance.verify import Report, verify
from diaryserver.store.ledger.ledger import Ledger
from diaryserver.store.ledger.ledgerfile import LEDGER, open_ledger
from protocol.errors import StorageError, UsageError

MAX_NAMED: Final = 5
"""So many files are named when a backup is not as its list says; more tell nobody more."""

_TOPS: Final = frozenset({ACCOUNTS, DIARIES, KEYS, LEDGER, REMOVED})


class FaultyBackupError(DataError):
    """The backup is whole, but verify finds faults in it; `faults` says which."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            f"the backup is whole, but verify finds faults in it ({len(faults)});\n"
            "nothing was restored; to have it as it is, say --accept-faults"
        )
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Keys:
    """Where the keys come from: a folder, fresh ones, or, with neither, the backup itself."""

    folder: Path | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What verify says of it, and how many logins ended because their key was destroyed since."""

    report: Report
    ended_logins: int


def restore(  # noqa: PLR0913 - chance and time are arguments
    source: Path,
    data: Path,
    keys: Keys,
    random_bytes: Callable[[int], bytes],
    now: int,
    *,
    accept: bool,
) -> Restored:
    """Put the backup `source` where `data` is to be; `now` is the time in ms.

    Raise DataError, leaving nothing there: data in the way, a backup that is unfinished or not as
    its list says, or faults unless `accept` is set.
    """
    _check_free(data)
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(opened_folder(source.resolve()))
            sums = _read_sums(source, folder)
            _check_keys(sums, keys)
            _check_digests(source, folder, sums)
            aside = stack.enter_context(_folder_aside(data))
            _copy(folder, aside, sums)
            ended = _put_keys(aside, keys, random_bytes, now)
            _begin_epoch(aside, random_bytes)
            report = verify(aside)
            if report.faults and not accept:
                raise FaultyBackupError(report.faults)
            _put_in_place(aside, data)
            return Restored(report, ended)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise DataError(f"restoring failed: {where}{error.strerror or error}") from None


def _check_free(data: Path) -> None:
    if not os.path.lexists(data):
        return
    if not data.is_dir() or next(data.iterdir(), None):
        raise DataError(f"{data} holds data; restore never writes over it: move it away first")
    if data.is_mount():
        raise DataError(f"{data} is a mount point; set server.data_dir to a new folder below it")
    if data.stat().st_uid != os.geteuid():
        raise DataError(f"{data} belongs to user {data.stat().st_uid}: restore as that user")


def _read_sums(source: Path, folder: int) -> dict[str, str]:
    try:
        with opened_file(SUMS_NAME, folder) as descriptor:
            sums = parse_sums(read_whole(descriptor))
    except FileNotFoundError:
        raise DataError(
            f"{source} has no {SUMS_NAME}: not a backup, or an unfinished one"
        ) from None
    if ACCOUNTS not in sums or any(path.split("/")[0] not in _TOPS for path in sums):
        raise DataError(f"{source}/{SUMS_NAME} is not of a diaryserver's backup")
    return sums


def _check_keys(sums: dict[str, str], keys: Keys) -> None:
    has_keys = any(path.startswith(f"{KEYS}/") for path in sums)
    if has_keys and (keys.folder or keys.fresh):
        raise UsageError("the backup has its keys: leave --keys and --new-keys out")
    if not has_keys and not (keys.folder or keys.fresh):
        raise UsageError(
            "the backup has no keys: give them with --keys FOLDER,\n"
            "or say --new-keys: then nobody's login or password works any more, and everybody"
            " needs a new invite"
        )


def _check_digests(source: Path, folder: int, sums: dict[str, str]) -> None:
    wrong = [f"{path}: {why}" for path, why in _wrong_files(folder, sums)]
    if wrong:
        named = [f"{source}/{printable(each)}" for each in wrong[:MAX_NAMED]]
        more = [f"and {len(wrong) - MAX_NAMED} more"] if len(wrong) > MAX_NAMED else []
        lines = ["the backup is not as its list says; nothing was restored:", *named, *more]
        raise DataError("\n".join(lines))


def _wrong_files(folder: int, sums: dict[str, str]) -> Iterator[tuple[str, str]]:
    for path, digest in sums.items():
        try:
            with opened_parent(path, folder) as (parent, name), opened_file(name, parent) as file:
                if digest_of(file) != digest:
                    yield path, "changed"
        except OSError as error:
            yield path, error.strerror or str(error)
    for place, _, names, _ in os.fwalk(".", dir_fd=folder):
        for name in names:
            path = f"{place}/{name}".removeprefix("./")
            if path not in sums and path != SUMS_NAME:
                yield path, "not in the list"


@contextmanager
def _folder_aside(data: Path) -> Iterator[Path]:
    """Make a folder beside `data`, 0700; it is gone afterwards unless it was renamed."""
    data.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{data.name}.restoring-", dir=data.parent))
    try:
        yield aside
    finally:
        if aside.exists():
            shutil.rmtree(aside)


def _copy(source: int, aside: Path, sums: dict[str, str]) -> None:
    folders = {str(each) for path in sums for each in PurePosixPath(path).parents} - {"."}
    with opened_folder(aside) as target:
        for folder in sorted(folders):
            os.mkdir(folder, mode=0o700, dir_fd=target)
        for path, digest in sums.items():
            with (
                opened_parent(path, source) as (parent, name),
                opened_file(name, parent) as file,
                opened_parent(path, target) as (copies, _),
            ):
                if copy_file(file, os.fstat(file).st_size, name, copies) != digest:
                    raise DataError(f"{printable(path)} changed while it was copied")


def _put_keys(aside: Path, keys: Keys, random_bytes: Callable[[int], bytes], now: int) -> int:
    if keys.folder is not None:
        _copy_keys(keys.folder, aside)
    elif keys.fresh:
        open_keys(aside / KEYS, random_bytes, first_start=True)
    try:
        with closing(Connection(open_database(aside / ACCOUNTS))) as accounts:
            if keys.fresh:
                forget_keys(accounts)
            return adopt_keys(accounts, generations_in(aside / KEYS), now)
    except (DataError, StorageError):
        return 0  # verify says what is wrong with it


def _begin_epoch(aside: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Let no generation be what it was: what was written since the backup was read as well."""
    # Of a broken one verify says what is wrong with it.
    with (
        suppress(OSError, StorageError),
        known_beside(aside / ACCOUNTS) as known,
        closing(Ledger(open_ledger(aside / LEDGER))) as ledger,
    ):
        begin_anew(known, ledger, random_bytes)


def _copy_keys(folder: Path, aside: Path) -> None:
    with (
        opened_folder(folder.resolve()) as source,
        opened_folder(aside) as target,
        made_folder(KEYS, target) as copies,
    ):
        masters = [name for name in names_in(source) if generation_of(name)]
        for name in (*masters, PEPPER, IDENTITY):
            with opened_file(name, source) as file:
                copy_file(file, KEY_BYTES, name, copies)


def _put_in_place(aside: Path, data: Path) -> None:
    with opened_folder(aside) as folder:
        for _, _, _, each in os.fwalk(".", dir_fd=folder):
            os.fsync(each)
    with opened_folder(data.parent) as parent:
        os.rename(aside.name, data.name, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)
