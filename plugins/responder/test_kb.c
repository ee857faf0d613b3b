/* SPDX-License-Identifier: Apache-2.0 */
/* Articles are read as they are written, and malformed ones refused with file, line and what to do. */
#include <sys/stat.h>

#include "test.h"

static void reads(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "b.md",
               "\xef\xbb\xbf---\r\nid: envios\r\ntitle: Envíos\r\nlanguage: es\r\ntags: [a, smalltalk]\r\n"
               "questions:\r\n  - ¿Hacen envíos?\r\n---\r\n\r\nSí.\r\n\r\n---\r\n*A todo* el país.\r\n\r\n");
    test_write(folder, "a.yaml",
               "- id: pagos\n  title: Pagos\n  language: pt-BR\n  answer: Sim.\n"
               "- {id: envios, title: Shipping, language: en, questions: Do you ship?, answer: Yes.}\n");
    test_write(folder, "notes.txt", "not an article");
    test_write(folder, ".hidden.md", "nor this");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    assert_int_equal(kb.n, 3);
    assert_string_equal(kb.articles[0].id.ptr, "pagos"); /* by the names of the files */
    assert_int_equal(kb.articles[0].language, RLT_PT);
    assert_int_equal(kb.articles[0].n_questions, 0);
    assert_string_equal(kb.articles[1].questions[0].ptr, "Do you ship?");
    const rlt_article *article = rlt_kb_find(&kb, rlt_str("envios"), RLT_ES);
    assert_non_null(article);
    assert_string_equal(article->answer.ptr, "Sí.\r\n\r\n---\r\n*A todo* el país.");
    assert_string_equal(article->title.ptr, "Envíos");
    assert_true(article->smalltalk);
    assert_false(kb.articles[1].smalltalk);
    assert_null(rlt_kb_find(&kb, rlt_str("envios"), RLT_PT));
    rlt_kb_clear(&kb);
}

/* An article is about the same in every language: what one names holds for the others, unless they name their own. */
static void intents(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "a.yaml",
               "- {id: a, title: A, language: es, answer: x}\n"
               "- {id: a, title: A, language: en, answer: x, intents: [shipping, order_status]}\n"
               "- {id: a, title: A, language: pt, answer: x, intents: returns}\n"
               "- {id: b, title: B, language: es, answer: x}\n");
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    assert_int_equal(kb.articles[0].n_intents, 2);
    assert_string_equal(kb.articles[0].intents[1].ptr, "order_status");
    assert_int_equal(kb.articles[2].n_intents, 1);
    assert_string_equal(kb.articles[2].intents[0].ptr, "returns");
    assert_int_equal(kb.articles[3].n_intents, 0);
    rlt_kb_clear(&kb);
}

#define HEAD "---\nid: a\ntitle: T\nlanguage: es\n"

