"""The software bill of materials of an image: what is installed in it, asked of the image itself, as CycloneDX 1.5 JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docker

from harness.container.docker_engine import explained
from harness.errors import InfrastructureError
from harness.paths import cache_dir

FORMAT = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}

# Runs inside: every Python distribution of the environment, and the base's own packages where it has dpkg.
_LIST = """
import importlib.metadata, json, subprocess
python = sorted({(d.metadata["Name"], d.version) for d in importlib.metadata.distributions()})
try:
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${Architecture}\\n"],
                         capture_output=True, text=True, check=True).stdout
    system = [line.split("\\t") for line in out.splitlines()]
    release = dict(l.rstrip().split("=", 1) for l in open("/etc/os-release") if "=" in l)["ID"].strip('"')
except (OSError, subprocess.CalledProcessError, KeyError):
    system, release = [], ""
print(json.dumps({"python": python, "system": system, "release": release}))
"""


def sbom_path(image_id: str) -> Path:
    return cache_dir() / "sbom" / f"{image_id.removeprefix('sha256:')[:24]}.cdx.json"


def write(client: docker.DockerClient, image_id: str, name: str) -> Path:
    """List what is in the image, from inside a container without network or rights, and keep it by the image's id."""
    with explained(f"list the contents of {name}"):
        output = client.containers.run(
            image_id,
            ["-c", _LIST],
            entrypoint="python3",
            environment={"PYTHONDONTWRITEBYTECODE": "1"},
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            remove=True,
        )
    bill = bill_of(name, json.loads(output))
    path = sbom_path(image_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"cannot write {path}: {error.strerror}; set TINYBENCH_CACHE") from error
    return path


def bill_of(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """CycloneDX components with package URLs (purl), Python's first."""
    python = [
        _component(package, version, f"pkg:pypi/{package.lower()}@{version}") for package, version in found["python"]
    ]
    release = found["release"]
    system = [
        _component(package, version, f"pkg:deb/{release}/{package}@{version}?arch={architecture}")
        for package, version, architecture in found["system"]
    ]
    return {**FORMAT, "metadata": {"component": {"type": "container", "name": name}}, "components": [*python, *system]}


def _component(name: str, version: str, purl: str) -> dict[str, str]:
    return {"type": "library", "name": name, "version": version, "purl": purl}
