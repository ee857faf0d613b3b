/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of requests through the .so: the two presets step by step, what is carried from answer to answer, where a chain ends. */
#include <jansson.h>
#include <string.h>

#include "testkit/testkit.h"

/* The last view of a conversation, with what the plugin remembered. */
static tk_view *later(tk *kit, const tk_answers *answers)
{
    tk_view *view = tk_message(kit, NULL);
    view->view.message = NULL;
    tk_turn(view, RELEVO_BY_CUSTOMER, "llegó <roto> & tarde");
    tk_turn(view, RELEVO_BY_BOT, "Lo siento");
    for (size_t i = 0; answers != NULL && i < answers->n; i++) {
        if (answers->items[i].as.head.kind == RELEVO_ANSWER_MEMORY) {
            view->view.memory = answers->items[i].as.memory.bytes;
        }
    }
    return view;
}

static const tk_answers *hand_off(tk *kit, const char *trigger)
{
    tk_view *view = tk_message(kit, "llegó roto");
    tk_turn(view, RELEVO_BY_CUSTOMER, "llegó <roto> & tarde");
    tk_handoff(view, trigger, 0.83, "llegó roto", "El cliente está <molesto>.")->priority = 7;
    return tk_run(kit, TK_NOTIFY, &view, 1);
}

static const relevo_answer_effect *asks(const tk_answers *answers, const char *method, const char *path)
{
    const relevo_answer_effect *effect = tk_effect(answers, 0);
    assert_non_null(effect);
    assert_string_equal(effect->method.ptr, method);
    assert_string_equal(effect->path.ptr, path);
    assert_true(effect->context.len <= RELEVO_CONTEXT_MAX);
    return effect;
}

static void holds(const relevo_answer_effect *effect, const char *part)
{
    if (strstr(effect->body.ptr, part) == NULL) {
        fail_msg("%s does not hold %s", effect->body.ptr, part);
    }
}

static tk *hubspot(void)
{
    return tk_open("crm_notifier", "destination", "hubspot", "preset", "hubspot", "events", "[\"handoff\",\"lead\"]", NULL);
}

static void hubspot_finds_the_contact(void **state)
{
    (void)state;
    tk *kit = hubspot();
    const tk_answers *answers = hand_off(kit, "upset");
    const relevo_answer_effect *find = asks(answers, "POST", "/crm/v3/objects/contacts/search");
    holds(find, "{\"filterGroups\":[{\"filters\":[{\"propertyName\":\"phone\",\"operator\":\"EQ\",\"value\":\"+5215512345678\"}]}],"
                "\"properties\":[\"phone\"],\"limit\":1}");
    tk_view *view = later(kit, answers);
    answers = tk_result(kit, view, 200, find->context.ptr, "{\"total\":1,\"results\":[{\"id\":\"512\"}]}");
    const relevo_answer_effect *note = asks(answers, "POST", "/crm/v3/objects/notes");
    holds(note, "\"hs_timestamp\":\"2026-01-01T00:00:00.000Z\"");
    holds(note, "El cliente está &lt;molesto&gt;.<br>llegó roto<br><br>Cliente: llegó &lt;roto&gt; &amp; tarde<br>Bot: Lo siento");
    holds(note, "\"associations\":[{\"to\":{\"id\":\"512\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\","
                "\"associationTypeId\":202}]}]");
    answers = tk_result(kit, view, 201, note->context.ptr, "{\"id\":\"7\"}"); /* no lead: no deal */
    assert_null(tk_effect(answers, 0));
    assert_int_equal(answers->n, 1); /* it forgets */
    assert_int_equal(answers->items[0].as.memory.bytes.len, 0);
    tk_close(kit);
}

