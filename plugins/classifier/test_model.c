/* SPDX-License-Identifier: Apache-2.0 */
/* Examples are read or refused by line; a model learns, is stored, is the same every time, and bad files are
 * refused. */
#include "test.h"

#include <unistd.h>

static const char intents[] =
    "intents:\n"
    "  hours:\n"
    "    es: [a qué hora abren, horario de hoy, están abiertos el domingo, cuándo cierran]\n"
    "    en: [opening hours, when do you close, are you open today]\n"
    "  refund:\n"
    "    es: [quiero un reembolso, devuelvan mi dinero, cómo devuelvo esto]\n"
    "    en: [I want a refund, give me my money back, how do I return this]\n"
    "  shipping:\n"
    "    es: [hacen envíos, cuánto cuesta el envío, mandan a Lima, envían al interior]\n"
    "    en: [do you ship, how much is shipping, delivery costs]\n";

static rlc_model *train_intents(const char *path)
{
    rlc_examples examples = {0};
    rlc_model *model = NULL;
    rlt_error error = {.line = ""};
    test_write(path, intents, sizeof intents - 1);
    assert_true(rlc_examples_load_intents(path, &examples, &error));
    assert_int_equal(examples.n, 20);
    assert_int_equal(examples.n_labels, 3);
    assert_true(rlc_examples_check(&examples, 2, path, &error));
    assert_true(rlc_train(&examples, &(rlc_training){.cost = 0}, &model, &error));
    rlc_examples_clear(&examples);
    return model;
}

static rlc_scored score(const rlc_model *model, const char *text)
{
    rlc_scratch scratch;
    rlc_scored scored = {0};
    rlt_doc doc;
    rlt_work *work = rlt_work_new();
    assert_non_null(work);
    assert_true(rlc_scratch_make(model, &scratch));
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    rlc_input input;
    assert_true(rlc_input_make(work, &doc, NULL, NULL, &input));
    scored = rlc_model_score(model, &scratch, &input);
    double sum = 0;
    for (uint32_t i = 0; i < model->n_labels; i++)
        sum += (double)scratch.scores[i];
    assert_true(sum > 0.999 && sum < 1.001);
    for (uint32_t i = 0; i < RLT_BUCKETS; i++)
        assert_true(scratch.message[i] == 0); /* left as it was found */
    rlc_scratch_clear(&scratch);
    rlt_work_free(work);
    return scored;
}

static void learns(void **state)
{
    test_folder *folder = *state;
    rlc_model *model = train_intents(folder->file);
    assert_string_equal(model->labels[score(model, "¿A QUÉ HORA ABREN mañana?").label], "hours");
    assert_string_equal(model->labels[score(model, "cuanto sale el envio").label], "shipping");
    assert_string_equal(model->labels[score(model, "refund please").label], "refund");
    rlc_scored known = score(model, "cuánto cuesta el envío"),
               strange = score(model, "mi gato duerme bajo la luna");
    assert_true(known.cosine > 0.99 && known.known > 0.999);
    assert_true(known.out_of_scope < 0.2); /* twenty examples: the order is right, the number rough */
    assert_true(strange.out_of_scope > known.out_of_scope);
    assert_true(known.probability > strange.probability);
    rlc_model_free(model);
    rlc_model_free(NULL);
}

static void two_labels(void **state)
{
    test_folder *folder = *state;
    static const char csv[] = "text,label\nhola amigo,a\nhola amiga,a\nadios hombre,b\nadios mujer,b\n";
    rlc_examples examples = {0};
    rlc_model *model = NULL;
    rlt_error error = {.line = ""};
    test_write(folder->file, csv, sizeof csv - 1);
    assert_true(rlc_examples_load_csv(folder->file, &(rlc_columns){.text = "text", .label = "label"}, &examples, &error));
    assert_true(rlc_train(&examples, &(rlc_training){.cost = 0}, &model, &error));
    assert_string_equal(model->labels[score(model, "hola").label], "a");
    assert_string_equal(model->labels[score(model, "adios").label], "b");
    rlc_model_free(model);
    rlc_examples_clear(&examples);
}

static char *saved(const rlc_model *model, const char *path, size_t *ret_len)
{
    rlt_error error = {.line = ""};
    char *bytes = NULL;
    assert_true(rlc_model_save(model, path, &error));
    assert_true(rlt_file_load(path, &bytes, ret_len, &error));
    return bytes;
}

