/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table; see options.h. To add an option: a field in config.h, a row here, and `relevo config
 * reference > docs/configuration.md`. A row must never need code elsewhere to be read.
 */
#include "config/options.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

#include "config/rules.h"

#define ROOT(field)    RLV_SCOPE_ROOT, offsetof(struct rlv_values, field)
#define PLUGIN(field)  RLV_SCOPE_PLUGIN, offsetof(struct rlv_plugin_values, field)
#define TRIGGER(field) RLV_SCOPE_TRIGGER, offsetof(struct rlv_trigger_values, field)
#define RULE(field)    RLV_SCOPE_RULE, offsetof(struct rlv_trigger_values, field)
#define HOURS(field)   RLV_SCOPE_HOURS, offsetof(struct rlv_hours_values, field)
#define DESTINATION(field) RLV_SCOPE_DESTINATION, offsetof(rlv_config_destination, field)
#define TEMPLATE(field) RLV_SCOPE_TEMPLATE, offsetof(rlv_config_template, field)

#define STRING   RLV_OPTION_STRING
#define TEXT     RLV_OPTION_TEXT
#define INTEGER  RLV_OPTION_INTEGER
#define REAL     RLV_OPTION_REAL
#define DURATION RLV_OPTION_DURATION

#define REQUIRED   RLV_FLAG_REQUIRED
#define SECRET     RLV_FLAG_SECRET
#define RELOADABLE RLV_FLAG_RELOADABLE

#define MS_S 1000.0
#define MS_M 60000.0
#define MS_H 3600000.0
#define MS_D 86400000.0
#define MIB  1048576.0

#define TOPIC(name, preset, what)                                                                            \
    {                                                                                                        \
        "topics." #name, STRING, ROOT(config.topics.name), 0, preset, 0, 0, NULL, rlv_rule_topic, what       \
    }
#define NOTICE_IN(name, lang, preset, what)                                                                  \
    {                                                                                                        \
        "policy.notices." #name "." #lang, TEXT, ROOT(config.policy.notices.name.lang), RELOADABLE, preset,  \
            0, 0, NULL, NULL, what                                                                           \
    }
#define NOTICE(name, in_es, in_pt, in_en, what)                                                              \
    NOTICE_IN(name, es, in_es, what " In Spanish."), NOTICE_IN(name, pt, in_pt, what " In Portuguese."),     \
        NOTICE_IN(name, en, in_en, what " In English.")

/* Where a trigger or a rule is in force, and what follows when it fires. */
#define CONSEQUENCES(path, AT)                                                                               \
    {path "numbers", RLV_OPTION_LIST, AT(numbers), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,            \
     "Only on these business numbers (phone number ids)."},                                                  \
    {path "languages", RLV_OPTION_LIST, AT(languages), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,        \
     "Only with customers who write in one of these: es, pt, en."},                                          \
    {path "flows", RLV_OPTION_LIST, AT(flows), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,                \
     "Only while one of these question flows runs (their ids)."},                            \
    {path "hours", STRING, AT(hours), RELOADABLE, "", 0, 0, NULL, NULL,                                      \
     "Only in these policy.hours; with `not ` before the name, only outside them."},                         \
    {path "cooldown", DURATION, AT(entry.cooldown_ms), RELOADABLE, "0", 0, 30 * MS_D, NULL, NULL,            \
     "After it fired it only observes for so long."},                                                        \
    {path "observe", RLV_OPTION_BOOLEAN, AT(entry.observe), RELOADABLE, "false", 0, 0, NULL, NULL,           \
     "Only report what would have happened."},                                                               \
    {path "tell_only", RLV_OPTION_BOOLEAN, AT(entry.tell_only), RELOADABLE, "false", 0, 0, NULL, NULL,       \
     "Tell people, by notifiers and in desktops, and let the bot go on: nothing is handed off."},            \
    {path "priority", INTEGER, AT(entry.priority), RELOADABLE, "5", 0, 9, NULL, NULL,                        \
     "9 is the most urgent. Of several that fire the highest is the cause; also the priority in the queue."}, \
    {path "team", TEXT, AT(entry.team), RELOADABLE, NULL, 0, 0, NULL, NULL,                                  \
     "The team that gets it; without it, the router's choice."},                                             \
    {path "agent", TEXT, AT(entry.agent), RELOADABLE, NULL, 0, 0, NULL, NULL,                                \
     "The agent who is tried first; without it, the router's choice."},                                      \
    {path "skills", RLV_OPTION_LIST, AT(skills), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,              \
     "What an agent must be able to; without it, the router's choice."},                                     \
    {path "message.es", TEXT, AT(entry.message.es), RELOADABLE, NULL, 0, 0, NULL, NULL,                      \
     "What the customer is told; without it, notices.handoff. In Spanish."},                                 \
    {path "message.pt", TEXT, AT(entry.message.pt), RELOADABLE, NULL, 0, 0, NULL, NULL, "In Portuguese."},   \
    {path "message.en", TEXT, AT(entry.message.en), RELOADABLE, NULL, 0, 0, NULL, NULL, "In English."},      \
    {path "collect", TEXT, AT(entry.collect), RELOADABLE, NULL, 0, 0, NULL, NULL,                            \
     "What they are asked while they wait, instead of policy.queue.collect; `none`: nothing."}