static void refuses(void **state)
{
    test_folder *folder = *state;
    static const struct {
        const char *name, *text, *says;
    } cases[] = {
        {"a.md", HEAD "from: soon\n---\nSí\n", "/a.md:5: 'from' is a day like 2026-12-24"},
        {"a.md", HEAD "from: 2026-02-30\n---\nSí\n", "/a.md:5: 'from' is a day like 2026-12-24"},
        {"a.md", HEAD "from: 2026-02-02\nuntil: 2026-02-01\n---\nSí\n", "'until' is before 'from'"},
        {"a.md", HEAD "media: {sound: 'https://x.y/z'}\n---\nSí\n", "/a.md:5: 'media' is one of image, video, document"},
        {"a.md", HEAD "media: {image: 'ftp://x.y/z.png'}\n---\nSí\n", "/a.md:5: the address of 'media' is one like https://"},
        {"a.md", HEAD "media: {image: 'https://x.y/my photo.png'}\n---\nSí\n", "/a.md:5: the address of 'media' is one like https://"},
        {"a.md", HEAD "media: {image: 'https:///z.png'}\n---\nSí\n", "/a.md:5: the address of 'media' is one like https://"},
        {"a.md", HEAD "media: {image: 'http://'}\n---\nSí\n", "/a.md:5: the address of 'media' is one like https://"},
        {"a.md", HEAD "questions:\n- x\n- ' '\n---\nSí\n", "/a.md:7: 'questions' holds an empty text; write it, or take it out"},
        {"a.md", HEAD "questions: ''\n---\nSí\n", "/a.md:5: 'questions' holds an empty text"},
        {"a.md", HEAD "intents: ['']\n---\nSí\n", "/a.md:5: 'intents' holds an empty text"},
        {"a.md", HEAD "buttons: []\n---\nSí\n", "/a.md:5: 'buttons' must be a list of 1 to 10"},
        {"a.md", HEAD "buttons: [{title: x}]\n---\nSí\n", "/a.md:5: a button is {title: ..., article: ...}"},
        {"a.md", HEAD "buttons: [{title: 123456789012345678901, id: x}]\n---\nSí\n", "/a.md:5: a title has at most 20"},
        {"a.md", HEAD "buttons:\n- {title: x, id: y}\n- {title: x, id: z}\n---\nSí\n", "/a.md:7: two buttons have the same title"},
        {"a.md", HEAD "buttons:\n- {title: x, article: a}\n- {title: y, article: a}\n---\nSí\n", "/a.md:7: two buttons have the same title"},
        {"a.md", HEAD "buttons: [{title: x, article: none}]\n---\nSí\n", "leads to the article 'none', which does not exist"},
        {"a.md", "", "/a.md:1: an article begins with a line '---'"},
        {"a.md", "# Título\n", "/a.md:1: an article begins with a line '---'"},
        {"a.md", HEAD "texto", "/a.md:1: the '---' that ends the article's head is missing"},
        {"a.md", HEAD "---\n \n", "/a.md:2: the article has no answer; write it below the second '---'"},
        {"a.md", "---\nid: a\nlanguage: es\n---\nSí\n",
         "/a.md:2: the article has no 'title'; add a line 'title: ...'"},
        {"a.md", "---\ntitle: a\nlanguage: es\n---\nSí\n", "/a.md:2: the article has no 'id'"},
        {"a.md", "---\nid: a\ntitle: T\nlanguage: fr\n---\nOui\n",
         "/a.md:4: language 'fr' is not known; use es, pt or en"},
        {"a.md", HEAD "questons: [x]\n---\nSí\n", "/a.md:5: unknown key 'questons'; known are id, title"},
        {"a.md", HEAD "questions: {a: b}\n---\nSí\n", "/a.md:5: 'questions' must be a list of texts"},
        {"a.md", HEAD "intents: {a: b}\n---\nSí\n", "/a.md:5: 'intents' must be a list of texts"},
        {"a.md", HEAD "tags: {a: b}\n---\nSí\n", "/a.md:5: 'tags' must be a list"},
        {"a.md", HEAD "answer: no\n---\nSí\n", "/a.md:5: the answer stands below the second '---' here"},
        {"a.md", HEAD "questions: [\"x]\n---\nSí\n", "/a.md:5: not valid YAML"},
        {"a.md", HEAD "id: b\n---\nSí\n", "/a.md:5: 'id' is given twice (first in line 2)"},
        {"a.md", "---\n- id\n---\nSí\n", "/a.md:2: an article is written as 'key: value' lines"},
        {"a.yaml", "id: a\n", "/a.yaml:1: a YAML file here is a list of articles"},
        {"a.yaml", "- {id: a, title: T, language: es}\n", "/a.yaml:1: the article has no 'answer'"},
        {"a.yaml",
         "- {id: a, title: T, language: es, answer: x}\n- {id: a, title: T, language: es, answer: y}\n",
         "/a.yaml:2: 'a' in 'es' is already in "},
        /* as an editor of another time saves it: no customer could be told that */
        {"a.md", HEAD "---\nS\xed\n", "/a.md:6: it is not UTF-8 here; save the file as UTF-8"},
        {"a.md", "---\nid: a\ntitle: Env\xedos\nlanguage: es\n---\nx\n", "/a.md:3: it is not UTF-8 here"},
        {"a.md", HEAD "---\nx\n\ny\x01\n", "/a.md:8: a control character"},
        {"a.yaml", "- id: a\n  title: T\n  language: es\n  answer: \"x\\0y\"\n", "/a.yaml:4: a control character"},
        {"a.md", "---\nid: a b\ntitle: T\nlanguage: es\n---\nx\n", "/a.md:2: an id is one word"},
        {"a.txt", "hola", "no articles; add a file like envios.md"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_kb kb;
        rlt_error error = {.line = ""};
        test_write(folder, cases[i].name, cases[i].text);
        assert_false(rlt_kb_load(folder->path, &kb, &error));
        if (!strstr(error.line, cases[i].says))
            print_error("says: %s\n", error.line);
        assert_non_null(strstr(error.line, cases[i].says));
        test_clear(folder);
    }
    rlt_kb kb;
    rlt_error error = {.line = ""};
    assert_false(rlt_kb_load("/tmp/relevo-no-such-folder", &kb, &error));
    assert_non_null(strstr(error.line, "'kb' must be a folder of articles"));
}

static void refuses_long_answers(void **state)
{
    test_folder *folder = *state;
    char text[16384] = HEAD "---\n";
    rlt_kb kb;
    rlt_error error = {.line = ""};
    size_t head = strlen(text);
    for (size_t i = 0; i < 4096; i++)
        memcpy(text + head + 2 * i, "ñ", 3);
    test_write(folder, "a.md", text);
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    rlt_kb_clear(&kb);
    test_clear(folder);
    memcpy(text + head + 2 * (size_t)4096, "!", 2);
    test_write(folder, "a.md", text);
    assert_false(rlt_kb_load(folder->path, &kb, &error));
    assert_non_null(strstr(error.line, "more than 4096 characters, which WhatsApp refuses"));
}

/* Reading a pipe would wait for ever; what has another name is no matter of ours. */
static void refuses_pipes(void **state)
{
    test_folder *folder = *state;
    rlt_kb kb;
    rlt_error error = {.line = ""};
    test_write(folder, "a.md", HEAD "---\nSí\n");
    test_write(folder, "b.md", "");
    test_write(folder, "c", "");
    for (int i = 1; i < 3; i++) {
        assert_int_equal(unlink(folder->files[i]), 0);
        assert_int_equal(mkfifo(folder->files[i], 0600), 0);
    }
    (void)alarm(10); /* if it were read */
    assert_false(rlt_kb_load(folder->path, &kb, &error));
    assert_non_null(strstr(error.line, "/b.md: is no regular file; take it out of the folder"));
    assert_int_equal(unlink(folder->files[1]), 0);
    assert_true(rlt_kb_load(folder->path, &kb, &error));
    (void)alarm(0);
    rlt_kb_clear(&kb);
}

static void days(void **state)
{
    (void)state;
    static const char *const none[] = {"", "soon", "2026-02-30", "2026-12-24x", "24/12/2026"};
    int64_t day = -1;
    assert_true(rlt_day_read(rlt_str("1970-02-01"), &day));
    assert_int_equal(day, 31);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(rlt_day_read(rlt_str(none[i]), &day));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(reads), TEST(intents), TEST(refuses), TEST(refuses_long_answers), TEST(refuses_pipes), TEST(days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
