/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as the host loads it, on the demo business's knowledge base. */
#include "testkit/testkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static char folder[4096];

static int find_folder(void **state)
{
    (void)state;
    const char *source = getenv("RELEVO_SOURCE_DIR");
    return snprintf(folder, sizeof folder, "%s/docs/examples/cafe_andino/kb", source ? source : "../..") < 0;
}

/* A knowledge base of one file, in a folder of its own. */
typedef struct test_kb {
    char folder[64], file[96];
} test_kb;

static void write_kb(test_kb *kb, const char *text)
{
    (void)snprintf(kb->folder, sizeof kb->folder, "/tmp/relevo-responder-XXXXXX");
    assert_non_null(mkdtemp(kb->folder));
    (void)snprintf(kb->file, sizeof kb->file, "%s/kb.yaml", kb->folder);
    FILE *file = fopen(kb->file, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_kb(const test_kb *kb)
{
    (void)unlink(kb->file);
    (void)rmdir(kb->folder);
}

/* What may help a person: near articles word for word, but not what was tried, nor small talk, nor when it is over. */
static void suggests(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *view = tk_message(kit, "¿y cuánto tarda mi pedido?"), *over = tk_message(kit, NULL), *greets = tk_message(kit, "hola, buenas"),
            *asks = tk_message(kit, "quiero hablar con una persona"); /* "¿hablo con una persona?" is what the robot says that it is none */
    tk_turn(view, RELEVO_BY_CUSTOMER, "¿hacen envíos a Guadalajara?");
    tk_turn(view, RELEVO_BY_BOT, "mi pedido llegó roto"); /* what the bot said is no question */
    view->digest.open_question = tk_text(kit, "mi pedido 48213 llegó roto");
    const relevo_ending ending = {.size = sizeof ending};
    over->view.ending = &ending;
    over->digest.open_question = tk_text(kit, "mi pedido 48213 llegó roto");
    tk_view *views[] = {view, over, greets, asks};
    const tk_answers *answers = tk_run(kit, TK_SUMMARIZE, views, 4);
    const char *first = tk_card(answers, 0, "suggested", 0), *second = tk_card(answers, 0, "suggested", 1);
    assert_non_null(first);
    assert_int_equal(strncmp(first, "tiempos: ", 9), 0);
    assert_non_null(strchr(first, '\n'));
    assert_string_equal(strchr(first, '\n') + 1, tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->text.ptr);
    assert_non_null(second);
    assert_null(tk_card(answers, 0, "suggested", 3));
    assert_null(tk_card(answers, 1, "suggested", 0));
    assert_null(tk_card(answers, 2, "suggested", 0));
    for (uint32_t i = 0; tk_card(answers, 3, "suggested", i); i++)
        assert_int_not_equal(strncmp(tk_card(answers, 3, "suggested", i), "robot: ", 7), 0);
    tk_tried(view, "tiempos");
    answers = tk_run(kit, TK_SUMMARIZE, &view, 1);
    bool broken = false;
    for (uint32_t i = 0; tk_card(answers, 0, "suggested", i); i++) {
        assert_int_not_equal(strncmp(tk_card(answers, 0, "suggested", i), "tiempos: ", 9), 0);
        broken = broken || strncmp(tk_card(answers, 0, "suggested", i), "danado: ", 8) == 0;
    }
    assert_true(broken);
    tk_close(kit);
}

static void demo_conversation(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *views[] = {tk_message(kit, "Hola, buenas tardes"),
                        tk_message(kit, "¿hacen envíos a Guadalajara?"),
                        tk_message(kit, "¿y cuánto tarda mi pedido?"),
                        tk_message(kit, "mi pedido 48213 llegó roto"), tk_message(kit, "me cobraron dos veces"),
                        tk_message(kit, "quiero hablar con una persona")};
    tk_read(views[5], "talk_to_person", 0.99)->wants_person = 0.99;
    const tk_answers *answers = tk_run(kit, TK_RESPOND, views, 6);
    assert_string_equal(tk_reply(answers, 0)->source.ptr, "saludo");
    assert_string_equal(tk_reply(answers, 1)->source.ptr, "envios");
    assert_non_null(strstr(tk_reply(answers, 1)->text.ptr, "también a Guadalajara"));
    assert_true(tk_reply(answers, 1)->confidence > 0.8);
    assert_string_equal(tk_reply(answers, 2)->source.ptr, "tiempos");
    assert_string_equal(tk_reply(answers, 3)->source.ptr, "danado");
    assert_null(tk_reply(answers, 4));
    assert_non_null(tk_abstain(answers, 4));
    assert_true(tk_abstain(answers, 4)->best < 0.5);
    assert_true(tk_abstain(answers, 4)->reason.len > 0);
    assert_int_equal(answers->n, 5); /* nothing at all to who wants a person */
    tk_close(kit);
}

/* What the classifier read is weighed with the words, of the message as a whole alone. */
static void with_the_intent(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *views[] = {tk_message(kit, "no llegó mi pedido"), tk_message(kit, "no llegó mi pedido"), tk_message(kit, "no llegó mi pedido"),
                        tk_message(kit, "horario y formas de pago"), tk_message(kit, "¿tienen envío a Toluca? ¿cierran los domingos?")};
    tk_read(views[1], "order_status", 0.95);
    tk_read(views[2], "order_status", 0.95)->out_of_scope = 0.9; /* then it is worth little */
    tk_read(views[3], "opening_hours", 0.99);
    tk_read(views[4], "payment", 0.99);
    const tk_answers *answers = tk_run(kit, TK_RESPOND, views, 5);
    assert_string_equal(tk_reply(answers, 0)->source.ptr, "danado");
    assert_string_not_equal(tk_reply(answers, 1)->source.ptr, "danado");
    assert_string_equal(tk_reply(answers, 2)->source.ptr, "danado");
    assert_string_equal(tk_reply_at(answers, 3, 0)->source.ptr, "horario");
    assert_string_equal(tk_reply_at(answers, 3, 1)->source.ptr, "pagos");
    assert_string_equal(tk_reply_at(answers, 4, 0)->source.ptr, "envios");
    assert_string_equal(tk_reply_at(answers, 4, 1)->source.ptr, "horario");
    tk_close(kit);
}

static void languages(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *views[] = {tk_message(kit, "quais as formas de pagamento?"),
                        tk_message(kit, "are you open on Sunday?"), tk_message(kit, "delivery?")};
    views[2]->view.language = tk_text(kit, "es");
    const tk_answers *answers = tk_run(kit, TK_RESPOND, views, 3);
    assert_non_null(strstr(tk_reply(answers, 0)->text.ptr, "Aceitamos"));
    assert_non_null(strstr(tk_reply(answers, 1)->text.ptr, "We are open"));
    tk_close(kit);
}

/* Small talk beside a question is not what is answered. */
static void small_talk(void **state)
{
    (void)state;
    static const struct {
        const char *text, *source;
    } cases[] = {
        {"buenos días", "saludo"},
        {"hello there", "saludo"},
        {"buenos días, a qué hora cierran hoy?", "horario"},
        {"bom dia, vocês entregam em Recife?", "envios"},
        {"hola, buenas tardes, quisiera información sobre sus cafés", "cafes"},
        {"hola, ¿dónde están?", "ubicacion"},
        {"hola, necesito ayuda", "ayuda"},
        {"hola, necesito factura", "factura"},
        {"ok gracias", "gracias"},
    };
    tk *kit = tk_open("responder", "kb", folder, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tk_view *view = tk_message(kit, cases[i].text);
        const relevo_answer_reply *reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
        assert_non_null(reply);
        assert_string_equal(reply->source.ptr, cases[i].source);
    }
    tk_close(kit);
}

/* Each question of a message gets its answer; what nobody knows is admitted, and counts. */
static void several_questions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *first, *second;
        bool misses;
    } cases[] = {
        {"hola, ¿hacen envíos a Mérida y a qué hora abren?", "envios", "horario", false},
        {"¿cuánto cuesta el envío? ¿cuánto tarda?", "envios", "tiempos", false},
        {"how much is shipping and how long does it take?", "envios", "tiempos", false},
        {"vocês entregam e quais as formas de pagamento?", "envios", "pagos", false},
        {"¿tienen descafeinado? ¿venden tractores?", "descafeinado", "talk.partly", true},
        {"¿dónde están y cómo llego?", "ubicacion", NULL, false},
        {"Buenos días. ¿Hacen envíos a Oaxaca? Gracias", "envios", NULL, false},
        {"quanto custa o frete e qual o horário?", "envios", "horario", false},
        {"what are your hours and do you ship?", "horario", "envios", false},
        {"a qué hora abren y si hacen envíos", "horario", "envios", false},
        /* subjects in a row, without a question word before each */
        {"me dices horario y formas de pago porfa", "horario", "pagos", false},
        {"quiero saber el horario y el costo de envio", "horario", "envios", false},
        {"tienen sucursal en GDL y a q hora cierran", "ubicacion", "horario", false},
        /* what is wanted instead of what is refused */
        {"no quiero hablar con una persona, solo dime el horario", "horario", NULL, false},
        {"não quero falar com ninguém, só me diz o horário", "horario", NULL, false},
        /* and what is no list: one of the two alone would be guessed at */
        {"me llegó otra cosa, yo no pedí esto", "danado", NULL, false},
    };
    tk *kit = tk_open("responder", "kb", folder, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tk_view *view = tk_message(kit, cases[i].text);
        const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
        const relevo_answer_reply *first = tk_reply_at(answers, 0, 0), *second = tk_reply_at(answers, 0, 1);
        if (!first || strcmp(first->source.ptr, cases[i].first) != 0 || !second != !cases[i].second ||
            (second && strcmp(second->source.ptr, cases[i].second) != 0))
            fail_msg("'%s' is answered by %s and %s", cases[i].text, first ? first->source.ptr : "nothing",
                     second ? second->source.ptr : "nothing");
        assert_int_equal(first->flags, 0);
        assert_true(!second || second->flags & RELEVO_REPLY_ALSO);
        assert_int_equal(tk_abstain(answers, 0) != NULL, cases[i].misses);
    }
    /* up to five; what is more is not answered, and that is said */
    tk_view *view = tk_message(kit, "¿Aceptan tarjeta? ¿Hacen envíos a Cancún? ¿A qué hora abren? ¿Cómo pido mi factura? ¿Tienen descafeinado?");
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    static const char *const five[] = {"pagos", "envios", "horario", "factura", "descafeinado"};
    for (uint32_t k = 0; k < 5; k++)
        assert_string_equal(tk_reply_at(answers, 0, k)->source.ptr, five[k]);
    assert_null(tk_abstain(answers, 0));
    view = tk_message(kit, "¿Aceptan tarjeta? ¿Hacen envíos a Cancún? ¿A qué hora abren? ¿Cómo pido mi factura? ¿Tienen descafeinado? ¿Tienen suscripción?");
    answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply_at(answers, 0, 5)->source.ptr, "talk.partly");
    assert_non_null(tk_abstain(answers, 0));
    tk_close(kit);
}

