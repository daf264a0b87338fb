"""What lies in the person's home: settings, logins, and entries that wait.

    settings       where things are, and what is set: by flags, the environment, `config.toml`
    config_file    the grammar of `config.toml`
    logins         the logins of this machine, a file each
    outbox         every entry, from before it is sent until the server has confirmed it
    marks          empty files that remember when something was done last
    leftovers      what killed processes left behind, swept or brought back
    address_words  what a link or `alice@host` means where an address is asked for (pure)

Rules: what is secret, or anybody's diary, is readable by its owner only.
"""
