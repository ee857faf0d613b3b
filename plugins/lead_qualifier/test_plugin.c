/* SPDX-License-Identifier: Apache-2.0 */
/* Whole conversations with the plugin as the host loads it, on the demo business's flows: slots and memory are kept from
   message to message as the core keeps them. */
#include "testkit/testkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char flows[4096];

static int find_flows(void **state)
{
    (void)state;
    const char *source = getenv("RELEVO_SOURCE_DIR");
    return snprintf(flows, sizeof flows, "%s/docs/examples/cafe_andino/flows.yaml", source ? source : "../..") < 0;
}

typedef struct talk {
    tk *kit;
    char names[24][64], values[24][300], ids[24][16], was[24][300];
    int said_at[24]; /* with which message last, also if it changed nothing */
    size_t n_slots;
    char memory[1024];
    size_t memory_len;
    bool queued, amends; /* amends: the last message's slots do */
    const char *reply, *resume; /* what is said; what is said only behind another's answer */
    double confidence;
    const relevo_answer_reply *said;
    const relevo_answer_trigger *fired;
    int messages;
} talk;

static const char *value(const talk *t, const char *name)
{
    for (size_t i = 0; i < t->n_slots; i++)
        if (strcmp(t->names[i], name) == 0)
            return t->values[i];
    return NULL;
}

static void is(const talk *t, const char *name, const char *expected)
{
    const char *got = value(t, name);
    if (!got || strcmp(got, expected) != 0)
        fail_msg("%s is '%s', not '%s'", name, got ? got : "(nothing)", expected);
}

static void says(const talk *t, const char *part)
{
    if (!t->reply || !strstr(t->reply, part))
        fail_msg("it says '%s', without '%s'", t->reply ? t->reply : "(nothing)", part);
}

static void keep(talk *t, const tk_answers *answers)
{
    const tk_answer *a;
    for (uint32_t i = 0; (a = tk_find(answers, 0, RELEVO_ANSWER_SLOT, i)); i++) {
        size_t k = 0;
        while (k < t->n_slots && strcmp(t->names[k], a->as.slot.name.ptr) != 0)
            k++;
        assert_true(k < 24);
        if (k == t->n_slots)
            (void)snprintf(t->names[t->n_slots++], 64, "%s", a->as.slot.name.ptr);
        t->amends = t->amends || a->as.slot.amends;
        t->said_at[k] = t->messages;
        if (strcmp(t->values[k], a->as.slot.value.ptr) == 0)
            continue;
        memcpy(t->was[k], t->values[k], sizeof t->was[k]);
        (void)snprintf(t->values[k], 300, "%s", a->as.slot.value.ptr);
        (void)snprintf(t->ids[k], 16, "wamid.%d", t->messages);
    }
}

static tk_view *view_of(talk *t, const char *text, const char *intent, double confidence)
{
    char id[16];
    tk_view *view = tk_message(t->kit, text);
    (void)snprintf(id, sizeof id, "wamid.%d", t->messages);
    view->message.id = tk_text(t->kit, id);
    for (size_t i = 0; i < t->n_slots; i++) {
        tk_slot(view, t->names[i], t->values[i], t->said_at[i] == t->messages ? id : t->ids[i]); /* as a view shows it */
        ((relevo_slot *)(uintptr_t)view->slots[i])->was = tk_text(t->kit, t->was[i]);
    }
    view->view.memory = (relevo_str){t->memory, t->memory_len};
    if (t->queued)
        view->view.owner = RELEVO_OWNER_QUEUED;
    if (intent)
        tk_read(view, intent, confidence);
    return view;
}

/* What the bot would say to it. */
static void hear(talk *t, tk_view *view)
{
    const tk_answers *answers = tk_run(t->kit, TK_RESPOND, &view, 1);
    keep(t, answers);
    const tk_answer *memory = tk_find(answers, 0, RELEVO_ANSWER_MEMORY, 0), *a;
    if (memory) {
        t->memory_len = memory->as.memory.bytes.len;
        memcpy(t->memory, memory->as.memory.bytes.ptr, t->memory_len);
    }
    t->reply = t->resume = NULL;
    t->said = NULL;
    for (uint32_t i = 0; (a = tk_find(answers, 0, RELEVO_ANSWER_REPLY, i)); i++) {
        if (a->as.reply.flags & RELEVO_REPLY_RESUMES) {
            t->resume = a->as.reply.text.ptr;
            continue;
        }
        t->said = &a->as.reply;
        t->reply = a->as.reply.text.ptr;
        t->confidence = a->as.reply.confidence;
    }
}

/* One message through the phases, as the lane asks. reply_id: of a choice; NULL: none. */
static void hears_choice(talk *t, const char *text, const char *reply_id, const char *intent, double confidence)
{
    t->messages++;
    t->amends = false;
    tk_view *view = view_of(t, text, NULL, 0);
    view->message.reply = tk_text(t->kit, reply_id);
    keep(t, tk_run(t->kit, TK_CLASSIFY, &view, 1));
    view = view_of(t, text, intent, confidence);
    view->message.reply = tk_text(t->kit, reply_id);
    t->fired = tk_trigger(tk_run(t->kit, TK_TRIGGER, &view, 1), 0);
    hear(t, view);
}

