/* SPDX-License-Identifier: Apache-2.0 */
/* See why.h. Must never say more than is known. */
#include "conversation/why.h"

#include "conversation/decide.h"

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const rlv_notice sentences[] = {
    [RLV_WHY_NO_ANSWER] = {TEXT("El bot no pudo responder."), TEXT("O bot não conseguiu responder."), TEXT("The bot could not answer.")},
    [RLV_WHY_NOT_DELIVERED] = {TEXT("Un mensaje del bot no se entregó."), TEXT("Uma mensagem do bot não foi entregue."),
                               TEXT("A message of the bot was not delivered.")},
    [RLV_WHY_PERHAPS_LOST] = {TEXT("Quizá no llegó un mensaje del bot."), TEXT("Talvez não tenha chegado uma mensagem do bot."),
                              TEXT("A message of the bot may not have arrived.")},
    [RLV_WHY_META] = {TEXT("Meta pasó la conversación a una persona."), TEXT("A Meta passou a conversa para uma pessoa."),
                      TEXT("Meta passed the conversation to a person.")},
    [RLV_WHY_REOPENED] = {TEXT("El cliente volvió a escribir después del cierre."), TEXT("O cliente voltou a escrever depois do encerramento."),
                          TEXT("The customer wrote again after it was closed.")},
};

rlv_str rlv_why(const rlv_step *step, enum rlv_why why)
{
    return rlv_decide_words(step, &sentences[why]);
}
