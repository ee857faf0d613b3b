/* SPDX-License-Identifier: Apache-2.0 */
/* The summarizer through its .so: the card of a real-looking conversation, and that nothing on it is
   invented. */
#include <stdio.h>
#include <string.h>

#include "testkit/testkit.h"

/* "Hola" ... "quiero hablar con una persona": the demonstration's conversation. */
static tk_view *conversation(tk *kit)
{
    tk_view *view = tk_message(kit, "quiero hablar con una persona");
    tk_turn(view, RELEVO_BY_CUSTOMER, "Hola, buenas tardes");
    tk_turn(view, RELEVO_BY_BOT, "¡Hola! ¿En qué te ayudo?");
    tk_turn(view, RELEVO_BY_CUSTOMER, "¿hacen envíos a Guadalajara?");
    tk_turn(view, RELEVO_BY_BOT, "Sí, enviamos a todo México.");
    tk_turn(view, RELEVO_BY_CUSTOMER, "mi pedido 48213 llegó roto y nadie me contesta!! soy ana@correo.mx");
    view->digest.messages = 4;
    tk_tried(view, "envios");
    tk_trend(view, 0.2);
    tk_trend(view, 0.1);
    tk_trend(view, -0.7);
    view->digest.open_question = tk_text(kit, "mi pedido 48213 llegó roto y nadie me contesta!!");
    tk_read(view, "talk_to_person", 0.9)->sentiment = -0.3;
    tk_slot(view, "order_number", "48213", "wamid.3");
    view->view.language = tk_text(kit, "es");
    tk_handoff(view, "asks_for_person", 0.9, "quiero hablar con una persona",
               "El cliente pide hablar con una persona.");
    return view;
}

static void writes_the_card(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = conversation(kit);
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "why", 0), "El cliente pide hablar con una persona. "
                                                 "(asks_for_person: «quiero hablar con una persona»)");
    assert_string_equal(tk_card(a, 0, "wants", 0),
                        "mi pedido 48213 llegó roto y nadie me contesta!! soy ana@correo.mx");
    assert_string_equal(tk_card(a, 0, "wants", 1), "quiero hablar con una persona");
    assert_null(tk_card(a, 0, "wants", 2));
    assert_string_equal(tk_card(a, 0, "data", 0), "order_number: 48213");
    assert_string_equal(tk_card(a, 0, "data", 1), "email: ana@correo.mx");
    assert_null(tk_card(a, 0, "data", 2));
    assert_string_equal(tk_card(a, 0, "tried", 0), "envios");
    assert_string_equal(tk_card(a, 0, "tried", 1), "Última respuesta del bot: «Sí, enviamos a todo México.»");
    assert_string_equal(tk_card(a, 0, "open_question", 0),
                        "mi pedido 48213 llegó roto y nadie me contesta!!");
    assert_string_equal(tk_card(a, 0, "sentiment", 0), "empeora: 0.2 → -0.3");
    tk_close(kit);
}

/* The id of a message stands by what was taken from it, where it is known. */
static void says_where_it_comes_from(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = conversation(kit);
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    const char *const expected[][2] = {{"order_number: 48213", "wamid.3"},
                                       {"quiero hablar con una persona", "wamid.now"}};
    for (size_t k = 0; k < 2; k++) {
        const char *id = NULL;
        for (uint32_t i = 0; i < a->n; i++) {
            if (strcmp(a->items[i].as.card.text.ptr, expected[k][0]) == 0) {
                id = a->items[i].as.card.message_id.ptr;
            }
        }
        assert_non_null(id);
        assert_string_equal(id, expected[k][1]);
    }
    tk_close(kit);
}