/* What is heard of a message while people have the conversation. */
static void hears_people(talk *t, const char *text)
{
    t->messages++;
    t->amends = false;
    tk_view *view = view_of(t, text, NULL, 0);
    view->view.owner = RELEVO_OWNER_HUMAN;
    keep(t, tk_run(t->kit, TK_CLASSIFY, &view, 1));
}

static void hears(talk *t, const char *text)
{
    hears_choice(t, text, NULL, NULL, 0);
}

static talk *begin(void)
{
    talk *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->kit = tk_open("lead_qualifier", "flows", flows, NULL);
    return t;
}

static void end(talk *t)
{
    tk_close(t->kit);
    free(t);
}

static void a_lead(void **state)
{
    (void)state;
    talk *t = begin();
    hears(t, "hola");
    assert_null(t->reply);
    hears_choice(t, "quiero una cotización de catering", NULL, "catering", 0.9);
    says(t, "Con gusto te preparo una cotización; son unas preguntas. ¿Para qué es?");
    assert_int_equal(t->said->n_choices, 3);
    assert_string_equal(t->said->choices[0]->title.ptr, "Evento o boda");
    assert_string_equal(t->said->choices[0]->id.ptr, "lq:catering:event_kind:event");
    assert_int_equal(t->said->flags, RELEVO_REPLY_ASKS);
    assert_true(t->confidence < 0.8); /* an article about it may come first, */
    assert_non_null(strstr(t->resume, "¿Para qué es?")); /* and the question behind it */
    is(t, "lead.status", "open");
    hears_choice(t, "Evento o boda", "lq:catering:event_kind:event", NULL, 0);
    is(t, "event_kind", "event");
    says(t, "¿Qué día es?");
    assert_true(t->confidence > 0.99 && !t->resume);
    hears(t, "el 15 de marzo");
    is(t, "event_date", "2026-03-15");
    says(t, "¿Cuántas personas");
    hears(t, "unas 120");
    is(t, "guests", "120");
    is(t, "lead.fit", "100");
    says(t, "¿En qué ciudad?");
    hears(t, "en la ciudad de Querétaro");
    is(t, "city", "Querétaro");
    hears(t, "soy Ana Torres");
    is(t, "name", "Ana Torres");
    says(t, "¿A qué correo");
    hears(t, "Ana.Torres@Correo.mx");
    is(t, "email", "ana.torres@correo.mx");
    is(t, "lead.status", "complete");
    is(t, "lead.interest", "100");
    is(t, "lead.score", "100");
    says(t, "Gracias, Ana Torres. Ya tengo lo necesario; te llega la cotización a ana.torres@correo.mx.");
    assert_int_equal(t->said->flags, 0);
    hears_choice(t, "gracias, espero la cotización", NULL, "catering", 0.9); /* it does not begin anew */
    assert_null(t->reply);
    end(t);
}

static void volunteered_and_conditions(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "hola! necesito cotizar barra de café para una boda el 15/03, somos 80 personas, me llamo Luis Peña", NULL,
                 "catering", 0.9);
    is(t, "event_kind", "event");
    is(t, "event_date", "2026-03-15");
    is(t, "guests", "80");
    is(t, "name", "Luis Peña");
    says(t, "¿En qué ciudad?");
    hears(t, "claro, mi correo es luis@correo.com"); /* something else on the way: the city is asked for again */
    is(t, "email", "luis@correo.com");
    assert_null(value(t, "city"));
    says(t, "¿En qué ciudad?");
    hears(t, "mi correo es luis.pena@correo.com, vivo en Puebla"); /* both */
    is(t, "email", "luis.pena@correo.com");
    is(t, "city", "Puebla");
    is(t, "lead.status", "complete");
    end(t);

    t = begin();
    hears_choice(t, "quiero cotizar para mi oficina, 40 personas, el viernes", NULL, "catering", 0.9);
    says(t, "¿En qué ciudad?");
    hears(t, "es para la empresa\nen Puebla, ana@correo.mx\nAna Torres"); /* one burst; the name was not asked for yet */
    is(t, "city", "Puebla");
    is(t, "email", "ana@correo.mx");
    says(t, "¿A nombre de quién");
    hears(t, "Ana Torres, mi RFC es GODE561231GR8");
    is(t, "name", "Ana Torres");
    is(t, "tax_id", "GODE561231GR8");
    is(t, "lead.status", "complete");
    end(t);

    t = begin();
    hears_choice(t, "Mayoreo", "flow:catering", NULL, 0);
    is(t, "event_kind", "wholesale");
    says(t, "¿Cuántos kilos al mes?"); /* neither day nor guests */
    hears(t, "20");
    hears(t, "Monterrey");
    hears(t, "Café Sol");
    hears(t, "compras@sol.mx");
    says(t, "RFC");
    hears(t, "no lo sé"); /* optional */
    is(t, "lead.status", "complete");
    assert_null(value(t, "tax_id"));
    assert_null(value(t, "guests"));
    end(t);
}

