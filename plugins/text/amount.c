/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and amounts of money; see data.h. Which of "." and "," is the decimal mark is told by the digits behind it:
   three make a thousand, one or two are cents; where nothing can be grouped before it ("0.125", "1250.500") they are a fraction. */
#include "country.h"
#include "digits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MAX       1e12
#define PLACE_TOKENS_MAX 4u /* of a message that names a place in a list, and nothing else */

/* Reads the number at the beginning of `text`; how many bytes it has, 0: none. */
static size_t read_number(relevo_str text, double *ret)
{
    size_t n = 0, mark = 0;
    unsigned marks = 0, digits = 0;
    while (n < text.len && (rlt_is_digit(text.ptr[n]) ||
                            (strchr(".,", text.ptr[n]) && n + 1 < text.len && rlt_is_digit(text.ptr[n + 1])))) {
        if (!rlt_is_digit(text.ptr[n])) {
            mark = n;
            marks++;
        }
        n++;
    }
    if (n == 0 || n > 24 || !rlt_is_digit(text.ptr[0]))
        return 0;
    bool same = true;
    for (size_t i = 0; i < n; i++)
        same = same && (rlt_is_digit(text.ptr[i]) || text.ptr[i] == text.ptr[mark]);
    size_t behind = marks ? n - mark - 1 : 0;
    bool grouped = behind == 3 && mark <= 3 && text.ptr[0] != '0';
    bool cents = marks == 1 ? !grouped : marks > 1 && !same;
    double value = 0, unit = 1;
    for (size_t i = 0; i < n; i++) {
        if (!rlt_is_digit(text.ptr[i]))
            continue;
        value = value * 10 + (text.ptr[i] - '0');
        if (cents && i > mark)
            unit *= 10;
        else
            digits++;
    }
    if (digits > 15)
        return 0;
    *ret = value / unit;
    return n;
}

static const struct {
    const char *words;
    double value;
} number_words[] = {
    {" uno one ", 1}, /* "una" and "um" are articles more often */
    {" dos dois duas two ", 2},
    {" tres three ", 3},
    {" cuatro quatro four ", 4},
    {" cinco five ", 5},
    {" seis six ", 6},
    {" siete sete seven ", 7},
    {" ocho oito eight ", 8},
    {" nueve nove nine ", 9},
    {" diez dez ten ", 10},
    {" once onze eleven ", 11},
    {" doce doze twelve ", 12},
    {" trece treze thirteen ", 13},
    {" catorce catorze quatorze fourteen ", 14},
    {" quince quinze fifteen ", 15},
    {" dieciseis dezesseis dezasseis sixteen ", 16},
    {" diecisiete dezessete dezassete seventeen ", 17},
    {" dieciocho dezoito eighteen ", 18},
    {" diecinueve dezenove dezanove nineteen ", 19},
    {" veinte vinte twenty ", 20},
    {" veintiuno veintiun veintiuna ", 21},
    {" veintidos ", 22},
    {" veintitres ", 23},
    {" veinticuatro ", 24},
    {" veinticinco ", 25},
    {" veintiseis ", 26},
    {" veintisiete ", 27},
    {" veintiocho ", 28},
    {" veintinueve ", 29},
    {" treinta trinta thirty ", 30},
    {" cuarenta quarenta forty ", 40},
    {" cincuenta cinquenta fifty ", 50},
    {" sesenta sessenta sixty ", 60},
    {" setenta seventy ", 70},
    {" ochenta oitenta eighty ", 80},
    {" noventa ninety ", 90},
    {" cien ciento cem cento ", 100},
    {" doscientos doscientas duzentos duzentas ", 200},
    {" trescientos trescientas trezentos trezentas ", 300},
    {" cuatrocientos cuatrocientas quatrocentos quatrocentas ", 400},
    {" quinientos quinientas quinhentos quinhentas ", 500},
    {" seiscientos seiscientas seiscentos seiscentas ", 600},
    {" setecientos setecientas setecentos setecentas ", 700},
    {" ochocientos ochocientas oitocentos oitocentas ", 800},
    {" novecientos novecientas novecentos novecentas ", 900},
};

/* What a number before them is counted in; alone they are one of it. */
static const struct {
    const char *words;
    double value;
} units[] = {
    {" docena docenas duzia duzias dozen dozens ", 12},
    {" hundred hundreds ", 100},
    {" mil thousand ", 1000},
    {" millon millones milhao milhoes million millions ", 1e6},
};

