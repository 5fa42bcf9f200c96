"""What all tests share."""

from __future__ import annotations

import signal

from hypothesis import settings

# A shell that starts this in the background leaves SIGINT ignored, which every process started from here would inherit and respect.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A time limit of 200 ms an example fails on a machine that does something else as well.
settings.register_profile("busy-machine", deadline=None)
settings.load_profile("busy-machine")