static void asks_again_and_goes_on(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "quiero cotizar un evento", NULL, "catering", 0.9);
    says(t, "¿Qué día es?");
    hears(t, "pronto");
    says(t, "No entendí la fecha; por ejemplo: 15 de marzo, o 15/03. ¿Qué día es?");
    assert_true(t->confidence < 0.6 && t->resume);
    hears(t, "el 31 de febrero");
    says(t, "¿Cuántas personas"); /* asked twice: left out */
    hears(t, "¿y tienen descafeinado?");
    assert_null(t->reply); /* somebody else's to answer */
    assert_string_equal(t->resume, "Para seguir: ¿Cuántas personas serán?");
    hears_choice(t, "¿también para 60 personas?", NULL, NULL, 0); /* learned, and asked */
    is(t, "guests", "60");
    says(t, "¿En qué ciudad?");
    assert_true(t->confidence < 0.6);
    assert_non_null(t->resume);
    hears_choice(t, "horarios de atención", NULL, "opening_hours", 0.95); /* no city */
    assert_null(value(t, "city"));
    assert_null(t->reply);
    assert_non_null(t->resume);
    end(t);
}

static void corrections_and_the_end(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "cotización para oficina, 40 personas, el viernes, me llamo Ana, ana@correo.mx", NULL, "catering", 0.9);
    is(t, "event_date", "2026-01-02");
    says(t, "¿En qué ciudad?");
    hears(t, "no, mi correo es ana.torres@correo.mx");
    is(t, "email", "ana.torres@correo.mx");
    says(t, "Listo, lo cambié. ¿En qué ciudad?");
    hears(t, "Toluca");
    is(t, "city", "Toluca");
    says(t, "RFC");
    hears(t, "perdón, no: Metepec"); /* what was said last */
    is(t, "city", "Metepec");
    assert_null(value(t, "tax_id"));
    hears(t, "no, somos 45 personas");
    is(t, "guests", "45");
    hears(t, "mejor la fecha es el 20 de enero");
    is(t, "event_date", "2026-01-20");
    hears(t, "olvídalo");
    is(t, "lead.status", "cancelled");
    says(t, "lo dejamos aquí");
    assert_int_equal(t->said->flags, 0);
    hears(t, "hola");
    assert_null(t->reply);
    hears_choice(t, "¿atienden a grupos?", NULL, "catering", 0.9); /* not by itself, */
    assert_null(t->reply);
    hears(t, "retomemos la cotización"); /* but when it is asked for, and only what was not known then */
    says(t, "Para seguir: ¿Cuál es el RFC");
    is(t, "lead.status", "open");
    hears(t, "mejor después");
    is(t, "lead.status", "cancelled");
    hears_choice(t, "mi pedido llegó roto", NULL, "order_problem", 0.9);
    hears(t, "olvídalo");
    hears(t, "retomemos la cotización"); /* something else was begun since: what is the customer's anyway is known, no more */
    says(t, "¿Para qué es?");
    end(t);
}

