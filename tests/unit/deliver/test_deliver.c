/* SPDX-License-Identifier: Apache-2.0 */
/* The role on real parts, WhatsApp's stand-in at its other end: what is written is sent once, health is told, and it leaves in
   order whoever is away. */
#include "deliver/deliver.h"

#include <pthread.h>
#include <stdio.h>

#include "call.h"
#include "cloudapi/cloudapi.h"
#include "lab.h"
#include "shelf.h"
#include "wire/wire.h"

enum {
    PATIENCE_US = 120000000
};

static lab *l;
static shelf *s;
static rlv_cloudapi *phone;
static const char *const secrets[] = {"of the app"};
static char listen_at[] = "127.0.0.1:0", api_url[64], group[64];

static int setup(void **state)
{
    void *part;
    rlv_error err;
    lab_setup(&part);
    l = part;
    shelf_group_setup(&part);
    s = part;
    static rlv_config config; /* lives as long as the phone */
    config = (rlv_config){.file = "relevo.yaml",
                          .gateway = {.app_secrets = secrets, .n_app_secrets = 1},
                          .sandbox = {.listen = listen_at,
                                      .log = "",
                                      .webhook = "http://127.0.0.1:1/",
                                      .phone_number_id = "106",
                                      .display_phone_number = "1",
                                      .account_id = "102",
                                      .token = "of the api"}};
    int rc = rlv_cloudapi_new(&config, &phone, &err);
    assert_ok(rc, err);
    (void)snprintf(api_url, sizeof(api_url), "http://127.0.0.1:%u", rlv_cloudapi_port(phone));
    (void)snprintf(group, sizeof(group), "%sdeliver", l->prefix);
    l->config.postgres = s->conninfo;
    l->config.deliver.group = group;
    l->config.deliver.api_url = api_url;
    l->config.deliver.api_version = "v23.0";
    l->config.deliver.token = "of the api";
    l->config.deliver.api_private = true;
    l->config.deliver.timeout_ms = 30000;
    l->config.deliver.lease_ms = 60000;
    l->config.deliver.give_up_ms = 600000;
    l->config.deliver.confirm_ms = 600000;
    l->config.deliver.drain_ms = 10000;
    l->config.deliver.postgres_timeout_ms = 20000;
    l->config.deliver.number_rate = 80;
    l->config.deliver.pair_rate = 1;
    l->config.deliver.pair_burst = 45;
    l->config.deliver.in_hand = 100;
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rlv_cloudapi_free(phone);
    void *part = s;
    if (s)
        shelf_group_teardown(&part);
    part = l;
    return lab_teardown(&part);
}

typedef struct role {
    rlv_config config;
    rlv_deliver *deliver;
    pthread_t thread;
    volatile sig_atomic_t stop;
    int rc;
    rlv_error err;
} role;

static void *run(void *arg)
{
    role *r = arg;
    r->rc = rlv_deliver_run(r->deliver, &r->stop, &r->err);
    return NULL;
}

static void start(role *r)
{
    rlv_error err;
    char why[256] = "";
    r->stop = 0;
    assert_ok(rlv_deliver_new(&r->config, &r->deliver, &err), err);
    assert_false(rlv_deliver_ready(r->deliver, why, sizeof(why)));
    assert_string_equal(why, "starting");
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void stop(role *r)
{
    r->stop = 1;
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    assert_ok(r->rc, r->err);
    rlv_deliver_free(r->deliver);
}

/* Until it says this of itself; "": that it is ready. */
static void await_word(role *r, const char *word)
{
    char why[512] = "";
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US;; rlv_clock_sleep_ms(20)) {
        bool ready = rlv_deliver_ready(r->deliver, why, sizeof(why));
        assert_int_equal(ready, why[0] == '\0');
        if (*word ? strstr(why, word) != NULL : ready)
            return;
        if (rlv_clock_mono_us() > until_us)
            fail_msg("'%s' instead of '%s'", why, word);
    }
}

static void test_what_cannot_be(void **state)
{
    (void)state;
    rlv_error err = {0};
    role r = {.config = l->config};
    rlv_config_property wrong[] = {l->property, {"no.such.property", "1", 9}};
    r.config.kafka = wrong;
    r.config.n_kafka = 2;
    assert_int_equal(rlv_deliver_new(&r.config, &r.deliver, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));
    assert_null(r.deliver);
    rlv_deliver_free(NULL);

    r.config = l->config; /* waiting mends no topic */
    r.config.topics.effects = "unit-there-is-no-such-topic";
    assert_ok(rlv_deliver_new(&r.config, &r.deliver, &err), err);
    assert_int_equal(rlv_deliver_run(r.deliver, &r.stop, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "unit-there-is-no-such-topic"));
    rlv_deliver_free(r.deliver);
}

static void test_kafka_is_away(void **state)
{
    (void)state;
    rlv_config_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1", 1}};
    role r = {.config = l->config};
    r.config.kafka = nobody;
    start(&r);
    await_word(&r, "waiting for 127.0.0.1:1");
    int64_t moved = 0, last = 0;
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; moved < 2; rlv_clock_sleep_ms(10)) {
        int64_t idle = rlv_deliver_idle_ms(r.deliver); /* it moves, whatever Kafka does */
        assert_true(idle >= 0 && rlv_clock_mono_us() < until_us);
        moved += idle < last;
        last = idle;
    }
    stop(&r);
}

