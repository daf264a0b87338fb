"""Is everything well between this machine and the server, and what is to be done if not.

`examination` and `exposure` look, `diagnosis` decides; `words` are how both commands put it.
"""
