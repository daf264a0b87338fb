"""What commands have in common; none of these is a command.

    selecting    the options that say which entries are meant
    ranges       the days that `--on`, `--from` and `--to` name
    completing   what a shell offers when Tab is pressed
    output       entries in a format, to a pipe or a pager
    progress     how far a long command is
    confirming   questions before something is taken away
    delivering   what every command does last: send what waits, renew the login
    passwords    from a prompt without echo, or from standard input
    destination  where a login goes, and as whom
    wishes       what a new token shall be
    fitting      rows as wide as the terminal that they go to
    forgiving    what to type, when there is no command or option of a name
    other_words  the words of other programs, and what they are here (pure)

Rules: none of these imports a command.
"""