/* What customers do besides answering: they take back what they said, answer by a part of a word, say numbers as words. */
static void difficult_customers(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "quiero una cotización", NULL, "catering", 0.9);
    hears(t, "oficina, perdón, evento");
    is(t, "event_kind", "event");
    says(t, "¿Qué día es?");
    hears(t, "el 5");
    is(t, "event_date", "2026-01-05");
    says(t, "¿Cuántas personas");
    hears(t, "no, el 5 no, el 6");
    is(t, "event_date", "2026-01-06");
    assert_null(value(t, "guests"));
    says(t, "Listo, lo cambié. ¿Cuántas personas");
    hears(t, "no, mejor el 7"); /* neither is this an answer */
    is(t, "event_date", "2026-01-07");
    assert_null(value(t, "guests"));
    hears(t, "treinta y cinco");
    is(t, "guests", "35");
    hears(t, "eran 40 no 35");
    is(t, "guests", "40");
    says(t, "Listo, lo cambié. ¿En qué ciudad?");
    hears_choice(t, "en Guadalajara", NULL, "shipping", 0.9); /* whatever else is said with it */
    is(t, "city", "Guadalajara");
    hears_choice(t, "no, Buenos Aires", NULL, "greeting", 0.85);
    is(t, "city", "Buenos Aires");
    hears(t, "Ana");
    hears(t, "ana punto torres arroba correo punto mx");
    is(t, "email", "ana.torres@correo.mx");
    is(t, "lead.status", "complete");
    says(t, "Gracias, Ana."); /* and not in Portuguese */
    hears(t, "es boda, no oficina"); /* it was none */
    assert_null(t->reply);
    hears(t, "el 7 no, el 8");
    is(t, "event_date", "2026-01-08");
    assert_string_equal(t->reply, "Listo, lo cambié.");
    end(t);

    t = begin();
    hears_choice(t, "quiero una cotización", NULL, "catering", 0.9);
    hears(t, "¿qué incluye el de oficina?"); /* asks, and chooses nothing */
    assert_null(value(t, "event_kind"));
    assert_non_null(t->resume);
    hears(t, "la dos");
    is(t, "event_kind", "office");
    hears(t, "¿a qué hora abren mañana?");
    assert_null(value(t, "event_date"));
    hears(t, "ahorita no sé");
    is(t, "lead.status", "open");
    hears(t, "¿cuánto sale para el 15 de marzo?");
    is(t, "event_date", "2026-03-15");
    end(t);

    t = begin();
    hears_choice(t, "quiero cotizar una boda de 120 personas", NULL, "catering", 0.9);
    is(t, "lead.fit", "100");
    hears(t, "perdón, no es boda, es mayoreo"); /* the other branch: what belongs to the first counts no more */
    is(t, "event_kind", "wholesale");
    is(t, "lead.fit", "0");
    hears(t, "20 kilos");
    is(t, "lead.fit", "60");
    hears_choice(t, "Rio de Janeiro", NULL, "shipping", 0.9);
    is(t, "city", "Rio de Janeiro");
    end(t);

    t = begin();
    hears_choice(t, "Hola, soy Laura Gómez de Puebla, quiero cotizar el mayoreo, como veinte kilos", NULL, "catering", 0.9);
    is(t, "name", "Laura Gómez");
    is(t, "kilos_a_month", "20");
    says(t, "¿En qué ciudad?");
    hears(t, "umas 15"); /* no city */
    assert_null(value(t, "city"));
    hears(t, "Puebla");
    says(t, "¿A qué correo");
    hears(t, "laura@x.mx");
    hears(t, "laura@x.mx"); /* once more: nothing has changed */
    assert_null(strstr(t->reply, "cambié"));
    says(t, "RFC");
    end(t);

    t = begin();
    hears_choice(t, "quiero una cotización", NULL, "catering", 0.9);
    hears(t, "la ofic");
    is(t, "event_kind", "office");
    hears(t, "no sé"); /* of what must be known it is asked again */
    says(t, "¿Qué día es?");
    hears(t, "el próximo viernes");
    hears(t, "40");
    hears(t, "León");
    hears(t, "Ana");
    hears(t, "no"); /* has none */
    says(t, "¿A qué correo");
    assert_true(t->confidence > 0.99);
    end(t);

    t = begin();
    hears_choice(t, "mi pedido llegó roto", NULL, "order_problem", 0.9);
    hears(t, "48"); /* data, if of a wrong kind: ours to answer, whatever an article says of it */
    says(t, "correo de confirmación");
    assert_true(t->confidence > 0.99);
    end(t);
}

static void collects_data(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "mi pedido llegó roto", NULL, "order_problem", 0.9);
    is(t, "problem", "mi pedido llegó roto");
    is(t, "data.flow", "order_problem");
    assert_null(value(t, "lead.score"));
    says(t, "Lamento lo que pasó con tu pedido. ¿Cuál es el número de pedido?");
    hears(t, "no sé cuál es");
    says(t, "correo de confirmación");
    assert_null(t->fired);
    hears(t, "48213");
    is(t, "order_number", "48213");
    says(t, "¿Qué prefieres?");
    assert_int_equal(t->said->n_choices, 2);
    hears(t, "quiero mi dinero");
    is(t, "wish", "refund");
    is(t, "data.status", "complete");
    assert_non_null(t->fired);
    assert_string_equal(t->fired->reason.ptr, "Los datos están completos: Problema con un pedido.");
    assert_non_null(strstr(t->fired->evidence.ptr, "48213, Mi dinero"));
    end(t);

    t = begin(); /* what cannot be had is a person's matter */
    hears_choice(t, "mi pedido nunca llegó", NULL, "order_problem", 0.9);
    hears(t, "ni idea");
    assert_null(t->fired);
    hears(t, "que no sé");
    assert_non_null(t->fired);
    is(t, "data.status", "incomplete");
    assert_string_equal(t->fired->reason.ptr, "No se pudo obtener un dato: order_number.");
    end(t);
}

