"""The programs that render parts of the docs, the samples and the environment: `python -m tools.NAME`."""
