/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: relevo.yaml, overridden by RELEVO_* in the environment, checked, as one struct. One
 * table of options (options.c) drives parsing, checking, the environment and the reference page. It never
 * connects to anything and never loads a plugin.
 */
#ifndef RLV_CONFIG_CONFIG_H
#define RLV_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/log.h"
#include "config/yaml.h"
#include "model/policy.h"

/* One property for librdkafka, as the operator wrote it. */
typedef struct rlv_config_property {
    const char *name, *value;
    int32_t line; /* 0: from the environment */
} rlv_config_property;

/* Where a plugin's code runs. */
enum rlv_isolation {
    RLV_ISOLATION_INLINE = 0,    /* in the consumer's process */
    RLV_ISOLATION_PROCESS = 1,   /* in a process of its own, or not at all where that cannot be confined */
    RLV_ISOLATION_UNCONFINED = 2 /* in a process of its own, confined as far as possible */
};

/* One entry of `plugins:`. */
typedef struct rlv_config_plugin {
    const char *name; /* [a-z][a-z0-9_]*, at most 31 characters, unique */
    const char *path; /* of the .so; relative only when the configuration's own path was */
    bool ours;        /* it lies in the program's own folder */
    const char *sha256; /* that the file must have, lower-case hex; "": any */
    enum rlv_isolation isolation;
    size_t memory;                       /* bytes of its own that its process may have; 0: any */
    int64_t event_ms, batch_ms, start_ms; /* how long an answer may take; a start. 0: a default of the host */
    int32_t offences;                    /* events that its process dies of, until it is quarantined; 0: as above */
    const rlv_yaml_node
        *options; /* a map with line numbers, to be bound against the plugin's own table; NULL: none */
    int32_t line;
} rlv_config_plugin;

/* One entry of `deliver.destinations:`: where effects may go. */
typedef struct rlv_config_destination {
    const char *name;          /* as in a plugin's options; unique */
    const char *url;           /* base of every path, without a slash at its end */
    const char *authorization; /* value of that header; "": none. Secret */
    const char *token;         /* the same as a bearer token. Secret */
    const char *token_url;     /* where OAuth's client credentials get one; NULL: not so */
    const char *client_id, *client_secret; /* client_secret: secret */
    const char *ca_file;       /* PEM of the authorities to trust; NULL: the system's */
    int64_t timeout_ms;
    size_t answer_max; /* bytes of an answer that are kept */
    double rate;       /* requests a second */
    bool private_ok;   /* may lie at a private address */
    int32_t line;
} rlv_config_destination;

/* One entry of `desk.templates:`: what WhatsApp approved, for when a customer's 24 hours are over. */
typedef struct rlv_config_template {
    const char *name, *language; /* as approved: [a-z0-9_]+; "es", "pt_BR" */
    const char *text;            /* its body, with {{1}}, {{2}}, ... for its parameters */
    int32_t n_parameters;
} rlv_config_template;

