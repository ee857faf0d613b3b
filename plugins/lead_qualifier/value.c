/* SPDX-License-Identifier: Apache-2.0 */
/* One reader for each type; see value.h. A value is what the customer wrote, in one form; it must never be completed. */
#include "value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WORDS_MAX = 6, CITY_WORDS_MAX = 5, PIECES_MAX = 8, NEAR_TOKENS = 3, DAY_TOKENS_MAX = 5, PART_TOKENS_MAX = 5, PART_MIN = 4 };

static bool put(relevo_str text, char ret[LQ_VALUE_MAX + 1])
{
    text = rlt_cut(text, LQ_VALUE_MAX);
    if (text.len == 0)
        return false;
    memcpy(ret, text.ptr, text.len);
    ret[text.len] = '\0';
    return true;
}

bool lq_value_named(const lq_message *in, const lq_slot *slot)
{
    rlt_match match;
    return (slot->words && rlt_text_find(slot->words, &in->doc, 0, &match)) ||
           (in->words->of_type[slot->type] && rlt_text_find(in->words->of_type[slot->type], &in->doc, 0, &match));
}

/* The first piece of that name that becomes a value. */
static lq_found read_piece(const lq_message *in, const char *name, char ret[LQ_VALUE_MAX + 1])
{
    rlt_piece pieces[PIECES_MAX];
    size_t n = rlt_find_pieces(in->finder, in->doc.source, pieces, PIECES_MAX);
    for (size_t i = 0; i < n; i++) {
        char value[RLT_VALUE_MAX];
        if (strcmp(pieces[i].name, name) != 0)
            continue;
        bool good = strcmp(name, "email") == 0   ? rlt_email_value(pieces[i].written, value)
                    : strcmp(name, "phone") == 0 ? rlt_phone_value(pieces[i].written, in->country, value)
                                                 : snprintf(value, sizeof value, "%.*s", (int)pieces[i].written.len,
                                                            pieces[i].written.ptr) > 0;
        if (good && put(rlt_str(value), ret))
            return LQ_STRONG;
    }
    return LQ_NOTHING;
}

static bool in_email(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("_-+", c);
}

/* "ana @ gmail . com", "ana@gmail .com": as some keyboards write it. A full stop and another sentence behind it are none of it. */
static lq_found read_spaced_email(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    relevo_str s = in->doc.source;
    const char *sign = s.len > 0 ? memchr(s.ptr, '@', (size_t)s.len) : NULL;
    char text[RLT_VALUE_MAX], value[RLT_VALUE_MAX];
    size_t n = 0, at = sign ? (size_t)(sign - s.ptr) : 0, from;
    bool dotted = false;
    if (!sign)
        return LQ_NOTHING;
    while (at > 0 && s.ptr[at - 1] == ' ')
        at--;
    for (from = at; from > 0 && (in_email(s.ptr[from - 1]) || s.ptr[from - 1] == '.');)
        from--;
    if (at - from + 1 >= sizeof text)
        return LQ_NOTHING;
    memcpy(text, s.ptr + from, at - from);
    n = at - from;
    text[n++] = '@';
    at = (size_t)(sign - s.ptr) + 1;
    for (bool more = true; more;) {
        while (at < s.len && s.ptr[at] == ' ')
            at++;
        while (at < s.len && in_email(s.ptr[at]) && n + 2 < sizeof text)
            text[n++] = s.ptr[at++];
        size_t dot = at;
        while (dot < s.len && s.ptr[dot] == ' ')
            dot++;
        size_t part = dot + 1, end;
        while (part < s.len && s.ptr[part] == ' ')
            part++;
        for (end = part; end < s.len && in_email(s.ptr[end]);)
            end++;
        bool joins = end > part && (part == dot + 1 || (!dotted && end - part <= 3)); /* "gmail. com", but not "gmail. Gracias" */
        more = dot < s.len && s.ptr[dot] == '.' && joins && n + 2 < sizeof text;
        dotted = dotted || more;
        if (more) {
            text[n++] = '.';
            at = part;
        }
    }
    text[n] = '\0';
    return rlt_email_value(rlt_str(text), value) && put(rlt_str(value), ret) ? LQ_STRONG : LQ_NOTHING;
}

