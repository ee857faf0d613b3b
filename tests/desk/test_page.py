#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The desk's page in a real browser, on the whole circle: sandbox, gateway, Kafka, consume, Postgres, deliver, desk. What is done in the
browser is in page.mjs (Playwright, axe); this starts the rest. Screenshots go to build/*/desk-page/.

    test_page.py [SEED]
"""
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "gateway")]
import yaml  # noqa: E402
from door import DoorLab  # noqa: E402
from lab.desk import PASSWORD, Desk  # noqa: E402
from lab.stack import BUILD, Process, bare_environment, expect, free_port, run  # noqa: E402


class CircleLab(DoorLab):
    def __init__(self, name, **options):
        self.desk_port, self.proxy_port = free_port(), free_port()
        super().__init__(name, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["desk"] = {"listen": f"127.0.0.1:{self.desk_port}", "public_url": f"http://127.0.0.1:{self.proxy_port}"}
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": f"http://127.0.0.1:{self.phone}", "api_private": True,
                             "token": "t", "pair_rate": 1000, "pair_burst": 1000}
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


class Deliver(Process):
    role = "deliver"


def browser_packages():
    """The browser; and what drives it, by npm."""
    browser = os.environ.get("RELEVO_CHROMIUM", "/usr/bin/chromium")
    expect(Path(browser).exists(), f"there is no {browser}: deploy/local/packages.sh browser installs it")
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)
    return browser


def test_page(seed):
    """A customer writes, two agents race, one answers, the bot is silent, and comes back; languages, sizes, axe, keyboard, a cut network."""
    browser = browser_packages()
    shots = BUILD / "desk-page"
    shots.mkdir(exist_ok=True)
    with CircleLab("deskpage") as lab:
        lab.sql("SELECT desk.put_agent('lucia', 'Lucía', '{care}'), desk.put_agent('tomas', 'Tomás', '{care}')")
        lab.sql("SELECT desk.put_canned('ya_lo_veo', 'Hola {name}, ya lo veo.', 'es'), desk.put_canned('horario', 'Abrimos a las 8.', 'es')")
        for login, words in (("lucia", ("--agent", "lucia")), ("tomas", ("--agent", "tomas")), ("sara", ("--role", "supervisor"))):
            lab.tool("account", "put", login, *words, stdin=PASSWORD.encode() + b"\n")
        lab.start()
        for role in ("sandbox", "gateway"):
            lab.run(role)
        for kind, name in ((Deliver, "deliver"), (Desk, "desk")):
            process = kind(lab, name)
            lab.processes.append(process)
            process.wait_ready()
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0})
        done = subprocess.run(["node", HERE / "page.mjs"], timeout=300, env={
            **bare_environment(), "DESK_PORT": str(lab.desk_port), "PROXY_PORT": str(lab.proxy_port),
            "PHONE": f"http://127.0.0.1:{lab.phone}/sandbox",
            "PASSWORD": PASSWORD, "CHROMIUM": browser, "SHOTS": str(shots)})
        expect(done.returncode == 0, "the page does not do what it should: see above")


if __name__ == "__main__":
    sys.exit(run("desk", test_page))
