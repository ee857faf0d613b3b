/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates as customers write them in Spanish, Portuguese and English; see data.h. Days are counted from 1970-01-01 (Howard
 * Hinnant's days_from_civil), and no clock is read: what day it is comes from the caller.
 */
#include "text/data.h"

#include <stdio.h>
#include <string.h>

typedef struct date_reader {
    const rlt_doc *doc;
    int64_t today;
    bool month_first; /* 3/4 is the fourth of March */
} date_reader;

bool rlt_day_of(int year, int month, int day, int64_t *ret)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1900 || year > 2200 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > lengths[month - 1] + (month == 2 && leap ? 1 : 0))
        return false;
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    *ret = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return true;
}

static void civil(int64_t day, int *year, int *month, int *of_month)
{
    int64_t z = day + 719468, era = z / 146097, of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *of_month = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2 ? 1 : 0));
}

static const rlt_token *token_at(const date_reader *in, uint32_t i)
{
    return i < in->doc->n_tokens ? &in->doc->tokens[i] : NULL;
}

static bool word_at(const date_reader *in, uint32_t i, const char *words)
{
    const rlt_token *token = token_at(in, i);
    return token && token->kind == RLT_WORD && rlt_is_among(words, token->text);
}

/* A number of at most `digits` digits, also with an ordinal's letters ("15th", "1o"); -1: none. */
static int number_at(const date_reader *in, uint32_t i, size_t digits)
{
    const rlt_token *token = token_at(in, i);
    int value = 0;
    size_t n = 0;
    if (!token || token->kind == RLT_EMOJI)
        return -1;
    while (n < token->text.len && token->text.ptr[n] >= '0' && token->text.ptr[n] <= '9' && n < digits)
        value = value * 10 + token->text.ptr[n++] - '0';
    relevo_str rest = {token->text.ptr + n, token->text.len - n};
    bool ordinal = rest.len == 0 || (n <= 2 && rlt_is_among(" st nd rd th o ", rest));
    return n > 0 && ordinal ? value : -1;
}

static int month_at(const date_reader *in, uint32_t i)
{
    static const char *const months[] = {
        " enero ene janeiro january jan ",     " febrero feb fevereiro fev february ",
        " marzo mar marco march ",             " abril abr april apr ",
        " mayo may maio mai ",                 " junio jun junho june ",
        " julio jul julho july ",              " agosto ago august aug ",
        " septiembre setiembre sep sept set setembro september ", " octubre oct outubro out october ",
        " noviembre nov novembro november ",   " diciembre dic dezembro dez december dec ",
    };
    for (int m = 0; m < 12; m++)
        if (word_at(in, i, months[m]))
            return m + 1;
    return -1;
}

/* 0 Monday to 6 Sunday; -1: none. "segunda" alone is a choice more often than a day. */
static int weekday_at(const date_reader *in, uint32_t i)
{
    static const char *const days[] = {" lunes monday mon ",         " martes terca tuesday tue ",
                                       " miercoles quarta wednesday wed ", " jueves quinta thursday thu ",
                                       " viernes sexta friday fri ", " sabado saturday ",
                                       " domingo sunday "};
    if (word_at(in, i, " segunda ") && word_at(in, i + 1, " feira "))
        return 0;
    for (int d = 0; d < 7; d++)
        if (word_at(in, i, days[d]))
            return d;
    return -1;
}

/* What stands between tokens i and i + 1 is exactly one of the separators. */
static bool joined(const date_reader *in, uint32_t i, const char *separators)
{
    const rlt_token *a = token_at(in, i), *b = token_at(in, i + 1);
    return a && b && b->source_at == a->source_at + a->source_len + 1 &&
           strchr(separators, in->doc->source.ptr[a->source_at + a->source_len]);
}

/* The next such day from today on. */
static bool next_day(const date_reader *in, int month, int day, int64_t *ret)
{
    int year, m, d;
    civil(in->today, &year, &m, &d);
    for (int i = 0; i < 5; i++) /* the 29th of February may be four years away */
        if (rlt_day_of(year + i, month, day, ret) && *ret >= in->today)
            return true;
    return false;
}

static bool in_year(const date_reader *in, int year, int month, int day, int64_t *ret)
{
    if (year < 0)
        return next_day(in, month, day, ret);
    return rlt_day_of(year < 100 ? 2000 + year : year, month, day, ret);
}

