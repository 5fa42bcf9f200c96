"""Where a stage's command runs: `local` today, behind the one interface of `base`."""
