/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See ground.h. What is said is compared with what is written, by numbers, links and stems: whether a sentence means what its article means, nobody
 * can tell here. Must never take a number for given because another one of its digits was.
 */
#include "ground.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantity.h"
#include "text/digits.h"

/* ---- placeholders ---- */

/* A placeholder that was given out; 0: none stands there. */
static size_t placeholder_at(const rlt_hidden *hidden, relevo_str text, size_t at)
{
    for (int i = 0; i < hidden->n; i++) {
        size_t len = strlen(hidden->items[i].placeholder);
        if (text.len - at >= len && memcmp(text.ptr + at, hidden->items[i].placeholder, len) == 0)
            return len;
    }
    return 0;
}

/* Whether a byte is one of a placeholder's: those have no number and no word of their own. */
static bool in_placeholder(const rlt_hidden *hidden, relevo_str text, size_t at)
{
    for (size_t back = 0; back < RLT_PLACEHOLDER_MAX && back <= at; back++)
        if (text.ptr[at - back] == '[')
            return placeholder_at(hidden, text, at - back) > back;
    return false;
}

/* ---- numbers ---- */

/* "120 pesos" is what "120 MXN" says to who is there; "9 a 18 horas" are times of the day, but a time is no duration. */
static bool same_unit(const char *said, const char *written)
{
    static const struct {
        const char *said, *written;
    } also[] = {{"$", " ARS CLP COP MXN "}, {"clock", " hour h "}, {"hour", " h "}, {"h", " clock hour "}};
    bool same = strcmp(said, written) == 0;
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        same = same || (strcmp(said, also[i].said) == 0 && rlt_is_among(also[i].written, rlt_str(written)));
    return same;
}

static bool is_in(const llm_quantity *q, const llm_quantity *list, size_t n)
{
    bool unit_there = false, value_alone = false;
    for (size_t i = 0; i < n; i++) {
        bool value = fabs(list[i].value - q->value) < 1e-6, unit = same_unit(q->unit, list[i].unit);
        if (value && unit)
            return true;
        value_alone = value_alone || (value && !*list[i].unit);
        unit_there = unit_there || unit;
    }
    return value_alone && unit_there; /* "210 pesos, y la de 1 kg, 560" */
}

/* The same digits, whatever they count. */
static bool digits_given(const llm_ground *g, relevo_str number)
{
    for (size_t i = 0; i < g->n; i++) {
        if (rlt_holds_number(g->cited[i]->answer, number) || rlt_holds_number(g->cited[i]->title, number))
            return true;
        for (size_t k = 0; k < g->cited[i]->n_questions; k++)
            if (rlt_holds_number(g->cited[i]->questions[k], number))
                return true;
    }
    return rlt_holds_number(g->given->message, number);
}

static bool has_unit(const llm_quantity *q)
{
    return *q->unit && strcmp(q->unit, LLM_OTHER) != 0;
}

/* The numbers of one title or answer. */
typedef struct quantities {
    llm_quantity *items;
    size_t n;
} quantities;

static bool quantities_of(rlt_work *work, relevo_str text, quantities *ret)
{
    rlt_doc doc;
    if (rlt_read(work, text, &doc) != RLT_OK)
        return false;
    ret->n = llm_quantities(&doc, NULL, 0);
    ret->items = rlt_work_alloc(work, (ret->n + 1) * sizeof *ret->items);
    return ret->items && llm_quantities(&doc, ret->items, ret->n) == ret->n;
}

static bool quantity_given(const llm_ground *g, const quantities texts[2 * LLM_ARTICLES_MAX], const llm_quantity *q)
{
    if (!has_unit(q))
        return q->in_words || digits_given(g, q->written); /* "one of them" says no number */
    for (size_t i = 0; i < 2 * g->n; i++)
        if (is_in(q, texts[i].items, texts[i].n))
            return true;
    return false;
}

/* What a placeholder stands for has no unit: "[NUMBER_1] pesos" would make a price of what the customer wrote. */
static bool placeholders_bare(const llm_ground *g, const rlt_doc *doc)
{
    char unit[LLM_UNIT_MAX];
    for (size_t i = 0; i < doc->source.len; i++) {
        size_t len = placeholder_at(&g->given->hidden, doc->source, i);
        llm_unit_behind(doc, i + len, unit);
        if (len && *unit && strcmp(unit, LLM_OTHER) != 0)
            return false;
    }
    return true;
}

