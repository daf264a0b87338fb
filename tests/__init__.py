"""The promises of the project, as tests; `tests.programs` runs the real programs."""