const rlv_option rlv_options[] = {
    {"cluster", STRING, ROOT(config.cluster), 0, "relevo", 0, 0, NULL, rlv_rule_cluster,
     "Name of this installation: the prefix of its transactional ids. Two installations on one Kafka need "
     "two names."},
    {"plugin_dir", RLV_OPTION_PATH, ROOT(config.plugin_dir), 0, NULL, 0, 0, NULL, NULL,
     "Folder of the plugins. Without it: ../lib/relevo/plugins beside the program, or plugins/ beside it."},

    {"kafka", RLV_OPTION_KAFKA, ROOT(config.kafka), 0, NULL, 0, 0, NULL, NULL,
     "Any property of librdkafka, passed through: `bootstrap.servers: host:9092`, `security.protocol: "
     "sasl_ssl`. "
     "`<property>_file` reads the value from a file. Those that the protocol sets itself are refused with "
     "the reason."},

    {"postgres.url", STRING, ROOT(config.postgres), REQUIRED | SECRET, NULL, 0, 0, NULL, NULL,
     "Where Postgres is: a URL (postgresql://user@host/database) or key=value words, as for psql. `relevo gateway`, which has no use for "
     "it, needs none."},
    {"postgres.password", STRING, ROOT(postgres_password), SECRET, "", 0, 0, NULL, NULL,
     "The password, when the URL holds none."},

    {"topics.prefix", STRING, ROOT(config.topics.prefix), 0, "", 0, 0, NULL, rlv_rule_prefix,
     "Put before every topic's name."},
    {"topics.events", RLV_OPTION_LIST, ROOT(config.topics.events), 0, "whatsapp.events.v1", 0, 0, NULL,
     rlv_rule_topic, "Input topics; all with the same number of partitions."},
    TOPIC(results, "relevo.results.v1", "Results of effects, and what lanes forward to each other."),
    TOPIC(decisions, "relevo.decisions.v1", "What was decided about every event."),
    TOPIC(ownership, "relevo.ownership.v1", "Whose each conversation is; compacted."),
    TOPIC(outbound, "relevo.outbound.v1", "Messages to be sent."),
    TOPIC(effects, "relevo.effects.v1", "Requests to the world."),
    TOPIC(progress, "relevo.progress.v1", "How far each lane has published; compacted."),
    {"topics.partitions", INTEGER, ROOT(config.topics.partitions), 0, "12", 1, 4096, "partitions", NULL,
     "For `relevo topics create` only. One partition is one lane; the number cannot be changed later."},
    {"topics.replication", INTEGER, ROOT(config.topics.replication), 0, "1", 1, 32, "copies", NULL,
     "For `relevo topics create` only. 3 in production."},

    {"consume.group", STRING, ROOT(config.consume.group), 0, "relevo", 0, 0, NULL, rlv_rule_group,
     "Consumer group."},
    {"consume.instance", STRING, ROOT(config.consume.instance), 0, "", 0, 0, NULL, NULL,
     "Name of this process in the group, for quick restarts (static membership): the pod's name, for "
     "example. "
     "Empty: a dynamic member. Two processes with one name throw each other out."},
    {"consume.batch_max", INTEGER, ROOT(config.consume.batch_max), 0, "3000", 1, 10000, "events", NULL,
     "Most events that a lane decides in one transaction."},
    {"consume.linger", DURATION, ROOT(config.consume.linger_ms), 0, "5ms", 0, MS_S, NULL, NULL,
     "How long a lane waits for a batch to fill."},
    {"consume.cache", RLV_OPTION_SIZE, ROOT(config.consume.cache_bytes), 0, "32MiB", MIB, 65536 * MIB, NULL,
     NULL, "Memory for conversations, of all lanes of the process together."},
    {"consume.drain", DURATION, ROOT(config.consume.drain_ms), 0, "10s", 0, 10 * MS_M, NULL, NULL,
     "How long the first SIGTERM lets work finish. Shorter than the pod's grace period."},
    {"consume.session", DURATION, ROOT(config.consume.session_ms), 0, "10s", 6 * MS_S, 30 * MS_M, NULL, NULL,
     "A silent member loses its partitions after so long (session.timeout.ms)."},
    {"consume.postgres_timeout", DURATION, ROOT(config.consume.postgres_timeout_ms), 0, "4s", 100, 4900, NULL,
     NULL, "No answer from Postgres for so long: the lane gives up and is assigned again."},
    {"consume.transaction_timeout", DURATION, ROOT(config.consume.transaction_timeout_ms), 0, "15s", MS_S,
     15 * MS_S, NULL, NULL, "Kafka aborts a transaction left open for so long (transaction.timeout.ms)."},
    {"consume.command_poll", DURATION, ROOT(config.consume.command_poll_ms), 0, "1s", 10, MS_M, NULL, NULL,
     "How often a lane looks for commands when no notification came."},

    {"registry.url", STRING, ROOT(config.registry.url), 0, NULL, 0, 0, NULL, rlv_rule_url,
     "A schema registry that speaks Confluent's API, for events in Confluent's framing: https://host:8081, or with a "
     "path as in http://host:8080/apis/ccompat/v7. Without it only single-object encoding is read."},
    {"registry.user", STRING, ROOT(config.registry.user), 0, "", 0, 0, NULL, NULL,
     "Who asks the registry, with registry.password (HTTP basic)."},
    {"registry.password", STRING, ROOT(config.registry.password), SECRET, "", 0, 0, NULL, NULL,
     "The password of registry.user."},
    {"registry.token", STRING, ROOT(config.registry.token), SECRET, "", 0, 0, NULL, NULL,
     "A bearer token, in place of user and password."},
    {"registry.ca_file", RLV_OPTION_PATH, ROOT(config.registry.ca_file), 0, NULL, 0, 0, NULL, NULL,
     "PEM file of the authorities that the registry's certificate is checked against. Without it: the system's."},
    {"registry.timeout", DURATION, ROOT(config.registry.timeout_ms), 0, "5s", 100, MS_M, NULL, NULL,
     "One request to the registry gets so long. No lane waits for it in the meantime but those that need it."},

    {"ops.listen", STRING, ROOT(config.ops.listen), 0, "127.0.0.1:9464", 0, 0, NULL, rlv_rule_address,
     "Where /metrics, /healthz and /readyz answer. 0.0.0.0:9464 for all of the machine's addresses."},

    {"gateway.listen", STRING, ROOT(config.gateway.listen), 0, "127.0.0.1:8480", 0, 0, NULL, rlv_rule_address,
     "Where `relevo gateway` takes Meta's webhooks, as HTTP: TLS ends at the proxy before it."},
    {"gateway.path", STRING, ROOT(config.gateway.path), 0, "/webhook", 0, 0, NULL, rlv_rule_url_path,
     "Path of the callback URL."},
    {"gateway.app_secrets", RLV_OPTION_LIST, ROOT(config.gateway.app_secrets), SECRET, NULL, 0, 0, NULL,
     rlv_rule_filled,
     "Secrets of Meta's app, which signs every webhook with one of them: the one in force, and while it is being "
     "changed the other one too. In a file or a variable: with commas between."},
    {"gateway.verify_token", STRING, ROOT(config.gateway.verify_token), SECRET, "", 0, 0, NULL, NULL,
     "The word agreed upon with Meta for the handshake that sets the callback URL."},
    {"gateway.threads", INTEGER, ROOT(config.gateway.threads), 0, "2", 1, 64, "threads", NULL,
     "Threads that read and answer webhooks. None of them waits for Kafka."},
    {"gateway.memory", RLV_OPTION_SIZE, ROOT(config.gateway.memory), 0, "64MiB", 4 * MIB, 16384 * MIB, NULL, NULL,
     "Webhooks in hand, in bytes of their bodies; beyond it new ones are answered with 503, and Meta sends them "
     "again. The process needs about four times as much."},
    {"gateway.ack_timeout", DURATION, ROOT(config.gateway.ack_ms), 0, "900ms", 50, MS_M, NULL, NULL,
     "Kafka has not acknowledged after so long: the webhook is answered with 503, and Meta sends it again."},
    {"gateway.drain", DURATION, ROOT(config.gateway.drain_ms), 0, "10s", 0, 10 * MS_M, NULL, NULL,
     "How long the first SIGTERM lets requests finish. Shorter than the pod's grace period."},

    {"desk.listen", STRING, ROOT(config.desk.listen), 0, "127.0.0.1:8470", 0, 0, NULL, rlv_rule_address,
     "Where `relevo desk` serves its page and its API, as HTTP: TLS ends at the proxy before it."},
    {"desk.public_url", STRING, ROOT(config.desk.public_url), 0, NULL, 0, 0, NULL, rlv_rule_url,
     "Where browsers find it: https://desk.example.com. With https its cookies are only sent encrypted; requests of pages "
     "from anywhere else are refused. Without it: where it listens."},
    {"desk.threads", INTEGER, ROOT(config.desk.threads), 0, "4", 1, 64, "threads", NULL,
     "Threads that answer requests, each with a connection to Postgres while it does."},
    {"desk.session", DURATION, ROOT(config.desk.session_ms), 0, "12h", MS_M, 30 * MS_D, NULL, NULL,
     "Who logged in stays so for so long."},
    {"desk.postgres_timeout", DURATION, ROOT(config.desk.postgres_timeout_ms), 0, "4s", 100, MS_M, NULL, NULL,
     "No answer from Postgres for so long: the request has failed."},
    {"desk.proxy_header", STRING, ROOT(config.desk.proxy_header), 0, "", 0, 0, NULL, NULL,
     "A header in which a proxy that logs people in (by OpenID Connect, say) names the account, such as X-Forwarded-User. Empty: "
     "nobody is believed."},
    {"desk.proxy_peers", RLV_OPTION_LIST, ROOT(config.desk.proxy_peers), 0, NULL, 0, 0, NULL, rlv_rule_network,
     "The addresses of that proxy, as 10.0.0.7 or 10.0.0.0/24: from anywhere else the header means nothing. Whoever can send from there can be "
     "anybody, and the proxy must replace the header that a browser sends."},
    {"desk.answer_within", DURATION, ROOT(config.desk.answer_within_ms), 0, "10m", MS_S, 30 * MS_D, NULL, NULL,
     "What the business promises who waits for a person's answer. The page and the supervisor's board tell who is late, and, from half of it "
     "on, who soon will be."},
    {"desk.templates", RLV_OPTION_ENTRIES, ROOT(config.desk.templates), 0, NULL, 0, 0, NULL, NULL,
     "Templates that WhatsApp approved: all that agents can send to a customer who wrote more than 24 hours ago."},
    {"desk.templates[].name", STRING, TEMPLATE(name), REQUIRED, NULL, 0, 0, NULL, rlv_rule_template,
     "Its name, as approved."},
    {"desk.templates[].language", STRING, TEMPLATE(language), REQUIRED, NULL, 0, 0, NULL, rlv_rule_language,
     "Its language, as approved: es, es_MX, pt_BR, en."},
    {"desk.templates[].text", TEXT, TEMPLATE(text), REQUIRED, NULL, 0, 0, NULL, rlv_rule_filled,
     "Its body, as approved, with {{1}}, {{2}}, ... where the agent fills in a word. It is what the agent sees, and the history afterwards; what the "
     "customer gets is WhatsApp's."},

    {"sandbox.listen", STRING, ROOT(config.sandbox.listen), 0, "127.0.0.1:8490", 0, 0, NULL, rlv_rule_address,
     "Where `relevo sandbox`, the stand-in of WhatsApp's Cloud API for development, answers."},
    {"sandbox.webhook", STRING, ROOT(config.sandbox.webhook), 0, "", 0, 0, NULL, NULL,
     "URL that its webhooks go to. Without it: gateway.listen and gateway.path. Signed with the first of "
     "gateway.app_secrets."},
    {"sandbox.phone_number_id", STRING, ROOT(config.sandbox.phone_number_id), 0, "106540352242922", 0, 0, NULL,
     rlv_rule_filled, "Id of the business number that it plays."},
    {"sandbox.display_phone_number", STRING, ROOT(config.sandbox.display_phone_number), 0, "525512345678", 0, 0, NULL,
     rlv_rule_filled, "That number as people write it."},
    {"sandbox.account_id", STRING, ROOT(config.sandbox.account_id), 0, "102290129340398", 0, 0, NULL, rlv_rule_filled,
     "Id of the WhatsApp business account."},
    {"sandbox.token", STRING, ROOT(config.sandbox.token), SECRET, "", 0, 0, NULL, NULL,
     "The access token that it wants to see. Empty: any."},
    {"sandbox.log", STRING, ROOT(config.sandbox.log), 0, "", 0, 0, NULL, NULL,
     "File to which each send that it accepts is added, as a line of JSON, before it is answered: what it had taken when it "
     "was killed can be read there. Empty: none."},

    {"deliver.group", STRING, ROOT(config.deliver.group), 0, "relevo-deliver", 0, 0, NULL, rlv_rule_filled,
     "Consumer group of `relevo deliver`."},
    {"deliver.api_url", STRING, ROOT(config.deliver.api_url), 0, "https://graph.facebook.com", 0, 0, NULL, rlv_rule_url,
     "Where WhatsApp's Cloud API is."},
    {"deliver.api_version", STRING, ROOT(config.deliver.api_version), 0, "v23.0", 0, 0, NULL, rlv_rule_filled,
     "Its version, the first part of every path."},
    {"deliver.api_private", RLV_OPTION_BOOLEAN, ROOT(config.deliver.api_private), 0, "false", 0, 0, NULL, NULL,
     "It may lie at a private address, as the sandbox does."},
    {"deliver.api_ca_file", RLV_OPTION_PATH, ROOT(config.deliver.api_ca_file), 0, NULL, 0, 0, NULL, NULL,
     "PEM file of the authorities that its certificate is checked against, where a proxy stands before it. Without it: the system's."},
    {"deliver.token", STRING, ROOT(config.deliver.token), SECRET, "", 0, 0, NULL, NULL,
     "The access token of the Cloud API."},
    {"deliver.timeout", DURATION, ROOT(config.deliver.timeout_ms), 0, "20s", 100, 2 * MS_M, NULL, NULL,
     "One request to WhatsApp gets so long. Past it the outcome is unknown."},
    {"deliver.lease", DURATION, ROOT(config.deliver.lease_ms), 0, "30s", 200, 10 * MS_M, NULL, NULL,
     "A claimed message whose deliver says nothing for so long is taken for sent or not, nobody knows: unknown. Longer than "
     "deliver.timeout."},
    {"deliver.give_up", DURATION, ROOT(config.deliver.give_up_ms), 0, "15m", MS_S, MS_D, NULL, NULL,
     "A message that WhatsApp would not take for so long has failed. It counts from its turn on: waiting for WhatsApp to be well again counts too."},
    {"deliver.confirm", DURATION, ROOT(config.deliver.confirm_ms), 0, "1m", 0, MS_D, NULL, NULL,
     "How long an unknown outcome waits for a status before a person is told."},
    {"deliver.drain", DURATION, ROOT(config.deliver.drain_ms), 0, "25s", 0, 10 * MS_M, NULL, NULL,
     "How long the first SIGTERM lets requests finish. Shorter than the pod's grace period."},
    {"deliver.postgres_timeout", DURATION, ROOT(config.deliver.postgres_timeout_ms), 0, "4s", 100, 4900, NULL, NULL,
     "No answer from Postgres for so long: deliver connects again."},
    {"deliver.number_rate", REAL, ROOT(config.deliver.number_rate), 0, "80", 0.001, 10000, "messages/s", NULL,
     "Most messages a second of one business number, of all delivers together."},
    {"deliver.pair_rate", REAL, ROOT(config.deliver.pair_rate), 0, "0.1667", 0.001, 10000, "messages/s", NULL,
     "Most messages a second to one customer, once deliver.pair_burst is used up: WhatsApp's one in 6 s."},
    {"deliver.pair_burst", REAL, ROOT(config.deliver.pair_burst), 0, "45", 1, 10000, "messages", NULL,
     "Messages to one customer that may go at once."},
    {"deliver.in_hand", INTEGER, ROOT(config.deliver.in_hand), 0, "10000", 1, 1000000, "messages", NULL,
     "Messages and effects that are read ahead: those that wait for their turn, a limit or a back-off."},
    {"deliver.destinations", RLV_OPTION_ENTRIES, ROOT(config.deliver.destinations), 0, NULL, 0, 0, NULL, NULL,
     "Where effects may go, and nowhere else."},
    {"deliver.destinations[].name", STRING, DESTINATION(name), REQUIRED, NULL, 0, 0, NULL, rlv_rule_filled,
     "Name of the destination, as plugins ask for it."},
    {"deliver.destinations[].url", STRING, DESTINATION(url), REQUIRED, NULL, 0, 0, NULL, rlv_rule_url,
     "Base URL, before every path."},
    {"deliver.destinations[].token", STRING, DESTINATION(token), SECRET, "", 0, 0, NULL, NULL,
     "Sent as `Authorization: Bearer ...`."},
    {"deliver.destinations[].authorization", STRING, DESTINATION(authorization), SECRET, "", 0, 0, NULL, NULL,
     "Sent as `Authorization: ...`, for those that want other words."},
    {"deliver.destinations[].token_url", STRING, DESTINATION(token_url), 0, NULL, 0, 0, NULL, rlv_rule_url,
     "Where an access token is had by OAuth's client credentials, when the first effect needs one and again whenever the destination "
     "answers 401. `token` is not given then."},
    {"deliver.destinations[].client_id", STRING, DESTINATION(client_id), 0, "", 0, 0, NULL, NULL,
     "Whom `token_url` gives a token."},
    {"deliver.destinations[].client_secret", STRING, DESTINATION(client_secret), SECRET, "", 0, 0, NULL, NULL,
     "And by what it knows them."},
    {"deliver.destinations[].ca_file", RLV_OPTION_PATH, DESTINATION(ca_file), 0, NULL, 0, 0, NULL, NULL,
     "PEM file of the authorities that its certificate is checked against. Without it: the system's."},
    {"deliver.destinations[].timeout", DURATION, DESTINATION(timeout_ms), 0, "10s", 100, 10 * MS_M, NULL, NULL,
     "One request gets so long."},
    {"deliver.destinations[].answer_max", RLV_OPTION_SIZE, DESTINATION(answer_max), 0, "64KiB", 0, MIB / 2, NULL, NULL,
     "Bytes of an answer that are kept."},
    {"deliver.destinations[].rate", REAL, DESTINATION(rate), 0, "50", 0.001, 100000, "requests/s", NULL,
     "Most requests a second, of one process."},
    {"deliver.destinations[].private", RLV_OPTION_BOOLEAN, DESTINATION(private_ok), 0, "false", 0, 0, NULL, NULL,
     "It may lie at a private address. Else only public ones are connected to, whatever its name resolves to."},

    {"retention.months", INTEGER, ROOT(config.retention.months), 0, "0", 0, 1200, "months", NULL,
     "Whole months of history that `relevo expire` keeps, besides the one that runs; 0: all. Run it every night."},

    {"log.level", RLV_OPTION_CHOICE, ROOT(log_level), RELOADABLE, "info", RLV_LOG_ERROR, 0,
     "error|warn|info|debug", NULL,
     "Least important line that is still written. Bodies of messages are never logged."},
    {"log.format", RLV_OPTION_CHOICE, ROOT(log_format), 0, "text", 0, 0, "text|json", NULL,
     "How a line looks."},

    {"trust.require_signature", RLV_OPTION_BOOLEAN, ROOT(config.trust.require_signature), 0, "false", 0, 0, NULL, NULL,
     "Plugins outside relevo's own plugin folder are loaded only with a signature (FILE.so.sig) by one of trust.keys: `relevo plugin sign` makes "
     "it."},
    {"trust.keys", RLV_OPTION_LIST, ROOT(config.trust.keys), 0, NULL, 0, 0, NULL, rlv_rule_public_key,
     "Public keys whose signatures count: `relevo plugin key` makes a pair, and shows the line for here."},

    {"plugins", RLV_OPTION_ENTRIES, ROOT(config.plugins), 0, NULL, 0, 0, NULL, NULL,
     "The plugins, in the order in which they are called."},
    {"plugins[].name", STRING, PLUGIN(entry.name), REQUIRED, NULL, 0, 0, NULL, rlv_rule_entry,
     "Name of this entry: unique, used in the policy, in decisions and in metrics."},
    {"plugins[].path", STRING, PLUGIN(entry.path), 0, "", 0, 0, NULL, NULL,
     "The shared object, relative to plugin_dir. Without it: <name>.so, or triggers/<name>.so."},
    {"plugins[].sha256", STRING, PLUGIN(entry.sha256), 0, "", 0, 0, NULL, rlv_rule_sha256,
     "SHA-256 that the file must have, or it is not loaded. Without it: any."},
    {"plugins[].isolation", STRING, PLUGIN(isolation), 0, "", 0, 0, NULL, rlv_rule_isolation,
     "Where it runs. `process`: in a confined process of its own, which can neither open nor connect to anything and "
     "whose crash costs one event. `inline`: in relevo's own process, trusted as much as relevo is. "
     "`process_unconfined`: as `process`, also where the kernel does not let system calls be filtered. Without it: "
     "`inline` for what lies in relevo's own plugin folder, `process` for everything else."},
    {"plugins[].memory", RLV_OPTION_SIZE, PLUGIN(entry.memory), 0, "512MiB", 16 * MIB, 65536 * MIB, NULL, NULL,
     "Memory that its process may have of its own."},
    {"plugins[].event_budget", DURATION, PLUGIN(entry.event_ms), 0, "2s", 10, 10 * MS_M, NULL, NULL,
     "How long its process may take to answer about one event; of an inline one, the copy that tries it after a crash. Over it, "
     "the process is killed, and a person gets the event when that happens twice."},
    {"plugins[].batch_budget", DURATION, PLUGIN(entry.batch_ms), 0, "10s", 10, 10 * MS_M, NULL, NULL,
     "The same for a batch of consume.batch_max events; in proportion for smaller ones."},
    {"plugins[].start_budget", DURATION, PLUGIN(entry.start_ms), 0, "60s", 100, MS_H, NULL, NULL,
     "How long its process may take to load it and to make its instance."},
    {"plugins[].offences", INTEGER, PLUGIN(entry.offences), 0, "10", 1, 1000, "events", NULL,
     "So many events within ten minutes that its process does not survive, and it is quarantined: it is not asked any "
     "more until `relevo plugin release`."},
    {"plugins[].options", RLV_OPTION_TREE, PLUGIN(entry.options), RELOADABLE, NULL, 0, 0, NULL, NULL,
     "The plugin's own options: `relevo plugin info <name>` lists them."},

    {"policy.combined", REAL, ROOT(config.policy.combined), RELOADABLE, "0.9", 0, 2, NULL, NULL,
     "Weighted scores w of all triggers combine as 1 - (1-w1)(1-w2)...; at or above this they hand off "
     "together. "
     "Above 1: never."},
    {"policy.idle_close", DURATION, ROOT(config.policy.idle_close_ms), RELOADABLE, "24h", 0, 365 * MS_D, NULL,
     NULL, "A conversation with the bot is closed after so long without a message; 0: never."},
    {"policy.silence", DURATION, ROOT(config.policy.silence_ms), RELOADABLE, "0", 0, 30 * MS_D, NULL, NULL,
     "A customer who has said nothing to the bot for so long is silent: triggers are asked about it, once (the condition `silence` of the "
     "trigger rule). 0: never."},
    {"policy.silence_hours", STRING, ROOT(silence_hours), RELOADABLE, "", 0, 0, NULL, NULL,
     "Name of the hours whose time alone counts for that: who falls silent at closing time is asked about after the next opening, if the conversation is "
     "not closed before (policy.idle_close). Without it the night counts too."},
    {"policy.pause", DURATION, ROOT(config.policy.pause_ms), RELOADABLE, "2s", 0, 30 * MS_S, NULL, NULL,
     "A short message (up to 160 characters) that a customer writes to the bot waits so long for the next one, at most four pauses in "
     "all; then they are answered as one. Longer messages, choices and media are decided at once, with what waited before them. 0: "
     "each message is answered by itself."},
    {"policy.undelivered", RLV_OPTION_CHOICE, ROOT(config.policy.undelivered), RELOADABLE, "hand_over",
     RLV_UNDELIVERED_HAND_OVER, 0, "hand_over|leave", NULL,
     "What follows when a message of the bot was not delivered, or its outcome stays unknown. `hand_over`: a person gets the "
     "conversation. `leave`: it is a decision to read (`undelivered`), and nothing else."},
    {"policy.read_receipts", RLV_OPTION_BOOLEAN, ROOT(config.policy.read_receipts), RELOADABLE, "false", 0, 0, NULL, NULL,
     "What a customer writes to the bot is marked as read, and they see that it writes until it answers, for 25 s at most. Each is one more "
     "request to WhatsApp, ahead of the answer."},
    {"policy.queue.tell_after", DURATION, ROOT(config.policy.queue.tell_after_ms), RELOADABLE, "1m", 0, 7 * MS_D, NULL, NULL,
     "A customer who waits so long for a person is told where they stand: the expected wait where it is known (notices.expected), else "
     "the place in the queue (notices.waiting). 0: never. Only time within policy.people counts, here and below."},
    {"policy.queue.tell_every", DURATION, ROOT(config.policy.queue.tell_every_ms), RELOADABLE, "10m", 0, 7 * MS_D, NULL, NULL,
     "And again each time that so much has passed; 0: once."},
    {"policy.queue.leave", RLV_OPTION_BOOLEAN, ROOT(config.policy.queue.leave), RELOADABLE, "true", 0, 0, NULL, NULL,
     "They may go on with the bot meanwhile, by a button (notices.leave) or its words."},
    {"policy.queue.collect", TEXT, ROOT(config.policy.queue.collect), RELOADABLE, NULL, 0, 0, NULL, NULL,
     "What they are asked meanwhile: one of the `choices` that begin a question flow (`flow:details`), as for follow-ups. Only what is not known is asked, "
     "one question at a time, until a person has them. Without it, or with `none`: nothing. Triggers and rules may name another one."},
    {"policy.queue.collect_after", DURATION, ROOT(config.policy.queue.collect_after_ms), RELOADABLE, "15s", 0, MS_D, NULL, NULL,
     "The first question comes when they have waited for so long: who is answered at once is asked nothing."},
    {"policy.queue.give_up", DURATION, ROOT(config.policy.queue.give_up_ms), RELOADABLE, "0", 0, 7 * MS_D, NULL, NULL,
     "Nobody came for so long: what follows is policy.queue.give_up_to. 0: they wait for ever."},
    {"policy.queue.give_up_to", RLV_OPTION_CHOICE, ROOT(config.policy.queue.give_up_to), RELOADABLE, "wait", RLV_GIVE_UP_WAIT, 0,
     "wait|bot|callback", NULL,
     "`wait`: they are told so (notices.nobody) and wait on. `bot`: they are told so, and the bot has them again. `callback`: they wait on, and "
     "are asked when and where to reach them (notices.callback); a telephone number, an address or a time is kept as `callback`, and confirmed (notices.noted); a yes or no is kept."},
    {"policy.survey.kind", RLV_OPTION_CHOICE, ROOT(config.policy.survey.kind), RELOADABLE, "csat", RLV_SURVEY_CSAT, 0, "csat|nps", NULL,
     "What is asked after a person had the conversation. `csat`: 1 to 5, by a list to choose from. `nps`: 0 to 10, written."},
    {"policy.survey.on_resolve", RLV_OPTION_BOOLEAN, ROOT(config.policy.survey.on_resolve), RELOADABLE, "false", 0, 0, NULL, NULL,
     "Ask whenever a person closes a case that they had. Else only when they return it to the bot with the purpose `survey`."},
    {"policy.survey.comment", RLV_OPTION_BOOLEAN, ROOT(config.policy.survey.comment), RELOADABLE, "true", 0, 0, NULL, NULL,
     "Ask for a free comment after the score (notices.comment)."},
    {"policy.survey.wait", DURATION, ROOT(config.policy.survey.wait_ms), RELOADABLE, "24h", MS_M, 30 * MS_D, NULL, NULL,
     "An answer is one for so long; later it is a message like any other."},
    {"policy.survey.template", TEXT, ROOT(config.policy.survey.template), RELOADABLE, NULL, 0, 0, NULL, NULL,
     "Name of an approved template that asks, when WhatsApp's 24 hours are over. Without it nobody is asked then."},
    {"policy.survey.parameters", RLV_OPTION_LIST, ROOT(config.policy.survey.parameters), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,
     "What stands in the template's {{1}}, {{2}}, ...: texts, in which {name} becomes the customer's name and {agent} the name of who closed it."},
    {"policy.reopen.to", RLV_OPTION_CHOICE, ROOT(config.policy.reopen.to), RELOADABLE, "bot", RLV_REOPEN_BOT, 0, "bot|people", NULL,
     "Who gets a customer who writes again after a person closed the case. `people`: the queue, where their last agent is tried first."},
    {"policy.reopen.within", DURATION, ROOT(config.policy.reopen.within_ms), RELOADABLE, "24h", MS_M, 90 * MS_D, NULL, NULL,
     "So long after it was closed; later it is the bot."},
    {"policy.people", STRING, ROOT(people), RELOADABLE, "", 0, 0, NULL, NULL,
     "Name of the hours in which people answer. Outside them a customer who is handed over is told so by "
     "notices.away. Without it: at all times."},
    {"policy.hours", RLV_OPTION_ENTRIES, ROOT(config.policy), RELOADABLE, NULL, 0, 0, NULL, NULL,
     "Hours of the business, to be named by policy.people and by triggers and rules."},
    {"policy.hours[].name", TEXT, HOURS(entry.name), RELOADABLE | REQUIRED, NULL, 0, 0, NULL, rlv_rule_entry,
     "Their name."},
    {"policy.hours[].timezone", STRING, HOURS(timezone), RELOADABLE, "UTC", 0, 0, NULL, rlv_rule_filled,
     "Whose clocks: America/Mexico_City."},
    {"policy.hours[].open", RLV_OPTION_LIST, HOURS(open), RELOADABLE | REQUIRED, NULL, 0, 0, NULL, rlv_rule_filled,
     "Weekdays and a span of each: `mon-fri 09:00-14:00`, `sat,sun 10:00-24:00`. A day may have several."},
    {"policy.hours[].closed", RLV_OPTION_LIST, HOURS(closed), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,
     "Holidays: `2026-12-25`, `2026-12-24..2027-01-02`, or a part of them: `2026-12-31 14:00-24:00`."},
    {"policy.triggers", RLV_OPTION_ENTRIES, ROOT(config.policy.triggers), RELOADABLE, NULL, 0, 0, NULL, NULL,
     "How each trigger's score is taken. A trigger without an entry has the defaults below."},
    {"policy.triggers[].trigger", TEXT, TRIGGER(entry.trigger), RELOADABLE | REQUIRED, NULL, 0, 0, NULL, NULL,
     "Name of a plugin's entry."},
    {"policy.triggers[].threshold", REAL, TRIGGER(entry.threshold), RELOADABLE, "0.5", 0, 1, NULL, NULL,
     "weight x score at or above it hands off."},
    {"policy.triggers[].weight", REAL, TRIGGER(entry.weight), RELOADABLE, "1", 0, 10, NULL, NULL,
     "Multiplies the score."},
    {"policy.triggers[].alone", RLV_OPTION_BOOLEAN, TRIGGER(entry.alone), RELOADABLE, "true", 0, 0, NULL, NULL,
     "It may hand off by itself, and counts in policy.combined. false: only policy.rules use it."},
    CONSEQUENCES("policy.triggers[].", TRIGGER),
    {"policy.rules", RLV_OPTION_ENTRIES, ROOT(config.policy.rules), RELOADABLE, NULL, 0, 0, NULL, NULL,
     "Handoffs that need several triggers at once. A condition is the name of a trigger, which must then reach its own "
     "threshold, or `sentiment >= 0.6`; scores are weighted. A rule that needs a trigger in observe mode only observes "
     "too."},
    {"policy.rules[].rule", TEXT, RULE(entry.trigger), RELOADABLE | REQUIRED, NULL, 0, 0, NULL, rlv_rule_entry,
     "Its name: the trigger that decisions and reports name."},
    {"policy.rules[].all", RLV_OPTION_LIST, RULE(all), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,
     "Conditions that must all hold."},
    {"policy.rules[].any", RLV_OPTION_LIST, RULE(any), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,
     "Conditions of which one must hold."},
    {"policy.rules[].none", RLV_OPTION_LIST, RULE(none), RELOADABLE, NULL, 0, 0, NULL, rlv_rule_filled,
     "Conditions of which none may hold."},
    CONSEQUENCES("policy.rules[].", RULE),

    NOTICE(handoff, "Te comunico con una persona de nuestro equipo. En un momento te atiende.",
           "Vou te passar para uma pessoa da nossa equipe. Em instantes ela te atende.",
           "I am connecting you with a person from our team. They will be with you in a moment.",
           "Said when the conversation joins the queue."),
    NOTICE(away, "Ahora no hay nadie de nuestro equipo. Dejé tu caso en sus manos: te escriben {opens}. Mientras tanto, "
           "puedes seguir contándome.",
           "Agora não há ninguém da nossa equipe. Deixei o seu caso com eles: escrevem para você {opens}. Enquanto isso, "
           "pode continuar me contando.",
           "Nobody from our team is here right now. I left your case with them: they will write to you {opens}. Meanwhile, "
           "feel free to tell me more.",
           "Said instead outside policy.people; {opens} becomes when they are back."),
    NOTICE(assigned, "Hola, soy {agent} y voy a ayudarte.", "Olá, aqui é {agent} e vou te ajudar.",
           "Hello, this is {agent}. I will help you.",
           "Said when a person has it; {agent} becomes the name."),
    NOTICE(returned, "Sigo aquí para ayudarte. Si prefieres hablar con una persona, dímelo.",
           "Continuo aqui para ajudar. Se preferir falar com uma pessoa, é só dizer.",
           "I am here to help you further. If you would rather talk to a person, just say so.",
           "Said when people give it back to the bot."),
    NOTICE(closed, "", "", "", "Said when it is resolved."),
    NOTICE(unknown,
           "No tengo esa respuesta. ¿Me lo cuentas de otra forma, o prefieres hablar con una persona?",
           "Não tenho essa resposta. Pode explicar de outra forma, ou prefere falar com uma pessoa?",
           "I do not have that answer. Could you put it another way, or would you rather talk to a person?",
           "Said when the bot has no answer and nothing hands off."),
    NOTICE(requeued, "Busco a otra persona que te atienda. No tienes que repetir nada.",
           "Vou procurar outra pessoa para te atender. Você não precisa repetir nada.",
           "I am looking for another person for you. You do not have to repeat anything.",
           "Said when it goes from a person back to the queue."),
    NOTICE(waiting, "Sigues en la fila: estás en el lugar {position}.", "Você continua na fila: está na posição {position}.",
           "You are still in the queue, at place {position}.",
           "Said while they wait (policy.queue.tell_after); {position} becomes the place in the team's queue."),
    NOTICE(expected, "Sigues en la fila. Te atenderán en aproximadamente {minutes} min.",
           "Você continua na fila. Vão te atender em cerca de {minutes} min.",
           "You are still in the queue. Somebody will be with you in about {minutes} min.",
           "Said instead where the wait is known, from how fast the team was in the last half hour; {minutes} becomes it, which may be 1."),
    NOTICE(leave, "Seguir con el bot", "Seguir com o bot", "Go on with the bot",
           "Title of the button by which they leave the queue, at most 20 characters; it works as a message too, whatever its capitals, accents and punctuation."),
    NOTICE(nobody, "Lo siento: todavía nadie ha podido atenderte.", "Sinto muito: ainda ninguém conseguiu te atender.",
           "I am sorry: nobody has been able to help you yet.", "Said when nobody came (policy.queue.give_up)."),
    NOTICE(callback, "Lo siento: todavía nadie ha podido atenderte. ¿Cuándo y en qué número te buscamos?",
           "Sinto muito: ainda ninguém conseguiu te atender. Quando e em que número podemos te procurar?",
           "I am sorry: nobody has been able to help you yet. When and at which number may we reach you?",
           "Said instead with policy.queue.give_up_to: callback."),
    NOTICE(noted, "Anotado. Te buscaremos así.", "Anotado. Vamos te procurar assim.", "Noted. We will reach you that way.",
           "Said when they answered that."),
    NOTICE(csat, "¿Cómo te atendimos? Elige de 1 (muy mal) a 5 (muy bien).",
           "Como foi o nosso atendimento? Escolha de 1 (muito ruim) a 5 (muito bom).",
           "How did we do? Choose from 1 (very bad) to 5 (very good).", "The survey's question (policy.survey.kind: csat)."),
    NOTICE(nps, "Del 0 al 10, ¿cuánto nos recomendarías a un amigo?", "De 0 a 10, quanto você nos recomendaria a um amigo?",
           "From 0 to 10, how likely are you to recommend us to a friend?", "The survey's question (policy.survey.kind: nps)."),
    NOTICE(comment, "¡Gracias! ¿Quieres contarnos algo más?", "Obrigado! Quer nos contar mais alguma coisa?",
           "Thank you! Is there anything you would like to add?", "Said after the score (policy.survey.comment)."),
    NOTICE(thanks, "¡Gracias por tu opinión!", "Obrigado pela sua opinião!", "Thank you for your opinion!",
           "Said when the survey is answered."),
};