bool llm_numbers_stand(const llm_ground *ground, relevo_str text)
{
    quantities said, texts[2 * LLM_ARTICLES_MAX];
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    bool stand = work && rlt_read(work, text, &doc) == RLT_OK && placeholders_bare(ground, &doc) && quantities_of(work, text, &said);
    for (size_t i = 0; stand && i < ground->n; i++)
        stand = quantities_of(work, ground->cited[i]->answer, &texts[2 * i]) && quantities_of(work, ground->cited[i]->title, &texts[2 * i + 1]);
    for (size_t i = 0; stand && i < said.n; i++)
        if (!in_placeholder(&ground->given->hidden, text, (size_t)(said.items[i].written.ptr - text.ptr)))
            stand = quantity_given(ground, texts, &said.items[i]);
    rlt_work_free(work);
    return stand;
}

/* ---- links ---- */

/* What stands between two spaces, brackets or quotes, without the marks around it. *at moves behind it. */
static relevo_str next_word(relevo_str text, size_t *at)
{
    size_t begin = *at;
    while (*at < text.len && !strchr(" \n\t()<>\"", text.ptr[*at]))
        ++*at;
    relevo_str word = {text.ptr + begin, *at - begin};
    *at += *at < text.len;
    while (word.len && strchr(".,;:!?*_~`'", word.ptr[word.len - 1]))
        word.len--;
    while (word.len && strchr("*_~`'", word.ptr[0]))
        word = (relevo_str){word.ptr + 1, word.len - 1};
    return word;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* An e-mail address, or what WhatsApp shows as a link: "https://cafe.example", and "cafe.example" too. */
static bool is_link(relevo_str word)
{
    for (size_t i = 1; i + 2 < word.len; i++)
        if (word.ptr[i] == '.' && (is_letter(word.ptr[i - 1]) || rlt_is_digit(word.ptr[i - 1])) && is_letter(word.ptr[i + 1]) &&
            is_letter(word.ptr[i + 2]))
            return true;
    return memmem(word.ptr, word.len, "://", 3) || memchr(word.ptr, '@', word.len);
}

static relevo_str without_scheme(relevo_str link)
{
    const char *mark = memmem(link.ptr, link.len, "://", 3);
    size_t used = mark ? (size_t)(mark - link.ptr) + 3 : 0;
    return (relevo_str){link.ptr + used, link.len - used};
}

/* The whole link, not a piece of one: "cafe.ex" is somebody else's. */
static bool link_given(const llm_ground *g, relevo_str link)
{
    link = without_scheme(link);
    for (size_t i = 0; i < g->n; i++)
        for (size_t at = 0; at < g->cited[i]->answer.len;)
            if (rlt_equal(without_scheme(next_word(g->cited[i]->answer, &at)), link))
                return true;
    return false;
}

bool llm_links_stand(const llm_ground *ground, relevo_str text)
{
    for (size_t at = 0; at < text.len;) {
        relevo_str word = next_word(text, &at);
        if (word.len && is_link(word) && !link_given(ground, word))
            return false;
    }
    return true;
}

/* ---- statements ---- */

/* What says nothing about a business: courtesies, verbs that go with anything, and those that lead to a number or a day, which are held by
   themselves. Folded. */
static const char *const courtesies[RLT_LANGUAGES] = {
    [RLT_ES] = " ademas amable avisame avisanos ayudar ayudarle ayudarte ayudo bienvenida bienvenido buen buenas buenos claro contamos "
               "correcto cualquier cuentame cuesta cuestan demora desees dime dinos disculpa disculpas disculpe disponible disponibles "
               "duda dudas efectivamente encantada encantado entendido entiendo escribeme excelente favor felicidades felicitaciones "
               "gracias gustaria gusto hacemos hola inconveniente inconvenientes lamentamos lamento listo llega llegan manejamos "
               "molestia molestias mucho necesita necesitas necesites nuestras nuestros ocurrido ofrecemos parte partir paso perdon "
               "perfecto podemos podras podrias pregunta preguntas puedes quieras realizamos saludos sentimos servir servirte siento "
               "siguiente siguientes sucedido tambien tarda tardan tenemos tienes toma vale valen ",
    [RLT_PT] = " abaixo acima ajudar ajudo alem avise boa bom certeza certo chega chegam claro contamos correto custa custam demora "
               "desculpa desculpe diga disponiveis disponivel disso duvida duvidas entendi entendido favor fazemos inconveniente "
               "lamentamos lamento nossas nossos obrigada obrigado ocorrido oferecemos oi ola otimo parabens partir perfeito pergunta "
               "perguntas podemos prazer precisa precisar quiser realizamos sentimos sinto transtorno voce ",
    [RLT_EN] = " absolutely also anything arrive arrives available business certainly congratulations cost costs course currently "
               "definitely else glad great happy hello help hey hi inconvenience just know let need needs offer otherwise perfect "
               "provide question questions simply sorry sure take takes thank thanks understand welcome working yes ",
};

/* Days that an article must name, or the customer. Folded; "mañana" is no morning here. */
static const char days[] = " hoy ayer hoje ontem amanha today tomorrow yesterday tonight lunes martes miercoles jueves viernes sabado domingo sabados "
                           "domingos segunda terca quarta quinta sexta monday tuesday wednesday thursday friday saturday sunday mondays tuesdays "
                           "wednesdays thursdays fridays saturdays sundays ";

/* The words of the articles and of the customer, by their stems. */
typedef struct vocabulary {
    relevo_str *stems;
    size_t n, room;
} vocabulary;

static bool add_words(rlt_work *work, rlt_language language, relevo_str text, vocabulary *v)
{
    rlt_doc doc;
    if (rlt_read(work, text, &doc) != RLT_OK)
        return false;
    if (v->n + doc.n_tokens > v->room) {
        size_t room = 2 * (v->n + doc.n_tokens);
        relevo_str *more = rlt_work_alloc(work, room * sizeof *more);
        if (!more)
            return false;
        if (v->n)
            memcpy(more, v->stems, v->n * sizeof *more);
        v->stems = more;
        v->room = room;
    }
    for (uint32_t i = 0; i < doc.n_tokens; i++)
        v->stems[v->n++] = rlt_stem(work, language, doc.tokens[i].text);
    return true;
}

static bool holds(const vocabulary *v, relevo_str stem)
{
    for (size_t i = 0; i < v->n; i++)
        if (rlt_equal(v->stems[i], stem))
            return true;
    return false;
}

/* The first byte behind the sentence, or behind the statement in it that a "¿" ends. */
static size_t end_of(relevo_str text, size_t from)
{
    for (size_t i = from; i < text.len; i++) {
        char c = text.ptr[i];
        bool apart = i + 1 >= text.len || text.ptr[i + 1] == ' ' || text.ptr[i + 1] == '\n';
        if (c == '?' || c == '!' || c == '\n' || ((c == '.' || c == ';') && apart))
            return i + 1;
        if (i > from && text.len - i > 2 && memcmp(text.ptr + i, "¿", 2) == 0)
            return i;
    }
    return text.len;
}

static bool is_question(relevo_str sentence)
{
    return sentence.len && sentence.ptr[sentence.len - 1] == '?';
}

/* What a sentence states: all of it, or of a question what stands before its last comma, but behind a "¿" nothing. */
static relevo_str stated(relevo_str sentence)
{
    if (!is_question(sentence))
        return sentence;
    if (sentence.len > 2 && memcmp(sentence.ptr, "¿", 2) == 0)
        return (relevo_str){sentence.ptr, 0};
    const char *comma = memrchr(sentence.ptr, ',', sentence.len);
    return (relevo_str){sentence.ptr, comma ? (uint64_t)(comma - sentence.ptr) : 0};
}

typedef struct reader {
    const llm_ground *ground;
    rlt_work *work;
    rlt_language language;
    vocabulary given, theirs; /* of the articles, of the customer */
    relevo_str text;
} reader;

static bool is_day(const rlt_doc *doc, uint32_t i)
{
    relevo_str word = doc->tokens[i].text;
    if (rlt_equal(word, rlt_str("manana"))) /* "por la mañana" */
        return i == 0 || !rlt_is_among(" la ", doc->tokens[i - 1].text);
    return rlt_is_among(days, word);
}

enum { SAYS_NOTHING, IS_GIVEN, IS_INVENTED };

/* Whether a token is of a number: "tres", "8h", and "a.m." behind it. */
static bool is_of_number(const quantities *numbers, const rlt_doc *doc, uint32_t i)
{
    relevo_str word = doc->tokens[i].text;
    bool any = rlt_is_digit(*word.ptr) || llm_is_unit(word) || rlt_is_among(" am pm p ", word);
    for (size_t k = 0; k < numbers->n && !any; k++) {
        size_t begin = (size_t)(numbers->items[k].written.ptr - doc->source.ptr);
        any = doc->tokens[i].source_at >= begin && doc->tokens[i].source_at < numbers->items[k].end;
    }
    return any;
}

static int judge_word(const reader *r, const rlt_doc *doc, const quantities *numbers, uint32_t i)
{
    relevo_str word = doc->tokens[i].text, stem = rlt_stem(r->work, r->language, word);
    bool given = holds(&r->given, stem), theirs = holds(&r->theirs, stem);
    bool empty = r->language == RLT_UNKNOWN ? rlt_stop_languages(word) != 0
                                            : rlt_is_stop(r->language, word) || rlt_is_among(courtesies[r->language], word);
    if (doc->tokens[i].kind != RLT_WORD || empty || ((theirs || is_of_number(numbers, doc, i)) && !given) ||
        in_placeholder(&r->ground->given->hidden, r->text, (size_t)(doc->source.ptr - r->text.ptr) + doc->tokens[i].source_at))
        return SAYS_NOTHING;
    return given ? IS_GIVEN : IS_INVENTED;
}

/* Enough of the sentence, and something of each of its clauses: an invention at the end of a long sentence is a small part of it. */
static bool statement_stands(const reader *r, relevo_str statement)
{
    size_t n[3] = {0}, of_clause[3] = {0};
    quantities numbers;
    rlt_doc doc;
    if (!statement.len)
        return true;
    if (rlt_read(r->work, statement, &doc) != RLT_OK || !quantities_of(r->work, statement, &numbers))
        return false;
    for (uint32_t i = 0; i < doc.n_tokens; i++) {
        int is = judge_word(r, &doc, &numbers, i);
        if (is == IS_INVENTED && is_day(&doc, i))
            return false;
        if (i > 0 && (rlt_stands_apart(&doc, i) || rlt_is_among(" y e and ", doc.tokens[i].text)))
            memset(of_clause, 0, sizeof of_clause);
        n[is]++;
        of_clause[is]++;
        bool ends = i + 1 == doc.n_tokens || rlt_stands_apart(&doc, i + 1) || rlt_is_among(" y e and ", doc.tokens[i + 1].text);
        if (ends && of_clause[IS_INVENTED] > 1 && of_clause[IS_GIVEN] == 0)
            return false;
    }
    return (double)n[IS_GIVEN] >= LLM_FLOOR * (double)(n[IS_GIVEN] + n[IS_INVENTED]);
}

/* Whether the articles can be compared with an answer in this language: one of them is in it. */
static bool comparable(const llm_ground *g, rlt_language language)
{
    bool any = g->n == 0 || language == RLT_UNKNOWN;
    for (size_t i = 0; i < g->n; i++)
        any = any || g->cited[i]->language == RLT_UNKNOWN || g->cited[i]->language == language;
    return any;
}

static bool learn(reader *r)
{
    bool good = add_words(r->work, r->language, r->ground->given->message, &r->theirs);
    for (size_t i = 0; good && i < r->ground->n; i++) {
        const rlt_article *a = r->ground->cited[i];
        good = add_words(r->work, r->language, a->answer, &r->given) && add_words(r->work, r->language, a->title, &r->given);
        for (size_t k = 0; good && k < a->n_questions; k++)
            good = add_words(r->work, r->language, a->questions[k], &r->given);
    }
    return good;
}

bool llm_statements_stand(const llm_ground *ground, relevo_str text)
{
    reader r = {.ground = ground, .work = rlt_work_new(), .language = ground->given->asking.language, .text = text};
    rlt_doc doc;
    bool good = r.work && rlt_read(r.work, text, &doc) == RLT_OK;
    if (good && r.language == RLT_UNKNOWN)
        r.language = rlt_language_guess(&doc, NULL);
    if (good && comparable(ground, r.language)) {
        good = learn(&r);
        for (size_t from = 0, end; good && from < text.len; from = end) {
            while (from < text.len && (text.ptr[from] == ' ' || text.ptr[from] == '\n'))
                from++;
            end = end_of(text, from);
            good = statement_stands(&r, stated((relevo_str){text.ptr + from, end - from}));
        }
    }
    rlt_work_free(r.work);
    return good;
}

bool llm_asks(relevo_str text)
{
    for (size_t from = 0, end; from < text.len; from = end) {
        end = end_of(text, from);
        if (is_question((relevo_str){text.ptr + from, end - from}))
            return true;
    }
    return false;
}
