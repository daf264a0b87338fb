"""The commands of `diaryclient`, each in a module that is imported only when it is typed.

    group     all of them, and the options before a command's name
    bare      what happens without one: the prompt, or
    piped     an entry for each line of a pipe
    writing   what `write` does, without click
    trusting  which server a log-in trusts, and whether it is one that moved
    shared    what commands have in common

Every other module is the command of its name, but for `importing`: `import` is a word of Python.
"""