/* 2026-03-15, 15/03/2026, 15-3, 15.03.26: how many tokens, 0: none. */
static uint32_t read_digits(const date_reader *in, uint32_t i, int64_t *ret)
{
    int a = number_at(in, i, 4), b = number_at(in, i + 1, 2), c = number_at(in, i + 2, 4);
    if (a < 0 || b < 0 || !joined(in, i, "/-."))
        return 0;
    bool third = c >= 0 && joined(in, i + 1, "/-.");
    if (a > 31)
        return third && a > 1900 && rlt_day_of(a, b, c, ret) ? 3 : 0;
    if (!third && !joined(in, i, "/-"))
        return 0; /* 3.5 is a number */
    bool swap = in->month_first ? a <= 12 : b > 12;
    int day = swap ? b : a, month = swap ? a : b;
    return in_year(in, third ? c : -1, month, day, ret) ? (third ? 3 : 2) : 0;
}

/* A year behind a day and month: "de 2027", ", 2027". */
static uint32_t read_year(const date_reader *in, uint32_t i, int *ret)
{
    uint32_t of = word_at(in, i, " de del do of ") ? 1 : 0;
    int year = number_at(in, i + of, 4);
    if (year < 1900 || year > 2200)
        return 0;
    *ret = year;
    return of + 1;
}

/* 15 de marzo, 15th of March, March 15. */
static uint32_t read_words(const date_reader *in, uint32_t i, int64_t *ret)
{
    int day = number_at(in, i, 2), year = -1;
    uint32_t n = 1 + (word_at(in, i + 1, " de of ") ? 1 : 0);
    int month = day > 0 ? month_at(in, i + n) : -1;
    if (day < 0 && word_at(in, i, " primero primeiro ")) {
        day = 1;
        month = month_at(in, i + n);
    }
    if (month < 0) {
        month = month_at(in, i);
        n = 1 + (word_at(in, i + 1, " the ") ? 1u : 0u);
        day = month > 0 ? number_at(in, i + n, 2) : -1;
    }
    if (day < 1 || month < 1)
        return 0;
    n++;
    n += read_year(in, i + n, &year);
    return in_year(in, year, month, day, ret) ? n : 0;
}

/* "En dos semanas", "dentro de 10 días", "daqui a 3 dias", "in a week". */
static uint32_t read_ahead(const date_reader *in, uint32_t i, int64_t *ret)
{
    uint32_t n = word_at(in, i, " en em in within ") ? 1 : word_at(in, i, " dentro daqui ") && word_at(in, i + 1, " de a ") ? 2 : 0;
    uint32_t at = i + n;
    double count = 1;
    relevo_str written;
    if (n == 0)
        return 0;
    if (word_at(in, at, " un una um uma a "))
        at++;
    else if (at >= in->doc->n_tokens || !rlt_find_number(in->doc, &at, &count, &written) ||
             written.ptr != in->doc->source.ptr + in->doc->tokens[i + n].source_at)
        return 0;
    int days = word_at(in, at, " dia dias day days ") ? 1 : word_at(in, at, " semana semanas week weeks ") ? 7 : 0;
    if (days == 0 || count < 1 || count > 366)
        return 0;
    *ret = in->today + (int64_t)count * days;
    return at + 1 - i;
}

/* "El último sábado de enero", "the first friday of may". */
static uint32_t read_weekday_of_month(const date_reader *in, uint32_t i, int64_t *ret)
{
    static const char *const ordinals[] = {" primer primero primeiro primeira first ", " segundo segunda second ", " tercer tercero terceiro terceira third ",
                                           " cuarto quarto quarta fourth ", " ultimo ultima last "};
    int which = 0, weekday = weekday_at(in, i + 1), year, month, of_month;
    while (which < 5 && !word_at(in, i, ordinals[which]))
        which++;
    uint32_t n = 2 + (word_at(in, i + 2, " feira ") ? 1u : 0u);
    n += word_at(in, i + n, " de of in em ") ? 1 : 0;
    int wanted = month_at(in, i + n);
    if (which == 5 || weekday < 0 || wanted < 0)
        return 0;
    civil(in->today, &year, &month, &of_month);
    for (int y = year; y <= year + 1; y++) {
        int64_t day, next;
        if (!rlt_day_of(y, wanted, 1, &day) || !rlt_day_of(wanted == 12 ? y + 1 : y, wanted % 12 + 1, 1, &next))
            return 0;
        day += (weekday - (day + 3) % 7 + 7) % 7 + (which < 4 ? 7 * which : 0);
        while (which == 4 && day + 7 < next)
            day += 7;
        if (day >= in->today) {
            *ret = day;
            return n + 1;
        }
    }
    return 0;
}

