/* SPDX-License-Identifier: Apache-2.0 */
/* The table of subcommands. No logic lives here. */
#include "cli/cli.h"

static const rlv_cli_command commands[] = {
    {"check", rlv_cli_check, "is all there that `consume` needs? file, plugins, Kafka, Postgres"},
    {"migrate", rlv_cli_migrate, "brings the database to this version"},
    {"topics", rlv_cli_topics, "creates or lists the Kafka topics"},
    {"consume", rlv_cli_consume, "decides: reads events, runs the plugins, publishes (the daemon)"},
    {"deliver", rlv_cli_deliver, "sends messages and performs effects (the daemon)"},
    {"gateway", rlv_cli_gateway, "takes Meta's webhooks and puts them on Kafka (the daemon)"},
    {"desk", rlv_cli_desk, "serves the page that agents work in, and its API (the daemon)"},
    {"account", rlv_cli_account, "who may log in at the desk"},
    {"lag", rlv_cli_lag, "how far behind each partition is"},
    {"dlq", rlv_cli_dlq, "dead letters: lists them, shows one, lets them be decided after all, drops them"},
    {"repair", rlv_cli_repair, "after a restore from a backup: makes Kafka and Postgres agree again"},
    {"replay", rlv_cli_replay, "tries another configuration or plugin on what was decided: which handoffs come, and go"},
    {"report", rlv_cli_report, "how well people are reached: containment, handoffs, waits, resolution, agents"},
    {"erase", rlv_cli_erase, "forgets a customer: the right to be forgotten"},
    {"expire", rlv_cli_expire, "drops what is older than the policy keeps (for every night)"},
    {"export", rlv_cli_export, "all that is known of a customer, as JSON"},
    {"timeline", rlv_cli_timeline, "what was said and decided, to read"},
    {"sandbox", rlv_cli_sandbox, "a stand-in of WhatsApp to develop with, and a phone to chat from"},
    {"webhook", rlv_cli_webhook, "sends saved webhook payloads of Meta as events"},
    {"plugin", rlv_cli_plugin, "lists the plugins, explains one, ends its quarantine"},
    {"config", rlv_cli_config, "the reference of all options"},
};

int main(int argc, char **argv)
{
    return rlv_cli_main(argc, argv, commands, sizeof(commands) / sizeof(*commands));
}
