"""What stops a benchmark: one line that says what is missing and what to do."""


class BenchmarkError(Exception):
    """A figure cannot be measured, or what was measured is not what it should be."""
