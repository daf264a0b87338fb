r"""A text as a diary keeps it, out of what an editor, a pipe, a file or the network brought.

Rules: every door takes it from here, so that the same bytes are the same entry everywhere. What
programs add by themselves is none of the text: a byte order mark at its beginning, the CR of a CR
LF, one line end at its end. All else stays as it is, to the letter: further blank lines at the end,
tabs, a CR alone (which writes over a line, as progress bars do, and ends none), other controls, a
mark elsewhere, letters in whatever normal form. A signed request's text passes no door: it is what
its client has made of it.
"""

from typing import Final

_BYTE_ORDER_MARK: Final = "\ufeff"


def incoming_text(raw: str) -> str:
    """Give the text; not twice, since of two line ends at its end the second would go too."""
    text = raw.removeprefix(_BYTE_ORDER_MARK)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return text[:-1] if text.endswith(("\n", "\r")) else text
