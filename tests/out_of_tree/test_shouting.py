#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin of somebody else: what docs/plugins.md shows is built with a plain Makefile against the installed header and
nothing else, and works. argv: the C program that tries the plugin."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["RELEVO_SOURCE_DIR"])
BUILD = os.environ["RELEVO_BUILD_DIR"]
EXAMPLE = SOURCE / "tests/out_of_tree/shouting"


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, text=True, **options)


def same_as_in_the_guide():
    guide = (SOURCE / "docs/plugins.md").read_text(encoding="utf-8")
    for name, language in (("shouting.c", "c"), ("Makefile", "make")):
        block = re.search(rf"<!-- {re.escape(name)} -->\n```{language}\n(.*?)```\n", guide, re.DOTALL)
        if not block or block.group(1) != (EXAMPLE / name).read_text(encoding="utf-8"):
            sys.exit(f"docs/plugins.md does not show tests/out_of_tree/shouting/{name} as it is: copy it there")


def headers_are_clean(include, folder):
    """What the header promises: C99, C++, and standing alone."""
    for compiler, standard, suffix in (("cc", "c99", "c"), ("c++", "c++11", "cpp")):
        if not shutil.which(compiler):
            print(f"no {compiler} on this machine: the header is not tried as {standard}")
            continue
        alone = folder / f"alone.{suffix}"
        alone.write_text("#include <relevo/plugin.h>\nextern const relevo_plugin relevo_plugin_descriptor;\n")
        run(compiler, f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", include, alone)


def main():
    same_as_in_the_guide()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        prefix = folder / "prefix"
        run("cmake", "--install", BUILD, "--prefix", prefix, stdout=subprocess.DEVNULL)
        headers_are_clean(prefix / "include", folder)
        plugin = folder / "plugin"
        plugin.mkdir()
        for name in ("shouting.c", "Makefile"):
            (plugin / name).write_bytes((EXAMPLE / name).read_bytes())
        run("make", "-s", "-C", plugin, f"PREFIX={prefix}", "CFLAGS=-O2 -Werror")
        shared = plugin / "shouting.so"
        symbols = run("nm", "-D", "--defined-only", shared, capture_output=True).stdout.split()
        if symbols[2::3] != ["relevo_plugin_descriptor"]:
            sys.exit(f"the plugin exports {symbols[2::3]} and not its descriptor alone")
        run(sys.argv[1], env={**os.environ, "RELEVO_OUT_OF_TREE_PLUGIN": str(shared)})


if __name__ == "__main__":
    main()