static bool number_word(relevo_str word, double *ret)
{
    for (size_t i = 0; i < sizeof number_words / sizeof *number_words; i++)
        if (rlt_is_among(number_words[i].words, word)) {
            *ret = number_words[i].value;
            return true;
        }
    return false;
}

static bool unit_word(relevo_str word, double *ret)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (rlt_is_among(units[i].words, word)) {
            *ret = units[i].value;
            return true;
        }
    return false;
}

static bool is_word(const rlt_doc *doc, uint32_t i, const char *words)
{
    return i < doc->n_tokens && doc->tokens[i].kind == RLT_WORD && rlt_is_among(words, doc->tokens[i].text);
}

/* The units behind a number, and, of one in words, what is added to them: "2 mil", "cincuenta mil", "ciento veinte", "treinta y cinco". `small`: what
   the words gave so far; `next`: the token behind them. Returns the token behind the whole number. */
static uint32_t read_rest(const rlt_doc *doc, uint32_t next, bool in_words, double small, double *ret)
{
    double whole = 0, more;
    double room = 0; /* what is added must be smaller, and there must be a zero for it: "dos y tres" are two numbers */
    for (double power = 100; in_words && power >= 10; power /= 10)
        if (room == 0 && small >= power && fmod(small, power) == 0)
            room = power;
    bool begun = small > 0; /* else it begins with a unit */
    while (next < doc->n_tokens && doc->tokens[next].kind == RLT_WORD && !(begun && rlt_stands_apart(doc, next))) {
        uint32_t at = next + (in_words && is_word(doc, next, " y e and ") ? 1 : 0);
        if (at == next && unit_word(doc->tokens[at].text, &more)) {
            double counted = more > 1000 ? whole + small : small;
            counted = (counted > 0 ? counted : 1) * more;
            whole = more > 1000 ? counted : more >= 1000 ? whole + counted : whole;
            small = more >= 1000 ? 0 : counted;
            room = more;
            next = at + 1;
            begun = true;
        } else if (in_words && at < doc->n_tokens && number_word(doc->tokens[at].text, &more) && more < room) {
            small += more;
            room = more >= 100 ? 100 : more >= 20 && fmod(more, 10) == 0 ? 10 : 0;
            next = at + 1;
        } else {
            break;
        }
    }
    *ret = whole + small;
    return next;
}

/* What stands directly before or behind makes the digits a part of something else: a date, a time, a code. */
static bool is_part(relevo_str source, size_t from, size_t to)
{
    static const char glue[] = "/-:#@";
    bool before = from > 0 && (strchr(glue, source.ptr[from - 1]) || rlt_is_digit(source.ptr[from - 1]));
    bool behind = to < source.len && strchr("/-:@", source.ptr[to]) && to + 1 < source.len && rlt_is_digit(source.ptr[to + 1]);
    return before || behind;
}

bool rlt_find_number(const rlt_doc *doc, uint32_t *at, double *ret, relevo_str *ret_written)
{
    for (uint32_t i = *at; i < doc->n_tokens; i++) {
        const rlt_token *token = &doc->tokens[i];
        relevo_str rest = {doc->source.ptr + token->source_at, doc->source.len - token->source_at};
        double value = 0, unit;
        size_t len = token->kind == RLT_NUMBER ? read_number(rest, &value) : 0;
        bool in_words = false, thanks = is_word(doc, i + 1, " gracias perdones disculpas veces desculpas vezes "); /* "mil gracias" */
        if (len > 0 && is_part(doc->source, token->source_at, token->source_at + len))
            len = 0;
        if (len == 0 && token->kind == RLT_WORD && (number_word(token->text, &value) || (unit_word(token->text, &unit) && !thanks))) {
            len = token->source_len;
            in_words = true;
        }
        if (len == 0 && token->kind == RLT_WORD && rlt_is_digit(token->text.ptr[0])) { /* "80pax", "2k" */
            len = read_number(rest, &value);
            if (len > 0 && len < rest.len && strchr("kK", rest.ptr[len]) && token->source_len == len + 1)
                value *= 1000;
            else if (len > 0 && token->source_len - len > 4)
                len = 0;
        }
        if (len == 0)
            continue;
        size_t end = token->source_at + len;
        uint32_t next = i + (in_words && value == 0 ? 0 : 1); /* a unit alone is one of it */
        while (next < doc->n_tokens && next > i && doc->tokens[next].source_at < end)
            next++;
        uint32_t behind = read_rest(doc, next, in_words, value, &value);
        if (behind > next)
            end = doc->tokens[behind - 1].source_at + doc->tokens[behind - 1].source_len;
        if (value > NUMBER_MAX)
            continue;
        *at = behind;
        *ret = value;
        *ret_written = (relevo_str){rest.ptr, end - token->source_at};
        return true;
    }
    return false;
}