/* Over is not beyond correction; and what was skipped leaves no hole in what is said. */
static void amends_and_holes(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "Mayoreo", "flow:catering", NULL, 0);
    hears(t, "20");
    hears(t, "Monterrey");
    hears(t, "Laura Gómez");
    hears(t, "laura@gmial.com");
    hears(t, "no tengo");
    is(t, "lead.status", "complete");
    assert_false(t->amends);
    hears(t, "gracias! buen día, nos vemos mañana");
    assert_null(t->reply);
    hears(t, "me equivoqué, mi correo es laura@gmail.com");
    assert_true(t->amends);
    is(t, "email", "laura@gmail.com");
    is(t, "lead.status", "complete");
    assert_string_equal(t->reply, "Listo, lo cambié.");
    assert_true(t->confidence > 0.99);
    hears(t, "no, la ciudad es Saltillo");
    is(t, "city", "Saltillo");
    assert_true(t->amends);
    hears(t, "perdón, mi correo es laura@gmail.com"); /* nothing new */
    assert_null(t->reply);
    assert_false(t->amends);
    hears(t, "ya lo encontré, es GODE561231GR8"); /* what was missing */
    is(t, "tax_id", "GODE561231GR8");
    assert_true(t->amends);
    assert_string_equal(t->reply, "Gracias, ya lo anoté.");
    hears(t, "no, gracias");
    hears(t, "perdón, ¿hacen envíos a Puebla?");
    assert_null(t->reply);
    is(t, "city", "Saltillo");
    t->queued = true;
    hears(t, "perdón, son 30 kilos");
    is(t, "kilos_a_month", "30");
    is(t, "lead.fit", "60");
    assert_true(t->amends);
    assert_null(t->reply);
    hears(t, "no me gusta la ciudad, está mal");
    is(t, "city", "Saltillo");
    hears_people(t, "perdón, Monclova"); /* what of it? */
    is(t, "city", "Saltillo");
    hears_people(t, "no, la ciudad es Monclova");
    is(t, "city", "Monclova");
    assert_true(t->amends);
    end(t);

    t = begin();
    hears_choice(t, "quiero cotizar un evento para 40 personas el 20 de enero", NULL, "catering", 0.9);
    hears(t, "Toluca");
    hears(t, "Ana");
    hears(t, "no quiero dar mi correo");
    assert_true(t->reply && strncmp(t->reply, "¿A qué correo", 10) == 0); /* what one looks like they know */
    assert_true(t->confidence > 0.99); /* an answer to the question, though it gives none */
    hears(t, "no tengo");
    is(t, "lead.status", "complete");
    assert_string_equal(t->reply, "Gracias, Ana.");
    hears(t, "ah, mi correo es ana@x.mx");
    is(t, "email", "ana@x.mx");
    is(t, "lead.interest", "100");
    assert_string_equal(t->reply, "Gracias, ya lo anoté.");
    hears(t, "no, ana.t@x.mx");
    is(t, "email", "ana.t@x.mx");
    assert_string_equal(t->reply, "Listo, lo cambié.");
    end(t);
}

/* While people have it, what is added to a flow that they interrupted amends what they were told; the answers to our own questions in the queue do at
   the end. */
static void amends_what_people_have(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "quiero cotizar un evento para 40 personas el 20 de enero", NULL, "catering", 0.9);
    assert_false(t->amends);
    t->queued = true;
    tk_view *view = view_of(t, "mi correo es ana@x.mx", NULL, 0);
    keep(t, tk_run(t->kit, TK_CLASSIFY, &view, 1));
    is(t, "email", "ana@x.mx");
    assert_true(t->amends);
    view = view_of(t, "mi correo es ana.t@x.mx", NULL, 0);
    view->digest.asked = 1;
    t->amends = false;
    keep(t, tk_run(t->kit, TK_CLASSIFY, &view, 1));
    is(t, "email", "ana.t@x.mx");
    assert_false(t->amends);
    end(t);
}

/* What begins like a correction or an end, and is none. */
static void only_looks_like_it(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "mi pedido llegó roto", NULL, "order_problem", 0.9);
    hears(t, "no aparece por ningún lado");
    is(t, "problem", "mi pedido llegó roto");
    says(t, "correo de confirmación");
    end(t);
    t = begin();
    hears_choice(t, "mi pedido llegó roto", NULL, "order_problem", 0.9);
    hears(t, "ya no lo tengo a la mano");
    is(t, "problem", "mi pedido llegó roto");
    is(t, "data.status", "open");
    says(t, "correo de confirmación");
    hears(t, "perdón, ¿dónde lo busco?");
    is(t, "problem", "mi pedido llegó roto");
    hears(t, "no, llegó abierto y vacío"); /* this is one */
    is(t, "problem", "llegó abierto y vacío");
    end(t);

    t = begin();
    hears_choice(t, "quiero cotizar un evento para 40 personas", NULL, "catering", 0.9);
    says(t, "¿Qué día es?");
    hears(t, "mejor no, el 20 de enero");
    is(t, "event_date", "2026-01-20");
    is(t, "lead.status", "open");
    hears(t, "ya no, son 45 personas");
    is(t, "guests", "45");
    is(t, "lead.status", "open");
    hears(t, "ahorita no puedo");
    is(t, "lead.status", "cancelled");
    end(t);

    t = begin();
    hears_choice(t, "oi, queria um orçamento para um casamento", NULL, "catering", 0.9);
    hears(t, "não quero dizer");
    is(t, "lead.status", "open");
    hears(t, "já não quero o casamento");
    is(t, "lead.status", "cancelled");
    end(t);
}

