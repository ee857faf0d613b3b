/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: bytes as a customer typed them become folded tokens. It must never fail because of what was typed,
 * and never lose where a token stood in the source: evidence is shown in the customer's own words.
 */
#include "internal.h"

#include <string.h>
#include <utf8proc.h>

/* A source of n bytes folds to at most this many: a character of 3 bytes or more may decompose to 18
   (U+FDFA: 33 bytes). */
#define FOLDED_MAX(n) ((n)*11u + 16u)

typedef struct reader {
    rlt_doc doc;
    const unsigned char *at; /* next byte of the source */
    const unsigned char *end;
    char *out; /* folded text; room for all of it was made at the start */
    size_t n_out;
    rlt_token *tokens;
    rlt_token open;      /* the token being read; kind 0: none */
    size_t open_out;     /* where its folded text begins in out */
    uint32_t open_upper; /* upper-case letters in it */
    uint32_t open_letters;
} reader;

static const struct {
    const char *text;
    const char *emoji;
} emoticons[] = {
    {":'(", "😢"},   {":-)", "🙂"}, {":-(", "🙁"}, {":-D", "😀"}, {":-/", "😕"}, {";-)", "😉"},
    {":)", "🙂"}, {":(", "🙁"},  {":D", "😀"},     {":/", "😕"},  {";)", "😉"},  {"=)", "🙂"},
    {"=(", "🙁"}, {"<3", "❤"},     {":c", "🙁"},  {":P", "😛"},
};

