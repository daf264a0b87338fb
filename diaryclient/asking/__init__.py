"""How a server is asked: the pure cores first, then what has sockets and clocks.

    exchange    one question and its answer over datagrams that get lost (pure)
    enquiry     what silence means: who answers there, and whether it knows the token (pure)
    handshake   the two halves of a login as exchanges (pure)
    window      how many requests may be in flight at once (pure)
    parting     a long request on its way part by part (pure)
    session     several exchanges at once over one transport
    link        the sockets of the protocol
    plain_link  the sockets of the old one, plain text
    asker       asks under one login: ids, repetitions, the clock's correction, plain words
    polling     how often a program that runs on looks for news

Rules: who is pure is told the time and chance; only the two links open sockets.
"""
