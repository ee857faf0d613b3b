/* SPDX-License-Identifier: Apache-2.0 */
/* The responder's own sentences; see say.h. */
#include "say.h"

#include <jansson.h>
#include <string.h>

static const struct {
    const char *key, *source;
    const char *in[RLT_LANGUAGES];
} sentences[RLR_SENTENCES] = {
    [RLR_SAY_WHICH] = {"which", "talk.which",
                       {NULL, "¿Cuál de estas cosas quieres saber?", "Qual destas coisas você quer saber?",
                        "Which of these would you like to know?"}},
    [RLR_SAY_SORRY] = {"sorry", "talk.sorry",
                       {NULL, "Perdona, no era eso. ¿Me lo preguntas con otras palabras? Si prefieres, te comunico con una persona.",
                        "Desculpe, não era isso. Pode perguntar com outras palavras? Se preferir, passo você para uma pessoa.",
                        "Sorry, that was not it. Could you ask in other words? If you prefer, I can connect you with a person."}},
    [RLR_SAY_NEED] = {"need", "talk.need",
                      {NULL, "Cuéntame, ¿qué necesitas?", "Pode me contar: do que precisa?", "Could you tell me what you need?"}},
    [RLR_SAY_PARTLY] = {"partly", "talk.partly",
                        {NULL, "De lo demás no tengo la respuesta; si quieres, te comunico con una persona.",
                         "Do resto não tenho a resposta; se quiser, passo você para uma pessoa.",
                         "I have no answer to the rest; if you like, I can connect you with a person."}},
    [RLR_SAY_VOICE] = {"voice", "talk.voice",
                       {NULL, "No puedo escuchar notas de voz. ¿Me lo escribes, por favor?",
                        "Não consigo ouvir mensagens de voz. Pode escrever, por favor?",
                        "I cannot listen to voice notes. Could you write it, please?"}},
    [RLR_SAY_IMAGE] = {"image", "talk.image",
                       {NULL, "Recibí tu imagen, pero no puedo verla. ¿Me cuentas qué necesitas?",
                        "Recebi sua imagem, mas não consigo vê-la. Pode me contar do que precisa?",
                        "I received your picture, but I cannot see it. Could you tell me what you need?"}},
    [RLR_SAY_STICKER] = {"sticker", "talk.sticker", {NULL, "🙂 ¿En qué te puedo ayudar?", "🙂 Como posso ajudar?", "🙂 How can I help you?"}},
    [RLR_SAY_MEDIA] = {"media", "talk.media",
                       {NULL, "Lo recibí, pero no puedo abrirlo. ¿Me cuentas qué necesitas?",
                        "Recebi, mas não consigo abrir. Pode me contar do que precisa?",
                        "I received it, but I cannot open it. Could you tell me what you need?"}},
};

static bool take(rlr_sayings *to, rlr_sentence sentence, json_t *given, rlt_error *error)
{
    const char *code;
    json_t *value;
    json_object_foreach(given, code, value)
    {
        rlt_language language = rlt_language_from(rlt_str(code));
        size_t len = json_string_length(value);
        if (language == RLT_UNKNOWN || len == 0 || len > 1000)
            return rlt_fail(error, "`texts`: '%s' wants a text for each of es, pt, en, of at most 1000 bytes", sentences[sentence].key);
        char *copy = rlt_work_alloc(to->work, len);
        if (!copy)
            return rlt_fail(error, "out of memory");
        memcpy(copy, json_string_value(value), len);
        to->in[sentence][language] = (relevo_str){copy, len};
    }
    return json_is_object(given) ||
           rlt_fail(error, "`texts`: write '%s: {es: ..., pt: ..., en: ...}'", sentences[sentence].key);
}

static bool take_all(rlr_sayings *to, json_t *root, rlt_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        int i = 0;
        while (i < RLR_SENTENCES && strcmp(sentences[i].key, key) != 0)
            i++;
        if (i == RLR_SENTENCES)
            return rlt_fail(error, "`texts`: '%s' is not known; use which, sorry, need, partly, voice, image, sticker, media", key);
        if (!take(to, (rlr_sentence)i, value, error))
            return false;
    }
    return json_is_object(root) || rlt_fail(error, "`texts`: write 'which: {es: ...}' and the like");
}

