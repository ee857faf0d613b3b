#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chart's alerts and its dashboard: the rules as promtool reads them, each tried on series that must make it fire and on some that
must not (alerts.yaml); each has a page in docs/runbooks; every metric and label that they name is one that the programs export; and the rule of
docs/operating.md that names the lag as kafka_exporter does.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from chart import CHART, HERE, ROOT, Mistakes, find_helm, render

WORDS = ["--set", "desk.enabled=true,config.desk.public_url=https://desk.example.com", "--set", "podMonitor.enabled=true", "--set", "prometheusRule.enabled=true", "--set", "dashboard.enabled=true"]
JOB = 'job="chat/shop-relevo"'
METRIC = re.compile(r"\b(?:relevo|process)_[a-z_]+")
SELECTED = re.compile(r"\b(relevo_[a-z_]+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(?:=|=~|!=|!~)"([^"]*)"')
BY = re.compile(r"\bby \(([^)]*)\)")
# Of Prometheus itself, the operator, and histograms.
OTHERS = {"job", "namespace", "pod", "instance", "le"}


def exported():
    """Name of each metric in core -> the text of the file that makes it, in which its labels are."""
    found = {}
    for path in sorted((ROOT / "core").rglob("*.c")):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r'"((?:relevo|process)_[a-z_]+)"', text) + re.findall(r'# HELP (relevo_[a-z_]+) ', text):
            found[name] = text
    return found


def check_metrics(what, expr, metrics, mistakes):
    names = {n if n in metrics else re.sub("_(bucket|count|sum)$", "", n) for n in METRIC.findall(expr)}
    for name in names:
        mistakes.want(name in metrics, f"{what}: nothing exports {name}")
    sources = "".join(metrics.get(n, "") for n in names)
    labels = {m[0] for _, inside in SELECTED.findall(expr) for m in MATCHER.findall(inside)}
    labels |= {label.strip() for inside in BY.findall(expr) for label in inside.split(",")}
    for label in labels - OTHERS:
        mistakes.want(f'{label}=\\"' in sources, f"{what}: its metrics have no label {label}")


def check_words(what, rule, mistakes):
    """Words in matchers, such as an outcome, stand somewhere in core."""
    core = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "core").rglob("*.c"))
    for _, inside in SELECTED.findall(rule["expr"]):
        for label, value in MATCHER.findall(inside):
            for word in value.split("|") if label not in OTHERS | {"status"} else []:
                mistakes.want(f'"{word}"' in core, f"{what}: nothing is ever {label}={word}")


def check_pages(rules, mistakes):
    folder = ROOT / "docs/runbooks"
    for page in sorted(folder.glob("*.md")):
        for words in re.findall(r"\brelevo check\b(?! --for (?:consume|gateway|deliver|desk)\b).*", page.read_text(encoding="utf-8")):
            mistakes.want(False, f"{page.name}: a role's pod has no other role's secrets, so that this needs --for: {words}")
    pages = {p.stem for p in folder.glob("Relevo*.md")}
    names = {r["alert"] for r in rules}
    mistakes.want(pages == names, f"docs/runbooks: pages and alerts differ: {pages ^ names}")
    index = (folder / "README.md").read_text(encoding="utf-8")
    for rule in rules:
        name = rule["alert"]
        mistakes.want(rule["annotations"]["runbook_url"].endswith(f"/{name}.md"), f"{name}: its runbook")
        mistakes.want(f"[{name}]({name}.md)" in index, f"docs/runbooks/README.md: no {name}")
        text = (folder / f"{name}.md").read_text(encoding="utf-8") if name in pages else ""
        mistakes.want(re.findall(r"^## (.*)$", text, re.M) == ["What it means", "Look", "Do"], f"{name}.md: its parts")
        for command in re.findall(r"^(?:kubectl|psql|curl|helm|relevo|kafka-[a-z]+\.sh) .*|^relevo [a-z]+$|^\S.*\n    \S.*", text, re.M):
            mistakes.want(False, f"{name}.md: to copy, it wants four spaces before it, and an empty line above: {command}")


def promtool(*words, where):
    ran = subprocess.run(["promtool", *words], capture_output=True, text=True, cwd=where)
    return ran.returncode, (ran.stdout + ran.stderr).strip()


def cases(tried):
    """promtool's unit tests, one a case: whether the alert is firing then."""
    for name, case in tried.items():
        for fires in (True, False):
            for series in case["fires" if fires else "quiet"]:
                yield {"interval": "1m",
                       "name": f"{name} {'fires' if fires else 'is quiet'} on {json.dumps(series)}",
                       "input_series": [{"series": k.replace("{J", "{" + JOB), "values": str(v)} for k, v in series.items()],
                       "promql_expr_test": [{"expr": f'(count(ALERTS{{alertname="{name}",alertstate="firing"}}) > bool 0) or vector(0)',
                                             "eval_time": f"{case.get('at', 30)}m",
                                             "exp_samples": [{"labels": "{}", "value": int(fires)}]}]}


def check_rules(group, tried, mistakes):
    with tempfile.TemporaryDirectory() as where:
        (Path(where) / "rules.yaml").write_text(yaml.safe_dump({"groups": [group]}))
        code, said = promtool("check", "rules", "rules.yaml", where=where)
        mistakes.want(code == 0, f"promtool refuses the rules: {said}")
        tests = list(cases(tried))
        text = yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}, sort_keys=False, width=1000)
        (Path(where) / "tests.yaml").write_text(text)
        code, said = promtool("test", "rules", "tests.yaml", where=where)
        mistakes.want(code == 0, f"not so: {said}")
        return len(tests)