static void languages(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "oi, queria um orçamento para um casamento", NULL, "catering", 0.9);
    says(t, "Com prazer preparo um orçamento; são algumas perguntas. Que dia é?");
    hears(t, "15 de março");
    says(t, "Quantas pessoas serão?");
    hears(t, "umas cem");
    is(t, "guests", "100");
    hears(t, "no Recife"); /* "no" is "in the" */
    is(t, "city", "Recife");
    hears(t, "esquece");
    says(t, "Tudo bem");
    end(t);
    t = begin();
    hears_choice(t, "could I get a quote for our office please?", NULL, "catering", 0.9);
    says(t, "What day is it?");
    hears(t, "tomorrow");
    is(t, "event_date", "2026-01-01"); /* 1 January, 00:00 UTC, is still December in Mexico */
    hears(t, "never mind");
    is(t, "lead.status", "cancelled");
    end(t);
}

/* An intent that the message may well not have begins nothing: "no sirven para nada". */
static void doubtful(void **state)
{
    (void)state;
    talk *t = begin();
    tk_view *view = view_of(t, "no sirven para nada", "catering", 0.66);
    view->reading.out_of_scope = 0.46;
    hear(t, view);
    assert_null(t->reply);
    view = view_of(t, "hacen coffee break?", "catering", 0.66);
    view->reading.out_of_scope = 0.2;
    hear(t, view);
    says(t, "¿Para qué es?");
    end(t);
}

/* A person is asked for, a picture comes: nothing is taken of it, and the place is kept. */
static void other_messages(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "quiero cotizar un evento", NULL, "catering", 0.9);
    hears(t, "");
    assert_null(t->reply);
    assert_non_null(t->resume);
    tk_view *view = view_of(t, "quiero hablar con Ana el 15 de marzo", "talk_to_person", 0.9);
    view->reading.wants_person = 0.9;
    const tk_answers *answers = tk_run(t->kit, TK_RESPOND, &view, 1);
    assert_null(tk_slot_value(answers, 0, "event_date"));
    /* Another flow begins in the middle of this one. */
    hears_choice(t, "oye, mi pedido 48213 nunca llegó", NULL, "order_problem", 0.9);
    is(t, "order_number", "48213");
    is(t, "data.status", "open");
    says(t, "¿Qué prefieres?");
    end(t);
}

/* What the core asks when the policy wants a flow begun: no message of the customer's, and respond alone. */
static void wished(talk *t, const char *reply_id)
{
    tk_view *view = view_of(t, "", NULL, 0);
    view->message.id = (relevo_str){NULL, 0};
    view->message.reply = tk_text(t->kit, reply_id);
    hear(t, view);
}

static void waits_for_a_person(void **state)
{
    (void)state;
    talk *t = begin();
    t->queued = true;
    hears_choice(t, "quiero cotizar un evento", NULL, "catering", 0.9); /* a person's: nothing begins by itself, */
    hears_choice(t, "Mayoreo", "flow:catering", NULL, 0);               /* nor by an old button */
    assert_null(t->reply);
    wished(t, "flow:meanwhile");
    says(t, "Mientras te atienden, ayúdame con unos datos. ¿De qué se trata?");
    hears_choice(t, "quiero cotizar un evento", NULL, "catering", 0.9); /* about something else, and no other flow */
    assert_null(t->reply);
    hears(t, "un pedido");
    says(t, "¿Cuál es el número de pedido?");
    hears(t, "¿ya mero me atienden?");
    assert_null(t->reply);
    hears(t, "48213");
    is(t, "order_number", "48213");
    says(t, "¿Cuál es tu correo?");
    hears(t, "ana@correo.mx");
    says(t, "Gracias. Ya lo tiene quien te va a atender.");
    is(t, "data.status", "complete");
    assert_int_equal(t->said->flags, 0);
    wished(t, "flow:meanwhile"); /* once more in the queue: all is known */
    assert_null(t->reply);
    end(t);
}

/* What a flow of this stretch has learned is not asked, by whichever name the flow goes; what an earlier one did is. */
static void waits_and_has_said_it(void **state)
{
    (void)state;
    talk *t = begin();
    hears_choice(t, "mi pedido 48213 llegó roto", NULL, "order_problem", 0.9);
    says(t, "¿Qué prefieres?");
    t->queued = true;
    wished(t, "flow:meanwhile");
    says(t, "¿De qué se trata?");
    hears(t, "un pedido");
    says(t, "¿Cuál es tu correo?");
    hears(t, "olvídalo");
    says(t, "De acuerdo, no pregunto más. Sigues en espera de una persona.");
    t->memory_len = 0; /* the bot had it again, and another stretch ends in the queue */
    wished(t, "flow:meanwhile");
    hears(t, "una factura");
    says(t, "¿Cuál es el número de pedido?");
    end(t);
    t = begin();
    hears_choice(t, "oi, queria um orçamento para um casamento", NULL, "catering", 0.9);
    t->queued = true;
    wished(t, "flow:catering"); /* in the middle of it: it goes on where it was */
    assert_null(t->reply);
    assert_string_equal(t->resume, "Para continuar: Que dia é?");
    end(t);
}

