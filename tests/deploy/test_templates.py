#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chart's templates, one by one, by helm-unittest: unittest/*_test.yaml says what each must make. It renders with Helm 3, where the
other tests have Helm 4, and with a pretended cluster to look things up in.
"""
import re
import subprocess
import sys
from pathlib import Path

from chart import CHART, HERE, gotools


def main():
    program = Path(gotools("tools")[0]) / "helm-unittest"
    suites = [word for file in sorted((HERE / "unittest").glob("*_test.yaml")) for word in ("-f", str(file))]
    ran = subprocess.run([program, "--strict", "--color=false", *suites, str(CHART)], capture_output=True, text=True)
    counted = re.search(r"^Tests:\s+(.*)$", ran.stdout, re.M)
    if ran.returncode or not counted or re.search(r"^Test Suites:.*\b0 total", ran.stdout, re.M):
        print((ran.stdout + ran.stderr).strip())
        return 1
    print(f"templates: {counted.group(1)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
