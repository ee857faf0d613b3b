/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule for answers, at its edge: the last that passes, the first that is refused. */
#include "common.h"

#include <math.h>
#include <stdlib.h>

#include "host/ring.h"

static rlv_arena *arena;
static rlv_collector c;
static char xs[RLV_HOST_BYTES_MAX + 2];

static void begin(enum rlv_phase phase)
{
    rlv_arena_reset(arena);
    assert_true(rlv_collector_init(&c, arena, phase, RLV_STR("p"), "plugin p", 2));
}

static int32_t emit(const relevo_answer *head)
{
    return c.sink.emit(&c.sink, 0, head);
}

static relevo_str x(size_t len)
{
    return (relevo_str){xs, len};
}

static relevo_str s(const char *z)
{
    return (relevo_str){z, strlen(z)};
}

#define HEAD(type, kind)                                                                                     \
    {                                                                                                        \
        sizeof(type), (kind)                                                                                 \
    }

static void test_kinds_and_phases(void **state)
{
    (void)state;
    /* By kind, the phases that take it, as plugin.h says. */
    static const unsigned takes[] = {
        [RELEVO_ANSWER_READING] = 1u << RLV_PHASE_CLASSIFY | 1u << RLV_PHASE_RESULT,
        [RELEVO_ANSWER_TRIGGER] = 1u << RLV_PHASE_TRIGGER | 1u << RLV_PHASE_RESULT,
        [RELEVO_ANSWER_REPLY] = 1u << RLV_PHASE_RESPOND | 1u << RLV_PHASE_RESULT,
        [RELEVO_ANSWER_ABSTAIN] = 1u << RLV_PHASE_RESPOND | 1u << RLV_PHASE_RESULT,
        [RELEVO_ANSWER_SLOT] = 1u << RLV_PHASE_CLASSIFY | 1u << RLV_PHASE_RESPOND | 1u << RLV_PHASE_RESULT,
        [RELEVO_ANSWER_ROUTE] = 1u << RLV_PHASE_ROUTE,
        [RELEVO_ANSWER_CARD] = 1u << RLV_PHASE_SUMMARIZE,
        [RELEVO_ANSWER_EFFECT] = 1u << RLV_PHASE_CLASSIFY | 1u << RLV_PHASE_RESPOND | 1u << RLV_PHASE_NOTIFY |
                                 1u << RLV_PHASE_RESULT,
        [RELEVO_ANSWER_MEMORY] = (1u << RLV_PHASES) - 1,
    };
    for (unsigned phase = 0; phase < RLV_PHASES; phase++)
        for (uint32_t kind = 0; kind < 12; kind++) {
            begin((enum rlv_phase)phase);
            union {
                relevo_answer head;
                relevo_answer_effect effect;
                relevo_answer_route route;
                relevo_answer_reply reply;
                relevo_answer_slot slot;
            } answer = {.head = {sizeof(answer), kind}};
            if (kind == RELEVO_ANSWER_REPLY)
                answer.reply.text = s("x");
            else if (kind == RELEVO_ANSWER_SLOT || kind == RELEVO_ANSWER_CARD)
                answer.slot.name = s("x");
            else if (kind == RELEVO_ANSWER_ROUTE)
                answer.route.rank = RELEVO_RANK_LEAST_LOADED;
            else if (kind == RELEVO_ANSWER_EFFECT)
                answer.effect.destination = answer.effect.method = s("x"), answer.effect.hold_ms = phase == RLV_PHASE_CLASSIFY;
            bool taken = kind >= 1 && kind <= 9 && takes[kind] & 1u << phase;
            assert_int_equal(emit(&answer.head), taken ? RELEVO_OK : RELEVO_E_KIND);
            assert_int_equal(c.first != NULL, taken);
            if (taken)
                assert_int_equal(c.first->answer->kind, kind);
        }
}

