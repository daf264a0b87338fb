"""Logging in, and what keeps it from those who guess and those who flood.

    login        HELLO to OFFER, LOGIN to GRANT
    offering     who gets an offer, and what proves that they did
    cookies      proof that who speaks can be reached at its address
    prekeys      what logins are sealed to
    credentials  is it the right one, and which token comes of it
    gate         so many password hashes at once
    guessing     how often who may try
    trust        which user came from which network before
    known        which networks log-ins came from lately

Rules: what is dear comes after what proves or limits; nothing is kept for a stranger.
"""
