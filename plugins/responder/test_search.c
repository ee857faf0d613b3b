/* SPDX-License-Identifier: Apache-2.0 */
/* What is found, in which language, and when it is no answer. */
#include "test.h"

#include <math.h>

#define MARGIN 0.03

typedef struct test_library {
    rlt_kb kb;
    rlt_index *index;
    rlt_work *work;
} test_library;

static test_library open_library(test_folder *folder)
{
    test_library library = {.work = rlt_work_new()};
    rlt_error error = {.line = ""};
    test_write(folder, "kb.yaml",
               "- id: hola\n  title: Saludo\n  language: es\n  tags: [smalltalk]\n"
               "  questions: [Hola, Buenos días, Buenas tardes]\n  answer: ¡Hola!\n"
               "- id: envios\n  title: Envíos\n  language: es\n"
               "  questions: [¿Hacen envíos?, ¿Cuánto cuesta el envío?]\n  answer: Sí, a todo el país.\n"
               "- id: envios\n  title: Entregas\n  language: pt\n"
               "  questions: [Vocês entregam?, Quanto custa o frete?]\n  answer: Sim.\n"
               "- id: horario\n  title: Horario\n  language: es\n"
               "  questions: [¿A qué hora abren?, ¿Qué días abren?]\n  answer: De lunes a sábado.\n"
               "- id: garantia_a\n  title: Garantía de cafeteras\n  language: es\n  answer: Dos años.\n"
               "- id: garantia_b\n  title: Garantía de molinos\n  language: es\n  answer: Tres años.\n");
    assert_non_null(library.work);
    assert_true(rlt_kb_load(folder->path, &library.kb, &error));
    return library;
}

static void close_library(test_library *library)
{
    rlt_index_free(library->index);
    rlt_work_free(library->work);
    rlt_kb_clear(&library->kb);
}

static rlr_decision ask(const test_library *library, const char *question, rlt_language language)
{
    rlt_doc doc;
    rlt_found found = {0};
    rlt_work_reset(library->work);
    assert_int_equal(rlt_read(library->work, rlt_str(question), &doc), RLT_OK);
    assert_true(rlt_search(library->index, library->work, &doc, &(rlt_asking){.language = language}, &found));
    assert_true(found.score >= 0 && found.score <= 1.000001);
    return rlr_decide(&found, 0.5, MARGIN);
}

