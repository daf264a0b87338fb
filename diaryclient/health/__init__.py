"""Is everything well between this machine and the server, and what is to be done if not.

    examination  looks at files, names, the server and the token
    exposure     looks for what other people of the machine can get at
    diagnosis    what that means, and what to type (pure)
    wording      how `status`, `doctor` and `ping` put it
    openness     what others can get at, in words (pure)
    queues       what sends the entries that wait, in words (pure)

Rules: `diagnosis` decides; the others only look.
"""