/* A bare "sí" or "no sé" gets no article, is asked what is wanted, and is no miss; where something was asked, it is no business of ours. */
static void words_that_say_nothing(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    static const char *const texts[] = {"sí", "si", "no", "não", "yes", "sim", "no sé", "mande?", "y", "para", "tú", "mi", "eso", "sí, por favor",
                                        "si quiero", "yes please", "a ver", "quiero saber", "SÍ 👍", "jajaja", "kkkkk", "hehehe 😂",
                                        /* no more does who refuses what an article is about */
                                        "no quiero cancelar mi pedido", "no quiero factura", "no necesito envío"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tk_view *view = tk_message(kit, texts[i]);
        const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
        const relevo_answer_reply *reply = tk_reply(answers, 0);
        if (!reply || strcmp(reply->source.ptr, "talk.need") != 0)
            fail_msg("'%s' is answered by %s", texts[i], reply ? reply->source.ptr : "nothing");
        assert_int_equal(reply->flags, RELEVO_REPLY_ASKS);
        assert_true(reply->confidence < 0.2);
        assert_null(tk_abstain(answers, 0));
        view->digest.asked = true;
        answers = tk_run(kit, TK_RESPOND, &view, 1);
        assert_null(tk_reply(answers, 0));
        assert_non_null(tk_abstain(answers, 0));
    }
    static const char *const unknown[] = {"no estoy enojado, solo quiero saber", "vendem chá?", "tem chá?", "tienen té?", "perdón",
                                          /* a number is no subject */
                                          "1", "20", "el 5", "somos 20", "cuánto es 2+2"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        tk_view *view = tk_message(kit, unknown[i]);
        const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
        if (tk_reply(answers, 0))
            fail_msg("'%s' is answered by %s", unknown[i], tk_reply(answers, 0)->source.ptr);
        assert_non_null(tk_abstain(answers, 0));
    }
    tk_view *view = tk_message(kit, "🙏🙏"); /* as a sticker, which is no miss */
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply(answers, 0)->source.ptr, "talk.sticker");
    assert_int_equal(tk_reply(answers, 0)->flags, RELEVO_REPLY_ASKS);
    assert_null(tk_abstain(answers, 0));
    tk_close(kit);
}

