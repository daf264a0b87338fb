"""`python -m tests.torture --kills N --writes N --seed S --minutes M`: exit 1 on any violation.

It goes on until so many kills and acknowledged writes are reached, or the minutes are over.
`--power` cuts the power instead, at every system call; `--power --help` says more.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from diaryserver.clock import SystemClock
from tests.powercut.power import main as cut_power
from tests.torture.scene import Plan, Scene

SHOWN_VIOLATIONS: Final = 20
_clock: Final = SystemClock()


def main() -> int:
    """Run, print the counts, and give the exit status."""
    if "--power" in sys.argv:
        return cut_power([each for each in sys.argv[1:] if each != "--power"])
    parser = argparse.ArgumentParser(prog="tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--in-flight", type=int, default=8, help="entries on their way, each user")
    plan = Plan(**vars(parser.parse_args()))
    folder = Path(tempfile.mkdtemp(prefix="diary-torture-"))
    scene = Scene(folder, plan)
    began = _clock.monotonic()
    asyncio.run(scene.run())
    show(scene, plan, _clock.monotonic() - began)
    if scene.ledger.violations:
        sys.stdout.write(f"the evidence is in {folder}\n")
        return 1
    shutil.rmtree(folder)
    counts = scene.ledger.counts
    if counts["kills"] < plan.kills or counts["acknowledged"] < plan.writes:
        sys.stdout.write("the minutes were over before all of it was reached\n")
        return 1
    return 0


def show(scene: Scene, plan: Plan, seconds: float) -> None:
    """Print the counts and the first violations."""
    sys.stdout.write(f"seed {plan.seed}, {seconds:.0f} s\n")
    for name, number in sorted(scene.ledger.counts.items()):
        sys.stdout.write(f"{name:36}{number:>9}\n")
    for violation in scene.ledger.violations[:SHOWN_VIOLATIONS]:
        sys.stdout.write(f"VIOLATION: {violation}\n")


if __name__ == "__main__":
    sys.exit(main())
