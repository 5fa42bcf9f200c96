"""The commands on several finished runs: `tinybench publish` and `tinybench compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.arguments import Runs, console, home
from harness.paths import RUNS, SITE

To = Annotated[Path, typer.Option(help="The folder to write; an earlier site there is replaced as a whole.")]


def publish(runs: Runs = RUNS, to: To = SITE) -> None:
    """Write the report site of all finished runs and the published ones: an index, task pages with trends, a leaderboard.

    \b
    Examples:
      tinybench publish
      tinybench publish --runs /scratch/runs --to ~/public_html/tinybert
    """
    from harness.site import publish as publish_site

    shown = console()
    site = publish_site(home(runs), home(to))
    for each in site.left_out:
        shown.print(f"left out: {each.folder}: {each.why}", markup=False, soft_wrap=True)
    shown.print(f"{site.runs} {'run' if site.runs == 1 else 'runs'}: {site.index}", markup=False, soft_wrap=True)
