"""`python -m diaryserver`."""

import sys

from diaryserver.cli import main

sys.exit(main())
