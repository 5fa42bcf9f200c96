"""The bill of materials in the published format."""

from __future__ import annotations

from harness.container.sbom import bill_of


def test_a_bill_in_cyclonedx() -> None:
    found = {"python": [["PyYAML", "6.0.3"]], "system": [["libc6", "2.36-9", "amd64"]], "release": "debian"}
    bill = bill_of("torch-2-cpu", found)
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert bill["metadata"]["component"] == {"type": "container", "name": "torch-2-cpu"}
    assert [part["purl"] for part in bill["components"]] == [
        "pkg:pypi/pyyaml@6.0.3",
        "pkg:deb/debian/libc6@2.36-9?arch=amd64",
    ]