static void test_view_and_size(void **state)
{
    (void)state;
    begin(RLV_PHASE_RESPOND);
    relevo_answer_abstain a = {HEAD(a, RELEVO_ANSWER_ABSTAIN), 0.2, s("nothing near")};
    assert_int_equal(c.sink.emit(&c.sink, 1, &a.head), RELEVO_OK);
    assert_int_equal(c.sink.emit(&c.sink, 2, &a.head), RELEVO_E_VIEW);
    assert_int_equal(c.first->view, 1);
    assert_str(c.first->answer->as.abstain.reason, "nothing near");
    a.head.size = sizeof(a) - 1;
    assert_int_equal(emit(&a.head), RELEVO_E_SIZE);
    assert_int_equal(c.refused[2], 1);
    assert_int_equal(c.refused[4], 1);
    assert_string_equal(rlv_refusal_name(4), "size");
    assert_string_equal(rlv_refusal_name(0), "unknown");
}

static int32_t score(double value)
{
    begin(RLV_PHASE_TRIGGER);
    const relevo_answer_trigger t = {
        .head = HEAD(t, RELEVO_ANSWER_TRIGGER), .score = value, .evidence = s("e"), .reason = s("r")};
    return emit(&t.head);
}

/* Fields of 1.1: taken when the writer knew them, and never read behind a shorter struct. */
static void test_newer_fields(void **state)
{
    (void)state;
    begin(RLV_PHASE_TRIGGER);
    relevo_answer_trigger t = {.head = HEAD(t, RELEVO_ANSWER_TRIGGER), .score = 0.5, .asked = 1, .unless_answered = 0.7};
    assert_int_equal(emit(&t.head), RELEVO_OK);
    assert_true(c.first->answer->as.trigger.asked);
    assert_true(c.first->answer->as.trigger.unless_answered > 0.69);
    t.unless_answered = 1.5;
    assert_int_equal(emit(&t.head), RELEVO_E_TEXT);
    t.head.size = (uint32_t)offsetof(relevo_answer_trigger, unless_answered);
    assert_int_equal(emit(&t.head), RELEVO_OK);
    assert_true(c.last->answer->as.trigger.asked);
    assert_true(c.last->answer->as.trigger.unless_answered <= 0);
    t.head.size = (uint32_t)offsetof(relevo_answer_trigger, asked);
    assert_int_equal(emit(&t.head), RELEVO_OK);
    assert_false(c.last->answer->as.trigger.asked);
}

static int32_t hold(enum rlv_phase phase, uint32_t hold_ms, uint32_t size)
{
    begin(phase);
    const relevo_answer_effect e = {
        .head = {size, RELEVO_ANSWER_EFFECT}, .destination = s("llm"), .method = s("POST"), .hold_ms = hold_ms};
    return emit(&e.head);
}

/* Since 1.2 an effect may hold the message, where there is one to hold, and not for ever. */
static void test_holding(void **state)
{
    (void)state;
    const uint32_t now = sizeof(relevo_answer_effect), before = offsetof(relevo_answer_effect, hold_ms);
    assert_int_equal(hold(RLV_PHASE_RESPOND, RELEVO_HOLD_MAX, now), RELEVO_OK);
    assert_int_equal(c.first->answer->as.effect.hold_ms, RELEVO_HOLD_MAX);
    assert_int_equal(hold(RLV_PHASE_CLASSIFY, 1, now), RELEVO_OK);
    assert_int_equal(hold(RLV_PHASE_RESPOND, RELEVO_HOLD_MAX + 1, now), RELEVO_E_LIMIT);
    assert_int_equal(hold(RLV_PHASE_CLASSIFY, 0, now), RELEVO_E_KIND);
    assert_int_equal(hold(RLV_PHASE_NOTIFY, 1, now), RELEVO_E_KIND);
    assert_int_equal(hold(RLV_PHASE_RESULT, 1, now), RELEVO_E_KIND);
    assert_int_equal(hold(RLV_PHASE_RESPOND, 77, before), RELEVO_OK);
    assert_int_equal(c.first->answer->as.effect.hold_ms, 0);

    static _Alignas(8) char bytes[1024]; /* the same from a plugin's process */
    relevo_answer_effect e = {.head = {now, RELEVO_ANSWER_EFFECT}, .timeout_ms = 5, .destination = s("llm"), .method = s("POST"), .hold_ms = 7};
    rlv_ring_writer w = {.bytes = bytes, .max = sizeof(bytes)};
    rlv_ring_put_answer(&w, 0, &e.head);
    e.head.size = before;
    rlv_ring_put_answer(&w, 0, &e.head);
    begin(RLV_PHASE_RESPOND);
    const char *why = NULL;
    assert_true(rlv_ring_read(bytes, w.len, 0, 1, &c, &why));
    assert_int_equal(c.first->answer->as.effect.timeout_ms, 5);
    assert_int_equal(c.first->answer->as.effect.hold_ms, 7);
    assert_int_equal(c.last->answer->as.effect.hold_ms, 0);
}

