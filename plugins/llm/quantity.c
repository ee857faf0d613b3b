/* SPDX-License-Identifier: Apache-2.0 */
/* See quantity.h. Must never pass over a digit: each stands in one quantity. */
#include "quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/data.h"
#include "text/digits.h"

/* Folded words. */
static const struct {
    const char *words, *unit;
} units[] = {
    {" peso pesos ", "$"},
    {" usd dolar dolares dollar dollars ", "USD"},
    {" brl real reais reales ", "BRL"},
    {" eur euro euros ", "EUR"},
    {" pen sol soles ", "PEN"},
    {" mxn ", "MXN"},
    {" ars ", "ARS"},
    {" cop ", "COP"},
    {" clp ", "CLP"},
    {" centavo centavos cent cents centimos ", "cent"},
    {" percent porciento porcento ", "%"},
    {" minuto minutos minute minutes min mins ", "minute"},
    {" hora horas hour hours ", "hour"},
    {" h hs hr hrs ", "h"}, /* of the day, or as long */
    {" dia dias day days ", "day"},
    {" semana semanas week weeks ", "week"},
    {" mes meses month months ", "month"},
    {" ano anos year years ", "year"},
    {" kg kgs kilo kilos kilogramo kilogramos quilo quilos quilograma quilogramas ", "kg"},
    {" g gr grs gramo gramos grama gramas gram grams ", "g"},
    {" lb lbs libra libras pound pounds ", "lb"},
    {" l lt lts litro litros liter liters litre litres ", "l"},
    {" ml mililitro mililitros ", "ml"},
    {" m mt mts metro metros meter meters metre metres ", "m"},
    {" km kms kilometro kilometros quilometro quilometros kilometer kilometers ", "km"},
    {" cm centimetro centimetros centimeter centimeters ", "cm"},
    {" persona personas pessoa pessoas people person persons pax guest guests invitados convidados ", "person"},
    {" cuota cuotas parcela parcelas mensualidad mensualidades installment installments ", "instalment"},
    {" unidad unidades unidade unit units pieza piezas piece pieces ", "piece"},
    {" noche noches noite noites night nights ", "night"},
    {" cuadra cuadras quadra quadras block blocks ", "block"},
    {" punto puntos ponto pontos point points ", "point"},
};

/* What stands before a number, or behind it. The longest first. */
static const struct {
    const char *sign, *unit;
} signs[] = {{"US$", "USD"}, {"MX$", "MXN"}, {"AR$", "ARS"}, {"R$", "BRL"},  {"S/", "PEN"},  {"$", "$"},     {"€", "EUR"},  {"£", "GBP"},  {"%", "%"},
             {"USD", "USD"}, {"MXN", "MXN"}, {"ARS", "ARS"}, {"COP", "COP"}, {"CLP", "CLP"}, {"PEN", "PEN"}, {"BRL", "BRL"}, {"EUR", "EUR"}};

#define N_SIGNS (sizeof signs / sizeof *signs)

static const char *const months[] = {
    " enero janeiro january ",     " febrero fevereiro february ", " marzo marco march ", " abril april ",       " mayo maio may ",
    " junio junho june ",          " julio julho july ",           " agosto august ",     " septiembre setiembre setembro september ",
    " octubre outubro october ",   " noviembre novembro november ", " diciembre dezembro december "};

static bool is_word(const rlt_doc *doc, uint32_t token, const char *words)
{
    return token < doc->n_tokens && rlt_is_among(words, doc->tokens[token].text);
}

static const char *unit_of_word(relevo_str word)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (rlt_is_among(units[i].words, word))
            return units[i].unit;
    return NULL;
}

bool llm_is_unit(relevo_str word)
{
    return unit_of_word(word) != NULL;
}

static int month_of(const rlt_doc *doc, uint32_t token)
{
    for (int i = 0; i < 12; i++)
        if (is_word(doc, token, months[i]))
            return i + 1;
    return 0;
}

/* Whether between two places stand at most a few spaces and a dash: they belong together. */
static bool together(relevo_str source, size_t from, size_t to)
{
    enum { GAP_MAX = 4 };
    for (size_t i = from; i < to; i++)
        if (!strchr(" -*_", source.ptr[i]) || !source.ptr[i])
            return false;
    return to >= from && to - from <= GAP_MAX;
}

