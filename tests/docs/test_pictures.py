"""The README's pictures show what the programs do now; `make pictures` makes them anew."""

import struct
from pathlib import Path

import pytest

from tests.docs.pictures import (
    FOLDER,
    PAGE,
    PAGE_DIGEST,
    SESSION,
    digest,
    draw_session,
    main,
    write_page,
)


def test_the_session_is_that_of_the_readme() -> None:
    """Whoever changes the README's session draws it anew; what it says is run elsewhere."""
    assert (FOLDER / SESSION).read_text() == draw_session()


def test_the_session_fetches_nothing() -> None:
    """A picture in a document asks no other machine for anything."""
    addresses = draw_session().replace("http://www.w3.org/2000/svg", "")
    assert "http" not in addresses
    assert "url(" not in addresses.replace("url(#", "")


def test_the_photographed_page_is_what_export_writes() -> None:
    """Whoever changes the page photographs it again."""
    assert (FOLDER / PAGE_DIGEST).read_text() == digest(write_page())


@pytest.mark.system
@pytest.mark.timeout(120)
def test_the_pictures_are_made_by_one_command(tmp_path: Path) -> None:
    """The same session, the same page, and a photograph of the same size."""
    assert main(tmp_path) == 0
    for name in (SESSION, PAGE_DIGEST):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()
    sizes = [struct.unpack(">II", (each / PAGE).read_bytes()[16:24]) for each in (tmp_path, FOLDER)]
    assert sizes[0] == sizes[1]
