"""docs/PYTHON.md tells the truth: its examples are run, one after the other."""

from pathlib import Path

import pytest

from tests.docs.readme import README, blocks
from tests.programs import Home, Server

DOCUMENT = README.parent / "docs" / "PYTHON.md"


def test_the_examples_work(
    server: Server,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """In the home of somebody who is logged in to a real server, as one program."""
    server.add_user("alice")
    home.login(server, "alice")
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DIARY_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in blocks("python", DOCUMENT):
        exec(compile(example, str(DOCUMENT), "exec"), names)  # noqa: S102 - our own document
    saved, rain, weather, mistake, nobody = capsys.readouterr().out.splitlines()
    assert saved == "saved"
    assert rain.endswith(" Rain, an hour of it. @weather")
    assert weather.endswith(" 今天天气很好 @weather")
    assert mistake == "A mistake."
    assert nobody.startswith("log in first: there is no login for nobody@any server")
    assert names["words"] == 11
    assert isinstance(names["starred"], list)
    assert len(names["starred"]) == 1
    assert names["found"] == ["Concert. @music"]
    assert names["count"] == 2
    assert (tmp_path / "diary.html").read_text().count("And hail.") == 1
