"""The peers: what others would use, or the least that could be used, for the same job."""