static int32_t read_with(void (*change)(relevo_reading *))
{
    begin(RLV_PHASE_CLASSIFY);
    relevo_answer_reading r = {.head = HEAD(r, RELEVO_ANSWER_READING),
                               .reading = {.size = sizeof(relevo_reading)}};
    change(&r.reading);
    return emit(&r.head);
}

static void very_sad(relevo_reading *r)
{
    r->sentiment = -1;
}

static void too_sad(relevo_reading *r)
{
    r->sentiment = -1.01;
}

static void too_angry(relevo_reading *r)
{
    r->anger = 1.01;
}

static void not_confident(relevo_reading *r)
{
    r->confidence = -0.01;
}

static void no_number(relevo_reading *r)
{
    r->wants_person = NAN;
}

static void no_end(relevo_reading *r)
{
    r->out_of_scope = INFINITY;
}

static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(score(0), RELEVO_OK);
    assert_int_equal(score(1), RELEVO_OK);
    assert_int_equal(score(1.0000001), RELEVO_E_TEXT);
    assert_int_equal(score(-0.0000001), RELEVO_E_TEXT);
    assert_int_equal(score(NAN), RELEVO_E_TEXT);
    assert_int_equal(score(INFINITY), RELEVO_E_TEXT);
    assert_int_equal(read_with(very_sad), RELEVO_OK);
    assert_int_equal(read_with(too_sad), RELEVO_E_TEXT);
    assert_int_equal(read_with(too_angry), RELEVO_E_TEXT);
    assert_int_equal(read_with(not_confident), RELEVO_E_TEXT);
    assert_int_equal(read_with(no_number), RELEVO_E_TEXT);
    assert_int_equal(read_with(no_end), RELEVO_E_TEXT);
}

static int32_t reply(relevo_str text)
{
    begin(RLV_PHASE_RESPOND);
    const relevo_answer_reply r = {.head = HEAD(r, RELEVO_ANSWER_REPLY), .confidence = 1, .text = text};
    return emit(&r.head);
}

static void test_texts(void **state)
{
    (void)state;
    assert_int_equal(reply(x(4096)), RELEVO_OK);
    assert_int_equal(reply(x(4097)), RELEVO_E_LIMIT);
    assert_int_equal(reply(x(0)), RELEVO_E_TEXT); /* nothing is no answer */
    assert_int_equal(reply((relevo_str){NULL, 3}), RELEVO_E_TEXT);
    assert_int_equal(reply((relevo_str){xs, UINT64_MAX}), RELEVO_E_LIMIT);
    assert_int_equal(reply((relevo_str){"a\0b", 3}), RELEVO_E_TEXT); /* Postgres stores no NUL */
    assert_int_equal(reply(s("\xc3")), RELEVO_E_TEXT);
    assert_int_equal(reply(s("\xed\xa0\x80")), RELEVO_E_TEXT); /* a surrogate */
    assert_int_equal(reply(s("señal \xf0\x9f\x98\x80")), RELEVO_OK);

    /* The limit of a reply is in characters, not in bytes. */
    char *smileys = malloc(4 * 4097);
    assert_non_null(smileys);
    for (size_t i = 0; i < 4097; i++)
        memcpy(smileys + 4 * i, "\xf0\x9f\x98\x80", 4);
    assert_int_equal(reply((relevo_str){smileys, (uint64_t)4 * 4096}), RELEVO_OK);
    assert_int_equal(c.first->answer->as.reply.text.len, 4 * 4096);
    assert_int_equal(reply((relevo_str){smileys, (uint64_t)4 * 4097}), RELEVO_E_LIMIT);
    for (size_t i = 0; i < 4097; i++)
        memcpy(smileys + 2 * i, "\xc3\xb1", 2);
    assert_int_equal(reply((relevo_str){smileys, (uint64_t)2 * 4097}), RELEVO_E_LIMIT);
    free(smileys);
}