bool rlr_sayings_make(relevo_str json, rlr_sayings *ret, rlt_error *error)
{
    rlr_sayings made = {.work = rlt_work_new()};
    json_t *root = made.work ? json_loadb(json.ptr, json.len, 0, NULL) : NULL;
    for (int i = 0; i < RLR_SENTENCES; i++)
        for (int language = RLT_ES; language < RLT_LANGUAGES; language++)
            made.in[i][language] = rlt_str(sentences[i].in[language]);
    bool good = root ? take_all(&made, root, error) : rlt_fail(error, "out of memory");
    json_decref(root);
    if (good)
        *ret = made;
    else
        rlr_sayings_clear(&made);
    return good;
}

void rlr_sayings_clear(rlr_sayings *sayings)
{
    rlt_work_free(sayings->work);
    memset(sayings, 0, sizeof *sayings);
}

relevo_str rlr_say(const rlr_sayings *sayings, rlr_sentence sentence, rlt_language language, relevo_str *ret_source)
{
    if (ret_source)
        *ret_source = rlt_str(sentences[sentence].source);
    return sayings->in[sentence][language == RLT_UNKNOWN ? RLT_ES : language];
}

rlt_phrases *rlr_objections_new(void)
{
    static const relevo_str objections[] = {
        RELEVO_STR("no es lo que pregunte"), RELEVO_STR("no fue lo que pregunte"), RELEVO_STR("no pregunte eso"),
        RELEVO_STR("no te pregunte eso"), RELEVO_STR("no es lo que te pregunte"), RELEVO_STR("no me respondiste"),
        RELEVO_STR("no respondiste"), RELEVO_STR("no contestaste"), RELEVO_STR("eso no responde"), RELEVO_STR("no me entendiste"),
        RELEVO_STR("no me estas entendiendo"), RELEVO_STR("no es eso"), RELEVO_STR("eso ya lo se"), RELEVO_STR("isso eu ja sei"),
        RELEVO_STR("i know that already"), RELEVO_STR("no not that"), RELEVO_STR("no me entiendes"), RELEVO_STR("no entendiste"), RELEVO_STR("no era eso"), RELEVO_STR("eso no es lo que quiero"),
        RELEVO_STR("eso no me sirve"), RELEVO_STR("no me sirve"), RELEVO_STR("nada que ver"), RELEVO_STR("no me ayuda"),
        RELEVO_STR("te pregunte otra cosa"), RELEVO_STR("pregunte otra cosa"), RELEVO_STR("no es mi pregunta"),
        RELEVO_STR("no era mi pregunta"), RELEVO_STR("no respondes mi pregunta"), RELEVO_STR("no contestas mi pregunta"),
        RELEVO_STR("gracias por nada"), RELEVO_STR("obrigado por nada"), RELEVO_STR("obrigada por nada"), RELEVO_STR("thanks for nothing"),
        RELEVO_STR("perguntei outra coisa"), RELEVO_STR("nao e minha pergunta"), RELEVO_STR("nao era minha pergunta"),
        RELEVO_STR("isso nao responde"), RELEVO_STR("not my question"), RELEVO_STR("wasnt my question"), RELEVO_STR("asked something else"),
        RELEVO_STR("nao foi isso que perguntei"), RELEVO_STR("nao foi isso que eu perguntei"), RELEVO_STR("nao foi o que eu perguntei"),
        RELEVO_STR("nao e isso que eu perguntei"), RELEVO_STR("nao foi o que perguntei"), RELEVO_STR("nao perguntei isso"),
        RELEVO_STR("nao e isso que perguntei"), RELEVO_STR("nao respondeu"), RELEVO_STR("voce nao respondeu"),
        RELEVO_STR("nao entendeu"), RELEVO_STR("nao era isso"), RELEVO_STR("nao ajudou"), RELEVO_STR("nao me ajuda"),
        RELEVO_STR("not what i asked"), RELEVO_STR("didnt ask that"), RELEVO_STR("did not ask that"),
        RELEVO_STR("didnt answer my question"), RELEVO_STR("did not answer my question"), RELEVO_STR("doesnt answer my question"),
        RELEVO_STR("does not answer my question"), RELEVO_STR("you dont understand"), RELEVO_STR("you didnt understand"),
        RELEVO_STR("not what i meant"), RELEVO_STR("doesnt help"), RELEVO_STR("does not help"), RELEVO_STR("not helpful"),
    };
    rlt_phrases *made = NULL;
    return rlt_phrases_new(objections, sizeof objections / sizeof *objections, RLT_FUZZY, &made, NULL) == RLT_OK ? made : NULL;
}
