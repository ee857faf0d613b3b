/* SPDX-License-Identifier: Apache-2.0 */
/* Business hours: weekdays, holidays, clocks that change; and what a customer is told outside them. */
#include "conversation/hours.h"
#include "talk.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
/* Monday 2026-03-02, 00:00 UTC */
#define MONDAY (20514 * DAY)

/* Two hours ahead of UTC until Thursday 03:00 UTC, then three: an hour is skipped. */
static const rlv_zone_change zone[] = {{INT64_MIN, 2 * 3600000}, {MONDAY + 3 * DAY + 3 * HOUR, 3 * 3600000}};
/* mon-fri 09:00-14:00, mon-fri 16:00-20:00, sat 10:00-24:00 */
static const struct rlv_opening open[] = {{0x1f, {540, 840}}, {0x1f, {960, 1200}}, {0x20, {600, 1440}}};
/* Wednesday, and Friday until 12:00 */
static const struct rlv_closing closed[] = {{20516, 20516, {0, 1440}}, {20518, 20518, {0, 720}}};
static const rlv_hours hours = {
    .zone = zone, .n_zone = 2, .open = open, .n_open = 3, .closed = closed, .n_closed = 2};

/* Local time of a day after that Monday, in the first offset. */
static int64_t at(int day, int hour, int minute)
{
    return MONDAY + day * DAY + hour * HOUR + minute * 60000 - (day < 3 ? 2 : 3) * HOUR;
}

static void days_and_spans(void **state)
{
    (void)state;
    static const struct {
        int day, hour, minute;
        bool open;
    } rows[] = {
        {0, 8, 59, false}, {0, 9, 0, true},   {0, 13, 59, true},  {0, 14, 0, false}, {0, 16, 0, true},
        {0, 19, 59, true}, {0, 20, 0, false}, {2, 10, 0, false}, /* the holiday */
        {3, 9, 0, true},   {4, 11, 59, false}, {4, 12, 0, true}, /* half a holiday */
        {5, 9, 59, false}, {5, 23, 59, true}, {6, 0, 0, false},   {6, 12, 0, false}, {7, 9, 0, true},
        {-3, 10, 0, true}, /* the Friday before */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rlv_hours_open(&hours, at(rows[i].day, rows[i].hour, rows[i].minute)) != rows[i].open)
            fail_msg("day %d, %d:%02d must be %s", rows[i].day, rows[i].hour, rows[i].minute,
                     rows[i].open ? "open" : "closed");
}

static void the_next_opening(void **state)
{
    (void)state;
    assert_int_equal(rlv_hours_next(&hours, at(0, 8, 0)), at(0, 9, 0));
    assert_int_equal(rlv_hours_next(&hours, at(0, 15, 0)), at(0, 16, 0));
    assert_int_equal(rlv_hours_next(&hours, at(1, 21, 0)), at(3, 9, 0));  /* over the holiday and the clocks' change */
    assert_int_equal(rlv_hours_next(&hours, at(3, 22, 0)), at(4, 12, 0)); /* when half a holiday ends */
    assert_int_equal(rlv_hours_next(&hours, at(6, 0, 0)), at(7, 9, 0));
    const struct rlv_closing long_leave[] = {{20514, 20600, {0, 1440}}};
    rlv_hours away = hours;
    away.closed = long_leave;
    away.n_closed = 1;
    assert_int_equal(rlv_hours_next(&away, at(0, 8, 0)), 0); /* further than a month: not said */
}

static void since_when_they_are_open(void **state)
{
    (void)state;
    assert_int_equal(rlv_hours_since(&hours, at(0, 13, 59)), at(0, 9, 0));
    assert_int_equal(rlv_hours_since(&hours, at(0, 16, 0) + 5000), at(0, 16, 0)); /* the same day's second span */
    assert_int_equal(rlv_hours_since(&hours, at(4, 13, 7)), at(4, 12, 0));        /* since half a holiday ended */
    static const struct rlv_opening whole[] = {{0x7f, {0, 1440}}};
    rlv_hours always = {.zone = zone, .n_zone = 2, .open = whole, .n_open = 1};
    assert_int_equal(rlv_hours_since(&always, at(20, 9, 0)), at(20, 9, 0) - 7 * DAY);
}

