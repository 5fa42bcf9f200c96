"""One file per stage, each with `run(context) -> Outcome`."""