def check_recorded(metrics, mistakes):
    """The rule of docs/operating.md makes of Relevo's lag what kafka_exporter would show: once, whoever has the lane."""
    text = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    rules = yaml.safe_load(re.search(r"^```yaml\n(- record: .*?)^```", text, re.M | re.S).group(1))
    check_metrics("docs/operating.md", rules[0]["expr"].replace("consumergroup, ", ""), metrics, mistakes)
    lag = '{namespace="chat",pod="%s",group="relevo",topic="t",partition="%d"}'
    shown = 'kafka_consumergroup_lag{namespace="chat",consumergroup="relevo",topic="t",partition="%d"}'
    test = {"interval": "1m",
            "input_series": [{"series": "relevo_lag_messages" + lag % (pod, partition), "values": values}
                             for pod, partition, values in (("a", 0, "5x9"), ("a", 1, "7x9"), ("b", 1, "6x9"))],
            "promql_expr_test": [{"expr": "kafka_consumergroup_lag", "eval_time": "5m",
                                  "exp_samples": [{"labels": shown % i, "value": value} for i, value in ((0, 5), (1, 7))]}]}
    with tempfile.TemporaryDirectory() as where:
        (Path(where) / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "recorded", "rules": rules}]}))
        (Path(where) / "tests.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}))
        code, said = promtool("test", "rules", "tests.yaml", where=where)
    mistakes.want(code == 0, f"docs/operating.md: {said}")


def check_dashboard(rendered, metrics, alerts, mistakes):
    board = json.loads(rendered.one("ConfigMap", "dashboard")["data"]["relevo.json"])
    panels = [p for p in board["panels"] if p["type"] != "row"]
    ids = [p["id"] for p in board["panels"]]
    variables = {v["name"] for v in board["templating"]["list"]}
    mistakes.want(len(panels) > 10 and len(set(ids)) == len(ids), "the dashboard: two panels are one")
    rules = []
    for panel in panels:
        for target in panel["targets"]:
            check_metrics(f"dashboard: {panel['title']}", target["expr"], metrics, mistakes)
            expr = target["expr"].replace("$__rate_interval", "5m")
            for variable in ("namespace", "job", "pod"):
                chosen = f'{variable}=~"${variable}"'
                mistakes.want(all(chosen in selected for selected in re.findall(r"\{([^}]*)\}", expr)) and variable in variables,
                              f"dashboard: {panel['title']} shows what is not chosen by {variable}")
                expr = expr.replace(f"${variable}", "x")
            rules.append({"record": f"panel:p{len(rules)}", "expr": expr})
    # Whoever is called for a time that grew wants to see since when.
    times = {name for rule in alerts for name in re.findall(r"\b(relevo_[a-z_]+_seconds)\{", rule["expr"])}
    missing = times - {name for rule in rules for name in METRIC.findall(rule["expr"])}
    mistakes.want(len(times) > 4 and not missing, f"dashboard: alerts fire on {missing or times}, which no panel shows")
    with tempfile.TemporaryDirectory() as where:
        (Path(where) / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
        code, said = promtool("check", "rules", "rules.yaml", where=where)
    mistakes.want(code == 0, f"dashboard: {said}")


def main():
    program, mistakes = find_helm(), Mistakes()
    if not shutil.which("promtool"):
        sys.exit("promtool is missing: apt-get install prometheus")
    rendered = render(program, WORDS, mistakes, "alerts", ["template"])
    if not rendered:
        sys.exit("\n".join(mistakes))
    group = rendered.one("PrometheusRule")["spec"]["groups"][0]
    metrics, rules = exported(), group["rules"]
    mistakes.want(len(metrics) > 40, f"this test sees only the metrics {sorted(metrics)}")
    for rule in rules:
        check_metrics(rule["alert"], rule["expr"], metrics, mistakes)
        check_words(rule["alert"], rule, mistakes)
        selectors = re.findall(r"\b(?:relevo_[a-z_]+|up)\b(\{[^}]*\})?", rule["expr"])
        mistakes.want(selectors and all(s.startswith("{" + JOB) for s in selectors), f"{rule['alert']} does not select {JOB}")
        mistakes.want(not re.search(r"\b[A-Z][A-Z_]{3,}\b", rule["expr"]), f"{rule['alert']}: a value is missing in {rule['expr']}")
    check_pages(rules, mistakes)
    tried = yaml.safe_load((HERE / "alerts.yaml").read_text(encoding="utf-8"))
    names = [r["alert"] for r in rules]
    mistakes.want(sorted(tried) == sorted(names), f"alerts.yaml: {set(tried) ^ set(names)}")
    mistakes.want(all(c["fires"] and c["quiet"] for c in tried.values()), "alerts.yaml: an alert that cannot fail")
    count = check_rules(group, tried, mistakes)
    check_dashboard(rendered, metrics, rules, mistakes)
    check_recorded(metrics, mistakes)
    print("\n".join(mistakes) or f"{len(rules)} alerts, {count} cases of them, and a dashboard of what {CHART.name} exports")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