static void answers(void **state)
{
    test_library library = open_library(*state);
    library.index = rlt_index_new(&library.kb);
    assert_non_null(library.index);
    static const struct {
        const char *question;
        rlt_language language;
        const char *id; /* NULL: abstains */
        const char *answer;
    } cases[] = {
        {"hacen ENVIOS a Lima?", RLT_ES, "envios", "Sí, a todo el país."},
        {"cuanto cuesta el enbio", RLT_ES, "envios", "Sí, a todo el país."},
        /* found in Spanish, told in the customer's language */
        {"¿hacen envíos?", RLT_PT, "envios", "Sim."},
        {"quanto custa o frete", RLT_PT, "envios", "Sim."},
        {"a que hora abren", RLT_PT, "horario", "De lunes a sábado."}, /* there is no other */
        {"Buenos días", RLT_ES, "hola", "¡Hola!"},
        {"buenos días, ¿qué días abren?", RLT_ES, "horario", "De lunes a sábado."},
        {"hola, buenas tardes, hacen envíos?", RLT_UNKNOWN, "envios", "Sí, a todo el país."},
        {"mi gato duerme bajo la luna", RLT_ES, NULL, NULL},
        {"hola, mi gato duerme bajo la luna", RLT_ES, NULL, NULL},
        {"", RLT_ES, NULL, NULL},
        {"48213 👍", RLT_ES, NULL, NULL},
        /* words that every text has are no question, however much of them an article has */
        {"sí", RLT_ES, NULL, NULL},
        {"¿a qué?", RLT_ES, NULL, NULL},
        {"sí, a todo", RLT_ES, NULL, NULL},
        {"quiero saber", RLT_ES, NULL, NULL}, /* has the stem of "sábado" */
        {"¿a qué hora?", RLT_ES, "horario", "De lunes a sábado."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlr_decision decision = ask(&library, cases[i].question, cases[i].language);
        if (decision.answers != (cases[i].id != NULL))
            print_error("'%s': %s\n", cases[i].question, decision.why);
        assert_int_equal(decision.answers, cases[i].id != NULL);
        if (decision.answers) {
            assert_string_equal(decision.found.best->id.ptr, cases[i].id);
            assert_string_equal(decision.found.best->answer.ptr, cases[i].answer);
        }
        assert_true(decision.why[0] != '\0');
    }
    close_library(&library);
}

/* What an article has as a question finds it, though others have its words more often. */
static void the_very_question(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "kb.yaml",
               "- id: roto\n  title: Llegó roto\n  language: es\n  questions: [Mi pedido llegó roto, Llegó mal, No llegó]\n  answer: Lo cambiamos.\n"
               "- id: lugar\n  title: Dirección\n  language: es\n  questions: [¿Dónde están?, ¿Cómo llego?]\n  answer: Orizaba 87.\n"
               "- {id: tarde, title: Tarde, language: es, questions: [¿Cómo llego?], answer: Otra cosa., until: 2020-01-01}\n");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    test_library library = {.kb = kb, .index = rlt_index_new(&kb), .work = rlt_work_new()};
    assert_non_null(library.index);
    rlr_decision decision = ask(&library, "como llego", RLT_ES); /* it may be 1970 here, `tarde` is valid: two have it */
    assert_true(decision.clarify);
    rlt_doc doc;
    rlt_found found;
    rlt_work_reset(library.work);
    assert_int_equal(rlt_read(library.work, rlt_str("¿CÓMO llego? 🙂"), &doc), RLT_OK);
    assert_true(rlt_search(library.index, library.work, &doc, &(rlt_asking){.language = RLT_ES, .day = 20000}, &found));
    assert_string_equal(found.best->id.ptr, "lugar");
    assert_true(found.score > 0.999 && found.score < 1.001);
    assert_true(found.second_score <= 0.9);
    assert_string_equal(ask(&library, "llegó", RLT_ES).found.best->id.ptr, "roto");
    close_library(&library);
}

/* A word that is near another one, or has its stem, and is itself. */
static void other_words(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "kb.yaml",
               "- {id: chao, title: Despedida, language: es, tags: [smalltalk], questions: [Chao, Eso es todo], answer: Hasta luego.}\n"
               "- {id: pan, title: Panes, language: es, questions: [¿Tienen panes?], answer: Sí.}\n"
               "- {id: robot, title: ¿Quién eres?, language: es, questions: [¿Quién eres?, ¿Cómo te llamas?, ¿Con quién hablo?], answer: Un robot.}\n"
               "- {id: person, title: Person, language: en, questions: [Are you a real person?], answer: No.}\n"
               "- {id: ayuda, title: Ayuda, language: es, questions: [Ayuda], answer: Pregunta.}\n");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    test_library library = {.kb = kb, .index = rlt_index_new(&kb), .work = rlt_work_new()};
    assert_non_null(library.index);
    static const struct {
        const char *question, *id;
        rlt_language language;
    } cases[] = {{"chá", NULL, RLT_PT},           {"vendem chá?", NULL, RLT_PT},  {"chao", "chao", RLT_ES},          {"eso es todo", "chao", RLT_ES},
                 {"eso", NULL, RLT_ES},           {"pan", "pan", RLT_ES},         {"perdón", NULL, RLT_ES},          {"persn", "person", RLT_EN},
                 {"te quiero", NULL, RLT_ES},     {"tienen té?", NULL, RLT_ES},   {"¿con quién hablo?", "robot", RLT_ES}, {"quién eres", "robot", RLT_ES},
                 {"ajuda", "ayuda", RLT_PT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlr_decision decision = ask(&library, cases[i].question, cases[i].language);
        if (decision.answers != (cases[i].id != NULL))
            print_error("'%s': %s\n", cases[i].question, decision.why);
        assert_int_equal(decision.answers, cases[i].id != NULL);
        if (decision.answers)
            assert_string_equal(decision.found.best->id.ptr, cases[i].id);
    }
    close_library(&library);
}

