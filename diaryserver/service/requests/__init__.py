"""What is asked under a token: from a signed datagram to its sealed answer.

    requests         authenticate, check, hand on, answer
    sessions         what a token's requests need again and again
    firstuse         that a token is in use is kept before its first request is handled
    appending        a row for each request that only appends
    handlers         a handler for each other one, and the table of them all
    accounthandlers  those on tokens and the account
    context          what a handler is given beside its request
    parts            a long request, done once it is whole
    assembling       its parts, until then (pure)
    turnedaway       who is told that too much of his waits already, and when in silence

Rules: the first failed check ends it, in silence or with a signed refusal.
"""