/* What is refused is no question, but for an article that has just that. */
static void refused(void **state)
{
    test_kb kb;
    (void)state;
    write_kb(&kb, "- {id: puntos, title: Puntos, language: es, questions: [No quiero juntar puntos], answer: Te damos de baja.}\n"
                  "- {id: factura, title: Factura, language: es, questions: [Quiero factura], answer: Así se pide.}\n");
    tk *kit = tk_open("responder", "kb", kb.folder, NULL);
    tk_view *view = tk_message(kit, "no quiero los puntos");
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->source.ptr, "puntos");
    view = tk_message(kit, "no quiero factura");
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->source.ptr, "talk.need");
    view->digest.asked = true;
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_null(tk_reply(answers, 0));
    assert_non_null(strstr(tk_abstain(answers, 0)->reason.ptr, "refuses what 'factura' is about"));
    tk_close(kit);
    remove_kb(&kb);
}

/* What was said last gives a short message its subject; saying it again is no help, and so is an objection to it. */
static void in_the_light_of_the_last(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *view = tk_message(kit, "¿y para Recife?");
    assert_null(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0));
    tk_tried(view, "envios");
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply_at(answers, 0, 0)->source.ptr, "envios");
    assert_non_null(tk_abstain(answers, 0)); /* the same again: it may not have helped */

    /* but who asks for something else that is in it has got no answer twice */
    static const struct {
        const char *before, *now;
        bool again;
    } more[] = {{"¿hacen envíos?", "¿cuánto cuesta el envío?", false}, {"¿hacen envíos?", "¿y a Guadalajara?", false}, {"¿hacen envíos?", "pero hacen envios??", true},
                {"¿hacen envíos a Guadalajara?", "¿y a Guadalajara?", true}, {"¿hacen envíos?", "¿y a Marte?", true}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        view = tk_message(kit, more[i].now);
        tk_turn(view, RELEVO_BY_CUSTOMER, more[i].before);
        tk_turn(view, RELEVO_BY_BOT, "Sí, hacemos envíos a todo el país, también a Guadalajara. El envío cuesta 99 pesos.");
        tk_tried(view, "envios");
        answers = tk_run(kit, TK_RESPOND, &view, 1);
        assert_string_equal(tk_reply_at(answers, 0, 0)->source.ptr, "envios");
        if ((tk_abstain(answers, 0) != NULL) != more[i].again)
            fail_msg("'%s' after '%s'", more[i].now, more[i].before);
    }
    view = tk_message(kit, "¿y cuánto cuesta?"); /* by itself it fits two */
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->source.ptr, "talk.which");
    tk_tried(view, "envios");
    tk_read(view, "products", 0.9); /* is no help: what it leans on is not in the message */
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->source.ptr, "envios");

    view = tk_message(kit, "¿y los domingos?");
    tk_tried(view, "envios");
    answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply_at(answers, 0, 0)->source.ptr, "horario");
    assert_null(tk_abstain(answers, 0));

    static const char *const objections[] = {"eso no es lo que pregunté", "não foi isso que perguntei", "não foi isso que eu perguntei", "no es eso", "no, not that",
                                             "that's not what I asked", "te pregunté otra cosa", "esa no era mi pregunta",
                                             "perguntei outra coisa", "I asked something else", "muchas gracias por nada"};
    for (size_t i = 0; i < sizeof objections / sizeof *objections; i++) {
        view = tk_message(kit, objections[i]);
        assert_true(!tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0) ||
                    strcmp(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->source.ptr, "talk.sorry") != 0);
        tk_tried(view, "envios");
        answers = tk_run(kit, TK_RESPOND, &view, 1);
        assert_string_equal(tk_reply_at(answers, 0, 0)->source.ptr, "talk.sorry");
        assert_int_equal(tk_reply_at(answers, 0, 0)->flags, RELEVO_REPLY_ASKS);
        assert_non_null(tk_abstain(answers, 0));
    }
    tk_close(kit);
}

