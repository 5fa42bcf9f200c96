"""The seam: the few places where OneFlow 0.9.0 and PyTorch 2 differ, under one set of names.

Everything above this module is written once, as `from tinybert import engine as E`. Which engine that is was chosen by
`tinybert.engine_choice.use` before the first import. `torch_engine` is the reference for names and types.
"""

from typing import TYPE_CHECKING

from tinybert.engine_choice import chosen

if TYPE_CHECKING or chosen() == "torch":
    from tinybert.engine.torch_engine import *  # noqa: F403
else:
    from tinybert.engine.oneflow_engine import *  # noqa: F403
