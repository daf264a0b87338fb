"""What fails by the loose order of names, and why that is accepted.

Rules: nothing is listed of ordered metadata, by which everything must hold. An exception names
where it may be met and by which words; anything else is a violation.
"""

import re
from dataclasses import dataclass
from typing import Final

from tests.powercut.exploring import Finding


@dataclass(frozen=True)
class Exemption:
    """Findings by the loose model whose scenario and first words match; `why` is for the docs."""

    scenario: str
    words: str
    why: str

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is one of these."""
        is_here = re.fullmatch(self.scenario, finding.scenario) is not None
        said = [each for each in finding.said if not each.startswith("verify says")]
        return finding.model == "loose" and is_here and all(map(self._matches, said))

    def _matches(self, said: str) -> bool:
        return re.search(self.words, said) is not None


EXEMPTIONS: Final = (
    Exemption(
        ".*",
        "the acknowledged records are in another order",
        "a day's lines are shown by their time; only where two have the same moment does the order"
        " of the file count",
    ),
)


def is_accepted(finding: Finding) -> bool:
    """Tell whether a finding is listed."""
    return any(each.covers(finding) for each in EXEMPTIONS)
