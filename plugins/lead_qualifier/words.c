/* SPDX-License-Identifier: Apache-2.0 */
/* The words of three languages; see words.h. Folded as text.h folds, so that accents do not matter. It must never hold
   a fact about a business. */
#include "words.h"

#include <string.h>

#define LIST_MAX 64u

static const char *const meanings[LQ_MEANINGS][LIST_MAX] = {
    [LQ_CANCELS] = {"olvidalo", "olvidelo", "olvidate", "dejalo", "dejelo", "dejalo asi", "ya no quiero", "ya no me interesa",
                    "no me interesa", "mejor no", "cancela", "cancelar", "cancelalo", "no gracias", "ya no", "no quiero seguir",
                    "salir", "esquece", "esqueca", "deixa pra la", "deixa para la", "deixa quieto", "nao quero mais",
                    "nao quero", "cancele", "nao obrigado", "nao obrigada", "sair", "never mind", "nevermind", "forget it",
                    "forget about it", "cancel", "cancel it", "stop", "no thanks", "not interested", "i changed my mind",
                    "cambie de opinion", "mudei de ideia", "ahora no", "ahorita no", "mejor despues", "mejor luego",
                    "no quiero contestar", "no quiero responder", "agora nao", "outra hora", "nao quero responder", "not now", "maybe later", "another time", "some other time"},
    [LQ_CORRECTS] = {"no", "perdon", "me equivoque", "corrijo", "correccion", "quise decir", "mas bien", "en realidad",
                     "mejor", "cambia", "cambialo", "cambie", "esta mal", "disculpa", "nao", "desculpa", "desculpe",
                     "errei", "me enganei", "quis dizer", "na verdade", "alias", "muda", "corrige", "melhor", "quer dizer", "digo", "mejor dicho", "ou melhor", "sorry", "actually", "i mean", "no wait",
                     "i meant", "my mistake", "wrong", "correction", "change", "instead", "rather"},
    [LQ_LACKS] = {"no se", "no lo se", "ni idea", "no tengo", "no aplica", "saltar", "omitir", "siguiente", "prefiero no",
                  "no quiero decir", "aun no se", "todavia no se", "despues te digo", "nao sei", "nao tenho", "pular",
                  "proximo", "prefiro nao", "ainda nao sei", "i dont know", "dont know", "no idea", "not sure", "i dont have",
                  "skip", "next", "rather not", "none", "ninguno", "ninguna", "nenhum", "nenhuma", "n/a",
                  "no lo tengo", "no la tengo", "no lo encuentro", "no la encuentro", "no encuentro", "no me acuerdo",
                  "no recuerdo", "no lo recuerdo", "no la recuerdo", "no quiero dar", "nao lembro", "nao me lembro", "nao encontro",
                  "nao acho", "nao achei", "nao quero dar", "nao quero dizer", "nao quero informar", "i dont remember", "cant remember",
                  "no quiero", "nah", "nope", "cant find it", "cannot find it", "i cant find", "i dont want to give", "i dont want to say"},
    [LQ_INTRODUCES] = {"me llamo", "mi nombre es", "mi nombre completo es", "a nombre de", "el nombre es", "meu nome e",
                       "me chamo", "o nome e", "em nome de", "my name is", "the name is", "i am called", "me dicen", "puedes llamarme",
                       "pode me chamar de", "me chamam de", "call me"},
    [LQ_AGREES] = {"hola", "buenas", "buenos dias", "buen dia", "gracias", "si", "sip", "claro", "ok", "okey", "va", "vale", "dale", "listo",
                   "bueno", "bien", "perfecto", "excelente", "genial", "buenisimo", "de acuerdo", "por supuesto", "con gusto", "oi", "ola", "bom dia",
                   "boa tarde", "boa noite", "obrigado", "obrigada", "sim", "beleza", "blz", "certo", "otimo", "perfeito", "legal", "bom", "com prazer",
                   "hi", "hello", "hey", "thanks", "thank you", "yes", "yeah", "yep", "sure", "okay", "great", "good", "perfect", "of course", "alright"},
};

