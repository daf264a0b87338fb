"""How a login begins, lives and ends.

    logging_in  whom to trust, then the password, then a token in a file
    granting    HELLO, OFFER, LOGIN, GRANT, one after the other
    renewal     a token is replaced by its successor
    care        renews when it is time, and announces the end when it is near
    ending      that announcement
    lifetime    how long a token shall live, as people say it
    token_list  a user's tokens: list, make, revoke
    moving      a server's logins and entries, taken to where it is now

Rules: no credential leaves before somebody has confirmed whom it goes to.
"""
