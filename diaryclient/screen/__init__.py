"""What reaches the screen, or whatever stands in its place.

    display   text in which nothing moves the cursor or forges a line
    wrapping  lines as wide as they are seen
    streams   standard output and standard error, wherever they lead

Rules: what comes from elsewhere is escaped here before a terminal sees it.
"""
