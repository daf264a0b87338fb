"""The forms in which entries leave the diary: the one place where they are rendered.

    printed    what `--format` can name
    exported   what that of `export` can
    files      what an export leaves behind: a file, or a folder of them
    pretty     for people at a terminal: pretty, short
    data       for programs: json, jsonl
    documents  for files: md, txt
    tree       md-tree, a folder of them
    fences     what is code in Markdown, where nothing is a heading
    journal    for jrnl
    webpage    for browsers: html
    versions   the versions of one entry, for people and for programs
    prose      texts as HTML: their Markdown, made safe
    sections   a text below a heading with its time, and back

Rules: pure, but for `files`. A format takes pages of entries as they come and gives pieces of text
whose join is the output. Nothing in a text can move a cursor or forge an entry. What the formats
promise stands in docs/FORMATS.md, and golden files hold them to it.
"""
