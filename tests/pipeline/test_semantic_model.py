#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The semantic plugin with a real encoder behind its endpoint: questions in another language than the articles find theirs.

    test_semantic_model.py [SEED]
"""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
import yaml  # noqa: E402
from checker.model import NOTICES  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.models import Encoder  # noqa: E402
from lab.stack import BIN, PLUGINS, ROOT, bare_environment, expect, run  # noqa: E402
from pipeline.test_deliver import configure  # noqa: E402
from pipeline.test_held import Customer  # noqa: E402

ARTICLES = [{"id": "envios", "title": "Envíos a domicilio", "questions": ["¿Hacen envíos a otras ciudades?"], "answer": "Enviamos a todo el país."},
            {"id": "horario", "title": "Horario", "questions": ["¿A qué hora abren?"], "answer": "Abrimos a las 9."},
            {"id": "devoluciones", "title": "Devoluciones", "questions": ["¿Puedo devolver un producto?"], "answer": "Sí, en 30 días."},
            {"id": "pagos", "title": "Formas de pago", "questions": ["¿Puedo pagar con tarjeta?"], "answer": "Sí, con todas."}]
EMBED = ROOT / "plugins" / "semantic" / "embed.py"


def semantic_model(seed):
    """vectors made by the plugin's own tools; what shares no word with an article; gibberish; an encoder that hangs"""
    api = CloudApi(seed)
    with Encoder() as encoder, tempfile.TemporaryDirectory() as kb:
        Path(kb, "kb.yaml").write_text(yaml.safe_dump([{"language": "es", **article} for article in ARTICLES], allow_unicode=True))
        texts = subprocess.run([BIN, "semantic", "texts", "--kb", kb], capture_output=True, check=True, timeout=60,
                               env={**bare_environment(), "RELEVO_PLUGIN_DIR": str(PLUGINS)}).stdout
        vectors = subprocess.run(["/usr/bin/python3", EMBED, encoder.url + "/v1/embeddings", "e5-query"], input=texts,
                                 stdout=subprocess.PIPE, check=True, timeout=600).stdout
        plugins = [{"name": "responder", "options": {"kb": kb}},
                   {"name": "semantic", "options": {"destination": "embed", "model": "e5-query", "kb": kb,
                                                    "vectors": "vectors.jsonl", "wait": "60s"}}]
        with DeliverLab(api, "semantic-model", partitions=1, command_poll="200ms", plugins=plugins) as lab:
            (lab.folder / "vectors.jsonl").write_bytes(vectors)
            config = yaml.safe_load(lab.config.read_text())
            config["deliver"]["timeout"], config["deliver"]["lease"] = "60s", "90s"
            lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
            configure(lab, [{"name": "embed", "url": encoder.url, "private": True, "timeout": "60s"}])
            consumer, sender = lab.start(), begin(lab)

            def heard(number, text):
                customer = Customer(lab, number)
                customer.write(text)
                customer.wait("what is decided", customer.heard)
                return customer.heard()[0], lab.sql("SELECT said->0->>'source' FROM relevo.history WHERE conversation_id = %s"
                                                    " AND said IS NOT NULL ORDER BY seq LIMIT 1", customer.id)[0][0]

            for number, (text, article) in enumerate((("do you deliver to other towns?", "envios"),
                                                      ("what time do you open in the morning?", "horario"))):
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
            dora.write("do you deliver to other towns?")
            dora.wait("what is said without it", dora.heard)
            expect(dora.heard()[0] in (NOTICES["unknown"], NOTICES["handoff"]), f"without an embedding the customer heard {dora.heard()}")
            encoder.go_on()
            sender.stop(120)
            consumer.stop()
            lab.check(model=False)
    api.stop()


if __name__ == "__main__":
    sys.exit(run("semantic_model", semantic_model))