uint32_t rlt_hash(relevo_str text)
{
    uint32_t hash = 2166136261u; /* FNV-1a, then murmur3's finish so that low bits are good */
    for (uint64_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 16777619u;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

bool rlt_equal(relevo_str a, relevo_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool rlt_is_among(const char *list, relevo_str word)
{
    char padded[32];
    if (word.len == 0 || word.len > 28)
        return false;
    padded[0] = ' ';
    memcpy(padded + 1, word.ptr, word.len);
    memcpy(padded + 1 + word.len, " ", 2);
    return strstr(list, padded) != NULL;
}

relevo_str rlt_cut(relevo_str text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
        max--;
    return (relevo_str){text.ptr, max};
}

relevo_str rlt_written(const rlt_doc *doc, uint32_t first, uint32_t n)
{
    const rlt_token *last = &doc->tokens[first + n - 1];
    uint32_t from = doc->tokens[first].source_at;
    return (relevo_str){doc->source.ptr + from, last->source_at + last->source_len - from};
}

bool rlt_stands_apart(const rlt_doc *doc, uint32_t token)
{
    const rlt_token *before = &doc->tokens[token - 1];
    for (uint32_t i = before->source_at + before->source_len; i < doc->tokens[token].source_at; i++)
        if (memchr(",.;:!?\n", doc->source.ptr[i], 7))
            return true;
    return false;
}

/* The length in bytes of the (valid) character at `text`. */
static size_t char_len(const char *text)
{
    unsigned char c = (unsigned char)*text;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Whether a byte stands three times in a row: without that no character does, or it is a wide one. */
static bool may_have_runs(const char *text, size_t len)
{
    bool found = false;
    for (size_t at = 2; at < len; at++)
        found |= (text[at] == text[at - 1] && text[at] == text[at - 2]) || (unsigned char)text[at] >= 0x80;
    return found;
}

/* Folds runs of three or more of one character to one, in place. Returns the new length. */
static size_t fold_runs(char *text, size_t len, bool *ret_stretched)
{
    size_t to = 0;
    if (!may_have_runs(text, len))
        return len;
    for (size_t at = 0; at < len;) {
        size_t width = char_len(text + at), run = 1;
        while (at + (run + 1) * width <= len && memcmp(text + at, text + at + run * width, width) == 0)
            run++;
        size_t keep = run >= 3 ? 1 : run;
        *ret_stretched = *ret_stretched || run >= 3;
        for (size_t i = 0; i < keep; i++, to += width)
            memmove(text + to, text + at, width);
        at += run * width;
    }
    return to;
}

static void close_token(reader *in)
{
    rlt_token *token = &in->open;
    if (!token->kind)
        return;
    size_t len = in->n_out - in->open_out;
    bool stretched = false;
    if (token->kind == RLT_WORD)
        len = fold_runs(in->out + in->open_out, len, &stretched);
    in->n_out = in->open_out + len;
    if (len == 0) {                        /* letters that fold to nothing */
        in->n_out -= in->doc.n_tokens > 0; /* the space before it */
        token->kind = 0;
        return;
    }
    token->text = (relevo_str){in->out + in->open_out, len};
    token->hash = rlt_hash(token->text);
    token->flags = (uint8_t)((stretched ? RLT_STRETCHED : 0) |
                             (in->open_letters >= 2 && in->open_upper == in->open_letters ? RLT_UPPER : 0));
    in->tokens[in->doc.n_tokens++] = *token;
    token->kind = 0;
}

static void open_token(reader *in, uint8_t kind, const unsigned char *source)
{
    close_token(in);
    if (in->doc.n_tokens > 0)
        in->out[in->n_out++] = ' ';
    in->open = (rlt_token){.kind = kind,
                           .source_at = (uint32_t)(source - (const unsigned char *)in->doc.source.ptr)};
    in->open_out = in->n_out;
    in->open_upper = in->open_letters = 0;
}

static void put(reader *in, utf8proc_int32_t c)
{
    in->n_out += (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)in->out + in->n_out);
}

static bool is_letter(utf8proc_category_t category)
{
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_mark(utf8proc_category_t category)
{
    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

static void put_folded(reader *in, const utf8proc_int32_t *folded, int n)
{
    for (int i = 0; i < n; i++) {
        utf8proc_category_t category = utf8proc_category(folded[i]);
        if (is_letter(category) || category == UTF8PROC_CATEGORY_ND)
            put(in, folded[i]);
    }
}

static bool is_emoji(utf8proc_int32_t c, utf8proc_category_t category)
{
    return c >= 0x2190 && (category == UTF8PROC_CATEGORY_SO || (c >= 0x1f000 && c < 0x1f3fb));
}

/* A letter or a digit joins the open word or number, or opens one; its folded form comes after this. */
static void join_alnum(reader *in, const unsigned char *source, bool letter, bool upper)
{
    if (in->open.kind != RLT_WORD && in->open.kind != RLT_NUMBER)
        open_token(in, letter ? RLT_WORD : RLT_NUMBER, source);
    if (letter)
        in->open.kind = RLT_WORD; /* "24hs" is a word */
    in->open_letters += letter;
    in->open_upper += upper;
    in->doc.n_letters += letter;
    in->doc.n_upper += upper;
    in->open.source_len = (uint32_t)(in->at - (const unsigned char *)in->doc.source.ptr) - in->open.source_at;
}

static void put_emoji(reader *in, const unsigned char *source, const char *folded, size_t len)
{
    open_token(in, RLT_EMOJI, source);
    memcpy(in->out + in->n_out, folded, len);
    in->n_out += len;
    in->open.source_len = (uint32_t)(in->at - source);
    close_token(in);
}

/* Reads an emoticon at `source` when there is one. */
static bool read_emoticon(reader *in, const unsigned char *source)
{
    if (!strchr(":;=<", *source))
        return false;
    for (size_t i = 0; i < sizeof emoticons / sizeof *emoticons; i++) {
        size_t len = strlen(emoticons[i].text);
        if ((size_t)(in->end - source) < len || memcmp(source, emoticons[i].text, len) != 0)
            continue;
        const unsigned char *after = source + len;
        if (after < in->end && (utf8proc_category(*after) == UTF8PROC_CATEGORY_LL || *after == '/'))
            return false; /* ":default", "http://" */
        in->at = after;
        put_emoji(in, source, emoticons[i].emoji, strlen(emoticons[i].emoji));
        return true;
    }
    return false;
}

static void read_ascii(reader *in, const unsigned char *source)
{
    unsigned char c = *source;
    bool upper = c >= 'A' && c <= 'Z', letter = upper || (c >= 'a' && c <= 'z');
    if (letter || (c >= '0' && c <= '9')) {
        join_alnum(in, source, letter, upper);
        in->out[in->n_out++] = (char)(upper ? c + ('a' - 'A') : c);
        return;
    }
    if (c == '\'' && in->open.kind == RLT_WORD)
        return; /* "don't" is one word */
    close_token(in);
    in->doc.n_exclaims += c == '!';
    in->doc.n_questions += c == '?';
    (void)read_emoticon(in, source); /* none: a separator */
}

static void read_wide(reader *in, const unsigned char *source, utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    bool letter = is_letter(category), digit = category == UTF8PROC_CATEGORY_ND;
    if (letter || digit) {
        utf8proc_int32_t folded[24];
        int boundary = 0;
        utf8proc_ssize_t n = utf8proc_decompose_char(
            c, folded, 24, UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK,
            &boundary);
        join_alnum(in, source, letter, category == UTF8PROC_CATEGORY_LU);
        put_folded(in, folded, n > 0 && n <= 24 ? (int)n : 0);
    } else if (is_emoji(c, category)) {
        put_emoji(in, source, (const char *)source, (size_t)(in->at - source));
    } else if (is_mark(category)) {
        /* of the letter or emoji before it: says nothing by itself */
        if (in->open.kind)
            in->open.source_len =
                (uint32_t)(in->at - (const unsigned char *)in->doc.source.ptr) - in->open.source_at;
    } else if (c != 0x2019 && c != 0x200d) { /* a typographic apostrophe, the joiner of emoji */
        close_token(in);
        in->doc.n_exclaims += c == 0xa1;
        in->doc.n_questions += c == 0xbf;
    }
}

int rlt_read(rlt_work *work, relevo_str source, rlt_doc *ret_doc)
{
    source = rlt_cut(source, RLT_TEXT_MAX);
    size_t len = source.len;
    reader in = {.doc = {.source = source}, .at = (const unsigned char *)source.ptr};
    in.end = len ? in.at + len : in.at;
    in.out = rlt_work_alloc(work, FOLDED_MAX(len));
    in.tokens = rlt_work_alloc(work, (len / 2 + 2) * sizeof(rlt_token));
    if (!in.out || !in.tokens)
        return RLT_E_MEMORY;
    while (in.at < in.end) {
        const unsigned char *start = in.at;
        if (*start < 0x80) {
            in.at++;
            read_ascii(&in, start);
            continue;
        }
        utf8proc_int32_t c;
        utf8proc_ssize_t width = utf8proc_iterate(start, in.end - start, &c);
        in.at += width > 0 ? width : 1;
        if (width > 0)
            read_wide(&in, start, c);
        else
            close_token(&in); /* not UTF-8 */
    }
    close_token(&in);
    in.doc.folded = (relevo_str){in.out, in.n_out};
    in.doc.tokens = in.tokens;
    *ret_doc = in.doc;
    return RLT_OK;
}