static const char *const of_type[LQ_TYPES][16] = {
    [LQ_NAME] = {"nombre", "nome", "name"},
    [LQ_EMAIL] = {"correo", "email", "e mail", "mail"},
    [LQ_PHONE] = {"telefono", "celular", "numero", "whatsapp", "telefone", "phone", "number"},
    [LQ_TAX_ID] = {"rfc", "cpf", "cnpj", "nif", "cuit", "dni", "tax id"},
    [LQ_DATE] = {"fecha", "dia", "data", "date", "day"},
    [LQ_AMOUNT] = {"cantidad", "monto", "presupuesto", "quantidade", "valor", "orcamento", "amount", "budget"},
    [LQ_CITY] = {"ciudad", "cidade", "city"},
    [LQ_ORDER_NUMBER] = {"pedido", "orden", "order", "folio"},
};

static const char *const sentences[LQ_SENTENCES][RLT_LANGUAGES] = {
    [LQ_SAY_RESUME] = {[RLT_ES] = "Para seguir:", [RLT_PT] = "Para continuar:", [RLT_EN] = "To go on:"},
    [LQ_SAY_CORRECTED] = {[RLT_ES] = "Listo, lo cambié.", [RLT_PT] = "Pronto, já mudei.", [RLT_EN] = "Done, I changed it."},
    [LQ_SAY_ADDED] = {[RLT_ES] = "Gracias, ya lo anoté.", [RLT_PT] = "Obrigado, já anotei.", [RLT_EN] = "Thank you, I noted it."},
    [LQ_SAY_CANCELLED] = {[RLT_ES] = "De acuerdo, lo dejamos aquí.", [RLT_PT] = "Tudo bem, paramos por aqui.",
                          [RLT_EN] = "All right, we leave it there."},
    [LQ_SAY_MEANWHILE] = {[RLT_ES] = "Mientras esperas, para quien te atienda:", [RLT_PT] = "Enquanto você espera, para quem vai atender:",
                          [RLT_EN] = "While you wait, for whoever will help you:"},
    [LQ_SAY_COLLECTED] = {[RLT_ES] = "Gracias. Quien te atienda ya lo tendrá.", [RLT_PT] = "Obrigado. Quem for atender você já terá isso.",
                          [RLT_EN] = "Thank you. Whoever helps you will have it."},
    [LQ_SAY_WAITS] = {[RLT_ES] = "De acuerdo, no pregunto más. Sigues en espera de una persona.",
                      [RLT_PT] = "Tudo bem, não pergunto mais. Você continua esperando uma pessoa.",
                      [RLT_EN] = "All right, no more questions. You are still waiting for a person."},
    [LQ_SAY_THANKS] = {[RLT_ES] = "¡Gracias!", [RLT_PT] = "Obrigado!", [RLT_EN] = "Thank you!"},
    [LQ_SAY_PAST] = {[RLT_ES] = "Esa fecha ya pasó.", [RLT_PT] = "Essa data já passou.", [RLT_EN] = "That date is in the past."},
    [LQ_SAY_BETWEEN] = {[RLT_ES] = "Tiene que ser de < a >.", [RLT_PT] = "Precisa ser de < a >.", [RLT_EN] = "It has to be from < to >."},
    [LQ_SAY_LEAST] = {[RLT_ES] = "Tiene que ser < o más.", [RLT_PT] = "Precisa ser < ou mais.", [RLT_EN] = "It has to be < or more."},
    [LQ_SAY_MOST] = {[RLT_ES] = "Tiene que ser > o menos.", [RLT_PT] = "Precisa ser > ou menos.", [RLT_EN] = "It has to be > or less."},
    [LQ_SAY_MENU] = {[RLT_ES] = "Ver opciones", [RLT_PT] = "Ver opções", [RLT_EN] = "See options"},
    [LQ_SAY_COMPLETE] = {[RLT_ES] = "Los datos están completos:", [RLT_PT] = "Os dados estão completos:",
                         [RLT_EN] = "The data are complete:"},
    [LQ_SAY_STUCK] = {[RLT_ES] = "No se pudo obtener un dato:", [RLT_PT] = "Não foi possível obter um dado:",
                      [RLT_EN] = "One piece of data could not be had:"},
};

