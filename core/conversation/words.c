/* SPDX-License-Identifier: Apache-2.0 */
/* See words.h. */
#include "conversation/words.h"

#include <utf8proc.h>

enum {
    FOLDED_MAX = 24 /* code points that one becomes; Unicode's longest is 18 */
};

/* Takes one folded code point. False: there is no room for more. */
static bool put(rlv_words *w, utf8proc_int32_t c)
{
    utf8proc_category_t is = utf8proc_category(c);
    bool letter = (is >= UTF8PROC_CATEGORY_LU && is <= UTF8PROC_CATEGORY_LO) || is == UTF8PROC_CATEGORY_ND || (w->inside && c == ':');
    w->asks = w->asks || c == '?' || c == 0xBF; /* "¿" */
    if (w->inside && (c == '\'' || c == 0x2019))
        return true; /* "o'clock" is one word */
    if (w->used + 4 + 1 > RLV_WORDS_READ_MAX || (letter && !w->inside && w->n == RLV_WORDS_MAX))
        return false;
    if (letter && !w->inside)
        w->word[w->n++] = w->text + w->used;
    if (letter)
        w->used += (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)w->text + w->used);
    else if (w->inside)
        w->text[w->used++] = '\0';
    w->inside = letter;
    return true;
}

void rlv_words_read(rlv_str text, rlv_words *ret)
{
    *ret = (rlv_words){.n = 0};
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.ptr;
    for (size_t i = 0; i < text.len;) {
        utf8proc_int32_t c, folded[FOLDED_MAX];
        int boundary = 0;
        utf8proc_ssize_t width = utf8proc_iterate(bytes + i, (utf8proc_ssize_t)(text.len - i), &c), n = 0;
        i += width > 0 ? (size_t)width : 1;
        if (width > 0) /* a mark by itself becomes nothing */
            n = utf8proc_decompose_char(c, folded, FOLDED_MAX,
                                        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, &boundary);
        for (utf8proc_ssize_t k = 0; k < n && k < FOLDED_MAX; k++)
            if (!put(ret, folded[k]))
                return;
    }
}

bool rlv_words_same(rlv_str a, rlv_str b)
{
    rlv_words x, y;
    rlv_words_read(a, &x);
    rlv_words_read(b, &y);
    for (int i = 0; i < x.n && x.n == y.n; i++)
        if (strcmp(x.word[i], y.word[i]) != 0)
            return false;
    return x.n > 0 && x.n == y.n;
}

uint64_t rlv_words_question(rlv_str text)
{
    rlv_words w;
    rlv_words_read(text, &w);
    if (w.n == 0 || (w.n == 1 && !w.asks))
        return 0;
    return rlv_str_hash((rlv_str){w.text, w.used - !w.inside}); /* without the NUL behind the last word */
}
