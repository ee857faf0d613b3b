/* SPDX-License-Identifier: Apache-2.0 */
/* Which article is meant: embedding and words together, limits, days, languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "find.h"

static char folder[64], articles[96], vectors[96];
static rlt_kb kb;
static rlt_index *shelves;
static sem_table table;
static sem_shelf shelf;
static rlt_work *work;

static bool put(char path[96], const char *name, const char *text)
{
    (void)snprintf(path, 96, "%s%s", folder, name);
    FILE *file = fopen(path, "w");
    return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

static int setup(void **state)
{
    rlt_error error;
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/relevo-find-XXXXXX");
    bool good = mkdtemp(folder) &&
                put(articles, "/kb.yaml",
                    "- {id: envios, title: Envíos, language: es, questions: ['¿Hacen envíos a Cali?'], answer: Sí.}\n"
                    "- {id: envios, title: Shipping, language: en, questions: ['Do you ship?'], answer: 'Yes.'}\n"
                    "- {id: horario, title: Horario, language: es, questions: ['¿A qué hora abren?'], answer: A las 9.}\n"
                    "- {id: viejo, title: Oferta, language: es, until: 2020-01-01, questions: ['¿Hay oferta?'], answer: Sí.}\n"
                    "- {id: nuevo, title: Cupones, language: es, questions: ['¿Hay cupones?'], answer: 'No.'}\n") &&
                put(vectors, ".jsonl",
                    "{\"id\":\"envios\",\"embedding\":[1,0,0]}\n{\"id\":\"horario\",\"embedding\":[0,1,0]}\n"
                    "{\"id\":\"viejo\",\"embedding\":[0,0,1]}\n{\"id\":\"ido\",\"embedding\":[0,0,1]}\n") &&
                rlt_kb_load(folder, &kb, &error) && (shelves = rlt_index_new(&kb)) && sem_table_load(vectors, &table, &error) &&
                sem_shelf_make(&kb, shelves, &table, &shelf) && (work = rlt_work_new());
    return good ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlt_work_free(work);
    sem_shelf_clear(&shelf);
    sem_table_clear(&table);
    rlt_index_free(shelves);
    rlt_kb_clear(&kb);
    return unlink(articles) == 0 && unlink(vectors) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static sem_found find(const char *text, rlt_language language, float x, float y, float z, double words)
{
    const sem_limits limits = {.words = words, .least = 0.7, .margin = 0.05};
    rlt_doc doc;
    sem_found found;
    rlt_work_reset(work);
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    assert_true(sem_find(&shelf, &limits, work, &doc, language, 20000, (const float[]){x, y, z}, &found));
    return found;
}

static void test_meaning(void **state)
{
    (void)state;
    sem_found found = find("¿me lo llevan a casa?", RLT_ES, 0.8f, 0.6f, 0, 0);
    assert_null(found.why);
    assert_string_equal(found.article->id.ptr, "envios");
    assert_int_equal(found.article->language, RLT_ES);
    assert_true(fabs(found.cosine - 0.8) < 1e-6 && fabs(found.lead - 0.2) < 1e-6);
    assert_int_equal(find("will you bring it", RLT_EN, 0.8f, 0.6f, 0, 0.25).article->language, RLT_EN);
    assert_string_equal(find("¿me lo llevan?", RLT_ES, 0.72f, 0.71f, 0, 0.25).why, "two articles mean much the same");
    assert_string_equal(find("¿me lo llevan?", RLT_ES, 0.6f, 0, 0.8f, 0.25).why, "no article means the same"); /* viejo is not valid */
}

/* Words decide what the embedding leaves open, and only as far as they are told to. */
static void test_words(void **state)
{
    (void)state;
    sem_found found = find("¿a qué hora abren?", RLT_ES, 0.72f, 0.71f, 0, 0.25);
    assert_null(found.why);
    assert_string_equal(found.article->id.ptr, "horario");
    assert_true(found.lead > 0.15 && fabs(found.cosine - 0.71) < 1e-6);
    assert_non_null(find("¿a qué hora abren?", RLT_ES, 0.72f, 0.71f, 0, 0).why);
    assert_string_equal(find("¿a qué hora abren?", RLT_ES, 1, 0, 0, 0.25).article->id.ptr, "envios");
    assert_string_equal(find("¿hay cupones?", RLT_ES, 1, 0, 0, 1).article->id.ptr, "envios"); /* nuevo has no embedding */
    /* in another language than the article's, words are chance: horario has no English */
    assert_string_equal(find("a horario", RLT_ES, 0.72f, 0.71f, 0, 1).article->id.ptr, "horario");
    assert_string_equal(find("a horario", RLT_EN, 0.72f, 0.71f, 0, 1).article->id.ptr, "envios");
    assert_string_equal(find("a horario", RLT_UNKNOWN, 0.72f, 0.71f, 0, 1).article->id.ptr, "horario");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_meaning), cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
