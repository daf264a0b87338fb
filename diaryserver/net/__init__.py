"""Sockets: bytes from and to the network, and nothing of what they mean.

    sockets        binding: UDP sockets for each address, and TCP on the same port
    steering       the kernel sorts datagrams by what they look like
    datagrams      UDP: drained in one go, each datagram handed on
    accepting      TCP connections, also while no descriptor is left
    opening        whether a conversation's first line is plain text at all
    conversations  plain text by TCP, a line at a time
    line_stream    lines out of a stream (pure)

Rules: nothing here decrypts, or knows a user.
"""
