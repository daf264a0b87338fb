"""`watch` as a process, against a real server that is restarted meanwhile."""

from tests.programs import Home, Server
from tests.terminals import Terminal


def test_watch_shows_each_entry_once(reused: Server, home: Home) -> None:
    """The last ones first, then what others write, over a restart; Ctrl-C ends with 130."""
    reused.add_user("alice")
    home.login(reused, "alice")
    for text in ("older", "newer"):
        assert home.speak("write", "-q", text).status == 0
    terminal = Terminal(home, "watch", "-n", "1", columns=200)
    terminal.sees("newer")
    assert home.speak("write", "-q", "live").status == 0
    terminal.sees("live")
    name = home.speak("read", "-n", "1", "--short").out.split()[2]
    assert home.speak("edit", name, "--text", "lively\x1b[2J").status == 0
    terminal.sees(f"amended {name} lively\\x1b[2J")
    assert home.speak("rm", "--yes", name).status == 0
    terminal.sees(f"removed {name}")
    reused.stop()
    terminal.sees("trying again until it answers")
    reused.restart()
    assert home.speak("write", "-q", "--at", "2020-01-01 12:00", "after the restart").status == 0
    terminal.sees("after the restart")
    terminal.interrupt()
    terminal.sees("interrupted")
    assert terminal.wait() == 130
    texts = [row.split(" ", 3)[3] for row in terminal.rows if row[:2] == "20"]
    assert texts == ["newer", "live", "after the restart"]
