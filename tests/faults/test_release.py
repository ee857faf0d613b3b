#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is shipped holds no test point: the preset `release`, file by file, as its compiler sees them.

Only files that include base/point.h can hold any, so that these are compiled and the rest is not.
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRACES = (b"rlv_point", b"RELEVO_POINT", b"at point")


def traces(command, directory, out, *more):
    """What of TRACES is in the object that the command makes."""
    words = shlex.split(command)
    words[words.index("-o") + 1] = str(out)
    words = [w for w in words if not w.startswith(("-g", "-MF", "-MD", "-MT")) and not w.endswith((".d", ".o")) or
             w == str(out)]
    done = subprocess.run([*words, *more], cwd=directory, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stderr}")
    data = out.read_bytes()
    return [t.decode() for t in TRACES if t in data]


def main():
    with tempfile.TemporaryDirectory() as folder:
        environment = {k: v for k, v in os.environ.items() if k not in ("CFLAGS", "CPPFLAGS")}
        done = subprocess.run(["cmake", "--preset", "release", "-B", folder, "-DRELEVO_TESTS=OFF"], cwd=ROOT,
                              env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the preset release cannot be configured:\n{done.stderr}")
        commands = json.loads((Path(folder) / "compile_commands.json").read_text())
        files = {c["file"]: c for c in commands  # those that the build makes are not there yet
                 if Path(c["file"]).exists() and '#include "base/point.h"' in Path(c["file"]).read_text()}
        if len(files) < 5:
            sys.exit(f"only {len(files)} files include base/point.h: {sorted(files)}")
        wrong = 0
        for name, c in sorted(files.items()):
            shipped = traces(c["command"], c["directory"], Path(folder) / "shipped.o")
            pointed = traces(c["command"], c["directory"], Path(folder) / "pointed.o", "-DRELEVO_TEST_POINTS=1")
            print(f"{Path(name).relative_to(ROOT)}: shipped {shipped or 'nothing'}, for tests {pointed}", flush=True)
            # The second compilation shows that a trace would have been seen.
            wrong += bool(shipped) + (not pointed)
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