/* All that the view holds, one text after another. */
static void everything(const tk_view *view, char *text, size_t size)
{
    size_t used = 0;
    relevo_str parts[RELEVO_TURNS_MAX + RELEVO_TRIED_MAX + 8];
    size_t n = 0;
    for (uint32_t i = 0; i < view->view.n_turns; i++) {
        parts[n++] = view->turns[i]->text;
    }
    for (uint32_t i = 0; i < view->digest.n_tried; i++) {
        parts[n++] = view->digest.tried[i];
    }
    parts[n++] = view->digest.open_question;
    parts[n++] = view->view.message != NULL ? view->message.text : (relevo_str){NULL, 0};
    for (size_t i = 0; i < n; i++) {
        assert_true(used + parts[i].len + 2 < size);
        memcpy(text + used, parts[i].ptr != NULL ? parts[i].ptr : "", parts[i].len);
        used += (size_t)parts[i].len;
        text[used++] = '\n';
    }
    text[used] = '\0';
}

/* The value of a field: behind the name of data, between the quotes of an answer. */
static void value_of(const tk_answer *field, char *value, size_t size)
{
    const char *text = field->as.card.text.ptr;
    const char *quote = strstr(text, "«");
    if (strcmp(field->as.card.name.ptr, "data") == 0) {
        snprintf(value, size, "%s", strstr(text, ": ") + 2);
    } else if (strcmp(field->as.card.name.ptr, "tried") == 0 && quote != NULL) {
        snprintf(value, size, "%.*s", (int)(strlen(quote) - 4), quote + 2);
    } else {
        snprintf(value, size, "%s", text);
    }
}

static void never_invents(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *plain = conversation(kit);
    tk_view *other = tk_message(kit, "CORREO: x@y.com, paguei R$ 1.200,00, orden#777 y 300 pesos ñ");
    tk_turn(other, RELEVO_BY_CUSTOMER, "my phone: (55) 1234-5678 99 — pedido nº AB-123456");
    tk_turn(other, RELEVO_BY_BOT, "¿Cuál «pedido»?");
    other->digest.messages = 2;
    tk_view *views[] = {plain, other};
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, views, 2);
    assert_true(a->n >= 16);
    for (uint32_t i = 0; i < a->n; i++) {
        const char *name = a->items[i].as.card.name.ptr;
        char source[4096], value[2048];
        if (strcmp(name, "why") == 0 || strcmp(name, "sentiment") == 0 || strcmp(name, "confidence") == 0 ||
            strcmp(name, "customer") == 0) {
            continue; /* of the policy, the digest and WhatsApp, compared exactly elsewhere */
        }
        everything(views[a->items[i].view], source, sizeof(source));
        value_of(&a->items[i], value, sizeof(value));
        if (value[0] == '\0' || strstr(source, value) == NULL) {
            fail_msg("the card's %s `%s` is not in the conversation", name, value);
        }
    }
    tk_close(kit);
}

static void adds(tk_view *view, relevo_past *past, const relevo_past **list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        past[i].size = sizeof(*past);
        list[i] = &past[i];
    }
    view->view.past = list;
    view->view.n_past = n;
}

static void tells_what_is_known_besides(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = conversation(kit);
    view->view.customer_id = tk_text(kit, "5215512345678");
    view->view.customer_name = tk_text(kit, "Marisol");
    view->view.last_in_ms = INT64_C(1764252131000); /* 2025-11-27T14:02:11Z */
    ((relevo_slot *)(uintptr_t)view->slots[0])->was = tk_text(kit, "48212");
    tk_slot(view, "lead.score", "50", "wamid.3");
    ((relevo_slot *)(uintptr_t)view->slots[1])->was = tk_text(kit, "30");
    relevo_past past[] = {{.ended = RELEVO_OWNER_BOT, .at_ms = INT64_C(1763500000000), .agent = tk_text(kit, "tomas"), .score = -1},
                          {.ended = RELEVO_OWNER_CLOSED,
                           .at_ms = INT64_C(1763600000000),
                           .trigger = tk_text(kit, "sentiment"),
                           .reason = tk_text(kit, "El mensaje es muy negativo."),
                           .agent = tk_text(kit, "lucia"),
                           .note = tk_text(kit, "reembolso hecho"),
                           .score = 2}};
    const relevo_past *list[2];
    adds(view, past, list, 2);
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "changed", 0), "order_number: 48212 → 48213");
    assert_null(tk_card(a, 0, "changed", 1)); /* a plugin's reckoning is nobody's correction */
    assert_string_equal(tk_card(a, 0, "confidence", 0), "asks_for_person: 0.90");
    assert_string_equal(tk_card(a, 0, "confidence", 1), "talk_to_person: 0.90");
    assert_string_equal(tk_card(a, 0, "customer", 0), "name: Marisol");
    assert_string_equal(tk_card(a, 0, "customer", 1), "phone: +5215512345678");
    assert_string_equal(tk_card(a, 0, "customer", 2), "language: es");
    assert_string_equal(tk_card(a, 0, "previous", 0),
                        "2025-11-20: El mensaje es muy negativo. → cerrada por lucia: «reembolso hecho» (calificó 2)");
    assert_string_equal(tk_card(a, 0, "previous", 1), "2025-11-18: Una persona tomó la conversación. → devuelta al bot por tomas");
    assert_string_equal(tk_card(a, 0, "window", 0), "2025-11-28T14:02:11Z");
    assert_null(tk_card(a, 0, "outcome", 0));
    view->view.language = tk_text(kit, "en");
    a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "previous", 0),
                        "2025-11-20: El mensaje es muy negativo. → closed by lucia: «reembolso hecho» (rated 2)");
    tk_close(kit);
}