static void hubspot_creates_the_contact_and_a_deal(void **state)
{
    (void)state;
    tk *kit = hubspot();
    const tk_answers *answers = hand_off(kit, "lead_ready");
    tk_view *view = later(kit, answers);
    answers = tk_result(kit, view, 200, tk_effect(answers, 0)->context.ptr, "{\"total\":0,\"results\":[]}");
    const relevo_answer_effect *create = asks(answers, "POST", "/crm/v3/objects/contacts");
    holds(create, "{\"properties\":{\"firstname\":\"Lucía Ñandú\",\"phone\":\"+5215512345678\"}}");
    answers = tk_result(kit, view, 201, create->context.ptr, "{\"id\":\"513\",\"properties\":{}}");
    answers = tk_result(kit, view, 201, asks(answers, "POST", "/crm/v3/objects/notes")->context.ptr, "{\"id\":\"8\"}");
    const relevo_answer_effect *deal = asks(answers, "POST", "/crm/v3/objects/deals");
    holds(deal, "\"dealname\":\"WhatsApp: Lucía Ñandú\",\"pipeline\":\"default\",\"dealstage\":\"appointmentscheduled\"");
    holds(deal, "\"to\":{\"id\":\"513\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":3}]");
    tk_close(kit);
}

static void salesforce_contact_lead_and_task(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "sf", "preset", "salesforce", "events", "[\"handoff\",\"lead\"]", NULL);
    const tk_answers *answers = hand_off(kit, "upset");
    const relevo_answer_effect *who = asks(answers, "PATCH", "/services/data/v62.0/sobjects/Contact/Relevo_Id__c/5215512345678");
    assert_string_equal(who->body.ptr, "{\"LastName\":\"Lucía Ñandú\",\"MobilePhone\":\"+5215512345678\"}");
    tk_view *view = later(kit, answers);
    answers = tk_result(kit, view, 201, who->context.ptr, "{\"id\":\"003X\",\"success\":true,\"errors\":[],\"created\":true}");
    const relevo_answer_effect *task = asks(answers, "POST", "/services/data/v62.0/sobjects/Task");
    holds(task, "\"WhoId\":\"003X\",\"Subject\":\"WhatsApp: El cliente está <molesto>.\"");
    holds(task, "\"Status\":\"Not Started\",\"Priority\":\"Normal\"");
    answers = hand_off(kit, "lead_ready");
    who = asks(answers, "PATCH", "/services/data/v62.0/sobjects/Lead/Relevo_Id__c/5215512345678");
    holds(who, "\"Company\":\"Lucía Ñandú\"");
    tk_close(kit);
}

/* One message to where people look: the destination's address is the whole address. */
static void chats_and_mail(void **state)
{
    (void)state;
    static const struct {
        const char *preset, *parts[3];
    } cases[] = {
        {"slack", {"{\"text\":\"*WhatsApp: El cliente está &lt;molesto&gt;.*\\nLucía Ñandú: llegó roto\\nhandoff", ", priority 7\"}", "llegó"}},
        {"teams", {"{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\",\"content\":{\"type\":"
                   "\"AdaptiveCard\",\"version\":\"1.4\",\"body\":[", "\"text\":\"WhatsApp: El cliente está <molesto>.\"", "\"wrap\":true"}},
        {"email", {"{\"subject\":\"WhatsApp: El cliente está <molesto>. (Lucía Ñandú)\"", "llegó <roto> & tarde", "\"event\":\"handoff\""}}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        tk *kit = tk_open("crm_notifier", "destination", "people", "preset", cases[i].preset, "events", "[\"handoff\",\"lead\"]", NULL);
        const relevo_answer_effect *effect = asks(hand_off(kit, "upset"), "POST", "");
        for (size_t k = 0; k < 3; k++)
            holds(effect, cases[i].parts[k]);
        tk_close(kit);
        kit = tk_open("crm_notifier", "destination", "sales", "preset", cases[i].preset, "events", "[\"lead\"]", NULL);
        assert_int_equal(hand_off(kit, "upset")->n, 0); /* the salesperson hears of leads alone */
        holds(asks(hand_off(kit, "lead_ready"), "POST", ""), "llegó");
        tk_close(kit);
    }
}