static int32_t effect(relevo_str body, relevo_str context, relevo_str method)
{
    begin(RLV_PHASE_NOTIFY);
    const relevo_answer_effect e = {.head = HEAD(e, RELEVO_ANSWER_EFFECT),
                                    .destination = s("crm"),
                                    .method = method,
                                    .body = body,
                                    .context = context};
    return emit(&e.head);
}

static int32_t memory(relevo_str bytes)
{
    begin(RLV_PHASE_SUMMARIZE);
    const relevo_answer_memory m = {HEAD(m, RELEVO_ANSWER_MEMORY), bytes};
    return emit(&m.head);
}

static void test_ceilings(void **state)
{
    (void)state;
    assert_int_equal(effect(x(RLV_HOST_BODY_MAX), x(256), s("POST")), RELEVO_OK);
    assert_int_equal(effect(x(RLV_HOST_BODY_MAX + 1), x(1), s("POST")), RELEVO_E_LIMIT);
    assert_int_equal(effect(x(1), x(257), s("POST")), RELEVO_E_LIMIT);
    assert_int_equal(effect(x(1), x(1), x(0)), RELEVO_E_TEXT);
    assert_int_equal(memory(x(1024)), RELEVO_OK);
    assert_int_equal(memory(x(1025)), RELEVO_E_LIMIT);
    assert_int_equal(memory((relevo_str){"\xff\0\xfe", 3}), RELEVO_OK); /* bytes, not text */
    assert_int_equal(memory(x(0)), RELEVO_OK);                          /* forgets */
    assert_int_equal(c.first->answer->as.memory.len, 0);

    begin(RLV_PHASE_CLASSIFY);
    relevo_answer_slot slot = {.head = HEAD(slot, RELEVO_ANSWER_SLOT), .name = s("name"), .value = x(RLV_SLOT_VALUE_MAX), .amends = 1};
    assert_int_equal(emit(&slot.head), RELEVO_OK);
    assert_true(c.first->answer->as.slot.amends);
    slot.head.size = offsetof(relevo_answer_slot, amends); /* of 1.6: what lies behind it is not its */
    begin(RLV_PHASE_CLASSIFY);
    assert_int_equal(emit(&slot.head), RELEVO_OK);
    assert_false(c.first->answer->as.slot.amends);
    slot.head.size = sizeof(slot);
    slot.value.len++;
    assert_int_equal(emit(&slot.head), RELEVO_E_LIMIT);
    slot.value.len = 0;
    slot.name.len = 0;
    assert_int_equal(emit(&slot.head), RELEVO_E_TEXT);
}