typedef struct rlv_config {
    const char *file;   /* as it was opened, for messages */
    const char *folder; /* its folder: relative paths in options are resolved against it */

    const char *cluster;        /* [a-z0-9.-]+; prefix of transactional ids */
    rlv_config_property *kafka; /* passed through; among them bootstrap.servers */
    size_t n_kafka;
    const char *postgres; /* conninfo or URL, with the password: secret. NULL only for a command that does not use it */

    struct { /* names with the prefix applied */
        const char *const *events;
        size_t n_events; /* at least 1 */
        const char *results, *decisions, *ownership, *outbound, *effects, *progress;
        const char *prefix;
        int32_t partitions, replication; /* for `relevo topics create` only */
    } topics;

    struct {
        const char *group;
        const char *instance; /* "": a dynamic member */
        int32_t batch_max;    /* events, 1 to 10000 */
        int64_t linger_ms;
        size_t cache_bytes;
        int64_t drain_ms, session_ms, postgres_timeout_ms, transaction_timeout_ms, command_poll_ms;
    } consume;

    struct {
        int32_t months; /* what `relevo expire` keeps; 0: everything */
    } retention;

    struct { /* url NULL: none, and records in Confluent's framing are dead letters */
        const char *url;
        const char *user, *password, *token, *ca_file; /* "" or NULL: without */
        int64_t timeout_ms;
    } registry;

    struct {
        const char *group;
        const char *api_url, *api_version, *token; /* of WhatsApp's Cloud API; token: secret */
        bool api_private;                          /* it may lie at a private address: the sandbox */
        const char *api_ca_file;                   /* PEM of the authorities to trust; NULL: the system's */
        int64_t timeout_ms, lease_ms, give_up_ms, confirm_ms, drain_ms, postgres_timeout_ms;
        double number_rate;          /* messages a second and business number */
        double pair_rate, pair_burst; /* messages a second to one customer, and at once */
        int32_t in_hand;             /* messages and effects read ahead */
        const rlv_config_destination *destinations;
        size_t n_destinations;
    } deliver;

    struct {
        const char *listen; /* "host:port", see rlv_value_address */
    } ops;

    struct {
        const char *listen, *path;
        const char *const *app_secrets; /* secret; any of them signs a webhook */
        size_t n_app_secrets;
        const char *verify_token; /* secret; "": Meta's handshake is refused */
        int32_t threads;
        size_t memory; /* bytes of bodies that wait for Kafka */
        int64_t ack_ms, drain_ms;
    } gateway;

    struct {
        const char *listen, *public_url; /* public_url NULL: where it listens */
        int32_t threads;
        int64_t session_ms, postgres_timeout_ms;
        const char *proxy_header; /* "": nobody logs in by a proxy */
        const char *const *proxy_peers;
        size_t n_proxy_peers;
        int64_t answer_within_ms; /* a customer who waits longer for a person is late */
        const rlv_config_template *templates;
        size_t n_templates;
    } desk;

    struct {
        const char *listen;
        const char *webhook; /* where its webhooks go; "": to gateway.listen and gateway.path */
        const char *phone_number_id, *display_phone_number, *account_id;
        const char *token; /* secret; "": any access token will do */
        const char *log;   /* a file; "": none */
    } sandbox;

    struct {
        enum rlv_log_level level;
        bool json;
    } log;

    struct {
        const char *const *keys; /* public keys, base64 */
        size_t n_keys;
        bool require_signature; /* of every plugin that is not ours */
    } trust;

    const char *plugin_dir;
    const rlv_config_plugin *plugins; /* in the order of the file: the order of calls */
    size_t n_plugins;

    rlv_policy policy;

    /* Of everything in this file that changes decisions: policy, plugins, options. Not of secrets, addresses
       or where the files lie. Stable across runs, machines and key order within the built-in sections. What plugins
       read from files besides comes in when they are made: rlv_host_hash. */
    uint64_t hash;

    rlv_arena *arena; /* owns all of the above */
} rlv_config;

/*
 * Reads and checks a configuration. path NULL: $RELEVO_CONFIG, else /etc/relevo/relevo.yaml. command: "consume", "gateway", ...: what it
 * does not use (uses.c) may be missing, and the files of those secrets are not opened, so that they are empty; NULL: for all. Immutable
 * afterwards: any thread may read it. RLV_E_CONFIG: err holds the first mistake as "file:line: what; what to
 * do" and how many more there are; RLV_E_NOT_FOUND: no such file.
 */
RLV_MUST_CHECK int rlv_config_load(const char *path, const char *command, rlv_config **ret, rlv_error *err);
void rlv_config_free(rlv_config *config);

/* Reads it again and appends every mistake, one a line, in the order of the file. Returns how many there are.
 */
size_t rlv_config_mistakes(const char *path, const char *command, rlv_buf *out);

/* Reads it again and appends it as YAML, or as a line of JSON, each value with where it comes from, secrets hidden. RLV_E_CONFIG as
   rlv_config_load. */
RLV_MUST_CHECK int rlv_config_print(const char *path, const char *command, bool json, rlv_buf *out, rlv_error *err);

/*
 * Puts another file in a plugin's place, before the configuration is used: for `relevo replay`. A file outside the program's
 * folder runs in a process of its own. The hash stays as it was. RLV_E_NOT_FOUND: no such entry, or no such file.
 */
RLV_MUST_CHECK int rlv_config_replace_plugin(rlv_config *config, rlv_str entry, const char *path, rlv_error *err);

/* Whether a command works with this option ("deliver.token"), or this section. One that is not known, and NULL, with all of them. */
bool rlv_config_uses(const char *command, const char *path);
/* Whether it is known what a command uses: of each that works with servers, secrets or plugins it is. */
bool rlv_config_known_command(const char *command);

/* The value of a Kafka property; NULL when it is not set. */
const char *rlv_config_kafka(const rlv_config *config, const char *name);

/*
 * Where a plugin of this name lies when no configuration is read: in $RELEVO_PLUGIN_DIR, else in the default
 * folder. False when there is no such file, or the path is longer than size. Not while another thread changes
 * the environment.
 */
bool rlv_config_find_plugin(const char *name, char *ret_path, size_t size);

/* Whether a file lies in the program's own plugin folder, which is trusted as much as the program is. */
bool rlv_config_ours(const char *path);

/* Appends the reference page (docs/configuration.md), or the same as a line of JSON, made from the table. */
void rlv_config_reference(bool json, rlv_buf *out);

#endif