static void same_bytes_every_time(void **state)
{
    test_folder *folder = *state;
    size_t len[3];
    char *bytes[3];
    rlc_model *first = train_intents(folder->file);
    bytes[0] = saved(first, folder->file, &len[0]);
    (void)random(); /* what someone else in the process does with the shared random numbers is no input */
    rlc_model *second = train_intents(folder->file), *loaded = NULL;
    bytes[1] = saved(second, folder->file, &len[1]);
    rlt_error error = {.line = ""};
    assert_true(rlc_model_load(folder->file, &loaded, &error));
    bytes[2] = saved(loaded, folder->file, &len[2]);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(len[i], len[0]);
        assert_memory_equal(bytes[i], bytes[0], len[0]);
    }
    rlc_scored a = score(first, "hacen envios a Cusco?"), b = score(loaded, "hacen envios a Cusco?");
    assert_memory_equal(&a, &b, sizeof a);
    for (int i = 0; i < 3; i++)
        free(bytes[i]);
    rlc_model_free(first);
    rlc_model_free(second);
    rlc_model_free(loaded);
}

static void refused(const char *path, const char *bytes, size_t len, const char *says)
{
    rlc_model *model = NULL;
    rlt_error error = {.line = ""};
    test_write(path, bytes, len);
    assert_false(rlc_model_load(path, &model, &error));
    assert_null(model);
    if (!strstr(error.line, says))
        print_error("says: %s\n", error.line);
    assert_non_null(strstr(error.line, says));
}

static void refuses_bad_files(void **state)
{
    test_folder *folder = *state;
    rlc_model *model = train_intents(folder->file);
    size_t len;
    char *bytes = saved(model, folder->file, &len);
    refused(folder->file, "hola", 4,
            "not a model of this classifier; make one with 'relevo classifier train'");
    refused(folder->file, intents, sizeof intents - 1, "not a model of this classifier");
    refused(folder->file, bytes, len - 1, "the checksum is wrong");
    bytes[len / 2] = (char)(bytes[len / 2] ^ 1);
    refused(folder->file, bytes, len, "the checksum is wrong");
    bytes[len / 2] = (char)(bytes[len / 2] ^ 1);
    bytes[7] = 9;
    refused(folder->file, bytes, len, "model format 9, but this version reads 4; train it again");
    bytes[7] = 4;
    bytes[8] = 77;
    refused(folder->file, bytes, len, "made for features 77");
    bytes[8] = RLT_FEATURES_VERSION;

    /* A right checksum over wrong numbers: every byte of the head, and many of the rest, must be harmless. */
    for (size_t i = 16; i < len - 8; i += i < 200 ? 1 : 997)
        for (int bit = 0; bit < 8; bit += 7) {
            rlc_model *bad = NULL;
            rlt_error error = {.line = ""};
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            test_sign(bytes, len);
            test_write(folder->file, bytes, len);
            if (rlc_model_load(folder->file, &bad, &error))
                (void)score(bad, "cuanto cuesta el envio a Lima");
            else
                assert_non_null(strstr(error.line, "its parts do not fit together"));
            rlc_model_free(bad);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    free(bytes);
    rlc_model_free(model);
    rlt_error error = {.line = ""};
    assert_false(rlc_model_load("/tmp/relevo-no-such-file", &model, &error));
    assert_non_null(strstr(error.line, "check the path"));
}

static void refuses_bad_intents(void **state)
{
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"", "no 'intents:'"},
        {"intent: {}\n", ":1: unknown key 'intent'"},
        {"intents: [a, b]\n", "no 'intents:'"},
        {"intents:\n  a: [x, y]\n", ":2: intent 'a' needs its examples by language"},
        {"intents:\n  a:\n    fr: [x, y]\n", ":3: intent 'a': 'fr' is not a language; use es, pt or en"},
        {"intents:\n  a:\n    es: {x: y}\n", ":3: intent 'a': the examples must be a list of texts"},
        {"intents:\n  a:\n    es: ['']\n", ":3: an example without text"},
        {"intents:\n  a:\n    es: [x, y]\n", "only one intent; a classifier needs two"},
        {"intents:\n  a:\n    es: [x, y]\n  b:\n    es: [z]\n",
         "intent 'b' has 1 example; write at least two"},
        {"intents:\n  a:\n    es: [x, y]\n  b: {}\n", "intent 'b' has 0 example"},
        {"intents:\n  a:\n    es: [x\n", "not valid YAML"},
    };
    test_folder *folder = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlc_examples examples = {0};
        rlt_error error = {.line = ""};
        test_write(folder->file, cases[i].yaml, strlen(cases[i].yaml));
        assert_false(rlc_examples_load_intents(folder->file, &examples, &error) &&
                     rlc_examples_check(&examples, 2, folder->file, &error));
        if (!strstr(error.line, cases[i].says))
            print_error("says: %s\n", error.line);
        assert_non_null(strstr(error.line, cases[i].says));
        rlc_examples_clear(&examples);
    }
}

