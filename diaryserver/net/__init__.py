"""Sockets: bytes from and to the network, and nothing of what they mean."""
