"""What the README's figures come from: this server beside its peers, in one run on one machine.

    python -m benchmarks [--quick] [--only ROW] [--markdown] [--paste]

Rules: every claim is a ratio of medians of runs that took turns; what is measured has a core to
itself, and what makes the load another; every answer is counted and a sample of them opened; all
that is started ends with the benchmark and is bounded in time.
"""
