"""A server that says where it is, for tests that kill it there; built only where somebody listens.

    steps     the steps there are, and the listener that the environment asks for
    receiver  requests that announce: received, authenticated, answered
    accounts  accounts that announce when a log-in's token is kept
    disk      a disk that announces what was written, synced and renamed

Rules: what is announced on knows nothing of it. `diaryserver.engine` and `composition` put each
part in the place of the real one only if `DIARY_DEBUG_DIE_AT` is set.
"""
