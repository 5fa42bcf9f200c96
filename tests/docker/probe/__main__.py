"""Stands where the pipeline stands in an image: does what its spec says and reports what it sees from inside."""

import argparse
import json
import multiprocessing
import os
import signal
import socket
import sys
import time
from pathlib import Path


def emit(**event):
    print(json.dumps(event), flush=True)


def progress(done):
    emit(event="progress", phase="probe", done=done, total=10, unit="steps", values={})


def try_to(action):
    try:
        action()
    except OSError as error:
        return error.strerror
    return "allowed"


def cgroup(*names):
    for name in names:
        path = Path("/sys/fs/cgroup") / name
        if path.exists():
            return path.read_text().strip()
    return None


def connect():
    with socket.create_connection(("192.0.2.1", 80), timeout=2):
        pass


def facts(spec):
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return {
        "uid": os.getuid(),
        "gid": os.getgid(),
        "capabilities": [status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd")],
        "no_new_privileges": status["NoNewPrivs"].strip(),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "connect": try_to(connect),
        "write_root": try_to(lambda: Path("/opt/x").write_text("x")),
        "write_input": try_to(lambda: (Path(spec["inputs"]["data"]) / "x").write_text("x")),
        "write_spec": try_to(lambda: Path(spec["path"]).write_text("x")),
        "write_tmp": try_to(lambda: Path("/tmp/x").write_text("x")),
        "input": (Path(spec["inputs"]["data"]) / "link.txt").read_text(),
        "socket": any("docker.sock" in mount[1] for mount in mounts),
        "writable": sorted(
            m[1] for m in mounts if "rw" in m[3].split(",") and not m[1].startswith(("/proc", "/sys", "/dev"))
        ),
        "memory": cgroup("memory.max", "memory/memory.limit_in_bytes"),
        "pids": cgroup("pids.max", "pids/pids.max"),
        "cpus": sorted(os.sched_getaffinity(0)),
        "shm_bytes": os.statvfs("/dev/shm").f_frsize * os.statvfs("/dev/shm").f_blocks,
        "first_process": Path("/proc/1/comm").read_text().strip(),
        "home": os.environ["HOME"],
    }


def eat(megabytes):
    held = [b"x" * (1 << 20) for _ in range(megabytes)]
    time.sleep(0.1)
    return len(held)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stage")
    parser.add_argument("--spec")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    out, spec = Path(arguments.out), json.loads(Path(arguments.spec).read_text())
    print("a word for the log", file=sys.stderr, flush=True)

    def stop(_number, _frame):
        (out / "checkpoint").write_text("kept")
        sys.exit(143)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if spec.get("deaf") else stop)
    progress(1)
    if spec.get("facts"):
        (out / "facts.json").write_text(json.dumps(facts(spec)))
    time.sleep(spec.get("sleep_s", 0))
    if spec.get("eat_mb"):
        eat(spec["eat_mb"])
    if spec.get("child_eats_mb"):
        child = multiprocessing.get_context("fork").Process(target=eat, args=(spec["child_eats_mb"],))
        child.start()
        child.join()
        if child.exitcode:
            sys.exit(3)
    if spec.get("error"):
        emit(event="error", message=spec["error"], exit_code=2)
        sys.exit(2)
    progress(10)
    (out / "done").write_text("done")


main()