/* A message that amends what was told. */
static tk_view *amending(tk *kit, relevo_str memory, const char *value, const char *was)
{
    tk_view *view = tk_message(kit, "perdón, mi correo es otro");
    tk_slot(view, "guests", "80", "wamid.1");
    tk_slot(view, "email", value, "wamid.now");
    ((relevo_slot *)(uintptr_t)view->slots[1])->was = tk_text(kit, was);
    view->view.amended = 1;
    view->view.memory = memory;
    return view;
}

static relevo_str memory_of(const tk_answers *answers)
{
    const tk_answer *memory = tk_find(answers, 0, RELEVO_ANSWER_MEMORY, 0);
    assert_non_null(memory);
    assert_true(memory->as.memory.bytes.len <= RELEVO_MEMORY_MAX);
    return memory->as.memory.bytes;
}

static const tk_answers *answered(tk *kit, const tk_answers *answers, relevo_str *memory, const char *body)
{
    tk_view *view = later(kit, NULL);
    view->view.memory = *memory;
    answers = tk_result(kit, view, 200, tk_effect(answers, 0)->context.ptr, body);
    const tk_answer *kept = tk_find(answers, 0, RELEVO_ANSWER_MEMORY, 0);
    *memory = kept != NULL ? kept->as.memory.bytes : *memory;
    return answers;
}

/* A lead is told; then it is amended, and amended again: the same note is written anew, whatever else fires. */
static void an_amendment_finds_its_note(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "hubspot", "preset", "hubspot", "events", "[\"handoff\",\"lead\",\"amended\"]", NULL);
    tk_view *view = amending(kit, (relevo_str){NULL, 0}, "a@x.mx", NULL);
    assert_int_equal(tk_run(kit, TK_NOTIFY, &view, 1)->n, 0); /* nothing was told: there is nothing to put right */
    const tk_answers *answers = hand_off(kit, "lead_ready");
    relevo_str memory = memory_of(answers);
    answers = answered(kit, answers, &memory, "{\"results\":[{\"id\":\"512\"}]}");
    answers = answered(kit, answers, &memory, "{\"id\":\"7\"}");
    asks(answers, "POST", "/crm/v3/objects/deals");
    answers = answered(kit, answers, &memory, "{\"id\":\"9\"}");
    assert_null(tk_effect(answers, 0));
    assert_true(memory.len > 0);

    view = amending(kit, memory, "b@x.mx", "a@x.mx");
    tk_handoff(view, "lead_ready", 0.83, "llegó roto", "El cliente está <molesto>."); /* that brought it to people */
    answers = tk_run(kit, TK_NOTIFY, &view, 1);
    const relevo_answer_effect *amend = asks(answers, "PATCH", "/crm/v3/objects/notes/7");
    holds(amend, "El cliente está &lt;molesto&gt;.<br>llegó roto<br><br>email: a@x.mx → b@x.mx<br><br>guests: 80<br>email: b@x.mx");
    tk_run_threads(kit, TK_NOTIFY, &view, 1);
    memory = memory_of(answers);

    view = amending(kit, memory, "c@x.mx", "b@x.mx"); /* before the CRM has answered: it waits for that */
    const tk_answers *waiting = tk_run(kit, TK_NOTIFY, &view, 1);
    assert_null(tk_effect(waiting, 0));
    view = amending(kit, memory_of(waiting), "d@x.mx", "c@x.mx");
    waiting = tk_run(kit, TK_NOTIFY, &view, 1);
    assert_null(tk_effect(waiting, 0));
    memory = memory_of(waiting);
    answers = answered(kit, answers, &memory, "{\"id\":\"7\"}");
    amend = asks(answers, "PATCH", "/crm/v3/objects/notes/7");
    holds(amend, "email: b@x.mx → c@x.mx<br>email: c@x.mx → d@x.mx<br>");
    answers = answered(kit, answers, &memory, "{\"id\":\"7\"}");
    assert_null(tk_effect(answers, 0));

    view = amending(kit, memory, "e@x.mx", "d@x.mx"); /* the better lead is ready once more: it is still the same one */
    tk_fired(view, false, "lead_ready", 0.9, "90", "Un cliente potencial está listo.");
    ((relevo_fired *)(uintptr_t)view->fired[0])->tells = 1;
    asks(tk_run(kit, TK_NOTIFY, &view, 1), "PATCH", "/crm/v3/objects/notes/7");
    tk_close(kit);
}