/* Who gives no answer is asked no more than elsewhere, and is not handed over: they are. */
static void waits_and_says_nothing(void **state)
{
    (void)state;
    talk *t = begin();
    t->queued = true;
    wished(t, "flow:order_problem");
    says(t, "¿Qué pasó?");
    hears(t, "llegó roto el paquete");
    hears(t, "luego lo busco");
    says(t, "son cinco dígitos");
    hears(t, "luego lo busco");
    says(t, "¿Qué prefieres?"); /* elsewhere: `otherwise: hand_off` */
    hears(t, "no sé");
    hears(t, "no sé");
    says(t, "Gracias. Quien te atienda ya lo tendrá.");
    end(t);
}

/* Another file of flows for who is in the middle of one: the reload of what somebody edited. */
static void edit(talk *t, const char *yaml)
{
    static char path[] = "/tmp/relevo-flows-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, yaml, strlen(yaml)) == (ssize_t)strlen(yaml) && close(fd) == 0);
    if (t->kit)
        tk_close(t->kit);
    t->kit = tk_open("lead_qualifier", "flows", path, NULL);
    assert_int_equal(unlink(path), 0);
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
}

#define ONE_OTHER "  - id: one\n    kind: data\n    start: {keywords: [tramite]}\n    done: Listo.\n    slots:\n"
#define ONE_FLOW  "  - id: one\n    kind: data\n    start: {keywords: [tramite]}\n    done: Listo {ciudad} {n}.\n    slots:\n"
#define TWO_FLOW  "  - id: two\n    start: {keywords: [cotizame]}\n    slots: [{name: x, type: text, ask: '¿Qué quieres?'}]\n    done: Va.\n"
#define CITY_SLOT "      - {name: ciudad, type: city, ask: '¿Ciudad?'}\n"
#define N_SLOT    "      - {name: n, type: amount, ask: '¿Cuántos?'}\n"
#define DAY_SLOT  "      - {name: dia, type: date, ask: '¿Qué día?'}\n"

static talk *begin_edited(void)
{
    talk *t = calloc(1, sizeof *t);
    assert_non_null(t);
    edit(t, "flows:\n" ONE_FLOW CITY_SLOT N_SLOT);
    hears(t, "tramite");
    says(t, "¿Ciudad?");
    return t;
}

/* Who is in the middle of a flow goes on with it when it is edited: by names, not by places. */
static void edited_flows(void **state)
{
    (void)state;
    talk *t = begin_edited();
    edit(t, "flows:\n" TWO_FLOW ONE_FLOW CITY_SLOT N_SLOT DAY_SLOT);
    hears(t, "Puebla");
    is(t, "ciudad", "Puebla");
    says(t, "¿Cuántos?");
    edit(t, "flows:\n" ONE_FLOW DAY_SLOT N_SLOT CITY_SLOT TWO_FLOW); /* another order, too */
    hears(t, "5");
    is(t, "n", "5");
    says(t, "¿Qué día?"); /* the city stands */
    hears(t, "15 de marzo");
    says(t, "Listo Puebla 5.");
    is(t, "data.status", "complete");
    edit(t, "flows:\n" TWO_FLOW ONE_FLOW CITY_SLOT N_SLOT);
    hears(t, "tramite"); /* a finished flow is not begun by its words, wherever it stands; */
    assert_null(t->reply);
    hears(t, "cotizame"); /* another is, where the finished one stood */
    says(t, "¿Qué quieres?");
    end(t);

    t = begin_edited();
    hears(t, "Puebla");
    hears(t, "olvídalo");
    is(t, "data.status", "cancelled");
    edit(t, "flows:\n" TWO_FLOW ONE_FLOW N_SLOT CITY_SLOT DAY_SLOT);
    hears(t, "tramite"); /* who comes back goes on where they left it */
    says(t, "Para seguir: ¿Cuántos?");
    hears(t, "5");
    says(t, "¿Qué día?");
    end(t);

    t = begin_edited(); /* what was asked is asked no more; or it is of another type: what was given is none of it */
    edit(t, "flows:\n" ONE_OTHER N_SLOT DAY_SLOT);
    hears(t, "Puebla");
    says(t, "¿Cuántos?");
    hears(t, "5");
    says(t, "¿Qué día?");
    edit(t, "flows:\n" ONE_OTHER "      - {name: n, type: text, ask: '¿Cuál?'}\n" DAY_SLOT);
    hears(t, "15 de marzo");
    says(t, "¿Cuál?");
    end(t);
    t = begin_edited();
    edit(t, "flows:\n" ONE_OTHER N_SLOT);
    hears(t, "¿hacen envíos?");
    assert_string_equal(t->resume, "Para seguir: ¿Cuántos?");
    edit(t, "flows:\n" TWO_FLOW);
    hears(t, "5");
    assert_null(t->reply);
    end(t);
}

#define ASKS "flows:\n  - id: asks\n    kind: data\n    start: {keywords: [tramite]}\n    slots:\n"