static void two_that_fit(void **state)
{
    test_library library = open_library(*state);
    library.index = rlt_index_new(&library.kb);
    assert_non_null(library.index);
    rlr_decision decision = ask(&library, "garantía", RLT_ES);
    assert_false(decision.answers);
    assert_non_null(strstr(decision.why, "fit about equally well"));
    assert_true(decision.found.score > 0.9);
    decision = ask(&library, "garantía de la cafetera", RLT_ES);
    assert_true(decision.answers);
    assert_string_equal(decision.found.best->id.ptr, "garantia_a");
    close_library(&library);
}

/* More articles than any table begins with. */
static void many_articles(void **state)
{
    test_folder *folder = *state;
    test_library library = {.work = rlt_work_new()};
    rlt_error error = {.line = ""};
    char *text = malloc(1u << 20);
    size_t n = 0;
    assert_non_null(text);
    for (int i = 0; i < 2000; i++)
        n += (size_t)snprintf(text + n, (1u << 20) - n,
                              "- {id: a%d, title: palabra%dx tema%dy, language: es, answer: Sí %d}\n", i, i,
                              i / 7, i);
    test_write(folder, "kb.yaml", text);
    free(text);
    assert_non_null(library.work);
    assert_true(rlt_kb_load(folder->path, &library.kb, &error));
    library.index = rlt_index_new(&library.kb);
    assert_non_null(library.index);
    assert_string_equal(ask(&library, "palabra1234x", RLT_ES).found.best->id.ptr, "a1234");
    assert_string_equal(ask(&library, "palabra7x", RLT_ES).found.best->id.ptr, "a7");
    close_library(&library);
}

/* Of two texts with the same words, equally often, the one that has them in one sentence. A short and a long article with questions are judged by the
   whole, as nobody writes those in sentences. */
static void words_in_one_sentence(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "kb.yaml",
               "- {id: far, title: Uno, language: es, answer: El molino pesa poco. El tostador gira rápido.}\n"
               "- {id: near, title: Dos, language: es, answer: El tostador pesa poco. El molino gira rápido.}\n"
               "- {id: far_asked, title: Tres, language: es, questions: [¿La báscula mide?, ¿El filtro gotea?], answer: x}\n"
               "- {id: near_asked, title: Cuatro, language: es, questions: [¿La báscula gotea?, ¿El filtro mide?], answer: x}\n");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    test_library library = {.kb = kb, .index = rlt_index_new(&kb), .work = rlt_work_new()};
    assert_non_null(library.index);
    rlr_decision decision = ask(&library, "tostador pesa", RLT_ES);
    assert_string_equal(decision.found.best->id.ptr, "near");
    assert_true(decision.found.lead > 0.1);
    assert_true(decision.found.score > 0.999);
    assert_string_equal(ask(&library, "tostador gira", RLT_ES).found.best->id.ptr, "far");
    decision = ask(&library, "báscula mide mucho", RLT_ES);
    assert_true(decision.found.lead < 0.001);
    close_library(&library);
}

static rlr_decision ask_with(const test_library *library, const char *question, const char *intent, double certainty)
{
    rlt_doc doc;
    rlt_found found = {0};
    const rlt_asking asking = {.language = RLT_ES, .day = 20000, .intent = rlt_str(intent), .certainty = certainty};
    rlt_work_reset(library->work);
    assert_int_equal(rlt_read(library->work, rlt_str(question), &doc), RLT_OK);
    assert_true(rlt_search(library->index, library->work, &doc, &asking, &found));
    return rlr_decide(&found, 0.5, MARGIN);
}

