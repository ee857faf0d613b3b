/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of mistake, and the exact words an operator reads about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <sys/stat.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

#define OF_40 "a234567890b234567890c234567890d234567890"
#define OF_200 OF_40 OF_40 OF_40 OF_40 OF_40

/* LEAST is two lines: what follows begins on line 3. */
static const struct {
    const char *text, *lines;
} cases[] = {
    {LEAST "consume:\n  bach_max: 10\n",
     "relevo.yaml:4: unknown key 'bach_max' in 'consume'; did you mean 'batch_max'?\n"},
    {LEAST "consumer: {}\n", "relevo.yaml:3: unknown key 'consumer'; did you mean 'consume'?\n"},
    {LEAST "batch_max: 10\n", "relevo.yaml:3: unknown key 'batch_max'; it belongs in 'consume'\n"},
    {LEAST "ops: {color: red}\n", "relevo.yaml:3: unknown key 'color' in 'ops'; known: listen\n"},
    {LEAST "consume.batch_max: 5\n", "relevo.yaml:3: unknown key 'consume.batch_max'; known: cluster, "
                                     "plugin_dir, kafka, postgres, topics, consume, registry, ops, "
                                     "gateway, desk, sandbox, deliver, retention, log, trust, plugins, policy\n"},
    {LEAST "deliver: {lease: 10s}\n",
     "relevo.yaml:3: 'deliver.lease' must be longer than 'deliver.timeout': a "
     "request may outlive it otherwise\n"},
    {LEAST "deliver:\n  destinations:\n    - {name: crm, url: https://a/, token: x, authorization: y}\n"
           "    - {name: crm, url: 'ftp://a'}\n",
     "relevo.yaml:5: destination 'crm' has both 'token' and 'authorization': keep one\n"
     "relevo.yaml:6: 'deliver.destinations.url' is 'ftp://a', must be a URL such as https://host:8081\n"},
    {LEAST
     "deliver:\n  destinations:\n    - {name: crm, url: https://a}\n    - {name: crm, url: https://b}\n",
     "relevo.yaml:6: two destinations are called 'crm' (first on line 5): rename one\n"},
    {LEAST "desk:\n  templates:\n    - {name: a, language: es, text: 'x {{2}}'}\n    - {name: b, language: es, text: '{{1}} {{}}'}\n"
           "    - {name: C, language: es-MX, text: x}\n    - {name: a, language: es, text: x}\n    - {name: d, language: pt_BR}\n",
     "relevo.yaml:5: the text of template 'a' has {{...}} that are not {{1}}, {{2}} and so on up to {{20}}: write it as it was approved\n"
     "relevo.yaml:6: the text of template 'b' has {{...}} that are not {{1}}, {{2}} and so on up to {{20}}: write it as it was approved\n"
     "relevo.yaml:7: 'desk.templates.name' is 'C', must be the template's name: a-z 0-9 _\n"
     "relevo.yaml:7: 'desk.templates.language' is 'es-MX', must be a language as WhatsApp writes it, such as es, es_MX or pt_BR\n"
     "relevo.yaml:8: template 'a' is there twice in es (first on line 5): remove one\n"
     "relevo.yaml:9: an entry of 'desk.templates' has no 'text': add 'text: ...'\n"},
    {LEAST "desk: {proxy_header: X-User}\n",
     "relevo.yaml:3: 'desk.proxy_header' is believed from nobody: name the proxy in 'desk.proxy_peers', as 10.0.0.7 or 10.0.0.0/24\n"},
    {LEAST "desk: {proxy_peers: [oauth2-proxy.svc]}\n",
     "relevo.yaml:3: 'desk.proxy_peers' is 'oauth2-proxy.svc', must be an address or a network, such as 10.0.0.7 or 10.0.0.0/24\n"},
    {LEAST "deliver:\n  destinations:\n    - {name: crm, url: https://a, token_url: https://a/t, client_id: i}\n"
           "    - {name: erp, url: https://b, token_url: https://b/t, client_id: i, client_secret: hunter2, token: hunter3}\n",
     "relevo.yaml:5: destination 'crm' wants all of 'token_url', 'client_id' and 'client_secret', or none\n"
     "relevo.yaml:6: destination 'erp' has 'token_url' and a token of its own: keep one\n"},
    {LEAST "consume: {batch_max: many}\n",
     "relevo.yaml:3: 'consume.batch_max' is 'many', must be a whole number\n"},
    {LEAST "consume: {batch_max: 0}\n",
     "relevo.yaml:3: 'consume.batch_max' is '0', must be 1 to 10000 events\n"},
    {LEAST "consume: {batch_max: 10001}\n",
     "relevo.yaml:3: 'consume.batch_max' is '10001', must be 1 to 10000 events\n"},
    {LEAST "consume: {linger: 5}\n", "relevo.yaml:3: 'consume.linger' is '5', must be a time with its unit, "
                                     "such as 5ms, 10s, 2m, 24h or 7d\n"},
    {LEAST "consume: {session: 1s}\n", "relevo.yaml:3: 'consume.session' is '1s', must be 6s to 30m\n"},
    {LEAST "consume: {cache: 32MB}\n",
     "relevo.yaml:3: 'consume.cache' is '32MB', must be a size such as 512KiB, 32MiB or 1GiB\n"},
    {LEAST "consume: {cache: 1B}\n", "relevo.yaml:3: 'consume.cache' is '1B', must be 1MiB to 65536MiB\n"},
    {LEAST "consume: [1]\n",
     "relevo.yaml:3: 'consume' must be a mapping (its keys indented below it), not a list\n"},
    {LEAST "consume: fast\n",
     "relevo.yaml:3: 'consume' must be a mapping (its keys indented below it), not a single value\n"},
    {LEAST "consume: {group: [a]}\n", "relevo.yaml:3: 'consume.group' must be a single value, not a list\n"},
    {LEAST "consume: {group: ''}\n", "relevo.yaml:3: 'consume.group' is '', must be 1 to 200 of a-z A-Z 0-9 . _ -\n"},
    {LEAST "consume: {group: 'mi \"casa\"'}\n",
     "relevo.yaml:3: 'consume.group' is 'mi \"casa\"', must be 1 to 200 of a-z A-Z 0-9 . _ -\n"},
    {LEAST "consume:\n  group: " OF_200 "\n  linger: 5\n",
     "relevo.yaml:5: 'consume.linger' is '5', must be a time with its unit, such as 5ms, 10s, 2m, 24h or 7d\n"},
    {LEAST "consume: {group: " OF_200 "x}\n",
     "relevo.yaml:3: 'consume.group' is '" OF_40 "a234567890b234567890...', must be 1 to 200 of a-z A-Z 0-9 . _ -\n"},
    {LEAST "consume:\n  linger: 1ms\n  linger: 2ms\n",
     "relevo.yaml:5: key 'linger' is given twice in 'consume' (first on line 4): remove one\n"},
    {LEAST "cluster: a\ncluster: b\n",
     "relevo.yaml:4: key 'cluster' is given twice (first on line 3): remove one\n"},
    {LEAST "cluster: Mi Casa\n", "relevo.yaml:3: 'cluster' is 'Mi Casa', must be 1 to 100 of a-z 0-9 . -\n"},
    {LEAST "registry: {url: 'registry:8081'}\n",
     "relevo.yaml:3: 'registry.url' is 'registry:8081', must be a URL such as https://host:8081\n"},
    {LEAST "registry: {url: 'https://me:secret@r'}\n",
     "relevo.yaml:3: 'registry.url' must hold no user or password: they have options of their own\n"},
    {LEAST "registry: {user: me, password: p}\n",
     "relevo.yaml:3: 'registry.url' is missing: add 'url: https://host:8081' below 'registry', or remove the "
     "rest\n"},
    {LEAST "registry:\n  url: http://r\n  user: me\n  token: t\n",
     "relevo.yaml:6: 'registry.token' and 'registry.user' are both given: keep one of them\n"},
    {LEAST "registry:\n  url: http://r\n  password: p\n",
     "relevo.yaml:5: 'registry.password' has no 'registry.user': add it, or remove the password\n"},
    {LEAST "ops: {listen: here}\n",
     "relevo.yaml:3: 'ops.listen' is 'here', must be an address and a port, such as 127.0.0.1:9464\n"},
    {LEAST "log: {level: loud}\n",
     "relevo.yaml:3: 'log.level' is 'loud', must be one of error|warn|info|debug\n"},
    {LEAST "topics: {events: []}\n", "relevo.yaml:3: 'topics.events' must hold at least one value\n"},
    {LEAST "topics: {events: [[a]]}\n",
     "relevo.yaml:3: 'topics.events' must be a list of single values, not of lists\n"},
    {LEAST "topics: {results: 'a b'}\n",
     "relevo.yaml:3: 'topics.results' is 'a b', must be a topic's name: 1 to 245 of a-z A-Z 0-9 . _ -\n"},
    {LEAST "topics: {effects: t, results: t}\n",
     "relevo.yaml:3: 'topics.results' and 'topics.effects' both name the topic 't': each needs its own\n"},
    {LEAST "consume: {session: 6s, postgres_timeout: 4900ms, transaction_timeout: 2s}\n",
     "relevo.yaml:3: 'consume.transaction_timeout' (2s) must not be shorter than "
     "'consume.postgres_timeout'\n"},
    /* Kafka */
    {"postgres: {url: postgresql://p/d}\n", "relevo.yaml: 'kafka.bootstrap.servers' is missing: add "
                                            "'bootstrap.servers: host:9092' below 'kafka', or set "
                                            "RELEVO_KAFKA\n"},
    {LEAST "topics: {prefix: 'a b'}\n",
     "relevo.yaml:3: 'topics.prefix' is 'a b', may hold up to 100 of a-z A-Z 0-9 . _ -\n"},
    {"kafka:\n  bootstrap.servers: k:9092\n  enable.auto.commit: true\npostgres: {url: 'host=p'}\n",
     "relevo.yaml:3: 'kafka.enable.auto.commit' cannot be set here: offsets live in Postgres, and the lane "
     "commits them; "
     "remove it\n"},
    {"kafka:\n  bootstrap.servers: k:9092\n  group.id: x\npostgres: {url: 'host=p'}\n",
     "relevo.yaml:3: 'kafka.group.id' cannot be set here: it is `consume.group`; remove it\n"},
    {"kafka:\n  bootstrap.servers: k:9092\n  ssl: {ca: {location: x}}\npostgres: {url: 'host=p'}\n",
     "relevo.yaml:3: 'kafka.ssl' must be a single value: write properties with dots, 'ssl.ca: ...'\n"},
    {"kafka:\n  bootstrap.servers: k:9092\n  bootstrap.servers: l:9092\npostgres: {url: 'host=p'}\n",
     "relevo.yaml:3: key 'bootstrap.servers' is given twice in 'kafka' (first on line 2): remove one\n"},
    {"kafka: k:9092\npostgres: {url: 'host=p'}\n", "relevo.yaml:1: 'kafka' must be a mapping of properties "
                                                   "('bootstrap.servers: host:9092'), not a single value\n"
                                                   "relevo.yaml:1: 'kafka.bootstrap.servers' is missing: add "
                                                   "'bootstrap.servers: host:9092' below 'kafka', or set "
                                                   "RELEVO_KAFKA\n"},
    /* Postgres: the value is a secret and never shown */
    {"kafka: {bootstrap.servers: 'k:9092'}\n", "relevo.yaml: 'postgres.url' is missing: add 'url: "
                                               "postgresql://user@host/database' below 'postgres', or set "
                                               "RELEVO_POSTGRES\n"},
    {"kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: hunter2}\n",
     "relevo.yaml:2: 'postgres.url' must be a URL (postgresql://user@host/database) or key=value words\n"},
    {"kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p, password: a, password_file: b}\n",
     "relevo.yaml:2: 'postgres.password' and 'postgres.password_file' are both given: keep one\n"},
    {"kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p, password_file: nowhere}\n",
     "relevo.yaml:2: 'postgres.password_file': cannot read ./nowhere: No such file or directory\n"},
    {"kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p, password_file: /dev/null}\n",
     "relevo.yaml:2: 'postgres.password_file': /dev/null must hold one line of text\n"},
    {"kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p, password_file: .}\n",
     "relevo.yaml:2: 'postgres.password_file': cannot read ./.: Is a directory\n"},
    {"kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p, pasword: x}\n",
     "relevo.yaml:2: unknown key 'pasword' in 'postgres'; did you mean 'password'?\n"},
    /* plugins and policy */
    {LEAST "plugins: {name: a}\n",
     "relevo.yaml:3: 'plugins' must be a list ('- key: value' lines), not a mapping\n"},
    {LEAST "plugins: [a]\n",
     "relevo.yaml:3: an entry of 'plugins' must be a mapping ('- key: value'), not a single value\n"},
    {LEAST "plugins:\n  - path: a.so\n",
     "relevo.yaml:4: an entry of 'plugins' has no 'name': add 'name: ...'\n"},
    {LEAST "plugins:\n  - name: Big\n",
     "relevo.yaml:4: 'plugins.name' is 'Big', must be 1 to 31 of a-z 0-9 _, beginning with a letter\n"},
    {LEAST "plugins:\n  - {name: a, pth: x}\n",
     "relevo.yaml:4: unknown key 'pth' in 'plugins'; did you mean 'path'?\n"},
    {LEAST "plugins:\n  - {name: a, isolation: process, memory: 1MiB, event_budget: 1ms, offences: 0}\n",
     "relevo.yaml:4: 'plugins.memory' is '1MiB', must be 16MiB to 65536MiB\n"
     "relevo.yaml:4: 'plugins.event_budget' is '1ms', must be 10ms to 10m\n"
     "relevo.yaml:4: 'plugins.offences' is '0', must be 1 to 1000 events\n"},
    {LEAST "plugins:\n  - {name: a, isolation: vm}\n",
     "relevo.yaml:4: 'plugins.isolation' is 'vm', must be 'process', 'inline' or "
     "'process_unconfined'\n"},
    {LEAST "plugins:\n  - {name: a, options: [x]}\n",
     "relevo.yaml:4: 'plugins.options' must be a mapping (its keys indented below it), not a list\n"},
    {LEAST "plugins:\n  - {name: a}\n  - {name: a}\n",
     "relevo.yaml:5: two plugins are called 'a' (first on line 4): give this one another name, and the same "
     "'path'\n"},
    {LEAST "plugins:\n  - {name: keyword}\npolicy:\n  triggers:\n    - {trigger: keywrd}\n",
     "relevo.yaml:7: no plugin is called 'keywrd'; did you mean 'keyword'?\n"},
    {LEAST "policy:\n  triggers:\n    - {trigger: keyword}\n",
     "relevo.yaml:5: no plugin is called 'keyword': add it to 'plugins', or remove this entry\n"},
    {LEAST "plugins: [{name: k}]\npolicy:\n  triggers:\n    - {trigger: k}\n    - {trigger: k}\n",
     "relevo.yaml:7: 'policy.triggers' has two entries for 'k' (first on line 6): remove one\n"},
    {LEAST "plugins: [{name: k}]\npolicy:\n  triggers:\n    - {trigger: k, threshold: 1.5}\n",
     "relevo.yaml:6: 'policy.triggers.threshold' is '1.5', must be 0 to 1\n"},
    {LEAST "plugins: [{name: k}]\npolicy:\n  triggers:\n    - {trigger: k, observe: maybe, weight: heavy}\n",
     "relevo.yaml:6: 'policy.triggers.observe' is 'maybe', must be true or false\n"
     "relevo.yaml:6: 'policy.triggers.weight' is 'heavy', must be a number such as 0.5\n"},
    {LEAST "plugins: [{name: k}]\npolicy:\n  triggers:\n    - trigger: k\n      message: {fr: salut}\n",
     "relevo.yaml:7: unknown key 'fr' in 'policy.triggers.message'; known: es, pt, en\n"},
    /* rules and hours */
    {LEAST "plugins: [{name: k}]\npolicy:\n  rules:\n    - {rule: r}\n    - {rule: k, all: [k]}\n",
     "relevo.yaml:6: a rule needs conditions: add 'all: [...]' or 'any: [...]'\n"
     "relevo.yaml:7: rule 'k' is called like a plugin: give it another name\n"},
    {LEAST "plugins: [{name: sentiment}]\npolicy:\n  rules:\n    - rule: r\n      all: [sentimnt >= 0.5]\n"
           "      any: [sentiment > 0.5, sentiment >= 2]\n",
     "relevo.yaml:6: no plugin is called 'sentimnt'; did you mean 'sentiment'?\n"
     "relevo.yaml:6: 'sentiment > 0.5' is no condition: write a trigger's name, or 'name >= 0.6' with a number from 0 to "
     "1\n"
     "relevo.yaml:6: 'sentiment >= 2' is no condition: write a trigger's name, or 'name >= 0.6' with a number from 0 to "
     "1\n"},
    {LEAST "plugins: [{name: k}]\npolicy:\n  rules:\n    - {rule: r, any: [k], hours: ofice, languages: [fr]}\n"
           "    - {rule: r, any: [k]}\n  hours: [{name: office, open: [mon 09:00-10:00]}]\n  people: nights\n",
     "relevo.yaml:6: 'fr' is no language that Relevo reads: es, pt or en\n"
     "relevo.yaml:6: no hours are called 'ofice'; did you mean 'office'?\n"
     "relevo.yaml:7: 'policy.rules' has two entries for 'r' (first on line 6): remove one\n"
     "relevo.yaml:9: no hours are called 'nights': add them to 'policy.hours'\n"},
    {LEAST "plugins: [{name: k}]\npolicy:\n  triggers:\n    - {trigger: k, skills: ['refunds', 'refunds:9', 'de:gustar', 'refunds:12', 'refunds:0']}\n"
           "  silence_hours: nights\n",
     "relevo.yaml:6: the skill 'refunds:12' is not name or name:level, with a level of 1 to 9\n"
     "relevo.yaml:6: the skill 'refunds:0' is not name or name:level, with a level of 1 to 9\n"
     "relevo.yaml:7: no hours are called 'nights': add them to 'policy.hours'\n"},
    {LEAST "policy:\n  queue: {give_up_to: callback}\n",
     "relevo.yaml:4: 'policy.queue.give_up_to' does nothing without 'policy.queue.give_up': say after how long nobody came\n"},
    {LEAST "policy:\n  idle_close: 10m\n  silence: 10m\n",
     "relevo.yaml:5: 'policy.silence' is not shorter than 'policy.idle_close': a conversation would be closed before anybody is asked\n"},
    {LEAST "policy:\n  hours:\n    - name: a\n      timezone: Mexico\n"
           "      open: [lun 09:00-14:00, mon 22:00-06:00, mon- 09:00-10:00, all 00:00-24:01]\n"
           "      closed: [2026-02-30, 2026-12-25..2026-12-24, 25/12/2026]\n    - {name: a, open: [all 0:00-24:00]}\n"
           "    - {name: b}\n",
     "relevo.yaml:5: there is no time zone 'Mexico': write it as America/Mexico_City\n"
     "relevo.yaml:5: 'lun 09:00-14:00' are no opening hours: write them as 'mon-fri 09:00-14:00', and a night as two "
     "days\n"
     "relevo.yaml:5: 'mon 22:00-06:00' are no opening hours: write them as 'mon-fri 09:00-14:00', and a night as two "
     "days\n"
     "relevo.yaml:5: 'mon- 09:00-10:00' are no opening hours: write them as 'mon-fri 09:00-14:00', and a night as two "
     "days\n"
     "relevo.yaml:5: 'all 00:00-24:01' are no opening hours: write them as 'mon-fri 09:00-14:00', and a night as two "
     "days\n"
     "relevo.yaml:5: '2026-02-30' is no holiday: write 2026-12-25, 2026-12-24..2027-01-02 or 2026-12-31 14:00-24:00\n"
     "relevo.yaml:5: '2026-12-25..2026-12-24' is no holiday: write 2026-12-25, 2026-12-24..2027-01-02 or 2026-12-31 "
     "14:00-24:00\n"
     "relevo.yaml:5: '25/12/2026' is no holiday: write 2026-12-25, 2026-12-24..2027-01-02 or 2026-12-31 14:00-24:00\n"
     "relevo.yaml:9: two hours are called 'a' (first on line 5): rename one\n"
     "relevo.yaml:10: an entry of 'policy.hours' has no 'open': add 'open: ...'\n"},
    /* the file itself */
    {"- a\n- b\n",
     "relevo.yaml:1: a configuration is a mapping ('key: value' lines), not a list\n"
     "relevo.yaml: 'kafka.bootstrap.servers' is missing: add 'bootstrap.servers: host:9092' below 'kafka', "
     "or set RELEVO_KAFKA\n"
     "relevo.yaml: 'postgres.url' is missing: add 'url: postgresql://user@host/database' below 'postgres', "
     "or "
     "set RELEVO_POSTGRES\n"},
    {"a:\n\tb: 1\n", "relevo.yaml:2: a tab in the indentation: YAML wants spaces\n"},
    {"a: b: c\n", "relevo.yaml:1: not valid YAML: mapping values are not allowed in this context; check the "
                  "indentation, or put quotes around a value that holds ': '\n"},
    {LEAST "cluster: 'abc\nlog: {level: info}\n", "relevo.yaml:5: not valid YAML: found unexpected end of "
                                                  "stream (while scanning a quoted scalar that begins "
                                                  "on line 3); close the quote\n"},
    {LEAST "log: {level: info\ncluster: x\n", "relevo.yaml:4: not valid YAML: did not find expected ',' or "
                                              "'}' (while parsing a flow mapping that begins "
                                              "on line 3); close the brace\n"},
    {LEAST "topics: {events: [a, b}\n",
     "relevo.yaml:3: not valid YAML: did not find expected ',' or ']'; close the bracket\n"},
    {LEAST "cluster:abc\n",
     "relevo.yaml:4: not valid YAML: could not find expected ':' (while scanning a simple key that begins on "
     "line 3); write 'key: value', with a space behind the colon\n"},
    {LEAST "consume:\n    linger: 5ms\n  drain: 5s\n",
     "relevo.yaml:5: not valid YAML: did not find expected key (while parsing a block mapping that begins on "
     "line 1); all keys of a mapping begin in the same column\n"},
    {LEAST "cluster: @a\n", "relevo.yaml:3: not valid YAML: found character that cannot start any token; put "
                            "quotes around the value\n"},
    {LEAST "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
     "relevo.yaml:3: anchors (&name) are not supported: write the value out where it is needed\n"},
    {LEAST "cluster: *a\n", "relevo.yaml:3: aliases (*name) are not supported: write it out\n"},
    {LEAST "cluster: !!str x\n",
     "relevo.yaml:3: tags (!name) are not supported: remove it, and quote a text\n"},
    {LEAST "---\ncluster: a\n",
     "relevo.yaml:3: a second document begins here: one file holds one, remove the '---'\n"},
    {LEAST "? [a]\n: b\n", "relevo.yaml:3: a key must be a word, not a list or a mapping\n"},
    {LEAST "cluster: \"a\\0b\"\n", "relevo.yaml:3: a text holds a NUL character: remove the \\0\n"},
    {LEAST "cluster: a\ab\n", "relevo.yaml:3: a control character (NUL, for example): remove it\n"},
    {LEAST "cluster: \xff\xfe\n",
     "relevo.yaml:3: not UTF-8 text (invalid leading UTF-8 octet): save the file as UTF-8\n"},
    {LEAST "consume: {batch_max: 99999999999999999999}\n",
     "relevo.yaml:3: 'consume.batch_max' is '99999999999999999999', must be a whole number\n"},
    {LEAST "consume: {linger: 1.5s}\n", "relevo.yaml:3: 'consume.linger' is '1.5s', must be a time with its "
                                        "unit, such as 5ms, 10s, 2m, 24h or 7d\n"},
    {LEAST "plugins: [{name: ~}]\n", "relevo.yaml:3: an entry of 'plugins' has no 'name': add 'name: ...'\n"},
    {"\xEF\xBB\xBF" LEAST "consume: {linger: 5}\r\n", /* a mark and line ends of Windows do no harm */
     "relevo.yaml:3: 'consume.linger' is '5', must be a time with its unit, such as 5ms, 10s, 2m, 24h or "
     "7d\n"},
    {"",
     "relevo.yaml: 'kafka.bootstrap.servers' is missing: add 'bootstrap.servers: host:9092' below 'kafka', "
     "or set RELEVO_KAFKA\n"
     "relevo.yaml: 'postgres.url' is missing: add 'url: postgresql://user@host/database' below 'postgres', "
     "or set RELEVO_POSTGRES\n"},
    {"a: &b 1\nc: *b\n",
     "relevo.yaml:1: anchors (&name) are not supported: write the value out where it is needed\n"},
    {LEAST "trust: {require_signature: true}\n",
     "relevo.yaml:3: 'trust.require_signature' wants a key in 'trust.keys': whose signature is meant? `relevo plugin key` makes one\n"},
    {LEAST "trust: {keys: [acme.pub]}\n", "relevo.yaml:3: 'trust.keys' is 'acme.pub', must be a public key as `relevo plugin key` shows it: 56 "
                                         "characters that begin with RW\n"},
    {LEAST "plugins: [{name: k, sha256: 4B1F}]\n",
     "relevo.yaml:3: 'plugins.sha256' is '4B1F', must be 64 of 0-9 a-f, as `relevo plugin info` and sha256sum show it\n"},
    /* all of them, in the order of the file */
    {"log: {level: loud}\nplugins: [{name: k, isolation: vm}]\nconsume: {linger: 5}\n",
     "relevo.yaml:1: 'log.level' is 'loud', must be one of error|warn|info|debug\n"
     "relevo.yaml:2: 'plugins.isolation' is 'vm', must be 'process', 'inline' or "
     "'process_unconfined'\n"
     "relevo.yaml:3: 'consume.linger' is '5', must be a time with its unit, such as 5ms, 10s, 2m, 24h or 7d\n"
     "relevo.yaml: 'kafka.bootstrap.servers' is missing: add 'bootstrap.servers: host:9092' below 'kafka', "
     "or set "
     "RELEVO_KAFKA\n"
     "relevo.yaml: 'postgres.url' is missing: add 'url: postgresql://user@host/database' below 'postgres', "
     "or set "
     "RELEVO_POSTGRES\n"},
};

