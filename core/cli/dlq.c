/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo dlq`: what could not be decided: to look at, to be decided after all, to be done with. */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/dlq.h"

enum { AT_ONCE = 200, SHOWN_MAX = 4096 };
static const size_t ARENA_MAX = (size_t)1 << 30;

static const char help[] =
    "Usage: relevo dlq list [FILTERS] [--all] [--json]\n"
    "       relevo dlq show LETTER [--raw | --json]\n"
    "       relevo dlq replay LETTER... | FILTERS | --all  [--dry-run] [--force] [--json]\n"
    "       relevo dlq drop LETTER... | FILTERS | --all  [--dry-run] [--json]\n\n"
    "  list              dead letters that nobody has seen to, with the reason; --all: the others too\n"
    "  show LETTER       one of them in full: headers, key, value; --raw: the bytes of its value alone\n"
    "  replay            puts them back into the topic and partition that they came from, unchanged, to be decided after all\n"
    "  drop              is done with them: they are listed no more, and those before the first that is open are deleted\n\n"
    "  LETTER            as list names it: TOPIC:PARTITION:OFFSET\n"
    "  --topic TOPIC     only of this topic: the input, or its .dlq\n"
    "  --reason REASON   only of this reason: undecodable, too_large, ...\n"
    "  --since WHEN      only since then: 24h, 7d, 2026-03-01, 2026-03-01T14:30\n"
    "  --all             of replay and drop: whatever is open\n"
    "  --dry-run         only says what it would do\n"
    "  --force           replays those of reason plugin_died too, which were decided already: they are duplicates then\n"
    "  --json            for machines\n"
    "  --config FILE     the configuration\n\n"
    "What was done with a letter, and by whom, is written behind it in its topic: nothing is replayed twice.\n";

/* What was asked for. */
struct wish {
    const char *path, *topic, *reason, *since;
    bool all, json, raw, dry, force;
    int64_t since_ms;
    char **letters; /* as written */
    int n_letters;
};

static bool is(rlv_str s, const char *word)
{
    return s.len == strlen(word) && memcmp(s.ptr, word, s.len) == 0;
}

/* ---- which -------------------------------------------------------------------------------------------------------- */

/* "topic:1:17"; the topic's own name may hold colons no more than Kafka allows: none. */
static bool named(const rlv_dlq_letter *letter, const char *word)
{
    char name[320];
    (void)snprintf(name, sizeof(name), "%s:%d:%" PRId64, letter->topic, letter->partition, letter->offset);
    return strcmp(name, word) == 0;
}

static bool fits(const struct wish *wish, const rlv_dlq_letter *letter)
{
    if (wish->topic && strcmp(wish->topic, letter->topic) != 0 && !is(letter->from_topic, wish->topic))
        return false;
    if (wish->reason && !is(letter->reason, wish->reason))
        return false;
    return letter->at_ms >= wish->since_ms;
}

static const rlv_dlq_letter *find(const rlv_dlq *letters, const char *word)
{
    for (size_t i = 0; i < letters->n; i++)
        if (named(&letters->list[i], word))
            return &letters->list[i];
    return NULL;
}

static int not_there(const char *word, rlv_error *err)
{
    return rlv_error_set(err, RLV_E_NOT_FOUND, "there is no dead letter '%s': `relevo dlq list --all` names those that there are, as TOPIC:PARTITION:OFFSET",
                         word);
}

/* ---- list --------------------------------------------------------------------------------------------------------- */

static void write_time(int64_t ms, char *ret, size_t size)
{
    time_t at = (time_t)(ms / 1000);
    struct tm tm;
    if (!localtime_r(&at, &tm) || strftime(ret, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        (void)snprintf(ret, size, "%" PRId64, ms);
}

static json_t *text(rlv_str s)
{
    json_t *string = s.ptr ? json_stringn(s.ptr, s.len) : json_null();
    return string ? string : json_null(); /* not UTF-8 */
}

static json_t *number(rlv_str s)
{
    int64_t n;
    return rlv_str_int(s, &n) ? json_integer(n) : json_null();
}

static json_t *as_json(const rlv_dlq_letter *letter)
{
    char id[320];
    (void)snprintf(id, sizeof(id), "%s:%d:%" PRId64, letter->topic, letter->partition, letter->offset);
    return json_pack("{s:s, s:s, s:i, s:I, s:I, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:I, s:o, s:o}", "id", id, "topic", letter->topic,
                     "partition", letter->partition, "offset", (json_int_t)letter->offset, "at_ms", (json_int_t)letter->at_ms, "reason",
                     text(letter->reason), "message", text(letter->message), "from", "topic", text(letter->from_topic), "partition",
                     number(letter->from_partition), "offset", number(letter->from_offset), "key", text(letter->key), "bytes",
                     (json_int_t)letter->bytes, "done", text(letter->done), "by", text(letter->by));
}

static int list_json(const rlv_dlq *letters, const struct wish *wish)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < letters->n; i++)
        if (fits(wish, &letters->list[i]) && (wish->all || !letters->list[i].done.len))
            (void)json_array_append_new(rows, as_json(&letters->list[i]));
    return rlv_cli_put_json(json_pack("{s:o}", "letters", rows));
}

static int list(const rlv_dlq *letters, const struct wish *wish)
{
    size_t open = 0, shown = 0;
    if (wish->json)
        return list_json(letters, wish);
    for (size_t i = 0; i < letters->n; i++) {
        const rlv_dlq_letter *letter = &letters->list[i];
        open += !letter->done.len;
        if (!fits(wish, letter) || (letter->done.len && !wish->all))
            continue;
        char at[40], name[320];
        write_time(letter->at_ms, at, sizeof(at));
        (void)snprintf(name, sizeof(name), "%s:%d:%" PRId64, letter->topic, letter->partition, letter->offset);
        if (shown++ == 0)
            (void)printf("%-40s %-19s %9s  %-16s %s\n", "LETTER", "AT", "BYTES", "REASON", "MESSAGE");
        (void)printf("%-40s %-19s %9zu  %-16.*s %.*s", name, at, letter->bytes, RLV_STR_ARG(letter->reason), RLV_STR_ARG(letter->message));
        if (letter->done.len)
            (void)printf(" (%.*s by %.*s)", RLV_STR_ARG(letter->done), RLV_STR_ARG(letter->by));
        (void)puts("");
    }
    if (shown == 0)
        (void)puts(open ? "None of these. Others are open." : "No dead letter is open.");
    return EX_OK;
}

/* ---- show --------------------------------------------------------------------------------------------------------- */

static bool readable(rlv_str s)
{
    for (size_t i = 0; i < s.len;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + i, (utf8proc_ssize_t)(s.len - i), &point);
        if (n < 1 || point == 0)
            return false;
        i += (size_t)n;
    }
    return true;
}

/* Text as text, tamed; anything else as bytes. */
static void put_text(const char *name, rlv_str s)
{
    char shown[SHOWN_MAX + 1];
    size_t len = s.len < SHOWN_MAX ? s.len : SHOWN_MAX;
    if (!s.ptr) {
        (void)printf("%s: absent\n", name);
        return;
    }
    if (!readable(s)) {
        (void)printf("%s:", name);
        for (size_t i = 0; i < len && i < 256; i++)
            (void)printf("%s%02x", i % 32 == 0 ? "\n    " : i % 4 == 0 ? " " : "", (unsigned char)s.ptr[i]);
        (void)printf("%s\n", s.len > 256 ? "\n    ..." : "");
        return;
    }
    memcpy(shown, s.ptr, len);
    shown[len] = '\0';
    rlv_cli_tame(shown, len, false);
    (void)printf("%s: %s%s\n", name, shown, s.len > len ? " ..." : "");
}

static void put_headers(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(message, &headers))
        return;
    for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &len); i++) {
        char label[200];
        (void)snprintf(label, sizeof(label), "header %.180s", name);
        rlv_cli_tame(label, strlen(label), false);
        put_text(label, (rlv_str){value, value ? len : 0});
    }
}

/* Text, or {"base64": "..."} of what is none; null where there is nothing. */
static json_t *bytes(rlv_str s)
{
    json_t *whole = s.ptr ? json_stringn(s.ptr, s.len) : json_null();
    if (whole)
        return whole;
    size_t size = sodium_base64_ENCODED_LEN(s.len, sodium_base64_VARIANT_ORIGINAL);
    char *encoded = malloc(size);
    if (encoded)
        whole = json_pack("{s:s}", "base64",
                          sodium_bin2base64(encoded, size, (const unsigned char *)s.ptr, s.len, sodium_base64_VARIANT_ORIGINAL));
    free(encoded);
    return whole;
}

/* What a record of ours says, as JSON in the arena; absent when it is none. */
static rlv_str read_ours(rlv_dlq *letters, rlv_str value)
{
    rlv_error unread;
    rlv_str json = {NULL, 0};
    rlv_wire *wire = rlv_wire_new(&unread);
    bool read = wire && rlv_wire_to_json(wire, letters->arena, value, &json, &unread) == RLV_OK;
    rlv_wire_free(wire);
    return read ? json : (rlv_str){NULL, 0};
}

/* As list has it, with its headers in their order, its key and its value; "record" is what a value of ours says. */
static int show_json(rlv_dlq *letters, const rlv_dlq_letter *letter, const rd_kafka_message_t *message, rlv_error *err)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t len;
    rlv_str ours = read_ours(letters, (rlv_str){message->payload, message->len});
    json_t *whole = as_json(letter), *all = json_array();
    bool lost = !whole || !all;
    for (size_t i = 0; !rd_kafka_message_headers(message, &headers) && !rd_kafka_header_get_all(headers, i, &name, &value, &len); i++)
        lost |= json_array_append_new(all, json_pack("{s:o, s:o}", "name", bytes(rlv_str_from(name)), "value",
                                                     bytes((rlv_str){value, value ? len : 0}))) != 0;
    lost |= json_object_set_new(whole, "headers", all) != 0;
    lost |= json_object_set_new(whole, "key", bytes((rlv_str){message->key, message->key_len})) != 0;
    lost |= json_object_set_new(whole, "value", bytes((rlv_str){message->payload, message->len})) != 0;
    lost |= json_object_set_new(whole, "record", ours.ptr ? json_loadb(ours.ptr, ours.len, JSON_ALLOW_NUL, NULL) : json_null()) != 0;
    if (!lost && rlv_cli_put_json(whole) == EX_OK)
        return RLV_OK;
    if (lost)
        json_decref(whole);
    return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
}

static int show(rlv_dlq *letters, const struct wish *wish, rlv_error *err)
{
    const rlv_dlq_letter *letter = find(letters, wish->letters[0]);
    if (!letter)
        return not_there(wish->letters[0], err);
    rd_kafka_message_t *message;
    int rc = rlv_dlq_fetch(letters, letter, &message, err);
    if (rc)
        return rc;
    rlv_str value = {message->payload, message->len};
    if (wish->raw)
        (void)fwrite(value.ptr, 1, value.len, stdout);
    else if (wish->json)
        rc = show_json(letters, letter, message, err);
    if (wish->raw || wish->json) {
        rd_kafka_message_destroy(message);
        return rc;
    }
    char at[40];
    write_time(letter->at_ms, at, sizeof(at));
    (void)printf("letter: %s\nat: %s\n", wish->letters[0], at);
    if (letter->done.len)
        (void)printf("done: %.*s by %.*s\n", RLV_STR_ARG(letter->done), RLV_STR_ARG(letter->by));
    put_headers(message);
    put_text("key", (rlv_str){message->key, message->key_len});
    rlv_str ours = read_ours(letters, value);
    put_text(ours.ptr ? "value (ours)" : "value", ours.ptr ? ours : value);
    rd_kafka_message_destroy(message);
    return RLV_OK;
}

/* ---- replay, drop -------------------------------------------------------------------------------------------------- */

static bool is_input(const rlv_config *config, rlv_str topic)
{
    for (size_t i = 0; i < config->topics.n_events; i++)
        if (is(topic, config->topics.events[i]))
            return true;
    return is(topic, config->topics.results);
}

/* NULL: it may be. */
static const char *why_not(const rlv_dlq *letters, const struct wish *wish, enum rlv_dlq_deed deed, const rlv_dlq_letter *letter)
{
    if (letter->done.len)
        return "somebody saw to it already";
    if (deed == RLV_DLQ_DROP)
        return NULL;
    if (!is_input(letters->config, letter->from_topic))
        return "it does not say from which topic of this installation it came";
    if (is(letter->reason, "plugin_died") && !wish->force)
        return "it was decided already (--force: once more, as a duplicate)";
    return NULL;
}

struct choice {
    const rlv_dlq_letter **list;
    size_t n, refused;
};

/* Those that were named are refused aloud; of those that filters found, what may not be is only counted. */
static int choose(const rlv_dlq *letters, const struct wish *wish, enum rlv_dlq_deed deed, struct choice *ret, rlv_error *err)
{
    size_t most = wish->n_letters ? (size_t)wish->n_letters : letters->n;
    ret->list = calloc(most + 1, sizeof(*ret->list));
    if (!ret->list)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (size_t i = 0; i < most; i++) {
        const rlv_dlq_letter *letter = wish->n_letters ? find(letters, wish->letters[i]) : &letters->list[i];
        if (!letter)
            return not_there(wish->letters[i], err);
        if (!wish->n_letters && (letter->done.len || !fits(wish, letter)))
            continue;
        bool twice = false;
        for (size_t j = 0; wish->n_letters && j < ret->n; j++)
            twice = twice || ret->list[j] == letter;
        const char *why = why_not(letters, wish, deed, letter);
        if (why && wish->n_letters)
            return rlv_error_set(err, RLV_E_REFUSED, "%s stays as it is: %s", wish->letters[i], why);
        if (why)
            ret->refused++;
        else if (!twice)
            ret->list[ret->n++] = letter;
    }
    return RLV_OK;
}

/* What was done is told even when not all of it could be. */
static int tell(const struct wish *wish, enum rlv_dlq_deed deed, const struct choice *choice, size_t done)
{
    const char *verb = deed == RLV_DLQ_REPLAY ? "replayed" : "dropped";
    if (wish->json) {
        json_t *ids = json_array();
        for (size_t i = 0; i < done; i++)
            (void)json_array_append_new(ids, as_json(choice->list[i]));
        return rlv_cli_put_json(json_pack("{s:o, s:I, s:b}", verb, ids, "refused", (json_int_t)choice->refused, "dry_run", wish->dry));
    }
    for (size_t i = 0; wish->dry && i < done; i++)
        (void)printf("%s:%d:%" PRId64 " %.*s\n", choice->list[i]->topic, choice->list[i]->partition, choice->list[i]->offset,
                     RLV_STR_ARG(choice->list[i]->reason));
    (void)printf("%s%s %zu dead letters\n", wish->dry ? "would have " : "", verb, done);
    if (choice->refused)
        (void)printf("%zu stay as they are: they were decided already, or came from elsewhere\n", choice->refused);
    return EX_OK;
}

static int act(rlv_dlq *letters, const struct wish *wish, enum rlv_dlq_deed deed, rlv_error *err)
{
    rlv_dlq_desk desk = {.config = letters->config};
    struct choice choice = {0};
    size_t done = 0;
    int64_t cleared;
    int rc = wish->dry ? RLV_OK : rlv_dlq_desk_open(&desk, err);
    if (rc == RLV_OK) /* after the desk was opened: what another one did is seen */
        rc = rlv_dlq_read(letters, err);
    if (rc == RLV_OK)
        rc = choose(letters, wish, deed, &choice, err);
    if (rc == RLV_OK && wish->dry)
        done = choice.n;
    while (rc == RLV_OK && done < choice.n) {
        size_t n = choice.n - done < AT_ONCE ? choice.n - done : AT_ONCE;
        rlv_cli_bar("dead letters", done, choice.n);
        rc = rlv_dlq_desk_do(&desk, letters, deed, choice.list + done, n, err);
        if (rc == RLV_OK)
            done += n;
    }
    rlv_cli_bar("dead letters", choice.n, choice.n);
    if ((rc == RLV_OK || done) && tell(wish, deed, &choice, done) && rc == RLV_OK)
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    free(choice.list);
    if (rc == RLV_OK && deed == RLV_DLQ_DROP && done && !wish->dry)
        rc = rlv_dlq_read(letters, err);
    if (rc == RLV_OK && deed == RLV_DLQ_DROP && done && !wish->dry)
        rc = rlv_dlq_delete_done(letters, &cleared, err);
    rlv_dlq_desk_close(&desk);
    return rc;
}

/* ---- the command ---------------------------------------------------------------------------------------------------- */

static int run(const rlv_config *config, const struct wish *wish, const char *verb)
{
    rlv_error err = {0};
    rlv_dlq letters = {.config = config, .arena = rlv_arena_new(ARENA_MAX)};
    bool reads = strcmp(verb, "list") == 0 || strcmp(verb, "show") == 0;
    int rc = letters.arena ? rlv_dlq_open(&letters, &err) : rlv_error_set(&err, RLV_E_LIMIT, "out of memory");
    int code = EX_OK;
    if (rc == RLV_OK && reads)
        rc = rlv_dlq_read(&letters, &err);
    if (rc == RLV_OK && strcmp(verb, "list") == 0)
        code = list(&letters, wish);
    else if (rc == RLV_OK && reads)
        rc = show(&letters, wish, &err);
    else if (rc == RLV_OK)
        rc = act(&letters, wish, strcmp(verb, "replay") == 0 ? RLV_DLQ_REPLAY : RLV_DLQ_DROP, &err);
    rlv_dlq_close(&letters);
    rlv_arena_free(letters.arena);
    return rc ? rlv_cli_fail(&err) : code;
}

/* What of the options belongs to which verb. NULL: all is well. */
static const char *wrong(const struct wish *wish, const char *verb)
{
    bool filters = wish->topic || wish->reason || wish->since, acts = strcmp(verb, "replay") == 0 || strcmp(verb, "drop") == 0;
    if (strcmp(verb, "show") == 0 && wish->raw && wish->json)
        return "--raw is the bytes alone: it has no --json";
    if (strcmp(verb, "show") == 0)
        return wish->n_letters != 1 || filters || wish->all ? "show takes one LETTER" : NULL;
    if (wish->raw)
        return "--raw is for show";
    if (strcmp(verb, "list") == 0)
        return wish->n_letters || wish->dry || wish->force ? "list takes filters, --all and --json" : NULL;
    if (acts && wish->force && strcmp(verb, "drop") == 0)
        return "--force is for replay";
    if (acts && wish->n_letters && (filters || wish->all))
        return "name letters, or give filters, not both";
    if (acts && !wish->n_letters && !filters && !wish->all)
        return "which? LETTER..., --topic, --reason, --since, or --all";
    return acts ? NULL : "say `relevo dlq list`, `show`, `replay` or `drop`";
}

int rlv_cli_dlq(int argc, char **argv)
{
    struct wish wish = {0};
    const rlv_cli_flag flags[] = {{"config", &wish.path, NULL}, {"topic", &wish.topic, NULL}, {"reason", &wish.reason, NULL},
                                  {"since", &wish.since, NULL}, {"all", NULL, &wish.all},     {"json", NULL, &wish.json},
                                  {"raw", NULL, &wish.raw},     {"dry-run", NULL, &wish.dry}, {"force", NULL, &wish.force}};
    int first, code = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (code >= 0)
        return code;
    const char *verb = first < argc ? argv[first] : "";
    wish.letters = argv + first + 1;
    wish.n_letters = argc - first > 1 ? argc - first - 1 : 0;
    const char *mistake = wrong(&wish, verb);
    if (mistake)
        return rlv_cli_usage("dlq", "%s", mistake);
    if (wish.since && !rlv_cli_moment(wish.since, &wish.since_ms))
        return rlv_cli_usage("dlq", "--since '%s' is no time: 24h, 7d, 2026-03-01 or 2026-03-01T14:30", wish.since);
    rlv_config *config;
    code = rlv_cli_load(argv[0], wish.path, &config);
    if (code)
        return code;
    code = run(config, &wish, verb);
    rlv_config_free(config);
    return code;
}