/* A bot's message in its conversation's generation 5, as a lane publishes it; row: the conversation's generation now. */
static void say(int64_t seq, const char *wa_id, const char *text, int row)
{
    rlv_error err;
    char id[RLV_ID_TEXT + 1];
    rlv_record *records;
    rlv_str blob;
    size_t n, outbound = 0;
    rlv_arena_reset(l->arena);
    rlv_conversation c = {.id = rlv_conversation_id(RLV_STR("106"), rlv_str_from(wa_id)),
                          .phone_number_id = RLV_STR("106"),
                          .wa_id = rlv_str_from(wa_id),
                          .owner = RLV_OWNER_BOT,
                          .epoch = 5};
    rlv_event ev = {.kind = RLV_EVENT_MESSAGE,
                    .at_ms = rlv_clock_wall_ms(),
                    .conversation_id = c.id,
                    .phone_number_id = c.phone_number_id,
                    .wa_id = c.wa_id,
                    .message_id = RLV_STR("wamid.1"),
                    .text = RLV_STR("hola")};
    rlv_decision d = {.kind = RLV_DECIDED_REPLIED,
                      .owner = RLV_OWNER_BOT,
                      .epoch = 5,
                      .as.said = {.text = rlv_str_from(text), .source = RLV_STR("kb")}};
    rlv_outcome o = {.lane = 0, .seq = seq, .event = &ev, .conversation = &c, .decisions = {&d, &d, 1}};
    rlv_id_text(c.id, id);
    shelf_run(s->sql,
              "INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, "
              "wa_id, opened_ms, last_in_ms, state) VALUES ('%s', 0, 1, 1, %d, 1, '106', '%s', '%s', 1, %lld, '')",
              id, row, wa_id, wa_id, (long long)ev.at_ms);
    rlv_wire *wire = rlv_wire_new(&err);
    assert_non_null(wire);
    assert_ok(rlv_wire_pack(wire, l->arena, &o, &blob, &err), err);
    assert_ok(rlv_wire_unpack(blob, l->arena, &records, &n, &err), err);
    for (size_t i = 0; i < n; i++) {
        if (records[i].topic != RLV_TOPIC_OUTBOUND)
            continue;
        outbound++;
        assert_int_equal(rd_kafka_producev(l->client, RD_KAFKA_V_TOPIC(l->config.topics.outbound), RD_KAFKA_V_PARTITION(0),
                                           RD_KAFKA_V_VALUE((void *)(uintptr_t)records[i].bytes.ptr, records[i].bytes.len),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                         0);
    }
    assert_int_equal(outbound, 1);
    assert_int_equal(rd_kafka_flush(l->client, LAB_TIMEOUT_MS), 0);
    rlv_wire_free(wire);
}

static void await_state(int64_t seq, const char *state)
{
    const char *is = "";
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; strcmp(is, state) != 0; rlv_clock_sleep_ms(20)) {
        is = shelf_ask(s, "SELECT d.state FROM relevo.send r JOIN desk.sends d ON d.message = r.id AND d.part = r.part "
                       "WHERE r.lane = 0 AND r.seq = %lld", (long long)seq);
        if (rlv_clock_mono_us() > until_us)
            fail_msg("'%s' instead of '%s'", is, state);
    }
}

static size_t heard(const char *word)
{
    size_t n = 0;
    assert_int_equal(call(rlv_cloudapi_port(phone), "GET", "/sandbox/log", NULL, NULL), 200);
    for (const char *at = call_answer; (at = strstr(at, word)); at++)
        n++;
    return n;
}

static void open_windows(void)
{
    static const char *const json[] = {"Content-Type: application/json", NULL};
    assert_int_equal(call(rlv_cloudapi_port(phone), "POST", "/sandbox/settings", json, "{\"window_hours\":0}"), 200);
}

static void test_work(void **state)
{
    (void)state;
    role r = {.config = l->config};
    open_windows();
    say(1, "34601", "buenas", 5);
    say(2, "34602", "a destiempo", 6); /* somebody took over meanwhile */
    (void)lab_produce(l, l->config.topics.outbound, 0, "no message at all"); /* skipped, and no reason to stop */
    say(3, "34603", "adios", 5);
    start(&r);
    await_word(&r, "");
    assert_true(rlv_deliver_idle_ms(r.deliver) < 30000);
    await_state(1, "accepted");
    await_state(2, "suppressed");
    await_state(3, "accepted");
    stop(&r); /* and commits how far it is */
    assert_int_equal(lab_committed(l, group, l->config.topics.outbound, 0), 4);
    assert_int_equal(heard("buenas"), 1);
    assert_int_equal(heard("a destiempo"), 0);

    role again = {.config = l->config}; /* the next process reads on, and sends nothing twice */
    start(&again);
    say(4, "34604", "otra", 5);
    await_state(4, "accepted");
    stop(&again);
    assert_int_equal(heard("buenas"), 1);
    assert_int_equal(heard("otra"), 1);
}

/* Without Postgres nothing may be claimed: it waits, says so, and sends when it is back. */
static void test_postgres_is_away(void **state)
{
    (void)state;
    role r = {.config = l->config};
    r.config.postgres = "host=127.0.0.1 port=1 dbname=none connect_timeout=2";
    say(5, "34605", "espera", 5);
    start(&r);
    await_word(&r, "Postgres");
    stop(&r);
    assert_int_equal(heard("espera"), 0);
    role back = {.config = l->config};
    start(&back);
    await_state(5, "accepted");
    stop(&back);
    assert_int_equal(heard("espera"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be),
        cmocka_unit_test(test_kafka_is_away),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_postgres_is_away),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
