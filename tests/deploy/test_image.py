#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Containerfile and compose.yaml, as far as they can be judged without a container engine.

The packages of the image are compared with what the built programs need and with what ./dev installs; the folders that it
copies with what CMake reads; the compose file with the versions of the tests, and its configuration is given to
`relevo check` (of $RELEVO_BUILD_DIR, which ctest sets). It must never build or start anything.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RELEVO_BUILD_DIR", ROOT / "build/release")).resolve()
BUILD_TOOLS = {"gcc", "libc6-dev", "cmake", "ninja-build", "pkg-config"}
# In the image though no program of ours links them, and why.
EXTRA = {
    "ca-certificates": "TLS to Kafka and Postgres",
    "libcurl4": "core/registry",
    "tzdata": "the clocks of policy.hours",
}
BASE = {"libc6", "libgcc-s1", "libasan8", "libubsan1", "libtsan2"}  # in every Debian image; only in builds for tests
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")


def run(*words):
    ran = subprocess.run(words, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"{' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout


def stages(text):
    """The build stage and the image itself; the page's stage comes before them."""
    parts = re.split(r"^FROM ", text, flags=re.M)[1:]
    if len(parts) != 3 or "AS page\n" not in parts[0]:
        sys.exit(f"deploy/Containerfile has {len(parts)} stages: this test knows page, build and the image")
    return parts[1:]


def installed_by(stage):
    words = re.search(r"apt-get install -y --no-install-recommends \\\n(.*?)&&", stage, re.S).group(1)
    return set(words.replace("\\", " ").split())


def programs(build):
    return [build / "relevo", *sorted((build / "plugins").rglob("*.so"))]


def package_of(library, paths):
    """The package that holds a library; dpkg may know it under the path before /usr was merged."""
    path = os.path.realpath(paths[library])
    for candidate in (path, path.removeprefix("/usr"), f"/usr{path}"):
        found = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return f"no package ({path})"


def needed_by(files):
    libraries = {name for file in files for name in NEEDED.findall(run("readelf", "-d", str(file)))}
    paths = {}
    for line in run("/sbin/ldconfig", "-p").splitlines():
        if " => " in line:
            paths.setdefault(line.split()[0], line.split(" => ")[1])
    return {package_of(library, paths) for library in libraries} - BASE


def check_packages(build, image, mistakes):
    needed, present = needed_by(programs(build)), installed_by(image)
    for package in sorted(needed - present):
        mistakes.append(f"deploy/Containerfile: the programs need {package}: add it to the image")
    for package in sorted(present - needed - set(EXTRA)):
        mistakes.append(f"deploy/Containerfile: nothing needs {package}: remove it from the image")


def check_build_stage(stage, mistakes):
    script = (ROOT / "deploy/local/packages.sh").read_text(encoding="utf-8")
    tested = set(re.search(r'^libraries="(.*?)"', script, re.M | re.S).group(1).split())
    differ = installed_by(stage) ^ (tested | BUILD_TOOLS)
    if differ:
        mistakes.append(f"deploy/Containerfile builds with other packages than deploy/local/packages.sh: {sorted(differ)}")
    if not stage.startswith("${BASE} "):
        mistakes.append("deploy/Containerfile: not the one base that --build-arg pins")
    copied = {word for line in re.findall(r"^COPY (.+)$", stage, re.M) for word in line.split()[:-1]}
    read = {m.group(1).split("/")[0] for p in [ROOT / "CMakeLists.txt", *ROOT.glob("c*/**/*.cmake"),
                                                *ROOT.glob("[cp]*/**/CMakeLists.txt")]
            for m in re.finditer(r"\$\{CMAKE_SOURCE_DIR\}/([\w/]+)", p.read_text(encoding="utf-8"))}
    read |= {m for m in re.findall(r"^add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text(), re.M)}
    if not {"core", "plugins", "cmake", "schemas"} <= read:
        mistakes.append(f"this test cannot see what CMake reads, only {sorted(read)}")
    for folder in sorted(read - copied - {"build"}):
        if (ROOT / folder).exists():
            mistakes.append(f"deploy/Containerfile does not copy {folder}, which CMake reads")


def built_in():
    """Name -> version of what the binary holds of others: the archive that it links, headers that are code, and what its page is made with."""
    lock = json.loads((ROOT / "core/desk/page/package-lock.json").read_text(encoding="utf-8"))
    return {"avro-c": run("dpkg-query", "-W", "-f=${source:Upstream-Version}", "libavro-dev"),
            "uthash": run("dpkg-query", "-W", "-f=${source:Upstream-Version}", "uthash-dev"),
            "preact": lock["packages"]["node_modules/preact"]["version"]}


def check_base(text, version, mistakes):
    """One base for all stages, pinned by its digest with one argument; and a list of what the image holds."""
    pinned = r"\nARG BASE=docker\.io/library/debian:bookworm-\d{8}-slim@sha256:[0-9a-f]{64}\n"
    if not re.search(pinned, text) or len(re.findall(r"^FROM ", text, re.M)) != 3 or len(re.findall(r"^FROM \$\{BASE\}", text, re.M)) != 3:
        mistakes.append("deploy/Containerfile: not the Debian that is tested, by its digest, in all of its stages")
    if f"\nARG VERSION={version}\n" not in text:
        mistakes.append(f"deploy/Containerfile: its list of contents is not of {version}")
    made = [run("sh", str(ROOT / "deploy/sbom.sh"), version) for _ in range(2)] if shutil.which("dpkg-query") else []
    if len(made) == 2:
        os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
        same = {run("sh", str(ROOT / "deploy/sbom.sh"), version) for _ in range(2)}
        if len(same) != 1:
            mistakes.append("deploy/sbom.sh: two of one moment differ")
        bill = json.loads(same.pop())
        ids = [p["SPDXID"] for p in bill["packages"]]
        names = {p["name"] for p in bill["packages"]}
        if len(set(ids)) != len(ids) or any(not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids):
            mistakes.append("deploy/sbom.sh: ids that are twice, or none")
        if not {"relevo", "avro-c", "preact", "libpq5", "librdkafka1"} <= names:
            mistakes.append(f"deploy/sbom.sh: lacks packages, has {len(names)}")
        versions = built_in()
        held = {r["relatedSpdxElement"] for r in bill["relationships"] if r["relationshipType"] == "CONTAINS"}
        if held != {f"SPDXRef-in-{name}" for name in versions} or not held <= set(ids):
            mistakes.append(f"deploy/sbom.sh: the binary holds {sorted(versions)}, and it says {sorted(held)}")
        for package in (p for p in bill["packages"] if p["SPDXID"].startswith("SPDXRef-in-")):
            name, number, version = package["name"], package["versionInfo"], versions.get(package["name"])
            purls = [r["referenceLocator"] for r in package.get("externalRefs", [])]
            if number != version or any(not purl.endswith(f"/{name}@{version}") for purl in purls):
                mistakes.append(f"deploy/sbom.sh: {name} {number} {purls}, but it is built with {version}")
        known = set(ids) | {"SPDXRef-DOCUMENT"}
        if any(r["spdxElementId"] not in known or r["relatedSpdxElement"] not in known for r in bill["relationships"]):
            mistakes.append("deploy/sbom.sh: a relationship to nothing")


def check_image(image, mistakes):
    for words in ("USER 10001:10001", 'ENTRYPOINT ["relevo"]', "EXPOSE 9464"):
        if f"\n{words}\n" not in image:
            mistakes.append(f"deploy/Containerfile: the image lacks {words}")


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * (60 if unit == "m" else 1)


def check_services(compose, mistakes):
    services = compose["services"]
    kafka = re.search(r"^KAFKA_VERSION=(\S+)", (ROOT / "deploy/local/kafka.sh").read_text(), re.M).group(1)
    version = re.search(r"VERSION (\S+) ", (ROOT / "CMakeLists.txt").read_text()).group(1)
    images = {name: service["image"] for name, service in services.items()}
    wanted = {"kafka": f"apache/kafka:{kafka}", "postgres": "postgres:15-bookworm",  # bookworm's own Postgres
              **{name: f"relevo:{version}" for name in ("migrate", "topics", "consume", "gateway", "sandbox", "deliver", "desk")}}
    if images != wanted:
        mistakes.append(f"deploy/compose.yaml: images {images}, but the tests have {wanted}")
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            if other not in services or healthy != ("healthcheck" in services[other]):
                mistakes.append(f"deploy/compose.yaml: {name} waits for {other}, which never gets there")
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                mistakes.append(f"deploy/compose.yaml: {name} faces the network with {port}")
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source not in compose["volumes"] and not (ROOT / "deploy" / source).exists():
                mistakes.append(f"deploy/compose.yaml: {name} mounts {source}, which does not exist")
        for kind in ("configs", "secrets"):
            for given in service.get(kind, []) if service.get("read_only") else []:
                source = given if isinstance(given, str) else given["source"]
                if set(compose[kind][source]) != {"file"}:  # docker/compose#12031
                    mistakes.append(f"deploy/compose.yaml: {name} is read-only, and only a file can be mounted there: {kind}.{source}")
    for role, least in (("consume", 20), ("gateway", 20), ("deliver", 35)):  # the drain of each, and ten seconds
        if seconds(services[role]["stop_grace_period"]) < least:
            mistakes.append(f"deploy/compose.yaml: {role} is killed before it has drained")


def check_compose_config(role, compose, mistakes):
    """relevo reads it as the service's command does, with what that service is told; who does not need Postgres is not told of it."""
    service, loads = compose["services"][role], role == "consume"
    told = "RELEVO_POSTGRES" in service["environment"]
    if told != (role not in ("gateway", "topics", "sandbox")):
        mistakes.append(f"deploy/compose.yaml: {role} is told of Postgres: {told}")
    text = (ROOT / "deploy" / compose["configs"]["relevo"]["file"]).read_text(encoding="utf-8")
    text = text.replace("/etc/relevo/cafe_andino", f"{ROOT}/docs/examples/cafe_andino")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RELEVO_")} | service["environment"]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        ran = subprocess.run([str(BUILD / "relevo"), "check", "--offline", "--for", service["command"][0], "--config", file.name],
                             env=environment, capture_output=True, text=True, timeout=60)
    # By its lines: whether servers answer is not asked here.
    names = [plugin["name"] for plugin in yaml.safe_load(text)["plugins"] if loads]
    wanted = [r"^OK +config "] + [rf"^OK +plugin +{name}:" for name in names]
    if not all(re.search(line, ran.stdout, re.M) for line in wanted):
        mistakes.append(f"deploy/compose.yaml: relevo check --for {role}: {(ran.stdout + ran.stderr).strip()}")


def main():
    if not (BUILD / "relevo").exists():
        sys.exit(f"{BUILD}/relevo does not exist: build it, or set RELEVO_BUILD_DIR")
    mistakes = []
    build, image = stages((ROOT / "deploy/Containerfile").read_text(encoding="utf-8"))
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    check_packages(BUILD, image, mistakes)
    check_build_stage(build, mistakes)
    check_image(image, mistakes)
    version = re.search(r"VERSION (\S+) ", (ROOT / "CMakeLists.txt").read_text()).group(1)
    check_base((ROOT / "deploy/Containerfile").read_text(encoding="utf-8"), version, mistakes)
    check_services(compose, mistakes)
    for role in (name for name, service in compose["services"].items() if "command" in service):
        check_compose_config(role, compose, mistakes)
    print("\n".join(mistakes) or "the image holds what the programs need, compose.yaml what relevo takes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
