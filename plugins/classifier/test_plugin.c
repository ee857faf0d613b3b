/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as the host loads it, on the demo business's intents. */
#include "testkit/testkit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static char intents[4096];

static int find_intents(void **state)
{
    (void)state;
    const char *source = getenv("RELEVO_SOURCE_DIR");
    return snprintf(intents, sizeof intents, "%s/docs/examples/cafe_andino/intents.yaml",
                    source ? source : "../..") < 0;
}

static void demo_conversation(void **state)
{
    (void)state;
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    static const struct {
        const char *text, *intent;
    } said[] = {
        {"Hola, buenas tardes", "greeting"},
        {"¿hacen envíos a Guadalajara?", "shipping"},
        {"¿y cuánto tarda mi pedido?", "order_status"},
        {"mi pedido 48213 llegó roto y nadie me contesta!!", "order_problem"},
        {"quiero hablar con una persona", "talk_to_person"},
        {"oi, quais cafés vocês têm?", "products"},
        {"what time do you close on Sunday?", "opening_hours"},
        {"¿eres humano?", "about_bot"},
        {"necesito una cotización para un evento de 60 personas", "catering"},
    };
    enum {
        N = sizeof said / sizeof *said
    };
    tk_view *views[N];
    for (size_t i = 0; i < N; i++)
        views[i] = tk_message(kit, said[i].text);
    const tk_answers *answers = tk_run(kit, TK_CLASSIFY, views, N);
    const relevo_answer_reading *of[N];
    for (uint32_t i = 0; i < N; i++) {
        of[i] = tk_reading(answers, i);
        assert_non_null(of[i]);
        assert_string_equal(of[i]->reading.intent.ptr, said[i].intent);
        assert_true(of[i]->reading.confidence > 0.5);
        assert_true(of[i]->reading.out_of_scope < 0.5);
        bool asks = i == 4;
        assert_true(asks ? of[i]->reading.wants_person > 0.9 : of[i]->reading.wants_person < 0.4);
    }
    assert_string_equal(of[0]->reading.language.ptr, "es");
    assert_string_equal(of[5]->reading.language.ptr, "pt");
    assert_string_equal(of[6]->reading.language.ptr, "en");
    assert_true(of[3]->reading.sentiment < -0.5 && of[3]->reading.anger > 0.6);
    assert_true(of[0]->reading.sentiment > -0.2 && of[0]->reading.anger < 0.1);
    tk_close(kit);
}

/* What only looks like asking for a person has not that intent either: who answers by intents would hand over. */
static void refuses_a_person(void **state)
{
    (void)state;
    static const char *const said[] = {"no quiero hablar con una persona, solo dime el horario", "não quero falar com um atendente"};
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        tk_view *view = tk_message(kit, said[i]);
        const relevo_reading *reading = &tk_reading(tk_run(kit, TK_CLASSIFY, &view, 1), 0)->reading;
        assert_true(reading->wants_person < 0.2);
        if (reading->intent.len > 0)
            assert_string_not_equal(reading->intent.ptr, "talk_to_person");
    }
    tk_close(kit);
}

/* An address or a name changes no language that is known; words do. */
static void language_stays(void **state)
{
    (void)state;
    static const struct {
        const char *text, *language; /* NULL: that of the conversation */
    } said[] = {{"laura@gmail.com", NULL}, {"Karina", NULL}, {"Wendy Ching", NULL}, {"30 kilos", NULL}, {"how much is shipping?", "en"}, {"obrigada", "pt"}};
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        tk_view *view = tk_message(kit, said[i].text);
        view->view.language = tk_text(kit, "es");
        relevo_str language = tk_reading(tk_run(kit, TK_CLASSIFY, &view, 1), 0)->reading.language;
        if (said[i].language ? language.len == 0 || strcmp(language.ptr, said[i].language) != 0 : language.len > 0)
            fail_msg("'%s' is %s", said[i].text, language.len > 0 ? language.ptr : "no language");
    }
    tk_close(kit);
}

