"""Real clients and a real server over a bad link: 30 % lost each way, doubled, late, reordered."""

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from protocol.dayfile import Written, parse_day_file
from tests.in_process import Finished
from tests.integration.logins import copy_login
from tests.integration.wire import wire_to
from tests.lossy_proxy import LossyProxy, Weather
from tests.programs import Home, Server

WRITES = 15
WRITERS = 5
WEATHER = ("--loss=0.3", "--duplicate=0.1", "--reorder=0.1", "--delay=0.1", "--seed=5")
FLUSHES = 30
"""Runs at most; each ends at the first entry that meets silence."""

ROOT = Path(__file__).parents[2]


@contextmanager
def bad_link(target: str, *options: str) -> Iterator[str]:
    """Run the proxy as a program; give its address."""
    words = [sys.executable, "-m", "tests.lossy_proxy", "127.0.0.1:0", target, *options]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout
        try:
            yield proxy.stdout.readline().removeprefix("ready ").strip()
        finally:
            proxy.send_signal(signal.SIGTERM)
        counts = re.findall(r"(\w+) (\d+)", proxy.stdout.read())
        assert {"lost", "doubled", "reordered"} <= {name for name, _ in counts}


def stored(server: Server) -> list[Written]:
    """Give alice's entries, in the order of her files."""
    files = [path.read_bytes() for path in server.day_files("alice")]
    records = [each for data in files for each in parse_day_file(data)]
    return [each for each in records if isinstance(each, Written)]


def test_writes_through_a_bad_link(shared: Server, home: Home) -> None:
    """Each `saved` is on the server's disk once; what was queued is sent by flush, and once."""
    home.login(shared, "alice")
    with bad_link(shared.address, *WEATHER) as address:
        copy_login(home, "alice", shared.address, address)

        def write(number: int) -> Finished:
            return home.client("--server", address, "write", f"through the storm {number}")

        with ThreadPoolExecutor(WRITERS) as pool:
            done = list(pool.map(write, range(WRITES)))
        said = [line for each in done for line in (each.out + each.err).splitlines()]
        saved = [line.split()[1] for line in said if line.startswith("saved ")]
        assert {each.status for each in done} <= {0, 3, 5}
        assert len(saved) == sum(each.status == 0 for each in done)
        on_disk = Counter(each.id.hex()[-5:] for each in stored(shared))
        assert all(on_disk[short] == 1 for short in saved)
        runs = 0
        while home.client("--server", address, "outbox", "flush").status and runs < FLUSHES:
            runs += 1
        assert home.client("outbox", "list", "--json").out == "[]\n"
    texts = [each.text for each in stored(shared) if each.text.startswith("through the storm")]
    assert sorted(texts) == sorted(f"through the storm {number}" for number in range(WRITES))


def test_the_same_seed_gives_the_same_weather(shared: Server) -> None:
    """A fault that was found behind the proxy can be looked for again."""
    fates: list[tuple[int, int]] = []
    for seed in (3, 3, 4):
        weather = Weather(loss=0.3, duplicate=0.3)
        with (
            LossyProxy(shared.address, weather, seed=seed) as proxy,
            wire_to(f"127.0.0.1:{proxy.port}") as wire,
        ):
            for _ in range(40):
                wire.send(b"answered by nobody")
            while proxy.counts["received"] < 40:
                assert wire.receive(0.01) is None
            fates.append((proxy.counts["lost"], proxy.counts["doubled"]))
    assert fates[0] == fates[1] != fates[2]


def test_each_client_gets_its_own_answers(shared: Server) -> None:
    """A good link through the proxy is a good link, for several at once."""
    with LossyProxy(shared.address, Weather()) as proxy, ExitStack() as several:
        address = f"127.0.0.1:{proxy.port}"
        for wire in [several.enter_context(wire_to(address)) for _ in range(5)]:
            assert wire.hello(bytes(32)).statement.lowest == 1