/* Of two that fit equally the customer chooses, by a button that is answered. */
static void which_of_two(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, "margin", "0.3", "texts", "{\"which\": {\"es\": \"¿Cuál?\"}}", NULL);
    tk_view *view = tk_message(kit, "cuánto cuesta el café descafeinado en grano");
    const relevo_answer_reply *reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
    assert_non_null(reply);
    assert_string_equal(reply->text.ptr, "¿Cuál?");
    assert_string_equal(reply->source.ptr, "talk.which");
    assert_int_equal(reply->flags, RELEVO_REPLY_ASKS);
    assert_int_equal(reply->n_choices, 2);
    const char *id = reply->choices[1]->id.ptr;
    assert_memory_equal(id, "kb:", 3);
    const tk_answer *memory = tk_find(tk_run(kit, TK_RESPOND, &view, 1), 0, RELEVO_ANSWER_MEMORY, 0);
    assert_non_null(memory);
    const char *offered = memory->as.memory.bytes.ptr;
    view = tk_message(kit, "la segunda"); /* in words, too, when it was asked just now */
    view->view.memory = tk_text(kit, offered);
    const relevo_answer_reply *early = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
    assert_true(!early || strcmp(early->source.ptr, id + 3) != 0);
    view->digest.asked = 1;
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply(answers, 0)->source.ptr, id + 3);
    memory = tk_find(answers, 0, RELEVO_ANSWER_MEMORY, 0);
    assert_true(memory && memory->as.memory.bytes.len == 0);
    view = tk_message(kit, reply->choices[1]->title.ptr);
    view->message.reply = tk_text(kit, id);
    reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
    assert_string_equal(reply->source.ptr, id + 3);
    tk_assert_near(reply->confidence, 1);
    tk_close(kit);
}