static void knows_strange_ground(void **state)
{
    (void)state;
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    tk_view *views[] = {tk_message(kit, "quién ganó el partido ayer"),
                        tk_message(kit, "vendo un terreno en Tulum con escrituras"),
                        tk_message(kit, "48213"),
                        tk_message(kit, "!!!"),
                        tk_message(kit, ""),
                        tk_message(kit, NULL)};
    const tk_answers *answers = tk_run(kit, TK_CLASSIFY, views, 6);
    assert_true(tk_reading(answers, 0)->reading.out_of_scope > 0.6);
    assert_true(tk_reading(answers, 1)->reading.out_of_scope > 0.6);
    assert_int_equal(tk_reading(answers, 2)->reading.language.len, 0);
    assert_int_equal(tk_reading(answers, 3)->reading.intent.len, 0);
    assert_null(tk_reading(answers, 4)); /* a picture without words */
    assert_null(tk_reading(answers, 5));
    tk_close(kit);
}

static void min_confidence(void **state)
{
    (void)state;
    tk *kit = tk_open("classifier", "intents", intents, "min_confidence", "1.0", NULL);
    tk_view *view = tk_message(kit, "¿hacen envíos a Guadalajara?");
    const relevo_answer_reading *answer = tk_reading(tk_run(kit, TK_CLASSIFY, &view, 1), 0);
    assert_int_equal(answer->reading.intent.len, 0);
    tk_assert_near(answer->reading.confidence, 0);
    tk_close(kit);
}

static void tells_of_its_intents(void **state)
{
    (void)state;
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    char told[TK_SHOWN_SIZE];
    tk_intents(kit, told);
    assert_non_null(strstr(told, "reads shipping\n"));
    assert_null(strstr(told, "awaits"));
    tk_close(kit);
}

static void many_threads(void **state)
{
    (void)state;
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    tk_view *views[] = {tk_message(kit, "¿hacen envíos a Guadalajara?"), tk_message(kit, "llegó roto!!"),
                        tk_message(kit, "quiero hablar con una persona")};
    tk_run_threads(kit, TK_CLASSIFY, views, 3);
    tk_close(kit);
}

/* Trains by the tool into a file, loads it by option, and refuses it for other intents. */
static void stored_model(void **state)
{
    (void)state;
    char error[TK_ERROR_SIZE], model[] = "/tmp/relevo-model-XXXXXX", other[] = "/tmp/relevo-intents-XXXXXX";
    int fd = mkstemp(model), other_fd = mkstemp(other);
    assert_true(fd >= 0 && other_fd >= 0);
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    const char *arguments[] = {"classifier", "train", "--intents", intents, "-o", model};
    assert_int_equal(kit->plugin->tool(6, arguments), 0);
    tk *stored = tk_open("classifier", "intents", intents, "model", model, NULL);
    tk_view *a = tk_message(kit, "hacen envios?"), *b = tk_message(stored, "hacen envios?");
    const relevo_answer_reading *x = tk_reading(tk_run(kit, TK_CLASSIFY, &a, 1), 0);
    const relevo_answer_reading *y = tk_reading(tk_run(stored, TK_CLASSIFY, &b, 1), 0);
    assert_string_equal(x->reading.intent.ptr, y->reading.intent.ptr);
    tk_assert_near(x->reading.confidence, y->reading.confidence);
    tk_close(stored);
    tk_close(kit);

    static const char text[] =
        "intents: {greeting: {es: [hola, buenas]}, parking: {es: [donde estaciono, hay cochera]}}\n";
    assert_int_equal(write(other_fd, text, sizeof text - 1), sizeof text - 1);
    tk_refused(error, "classifier", "intents", other, "model", model, NULL);
    assert_non_null(strstr(error, "does not know the intent 'parking'; train it again"));
    tk_refused(error, "classifier", "intents", intents, "model", other, NULL);
    assert_non_null(strstr(error, "not a model of this classifier"));
    tk_refused(error, "classifier", "intents", "/tmp/relevo-no-such-file", NULL);
    assert_non_null(strstr(error, "No such file or directory"));
    close(fd);
    close(other_fd);
    unlink(model);
    unlink(other);
}

