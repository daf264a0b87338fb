"""A web page of another port in headless Chromium, which tries to write into the visitor's diary.

Part of `make test-system`, which installs the browser. What it sends is the browser's own: that
something reached the port is seen by the server's counter, or a case would prove nothing.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from tests.browser import browser
from tests.integration.conftest import PLAIN
from tests.integration.test_plain_text import TutorialClient, entries, stamped
from tests.programs import Server, start_server

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

ATTACKS: Final = {
    "fetch": "fetch(`http://${diary}/`, {method: 'POST', mode: 'no-cors', body: evil})",
    "fetch of a long path": "fetch(`http://${diary}/${'x'.repeat(5000)}`,"
    " {method: 'POST', mode: 'no-cors', body: evil})",
    "fetch of a path that is a command": "fetch(`http://${diary}/-c`, {mode: 'no-cors'})",
    "fetch that asks first": "fetch(`http://${diary}/`, {method: 'MILK', body: evil})",
    "beacon": "navigator.sendBeacon(`http://${diary}/${'x'.repeat(4500)}`, evil)",
    "form": """
        const form = document.createElement('form');
        const field = document.createElement('textarea');
        Object.assign(form, {
            action: `http://${diary}/${'x'.repeat(5000)}`, method: 'POST', enctype: 'text/plain',
            target: 'result',
        });
        Object.assign(field, {name: 'evil', value: evil});
        form.append(field);
        const result = Object.assign(document.createElement('iframe'), {name: 'result'});
        document.body.append(form, result);
        form.submit();
    """,
    "image": "new Image().src = `http://${diary}/-r`",
    "frame": """
        const frame = document.createElement('iframe');
        frame.src = `http://${diary}/${'x'.repeat(5000)}`;
        document.body.append(frame);
    """,
    "websocket": "new WebSocket(`ws://${diary}/${'x'.repeat(5000)}`)",
    "websocket over tls": "new WebSocket(`wss://${diary}/`)",
    "https": "fetch(`https://${diary}/`, {mode: 'no-cors'})",
    "stun": "connect([{urls: `stun:${diary}`}])",
    "turn over udp": "connect([{urls: `turn:${diary}`, username: evil, credential: evil}])",
    "turn over tcp": "connect([{urls: `turn:${diary}?transport=tcp`, username: evil,"
    " credential: evil}])",
    "turn over tls": "connect([{urls: `turns:${diary}?transport=tcp`, username: evil,"
    " credential: evil}])",
    "a peer": """
        connect([], (peer, offer) => {
            const line = `a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host\\r\\n`;
            const answer = offer.replace(/a=candidate.*\\r\\n/g, '').replace('actpass', 'active')
                .replace(/a=ice-options.*\\r\\n/g, '') + line;
            return peer.setRemoteDescription({type: 'answer', sdp: answer});
        })
    """,
    "webtransport": "new WebTransport(`https://${diary}/`)",
}
"""What a script in the page does. `evil` are lines that would be entries and commands."""

PAGE: Final = """<!doctype html><title>evil</title><body><script>
const evil = 'evil\\r\\n-r\\r\\n-c\\r\\nevil\\r\\n';
async function connect(iceServers, answer) {
    const peer = new RTCPeerConnection({iceServers});
    peer.createDataChannel('evil');
    const offer = await peer.createOffer();
    await peer.setLocalDescription(offer);
    if (answer) await answer(peer, offer.sdp);
    window.peer = peer;
}
</script>"""

COUNTED: Final = re.compile(r"plain-text-foreign=([0-9]+)")
PATIENCE_SECONDS: Final = 90
PAUSE_SECONDS: Final = 0.2


@contextmanager
def page_of_another_port(folder: Path) -> Iterator[str]:
    """Serve the page, and give its address."""
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    handler = partial(SilentHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = Thread(target=served.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_port}/index.html"
        finally:
            served.shutdown()
            thread.join()


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """A server for each attack, with an entry in it, after the page has done what it can.

    Each has counted something by then, or its time is over: counters are told every half minute.
    """
    folder = tmp_path_factory.mktemp("attacked")
    servers: dict[str, Server] = {}
    try:
        for number, name in enumerate(ATTACKS):
            servers[name] = start_server(folder / str(number), extra=PLAIN)
            TutorialClient(servers[name]).say(f"mine: {name}")
        with page_of_another_port(folder / "page") as address, browser() as window:
            window.visit(address)
            for name, server in servers.items():
                window.run(
                    f"const [diary, port] = ['{server.address}', {server.port}];"
                    f"(async () => {{ {ATTACKS[name]} }})();"
                )
            _wait_for_counters(list(servers.values()))
        yield servers
    finally:
        for server in servers.values():
            server.stop()


def _wait_for_counters(servers: list[Server]) -> None:
    for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        if all(COUNTED.search(server.log) for server in servers):
            return
        time.sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_page_of_another_port_reaches_no_diary(attacked: dict[str, Server], name: str) -> None:
    """Whatever a browser lets a script send: it arrives, and nothing is kept, read or cleared."""
    server = attacked[name]
    assert COUNTED.search(server.log), f"nothing arrived: {server.log}"
    client = TutorialClient(server)
    assert stamped(client.say("still mine")) == "still mine"
    assert entries(server) == [f"mine: {name}", "still mine"]
    [file] = server.day_files("guest")
    assert not list((file.parent / "archive").glob("*"))
    assert "Traceback" not in server.log
