"""What a cell, or the seeds of one place together, scored of a published score."""

from __future__ import annotations

from harness.report import figures, statistics
from harness.report.claims import Claim
from harness.report.dev_sets import Score
from harness.report.facts import Cell
from harness.report.found import Found, NotFound, not_measured
from harness.report.metric import Metric
from harness.report.seeds import SeedGroup


def find_score(claim: Claim, cell: Cell) -> Found | NotFound:
    dev_set, metric = cell.dev_set(claim.dev_set), claim.metric
    if dev_set is None or metric is None:
        return not_measured(cell, "evaluate")
    score = dev_set.score("teacher" if claim.role == "teacher" else "student", metric.name)
    allowed = _allowed(claim, metric, score, dev_set.rows)
    if score.value is None or allowed is None:
        return NotFound(f"nothing was measured: {metric.label} is undefined here")
    text = metric.value(score.value)
    interval = f"{metric.interval(score.interval)}, " if score.interval else ""
    sentence = f"Measured {text} ({interval}n = {figures.count(dev_set.rows)})."
    return Found(score.value, score.interval, text, sentence, dev_set.rows, allowed)


def find_mean(claim: Claim, group: SeedGroup) -> Found | NotFound:
    """The mean score of a group of seeds, with Student's interval of that mean; what is allowed is the mean of what each is."""
    each = [find_score(claim, cell) for cell in group.cells]
    found, metric = [one for one in each if isinstance(one, Found)], claim.metric
    if len(found) < len(each) or metric is None:
        return NotFound("nothing was measured: not every seed has this score")
    seeds, rows = statistics.seeds([one.value for one in found]), found[0].rows
    allowed = sum(one.allowed for one in found) / len(found)
    text = metric.value(seeds.mean)
    sentence = (
        f"Mean of {len(seeds.values)} seeds {text} (95 % t-interval {metric.interval(seeds.interval)}, standard deviation "
        f"{100 * seeds.deviation:.2f} points, n = {figures.count(rows)})."
    )
    if any(border in seeds.interval for border in (claim.value - allowed, claim.value + allowed)):
        sentence += (
            " The interval of the mean reaches over the border of the tolerance: more seeds may turn the verdict."
        )
    return Found(seeds.mean, seeds.interval, text, sentence, rows, allowed)


def _allowed(claim: Claim, metric: Metric, score: Score, rows: int) -> float | None:
    """How far the score may lie from the published one: docs/report.md says why."""
    if metric.name == "accuracy":
        return statistics.accuracy_tolerance(rows, claim.value)
    return statistics.half_width(score.interval) if score.interval else None