/* What is said of what is missing, and of what is known but outside the limits. */
static void holes_and_limits(void **state)
{
    (void)state;
    talk *t = calloc(1, sizeof *t);
    assert_non_null(t);
    edit(t, ASKS "      - {name: mail, type: email, ask: '¿Tu correo?', optional: true}\n"
                 "      - {name: n, type: amount, ask: '¿Cuántas piezas?', min: 10, max: 100}\n"
                 "      - {name: day, type: date, ask: '¿Qué día?', future: true}\n"
                 "      - {name: least, type: amount, ask: '¿Cuántas cajas, con {mail}?', min: 2.5}\n"
                 "      - {name: most, type: amount, ask: '¿Cuántos kilos?', max: 3}\n"
                 "      - {name: own, type: amount, ask: '¿Y más?', max: 3, hint: 'Son {n} piezas.'}\n"
                 "    done: 'Te llega a {mail}.'\n");
    hears(t, "tramite");
    hears(t, "no tengo");
    says(t, "¿Cuántas piezas?");
    hears(t, "200");
    assert_string_equal(t->reply, "Tiene que ser de 10 a 100. ¿Cuántas piezas?");
    assert_true(t->confidence > 0.99);
    hears(t, "veinte");
    hears(t, "ayer");
    assert_string_equal(t->reply, "Esa fecha ya pasó. ¿Qué día?");
    hears(t, "mañana");
    assert_string_equal(t->reply, "¿Cuántas cajas, con ?"); /* a question is asked nevertheless */
    hears(t, "dos");
    says(t, "Tiene que ser 2.5 o más.");
    hears(t, "5");
    hears(t, "muchísimos");
    says(t, "Necesito un número. ¿Cuántos kilos?");
    hears(t, "2");
    hears(t, "cinco");
    assert_string_equal(t->reply, "Son 20 piezas. ¿Y más?");
    hears(t, "1");
    assert_string_equal(t->reply, "¡Gracias!"); /* not "Te llega a ." */
    end(t);
    t = calloc(1, sizeof *t);
    assert_non_null(t);
    edit(t, ASKS "      - {name: mail, type: email, ask: '¿Tu correo?', optional: true}\n"
                 "      - {name: n, type: amount, ask: '¿Cuántas?', max: 3}\n"
                 "    done: 'Listo {n}.'\n    cancelled: 'No llega a {mail}.'\n    intro: 'Hola, {mail}.'\n");
    hears(t, "tramite");
    assert_string_equal(t->reply, "¿Tu correo?");
    hears(t, "no tengo");
    hears(t, "5");
    says(t, "Tiene que ser 3 o menos.");
    hears(t, "olvídalo");
    assert_string_equal(t->reply, "De acuerdo, lo dejamos aquí.");
    end(t);
}

static void refusals_and_threads(void **state)
{
    (void)state;
    char error[TK_ERROR_SIZE];
    tk_refused(error, "lead_qualifier", "flows", "/tmp/relevo-no-such-file.yaml", NULL);
    assert_non_null(strstr(error, "/tmp/relevo-no-such-file.yaml"));
    tk_refused(error, "lead_qualifier", "flows", flows, "country", "XX", NULL);
    assert_non_null(strstr(error, "'XX' is not known"));
    tk *kit = tk_open("lead_qualifier", "flows", flows, "country", "CO", "utc_offset", "-5", NULL);
    tk_view *views[] = {tk_message(kit, "quiero cotizar un evento para 80 personas"), tk_message(kit, "hola")};
    tk_run_threads(kit, TK_RESPOND, views, 2);
    tk_close(kit);
}

static void tells_of_its_intents(void **state)
{
    (void)state;
    char told[TK_SHOWN_SIZE], line[4200];
    tk *kit = tk_open("lead_qualifier", "flows", flows, NULL);
    tk_intents(kit, told);
    (void)snprintf(line, sizeof line, "awaits catering at %s:", flows);
    const char *at = strstr(told, line);
    assert_non_null(at);
    assert_true(strtol(at + strlen(line), NULL, 10) > 1);
    assert_non_null(strstr(told, "\nbegins flow:catering\nruns catering\n"));
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lead),        cmocka_unit_test(volunteered_and_conditions),
        cmocka_unit_test(asks_again_and_goes_on), cmocka_unit_test(corrections_and_the_end), cmocka_unit_test(difficult_customers),
        cmocka_unit_test(collects_data), cmocka_unit_test(only_looks_like_it), cmocka_unit_test(amends_and_holes), cmocka_unit_test(amends_what_people_have), cmocka_unit_test(languages),
        cmocka_unit_test(doubtful), cmocka_unit_test(other_messages), cmocka_unit_test(waits_for_a_person),
        cmocka_unit_test(waits_and_has_said_it), cmocka_unit_test(waits_and_says_nothing),
        cmocka_unit_test(edited_flows), cmocka_unit_test(holes_and_limits), cmocka_unit_test(refusals_and_threads), cmocka_unit_test(tells_of_its_intents),
    };
    return cmocka_run_group_tests(tests, find_flows, NULL);
}
