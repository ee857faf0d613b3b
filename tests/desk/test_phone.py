#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sandbox's phone in a real browser, with the whole circle behind it. What is done in the browser is in phone.mjs (Playwright).
Screenshots go to build/*/desk-page/.

    test_phone.py [SEED]
"""
import subprocess
import sys

from test_page import CircleLab, HERE, browser_packages
from lab.deliver import begin
from lab.stack import BUILD, bare_environment, expect, run


def phone(seed):
    """a customer writes and is answered, chooses, sees typing and ticks; another's messages are refused for a while"""
    browser = browser_packages()
    shots = BUILD / "desk-page"
    shots.mkdir(exist_ok=True)
    with CircleLab("phone") as lab:
        lab.start()
        for role in ("sandbox", "gateway"):
            lab.run(role)
        begin(lab)
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0})
        done = subprocess.run(["node", HERE / "phone.mjs"], timeout=300, env={
            **bare_environment(), "PHONE": f"http://127.0.0.1:{lab.phone}", "CHROMIUM": browser, "SHOTS": str(shots)})
        expect(done.returncode == 0, "the phone does not do what it should: see above")


if __name__ == "__main__":
    sys.exit(run("phone", phone))