/* What the classifier read knows other words than the articles: both together say what is asked. */
static void with_the_intent(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "kb.yaml",
               "- {id: roto, title: Pedido roto, language: es, intents: [problem], questions: [Mi pedido llegó roto], answer: Lo cambiamos.}\n"
               "- {id: rastreo, title: Rastreo, language: es, intents: [status, tracking], questions: ['¿Dónde está mi pedido?'], answer: Aquí.}\n"
               "- {id: pago, title: Pago del pedido, language: es, questions: ['¿Cómo pago?'], answer: Con tarjeta.}\n"
               "- {id: viejo, title: Pedidos de antes, language: es, intents: [status, old], answer: Ya no., until: 2020-01-01}\n"
               "- {id: hola, title: Hola, language: es, tags: [smalltalk], intents: [greeting], answer: Hola.}\n");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    test_library library = {.kb = kb, .index = rlt_index_new(&kb), .work = rlt_work_new()};
    assert_non_null(library.index);
    static const struct {
        const char *question, *intent;
        double certainty;
        const char *best;
        bool answers;
    } cases[] = {
        {"no llegó mi pedido", NULL, 0, "roto", true},
        {"no llegó mi pedido", "status", 1, "rastreo", true},
        {"no llegó mi pedido", "status", 0.9, "rastreo", false}, /* the customer is asked which of the two */
        {"no llegó mi pedido", "tracking", 1, "rastreo", true},
        {"no llegó mi pedido", "problem", 0.9, "roto", true},
        {"no llegó mi pedido", "status", 0.1, "roto", true},
        {"no llegó mi pedido", "stat", 0.9, "roto", true}, /* no article names it */
        {"mi pedido llegó roto", "status", 1, "roto", true}, /* its very question */
        {"¿por dónde anda la encomienda?", NULL, 0, "rastreo", false},
        {"¿por dónde anda la encomienda?", "status", 0.5, "rastreo", true},
        {"tractores", "status", 0.9, "rastreo", false}, /* an intent alone is no answer, but the nearest there is */
        {"¿cómo pago?", "status", 0.9, "pago", true}, /* names none, and is neither raised nor lowered */
        {"hola", "greeting", 0.9, "hola", true},
        {"quiubo parce", "greeting", 0.9, "hola", true}, /* of small talk an intent alone is enough, if it is sure, */
        {"quiubo parce", "greeting", 0.7, NULL, false},
        {"no llegó mi pedido", "greeting", 0.9, "roto", true}, /* and if no subject fits better */
        {"tractores", "old", 0.9, NULL, false}, /* its article is not valid any more */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlr_decision decision = ask_with(&library, cases[i].question, cases[i].intent, cases[i].certainty);
        const char *best = decision.found.best ? decision.found.best->id.ptr : "";
        if (decision.answers != cases[i].answers || strcmp(best, cases[i].best ? cases[i].best : "") != 0)
            print_error("'%s' as '%s': %s\n", cases[i].question, cases[i].intent ? cases[i].intent : "none", decision.why);
        assert_string_equal(best, cases[i].best ? cases[i].best : "");
        assert_int_equal(decision.answers, cases[i].answers);
    }
    rlr_decision without = ask_with(&library, "no llegó mi pedido", NULL, 0), with = ask_with(&library, "no llegó mi pedido", "problem", 0.9);
    assert_true(with.found.score > without.found.score);
    assert_true(with.found.words == without.found.score && without.found.words == without.found.score);
    assert_true(ask_with(&library, "¿cómo pago el pedido?", "status", 0.9).found.score == ask_with(&library, "¿cómo pago el pedido?", NULL, 0).found.score);
    assert_non_null(strstr(with.why, " by its words, and the intent is problem"));
    assert_null(strstr(without.why, "intent"));
    close_library(&library);
    test_clear(folder);
    /* two of one intent are as far apart as by their words, however near it brings both to certainty */
    test_write(folder, "kb.yaml",
               "- {id: a, title: Alfa beta gama, language: es, intents: [x], answer: a}\n"
               "- {id: b, title: Alfa beta, language: es, intents: [x], answer: b}\n");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    library = (test_library){.kb = kb, .index = rlt_index_new(&kb), .work = rlt_work_new()};
    assert_non_null(library.index);
    without = ask_with(&library, "alfa beta gama", NULL, 0);
    with = ask_with(&library, "alfa beta gama", "x", 1);
    assert_true(with.found.score - with.found.second_score < with.found.lead);
    assert_true(fabs(with.found.lead - (without.found.score - without.found.second_score)) < 1e-12);
    close_library(&library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(answers), TEST(the_very_question), TEST(other_words), TEST(two_that_fit), TEST(many_articles),
                                       TEST(words_in_one_sentence), TEST(with_the_intent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