static void open_time_is_counted(void **state)
{
    (void)state;
    enum { MINUTE = 60000 };
    assert_int_equal(rlv_hours_after(&hours, at(0, 9, 7) + 5000, 20 * MINUTE), at(0, 9, 27) + 5000);
    assert_int_equal(rlv_hours_after(&hours, at(0, 13, 50), 20 * MINUTE), at(0, 16, 10)); /* over the pause at noon, */
    assert_int_equal(rlv_hours_after(&hours, at(0, 3, 0), HOUR), at(0, 10, 0));           /* from a night, */
    assert_int_equal(rlv_hours_after(&hours, at(0, 13, 0), HOUR), at(0, 16, 0));          /* and never while they are closed */
    assert_int_equal(rlv_hours_after(&hours, at(0, 14, 0), 0), at(0, 16, 0));
    int64_t counted = 0, from = at(0, 8, 0);
    for (int64_t ms = from; counted < 40 * HOUR; ms += MINUTE) { /* minute by minute it is the same */
        counted += rlv_hours_open(&hours, ms) ? MINUTE : 0;
        if (counted % (7 * HOUR) == 0 && rlv_hours_open(&hours, ms) && rlv_hours_open(&hours, ms + MINUTE))
            assert_int_equal(rlv_hours_after(&hours, from, counted), ms + MINUTE);
    }
    rlv_hours never = {.zone = zone, .n_zone = 2};
    assert_int_equal(rlv_hours_after(&never, at(0, 9, 0), HOUR), 0);
}

static void moments_in_words(void **state)
{
    talk *t = *state;
    assert_str(rlv_hours_say(&hours, at(0, 9, 5), RLV_STR("es"), t->arena), "el lunes 02/03 a las 09:05");
    assert_str(rlv_hours_say(&hours, at(5, 10, 0), RLV_STR("pt"), t->arena), "no sábado 07/03 às 10:00");
    assert_str(rlv_hours_say(&hours, at(3, 9, 0), RLV_STR("en"), t->arena), "on Thursday 5 March at 09:00");
    assert_str(rlv_hours_say(&hours, at(0, 9, 0), RLV_STR(""), t->arena), "el lunes 02/03 a las 09:00");
}

static void a_customer_is_told_when_people_are_back(void **state)
{
    talk *t = *state;
    t->policy.people = &hours;
    t->policy.notices.away.es = RLV_STR("Te escriben {opens}.");
    talk_message(t, "una persona")->at_ms = at(0, 21, 0);
    talk_score(t, "a", 1);
    talk_run(t);
    const rlv_decision *d = talk_find(t, RLV_DECIDED_REPLIED);
    assert_str(d->as.said.text, "Te escriben el martes 03/03 a las 09:00.");
    assert_str(d->as.said.source, "notice.away");
    assert_int_equal(talk_count(t, RLV_DECIDED_REPLIED), 1);
    assert_int_equal(d->as.said.extras.n_choices, 0);

    t->policy.queue.leave = true; /* nobody comes before the morning: until then there is the bot */
    t->policy.notices.leave.es = RLV_STR("Seguir con el bot");
    talk_owner(t, RLV_OWNER_BOT);
    talk_message(t, "una persona")->at_ms = at(0, 21, 0);
    talk_score(t, "a", 1);
    talk_run(t);
    d = talk_find(t, RLV_DECIDED_REPLIED);
    assert_int_equal(d->as.said.extras.n_choices, 1);
    talk_message(t, "Seguir con el bot")->reply_id = d->as.said.extras.choices[0].id;
    talk_run(t);
    assert_int_equal(t->conv.owner, RLV_OWNER_BOT);

    talk_owner(t, RLV_OWNER_BOT); /* a trigger's own words come first, and the truth follows */
    talk_trigger(t, "a", 0.5, 1, 5)->message.es = RLV_STR("Lo vemos.");
    talk_message(t, "una persona")->at_ms = at(0, 21, 0);
    talk_score(t, "a", 1);
    talk_run(t);
    assert_int_equal(talk_count(t, RLV_DECIDED_REPLIED), 2);
    assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.text, "Lo vemos.");

    talk_owner(t, RLV_OWNER_BOT);
    t->triggers[0].message.es = (rlv_str){NULL, 0};
    talk_message(t, "una persona")->at_ms = at(0, 10, 0); /* they are there */
    talk_score(t, "a", 1);
    talk_run(t);
    assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.source, "notice.handoff");

    /* Their person went home: nobody is looked for at night. */
    t->policy.notices.requeued.es = RLV_STR("Busco a otra persona.");
    const struct {
        int64_t at_ms;
        const char *source;
    } cases[] = {{at(0, 21, 0), "notice.away"}, {at(0, 10, 0), "notice.requeued"}};
    for (size_t i = 0; i < 2; i++) {
        talk_owner(t, RLV_OWNER_HUMAN);
        talk_command(t, RLV_COMMAND_REQUEUE, RLV_OWNER_QUEUED, 8)->agent_id = (rlv_str){NULL, 0};
        t->ev.at_ms = cases[i].at_ms;
        t->conv.last_in_ms = cases[i].at_ms - 1;
        talk_run(t);
        assert_int_equal(talk_count(t, RLV_DECIDED_REPLIED), 1);
        assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.source, cases[i].source);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(days_and_spans),
        TEST(the_next_opening),
        TEST(since_when_they_are_open),
        TEST(open_time_is_counted),
        TEST(moments_in_words),
        TEST(a_customer_is_told_when_people_are_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