/* Rows of the label that --oos names make no intent; without it they would. A lonely example does not stop training. */
static void tool_knows_outside(void **state)
{
    (void)state;
    static const char table[] = "text,label\nhola,a\nholaa,a\nchau,b\nadios,b\nla luna,none\nel sol,none\nsolo,c\n";
    char csv[] = "/tmp/relevo-table-XXXXXX", model[] = "/tmp/relevo-model-XXXXXX", error[TK_ERROR_SIZE];
    char three[] = "/tmp/relevo-intents-XXXXXX";
    static const char text[] = "intents: {a: {es: [hola, holaa]}, b: {es: [chau, adios]}, c: {es: [solo, solito]}}\n";
    int fd = mkstemp(csv), model_fd = mkstemp(model), three_fd = mkstemp(three);
    assert_true(fd >= 0 && model_fd >= 0 && three_fd >= 0);
    assert_int_equal(write(fd, table, sizeof table - 1), sizeof table - 1);
    assert_int_equal(write(three_fd, text, sizeof text - 1), sizeof text - 1);
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    const char *arguments[] = {"classifier", "train", "--csv", csv,     "--text",    "text", "--label", "label",
                               "-o",         model,   "--oos", "none",  "--vectors", ""};
    assert_int_equal(kit->plugin->tool(14, arguments), 0);
    tk_close(tk_open("classifier", "intents", three, "model", model, NULL)); /* its intents are a, b and c */
    arguments[11] = "another";
    assert_int_equal(kit->plugin->tool(14, arguments), 0);
    tk_refused(error, "classifier", "intents", three, "model", model, NULL);
    assert_non_null(strstr(error, "knows the intent 'none'"));
    arguments[13] = "/tmp/relevo-no-such-file";
    assert_int_equal(kit->plugin->tool(14, arguments), EX_NOINPUT);
    tk_refused(error, "classifier", "intents", intents, "vectors", "/tmp/relevo-no-such-file", NULL);
    assert_non_null(strstr(error, "./dev vectors"));
    tk_close(kit);
    close(fd);
    close(model_fd);
    close(three_fd);
    unlink(csv);
    unlink(model);
    unlink(three);
}

/* A model of moods says what the lexicon does not know; one of other labels is refused. */
static void learned_moods(void **state)
{
    (void)state;
    static const char table[] = "text,label\nquedo flojito,negative\nflojito el asunto,negative\nabren hoy,neutral\n"
                                "cual es el horario,neutral\nque pintudo,positive\npintudo el cafe,positive\n";
    char csv[] = "/tmp/relevo-table-XXXXXX", model[] = "/tmp/relevo-model-XXXXXX", error[TK_ERROR_SIZE];
    int fd = mkstemp(csv), model_fd = mkstemp(model);
    assert_true(fd >= 0 && model_fd >= 0);
    assert_int_equal(write(fd, table, sizeof table - 1), sizeof table - 1);
    tk *kit = tk_open("classifier", "intents", intents, "moods", "", NULL), *shipped = tk_open("classifier", "intents", intents, NULL);
    const char *arguments[] = {"classifier", "train", "--csv", csv,  "--text",    "text",
                               "--label",    "label", "-o",    model, "--vectors", ""};
    assert_int_equal(kit->plugin->tool(12, arguments), 0);
    tk *with = tk_open("classifier", "intents", intents, "moods", model, NULL);
    tk_view *a = tk_message(kit, "flojito"), *b = tk_message(with, "flojito"), *c = tk_message(with, "pintudo");
    tk_assert_near(tk_reading(tk_run(kit, TK_CLASSIFY, &a, 1), 0)->reading.sentiment, 0);
    assert_true(tk_reading(tk_run(with, TK_CLASSIFY, &b, 1), 0)->reading.sentiment < -0.1);
    assert_true(tk_reading(tk_run(with, TK_CLASSIFY, &c, 1), 0)->reading.sentiment > 0.1);
    tk_close(with);
    tk_view *d = tk_message(kit, "vaya noche mas rara, no me lo creo"), *e = tk_message(shipped, "vaya noche mas rara, no me lo creo");
    double alone = tk_reading(tk_run(kit, TK_CLASSIFY, &d, 1), 0)->reading.sentiment;
    assert_true(fabs(tk_reading(tk_run(shipped, TK_CLASSIFY, &e, 1), 0)->reading.sentiment - alone) > 0.01);
    static const char *const praise[] = {"no está mal", "nada mal", "não está mal", "not bad"}; /* the model hears "mal" */
    for (size_t i = 0; i < sizeof praise / sizeof *praise; i++) {
        tk_view *f = tk_message(shipped, praise[i]);
        const relevo_answer_reading *read = tk_reading(tk_run(shipped, TK_CLASSIFY, &f, 1), 0);
        assert_true(read->reading.sentiment > 0.2 && read->reading.anger < 0.1);
    }
    tk_close(shipped);
    const char *of_intents[] = {"classifier", "train", "--intents", intents, "-o", model, "--vectors", ""};
    assert_int_equal(kit->plugin->tool(8, of_intents), 0);
    tk_refused(error, "classifier", "intents", intents, "moods", model, NULL);
    assert_non_null(strstr(error, "its labels are not negative, neutral and positive"));
    tk_close(kit);
    close(fd);
    close(model_fd);
    unlink(csv);
    unlink(model);
}