/* Today, tomorrow, weekdays. "La mañana" and "por la mañana" are a part of a day. */
static uint32_t read_relative(const date_reader *in, uint32_t i, int64_t *ret)
{
    if (word_at(in, i, " hoy hoje today ")) {
        *ret = in->today;
        return 1;
    }
    if (word_at(in, i, " pasado ") && word_at(in, i + 1, " manana ")) {
        *ret = in->today + 2;
        return 2;
    }
    if (word_at(in, i, " depois ") && word_at(in, i + 1, " de ") && word_at(in, i + 2, " amanha ")) {
        *ret = in->today + 2;
        return 3;
    }
    if (word_at(in, i, " day ") && word_at(in, i + 1, " after ") && word_at(in, i + 2, " tomorrow ")) {
        *ret = in->today + 2;
        return 3;
    }
    bool part_of_day = i > 0 && word_at(in, i - 1, " la de a ");
    if (word_at(in, i, " amanha tomorrow ") || (word_at(in, i, " manana ") && !part_of_day)) {
        *ret = in->today + 1;
        return 1;
    }
    int weekday = weekday_at(in, i);
    if (weekday < 0)
        return 0;
    int64_t of_today = (in->today + 3) % 7; /* 1970-01-01 was a Thursday */
    *ret = in->today + (weekday - of_today + 6) % 7 + 1;
    return word_at(in, i + 1, " feira ") ? 2 : 1;
}

static uint32_t read_yesterday(const date_reader *in, uint32_t i, int64_t *ret)
{
    *ret = in->today - 1;
    return word_at(in, i, " ayer ontem yesterday ") ? 1 : 0;
}

bool rlt_find_date(const rlt_doc *doc, int64_t today, const char *country, char ret[RLT_VALUE_MAX],
                   relevo_str *ret_written)
{
    static uint32_t (*const readers[])(const date_reader *, uint32_t, int64_t *) = {read_digits, read_words, read_weekday_of_month, read_ahead,
                                                                                    read_relative, read_yesterday};
    const date_reader in = {doc, today, strcmp(country, "US") == 0};
    /* What is written out beats what is relative, and this what was: "el viernes 15 de marzo", "ayer pregunté, es para mañana". */
    for (size_t r = 0; r < sizeof readers / sizeof *readers; r++)
        for (uint32_t i = 0; i < doc->n_tokens; i++) {
            int64_t day;
            uint32_t n = readers[r](&in, i, &day);
            if (n == 0)
                continue;
            int year, month, of_month;
            civil(day, &year, &month, &of_month);
            (void)snprintf(ret, RLT_VALUE_MAX, "%04d-%02d-%02d", year, month, of_month);
            *ret_written = rlt_written(doc, i, n);
            return true;
        }
    return false;
}

bool rlt_is_month(const rlt_doc *doc, uint32_t token)
{
    const date_reader in = {doc, 0, false};
    uint32_t at = token + (word_at(&in, token, " de del of ") ? 1 : 0);
    return month_at(&in, at) > 0 && (at > token || doc->tokens[at].text.len > 3); /* "40 set", "20 out" */
}

bool rlt_find_day(const rlt_doc *doc, int64_t today, char ret[RLT_VALUE_MAX], relevo_str *ret_written, bool *ret_named)
{
    const date_reader in = {doc, today, false};
    int64_t found = 0;
    uint32_t at = doc->n_tokens;
    int year, month, of_month;
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        if (doc->tokens[i].text.len == 0 || doc->tokens[i].text.ptr[0] < '0' || doc->tokens[i].text.ptr[0] > '9')
            continue;
        if (at < doc->n_tokens) /* two numbers: which? */
            return false;
        at = i;
    }
    int day = number_at(&in, at, 2);
    bool counts = at + 1 < doc->n_tokens && !rlt_stands_apart(doc, at + 1) && !word_at(&in, at + 1, " por please pls de of en em na pela in at a mejor melhor "); /* "20 kilos" */
    if (day < 1 || counts || rlt_is_month(doc, at + 1) || (at > 0 && word_at(&in, at - 1, " opcion opcao option numero number ")))
        return false;
    civil(today, &year, &month, &of_month);
    for (int i = 0; i < 3; i++, month = month % 12 + 1, year += month == 1) /* the 31st may be the month after next */
        if (rlt_day_of(year, month, day, &found) && found >= today) {
            (void)snprintf(ret, RLT_VALUE_MAX, "%04d-%02d-%02d", year, month, day);
            *ret_written = rlt_written(doc, at, 1);
            *ret_named = at > 0 && word_at(&in, at - 1, " dia day ");
            return true;
        }
    return false;
}