/* What a reply carries besides its text, as WhatsApp takes it. Each case changes one thing of a good one. */
static void test_extras(void **state)
{
    (void)state;
    relevo_choice choices[11];
    const relevo_choice *list[11];
    char ids[11][4];
    for (size_t i = 0; i < 11; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "c%zu", i);
        choices[i] = (relevo_choice){.size = sizeof(*choices), .id = s(ids[i]), .title = s(ids[i])};
        list[i] = &choices[i];
    }
    const relevo_answer_reply good = {.head = HEAD(good, RELEVO_ANSWER_REPLY),
                                      .confidence = 1,
                                      .text = s("¿Seguimos?"),
                                      .flags = RELEVO_REPLY_ASKS | RELEVO_REPLY_ALSO,
                                      .n_choices = 3,
                                      .choices = list,
                                      .menu = s("Ver"),
                                      .media_kind = s("image"),
                                      .media_url = s("https://cafe.example/a.png")};
    relevo_answer_reply r = good;
    begin(RLV_PHASE_RESPOND);
    assert_int_equal(emit(&r.head), RELEVO_OK);
    const rlv_answer *kept = c.first->answer;
    assert_int_equal(kept->as.reply.flags, 5);
    assert_int_equal(kept->as.reply.extras.n_choices, 3);
    assert_true(rlv_str_is(kept->as.reply.extras.choices[2].id, "c2"));
    assert_true(rlv_str_is(kept->as.reply.extras.media_url, "https://cafe.example/a.png"));

    r.head.size = (uint32_t)offsetof(relevo_answer_reply, flags); /* of 1.0: what lies behind is not looked at */
    begin(RLV_PHASE_RESPOND);
    assert_int_equal(emit(&r.head), RELEVO_OK);
    assert_int_equal(c.first->answer->as.reply.extras.n_choices, 0);
    assert_int_equal(c.first->answer->as.reply.flags, 0);

#define REFUSED(code, change)                                                                                \
    do {                                                                                                     \
        r = good;                                                                                            \
        change;                                                                                              \
        begin(RLV_PHASE_RESPOND);                                                                            \
        assert_int_equal(emit(&r.head), (code));                                                             \
    } while (0)
    REFUSED(RELEVO_E_TEXT, r.flags = 8);
    REFUSED(RELEVO_E_TEXT, r.choices = NULL);
    REFUSED(RELEVO_E_LIMIT, (r.n_choices = 11, r.media_kind.len = r.media_url.len = 0));
    REFUSED(RELEVO_E_LIMIT, r.n_choices = 4); /* a list, with media */
    REFUSED(RELEVO_E_LIMIT, r.menu = x(21));
    REFUSED(RELEVO_E_LIMIT, r.text = x(1025));
    REFUSED(RELEVO_E_TEXT, r.media_kind = s("audio"));
    REFUSED(RELEVO_E_TEXT, r.media_url.len = 0);
    REFUSED(RELEVO_E_TEXT, r.media_kind.len = 0);
    REFUSED(RELEVO_E_TEXT, r.media_url = s("file:///etc/passwd"));
    REFUSED(RELEVO_OK, (r.n_choices = 0, r.text = x(1024)));
    REFUSED(RELEVO_E_LIMIT, (r.n_choices = 0, r.text = x(1025)));
    REFUSED(RELEVO_OK, (r.n_choices = 10, r.text = x(4096), r.media_kind.len = r.media_url.len = 0));
    choices[1].title = x(21);
    REFUSED(RELEVO_E_LIMIT, (void)0);
    REFUSED(RELEVO_OK, (r.n_choices = 10, r.media_kind.len = r.media_url.len = 0));
    choices[1].title = x(25);
    REFUSED(RELEVO_E_LIMIT, (r.n_choices = 10, r.media_kind.len = r.media_url.len = 0));
    choices[1].title = (relevo_str){NULL, 0};
    REFUSED(RELEVO_E_TEXT, (void)0);
    choices[1].title = choices[0].title;
    REFUSED(RELEVO_E_TEXT, (void)0); /* buttons that look alike */
    REFUSED(RELEVO_OK, (r.n_choices = 10, r.media_kind.len = r.media_url.len = 0)); /* rows may: they are told apart by what stands below */
    choices[1].title = s("No");
    choices[1].description = s("más");
    REFUSED(RELEVO_E_LIMIT, (void)0); /* on a button */
    choices[1].description = x(73);
    REFUSED(RELEVO_E_LIMIT, (r.n_choices = 10, r.media_kind.len = r.media_url.len = 0));
    choices[1].description.len = 0;
    choices[1].id = choices[0].id;
    REFUSED(RELEVO_E_TEXT, (void)0);
    choices[1].id = x(201);
    REFUSED(RELEVO_E_LIMIT, (void)0);
    choices[1].id = s("c1");
    choices[1].size = 8;
    REFUSED(RELEVO_E_SIZE, (void)0);
    list[1] = NULL;
    REFUSED(RELEVO_E_SIZE, (void)0);