/* Titles that begin alike are cut where they differ; buttons that look alike are not offered: WhatsApp refuses them. */
static void which_of_two_alike(void **state)
{
    (void)state;
    static const struct {
        const char *titles[2], *shown[2];
    } cases[] = {{{"Envíos", "Pagos"}, {"Envíos", "Pagos"}},
                 {{"Envíos a todo el país y más", "Costos a todo el país y más"}, {"Envíos a todo el", "Costos a todo el"}},
                 {{"Envíos a todo el país", "Envíos a todo el mundo"}, {"Envíos a todo el paí", "Envíos a todo el mun"}},
                 {{"Todo sobre los pagos en línea", "Todo sobre los pagos a plazos"}, {NULL, NULL}},
                 {{"Café", "Café"}, {NULL, NULL}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        test_kb kb;
        (void)snprintf(text, sizeof text,
                       "- {id: a, title: %s, language: es, questions: ['¿cuánto vale la taza?'], answer: A}\n"
                       "- {id: b, title: %s, language: es, questions: ['¿cuánto vale una taza?'], answer: B}\n",
                       cases[i].titles[0], cases[i].titles[1]);
        write_kb(&kb, text);
        tk *kit = tk_open("responder", "kb", kb.folder, NULL);
        tk_view *view = tk_message(kit, "taza");
        const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
        const relevo_answer_reply *reply = tk_reply(answers, 0);
        if (!cases[i].shown[0]) {
            assert_null(reply);
            assert_non_null(strstr(tk_abstain(answers, 0)->reason.ptr, "look alike on a button"));
        } else {
            assert_non_null(reply);
            assert_int_equal(reply->n_choices, 2);
            for (int k = 0; k < 2; k++) {
                const relevo_str title = reply->choices[k]->title;
                const char *wanted = cases[i].shown[reply->choices[k]->id.ptr[3] == 'b'];
                if (title.len != strlen(wanted) || memcmp(title.ptr, wanted, title.len) != 0)
                    fail_msg("a button says '%.*s', not '%s'", (int)title.len, title.ptr, wanted);
            }
        }
        tk_close(kit);
        remove_kb(&kb);
    }
}

/* Without a word of the business: its own small talk, honest about what it is. */
static void small_talk_of_its_own(void **state)
{
    test_kb kb;
    (void)state;
    write_kb(&kb, "- {id: hours, title: Opening hours, language: en, answer: From 9 to 5.}\n"
                  "- {id: hola, title: Saludo, language: es, tags: [smalltalk, greeting], questions: [Hola], answer: ¡Buenas!}\n");
    static const struct {
        const char *text, *source, *part;
    } cases[] = {
        {"hola", "hola", "¡Buenas!"},
        {"oi", "greeting", "Olá"},
        {"hello there", "greeting", "Hello"},
        {"¿eres un robot?", "robot", "no una persona"},
        {"¿hablo con una máquina?", "robot", "no una persona"},
        {"am I talking to a machine?", "robot", "not a person"},
        {"você é humano?", "robot", "não uma pessoa"},
        {"are you a real person?", "robot", "not a person"},
        {"muchas gracias", "thanks", "Con gusto"},
        {"obrigada", "thanks", "De nada"},
        {"obg", "thanks", "De nada"},
        {"bye", "goodbye", "Goodbye"},
        {"¿cómo estás?", "how_are_you", "Todo bien"},
        {"opening hours?", "hours", "From 9 to 5."},
    };
    tk *kit = tk_open("responder", "kb", kb.folder, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tk_view *view = tk_message(kit, cases[i].text);
        const relevo_answer_reply *reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
        if (!reply || strcmp(reply->source.ptr, cases[i].source) != 0 || !strstr(reply->text.ptr, cases[i].part))
            fail_msg("'%s' is answered '%s'", cases[i].text, reply ? reply->text.ptr : "(nothing)");
    }
    static const char *const others[] = {"quiero hablar con ventas", "quero falar com vendas", "I want to talk to sales", "let me speak with billing"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) { /* who wants to talk to some department asks nobody what they are */
        tk_view *view = tk_message(kit, others[i]);
        const relevo_answer_reply *reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
        if (reply)
            fail_msg("'%s' is answered '%s'", others[i], reply->text.ptr);
    }
    tk_close(kit);
    remove_kb(&kb);
}

/* Buttons, media and the days on which an article holds. */
static void what_an_article_carries(void **state)
{
    test_kb kb;
    (void)state;
    write_kb(&kb,
             "- id: menu\n  title: Menu\n  language: en\n  questions: [show me the menu]\n  answer: Here it is.\n"
             "  media: {document: 'https://cafe.example/menu.pdf'}\n"
             "  buttons: [{title: Opening hours, article: hours}, {title: A quote, id: 'flow:catering'}]\n"
             "- {id: hours, title: Opening hours, language: en, answer: From 9 to 5., until: 2025-12-31}\n"
             "- {id: hours2, title: Opening hours, language: en, answer: From 10 to 4., from: 2026-01-01, until: 2026-01-06}\n");
    tk *kit = tk_open("responder", "kb", kb.folder, "utc_offset", "-6", NULL);
    tk_view *view = tk_message(kit, "show me the menu");
    const relevo_answer_reply *reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
    assert_string_equal(reply->media_kind.ptr, "document");
    assert_string_equal(reply->media_url.ptr, "https://cafe.example/menu.pdf");
    assert_int_equal(reply->n_choices, 2);
    assert_string_equal(reply->choices[0]->id.ptr, "kb:hours");
    assert_string_equal(reply->choices[1]->id.ptr, "flow:catering");
    view = tk_message(kit, "opening hours");
    view->view.at_ms = INT64_C(1767225600000) + 5 * 3600000; /* 2026-01-01, 05:00 UTC: still 2025 at the business */
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->text.ptr, "From 9 to 5.");
    view->view.at_ms += 3600000;
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->text.ptr, "From 10 to 4.");
    view->view.at_ms += INT64_C(6) * 86400000;
    assert_null(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0));
    tk_close(kit);
    remove_kb(&kb);
}

