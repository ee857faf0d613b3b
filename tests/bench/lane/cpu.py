# SPDX-License-Identifier: Apache-2.0
"""Processor time of Relevo, of all of Postgres and of the broker, from /proc. Only for servers of this machine."""
import os
import re
from pathlib import Path

TICK_US = 10**6 / os.sysconf("SC_CLK_TCK")


def stat(pid):
    """(parent, ticks used, ticks used by children that ended)"""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0, 0
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def family(postmaster):
    """Ticks of a postmaster and its processes, those that ended included."""
    _, own, ended = stat(postmaster)
    return own + ended + sum(s[1] for s in map(stat, pids()) if s[0] == postmaster)


def listener(port):
    """The process that listens on a TCP port of this machine, or None."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for pid in pids():
        try:
            if any(os.readlink(fd) in inodes for fd in Path(f"/proc/{pid}/fd").iterdir()):
                return pid
        except OSError:
            continue
    return None


class Meter:
    """read() gives microseconds used so far: relevo, postgres, broker."""

    def __init__(self, lab):
        self.postmaster = stat(lab.connection.info.backend_pid)[0]
        self.broker = listener(int(re.search(r":(\d+)", lab.kafka).group(1)))
        self.relevo = 0

    def known(self):
        return bool(self.postmaster and self.broker)

    def read(self):
        ticks = {"relevo": stat(self.relevo)[1] if self.relevo else 0, "postgres": family(self.postmaster),
                 "broker": stat(self.broker)[1] if self.broker else 0}
        return {name: n * TICK_US for name, n in ticks.items()}