static void words_of_each(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *found = mistakes(cases[i].text);
        if (strcmp(found, cases[i].lines) != 0) {
            print_error("--- the configuration\n%s--- was expected to say\n%s--- and said\n%s", cases[i].text,
                        cases[i].lines, found);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* A variable that does not fit is named itself, not the file that it overrides. */
static const struct {
    const char *name, *value, *lines;
} variables[] = {
    {"RELEVO_CONSUME_BATCH_MAX", "many",
     "RELEVO_CONSUME_BATCH_MAX: 'consume.batch_max' is 'many', must be a whole number\n"},
    {"RELEVO_LOG_LEVEL", "loud",
     "RELEVO_LOG_LEVEL: 'log.level' is 'loud', must be one of error|warn|info|debug\n"},
    {"RELEVO_CONSUME_BATCHMAX", "5",
     "RELEVO_CONSUME_BATCHMAX: no option has this variable; did you mean RELEVO_CONSUME_BATCH_MAX?\n"},
    {"RELEVO_KONSUME_LINGER", "1s",
     "RELEVO_KONSUME_LINGER: no option has this variable; did you mean RELEVO_CONSUME_LINGER?\n"},
    {"RELEVO_CONSUME_LINGER", "\xff", "RELEVO_CONSUME_LINGER: not UTF-8 text\n"},
    {"RELEVO_KAFKA_GROUP_ID", "x",
     "RELEVO_KAFKA_GROUP_ID: 'kafka.group.id' cannot be set here: it is `consume.group`; remove it\n"},
    {"RELEVO_KAFKA", "",
     "RELEVO_KAFKA: 'kafka.bootstrap.servers' is missing: add 'bootstrap.servers: host:9092' "
     "below 'kafka', or set RELEVO_KAFKA\n"},
    {"RELEVO_POSTGRES", "nonsense",
     "RELEVO_POSTGRES: 'postgres.url' must be a URL (postgresql://user@host/database) "
     "or key=value words\n"},
    {"RELEVO_POSTGRES_PASSWORD_FILE", "/nowhere",
     "RELEVO_POSTGRES_PASSWORD_FILE: secret: cannot read /nowhere: No such file or directory\n"},
    {"RELEVO_CONSUME_TRANSACTION_TIMEOUT", "2s",
     "RELEVO_CONSUME_TRANSACTION_TIMEOUT: 'consume.transaction_timeout' (2s) must not be shorter than "
     "'consume.postgres_timeout'\n"},
    {"RELEVO_BIN", "/usr/bin/relevo", ""},            /* somebody's own */
    {"RELEVO_KAFKA_PORT", "tcp://10.0.0.1:9092", ""}, /* Kubernetes' */
};

static void words_of_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
        (void)setenv(variables[i].name, variables[i].value, 1);
        const char *found = mistakes(LEAST);
        (void)unsetenv(variables[i].name);
        assert_string_equal(found, variables[i].lines);
    }
}

