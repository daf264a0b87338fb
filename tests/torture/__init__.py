"""Writing under torture: clients, a lossy network and a server that is killed all the time."""