static void messages_without_words(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, "image", "hand_off", "sticker", "acknowledge", NULL);
    tk_view *view = tk_message(kit, "");
    view->message.type = tk_text(kit, "audio");
    view->view.language = tk_text(kit, "pt");
    const relevo_answer_reply *reply = tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0);
    assert_string_equal(reply->source.ptr, "talk.voice");
    assert_non_null(strstr(reply->text.ptr, "Não consigo ouvir"));
    assert_int_equal(reply->flags, RELEVO_REPLY_ASKS);
    assert_null(tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0));
    view->message.type = tk_text(kit, "sticker");
    assert_int_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->flags, 0);
    view->message.type = tk_text(kit, "image");
    view->view.language = tk_text(kit, "en");
    assert_null(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0));
    const relevo_answer_trigger *fired = tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
    tk_assert_near(fired->score, 1);
    assert_string_equal(fired->reason.ptr, "The customer sent a picture.");
    view = tk_message(kit, "¿hacen envíos?"); /* a caption is a message like any */
    view->message.type = tk_text(kit, "image");
    assert_string_equal(tk_reply(tk_run(kit, TK_RESPOND, &view, 1), 0)->source.ptr, "envios");
    assert_null(tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0));
    /* several messages that are one: what came without words is not passed over */
    view->message.type = tk_text(kit, "audio");
    view->message.wordless = tk_text(kit, "sticker\naudio");
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply_at(answers, 0, 0)->source.ptr, "envios");
    assert_string_equal(tk_reply_at(answers, 0, 1)->source.ptr, "talk.sticker");
    assert_int_equal(tk_reply_at(answers, 0, 1)->flags, RELEVO_REPLY_ALSO);
    assert_null(tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0));
    view->message.wordless = tk_text(kit, "audio\nimage");
    answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply_at(answers, 0, 0)->source.ptr, "envios");
    assert_null(tk_reply_at(answers, 0, 1));
    fired = tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
    assert_string_equal(fired->evidence.ptr, "¿hacen envíos?");
    view = tk_message(kit, "zzz qwerty"); /* nothing else is said to it */
    view->message.wordless = tk_text(kit, "audio");
    answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_string_equal(tk_reply(answers, 0)->source.ptr, "talk.voice");
    assert_int_equal(tk_reply(answers, 0)->flags, RELEVO_REPLY_ASKS);
    assert_true(tk_reply(answers, 0)->confidence < 0.2);
    assert_non_null(tk_abstain(answers, 0));
    tk_close(kit);
}

static void threshold(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, "threshold", "0.95", NULL);
    tk_view *view = tk_message(kit, "hacen envios a Tijuana");
    const tk_answers *answers = tk_run(kit, TK_RESPOND, &view, 1);
    assert_null(tk_reply(answers, 0));
    assert_non_null(strstr(tk_abstain(answers, 0)->reason.ptr, "'envios'"));
    tk_close(kit);
}

static void says_nothing_to_pictures(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *views[] = {tk_message(kit, ""), tk_message(kit, NULL)};
    assert_int_equal(tk_run(kit, TK_RESPOND, views, 2)->n, 0);
    tk_close(kit);
}

static void many_threads(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    tk_view *views[] = {tk_message(kit, "¿hacen envíos a Guadalajara?"), tk_message(kit, "a qué hora avren")};
    tk_run_threads(kit, TK_RESPOND, views, 2);
    tk_close(kit);
}

static void refuses(void **state)
{
    (void)state;
    char error[TK_ERROR_SIZE];
    tk_refused(error, "responder", "kb", "/tmp/relevo-no-such-folder", NULL);
    assert_non_null(strstr(error, "'kb' must be a folder of articles"));
    tk_refused(error, "responder", "kb", folder, "voice", "listen", NULL);
    assert_string_equal(error, "`voice` is acknowledge, ask or hand_off");
    tk_refused(error, "responder", "kb", folder, "texts", "{\"which\": \"x\"}", NULL);
    assert_non_null(strstr(error, "`texts`: write 'which: {es: ..., pt: ..., en: ...}'"));
    tk_refused(error, "responder", "kb", folder, "texts", "{\"wich\": {}}", NULL);
    assert_non_null(strstr(error, "'wich' is not known"));
    tk_refused(error, "responder", "kb", folder, "texts", "{\"which\": {\"fr\": \"x\"}}", NULL);
    assert_non_null(strstr(error, "'which' wants a text for each of es, pt, en"));
}

static void tool(void **state)
{
    (void)state;
    tk *kit = tk_open("responder", "kb", folder, NULL);
    const char *good[] = {"responder", "ask", "--kb", folder, "--json", "hacen envíos?"};
    const char *no_kb[] = {"responder", "ask", "hola"},
               *number[] = {"responder", "ask", "--kb", folder, "--margin", "x"};
    const char *unknown[] = {"responder", "tell"},
               *absent[] = {"responder", "ask", "--kb", "/tmp/relevo-none", "x"};
    const char *index[] = {"responder", "index", "--kb", folder}, *json[] = {"responder", "index", "--kb", folder, "--json"};
    const char *question[] = {"responder", "index", "--kb", folder, "hola"};
    assert_int_equal(kit->plugin->tool(6, good), 0);
    assert_int_equal(kit->plugin->tool(4, index), 0);
    assert_int_equal(kit->plugin->tool(2, index), EX_USAGE);
    assert_int_equal(kit->plugin->tool(5, json), EX_USAGE);
    assert_int_equal(kit->plugin->tool(5, question), EX_USAGE);
    assert_int_equal(kit->plugin->tool(3, no_kb), EX_USAGE);
    assert_int_equal(kit->plugin->tool(6, number), EX_USAGE);
    assert_int_equal(kit->plugin->tool(2, unknown), EX_USAGE);
    assert_int_equal(kit->plugin->tool(5, absent), EX_NOINPUT);
    tk_close(kit);
}

/* What an admin reads: the answer, or why there is none, or that the customer is asked; where the articles stand in each other's way; and
   how far it is. */