static const char *const hints[LQ_TYPES][RLT_LANGUAGES] = {
    [LQ_NAME] = {[RLT_ES] = "Escríbeme solo el nombre, por favor.", [RLT_PT] = "Escreva só o nome, por favor.",
                 [RLT_EN] = "Just the name, please."},
    [LQ_EMAIL] = {[RLT_ES] = "No reconozco un correo ahí; sería como nombre@correo.com.",
                  [RLT_PT] = "Não reconheci um e-mail; seria como nome@email.com.",
                  [RLT_EN] = "I see no e-mail address there; it would look like name@mail.com."},
    [LQ_PHONE] = {[RLT_ES] = "No reconozco un teléfono ahí; escríbelo con su clave de área.",
                  [RLT_PT] = "Não reconheci um telefone; escreva com o DDD.",
                  [RLT_EN] = "I see no phone number there; please write it with the area code."},
    [LQ_TAX_ID] = {[RLT_ES] = "Ahí no veo un número válido; revísalo, por favor.",
                   [RLT_PT] = "Não vejo um número válido; confira, por favor.",
                   [RLT_EN] = "I see no valid number there; please look again."},
    [LQ_DATE] = {[RLT_ES] = "No entendí la fecha; por ejemplo: 15 de marzo, o 15/03.",
                 [RLT_PT] = "Não entendi a data; por exemplo: 15 de março, ou 15/03.",
                 [RLT_EN] = "I did not get the date; for instance: March 15, or 15/03."},
    [LQ_AMOUNT] = {[RLT_ES] = "Necesito un número.", [RLT_PT] = "Preciso de um número.", [RLT_EN] = "I need a number."},
    [LQ_CHOICE] = {[RLT_ES] = "Elige una de las opciones, por favor.", [RLT_PT] = "Escolha uma das opções, por favor.",
                   [RLT_EN] = "Please choose one of the options."},
    [LQ_CITY] = {[RLT_ES] = "Escríbeme solo la ciudad, por favor.", [RLT_PT] = "Escreva só a cidade, por favor.",
                 [RLT_EN] = "Just the city, please."},
    [LQ_TEXT] = {[RLT_ES] = "Cuéntamelo en un mensaje de texto, por favor.", [RLT_PT] = "Conte em uma mensagem de texto, por favor.",
                 [RLT_EN] = "Please tell me in a text message."},
    [LQ_ORDER_NUMBER] = {[RLT_ES] = "No reconozco un número de pedido ahí.", [RLT_PT] = "Não reconheci um número de pedido.",
                         [RLT_EN] = "I see no order number there."},
};

static rlt_phrases *compile(const char *const *list, size_t most)
{
    relevo_str texts[LIST_MAX];
    rlt_phrases *made = NULL;
    size_t n = 0;
    while (n < most && n < LIST_MAX && list[n]) {
        texts[n] = rlt_str(list[n]);
        n++;
    }
    return n && rlt_phrases_new(texts, n, 0, &made, NULL) == RLT_OK ? made : NULL;
}

bool lq_words_make(lq_words *ret)
{
    lq_words made = {{NULL}, {NULL}};
    bool good = true;
    for (int i = 0; i < LQ_MEANINGS; i++)
        good = (made.meanings[i] = compile(meanings[i], LIST_MAX)) != NULL && good;
    for (int i = 0; i < LQ_TYPES; i++)
        if (of_type[i][0])
            good = (made.of_type[i] = compile(of_type[i], 16)) != NULL && good;
    if (good)
        *ret = made;
    else
        lq_words_clear(&made);
    return good;
}

void lq_words_clear(lq_words *words)
{
    for (int i = 0; i < LQ_MEANINGS; i++)
        rlt_phrases_free(words->meanings[i]);
    for (int i = 0; i < LQ_TYPES; i++)
        rlt_phrases_free(words->of_type[i]);
    memset(words, 0, sizeof *words);
}

bool lq_means(const lq_words *words, lq_meaning meaning, const rlt_doc *doc, rlt_match *ret_match)
{
    rlt_match match;
    if (!rlt_text_find(words->meanings[meaning], doc, 0, &match))
        return false;
    if (ret_match)
        *ret_match = match;
    return true;
}

relevo_str lq_sentence_in(lq_sentence sentence, rlt_language language)
{
    return rlt_str(sentences[sentence][language == RLT_UNKNOWN ? RLT_ES : language]);
}

relevo_str lq_hint_in(lq_type type, rlt_language language)
{
    return rlt_str(hints[type][language == RLT_UNKNOWN ? RLT_ES : language]);
}
