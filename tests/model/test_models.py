#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the models of the protocol with spin: what must hold, and that every rule that is left out is found.

    test_models.py            a small configuration of each model: seconds
    test_models.py --long     all configurations and all left-out rules
    test_models.py NAME ...   only those

Nothing here is random: the search is exhaustive. A trail of an error is kept and named; README.md says how to read it.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEGABYTES = int(os.environ.get("MODEL_MEGABYTES", "6000"))
SECONDS = 3600

# What must hold: name -> (model, flags, whether it is short). -E: ends are judged by the model's Mon, except for locks,
# where an end that is none is the deadlock that is looked for.
HOLDS = {
    "spine": ("spine", "", True),
    "spine_unknown": ("spine", "-DNT=1 -DBPG=1", True),
    "spine_pieces": ("spine", "-DANYUPTO", False),
    "spine_coordinator": ("spine", "-DBCOORD=1 -DBINIT=1", False),
    "spine_rebalances": ("spine", "-DBREB=2 -DBPG=1", False),
    "spine_one_id": ("spine", "-DNT=1 -DBREB=2 -DBCOORD=1 -DBINIT=1 -DBPG=1", False),
    "takeover": ("takeover", "", True),
    "takeover_queue": ("takeover", "-DTRIG=1", True),
    "takeover_llm": ("takeover", "-DTRIG=3 -DLLM -DE=3", False),
    "takeover_two": ("takeover", "-DTRIG=1 -DTWOCONV", False),
    "takeover_many": ("takeover", "-DE=3 -DBTK=2 -DBRT=2 -DBCR=1 -DBLC=1 -DBRETRY=1 -DTRIG=2", False),
    "locks": ("locks", "", True),
    "joining": ("joining", "-DBLC=0 -DBLOOK=3", True),
    "joining_crash": ("joining", "", False),
}

# Rules left out: each must end in an error.
PG, LATE = "-DN=3 -DBCRASH=0 -DBREB=0 -DBTO=0 -DBPG=1 -DNT=1", "-DTRIG=1"
BREAKS = {
    "NO_PGFENCE": ("spine", ""), "PIPELINED": ("spine", ""), "PROG_BEFORE_INIT": ("spine", ""),
    "PUB_BEFORE_COMMIT": ("spine", ""), "SAME_PRODUCER": ("spine", ""), "REINIT_NOREAD": ("spine", ""),
    "SEEK_GROUP": ("spine", "-DNO_CAS"), "READ_FIRST": ("spine", "-DNO_CAS"), "SHARED_PROG": ("spine", "-DPROG_TO_LSO"),
    "KF_STOP": ("spine", ""), "PG_STOP": ("spine", ""), "ALT_EARLY": ("spine", ""), "INIT_ONE": ("spine", ""),
    "LOOKUP_SELECT": ("spine", PG + " -DNO_CAS"),
    "COORD_STOP": ("spine", "-DKF_STOP -DN=1 -DBCRASH=0 -DBREB=0 -DBTO=0 -DBCOORD=1"),
    "NO_CAS": ("takeover", LATE), "CAS_NORELOAD": ("takeover", LATE), "NO_COMMAND_FIRST": ("takeover", LATE),
    "NO_RAISE": ("takeover", LATE), "CMD_CURSOR": ("takeover", "-DTWOCONV"),
    "CLAIM_NOLOCK": ("takeover", ""), "NO_EPOCH": ("takeover", ""), "DUP_SENDS": ("takeover", ""),
    "STRICT": ("takeover", ""), "NO_ORDER": ("takeover", ""), "NO_RECLAIM": ("takeover", "-DBRETRY=1"),
    "NO_EFFECT_EPOCH": ("takeover", "-DLLM"),
    "UNORDERED": ("locks", ""), "DESK_LANE": ("locks", ""), "AGENT_FIRST": ("locks", ""),
    "DELIVER_BATCH": ("locks", ""), "UPGRADE": ("locks", ""),
    "NO_LOSER_CAS": ("joining", ""), "NO_JOIN_RAISE": ("joining", ""), "NO_MOVED": ("joining", ""), "NO_FORWARD": ("joining", ""),
    "DESK_NO_FOLLOW": ("joining", ""), "EPOCH_OWN": ("joining", "-DTWO -DBLC=0"),
}

