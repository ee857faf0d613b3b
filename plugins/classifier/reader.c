/* SPDX-License-Identifier: Apache-2.0 */
/* Putting the parts of a reading together. It must never keep anything of a message. */
#include "reader.h"

#include <math.h>
#include <string.h>

#define LANGUAGE_SURE 0.8 /* below it, words of all languages may tell the mood */
#define LANGUAGE_CHANGES 0.4 /* below it, a message is in the language that the conversation is in already */
#define SURELY_BAD    (-0.5) /* of the lexicon: what one word like "roto" says, no model is asked about */
#define SURELY_GOOD   0.6
#define BELIEVED      0.1 /* of the intent to talk to a person, where the message only looks like it */

bool rlc_reader_make(rlc_model *model, rlt_vectors *vectors, const char *person_intent, rlc_reader *ret_reader)
{
    rlc_reader reader = {.model = model,
                         .vectors = vectors,
                         .lexicon = rlc_lexicon_new(),
                         .requests = rlc_patterns_new(&rlc_request_table),
                         .person = rlc_model_label(model, person_intent)};
    if (!reader.lexicon || !reader.requests) {
        rlc_reader_clear(&reader);
        return false;
    }
    *ret_reader = reader;
    return true;
}

void rlc_reader_clear(rlc_reader *reader)
{
    rlc_model_free(reader->model);
    rlc_model_free(reader->moods);
    rlt_vectors_free(reader->vectors);
    rlc_lexicon_free(reader->lexicon);
    rlc_patterns_free(reader->requests);
    memset(reader, 0, sizeof *reader);
}

static const char *const mood_names[] = {"negative", "neutral", "positive"};
enum { NEGATIVE, NEUTRAL, POSITIVE, N_MOODS };

/* moods.model as it lies beside this file; README.md says what it was trained on. */
__asm__(".pushsection .rodata, \"a\"\n"
        ".hidden rlc_moods\n.hidden rlc_moods_end\n.globl rlc_moods\n.globl rlc_moods_end\n"
        "rlc_moods:\n.incbin \"" RLC_MOODS "\"\n"
        "rlc_moods_end:\n.byte 0\n"
        ".popsection\n");
extern const unsigned char rlc_moods[] __attribute__((visibility("hidden"))), rlc_moods_end[] __attribute__((visibility("hidden")));

bool rlc_reader_add_moods(rlc_reader *reader, const char *path, rlt_error *error)
{
    rlc_model *moods;
    if (path && !*path)
        return true;
    const char *name = path ? path : "moods.model";
    if (path ? !rlc_model_load(path, &moods, error)
             : !rlc_model_take(name, rlc_moods, (size_t)(rlc_moods_end - rlc_moods), &moods, error))
        return false;
    bool good = moods->n_labels == N_MOODS;
    for (uint32_t i = 0; i < N_MOODS; i++)
        good = good && rlc_model_label(moods, mood_names[i]) < N_MOODS;
    if (!good) {
        rlc_model_free(moods);
        return rlt_fail(error, "%s: its labels are not negative, neutral and positive", name);
    }
    reader->moods = moods;
    return true;
}

bool rlc_reader_takes(const rlc_reader *reader, uint32_t dims, uint32_t recipe)
{
    const rlc_model *models[] = {reader->model, reader->moods};
    bool any = false;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const rlc_dense *whole = models[i] ? &models[i]->dense[RLC_WHOLE] : NULL;
        if (!whole || whole->dims == 0)
            continue;
        if (whole->dims != dims || whole->recipe != recipe)
            return false;
        any = true;
    }
    return any;
}

/*
 * What the lexicon found shifts the odds of what the model learned: per mood, against neutral, for the lexicon's sentiment, for how strong it
 * is, for anger, and always. Fitted by logistic regression (moods weighed alike) on held-out fifths of umsab's training sets in es, pt and en.
 */
static const double shifts[N_MOODS][4] = {{-0.80, 0.40, 0.67, -0.24}, {0}, {1.10, 0.77, 0.34, -0.45}};

static void learned_mood(const rlc_reader *reader, rlc_scratch *scratch, const rlc_input *input, rlc_mood *mood)
{
    double share[N_MOODS], total = 0;
    if (mood->sentiment <= SURELY_BAD || mood->sentiment >= SURELY_GOOD || mood->settled)
        return; /* a model of single words and pairs takes what is denied, supposed or mocked for what is said */
    rlc_model_weigh(reader->moods, scratch, input);
    for (uint32_t i = 0; i < N_MOODS; i++) {
        double shift = shifts[i][0] * mood->sentiment + shifts[i][1] * fabs(mood->sentiment) + shifts[i][2] * mood->anger + shifts[i][3];
        share[i] = (double)scratch->scores[rlc_model_label(reader->moods, mood_names[i])] * exp(shift);
        total += share[i];
    }
    uint32_t best = share[NEGATIVE] > share[NEUTRAL] ? NEGATIVE : NEUTRAL;
    best = share[POSITIVE] > share[best] ? POSITIVE : best;
    mood->name = mood_names[best];
    mood->sentiment = (share[POSITIVE] - share[NEGATIVE]) / total;
}

/* The patterns or the intent; where something only looks like a request, the intent is not believed, nor named. */
static double wants_person(const rlc_reader *reader, const rlc_scratch *scratch, const rlt_doc *doc, rlc_scored *scored)
{
    rlc_found asked;
    rlc_patterns_find(reader->requests, doc, &asked);
    if (reader->person == reader->model->n_labels)
        return asked.value;
    double meant = (double)scratch->scores[reader->person] * (1 - scored->out_of_scope);
    if (asked.denied && asked.value == 0 && scored->label == reader->person)
        scored->probability *= BELIEVED;
    return fmax(asked.value, asked.denied ? BELIEVED * meant : meant);
}

bool rlc_reader_read(const rlc_reader *reader, rlt_work *work, rlc_scratch *scratch, relevo_str text,
                     rlt_language usual, const float *whole, rlc_reading *ret_reading)
{
    rlt_work_reset(work);
    rlt_doc doc;
    rlc_input input;
    if (rlt_read(work, text, &doc) != RLT_OK || !rlc_input_make(work, &doc, reader->vectors, whole, &input))
        return false;
    double sure = 0;
    rlc_reading reading = {.language = rlt_language_guess(&doc, &sure), .out_of_scope = 1};
    if (usual != RLT_UNKNOWN && sure < LANGUAGE_CHANGES)
        reading.language = RLT_UNKNOWN; /* "Karina", "30 kilos": a letter or two are no other language than the conversation's */
    rlt_language spoken = reading.language == RLT_UNKNOWN ? usual : reading.language;
    reading.mood = rlc_mood_read(reader->lexicon, work, &doc, spoken);
    if (reading.mood.sentiment == 0 && sure < LANGUAGE_SURE) /* perhaps a word of the language next to it */
        reading.mood = rlc_mood_read(reader->lexicon, work, &doc, RLT_UNKNOWN);
    if (doc.n_tokens > 0) {
        if (reader->moods)
            learned_mood(reader, scratch, &input, &reading.mood);
        rlc_scored scored = rlc_model_score(reader->model, scratch, &input);
        reading.wants_person = wants_person(reader, scratch, &doc, &scored);
        reading.intent = reader->model->labels[scored.label];
        reading.confidence = scored.probability;
        reading.out_of_scope = scored.out_of_scope;
    }
    *ret_reading = reading;
    return true;
}