const size_t rlv_options_n = sizeof(rlv_options) / sizeof(*rlv_options);

const rlv_option *rlv_option_find(const char *path)
{
    for (size_t i = 0; i < rlv_options_n; i++)
        if (strcmp(rlv_options[i].path, path) == 0)
            return &rlv_options[i];
    return NULL;
}

/* What follows "path." in an option's path; NULL when it does not lie below. */
static const char *below(const rlv_option *option, const char *path)
{
    size_t n = strlen(path);
    if (n == 0)
        return option->path;
    return strncmp(option->path, path, n) == 0 && option->path[n] == '.' ? option->path + n + 1 : NULL;
}

bool rlv_option_section(const char *path)
{
    for (size_t i = 0; i < rlv_options_n; i++)
        if (below(&rlv_options[i], path))
            return true;
    return false;
}

size_t rlv_option_children(rlv_arena *arena, const char *path, const char **names, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < rlv_options_n && n < max; i++) {
        const char *rest = below(&rlv_options[i], path);
        if (!rest)
            continue;
        rlv_str name = {rest, strcspn(rest, ".[")};
        bool seen = false;
        for (size_t j = 0; j < n; j++)
            seen = seen || rlv_str_is(name, names[j]);
        if (!seen)
            names[n++] = rlv_arena_printf(arena, "%.*s", RLV_STR_ARG(name));
    }
    return n;
}

bool rlv_option_variable(const rlv_option *option, char name[static 64])
{
    if (option->scope != RLV_SCOPE_ROOT || option->type == RLV_OPTION_ENTRIES ||
        option->type == RLV_OPTION_KAFKA)
        return false;
    /* The whole of Postgres is one value to most people. */
    bool postgres = strcmp(option->path, "postgres.url") == 0;
    int n = snprintf(name, 64, "RELEVO_%s", postgres ? "postgres" : option->path);
    for (int i = 0; i < n && i < 63; i++)
        name[i] = name[i] == '.' ? '_' : (char)toupper((unsigned char)name[i]);
    return true;
}
