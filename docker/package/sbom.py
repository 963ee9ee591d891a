#!/usr/bin/env python3
"""Prints the software bill of materials of the server as CycloneDX JSON.

    docker/package/sbom.py >pixmill.cdx.json

Components: the crates that are compiled into `pixmill` (from `cargo metadata` of the locked dependencies), the C codecs that
vendor-scripts/codecs compiles, and what vendor-scripts/versions.txt fetches for the server: libvips, ONNX Runtime, models, fonts.
"""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

REPO = Path(__file__).resolve().parent.parent.parent
MACHINE = os.uname().machine
# Tools that are fetched, and are not in the server.
TOOLS = re.compile(r"^(cargo-|cmake$|meson$|ninja$)")


def licences(expression):
    return [LicenseFactory().make_from_string(expression.replace("/", " OR "))] if expression else []


def crates():
    """The root and the crates that it needs to be built for this machine, without those of tests."""
    # the features of a release, as in Makefile
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--features=pixmill/sentry"]
    command.append(f"--filter-platform={MACHINE}-unknown-linux-gnu")
    metadata = json.loads(subprocess.run(command, cwd=REPO, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = next(key for key, package in packages.items() if package["name"] == "pixmill" and package["source"] is None)
    found, queue = set(), [root]
    while queue:
        key = queue.pop()
        if key in found:
            continue
        found.add(key)
        for dependency in nodes[key]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                queue.append(dependency["pkg"])
    checksums = {}
    for package in tomllib.loads((REPO / "Cargo.lock").read_text())["package"]:
        checksums[package["name"], package["version"]] = package.get("checksum")
    make = lambda key: crate(packages[key], checksums.get((packages[key]["name"], packages[key]["version"])))
    return make(root), [make(key) for key in sorted(found - {root})]


def crate(package, checksum):
    name, version = package["name"], package["version"]
    return Component(
        type=ComponentType.APPLICATION if name == "pixmill" else ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        purl=PackageURL("cargo", name=name, version=version) if package["source"] else None,
        description=package["description"],
        licenses=licences(package["license"]),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
    )


def codecs():
    """The C sources, under the names of the crates that carry them."""
    names = {"libdav1d-sys": "dav1d", "libwebp-sys": "libwebp", "turbojpeg-sys": "libjpeg-turbo"}
    for package in tomllib.loads((REPO / "vendor-scripts/codecs/Cargo.lock").read_text())["package"]:
        if package["name"] in names:
            yield Component(
                type=ComponentType.LIBRARY,
                name=f"{names[package['name']]} (sources of the crate {package['name']})",
                version=package["version"],
                bom_ref=f"codec:{package['name']}@{package['version']}",
                purl=PackageURL("cargo", name=package["name"], version=package["version"]),
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package["checksum"])],
            )


def fetched():
    for line in (REPO / "vendor-scripts/versions.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        part, package, version, machine, digest = line.split()
        if machine in (MACHINE, "any") and not TOOLS.match(part):
            yield Component(
                type=ComponentType.MACHINE_LEARNING_MODEL if part.startswith("model-") else ComponentType.LIBRARY,
                name=package,
                version=version,
                bom_ref=f"fetched:{package}@{version}",
                purl=PackageURL("pypi", name=package, version=version),
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
            )


def main():
    root, libraries = crates()
    bom = Bom(components=[*libraries, *codecs(), *fetched()])
    bom.metadata.component = root
    bom.register_dependency(root, bom.components)
    print(JsonV1Dot6(bom).output_as_string(indent=1))


if __name__ == "__main__":
    main()
