"""`python -m diaryclient` is the same as the command `diaryclient`."""

import sys

from diaryclient.cli import main

sys.exit(main())