static void the_last_card_says_how_it_ended(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = tk_message(kit, NULL);
    view->view.language = tk_text(kit, "pt");
    view->view.last_in_ms = view->view.at_ms - 1000;
    tk_handoff(view, "asks_for_person", 0.9, "uma pessoa", "O cliente pede uma pessoa.");
    const relevo_ending ending = {.size = sizeof(ending),
                                  .began_ms = view->view.at_ms - INT64_C(7500000),
                                  .answered_ms = view->view.at_ms - INT64_C(7500000) + 190000,
                                  .agent = tk_text(kit, "lucia"),
                                  .agent_name = tk_text(kit, "Lúcia"),
                                  .note = tk_text(kit, "enviado de novo")};
    view->view.ending = &ending;
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "why", 0), "O cliente pede uma pessoa. (asks_for_person)");
    assert_string_equal(tk_card(a, 0, "outcome", 0), "encerrada por Lúcia: «enviado de novo»");
    assert_string_equal(tk_card(a, 0, "outcome", 1), "primeira resposta: 3 min");
    assert_string_equal(tk_card(a, 0, "outcome", 2), "duração: 2 h 5 min");
    assert_null(tk_card(a, 0, "window", 0)); /* nobody writes to them any more */
    tk_close(kit);
}

/* No handoff: the salesperson reads what the trigger found. */
static void a_tip_says_why(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = tk_message(kit, "para 80 personas");
    tk_fired(view, false, "other", 0.2, "x", "Nada.");
    tk_fired(view, false, "lead_ready", 0.8, "80", "Un cliente potencial está listo.");
    ((relevo_fired *)(uintptr_t)view->fired[1])->tells = 1;
    assert_string_equal(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "why", 0),
                        "Un cliente potencial está listo. (lead_ready: «80»)");
    tk_close(kit);
}

/* What answers a question of a flow is no wish. */
static void a_datum_is_no_wish(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = tk_message(kit, "51999");
    view->digest.messages = 2;
    tk_turn(view, RELEVO_BY_CUSTOMER, "mi pedido no llega");
    tk_slot(view, "order_number", "51999", "wamid.now");
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "wants", 0), "mi pedido no llega");
    assert_null(tk_card(a, 0, "wants", 1));
    tk_close(kit);
}

static void an_earlier_stretch_is_left_out(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = conversation(kit);
    view->digest.messages = 1; /* the bot got the conversation back just before this message */
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "wants", 0), "quiero hablar con una persona");
    assert_null(tk_card(a, 0, "wants", 1));
    assert_null(tk_card(a, 0, "data", 1));
    assert_null(tk_card(a, 0, "tried", 1));
    tk_close(kit);
}

