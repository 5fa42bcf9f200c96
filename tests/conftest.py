"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A time limit of 200 ms an example fails on a machine that does something else as well.
settings.register_profile("busy-machine", deadline=None)
settings.load_profile("busy-machine")
