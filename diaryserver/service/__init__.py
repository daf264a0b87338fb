"""What the server does, free of sockets, files and databases: these are behind `service.ports`."""