/* Before anything was said: a card with what there is, and no empty field (the kit would refuse it). */
static void a_takeover_has_a_card_too(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *empty = tk_message(kit, NULL);
    empty->view.language = tk_text(kit, "pt-BR");
    tk_view *talked = tk_message(kit, NULL);
    talked->view.language = tk_text(kit, "en");
    talked->digest.messages = 1;
    tk_turn(talked, RELEVO_BY_CUSTOMER, "where is my order 48213");
    tk_trend(talked, -0.1);
    tk_view *views[] = {empty, talked};
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, views, 2);
    assert_string_equal(tk_card(a, 0, "why", 0), "Uma pessoa assumiu a conversa.");
    assert_null(tk_card(a, 0, "wants", 0));
    assert_null(tk_card(a, 0, "sentiment", 0));
    assert_string_equal(tk_card(a, 1, "why", 0), "A person took the conversation.");
    assert_string_equal(tk_card(a, 1, "wants", 0), "where is my order 48213");
    assert_string_equal(tk_card(a, 1, "data", 0), "order_number: 48213");
    assert_string_equal(tk_card(a, 1, "sentiment", 0), "-0.1");
    tk_close(kit);
}

static void sentiment_speaks_three_languages(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = tk_message(kit, "ok");
    tk_trend(view, -0.5);
    tk_read(view, NULL, 0)->sentiment = 0.4;
    view->view.language = tk_text(kit, "en");
    assert_string_equal(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "sentiment", 0),
                        "improving: -0.5 → 0.4");
    view->view.language = tk_text(kit, "pt");
    view->reading.sentiment = -0.4;
    assert_string_equal(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "sentiment", 0),
                        "estável: -0.5 → -0.4");
    tk_close(kit);
}

/* Courtesies say nothing, however long; what is written twice stands on the card once. */
static void courtesies_and_repetitions_are_left_out(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    tk_view *view = tk_message(kit, "gracias, buenas noches");
    tk_turn(view, RELEVO_BY_CUSTOMER, "reembolso 300 pesos");
    tk_turn(view, RELEVO_BY_CUSTOMER, "hola buenas tardes, buenos dias, saludos, muchas gracias, disculpa");
    tk_turn(view, RELEVO_BY_CUSTOMER, "300 pesos");
    view->digest.messages = 4;
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_string_equal(tk_card(a, 0, "wants", 0), "reembolso 300 pesos");
    assert_null(tk_card(a, 0, "wants", 1));
    assert_string_equal(tk_card(a, 0, "data", 0), "amount: 300 pesos");
    assert_null(tk_card(a, 0, "data", 1));
    tk_close(kit);
}

/* Texts at their longest, of two-byte characters at odd offsets: the kit refuses a character cut in two. */
static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    tk *kit = tk_open("summarizer", NULL);
    char text[4000] = "a";
    for (size_t i = 1; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "ñ", 2);
    }
    tk_view *view = tk_message(kit, text);
    tk_turn(view, RELEVO_BY_CUSTOMER, text);
    tk_turn(view, RELEVO_BY_BOT, text);
    tk_slot(view, "note", text + 1, NULL); /* not the message itself: that would be its answer */
    view->digest.messages = 2;
    tk_handoff(view, text, 1, text + 1, text);
    const tk_answers *a = tk_run(kit, TK_SUMMARIZE, &view, 1);
    assert_int_equal(strlen(tk_card(a, 0, "wants", 0)), 999);
    tk_run_threads(kit, TK_SUMMARIZE, &view, 1);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_card),
        cmocka_unit_test(says_where_it_comes_from),
        cmocka_unit_test(never_invents),
        cmocka_unit_test(tells_what_is_known_besides),
        cmocka_unit_test(the_last_card_says_how_it_ended),
        cmocka_unit_test(a_tip_says_why),
        cmocka_unit_test(a_datum_is_no_wish),
        cmocka_unit_test(an_earlier_stretch_is_left_out),
        cmocka_unit_test(a_takeover_has_a_card_too),
        cmocka_unit_test(sentiment_speaks_three_languages),
        cmocka_unit_test(courtesies_and_repetitions_are_left_out),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
