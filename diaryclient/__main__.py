"""`python -m diaryclient` is the same as the command `diaryclient`."""

from diaryclient.process import run

run()
