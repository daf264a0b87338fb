"""Texts as HTML: the Markdown that people write, read by a library and made safe.

Rules: no HTML of a text is HTML of the page. Links lead to the web or to a mailbox, and what has
another scheme, or none, is text; nothing is fetched, so a picture is a link. What would be hidden,
nested too deep, or too long a work is shown as it was typed, and so are entities, which could hide
what deceives. Of what the library makes, elements get the attributes that are named here only.
"""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Final
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from diaryclient.entries.entry import find_tags, split_title
from diaryclient.screen.display import safe_text

_MOST_WORK: Final = 4_000_000
"""Marks times characters, a quarter of a second: behind some marks the library looks to the end of
the text, and a hostile one would keep it for minutes."""

_COSTLY: Final = "[<@#)"

_DEEPEST: Final = 20
_SCHEMES: Final = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"://[A-Za-z0-9\[][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*", re.ASCII)
"""ASCII alone: Chinese goes on behind an address without a space."""

_BEFORE_ADDRESS: Final = re.compile(r"(?<![A-Za-z0-9])https?\Z", re.IGNORECASE)
_STOPS: Final = ".,;:!?'*"
_BEGINS_BLOCK: Final = re.compile(
    r" {0,3}(?:[-+*]|\d{1,9}[.)]|#{1,6})(?:\s|$)| {0,3}(?:>|`{3}|~{3}|\||[-*_]{3})| {4}|\t"
)
_UNDERLINE: Final = re.compile(r"[^\n]*\n {0,3}[-=|: \t]*[-=][-=|: \t]*(?:\n|\Z)")
_MARKS: Final = re.compile(r"[*_`\[\]~<\\]")
_LOWERED: Final = 3
"""Levels; the page's own headings are the first three."""

_ATTRIBUTES: Final = {"a": ("href", "rel"), "ol": ("start",)}


def as_html(text: str) -> str:
    """Give a text as a title and a body, or as a body alone if it begins with no sentence."""
    text = safe_text(text)
    title, body = split_title(text)
    first = text.lstrip("\n")
    if not title or _begins_with_block(first, title, body):
        return f'<div class="body" dir="auto">\n{_blocks(text)}</div>\n'
    shown = f'<p class="title" dir="auto">{_inline(title)}</p>\n'
    return f'{shown}<div class="body" dir="auto">\n{_blocks(body)}</div>\n' if body else shown


def _begins_with_block(text: str, title: str, body: str) -> bool:
    """Tell whether a title that is taken away would change how the text is read."""
    if _BEGINS_BLOCK.match(text) or _UNDERLINE.match(text):
        return True
    is_whole_line = text.lstrip()[len(title) :].lstrip(" \t").startswith("\n")
    return (
        bool(body) and not is_whole_line and bool(_MARKS.search(title) or _BEGINS_BLOCK.match(body))
    )


def _blocks(text: str) -> str:
    tokens = [] if _is_costly(text) else _markdown().parse(text)
    if not tokens or max(token.level for token in tokens) >= _DEEPEST - 1:
        return f"<p>{escape(text)}</p>\n"
    return _rendered(tokens)


def _inline(text: str) -> str:
    return escape(text) if _is_costly(text) else _rendered(_markdown().parseInline(text))


def _is_costly(text: str) -> bool:
    return sum(map(text.count, _COSTLY)) * len(text) > _MOST_WORK


def _rendered(tokens: Sequence[Token]) -> str:
    markdown = _markdown()
    _restrict(tokens)
    # What the library decoded might deceive a terminal again.
    return safe_text(markdown.renderer.render(tokens, markdown.options, {}))


def _restrict(tokens: Sequence[Token]) -> None:
    for token in tokens:
        token.info = ""
        if token.tag == "a" and "href" in token.attrs and not token.meta:
            token.attrs["rel"] = "noopener noreferrer"
        kept = _ATTRIBUTES.get(token.tag, ())
        token.attrs = {name: value for name, value in token.attrs.items() if name in kept}
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + _LOWERED, 6)}"
        _restrict(token.children or [])


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST})
    markdown.enable(["table", "strikethrough"])
    # Definitions of links are invisible, pictures are fetched, entities are more than they seem.
    markdown.disable(["reference", "image", "entity", "html_block", "html_inline"])
    markdown.inline.ruler.before("escape", "address", _address)
    markdown.inline.ruler.before("escape", "tag", _tag)
    markdown.validateLink = lambda url: _SCHEMES.match(url) is not None  # type: ignore[method-assign]
    markdown.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    for kind in ("softbreak", "hardbreak"):
        markdown.add_render_rule(kind, _line_break)
    return markdown


def _line_break(*_: object) -> str:
    return "<br>"


def _address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the library calls it
    """Make a link of an address that somebody typed."""
    found = _ADDRESS.match(state.src, state.pos)
    begun = _BEFORE_ADDRESS.search(state.pending)
    if not found or not begun or state.linkLevel:
        return False
    address = _without_stops(begun[0] + found[0])
    if len(address) <= len(begun[0]) + len("://"):
        return False
    if not silent:
        state.pending = state.pending[: begun.start()]
        _push_link(state, state.md.normalizeLink(address), address, {})
    state.pos += len(address) - len(begun[0])
    return True


def _without_stops(address: str) -> str:
    address = address.rstrip(_STOPS)
    while address.endswith((")", "]")) and not _is_balanced(address):
        address = address[:-1].rstrip(_STOPS)
    return address


def _is_balanced(address: str) -> bool:
    opening = {")": "(", "]": "["}[address[-1]]
    return address.count(opening) >= address.count(address[-1])


def _tag(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the library calls it
    """Make a link of a tag."""
    if state.src[state.pos] != "@" or state.linkLevel:
        return False
    tags = state.env.setdefault("tags", {})
    if state.src not in tags:
        tags[state.src] = dict(find_tags(state.src))
    tag = tags[state.src].get(state.pos)
    if not tag:
        return False
    if not silent:
        _push_link(state, f"#tag={quote(tag.lower(), safe='')}", tag, {"tag": tag})
    state.pos += len(tag)
    return True


def _push_link(state: StateInline, target: str, shown: str, meta: dict[str, str]) -> None:
    opening = state.push("link_open", "a", 1)
    opening.attrs, opening.meta = {"href": target}, meta
    state.push("text", "", 0).content = shown
    state.push("link_close", "a", -1)