static void an_amendment_finds_its_task(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "sf", "preset", "salesforce", "events", "[\"lead\",\"amended\"]", NULL);
    const tk_answers *answers = hand_off(kit, "lead_ready");
    relevo_str memory = memory_of(answers);
    answers = answered(kit, answers, &memory, "{\"id\":\"00QX\",\"success\":true}");
    asks(answers, "POST", "/services/data/v62.0/sobjects/Task");
    (void)answered(kit, answers, &memory, "{\"id\":\"00TX\",\"success\":true}");
    tk_view *view = amending(kit, memory, "b@x.mx", "a@x.mx");
    holds(asks(tk_run(kit, TK_NOTIFY, &view, 1), "PATCH", "/services/data/v62.0/sobjects/Task/00TX"),
          "{\"Description\":\"llegó roto\\n\\nemail: a@x.mx → b@x.mx\\n\\nguests: 80\\nemail: b@x.mx\\n\\n");
    tk_close(kit);
}

/* What the CRM never took is not put right there; what it did can be again, after a refusal. */
static void amendments_and_refusals(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "x", "mapping",
                      "{\"event\":\"{{event}}\",\"what\":\"{{amended}}\",\"why\":\"{{handoff.reason}}\"}", "events", "[\"handoff\",\"amended\"]", NULL);
    const tk_answers *answers = hand_off(kit, "upset");
    tk_view *view = later(kit, answers);
    const tk_answers *end = tk_result(kit, view, 500, tk_effect(answers, 0)->context.ptr, "");
    assert_int_equal(memory_of(end).len, 0);

    answers = hand_off(kit, "upset");
    relevo_str memory = memory_of(answers);
    (void)answered(kit, answers, &memory, "{}");
    view = amending(kit, memory, "b@x.mx", NULL);
    answers = tk_run(kit, TK_NOTIFY, &view, 1);
    const relevo_answer_effect *told = asks(answers, "POST", "/");
    assert_string_equal(told->body.ptr, "{\"event\":\"amended\",\"what\":\"email: b@x.mx\",\"why\":\"El cliente está <molesto>.\"}");
    view = later(kit, NULL);
    view->view.memory = memory_of(answers);
    end = tk_result(kit, view, 500, told->context.ptr, "");
    assert_null(tk_effect(end, 0));
    view = amending(kit, memory_of(end), "c@x.mx", "b@x.mx");
    asks(tk_run(kit, TK_NOTIFY, &view, 1), "POST", "/");
    tk_close(kit);

    kit = hubspot(); /* which is not to tell */
    view = amending(kit, memory_of(hand_off(kit, "upset")), "b@x.mx", NULL);
    assert_int_equal(tk_run(kit, TK_NOTIFY, &view, 1)->n, 0);
    tk_close(kit);
}

/* A refusal, a later handoff, an answer to an older configuration: the chain ends there, and it is said. */
static void a_chain_ends(void **state)
{
    (void)state;
    tk *kit = hubspot();
    const tk_answers *answers = hand_off(kit, "upset");
    const char *context = tk_effect(answers, 0)->context.ptr;
    tk_view *view = later(kit, answers);
    const tk_answers *end = tk_result(kit, view, 401, context, "{\"message\":\"canary\"}");
    assert_int_equal(end->n, 0);
    assert_non_null(strstr(end->logs[0].line, "find: the CRM answered 401"));
    assert_null(strstr(end->logs[0].line, "canary"));
    view->view.memory = tk_text(kit, "{\"at\":\"2027-01-01T00:00:00.000Z\"}");
    end = tk_result(kit, view, 200, context, "{\"results\":[]}");
    assert_int_equal(end->n, 0);
    assert_non_null(strstr(end->logs[1].line, "a later handoff took its place"));
    end = tk_result(kit, view, 200, "{\"v\":2,\"step\":77,\"event\":\"lead\",\"at\":1,\"kept\":{}}", "{}");
    assert_int_equal(end->n, 0);
    assert_int_equal(end->logs[1].level, RELEVO_LOG_WARN);
    assert_int_equal(tk_result(kit, view, 200, "v1 handoff", "{}")->n, 0); /* of the version before */
    assert_int_equal(tk_result(kit, view, 200, "", "")->n, 0);
    tk_close(kit);
}

