"""The language that diaryserver and diaryclient speak: DIARY/1, described in docs/PROTOCOL.md.

Rules of this package: it is pure. Time and chance are arguments, never asked for; nothing here
opens a file or a socket, logs, or knows which side it runs on. Every decoder is total: any bytes
either parse or raise `protocol.errors.MalformedError`.
"""