/* What no C string can hold. */
static void a_file_with_a_nul(void **state)
{
    (void)state;
    static const char bytes[] = LEAST "cluster: a\0b\n";
    FILE *file = fopen("relevo.yaml", "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, sizeof(bytes) - 1, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    rlv_buf out = RLV_BUF_INIT(1000);
    assert_int_equal(rlv_config_mistakes("relevo.yaml", NULL, &out), 1);
    assert_string_equal(out.data, "relevo.yaml:3: a control character (NUL, for example): remove it\n");
    rlv_buf_free(&out);
}

static void the_first_with_the_count(void **state)
{
    (void)state;
    put_file("relevo.yaml", LEAST "consume: {linger: 5, drain: 5}\nlog: {level: x}\n");
    rlv_config *config = NULL;
    rlv_error err = {0};
    assert_int_equal(rlv_config_load("relevo.yaml", NULL, &config, &err), RLV_E_CONFIG);
    assert_null(config);
    assert_string_equal(
        err.message,
        "relevo.yaml:3: 'consume.linger' is '5', must be a time with its unit, such as 5ms, 10s, 2m, 24h "
        "or 7d (and 2 more: `relevo check` lists them)");
    assert_int_equal(err.code, RLV_E_CONFIG);
}

static void a_file_that_cannot_be_read(void **state)
{
    (void)state;
    rlv_config *config = NULL;
    rlv_error err = {0};
    assert_int_equal(rlv_config_load("nowhere.yaml", NULL, &config, &err), RLV_E_NOT_FOUND);
    assert_string_equal(
        err.message, "nowhere.yaml: cannot be read: No such file or directory; name the file with --config "
                     "or RELEVO_CONFIG");
    assert_int_equal(rlv_config_load(".", NULL, &config, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, ".: cannot be read: Is a directory; name a file in it");
    rlv_buf out = RLV_BUF_INIT(1000);
    assert_int_equal(rlv_config_mistakes("nowhere.yaml", NULL, &out), 1);
    assert_non_null(strstr(out.data, "nowhere.yaml: cannot be read"));
    rlv_buf_free(&out);
}

static void many(void **state)
{
    (void)state;
    rlv_buf text = RLV_BUF_INIT(100000);
    rlv_buf_printf(&text, "%s", LEAST);
    for (int i = 0; i < 150; i++)
        rlv_buf_printf(&text, "zzz%dyyy%d: 1\n", i, i);
    put_file("relevo.yaml", text.data);
    rlv_buf out = RLV_BUF_INIT(100000);
    assert_int_equal(rlv_config_mistakes("relevo.yaml", NULL, &out), 150);
    assert_non_null(strstr(out.data, "relevo.yaml: and 50 more\n"));
    rlv_buf_free(&out);
    rlv_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_each),
        cmocka_unit_test(words_of_variables),
        cmocka_unit_test(a_file_with_a_nul),
        cmocka_unit_test(the_first_with_the_count),
        cmocka_unit_test(a_file_that_cannot_be_read),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