/* The first token that begins at `at` or behind it. */
static uint32_t token_behind(const rlt_doc *doc, size_t at)
{
    uint32_t low = 0, high = doc->n_tokens;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (doc->tokens[middle].source_at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set(char unit[LLM_UNIT_MAX], const char *name)
{
    (void)snprintf(unit, LLM_UNIT_MAX, "%s", name);
}

/* "5kg": what is written in one with the number. False: nothing. */
static bool glued_unit(const rlt_doc *doc, size_t at, char ret[LLM_UNIT_MAX])
{
    uint32_t token = token_behind(doc, at);
    if (token == 0)
        return false;
    const rlt_token *t = &doc->tokens[token - 1];
    size_t behind = t->source_at + t->source_len;
    if (behind <= at || t->text.len < behind - at)
        return false;
    const char *unit = unit_of_word((relevo_str){t->text.ptr + t->text.len - (behind - at), behind - at});
    set(ret, unit ? unit : LLM_OTHER);
    return true;
}

void llm_unit_behind(const rlt_doc *doc, size_t at, char ret[LLM_UNIT_MAX])
{
    relevo_str source = doc->source;
    ret[0] = '\0';
    if (glued_unit(doc, at, ret))
        return;
    size_t sign = at;
    while (sign < source.len && strchr(" *_", source.ptr[sign]) && source.ptr[sign])
        sign++;
    for (size_t i = 0; i < N_SIGNS; i++) {
        size_t len = strlen(signs[i].sign);
        bool word = signs[i].sign[len - 1] >= 'A' && signs[i].sign[len - 1] <= 'Z'; /* is found as one, below */
        bool of_next = sign + len < source.len && strchr("0123456789 ", source.ptr[sign + len]) && source.ptr[sign + len] != ' ';
        if (!word && !of_next && source.len - sign >= len && memcmp(source.ptr + sign, signs[i].sign, len) == 0) {
            set(ret, signs[i].unit);
            return;
        }
    }
    uint32_t token = token_behind(doc, at);
    if (token == doc->n_tokens || !together(source, at, doc->tokens[token].source_at) || doc->tokens[token].kind != RLT_WORD)
        return;
    while (is_word(doc, token, " working business calendar full ")) /* "2 to 4 working days" */
        token++;
    if (is_word(doc, token, " por per ") && is_word(doc, token + 1, " ciento cento cent ")) {
        set(ret, "%");
        return;
    }
    if (is_word(doc, token, " de ") && token + 1 < doc->n_tokens && unit_of_word(doc->tokens[token + 1].text)) /* "2 millones de pesos" */
        token++;
    int month = month_of(doc, token + (is_word(doc, token, " de of ") ? 1 : 0));
    if (month) {
        (void)snprintf(ret, LLM_UNIT_MAX, "month %d", month);
        return;
    }
    if (token == doc->n_tokens)
        return;
    const char *unit = unit_of_word(doc->tokens[token].text);
    if (unit || !rlt_stop_languages(doc->tokens[token].text))
        set(ret, unit ? unit : LLM_OTHER);
}

static void unit_before(const rlt_doc *doc, size_t at, char ret[LLM_UNIT_MAX])
{
    relevo_str source = doc->source;
    while (at > 0 && strchr(" *_", source.ptr[at - 1]))
        at--;
    for (size_t i = 0; i < N_SIGNS; i++) {
        size_t len = strlen(signs[i].sign);
        if (*signs[i].unit != '%' && at >= len && strncasecmp(source.ptr + at - len, signs[i].sign, len) == 0) {
            set(ret, signs[i].unit);
            return;
        }
    }
}

/* ---- times and dates ---- */

/* "2 pm", "9 a.m.", "9 de la noche", "8 da manhã": 1 in the first half of the day, 2 in the second, 0: it does not say. */
static int half_of_day(const rlt_doc *doc, size_t at)
{
    relevo_str source = doc->source;
    size_t i = at;
    while (i < source.len && source.ptr[i] == ' ')
        i++;
    if (i < source.len && strchr("aApP", source.ptr[i]) && source.ptr[i]) {
        size_t m = i + 1;
        while (m < source.len && strchr(". ", source.ptr[m]) && source.ptr[m])
            m++;
        bool ends = m + 1 >= source.len || !((source.ptr[m + 1] | 32) >= 'a' && (source.ptr[m + 1] | 32) <= 'z');
        if (m < source.len && (source.ptr[m] | 32) == 'm' && m - i <= 3 && ends)
            return (source.ptr[i] | 32) == 'a' ? 1 : 2;
    }
    uint32_t token = token_behind(doc, at);
    if (token == doc->n_tokens || !together(source, at, doc->tokens[token].source_at))
        return 0;
    if (is_word(doc, token, " de in ") && is_word(doc, token + 1, " la the "))
        token += 2;
    else if (is_word(doc, token, " da "))
        token++;
    else
        return 0;
    return is_word(doc, token, " manana manha madrugada morning ") ? 1 : is_word(doc, token, " tarde noche noite afternoon evening ") ? 2 : 0;
}

/* "a las 9", "às 9", "at 9". */
static bool is_at_hour(const rlt_doc *doc, size_t at)
{
    uint32_t token = token_behind(doc, at);
    if (token == 0 || !together(doc->source, doc->tokens[token - 1].source_at + doc->tokens[token - 1].source_len, at))
        return false;
    relevo_str source = rlt_written(doc, token - 1, 1);
    return is_word(doc, token - 1, " las das at ") || (is_word(doc, token - 1, " as ") && source.len > 2); /* "às" has its accent */
}

/* What follows the number as a part of it: minutes, a month. Returns where it ends. */
static size_t take_parts(relevo_str source, size_t end, llm_quantity *q)
{
    char mark = end < source.len ? source.ptr[end] : '\0';
    relevo_str next = mark ? rlt_number_at(source, end + 1) : (relevo_str){NULL, 0};
    double value;
    if (!next.len || next.len > 2 || !strchr(":/h", mark) || !rlt_leading_number(next, &value))
        return end;
    if (mark == '/') {
        bool month_first = value > 12;
        (void)snprintf(q->unit, LLM_UNIT_MAX, "month %d", (int)(month_first ? q->value : value));
        q->value = month_first ? value : q->value;
    } else {
        q->value += value / 60;
        set(q->unit, "clock");
    }
    return end + 1 + next.len;
}

/* ---- reading ---- */

static double scale_at(const rlt_doc *doc, size_t end, size_t *ret_end)
{
    static const struct {
        const char *words;
        double scale;
    } scales[] = {{" mil thousand k ", 1e3}, {" millon millones milhao milhoes million ", 1e6}};
    uint32_t token = token_behind(doc, end);
    for (size_t i = 0; token < doc->n_tokens && i < sizeof scales / sizeof *scales; i++)
        if (is_word(doc, token, scales[i].words) && together(doc->source, end, doc->tokens[token].source_at)) {
            *ret_end = doc->tokens[token].source_at + doc->tokens[token].source_len;
            return scales[i].scale;
        }
    return 1;
}

/* Its unit, and the value in it. `end`: where the number ends. Returns where the whole ends. */
static size_t qualify(const rlt_doc *doc, size_t begin, size_t end, llm_quantity *q)
{
    bool negative = begin > 0 && doc->source.ptr[begin - 1] == '-' && (begin == 1 || strchr(" \n", doc->source.ptr[begin - 2]));
    if (!q->in_words)
        end = take_parts(doc->source, end, q);
    q->value *= scale_at(doc, end, &end);
    if (negative)
        q->value = -q->value;
    int half = half_of_day(doc, end);
    if (!*q->unit)
        unit_before(doc, begin, q->unit);
    if (!*q->unit)
        llm_unit_behind(doc, end, q->unit);
    bool may_be_time = !*q->unit || strcmp(q->unit, "hour") == 0 || strcmp(q->unit, "h") == 0;
    if ((half && (may_be_time || strcmp(q->unit, LLM_OTHER) == 0)) || (may_be_time && is_at_hour(doc, begin)))
        set(q->unit, "clock");
    uint32_t before = token_behind(doc, begin);
    int month = !*q->unit && before > 0 ? month_of(doc, before - 1) : 0; /* "March 15" */
    if (month && together(doc->source, doc->tokens[before - 1].source_at + doc->tokens[before - 1].source_len, begin))
        (void)snprintf(q->unit, LLM_UNIT_MAX, "month %d", month);
    if (half == 2 && q->value < 12)
        q->value += 12;
    return end;
}

/* "un peso", "una hora": a number before a unit, else an article. */
static bool is_one(const rlt_doc *doc, uint32_t token)
{
    return is_word(doc, token, " un una um uma an ") && token + 1 < doc->n_tokens && unit_of_word(doc->tokens[token + 1].text);
}

static bool is_connector(relevo_str between)
{
    static const char *const words[] = {"-",  "–",   "—",  "a",  "y",  "e",     "o",   "u",       "ou",    "to",
                                        "and", "or", "al", "ao", "hasta", "até", "through", "y las", "a las", "às"};
    while (between.len && strchr(" *_", between.ptr[0]) && between.ptr[0])
        between = (relevo_str){between.ptr + 1, between.len - 1};
    while (between.len && strchr(" *_$", between.ptr[between.len - 1]) && between.ptr[between.len - 1])
        between.len--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (between.len == strlen(words[i]) && strncasecmp(between.ptr, words[i], between.len) == 0)
            return true;
    return false;
}

static bool linked(const rlt_doc *doc, const llm_quantity *a, const llm_quantity *b)
{
    size_t begin = (size_t)(b->written.ptr - doc->source.ptr);
    return begin > a->end && is_connector((relevo_str){doc->source.ptr + a->end, begin - a->end});
}

/* The numbers of a range have one unit. */
static void share_units(const rlt_doc *doc, llm_quantity *q, size_t n)
{
    for (size_t i = n; i-- > 1;)
        if (!*q[i - 1].unit && *q[i].unit && linked(doc, &q[i - 1], &q[i]))
            memcpy(q[i - 1].unit, q[i].unit, LLM_UNIT_MAX);
    for (size_t i = 1; i < n; i++)
        if (!*q[i].unit && *q[i - 1].unit && strcmp(q[i - 1].unit, LLM_OTHER) != 0 && linked(doc, &q[i - 1], &q[i]))
            memcpy(q[i].unit, q[i - 1].unit, LLM_UNIT_MAX);
}

/* The next number in words from a token on: where it begins, RLT_NO_WORD: there is none. */
static uint32_t next_in_words(const rlt_doc *doc, uint32_t token, double *ret, size_t *ret_end)
{
    relevo_str written;
    for (uint32_t at = token; rlt_find_number(doc, &at, ret, &written);) {
        size_t begin = (size_t)(written.ptr - doc->source.ptr);
        uint32_t first = token_behind(doc, begin);
        bool of_percent = first > 0 && is_word(doc, first, " ciento ") && is_word(doc, first - 1, " por ");
        if (!rlt_is_digit(*written.ptr) && !of_percent) {
            *ret_end = begin + written.len;
            return first;
        }
    }
    return RLT_NO_WORD;
}

size_t llm_quantities(const rlt_doc *doc, llm_quantity *ret, size_t max)
{
    relevo_str source = doc->source;
    size_t n = 0, word_end = 0;
    double word_value = 0;
    uint32_t word = next_in_words(doc, 0, &word_value, &word_end);
    for (size_t i = 0; i < source.len;) {
        relevo_str number = rlt_number_at(source, i);
        uint32_t token = token_behind(doc, i);
        bool begins = token < doc->n_tokens && doc->tokens[token].source_at == i;
        llm_quantity q = {.written = number};
        if (number.len) {
            if (!rlt_leading_number(number, &q.value))
                q.value = NAN; /* too long for one: is found as written */
        } else if (begins && token == word) {
            q = (llm_quantity){.written = {source.ptr + i, word_end - i}, .value = word_value, .in_words = true};
            word = next_in_words(doc, token_behind(doc, word_end), &word_value, &word_end);
        } else if (begins && is_one(doc, token)) {
            q = (llm_quantity){.written = rlt_written(doc, token, 1), .value = 1, .in_words = true};
        } else {
            i++;
            continue;
        }
        q.end = qualify(doc, i, i + q.written.len, &q);
        if (n < max)
            ret[n] = q;
        n++;
        i = q.end;
    }
    share_units(doc, ret, n < max ? n : max);
    return n;
}
