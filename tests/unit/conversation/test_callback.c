/* SPDX-License-Identifier: Apache-2.0 */
/* What answers "when, and at which number?", and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conversation/callback.h"

static void says(enum rlv_callback what, const char *const *texts)
{
    for (; *texts; texts++)
        if (rlv_callback_read(rlv_str_from(*texts)) != what)
            fail_msg("'%s' is read as %d, not as %d", *texts, (int)rlv_callback_read(rlv_str_from(*texts)), (int)what);
}

static void test_data(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "55 1234 5678", "al +52 (55) 1234-5678, por favor", "¿me pueden llamar al 5512345678?", "ana@correo.mx", "mañana", "MAÑANA A LAS 9", "a las 17:30",
        "9am", "después de las 5 pm", "el miércoles por la tarde", "entre 9 y 12", "de 9 a 18 horas", "9", "amanhã de manhã", "hoje às 15h", "na terça-feira",
        "quinta", "tomorrow at 10", "any time after 5", "Monday morning", "sábado", "5 o'clock", "five, 5 o’clock",
        "man\u0303ana", "el mie\u0301rcoles", "amanha\u0303", "ＭＡÑＡＮＡ", NULL};
    says(RLV_CALLBACK_SAID, texts);
}

static void test_yes_and_no(void **state)
{
    (void)state;
    says(RLV_CALLBACK_YES, (const char *const[]){"sí", "Si, por favor", "SÍ", "si\u0301", "Ｓｉ", "sim", "yes please", "claro", NULL});
    says(RLV_CALLBACK_NO, (const char *const[]){"no", "No, gracias", "não, obrigado", "na\u0303o", "no thanks", NULL});
}

static void test_anything_else(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "hola", "gracias", "ok", "¿a qué hora abren mañana?", "mi pedido 48213 no ha llegado", "quiero 2 paquetes más", "buenas tardes", "Bom dia",
        "good morning", "llevo toda la mañana esperando", "esperando desde las 9", "no me ha llegado nada", "sí pero ya pagué y nadie me contesta",
        "2 de los 3 llegaron rotos", "12345678901234567890", "escríbeme @ana", "👍", "¿mañana también abren", "no, спасибо", "sí 是的",
        "mañana les escribo otra vez porque de verdad que no entiendo cómo pueden tratar así a un cliente", NULL};
    says(RLV_CALLBACK_NONE, texts);
    assert_int_equal(rlv_callback_read((rlv_str){NULL, 0}), RLV_CALLBACK_NONE);
}

/* Any bytes, of any length: sanitizers watch. */
static void test_any_bytes(void **state)
{
    (void)state;
    char bytes[700];
    uint32_t seed = 4711;
    for (int round = 0; round < 20000; round++) {
        size_t n = seed % sizeof(bytes);
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = round % 2 ? (char)(seed >> 24) : "a 9:@\xC3\xB1?-"[seed >> 24 & 7];
        }
        seed = seed * 1664525u + 1013904223u;
        (void)rlv_callback_read((rlv_str){bytes, n});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_yes_and_no),
        cmocka_unit_test(test_anything_else),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