# Rules that another one covers: left out alone, nothing is lost. Held here, so that the README's word on it stays true.
COVERED = {
    "token_alone": ("spine", "-DNO_CAS", False),         # the fence token without sequence and offsets
    "sequence_alone": ("spine", "-DNO_FENCE", False),    # sequence and offsets without the token
    "seek_covered": ("spine", "-DSEEK_GROUP", False),    # safe, though such a lane would stand still
    "read_covered": ("spine", "-DREAD_FIRST", False),
    "lso_covered": ("spine", "-DPROG_TO_LSO", False),
    "lookup_covered": ("spine", "-DNT=1 -DLOOKUP_SELECT -DBPG=1", False),
    "cache_covered": ("takeover", "-DTRIG=1 -DKEEP_CACHE", False),
}


def number(pattern, text):
    found = re.search(pattern, text, re.M)
    return found.group(1) if found else None


def check(name, model, flags, wanted):
    """One exhaustive search. Returns what is wrong, or None."""
    folder = Path(tempfile.mkdtemp(prefix=f"relevo-model-{name}-"))
    began, source = time.monotonic(), HERE / f"{model}.pml"

    def step(*words):
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS)

    made = step("spin", *flags.split(), "-a", source)
    if made.returncode or not (folder / "pan.c").exists():
        return f"{name}: spin refuses the model:\n{made.stdout}{made.stderr}"
    # An error is found at once: no time for optimising. VECTORSZ: more than the largest state vector needs. COLLAPSE:
    # less memory, same states.
    made = step("gcc", "-O2" if wanted == "0" else "-O0", "-w", f"-DMEMLIM={MEGABYTES}", "-DVECTORSZ=2048", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c")
    if made.returncode:
        return f"{name}: the search does not compile:\n{made.stderr}"
    said = step("./pan", *([] if model == "locks" else ["-E"]), "-m400000").stdout
    errors, states = number(r"errors: (\d+)", said), number(r"^ *(\S+) states, stored", said)
    why = number(r"^pan:1: (.*)$", said)
    print(f"{name:18} {model:9} {flags:60} errors {errors}, {float(states or 0):.0f} states, "
          f"{time.monotonic() - began:.1f} s{': ' + why if why else ''}", flush=True)
    complete = "Search not completed" not in said and "max search depth" not in said and "out of memory" not in said
    if errors == "0" and not complete:
        return f"{name}: the search did not end (MODEL_MEGABYTES is {MEGABYTES}):\n{said[-600:]}"
    if errors == wanted:
        shutil.rmtree(folder)
        return None
    if errors == "1":
        return (f"{name}: {why}. To see it: cd {folder} && "
                f"spin {flags} -t -p -g -k {source.name}.trail {source}")
    return f"{name}: errors {errors} where {wanted} belongs: a rule was left out and nobody missed it\n{said[-600:]}"


def main():
    words = sys.argv[1:]
    long = "--long" in words
    names = [w for w in words if not w.startswith("-")]
    if not shutil.which("spin"):
        sys.exit("spin is missing: apt-get install spin (./dev does it)")
    jobs = [(n, m, f, "0") for n, (m, f, short) in {**HOLDS, **COVERED}.items() if long or short or n in names]
    jobs += [(n, m, f"{f} -D{n}".strip(), "1") for n, (m, f) in BREAKS.items() if long or n in names]
    unknown = set(names) - {*HOLDS, *COVERED, *BREAKS}
    if unknown:
        sys.exit(f"there is no {', '.join(sorted(unknown))}: " + " ".join((*HOLDS, *COVERED, *BREAKS)))
    wrong = [w for w in (check(*job) for job in jobs if not names or job[0] in names) if w]
    print("\n".join(wrong) or "as it must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