static const struct {
    const char *sign, *currency;
} signs[] = {{"US$", "USD"}, {"USD", "USD"}, {"MX$", "MXN"}, {"AR$", "ARS"}, {"R$", "BRL"},   {"MXN", "MXN"},
             {"ARS", "ARS"}, {"COP", "COP"}, {"CLP", "CLP"}, {"PEN", "PEN"}, {"BRL", "BRL"},  {"EUR", "EUR"},
             {"€", "EUR"},   {"£", "GBP"},   {"euro", "EUR"}, {"reais", "BRL"}, {"reales", "BRL"},
             {"soles", "PEN"}, {"dolar", "USD"}, {"dólar", "USD"}, {"dollar", "USD"}};

/* The currency that stands in a piece; "": none. */
static const char *currency_of(relevo_str written, const char *country)
{
    char text[RLT_VALUE_MAX];
    relevo_str cut = rlt_cut(written, sizeof text - 1);
    memcpy(text, cut.ptr, cut.len);
    text[cut.len] = '\0';
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strcasestr(text, signs[i].sign))
            return signs[i].currency;
    bool local = strchr(text, '$') || strcasestr(text, "peso");
    return local ? rlt_country_currency(country) : "";
}

bool rlt_amount_value(relevo_str written, const char *country, char ret[RLT_VALUE_MAX])
{
    size_t at = 0;
    double value;
    while (at < written.len && !rlt_is_digit(written.ptr[at]))
        at++;
    if (read_number((relevo_str){written.ptr + at, written.len - at}, &value) == 0)
        return false;
    const char *currency = currency_of(written, country);
    int decimals = fabs(value - round(value)) < 1e-9 ? 0 : 2;
    return snprintf(ret, RLT_VALUE_MAX, "%.*f%s%s", decimals, value, *currency ? " " : "", currency) > 0;
}

static bool is_currency(relevo_str text)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (text.len == strlen(signs[i].sign) && strncasecmp(text.ptr, signs[i].sign, text.len) == 0)
            return true;
    return text.len == 1 && *text.ptr == '$';
}

bool rlt_leading_number(relevo_str value, double *ret)
{
    char before[8]; /* the digits, without spaces and a sign */
    size_t at = 0, n = 0;
    bool minus = false;
    for (; at < value.len && !rlt_is_digit(value.ptr[at]); at++) {
        char c = value.ptr[at];
        minus = minus || c == '-';
        if (c == ' ' || c == '-' || c == '+')
            continue;
        if (n == sizeof before)
            return false;
        before[n++] = c;
    }
    double number;
    if ((n > 0 && !is_currency((relevo_str){before, n})) ||
        read_number((relevo_str){value.ptr + at, value.len - at}, &number) == 0)
        return false;
    *ret = minus ? -number : number;
    return true;
}

bool rlt_find_place(const rlt_doc *doc, uint32_t n, uint32_t *ret)
{
    static const char *const ordinals[] = {" primero primera primeiro primeira first ", " segundo segunda second ",
                                           " tercero tercera terceiro terceira third ", " cuarto cuarta quarto quarta fourth "};
    if (doc->n_tokens > PLACE_TOKENS_MAX)
        return false;
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        const rlt_token *token = &doc->tokens[i];
        uint32_t place = 0;
        for (uint64_t k = 0; token->kind == RLT_NUMBER && token->text.len <= 2 && k < token->text.len && rlt_is_digit(token->text.ptr[k]); k++)
            place = 10 * place + (uint32_t)(token->text.ptr[k] - '0');
        for (uint32_t k = 0; k < sizeof ordinals / sizeof *ordinals && place == 0; k++)
            place = rlt_is_among(ordinals[k], token->text) ? k + 1 : 0;
        double number; /* "dos", "la dos", "opción dos"; "uno" alone is somebody, or any */
        bool chosen = i > 0 && is_word(doc, i - 1, " la el o a the opcion opcao option numero number ");
        if (place == 0 && token->kind == RLT_WORD && number_word(token->text, &number) && number <= n && (chosen || (doc->n_tokens == 1 && number > 1)))
            place = (uint32_t)number;
        if (place >= 1 && place <= n) {
            *ret = place - 1;
            return true;
        }
    }
    return false;
}
