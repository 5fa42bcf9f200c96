"""The whole house on the embedded sample: one command, both engines, killed and resumed, and run twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.end_to_end.bench import NO_GLUE, ROOT, bench, command, findings, record, results, without_measuring

KILLS = 3


def test_both_engines_run_every_stage_and_one_report_compares_them(both: Path) -> None:
    found = record(both)
    assert {cell["engine"] for cell in found["cells"]} == {"oneflow", "torch"}
    assert found["data"]["kind"] == "sample" and found["data"]["name"] == "embedded sample"
    assert {claim["verdict"] for claim in found["claims"]} == {"not comparable"}
    for cell in found["cells"]:
        metrics = {stage: result["metrics"] for stage, result in results(cell).items()}
        assert metrics["measure"]["student_parameters"] == 14_350_248
        assert metrics["evaluate"]["rows"] == 120
        assert metrics["evaluate"]["teacher_accuracy"] > metrics["distill"]["start_dev_score"] + 0.1
        assert metrics["distill"]["dev_score"] == metrics["evaluate"]["student_accuracy"]
        measured = results(cell)["measure"]["details"]
        assert measured["protocol"]["rows"] == 120 and measured["protocol"]["synchronization"]["proved"]
        # The raw samples: whether a time is shown depends on what else this machine does.
        passes = {role: median(measured["models"][role]["dataset_pass_s"]) for role in ("teacher", "student")}
        assert passes["teacher"] > passes["student"]
        scores = {each["model"]: each["score"] for each in measured["subjects"]}
        assert scores == {role: metrics["evaluate"][f"{role}_accuracy"] for role in ("teacher", "student")}
    page = (both / "latest" / "report.html").read_text(encoding="utf-8")
    assert "Embedded sample" in page and "fallback" in page


def test_a_second_run_trains_nothing(both: Path) -> None:
    done = bench(both, "sample", "both", **NO_GLUE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(stage["cached"] for cell in record(both)["cells"] for stage in cell["stages"])


def test_augmented_rows_reach_the_student_in_a_cell_of_its_own(both: Path) -> None:
    """MiniLM has no language-model head: one is fitted. Prepare and teacher are the other cell's."""
    done = bench(both, "sample", "torch", "--augment", "none,published", **NO_GLUE)
    assert done.returncode == 0, done.stdout + done.stderr
    plain, augmented = record(both)["cells"]
    assert [stage["stage"] for stage in augmented["stages"] if stage["cached"]] == ["prepare", "teacher"]
    found = results(augmented)
    facts = found["augment"]["details"]["masked_lm"]
    assert facts["head"] == "fitted" and facts["top_15"] > 0.1
    rows = found["augment"]["metrics"]["rows"]
    assert 64 * 8 < rows <= 64 * 11
    assert found["distill"]["metrics"]["train_rows"] == min(rows, 640)
    assert results(plain)["distill"]["metrics"]["train_rows"] == 640
    report = (both / "latest" / "report.md").read_text(encoding="utf-8")
    assert "The student with and without augmentation" in report


def test_killed_at_random_moments_it_ends_as_undisturbed(both: Path, tmp_path: Path) -> None:
    """kill -9 of the harness, whose stage dies with it, again and again; then once to the end."""
    undisturbed = next(cell for cell in record(both)["cells"] if cell["engine"] == "torch")
    suite = ("--suite", str(without_measuring(tmp_path)))
    moments = random.Random(20261122)
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(tmp_path / "runs", "sample", "torch", *suite),
            cwd=ROOT,
            env={**os.environ, **NO_GLUE},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(moments.uniform(4, 12))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = bench(tmp_path / "runs", "sample", "torch", *suite, **NO_GLUE)
    assert done.returncode == 0, done.stdout + done.stderr
    (cell,) = record(tmp_path / "runs")["cells"]
    assert findings(cell) == findings(undisturbed)


def test_strict_makes_the_fallback_an_error(tmp_path: Path) -> None:
    done = bench(tmp_path / "runs", "sample", "torch", "--strict", **NO_GLUE, TINYBENCH_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 2
    assert "STRICT" in done.stderr + done.stdout or "embedded sample" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_faults_of_the_data_are_one_message_each(tmp_path: Path) -> None:
    folder = tmp_path / "SST-2"
    folder.mkdir()
    good = "sentence\tlabel\na fine film \t1\na dull film \t0\n"
    faults: dict[str, Any] = {
        "no label column": "sentence\tmood\na fine film \t1\n",
        "an unknown label": "sentence\tlabel\na fine film \t2\n",
        "nothing": "",
        "broken UTF-8": b"sentence\tlabel\na f\xfffilm \t1\n",
    }
    for name, content in faults.items():
        (folder / "dev.tsv").write_text(good)
        (folder / "train.tsv").write_bytes(content if isinstance(content, bytes) else content.encode())
        done = bench(tmp_path / "runs", "sample", "torch", "--data-root", str(tmp_path))
        assert done.returncode == 2, (name, done.stdout, done.stderr)
        assert "train.tsv" in done.stderr + done.stdout and "Traceback" not in done.stderr, name