/* The longest texts fit in what may be remembered, and a path takes any id. */
static void long_texts_and_odd_ids(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "x", "steps",
                      "[{\"path\":\"/p/{{customer.id}}\",\"body\":{\"a\":\"{{event}}\"},\"keep\":{\"n\":\"id\"}},"
                      "{\"path\":\"/q/{{n}}\",\"method\":\"PUT\"}]",
                      NULL);
    char text[3000];
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    tk_view *view = tk_message(kit, text);
    view->view.customer_id = tk_text(kit, "MX.a b/c?ñ");
    tk_handoff(view, text, 1, text, text);
    const tk_answers *answers = tk_run(kit, TK_NOTIFY, &view, 1);
    const relevo_answer_effect *first = asks(answers, "POST", "/p/MX.a%20b%2Fc%3F%C3%B1");
    assert_int_equal(answers->n, 2); /* the effect, and what is remembered within its limit */
    view = later(kit, answers);
    answers = tk_result(kit, view, 200, first->context.ptr, "{\"id\":42}");
    assert_int_equal(asks(answers, "PUT", "/q/42")->body.len, 0);
    tk_close(kit);
}

static void refuses(const char *option, const char *value, const char *words)
{
    char error[TK_ERROR_SIZE];
    tk_refused(error, "crm_notifier", "destination", "crm", option, value, NULL);
    if (strstr(error, words) == NULL) {
        fail_msg("`%s` does not say `%s`", error, words);
    }
}

static void refuses_bad_steps(void **state)
{
    (void)state;
    refuses("preset", "zoho", "`zoho` is not known; there are: email, hubspot, salesforce, slack, teams");
    refuses("steps", "[]", "a list of 1 to 8");
    refuses("steps", "[5]", "step 1: must be a mapping");
    refuses("steps", "[{\"path\":\"/x\",\"when\":\"y\"}]", "`when` is not known");
    refuses("steps", "[{\"path\":\"x\"}]", "step 1: `path` must begin");
    refuses("steps", "[{\"path\":\"/x\",\"method\":\"GET\"}]", "`method` must be");
    refuses("steps", "[{\"path\":\"/x\",\"only\":\"sale\"}]", "`only` must be");
    refuses("steps", "[{\"path\":\"/x\",\"unless\":\"id\"}]", "no earlier step keeps");
    refuses("steps", "[{\"path\":\"/x/{{id}}\"}]", "{{id}} is not known");
    refuses("steps", "[{\"path\":\"/x\",\"keep\":{\"a.b\":\"id\"}}]", "`keep`");
    refuses("steps", "[{\"path\":\"/x\",\"body\":{\"a\":\"{{event:upper}}\"}}]", "html, or a number");
    char error[TK_ERROR_SIZE];
    tk_refused(error, "crm_notifier", "destination", "crm", "preset", "hubspot", "path", "/x", NULL);
    assert_non_null(strstr(error, "exclude each other"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hubspot_finds_the_contact),        cmocka_unit_test(hubspot_creates_the_contact_and_a_deal),
        cmocka_unit_test(salesforce_contact_lead_and_task), cmocka_unit_test(a_chain_ends),
        cmocka_unit_test(long_texts_and_odd_ids),           cmocka_unit_test(refuses_bad_steps),
        cmocka_unit_test(chats_and_mail),                   cmocka_unit_test(an_amendment_finds_its_note),
        cmocka_unit_test(an_amendment_finds_its_task),      cmocka_unit_test(amendments_and_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
