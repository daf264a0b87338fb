"""The diary's client: the command `diaryclient`, and `diaryclient.diary` for programs.

Rules: an entry is on this machine's disk before anything is sent, and leaves it only for a signed
OK. Time is asked in `diaryclient.clock` only; sockets are opened in `link` and `plain_link` only.
What `diaryclient write` needs is imported early, everything else where it is used, and pydantic
never: a prompt must not wait for imports.
"""

__version__ = "0.1.0"
