#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where less of the kernel is allowed, as in containers: what is left holds, it is said, and nothing is pretended."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab import stack  # noqa: E402
from lab.stack import BUILD, Lab, bare_environment, expect, generator, run  # noqa: E402

ROGUE, JAIL = BUILD / "tests/isolation/rogue.so", BUILD / "tests/isolation/jail"
CONTAINER = ["no-namespaces", "no-landlock", "no-pidfd"]


def entry(how, **more):
    return {"name": "scripted", "path": str(ROGUE), "options": {"how": how}, "offences": 1000, "event_budget": "60s",
            **more}


def jailed(words, *command):
    done = subprocess.run([JAIL, *words, "--", stack.BIN, *command], capture_output=True, text=True, timeout=120,
                          env=bare_environment())
    return done.returncode, done.stdout + done.stderr


def told(_seed):
    """`relevo plugin info` says what holds a plugin here, and what does not"""
    status, free = jailed([], "plugin", "info", ROGUE)
    expect(status == 0 and "held by system calls" in free, free)
    status, said = jailed(CONTAINER, "plugin", "info", ROGUE)
    expect(status == 0 and "held by system calls, limits, death with its parent" in said, said)
    expect("not by  files, users and capabilities, network namespace" in said, said)
    for what in "lie", "boast":  # whatever it says of that itself
        status, said = jailed(CONTAINER, "plugin", "info", ROGUE.with_name(f"rogue_at_load_{what}.so"))
        expect(status == 0 and "held by system calls, limits, death with its parent" in said, said)


def told_unheld(_seed):
    """where system calls cannot be filtered, nothing is loaded to be explained, unless it may run so anyway"""
    status, said = jailed(["no-seccomp"], "plugin", "info", ROGUE.with_name("rogue_at_load_segfault.so"))
    expect(status == 69 and "system calls cannot be filtered here" in said and "process_unconfined" in said, f"status {status}: {said}")
    status, said = jailed(["no-seccomp"], "plugin", "info", stack.PLUGINS / "triggers" / "keyword.so")  # trusted as the program is
    expect(status == 0 and "not by  system calls" in said, f"status {status}: {said}")
    with Lab("told", partitions=1, logs=False, plugins=[entry("segfault")]) as lab:
        status, said = jailed(["no-seccomp"], "plugin", "info", "scripted", "--config", lab.config)
        expect(status == 69 and "system calls cannot be filtered here" in said, f"status {status}: {said}")
        for isolation in "process_unconfined", "inline":
            lab.plugins = [entry("segfault", isolation=isolation)]
            lab.write_config()
            status, said = jailed(["no-seccomp"], "plugin", "info", "scripted", "--config", lab.config)
            expect(status == 0 and "not by  system calls" in said, f"{isolation}: status {status}: {said}")


def checked(_seed):
    """`relevo check` says it too, also when no plugin has a process of its own"""
    inline = entry("segfault", isolation="inline")
    with Lab("checked", partitions=1, logs=False, plugins=[entry("segfault")]) as lab:
        for plugins, words in ([entry("segfault")], "plugins' processes are held by"), \
                              ([inline], "all plugins run inline; a process of one would be held by"), ([], "all plugins run inline; "):
            lab.plugins = plugins
            lab.write_config()
            status, said = jailed(CONTAINER, "check", "--offline", "--config", lab.config)
            expect(status == 0 and words in said, f"status {status}: {said}")
            expect("held by system calls, limits, death with its parent; this kernel, or this container, does not allow "
                   "files, users and capabilities, network namespace" in said, said)
            status, said = jailed(["no-seccomp"], "check", "--offline", "--config", lab.config)
            expect("does not allow system calls" in said or "system calls cannot be filtered here" in said, said)


def container(seed):
    """no namespaces, no landlock, no pidfd: system calls and limits hold all the same"""
    with Lab("container", partitions=2, plugins=[entry("fork")]) as lab:
        wrapper = lab.folder / "jailed"
        wrapper.write_text(f'#!/bin/sh\nexec {JAIL} {" ".join(CONTAINER)} -- {stack.BIN} "$@"\n')
        wrapper.chmod(0o755)
        free, stack.BIN = stack.BIN, wrapper
        try:
            process = lab.start()
        finally:
            stack.BIN = free
        lab.feed(generator(seed, 300, 2000, lab.partitions, failures=25))
        lab.wait_caught_up(240)
        process.stop(60)
        world = lab.check()
        reasons = [d["failure"]["reason"] for records in world.decoded.values() for _, d in records
                   if d["kind"] == "failed"]
        expect(reasons and all("no plugin may make (clone)" in reason for reason in reasons), f"{set(reasons)}")


def unconfined(seed):
    """where not even system calls can be filtered, it is refused, unless the operator wants it so"""
    with Lab("unconfined", partitions=1, plugins=[entry("segfault")]) as lab:
        status, said = jailed(["no-seccomp"], "plugin", "list", "--config", lab.config)
        expect(status == 78, f"status {status}: {said}")
        expect("system calls cannot be filtered here" in said and "process_unconfined" in said, said)
        lab.plugins = [entry("segfault", isolation="process_unconfined")]
        lab.write_config()
        status, said = jailed(["no-seccomp"], "plugin", "list", "--config", lab.config)
        expect(status == 0 and "scripted" in said, f"status {status}: {said}")
        process = lab.start()
        lab.feed(generator(seed, 200, 2000, lab.partitions, failures=25))
        lab.wait_caught_up(240)
        process.stop(60)
        lab.check()


if __name__ == "__main__":
    sys.exit(run("containers", told, told_unheld, checked, container, unconfined))
