"""Faults at random against a miniature project, until the time is up: `python -m tests.campaign --minutes 30 --seed 1`.

Every round takes a copy of a finished project, makes it forget some stages, lets a fault happen while a tool makes them
again, then does what docs/reliability.md says, and compares every byte with what an undisturbed run made. No part of
`make test`.
"""
