/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo semantic texts`: what is to be embedded, a line of JSON each; embed.py does that. It never uses the network. */
#include "tool.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/kb.h"

static const char help[] = "Usage: relevo semantic texts --kb DIR\n\n"
                           "Prints titles and questions of the articles, a line of JSON each: {\"id\", \"language\", \"text\"}. embed.py\n"
                           "adds an \"embedding\" to each; the plugin's option `vectors` names that file.\n";

static bool put(const rlt_article *article, relevo_str text)
{
    relevo_str code = rlt_language_code(article->language);
    json_t *row = json_pack("{ss% ss% ss%}", "id", article->id.ptr, (size_t)article->id.len, "language", code.ptr ? code.ptr : "",
                            (size_t)code.len, "text", text.ptr, (size_t)text.len);
    char *line = row ? json_dumps(row, JSON_COMPACT) : NULL;
    bool good = line && puts(line) >= 0;
    free(line);
    json_decref(row);
    return good;
}

int32_t sem_tool(int32_t argc, const char *const *argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)fputs(help, stdout);
        return 0;
    }
    if (argc != 4 || strcmp(argv[1], "texts") != 0 || strcmp(argv[2], "--kb") != 0) {
        (void)fputs(help, stderr);
        return 2;
    }
    rlt_error error;
    rlt_kb kb;
    if (!rlt_kb_load(argv[3], &kb, &error)) {
        (void)fprintf(stderr, "semantic: %s\n", error.line);
        return 1;
    }
    bool good = true;
    for (uint32_t i = 0; good && i < kb.n; i++) {
        const rlt_article *article = &kb.articles[i];
        if (article->smalltalk)
            continue;
        good = put(article, article->title);
        for (size_t k = 0; good && k < article->n_questions; k++)
            good = put(article, article->questions[k]);
    }
    rlt_kb_clear(&kb);
    if (!good)
        (void)fputs("semantic: the texts could not be written\n", stderr);
    return good && fflush(stdout) == 0 ? 0 : 1;
}
