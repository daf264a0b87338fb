"""What the operator does, with or without a running server, and the socket between the two."""
