from __future__ import annotations

from pathlib import Path

import pytest

from harness.resolve.rows import count_rows
from harness.tasks import find_task
from tests.harness.glue import labelled


@pytest.mark.parametrize("name", ["CoLA", "SST-2", "MRPC", "QQP", "STS-B", "MNLI", "SNLI", "QNLI", "RTE", "WNLI"])
def test_examples_are_counted_in_every_layout(tmp_path: Path, name: str) -> None:
    content = labelled(find_task(name), 7)
    for body in (content, content.removesuffix(b"\n"), content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content):
        (tmp_path / "file").write_bytes(body)
        assert count_rows(tmp_path / "file", find_task(name)) == 7


def test_what_the_task_leaves_out_is_not_counted(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(
        "index\tsentence1\tsentence2\tgold_label\n0\ta\tb\tneutral\n1\ta\tb\t-\n2\ta\tb\tx\ty\tentailment\n"
    )
    assert count_rows(file, find_task("SNLI")) == 2
    file.write_text("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\ta\tb\t1\n\ta question?\t0\n")
    assert count_rows(file, find_task("QQP")) == 1
    file.write_text("another\tfile\nx\ty\n")
    assert count_rows(file, find_task("QQP")) is None