#undef REFUSED
}

/* The same through the memory that a plugin's process shares with us. */
static void test_extras_cross_the_ring(void **state)
{
    (void)state;
    static _Alignas(8) char bytes[8192];
    const relevo_choice a = {.size = sizeof(a), .id = s("a"), .title = s("A")};
    const relevo_choice b = {.size = sizeof(b), .id = s("b"), .title = s("B")};
    const relevo_choice *list[] = {&a, &b};
    relevo_answer_reply r = {.head = HEAD(r, RELEVO_ANSWER_REPLY),
                             .confidence = 0.5,
                             .text = s("¿A o B?"),
                             .source = s("kb"),
                             .flags = RELEVO_REPLY_RESUMES,
                             .n_choices = 2,
                             .choices = list,
                             .menu = s("Ver"),
                             .media_kind = s("video"),
                             .media_url = s("https://x/v")};
    rlv_ring_writer w = {.bytes = bytes, .max = sizeof(bytes)};
    rlv_ring_put_answer(&w, 0, &r.head);
    r.head.size = (uint32_t)offsetof(relevo_answer_reply, choices); /* of 1.0 and a bit: no address is followed */
    r.choices = (const relevo_choice *const *)(uintptr_t)16;
    rlv_ring_put_answer(&w, 0, &r.head);
    assert_false(w.full);
    begin(RLV_PHASE_RESPOND);
    const char *why = NULL;
    assert_true(rlv_ring_read(bytes, w.len, 0, 1, &c, &why));
    const rlv_answer *kept = c.first->answer;
    assert_int_equal(kept->as.reply.flags, RELEVO_REPLY_RESUMES);
    assert_true(rlv_str_is(kept->as.reply.source, "kb"));
    assert_int_equal(kept->as.reply.extras.n_choices, 2);
    assert_true(rlv_str_is(kept->as.reply.extras.choices[1].title, "B"));
    assert_true(rlv_str_is(kept->as.reply.extras.menu, "Ver"));
    assert_true(rlv_str_is(kept->as.reply.extras.media_kind, "video"));
    assert_true(rlv_str_is(kept->as.reply.extras.media_url, "https://x/v"));
    kept = c.first->next->answer;
    assert_int_equal(kept->as.reply.flags, 0);
    assert_int_equal(kept->as.reply.extras.n_choices, 0);
    assert_true(rlv_str_is(kept->as.reply.text, "¿A o B?"));

    uint32_t n_texts; /* the fourth word of a record: a choice that lacks a text */
    memcpy(&n_texts, bytes + 12, sizeof(n_texts));
    assert_int_equal(n_texts, 11);
    n_texts = 10;
    memcpy(bytes + 12, &n_texts, sizeof(n_texts));
    begin(RLV_PHASE_RESPOND);
    assert_false(rlv_ring_read(bytes, w.len, 0, 1, &c, &why));
}