/* What classify answers about a message that is not sure, and what a result makes of it. */
static void by_the_whole_message(void **state)
{
    (void)state;
    static const char table[] = "intents: {shipping: {es: [hacen envíos, mandan a domicilio]}, hours: {es: [a qué hora abren, horario de hoy]},"
                                " talk_to_person: {es: [quiero una persona, un asesor]}}\n";
    static const char rows[] = "{\"text\":\"hacen envíos\",\"model\":\"query: e5\",\"embedding\":[1,0,0]}\n"
                               "{\"text\":\"mandan a domicilio\",\"model\":\"query: e5\",\"embedding\":[0.9,0.1,0]}\n"
                               "{\"text\":\"a qué hora abren\",\"model\":\"query: e5\",\"embedding\":[0,1,0]}\n"
                               "{\"text\":\"horario de hoy\",\"model\":\"query: e5\",\"embedding\":[0.1,0.9,0]}\n"
                               "{\"text\":\"quiero una persona\",\"model\":\"query: e5\",\"embedding\":[0,0,1]}\n"
                               "{\"text\":\"un asesor\",\"model\":\"query: e5\",\"embedding\":[0,0.1,0.9]}\n";
    char file[] = "/tmp/relevo-intents-XXXXXX", embeddings[] = "/tmp/relevo-rows-XXXXXX", model[] = "/tmp/relevo-model-XXXXXX";
    char error[TK_ERROR_SIZE];
    int fds[] = {mkstemp(file), mkstemp(embeddings), mkstemp(model)};
    assert_true(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
    assert_int_equal(write(fds[0], table, sizeof table - 1), sizeof table - 1);
    assert_int_equal(write(fds[1], rows, sizeof rows - 1), sizeof rows - 1);
    tk *kit = tk_open("classifier", "intents", file, NULL);
    const char *arguments[] = {"classifier", "train", "--intents", file, "--embeddings", embeddings, "-o", model, "--vectors", ""};
    assert_int_equal(kit->plugin->tool(10, arguments), 0);
    tk *whole = tk_open("classifier", "intents", file, "model", model, "destination", "embed", "encoder", "e5", "prefix", "query: ", NULL);

    /* Words that no example has: it waits for an embedding, and is read by words meanwhile. */
    tk_view *view = tk_message(whole, "¿me lo traen hasta mi puerta?");
    view->view.may_hold = 1;
    const tk_answers *answers = tk_run(whole, TK_CLASSIFY, &view, 1);
    const relevo_answer_effect *effect = tk_effect(answers, 0);
    assert_non_null(effect);
    assert_non_null(tk_reading(answers, 0));
    assert_string_equal(effect->body.ptr, "{\"model\":\"e5\",\"input\":\"query: ¿me lo traen hasta mi puerta?\"}");
    assert_int_equal(effect->hold_ms, 3000);
    view->digest.asked = 1; /* in the middle of a flow: only a question is held */
    tk_slot(view, "lead.status", "open", "wamid.before");
    assert_non_null(tk_effect(tk_run(whole, TK_CLASSIFY, &view, 1), 0));
    view->message.text = tk_text(whole, "lo traen a mi puerta");
    assert_null(tk_effect(tk_run(whole, TK_CLASSIFY, &view, 1), 0));
    view->view.may_hold = 0; /* it has waited */
    view->message.text = tk_text(whole, "¿me lo traen hasta mi puerta?");
    assert_null(tk_effect(tk_run(whole, TK_CLASSIFY, &view, 1), 0));

    answers = tk_result(whole, view, 200, "", "{\"data\":[{\"embedding\":[1,0,0]}]}");
    double sure = tk_reading(answers, 0)->reading.confidence;
    assert_string_equal(tk_reading(answers, 0)->reading.intent.ptr, "shipping");
    answers = tk_result(whole, view, 200, "", "{\"data\":[{\"embedding\":[0,1,0]}]}");
    assert_string_equal(tk_reading(answers, 0)->reading.intent.ptr, "hours");
    assert_true(sure > 0.5);

    /* Nothing that is no embedding is believed: classify's reading by words stays. */
    static const struct {
        uint32_t status;
        const char *body;
    } bad[] = {{0, ""}, {500, "{\"data\":[{\"embedding\":[1,0,0]}]}"}, {200, "<html>"}, {200, "{\"data\":[{\"embedding\":[1,0]}]}"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answers = tk_result(whole, view, bad[i].status, "", bad[i].body);
        assert_int_equal(answers->n, 0);
        assert_int_equal(answers->n_logs, 1);
        assert_non_null(strstr(answers->logs[0].line, "read by its words alone"));
    }
    view = tk_message(whole, NULL); /* nothing waits any more */
    assert_int_equal(tk_result(whole, view, 200, "", "{\"data\":[{\"embedding\":[1,0,0]}]}")->n, 0);

    view = tk_message(whole, "quiero hablar con una persona"); /* nobody who asks for a person waits */
    view->view.may_hold = 1;
    assert_null(tk_effect(tk_run(whole, TK_CLASSIFY, &view, 1), 0));
    tk_close(whole);

    tk_refused(error, "classifier", "intents", file, "model", model, "destination", "embed", "encoder", "other", "prefix", "query: ", NULL);
    assert_non_null(strstr(error, "trained with --embeddings of the encoder 'query: other'"));
    tk_refused(error, "classifier", "intents", file, "destination", "embed", "encoder", "e5", "prefix", "query: ", NULL);
    assert_non_null(strstr(error, "trained with --embeddings"));
    tk_close(kit);
    for (size_t i = 0; i < 3; i++)
        (void)close(fds[i]);
    (void)unlink(file);
    (void)unlink(embeddings);
    (void)unlink(model);
}

/* Training takes its time: on a terminal a bar shows how far it is. */
static void tool_shows_progress(void **state)
{
    (void)state;
    char shown[TK_SHOWN_SIZE], model[] = "/tmp/relevo-model-XXXXXX";
    int fd = mkstemp(model);
    assert_true(fd >= 0);
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    const char *arguments[] = {"classifier", "train", "--intents", intents, "-o", model, "--vectors", ""};
    assert_int_equal(tk_on_terminal(kit, 8, arguments, shown), 0);
    const char *first = strstr(shown, "\r[#"), *end = strstr(shown, "\r[##############################] 100 %");
    assert_non_null(end);
    assert_true(first && first < end); /* not only at the end */
    assert_non_null(strstr(end, "intents from"));
    tk_close(kit);
    (void)close(fd);
    (void)unlink(model);
}

/* Who asks by a pipe gets the reading before the next message. */
static void tool_for_programs(void **state)
{
    (void)state;
    char shown[TK_SHOWN_SIZE];
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    const char *classify[] = {"classifier", "classify", "--intents", intents, "--vectors", "", "--json"};
    assert_int_equal(tk_by_pipe(kit, 7, classify, "hacen envíos?", shown), 0);
    assert_non_null(strstr(shown, "{\"intent\": \"shipping\", "));
    tk_close(kit);
}

/* It ends with what `relevo --help` says: the codes of sysexits.h. */
static void tool_refuses(void **state)
{
    (void)state;
    char csv[] = "/tmp/relevo-table-XXXXXX";
    static const char table[] = "text,label\nhola,a\nadios,b,too many\n";
    int fd = mkstemp(csv);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, table, sizeof table - 1), sizeof table - 1);
    tk *kit = tk_open("classifier", "intents", intents, NULL);
    const char *unknown[] = {"classifier", "learn"}, *missing[] = {"classifier", "train", "--intents"};
    const char *nothing[] = {"classifier", "train"}, *help[] = {"classifier", "classify", "--help"};
    const char *absent[] = {"classifier", "classify", "--model", "/tmp/relevo-no-such-file"};
    const char *no_model[] = {"classifier", "classify", "--model", csv};
    const char *broken[] = {"classifier", "train", "--csv", csv, "--text", "text", "--label", "label", "-o", "/tmp/relevo-no-such-folder/m"};
    const char *nowhere[] = {"classifier", "train", "--intents", intents, "-o", "/tmp/relevo-no-such-folder/m"};
    const char *sure[] = {"classifier", "classify", "--intents", intents, "--embeddings", csv, "--sure", "2"};
    const char *train_json[] = {"classifier", "train", "--intents", intents, "-o", csv, "--json"};
    const char *train_times[] = {"classifier", "train", "--intents", intents, "-o", csv, "--times"};
    const char *texts_json[] = {"classifier", "texts", "--intents", intents, "--json"};
    assert_int_equal(kit->plugin->tool(2, unknown), EX_USAGE);
    assert_int_equal(kit->plugin->tool(3, missing), EX_USAGE);
    assert_int_equal(kit->plugin->tool(2, nothing), EX_USAGE);
    assert_int_equal(kit->plugin->tool(8, sure), EX_USAGE);
    assert_int_equal(kit->plugin->tool(7, train_json), EX_USAGE);
    assert_int_equal(kit->plugin->tool(7, train_times), EX_USAGE);
    assert_int_equal(kit->plugin->tool(5, texts_json), EX_USAGE);
    assert_int_equal(kit->plugin->tool(4, absent), EX_NOINPUT);
    assert_int_equal(kit->plugin->tool(4, no_model), EX_DATAERR);
    assert_int_equal(kit->plugin->tool(10, broken), EX_DATAERR);
    assert_int_equal(kit->plugin->tool(6, nowhere), EX_CANTCREAT);
    assert_int_equal(kit->plugin->tool(3, help), EX_OK);
    tk_close(kit);
    (void)close(fd);
    (void)unlink(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demo_conversation), cmocka_unit_test(refuses_a_person), cmocka_unit_test(language_stays), cmocka_unit_test(knows_strange_ground),
        cmocka_unit_test(min_confidence),    cmocka_unit_test(tells_of_its_intents), cmocka_unit_test(many_threads),
        cmocka_unit_test(stored_model),      cmocka_unit_test(tool_knows_outside),
        cmocka_unit_test(learned_moods),     cmocka_unit_test(by_the_whole_message),
        cmocka_unit_test(tool_shows_progress), cmocka_unit_test(tool_for_programs),
        cmocka_unit_test(tool_refuses)};
    return cmocka_run_group_tests(tests, find_intents, NULL);
}
