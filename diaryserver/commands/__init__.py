"""The commands of the command line that look after the data; `diaryserver.cli` joins them.

    users      user add, list, passwd, ...
    tokens     token list, revoke
    keys       key show, rotate, and the fingerprint
    copies     backup and restore
    recover    bring a day that is set aside back
    verify     say what is wrong, and mend what is provably so
    operating  has a running server do it, or does it on the data itself
    prompting  what is asked at the terminal: whether it may, and a password

Rules: whoever waits for a command waits for no import that it does not need.
"""
