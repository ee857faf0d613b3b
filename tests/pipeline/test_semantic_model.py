#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The semantic plugin with a real encoder behind its endpoint: paraphrases and a question in another language find their article.

    test_semantic_model.py [SEED]
"""
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
import yaml  # noqa: E402
from checker.model import NOTICES  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import Deliver, DeliverLab  # noqa: E402
from lab.models import Encoder  # noqa: E402
from lab.stack import BIN, PLUGINS, ROOT, bare_environment, expect, run  # noqa: E402
from pipeline.test_deliver import configure  # noqa: E402
from pipeline.test_held import Customer  # noqa: E402

KB = ROOT / "docs" / "examples" / "cafe_andino" / "kb"
EMBED = ROOT / "plugins" / "semantic" / "embed.py"


def semantic_model(seed):
    """vectors made by the plugin's own tools; what shares no word with an article; gibberish; an encoder that hangs"""
    api = CloudApi(seed)
    with Encoder() as encoder:
        texts = subprocess.run([BIN, "semantic", "texts", "--kb", KB], capture_output=True, check=True, timeout=60,
                               env={**bare_environment(), "RELEVO_PLUGIN_DIR": str(PLUGINS)}).stdout
        vectors = subprocess.run(["/usr/bin/python3", EMBED, encoder.url + "/v1/embeddings", "e5-query"], input=texts,
                                 stdout=subprocess.PIPE, check=True, timeout=600).stdout
        plugins = [{"name": "responder", "options": {"kb": str(KB)}},
                   {"name": "semantic", "options": {"destination": "embed", "model": "e5-query", "kb": str(KB),
                                                    "vectors": "vectors.jsonl", "wait": "60s"}}]
        with DeliverLab(api, "semantic-model", partitions=1, command_poll="200ms", plugins=plugins) as lab:
            (lab.folder / "vectors.jsonl").write_bytes(vectors)
            config = yaml.safe_load(lab.config.read_text())
            config["deliver"]["timeout"], config["deliver"]["lease"] = "60s", "90s"
            lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
            configure(lab, [{"name": "embed", "url": encoder.url, "private": True, "timeout": "60s"}])
            consumer, sender = lab.start(), Deliver(lab, "deliver")
            lab.processes.append(sender)
            sender.wait_ready()

            def heard(number, text):
                customer = Customer(lab, number)
                customer.write(text)
                customer.wait("what is decided", customer.heard)
                return customer.heard()[0], lab.sql("SELECT said->0->>'source' FROM relevo.history WHERE conversation_id = %s"
                                                    " AND said IS NOT NULL ORDER BY seq LIMIT 1", customer.id)[0][0]

            for number, (text, article) in enumerate((("me lo pueden mandar hasta mi domicilio en otra ciudad", "envios"),
                                                      ("what time do you close at night", "horario"))):
                said, source = heard(number, text)
                expect(source == article, f"{text!r} finds {source}: {said!r}")
            said, _ = heard(10, "zxcv qwer tyui bnm")
            expect(said == NOTICES["unknown"], f"gibberish finds {said!r}")

            consumer.stop()
            config = yaml.safe_load(lab.config.read_text())
            config["plugins"][1]["options"]["wait"] = "2s"
            lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
            consumer.start()
            consumer.wait_ready()
            encoder.stop()
            dora = Customer(lab, 20)
            dora.write("me lo pueden mandar hasta mi domicilio en otra ciudad")
            dora.wait("what is said without it", dora.heard)
            expect(dora.heard()[0] in (NOTICES["unknown"], NOTICES["handoff"]), f"without an embedding the customer heard {dora.heard()}")
            encoder.go_on()
            sender.stop(120)
            consumer.stop()
            lab.check(model=False)
    api.stop()


if __name__ == "__main__":
    sys.exit(run("semantic_model", semantic_model))