static void tool_tells(void **state)
{
    test_kb kb;
    (void)state;
    write_kb(&kb, "- {id: beans, title: Beans, language: en, questions: [How much is the coffee?], answer: Beans are 10.}\n"
                  "- {id: cups, title: Cups, language: en, questions: [How much is a coffee?], answer: Cups are 2.}\n"
                  "- {id: hours, title: Hours, language: en, questions: [When do you open?, How much is the coffee?], answer: 'At 9. **Late** [here](https://cafe.example).'}\n");
    char shown[TK_SHOWN_SIZE];
    tk *kit = tk_open("responder", "kb", kb.folder, NULL);
    const char *ask[] = {"responder", "ask", "--kb", kb.folder, NULL}, *index[] = {"responder", "index", "--kb", kb.folder};
    static const struct {
        const char *question, *says;
    } cases[] = {{"when do you open", "(https://cafe.example).\r\n  ('hours' fits"},
                 {"coffee", "the customer is asked which is meant: "},
                 {"tractors", "no answer: "},
                 {"when do you open? do you sell tractors?", "one of them no article answers"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask[4] = cases[i].question;
        assert_int_equal(tk_on_terminal(kit, 5, ask, shown), 0);
        if (!strstr(shown, cases[i].says))
            fail_msg("'%s': %s", cases[i].question, shown);
    }
    const char *json[] = {"responder", "ask", "--kb", kb.folder, "--json", "coffee"};
    assert_int_equal(tk_on_terminal(kit, 6, json, shown), 0);
    assert_non_null(strstr(shown, "\"answer\": null"));
    assert_non_null(strstr(shown, "\"choices\": [\""));
    assert_int_equal(tk_on_terminal(kit, 4, index, shown), 0);
    assert_non_null(strstr(shown, "\r[##########--------------------]  33 %"));
    assert_non_null(strstr(shown, "\r[##############################] 100 %"));
    assert_non_null(strstr(shown, "kb.yaml:1: 'How much is the coffee?' finds"));
    assert_non_null(strstr(shown, "kb.yaml:3: 'hours' holds '**', which WhatsApp shows as it stands"));
    assert_non_null(strstr(shown, "kb.yaml:3: 'hours' holds ']('"));
    assert_null(strstr(shown, "'beans' holds"));
    assert_non_null(strstr(shown, ": 3 articles, 4 questions, of which ")); /* its own small talk is not counted */
    const char *wrong[] = {"responder", "ask", "--kb", kb.folder, "--margin", "2"}, *two[] = {"responder", "ask", "--kb", kb.folder, "a", "b"};
    assert_int_equal(tk_on_terminal(kit, 6, wrong, shown), EX_USAGE);
    assert_non_null(strstr(shown, "a number from 0 to 1 is wanted, not '2'"));
    assert_int_equal(tk_on_terminal(kit, 5, wrong, shown), EX_USAGE);
    assert_non_null(strstr(shown, "a value is missing after '--margin'"));
    assert_int_equal(tk_on_terminal(kit, 6, two, shown), EX_USAGE);
    assert_non_null(strstr(shown, "put one of several words in quotes"));
    tk_close(kit);
    remove_kb(&kb);
}

/* All that is answered is named, as of the day that is asked for; and who asks by a pipe gets the answer before the next question. */
static void tool_for_programs(void **state)
{
    test_kb kb;
    (void)state;
    write_kb(&kb, "- {id: hours, title: Hours, language: en, questions: [When do you open?], answer: At 9.}\n"
                  "- {id: feast, title: Christmas, language: en, questions: [Do you sell panettone?], answer: We do., from: 2026-12-01, until: 2026-12-31}\n");
    char shown[TK_SHOWN_SIZE];
    tk *kit = tk_open("responder", "kb", kb.folder, NULL);
    const char *ask[] = {"responder", "ask", "--kb", kb.folder, "--json", "--day", "2026-12-01"};
    assert_int_equal(tk_by_pipe(kit, 7, ask, "when do you open? do you sell panettone?", shown), 0);
    assert_non_null(strstr(shown, "{\"article\": \"hours\", \"articles\": [\"hours\", \"feast\"], \"score\": "));
    ask[6] = "2027-01-01";
    assert_int_equal(tk_by_pipe(kit, 7, ask, "do you sell panettone?", shown), 0);
    assert_non_null(strstr(shown, "\"articles\": [], "));
    ask[6] = "2027-02-29";
    assert_int_equal(tk_on_terminal(kit, 7, ask, shown), EX_USAGE);
    assert_non_null(strstr(shown, "a day like 2026-12-24 is wanted, not '2027-02-29'"));
    assert_int_equal(tk_on_terminal(kit, 6, ask, shown), EX_USAGE);
    assert_non_null(strstr(shown, "a value is missing after '--day'"));
    tk_close(kit);
    remove_kb(&kb);
}

/* With what `relevo classifier classify --json` printed, the admin sees what a customer gets; and intents that nobody knows are named. */
static void tool_with_intents(void **state)
{
    test_kb kb, readings;
    (void)state;
    write_kb(&kb, "- {id: broken, title: Broken order, language: en, intents: [problem], questions: [My order arrived broken], answer: Sorry.}\n"
                  "- {id: track, title: Tracking, language: en, intents: [status], questions: [Where is my order?], answer: Here.}\n");
    write_kb(&readings, "{\"intent\": \"status\", \"confidence\": 0.99, \"out_of_scope\": 0.02, \"language\": null, \"anger\": 0.1}\n");
    char shown[TK_SHOWN_SIZE];
    tk *kit = tk_open("responder", "kb", kb.folder, NULL);
    const char *ask[] = {"responder", "ask", "--kb", kb.folder, "my order never arrived", "--readings", readings.file};
    const char *index[] = {"responder", "index", "--kb", kb.folder, "--intents", readings.file};
    assert_int_equal(tk_on_terminal(kit, 5, ask, shown), 0);
    assert_non_null(strstr(shown, "Sorry."));
    assert_int_equal(tk_on_terminal(kit, 7, ask, shown), 0);
    assert_non_null(strstr(shown, "Here."));
    assert_non_null(strstr(shown, " by its words, and the intent is status)"));
    assert_int_equal(tk_on_terminal(kit, 6, index, shown), EX_DATAERR);
    assert_non_null(strstr(shown, "there is no 'intents:'"));
    remove_kb(&readings);
    assert_int_equal(tk_on_terminal(kit, 7, ask, shown), EX_NOINPUT);
    write_kb(&readings, "intents:\n  problem: {en: [it is broken, it leaks]}\n");
    index[5] = ask[6] = readings.file;
    assert_int_equal(tk_on_terminal(kit, 7, ask, shown), EX_DATAERR);
    assert_non_null(strstr(shown, "kb.yaml:1: no reading; there must be a line for each question"));
    assert_int_equal(tk_on_terminal(kit, 6, index, shown), EX_DATAERR);
    assert_non_null(strstr(shown, "kb.yaml:2: 'track' names the intent 'status', which "));
    remove_kb(&readings);
    write_kb(&readings, "intents: {problem: {en: [it is broken]}, status: {en: [where is it]}}\n");
    index[5] = readings.file;
    assert_int_equal(tk_on_terminal(kit, 6, index, shown), 0);
    remove_kb(&readings);
    tk_close(kit);
    remove_kb(&kb);
}

/* Buttons that lead nowhere on some days, into another language, or to what begins nothing. */
static void tool_checks_buttons(void **state)
{
    test_kb kb, flows;
    (void)state;
    write_kb(&kb, "- {id: hours, title: Hours, language: en, answer: At 9., buttons: [{title: Feast, article: feast}, {title: Menu, article: menu}, {title: Quote, id: 'flow:quote'}]}\n"
                  "- {id: feast, title: Feast, language: en, answer: Closed., until: 2026-12-31, buttons: [{title: Hours, article: hours}]}\n"
                  "- {id: menu, title: Menú, language: es, answer: Café.}\n"
                  "- {id: menu, title: Menu, language: pt, answer: Café., buttons: [{title: Cardápio, article: menu}, {title: Preço, id: 'flow:quot'}]}\n");
    write_kb(&flows, "flows:\n- {id: a}\n- {id: b, start: {choices: ['flow:other', 'flow:quote']}}\n");
    char shown[TK_SHOWN_SIZE];
    tk *kit = tk_open("responder", "kb", kb.folder, NULL);
    const char *index[] = {"responder", "index", "--kb", kb.folder, "--flows", flows.file};
    assert_int_equal(tk_on_terminal(kit, 6, index, shown), 0);
    assert_non_null(strstr(shown, "kb.yaml:1: the button 'Feast' leads to 'feast', which is not valid on every day that its own article is"));
    assert_non_null(strstr(shown, "kb.yaml:1: the button 'Menu' leads to 'menu', which is in other languages only"));
    assert_non_null(strstr(shown, "kb.yaml:4: the button 'Preço' begins no flow of "));
    assert_non_null(strstr(shown, ": none has 'flow:quot' among its 'choices'"));
    assert_null(strstr(shown, "the button 'Hours'"));
    assert_null(strstr(shown, "the button 'Cardápio'"));
    assert_null(strstr(shown, "the button 'Quote'"));
    assert_int_equal(tk_on_terminal(kit, 4, index, shown), 0);
    assert_null(strstr(shown, "begins no flow"));
    index[5] = kb.file;
    assert_int_equal(tk_on_terminal(kit, 6, index, shown), EX_DATAERR);
    assert_non_null(strstr(shown, "kb.yaml:1: there is no 'flows:' with a list of them"));
    assert_int_equal(tk_on_terminal(kit, 5, index, shown), EX_USAGE);
    tk_close(kit);
    remove_kb(&flows);
    remove_kb(&kb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(suggests), cmocka_unit_test(demo_conversation),
                                       cmocka_unit_test(with_the_intent), cmocka_unit_test(languages),
                                       cmocka_unit_test(small_talk),
                                       cmocka_unit_test(several_questions),
                                       cmocka_unit_test(words_that_say_nothing),
                                       cmocka_unit_test(refused),
                                       cmocka_unit_test(in_the_light_of_the_last),
                                       cmocka_unit_test(which_of_two), cmocka_unit_test(which_of_two_alike),
                                       cmocka_unit_test(small_talk_of_its_own),
                                       cmocka_unit_test(what_an_article_carries),
                                       cmocka_unit_test(messages_without_words),
                                       cmocka_unit_test(threshold),
                                       cmocka_unit_test(says_nothing_to_pictures),
                                       cmocka_unit_test(many_threads),
                                       cmocka_unit_test(refuses),
                                       cmocka_unit_test(tool), cmocka_unit_test(tool_tells), cmocka_unit_test(tool_for_programs),
                                       cmocka_unit_test(tool_with_intents), cmocka_unit_test(tool_checks_buttons)};
    return cmocka_run_group_tests(tests, find_folder, NULL);
}
