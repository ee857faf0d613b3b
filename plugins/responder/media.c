/* SPDX-License-Identifier: Apache-2.0 */
/* Messages without words; see media.h. */
#include "media.h"

bool rlr_policy_from(relevo_str word, rlr_policy *ret)
{
    static const char *const words[] = {"acknowledge", "ask", "hand_off"};
    for (int i = 0; i < 3; i++)
        if (rlt_equal(word, rlt_str(words[i]))) {
            *ret = (rlr_policy)i;
            return true;
        }
    return false;
}

int rlr_media_class(relevo_str type)
{
    static const struct {
        const char *type;
        int is;
    } types[] = {{"audio", RLR_VOICE},          {"image", RLR_IMAGE},          {"sticker", RLR_STICKER},
                 {"video", RLR_OTHER_MEDIA},    {"document", RLR_OTHER_MEDIA}, {"location", RLR_OTHER_MEDIA},
                 {"contacts", RLR_OTHER_MEDIA}, {"order", RLR_OTHER_MEDIA}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (rlt_equal(type, rlt_str(types[i].type)))
            return types[i].is;
    return -1;
}

rlr_sentence rlr_media_sentence(int media_class)
{
    static const rlr_sentence of[RLR_MEDIA_CLASSES] = {RLR_SAY_VOICE, RLR_SAY_IMAGE, RLR_SAY_STICKER, RLR_SAY_MEDIA};
    return of[media_class];
}

relevo_str rlr_media_reason(int media_class, rlt_language language)
{
    static const char *const reasons[RLR_MEDIA_CLASSES][RLT_LANGUAGES] = {
        {NULL, "El cliente mandó una nota de voz.", "O cliente mandou uma mensagem de voz.", "The customer sent a voice note."},
        {NULL, "El cliente mandó una imagen.", "O cliente mandou uma imagem.", "The customer sent a picture."},
        {NULL, "El cliente mandó un sticker.", "O cliente mandou uma figurinha.", "The customer sent a sticker."},
        {NULL, "El cliente mandó un archivo.", "O cliente mandou um arquivo.", "The customer sent a file."},
    };
    return rlt_str(reasons[media_class][language == RLT_UNKNOWN ? RLT_ES : language]);
}