static void reads_csv(void **state)
{
    test_folder *folder = *state;
    static const char csv[] =
        "\xef\xbb\xbfid,label,text\r\n1,a,hola\r\n\r\n2,b,\"uno, \"\"dos\"\"\ny tres\"\r\n3,a,fin";
    rlc_examples examples = {0};
    rlt_error error = {.line = ""};
    test_write(folder->file, csv, sizeof csv - 1);
    assert_true(rlc_examples_load_csv(folder->file, &(rlc_columns){.text = "text", .label = "label"}, &examples, &error));
    assert_int_equal(examples.n, 3);
    assert_string_equal(examples.items[0].text, "hola");
    assert_string_equal(examples.items[1].text, "uno, \"dos\"\ny tres");
    assert_string_equal(examples.labels[examples.items[1].label], "b");
    assert_string_equal(examples.items[2].text, "fin");
    rlc_examples_clear(&examples);
}

/* What spreadsheets make of a table: semicolons, tabs, CRLF, a mark of its encoding, empty rows and cells, another encoding. */
static void reads_spreadsheets(void **state)
{
    static const char *const tables[] = {"\xef\xbb\xbfid;text;label\r\n1;hola, amiga;a\r\n\r\n2;;a\r\n3;adi\xf3s;b\r\n4;fin;\r\n",
                                         "id\ttext\tlabel\n1\t\"hola, amiga\"\ta\n2\t \ta\n3\tadi\xf3s\tb\n4\tfin\t",
                                         "\"id\",\"text\",\"label\"\n1,\"hola, amiga\",a\n2,,a\n3,adi\xf3s,b\n4,fin,\n\n"};
    test_folder *folder = *state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rlc_examples examples = {0};
        rlt_error error = {.line = ""};
        test_write(folder->file, tables[i], strlen(tables[i]));
        if (!rlc_examples_load_csv(folder->file, &(rlc_columns){.text = "text", .label = "label"}, &examples, &error))
            fail_msg("%zu: %s", i, error.line);
        assert_int_equal(examples.n, 2);
        assert_string_equal(examples.items[0].text, "hola, amiga");
        assert_int_equal(examples.n_empty, 2);
        assert_int_equal(examples.empty_line, i == 0 ? 4 : 3);
        assert_int_equal(examples.n_broken, 1);
        assert_int_equal(examples.broken_line, i == 0 ? 5 : 4);
        rlc_examples_clear(&examples);
    }
}

/* What is perhaps not as it was meant: a label of --oos without a row, a text of two intents. */
static void tells_of_mistakes(void **state)
{
    static const char table[] = "text,label\nhola,a\nchau,b\nhola,b\nhola,a\nchau,b\nla luna,none\n";
    static const char *const outside[] = {"none", "nome"};
    test_folder *folder = *state;
    rlc_examples examples = {0};
    rlt_error error = {.line = ""};
    const rlc_example *one = NULL, *other = NULL;
    test_write(folder->file, table, sizeof table - 1);
    assert_true(rlc_examples_load_csv(folder->file, &(rlc_columns){"text", "label", outside, 1}, &examples, &error));
    assert_null(examples.no_row);
    assert_int_equal(examples.n_outside, 1);
    assert_int_equal(rlc_examples_contradictions(&examples, &one, &other), 1);
    assert_string_equal(one->text, "hola");
    assert_string_equal(examples.labels[one->label], "a");
    assert_string_equal(examples.labels[other->label], "b");
    rlc_examples_clear(&examples);
    assert_true(rlc_examples_load_csv(folder->file, &(rlc_columns){"text", "label", outside, 2}, &examples, &error));
    assert_string_equal(examples.no_row, "nome");
    rlc_examples_clear(&examples);
    assert_int_equal(rlc_examples_contradictions(&examples, &one, &other), 0);
}

static void refuses_bad_csv(void **state)
{
    static const struct {
        const char *csv, *says;
    } cases[] = {
        {"", "no column 'text' in the first line"},
        {"a,b\n1,2\n", "no column 'text' in the first line; the first there is 'a'"},
        {"text,label\nhola\n", ":2: 1 columns, but the first line has 2"},
        {"text,label\nhola,a\n\"sin fin,b\n", ":3: a quote is opened here and never closed"},
    };
    test_folder *folder = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlc_examples examples = {0};
        rlt_error error = {.line = ""};
        test_write(folder->file, cases[i].csv, strlen(cases[i].csv));
        assert_false(rlc_examples_load_csv(folder->file, &(rlc_columns){.text = "text", .label = "label"}, &examples, &error));
        if (!strstr(error.line, cases[i].says))
            print_error("says: %s\n", error.line);
        assert_non_null(strstr(error.line, cases[i].says));
        assert_int_equal(examples.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(learns),
                                       TEST(two_labels),
                                       TEST(same_bytes_every_time),
                                       TEST(refuses_bad_files),
                                       TEST(refuses_bad_intents),
                                       TEST(reads_csv),
                                       TEST(reads_spreadsheets), TEST(tells_of_mistakes),
                                       TEST(refuses_bad_csv)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
