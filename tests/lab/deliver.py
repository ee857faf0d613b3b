# SPDX-License-Identifier: Apache-2.0
"""Deliver in the lab: a configuration that points to a test's own Cloud API, and processes that may die at a point."""
import yaml

from lab.stack import Lab, Process


class DeliverLab(Lab):
    """A lab whose configuration has a section for deliver: short times, and limits that do not matter."""

    def __init__(self, api, name, **options):
        self.api = api
        super().__init__(name, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": self.api.url, "api_private": True, "timeout": "2s",
                             "lease": "4s", "confirm": "2s", "give_up": "1m", "pair_rate": 1000, "pair_burst": 1000,
                             "number_rate": 5000}
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))


class Deliver(Process):
    """One `relevo deliver`; a point (core/base/point.h) may be given at which it kills itself."""

    role, point = "deliver", None

    def start(self):
        self.environment.pop("RELEVO_POINT", None)
        if self.point:
            self.environment["RELEVO_POINT"] = self.point
        super().start()