static bool is_mark(const rlt_token *token, char *ret)
{
    static const struct {
        const char *words;
        char mark;
    } marks[] = {{" punto ponto dot ", '.'}, {" guion hifen dash ", '-'}, {" arroba at ", '@'}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (rlt_is_among(marks[i].words, token->text)) {
            *ret = marks[i].mark;
            return true;
        }
    return false;
}

/* "Ana punto torres arroba correo punto mx": as it is said. */
static lq_found read_said_email(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    char text[RLT_VALUE_MAX], value[RLT_VALUE_MAX], mark;
    for (uint32_t at = 1; at + 1 < in->doc.n_tokens; at++) {
        if (!is_mark(&in->doc.tokens[at], &mark) || mark != '@')
            continue;
        uint32_t from = at - 1, to = at + 1;
        while (from >= 2 && is_mark(&in->doc.tokens[from - 1], &mark) && mark != '@')
            from -= 2;
        while (to + 2 < in->doc.n_tokens && is_mark(&in->doc.tokens[to + 1], &mark) && mark != '@')
            to += 2;
        size_t n = 0;
        for (uint32_t i = from; i <= to; i++) {
            bool is = (i - from) % 2 == 1 && is_mark(&in->doc.tokens[i], &mark);
            relevo_str part = is ? (relevo_str){&mark, 1} : rlt_written(&in->doc, i, 1);
            if (n + part.len >= sizeof text)
                break;
            memcpy(text + n, part.ptr, (size_t)part.len);
            n += part.len;
        }
        text[n] = '\0';
        if (rlt_email_value(rlt_str(text), value) && put(rlt_str(value), ret))
            return LQ_STRONG;
    }
    return LQ_NOTHING;
}

/* Short national numbers are no telephone number to the finder, but are one when it was asked for. */
static lq_found read_phone(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    char value[RLT_VALUE_MAX];
    if (read_piece(in, "phone", ret) == LQ_STRONG)
        return LQ_STRONG;
    for (uint32_t i = 0; i < in->doc.n_tokens; i++) {
        uint32_t last = i;
        if (in->doc.tokens[i].kind != RLT_NUMBER)
            continue;
        while (last + 1 < in->doc.n_tokens && in->doc.tokens[last + 1].kind == RLT_NUMBER)
            last++;
        if (rlt_phone_value(rlt_written(&in->doc, i, last - i + 1), in->country, value) && put(rlt_str(value), ret))
            return LQ_WEAK;
        i = last;
    }
    return LQ_NOTHING;
}

static lq_found read_order(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    if (read_piece(in, "order_number", ret) == LQ_STRONG)
        return LQ_STRONG;
    for (uint32_t i = 0; i < in->doc.n_tokens; i++) { /* "48213", "A48213", "AB-48213" */
        const rlt_token *token = &in->doc.tokens[i];
        size_t digits = 0, letters = 0;
        for (uint64_t k = 0; k < token->text.len; k++)
            *(token->text.ptr[k] >= '0' && token->text.ptr[k] <= '9' ? &digits : &letters) += 1;
        if (digits < 3 || digits > 14 || letters > 4)
            continue;
        bool prefix = i > 0 && in->doc.tokens[i - 1].text.len <= 4 && in->doc.tokens[i - 1].kind == RLT_WORD &&
                      token->source_at > 0 && in->doc.source.ptr[token->source_at - 1] == '-';
        return put(rlt_written(&in->doc, prefix ? i - 1 : i, prefix ? 2 : 1), ret) ? LQ_WEAK : LQ_NOTHING;
    }
    return LQ_NOTHING;
}

static lq_found read_tax_id(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    char value[RLT_VALUE_MAX];
    relevo_str written;
    return rlt_find_tax_id(in->doc.source, in->country, value, &written, NULL) && put(rlt_str(value), ret) ? LQ_STRONG
                                                                                                          : LQ_NOTHING;
}

static lq_found read_date(const lq_message *in, const lq_slot *slot, char ret[LQ_VALUE_MAX + 1])
{
    char value[RLT_VALUE_MAX];
    relevo_str written;
    int64_t day;
    int year, month, of_month;
    bool named = true;
    if (!rlt_find_date(&in->doc, in->today, in->country, value, &written)) /* "el 20", when it was asked for */
        return in->doc.n_tokens <= DAY_TOKENS_MAX && rlt_find_day(&in->doc, in->today, value, &written, &named) && put(rlt_str(value), ret)
                   ? (named ? LQ_STRONG : LQ_WEAK)
                   : LQ_NOTHING;
    if (sscanf(value, "%d-%d-%d", &year, &month, &of_month) != 3 || !rlt_day_of(year, month, of_month, &day) ||
        (slot->future && day < in->today))
        return LQ_NOTHING;
    return put(rlt_str(value), ret) ? LQ_STRONG : LQ_NOTHING;
}

/* How many tokens stand between a piece and the nearest of the slot's own words: "80 personas", "presupuesto de 5000"; more than NEAR_TOKENS: it is not near. */
static uint32_t words_near(const lq_message *in, const lq_slot *slot, relevo_str written)
{
    uint32_t first = 0, nearest = NEAR_TOKENS + 1;
    rlt_match match;
    while (first < in->doc.n_tokens && in->doc.source.ptr + in->doc.tokens[first].source_at < written.ptr)
        first++;
    uint32_t last = first;
    while (last + 1 < in->doc.n_tokens && in->doc.source.ptr + in->doc.tokens[last + 1].source_at < written.ptr + written.len)
        last++;
    for (uint32_t from = 0; slot->words && rlt_text_find(slot->words, &in->doc, from, &match); from = match.token + 1) {
        uint32_t behind = match.token + match.n_tokens;
        uint32_t between = match.token > last ? match.token - last - 1 : first >= behind ? first - behind : 0;
        nearest = between < nearest ? between : nearest;
    }
    return nearest;
}

/* Whether two numbers are the ends of one range: "80 y 100", "de 20 a 80". */
static bool is_range(relevo_str first, relevo_str second)
{
    const char *at = first.ptr + first.len, *end = second.ptr;
    while (at < end && *at == ' ')
        at++;
    while (end > at && end[-1] == ' ')
        end--;
    return rlt_is_among(" y a o e ou or to and ", (relevo_str){at, (uint64_t)(end - at)});
}

static lq_found read_amount(const lq_message *in, const lq_slot *slot, char ret[LQ_VALUE_MAX + 1])
{
    char value[RLT_VALUE_MAX];
    rlt_piece pieces[PIECES_MAX];
    size_t n = rlt_find_pieces(in->finder, in->doc.source, pieces, PIECES_MAX);
    for (size_t i = 0; i < n; i++)
        if (strcmp(pieces[i].name, "amount") == 0 && rlt_amount_value(pieces[i].written, in->country, value) &&
            strtod(value, NULL) >= slot->min && strtod(value, NULL) <= slot->max && put(rlt_str(value), ret))
            return LQ_STRONG;
    /* Of several numbers the one beside the slot's own words, else the first; a day of the month is none of them. */
    char date[RLT_VALUE_MAX];
    relevo_str day = {NULL, 0}, written;
    bool named = true;
    if (!rlt_find_date(&in->doc, in->today, in->country, date, &day) && (!rlt_find_day(&in->doc, in->today, date, &day, &named) || !named))
        day.len = 0;
    lq_found found = LQ_NOTHING;
    double number;
    uint32_t nearest = NEAR_TOKENS + 2;
    relevo_str taken = {NULL, 0}; /* the first of a range counts, whichever stands nearer */
    for (uint32_t at = 0; rlt_find_number(&in->doc, &at, &number, &written);) {
        bool of_day = rlt_is_month(&in->doc, at) || (day.len > 0 && written.ptr >= day.ptr && written.ptr < day.ptr + day.len);
        uint32_t near = words_near(in, slot, written);
        bool second = taken.len > 0 && is_range(taken, written);
        found = second && near <= NEAR_TOKENS ? LQ_STRONG : found;
        if (of_day || number < slot->min || number > slot->max || near >= nearest || second)
            continue;
        int decimals = fabs(number - round(number)) < 1e-9 ? 0 : 2;
        (void)snprintf(value, sizeof value, "%.*f", decimals, number);
        if (!put(rlt_str(value), ret))
            continue;
        found = near <= NEAR_TOKENS ? LQ_STRONG : LQ_WEAK;
        nearest = near;
        taken = written;
    }
    return found;
}

/* Whether a word of the message is, or begins, a word of the title: "estand" of "Estándar", "medida" of "A la medida". */
static bool is_part_of(const lq_message *in, relevo_str title)
{
    rlt_doc doc;
    if (title.len == 0 || rlt_read(in->work, title, &doc) != RLT_OK)
        return false;
    for (uint32_t i = 0; i < in->doc.n_tokens; i++)
        for (uint32_t k = 0; k < doc.n_tokens; k++) {
            relevo_str part = in->doc.tokens[i].text, word = doc.tokens[k].text;
            if (part.len >= PART_MIN && part.len <= word.len && memcmp(part.ptr, word.ptr, (size_t)part.len) == 0)
                return true;
        }
    return false;
}

/* The only choice whose title the few words are a part of; n_choices: none, or several. */
static size_t choice_by_part(const lq_message *in, const lq_slot *slot)
{
    size_t found = slot->n_choices, n = 0;
    for (size_t i = 0; i < slot->n_choices && in->doc.n_tokens <= PART_TOKENS_MAX; i++) {
        bool any = false;
        for (int language = 0; language < RLT_LANGUAGES; language++)
            any = any || is_part_of(in, slot->choices[i].title.in[language]);
        found = any ? i : found;
        n += any;
    }
    return n == 1 ? found : slot->n_choices;
}

static lq_found read_choice(const lq_message *in, const lq_slot *slot, char ret[LQ_VALUE_MAX + 1])
{
    rlt_match match, other;
    uint32_t place;
    if (rlt_text_find(slot->phrases, &in->doc, 0, &match)) {
        uint8_t chosen = slot->phrase_of[match.phrase];
        for (uint32_t from = match.token + match.n_tokens; rlt_text_find(slot->phrases, &in->doc, from, &other);
             from = other.token + other.n_tokens)
            if (slot->phrase_of[other.phrase] != chosen)
                return LQ_NOTHING; /* two of them: which? */
        return put(slot->choices[chosen].value, ret) ? LQ_STRONG : LQ_NOTHING;
    }
    if (!rlt_find_place(&in->doc, (uint32_t)slot->n_choices, &place))
        place = (uint32_t)choice_by_part(in, slot);
    return place < slot->n_choices && put(slot->choices[place].value, ret) ? LQ_WEAK : LQ_NOTHING;
}

/* The words from token `first` on that may be a name, at most `max`; up to what ends a phrase. */
static relevo_str words_from(const lq_message *in, uint32_t first, uint32_t max)
{
    uint32_t n = 0;
    while (first + n < in->doc.n_tokens && n < max && in->doc.tokens[first + n].kind == RLT_WORD) {
        const rlt_token *token = &in->doc.tokens[first + n];
        const rlt_token *before = n > 0 ? token - 1 : NULL;
        bool ends = false; /* a full stop too, but for "Ma. José" and "J. Pérez" */
        for (uint32_t at = before ? before->source_at + before->source_len : token->source_at; at < token->source_at; at++)
            ends = ends || strchr(",;:!?\n", in->doc.source.ptr[at]) ||
                   (in->doc.source.ptr[at] == '.' && before->source_len > 2);
        bool link = rlt_equal(token->text, rlt_str("y")) || rlt_equal(token->text, rlt_str("and"));
        if (ends || (link && n > 0))
            break;
        n++;
    }
    return n > 0 ? rlt_written(&in->doc, first, n) : (relevo_str){NULL, 0};
}

/* How many words at the beginning only lead to the answer: "es en la ciudad de". */
static uint32_t skip_lead(const lq_message *in, const char *words)
{
    uint32_t n = 0;
    while (n < in->doc.n_tokens && rlt_is_among(words, in->doc.tokens[n].text))
        n++;
    return n;
}

static bool is_capital(const lq_message *in, uint32_t i)
{
    const rlt_token *token = &in->doc.tokens[i];
    const unsigned char *at = (const unsigned char *)in->doc.source.ptr + token->source_at;
    unsigned char first = at[0], second = token->source_len > 1 ? at[1] : 0;
    bool upper = (first >= 'A' && first <= 'Z') || (first == 0xc3 && second >= 0x80 && second <= 0x9e); /* A to Z, À to Þ */
    return token->kind == RLT_WORD && token->source_len > 1 && upper && !(token->flags & RLT_UPPER);
}

bool lq_is_proper_name(const lq_message *in)
{
    uint32_t n = 0, capitals = 0;
    for (; n < in->doc.n_tokens && n < NAME_WORDS_MAX; n++) {
        bool links = n > 0 && rlt_is_among(" de da do dos das del la las los y e ", in->doc.tokens[n].text);
        if (!links && !is_capital(in, n))
            return false;
        capitals += !links;
    }
    return n == in->doc.n_tokens && capitals > 1 && is_capital(in, n - 1);
}

/* "Soy Laura Gómez de Cali", "I'm John Smith": who says who they are, by the capitals; in English, where they also say from where they are with one
   ("I'm Mexican"), two of them. */
static relevo_str who_they_are(const lq_message *in)
{
    for (uint32_t i = 0; i + 1 < in->doc.n_tokens; i++) {
        bool am = rlt_is_among(" im ", in->doc.tokens[i].text) ||
                  (i > 0 && rlt_is_among(" am ", in->doc.tokens[i].text) && rlt_is_among(" i ", in->doc.tokens[i - 1].text));
        if (!am && !rlt_is_among(" soy sou ", in->doc.tokens[i].text))
            continue;
        uint32_t n = 0; /* tokens up to the last capital: "da" and the like only lead to one */
        for (uint32_t at = i + 1; at < in->doc.n_tokens && at - i <= NAME_WORDS_MAX && !(at > i + 1 && rlt_stands_apart(&in->doc, at)); at++) {
            if (is_capital(in, at))
                n = at - i;
            else if (n == 0 || !rlt_is_among(" da do dos das del ", in->doc.tokens[at].text))
                break;
        }
        if (n >= (am ? 2u : 1u))
            return rlt_written(&in->doc, i + 1, n);
    }
    return (relevo_str){NULL, 0};
}

static lq_found read_name(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    rlt_match match;
    if (lq_means(in->words, LQ_INTRODUCES, &in->doc, &match) &&
        put(words_from(in, match.token + match.n_tokens, NAME_WORDS_MAX), ret))
        return LQ_STRONG;
    if (!rlt_is_question(&in->doc) && put(who_they_are(in), ret))
        return LQ_STRONG;
    uint32_t first = skip_lead(in, " soy sou i am im es e is its para for a por to era nombre nome de em hola oi hi si sim yes claro sure ");
    relevo_str name = words_from(in, first, NAME_WORDS_MAX);
    if (name.len < 2 || first + 1 > in->doc.n_tokens || in->doc.n_tokens - first > NAME_WORDS_MAX ||
        rlt_is_question(&in->doc))
        return LQ_NOTHING;
    for (uint32_t i = first; i < in->doc.n_tokens; i++)
        if (in->doc.tokens[i].kind != RLT_WORD)
            return LQ_NOTHING;
    return put(name, ret) ? LQ_WEAK : LQ_NOTHING;
}

/* Whether a short number follows the words: "umas 15", "eran 50" are no place; "Puebla 72000" is. */
static bool is_counted(const lq_message *in, relevo_str words)
{
    const char *end = words.ptr + words.len;
    for (uint32_t i = 1; i < in->doc.n_tokens; i++)
        if (in->doc.source.ptr + in->doc.tokens[i].source_at >= end)
            return in->doc.tokens[i].kind == RLT_NUMBER && in->doc.tokens[i].text.len < 4 && !rlt_stands_apart(&in->doc, i);
    return false;
}

static lq_found read_city(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    uint32_t first = skip_lead(in, " es en la el ciudad de soy vivo seria sera era a por para to e em na no cidade moro sou in the city of "
                                   "its is i am im from it will be ");
    relevo_str city = words_from(in, first, CITY_WORDS_MAX);
    for (uint32_t i = 0; i < first; i++) /* "Ciudad de México" is one; "ciudad: Puebla" only leads to it */
        if (rlt_is_among(" ciudad cidade ", in->doc.tokens[i].text) && is_capital(in, i) && !rlt_stands_apart(&in->doc, i + 1))
            city = words_from(in, i, CITY_WORDS_MAX);
    /* "La Paz", "El Alto": what leads may be a part of it, when nothing else is left of the message */
    if (first > 0 && in->doc.n_tokens == 2 && rlt_is_among(" la el los las ", in->doc.tokens[0].text))
        city = words_from(in, 0, CITY_WORDS_MAX);
    if (city.len < 2 || rlt_is_question(&in->doc) || is_counted(in, city))
        return LQ_NOTHING;
    return put(city, ret) ? LQ_WEAK : LQ_NOTHING;
}

static lq_found read_text(const lq_message *in, char ret[LQ_VALUE_MAX + 1])
{
    relevo_str text = in->doc.source;
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]))
        text.len--;
    return in->doc.n_letters > 1 && put(text, ret) ? LQ_WEAK : LQ_NOTHING;
}

lq_found lq_value_read(const lq_message *in, const lq_slot *slot, char ret[LQ_VALUE_MAX + 1])
{
    switch (slot->type) {
    case LQ_NAME:
        return read_name(in, ret);
    case LQ_EMAIL:
        return read_piece(in, "email", ret) == LQ_STRONG || read_spaced_email(in, ret) == LQ_STRONG ? LQ_STRONG : read_said_email(in, ret);
    case LQ_PHONE:
        return read_phone(in, ret);
    case LQ_TAX_ID:
        return read_tax_id(in, ret);
    case LQ_DATE:
        return read_date(in, slot, ret);
    case LQ_AMOUNT:
        return read_amount(in, slot, ret);
    case LQ_CHOICE:
        return read_choice(in, slot, ret);
    case LQ_CITY:
        return read_city(in, ret);
    case LQ_ORDER_NUMBER:
        return read_order(in, ret);
    case LQ_TEXT:
    case LQ_TYPES:
        break;
    }
    return read_text(in, ret);
}
