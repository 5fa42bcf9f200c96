"""What the stage `evaluate` writes, made up but consistent: the scores follow from the confusion matrices, the counts add up."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]
Matrix = list[list[int]]

# Half of each made-up bootstrap interval.
HALF = 0.055


def result(dev_sets: list[Json]) -> tuple[Json, Json, Json]:
    """Metrics, series and details; metrics of further dev sets end in their name."""
    first = dev_sets[0]
    metrics = {"rows": first["rows"]}
    for each in dev_sets:
        ending = "" if each is first else f"_{each['name']}"
        for role in ("teacher", "student"):
            metrics |= {f"{role}_{name}{ending}": score["value"] for name, score in each["scores"][role].items()}
    if first["counts"]:
        metrics |= {f"{name}_correct": n for name, n in first["counts"].items() if name != "rows"}
    return metrics, {}, {"dev_sets": dev_sets, "attention": attention(), "submissions": {}}


TOKENS = ("[CLS]", "a", "gorgeous", ",", "wit", "##ty", "movie", "[SEP]")


def attention() -> Json:
    """Four layers, each looking further away; the student's attention is flatter."""
    maps = {
        role: [[_attended(query, layer, sharpness) for query in range(len(TOKENS))] for layer in range(4)]
        for role, sharpness in (("teacher", 1.5), ("student", 0.7))
    }
    return {
        "row": 21,
        "tokens": list(TOKENS),
        "layers": {"teacher": [2, 5, 8, 11], "student": [0, 1, 2, 3]},
        "maps": maps,
    }


def _attended(query: int, layer: int, sharpness: float) -> list[float]:
    weights = [math.exp(-sharpness * abs(abs(query - key) - layer)) for key in range(len(TOKENS))]
    return [round(weight / sum(weights), 3) for weight in weights]


def classification(name: str, rows: int, counts: tuple[int, int, int], labels: list[str], metrics: list[str]) -> Json:
    """`counts`: rows right by teacher, student and both."""
    teacher, student, both = counts
    neither = rows - teacher - student + both
    confusion = {
        role: _confusion(rows, right, len(labels)) for role, right in (("teacher", teacher), ("student", student))
    }
    values = {role: {metric: _value(metric, matrix) for metric in metrics} for role, matrix in confusion.items()}
    return {
        "name": name,
        "rows": rows,
        "scores": _scores(values),
        "counts": {
            "rows": rows,
            "teacher": teacher,
            "student": student,
            "both": both,
            "only_teacher": teacher - both,
            "only_student": student - both,
            "neither": neither,
        },
        "confusion": confusion,
        "agreement": (both + neither // (len(labels) - 1)) / rows,
        "calibration": {
            role: _calibration(rows, right, len(labels)) for role, right in (("teacher", teacher), ("student", student))
        },
        "by_length": _lengths(rows, values["teacher"][metrics[0]], values["student"][metrics[0]]),
        "by_label": [
            {"label": label, "rows": sum(confusion["teacher"][n])}
            | {role: matrix[n][n] / sum(matrix[n]) for role, matrix in confusion.items()}
            for n, label in enumerate(labels)
        ],
        "wrong": [
            {"row": 17 * n + 4, "text": text, "label": labels[right], "teacher": labels[right], "student": labels[said]}
            for n, (text, right, said) in enumerate(WRONG)
        ],
    }


WRONG = (
    ("it 's not that the film is bad , it just never quite earns its tears . ", 0, 1),
    ("a gorgeous , witty , seductive movie | if you let it . ", 1, 0),
    ("the script is *almost* clever enough to make you forget the [deleted] plot . ", 0, 1),
)


def regression(name: str, rows: int, pearson: tuple[float, float], spearman: tuple[float, float]) -> Json:
    """The correlations of teacher and student."""
    values = {
        role: {"corr": (p + s) / 2, "pearson": p, "spearman": s}
        for role, p, s in zip(("teacher", "student"), pearson, spearman, strict=True)
    }
    return {
        "name": name,
        "rows": rows,
        "scores": _scores(values),
        "counts": None,
        "confusion": None,
        "agreement": None,
        "calibration": None,
        "by_length": _lengths(rows, values["teacher"]["corr"], values["student"]["corr"]),
        "by_label": None,
        "wrong": [
            {
                "row": 41,
                "text": "A man is riding a horse. | A man rides.",
                "label": 4.75,
                "teacher": 4.5,
                "student": 1.125,
            },
            {
                "row": 7,
                "text": "A plane is taking off. | A dog barks.",
                "label": 0.0,
                "teacher": 0.25,
                "student": 3.0625,
            },
        ],
    }


def _scores(values: Json) -> Json:
    change = {name: values["student"][name] - value for name, value in values["teacher"].items()}
    return {
        who: {name: {"value": value, "interval": [value - HALF, value + HALF]} for name, value in scores.items()}
        for who, scores in (values | {"change": change}).items()
    }


def _value(metric: str, matrix: Matrix) -> float:
    rows, right = sum(map(sum, matrix)), sum(matrix[n][n] for n in range(len(matrix)))
    if metric == "accuracy":
        return right / rows
    (tn, fp), (fn, tp) = matrix
    if metric == "f1":
        return 2 * tp / (2 * tp + fp + fn)
    return (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def _confusion(rows: int, right: int, labels: int) -> Matrix:
    """A third of the errors on the first label, the rest on the last one; each is taken for its neighbour."""
    sizes = [rows // labels] * (labels - 1)
    matrix = [[0] * labels for _ in range(labels)]
    for n, size in enumerate([*sizes, rows - sum(sizes)]):
        matrix[n][n] = size
    wrong = rows - right
    for n, said, errors in ((0, 1, wrong // 3), (-1, -2, wrong - wrong // 3)):
        matrix[n][n] -= errors
        matrix[n][said] += errors
    return matrix


def _calibration(rows: int, right: int, labels: int) -> Json:
    """Ten bins, empty below chance; a model that is somewhat too sure."""
    first = 5 if labels == 2 else 3
    weights = [0 if n < first else (n - first + 1) ** 2 for n in range(10)]
    filled = [rows * weight // sum(weights) for weight in weights]
    filled[-1] += rows - sum(filled)
    accuracy = right / rows
    bins = [
        {
            "low": n / 10,
            "high": (n + 1) / 10,
            "rows": size,
            "confidence": n / 10 + 0.06 if size else None,
            "accuracy": min(1.0, (n / 10 + 0.06) * (0.9 + 0.1 * accuracy)) if size else None,
        }
        for n, size in enumerate(filled)
    ]
    ece = sum(each["rows"] * abs(each["confidence"] - each["accuracy"]) for each in bins if each["rows"]) / rows
    return {"ece": ece, "bins": bins}


def _lengths(rows: int, teacher: float, student: float) -> list[Json]:
    edges, quarter = (3, 12, 22, 34, 66), rows // 4
    return [
        {
            "low": edges[n],
            "high": edges[n + 1] - (n < 3),
            "rows": quarter + (rows - 4 * quarter if n == 3 else 0),
            "teacher": teacher + 0.01 - 0.007 * n,
            "student": student + 0.02 - 0.014 * n,
        }
        for n in range(4)
    ]