static void test_route(void **state)
{
    (void)state;
    begin(RLV_PHASE_ROUTE);
    relevo_str skills[RLV_HOST_SKILLS_MAX + 1];
    for (size_t i = 0; i <= RLV_HOST_SKILLS_MAX; i++)
        skills[i] = s("skill");
    relevo_answer_route r = {.head = HEAD(r, RELEVO_ANSWER_ROUTE),
                             .priority = 9,
                             .rank = RELEVO_RANK_LEAST_LOADED,
                             .skills = skills,
                             .n_skills = RLV_HOST_SKILLS_MAX};
    assert_int_equal(emit(&r.head), RELEVO_OK);
    assert_int_equal(c.first->answer->as.route.n_skills, RLV_HOST_SKILLS_MAX);
    r.n_skills++;
    assert_int_equal(emit(&r.head), RELEVO_E_LIMIT);
    r.n_skills = UINT64_MAX;
    assert_int_equal(emit(&r.head), RELEVO_E_LIMIT);
    r.n_skills = 1;
    r.skills = NULL;
    assert_int_equal(emit(&r.head), RELEVO_E_TEXT);
    r.n_skills = 0;
    r.priority = 10;
    assert_int_equal(emit(&r.head), RELEVO_E_TEXT);
    r.priority = 0;
    r.rank = 0;
    assert_int_equal(emit(&r.head), RELEVO_E_TEXT);
}

static void test_too_many(void **state)
{
    (void)state;
    begin(RLV_PHASE_SUMMARIZE);
    const relevo_answer_card card = {HEAD(card, RELEVO_ANSWER_CARD), s("why"), s("x"), {0}};
    for (int i = 0; i < RLV_HOST_ANSWERS_MAX; i++)
        assert_int_equal(emit(&card.head), RELEVO_OK);
    assert_int_equal(emit(&card.head), RELEVO_E_LIMIT);
    assert_int_equal(c.sink.emit(&c.sink, 1, &card.head), RELEVO_OK); /* the other view has its own count */

    begin(RLV_PHASE_NOTIFY);
    relevo_answer_effect e = {.head = HEAD(e, RELEVO_ANSWER_EFFECT),
                              .destination = s("crm"),
                              .method = s("POST"),
                              .body = x(60000)};
    assert_int_equal(emit(&e.head), RELEVO_OK);
    assert_int_equal(emit(&e.head), RELEVO_OK);
    assert_int_equal(emit(&e.head), RELEVO_E_LIMIT);
    /* A plugin that goes on is refused without costing memory. */
    size_t used = rlv_arena_used(arena);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(emit(&e.head), RELEVO_E_LIMIT);
    assert_int_equal(rlv_arena_used(arena), used);
    assert_false(c.full);
}

static void test_copied(void **state)
{
    (void)state;
    begin(RLV_PHASE_RESPOND);
    char text[] = "mine", source[] = "kb";
    relevo_answer_reply r = {
        .head = HEAD(r, RELEVO_ANSWER_REPLY), .confidence = 0.5, .text = {text, 4}, .source = {source, 2}};
    assert_int_equal(emit(&r.head), RELEVO_OK);
    memset(text, 'z', 4);
    memset(source, 'z', 2);
    memset(&r, 0, sizeof(r));
    assert_str(c.first->answer->as.reply.text, "mine");
    assert_str(c.first->answer->as.reply.source, "kb");
    assert_str(c.first->answer->plugin, "p");
}

static void test_log(void **state)
{
    (void)state;
    begin(RLV_PHASE_RESPOND);
    c.sink.log(&c.sink, 99, s("a level that is none"));
    c.sink.log(&c.sink, RELEVO_LOG_WARN, s("\xff"));
    c.sink.log(&c.sink, RELEVO_LOG_WARN, x(sizeof(xs)));
    c.sink.log(&c.sink, RELEVO_LOG_WARN, (relevo_str){NULL, 9});
    for (int i = 0; i < 100; i++)
        c.sink.log(&c.sink, RELEVO_LOG_INFO, s("again"));
    assert_int_equal(c.log_lines, RLV_HOST_LOG_LINES_MAX + 1);
}

static int setup(void **state)
{
    (void)state;
    memset(xs, 'x', sizeof(xs));
    arena = rlv_arena_new(8 << 20);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlv_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_and_phases),
        cmocka_unit_test(test_view_and_size), cmocka_unit_test(test_newer_fields), cmocka_unit_test(test_holding),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_extras),
        cmocka_unit_test(test_extras_cross_the_ring),
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_copied),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
