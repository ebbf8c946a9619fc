"""Measurements: each module is one command, ``python -m benchmarks.NAME``, that prints ratios of one run and states the
machine."""
