/* SPDX-License-Identifier: Apache-2.0 */
/* Mood, and requests for a person with their near misses, on sentences as customers write them. */
#include "test.h"

static rlc_mood read_mood(const rlc_lexicon *lexicon, const char *text)
{
    rlt_doc doc;
    rlt_work *work = rlt_work_new();
    assert_non_null(work);
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    rlc_mood mood = rlc_mood_read(lexicon, work, &doc, rlt_language_guess(&doc, NULL));
    rlt_work_free(work);
    assert_true(mood.sentiment >= -1 && mood.sentiment <= 1 && mood.anger >= 0 && mood.anger <= 1);
    return mood;
}

static void sentiment(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int sign;
    } cases[] = {
        {"mi pedido 48213 llegó roto y nadie me contesta!!", -1},
        {"el café es excelente, me encanta 😍", 1},
        {"muchas gracias, muy amables", 1},
        {"muchas gracias por nada", -1},
        {"muito obrigado por nada", -1},
        {"thanks a lot for nothing", -1},
        {"no me gustó", -1},
        {"no es feo", 0},
        {"no es malo", 1},
        {"no está mal", 1},
        {"nada mal el café", 1},
        {"não está mal", 1},
        {"not bad at all", 1},
        {"está mal", -1},
        {"not bad, but the package was broken and nobody answers", -1},
        {"no, es malo", -1},
        {"no, está mal", -1},
        {"no es caro, es bueno", 1},
        {"Hola, buenas tardes", 0},
        {"¿a qué hora abren?", 0},
        {"quiero hablar con una persona", 0},
        {"qué pésimo servicio 😡", -1},
        {"el café rico, pero llegó roto y nadie responde", -1},
        {"meu pedido não chegou, que vergonha", -1},
        {"adorei, obrigada!", 1},
        {"boa tarde", 0},
        {"this is awful, nobody answers", -1},
        {"great coffee, thank you", 1},
        {"good morning", 0},
        {"not good", -1},
        {"👎", -1},
        {"❤️", 1},
        {"", 0},
    };
    rlc_lexicon *lexicon = rlc_lexicon_new();
    assert_non_null(lexicon);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = read_mood(lexicon, cases[i].text).sentiment;
        int sign = (value > RLC_NEUTRAL) - (value < -RLC_NEUTRAL);
        if (sign != cases[i].sign)
            print_error("'%s' has %.2f\n", cases[i].text, value);
        assert_int_equal(sign, cases[i].sign);
    }
    rlc_lexicon_free(lexicon);
    rlc_lexicon_free(NULL);
}

static void anger(void **state)
{
    (void)state;
    rlc_lexicon *lexicon = rlc_lexicon_new();
    assert_non_null(lexicon);
    assert_true(read_mood(lexicon, "mi pedido 48213 llegó roto y nadie me contesta!!").anger > 0.6);
    assert_true(read_mood(lexicon, "son unos ladrones, devuélvanme la plata").anger > 0.7);
    assert_true(read_mood(lexicon, "vocês são uns ladrões").anger > 0.6);
    assert_true(read_mood(lexicon, "la concha de tu madre contestame").anger > 0.7);
    assert_true(read_mood(lexicon, "vai tomar no cu").anger > 0.7);
    assert_true(read_mood(lexicon, "this is a scam, give me my money").anger > 0.6);
    assert_true(read_mood(lexicon, "¿hacen envíos a Guadalajara?").anger < 0.1);
    assert_true(read_mood(lexicon, "gracias!!!").anger < 0.1);
    assert_true(read_mood(lexicon, "Wendy Ching").anger < 0.1); /* nor is she one in a Spanish conversation: */
    assert_true(read_mood(lexicon, "me llamo Wendy Ching").anger < 0.1);
    assert_true(read_mood(lexicon, "ya me chingaron con esto").anger > 0.5);
    assert_true(read_mood(lexicon, "está triste mi gato").anger < 0.3);
    assert_true(read_mood(lexicon, "no estoy enojado").anger < 0.1);
    assert_true(read_mood(lexicon, "no, son unos ladrones").anger > 0.6);
    /* Emphasis raises both. */
    rlc_mood calm = read_mood(lexicon, "es una estafa"), loud = read_mood(lexicon, "ES UNA ESTAFA TOTAL!!!");
    assert_true(loud.anger > calm.anger && loud.sentiment < calm.sentiment);
    rlc_lexicon_free(lexicon);
}

/* What the moods model is asked no more, because the words do not mean what each says alone. */
static void settled(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool settled;
    } cases[] = {{"no está mal", true},          {"¿qué pasa si llega roto?", true}, {"genial, otra semana más", true}, {"no, gracias", true},
                 {"buenas tardes", true},        {"nunca probé un café tan rico", true}, {"el café es rico", false},   {"llegó roto", false},
                 {"buenas tardes, Juan", false}, {"", true}};
    rlc_lexicon *lexicon = rlc_lexicon_new();
    assert_non_null(lexicon);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (read_mood(lexicon, cases[i].text).settled != cases[i].settled)
            fail_msg("'%s': %s settled", cases[i].text, cases[i].settled ? "not" : "is");
    rlc_lexicon_free(lexicon);
}

/* Each rule of mood.c and each group of lexicon_tone.c beside what only looks like it. vexed: -1 no anger, 0 either, 1 some. */
static void tones(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int sign, vexed;
    } cases[] = {
        /* irony: praise, and then what nobody praises */
        {"genial, otra semana más", -1, 1},
        {"genial, otro día paso", 1, -1},
        {"qué maravilla, otra vez sin luz", -1, 1},
        {"otra vez un café maravilloso, gracias", 1, -1},
        {"excelente, como siempre no fallan", 1, -1},
        {"perfecto, como siempre llegó a tiempo", 1, -1},
        {"perfecto, paso más tarde", 1, -1},
        {"perfecto, para no esperar", 1, -1},
        {"perfecto, como siempre cerrado", -1, 1},
        {"perfecto, ¿cuánto demora?", 1, -1},
        {"excelente café, pero llegó roto", 0, -1},
        {"espectacular, me cobraron doble", -1, 1},
        {"excelente atención, lo que venía roto me lo cambiaron", 1, -1},
        {"súper puntuales, eh", -1, 1},
        {"súper puntuales, gracias", 1, -1},
        {"parabéns, mais um mês sem resposta", -1, 1},
        {"parabéns pelo café", 1, -1},
        {"ótimo, atrasou de novo", -1, 1},
        {"great, one more delay", -1, 1},
        {"great coffee again, thank you", 1, -1},
        {"wow, amazing speed, only 3 weeks", -1, 1},
        {"congratulations on ten years", 1, -1},
        {"excelente, otra semana con su café", 1, -1},
        {"excelente, llevo tres días esperando", -1, 1},
        {"excelente, ya no espero más", 1, -1},
        {"great, now I have to wait again", -1, 1},
        {"great, now I have the address", 1, -1},
        {"parabéns pela demora", -1, 1},
        {"gracias por la paciencia", 1, -1},
        {"bonita forma de tratar a la gente", -1, 1},
        {"bonita forma la de la taza", 1, -1},
        {"no rush, oh sure take your time", 1, -1},
        {"maravilloso, cuatro días para contestar", -1, 1},
        {"maravilloso, cuatro bolsas para mí", 1, -1},
        /* emoji and quotes */
        {"perfecto 🙄", -1, 1},
        {"llegó roto 👏 bravo", -1, 1},
        {"llegó bien 👏", 1, -1},
        {"gracias 🙃", 1, -1},
        {"todavía no 😡", -1, 1},
        {"todavía no 😊", 1, -1},
        {"qué \"rápido\" todo", -1, 0},
        {"qué “bueno” todo", -1, 0},
        {"quiero el café \"Bueno\"", 1, -1},
        /* patience at its end */
        {"llevo dos semanas esperando", -1, 1},
        {"llevo dos semanas tomando este café", 0, -1},
        {"otra vez el mismo error", -1, 1},
        {"quiero pedir otra vez lo mismo", 0, -1},
        {"otra vez lo mismo por favor", 0, -1},
        {"¿hasta cuándo voy a esperar?", -1, 1},
        {"¿hasta cuándo está la promoción?", 0, -1},
        {"¡hasta cuándo!", -1, 1},
        {"¿cuántas veces tengo que pedirlo?", 0, -1},
        {"¿cuántas veces tengo que repetir?", -1, 1},
        {"¿cuántas veces al mes entregan?", 0, -1},
        {"no puede ser!", -1, 1},
        {"no puede ser, en serio", -1, 1},
        {"¿no puede ser el martes?", 0, -1},
        {"es la tercera vez que llamo", -1, 1},
        {"es la tercera vez que compro", 0, -1},
        {"já faz três semanas", -1, 1},
        {"quantas vezes vou ter que explicar", 0, 0},
        {"até quando vai a promoção?", 0, -1},
        {"how many times do I have to ask", -1, 1},
        {"how many times can I reuse the filter?", 0, -1},
        {"are you kidding me", -1, 1},
        {"ya les dije que no", -1, 1},
        {"ya les dije a mis amigas", 0, -1},
        {"ni siquiera una disculpa", -1, 1},
        {"una disculpa, me equivoqué", 0, -1},
        {"¿alguien lee los mensajes?", -1, 1},
        {"¿alguien más va?", 0, -1},
        {"siempre es lo mismo con ustedes", -1, 1},
        {"siempre pido lo mismo", 0, -1},
        {"enough of this", -1, 1},
        {"can't get enough of this", 1, -1},
        {"otra vez me cambiaron el horario", -1, 1},
        {"otra vez me puedes mandar el horario?", 0, -1},
        {"¿van a contestar o no?", -1, 1},
        {"¿van a contestar hoy?", 0, -1},
        {"paguei e até agora nada", -1, 1},
        {"sem açúcar e nada de leite", 0, -1},
        {"it's been three weeks", -1, 1},
        {"it's been a pleasure", 0, -1},
        {"why does it take so long", -1, 1},
        {"how long does it take", 0, -1},
        /* scorn */
        {"esta tienda es una porquería", -1, 1},
        {"estou indignada com vocês", -1, 1},
        {"son unos incompetentes", -1, 1},
        {"son unos genios", 0, -1},
        {"bando de incompetentes", -1, 1},
        {"contesta, inútil", -1, 1},
        {"I hate you guys", -1, 1},
        {"I don't hate you guys", 0, -1},
        {"devuélvanme mi dinero", -1, 1},
        {"¿me devuelven mi dinero si no me gusta?", 0, -1},
        {"son unos 20 euros", 0, -1},
        /* what went wrong is no anger */
        {"me cobraron dos veces", -1, -1},
        {"no me cobraron dos veces", 0, -1},
        {"¿me cobraron dos bolsas?", 0, -1},
        {"faltó un paquete en mi caja", -1, -1},
        {"no faltó nada en mi caja", 0, -1},
        {"a bag was missing from my order", -1, -1},
        {"mi pedido llegó roto", -1, -1},
        {"nunca llegó", -1, -1},
        {"me mandaron otra cosa", -1, -1},
        {"¿me mandaron otra factura?", 0, -1},
        {"the lid was cracked", -1, -1},
        {"a caneca chegou trincada", -1, -1},
        {"disculpe la molestia", 0, -1},
        {"se eu não gostar posso trocar?", 0, -1},
        {"you never let me down", 1, -1},
        {"quick question", 0, -1},
        {"nunca llegó tarde", 1, -1},
        /* only supposed, or asked about */
        {"¿qué pasa si llega roto?", 0, -1},
        {"sí, llegó roto, ¿qué hago?", -1, -1},
        {"se vier quebrado, como troco?", 0, -1},
        {"what if it arrives broken?", 0, -1},
        {"si no me contestan los denuncio", -1, 1},
        {"¿dónde hago un reclamo?", 0, -1},
        {"tengo un reclamo", -1, -1},
        {"quiero cancelar mi pedido", 0, -1},
        /* praise by "never", and swearing for joy */
        {"nunca probé un café tan rico", 1, -1},
        {"nunca es tan rico como dicen", -1, -1},
        {"never had better coffee", 1, -1},
        {"no sabes lo rico que está", 1, -1},
        {"café bom pra caralho", 1, -1},
        {"caralho, não é bom", -1, 1},
        {"damn good coffee", 1, -1},
        {"damn coffee", -1, 1},
        {"não está bom, porra", -1, 1},
        {"a ver se tem alguma coisa", 0, -1},
    };
    rlc_lexicon *lexicon = rlc_lexicon_new();
    assert_non_null(lexicon);
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlc_mood mood = read_mood(lexicon, cases[i].text);
        int sign = (mood.sentiment > RLC_NEUTRAL) - (mood.sentiment < -RLC_NEUTRAL);
        bool vexed = mood.anger >= 0.25;
        if (sign == cases[i].sign && (cases[i].vexed == 0 || vexed == (cases[i].vexed > 0)))
            continue;
        print_error("'%s' has %.2f, anger %.2f\n", cases[i].text, mood.sentiment, mood.anger);
        wrong++;
    }
    assert_int_equal(wrong, 0);
    rlc_lexicon_free(lexicon);
}

static double request(const char *text, bool *ret_denied)
{
    rlt_doc doc;
    rlc_found found;
    rlt_work *work = rlt_work_new();
    assert_non_null(work);
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    rlc_patterns *requests = rlc_patterns_new(&rlc_request_table);
    assert_non_null(requests); /* also when a pattern is malformed, or the words are too many */
    rlc_patterns_find(requests, &doc, &found);
    rlc_patterns_free(requests);
    rlc_patterns_free(NULL);
    rlt_work_free(work);
    *ret_denied = found.denied;
    return found.value;
}

static void requests(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "quiero hablar con una persona",
        "Necesito hablar con un asesor YA",
        "me comunicas con un agente por favor?",
        "pásame con alguien",
        "quiero que me atienda un humano",
        "no quiero hablar con un robot",
        "¿eres un robot? quiero hablar con una persona",
        "hay alguien ahí?",
        "asesor",
        "una persona porfa",
        "con un humano",
        "que me llame un ejecutivo",
        "quiero ablar con alguien",
        "alguien me puede ayudar?",
        "quero falar com uma pessoa",
        "me passa pra um atendente",
        "atendente",
        "preciso falar com um humano, não com robô",
        "I want to talk to a human",
        "let me speak with a manager",
        "transfer me to an agent",
        "can someone help me?",
        "real person please",
        "customer service",
        "no quiero hablar contigo, dame una persona",
        "i dont want to talk to you, give me a human",
        "não quero mais falar com você",
        "no quiero seguir hablando contigo!",
        "I don't want to talk to you",
        "¿alguien más me puede ayudar?",
        "can somebody else look at this?",
        "kiero ablar con una perzona",
        "comuniqueme con un acesor",
        "¿con quién puedo hablar?",
        "com quem eu posso falar?",
        "who can I talk to?",
        "customer support agent pls",
        "quiero que un asesor revise mi caso",
        "necesito ayuda de una persona",
        "¿me puede ayudar una persona?",
        "que me escriba un vendedor",
        "quisiera ser atendido por una persona",
        "ponme en contacto con alguien",
        "prefiero hablarlo con un asesor",
        "preciso de ajuda de uma pessoa",
        "me põe em contato com um atendente",
        "pede pra alguém me ligar",
        "is there a manager available?",
        "put me in touch with an agent",
        "ask someone to message me",
        "I need help from a human",
        "me gustaría hablar con quien corresponda",
        "¿me das el teléfono de un asesor?",
        "can I have a person please",
        "I'd like a callback from someone",
        "queria que alguém me ligasse",
        "prefiro falar com gente de verdade",
        "no necesito un bot, quiero un asesor",
    };
    static const char *const no[] = {
        "no necesito un asesor gracias",
        "quiero que alguien reciba el paquete",
        "quiero ayudar a una persona",
        "cuánto es por persona?",
        "tengo que hablarlo con mi jefe",
        "llamen a la persona que recibe",
        "la atención de la encargada fue excelente",
        "tuve contacto con un asesor ayer",
        "I have to talk to my manager first",
        "is there a human touch in your blend?",
        "el asesor me va a llamar hoy?",
        "que ódio, nunca mais compro aí",
        "can I have someone's table",
        "não preciso de atendente",
        "no need to get a person",
        "tengo cita con el asesor a las 5",
        "I have a meeting with your manager",
        "¿cómo se llama la persona que atiende?",
        "¿eres humano?",
        "eres un robot?",
        "¿sos una persona real?",
        "estoy hablando con una persona o con un bot?",
        "quiero una mesa para una persona",
        "cotización para 20 personas",
        "no quiero hablar con nadie",
        "no quiero hablar con una persona, solo dime el horario",
        "I don't want to talk to a person, just tell me the hours",
        "es un regalo para alguien más",
        "it is a present for somebody else",
        "ya hablé con una persona ayer",
        "quiero un café",
        "hola, buenas tardes",
        "es para otra persona",
        "você é um robô?",
        "estou falando com uma pessoa?",
        "orçamento para 50 pessoas",
        "are you a robot",
        "are you a real person?",
        "am I talking to a human",
        "is this a bot",
        "coffee for one person",
        "I need two bags",
        "",
    };
    bool denied;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (request(yes[i], &denied) < 0.75)
            fail_msg("'%s' is a request, but has %.2f", yes[i], request(yes[i], &denied));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (request(no[i], &denied) > 0.3)
            fail_msg("'%s' is no request, but has %.2f", no[i], request(no[i], &denied));
    (void)request("¿eres humano?", &denied);
    assert_true(denied);
    (void)request("quiero hablar con una persona", &denied);
    assert_false(denied);
}

/* In each group the negative patterns come first: what they take away no other has seen before. */
static void denials_come_first(void **state)
{
    (void)state;
    const rlc_pattern_table *tables[] = {&rlc_request_table, &rlc_tone_table};
    for (size_t t = 0; t < 2; t++)
        for (size_t g = 0; g < tables[t]->n_groups; g++)
            for (size_t i = 1; i < tables[t]->groups[g].n; i++) {
                const rlc_pattern *pattern = &tables[t]->groups[g].patterns[i];
                if (pattern->value < 0 && pattern[-1].value > 0)
                    fail_msg("'%s' comes too late", pattern->pattern);
            }
}

/* A team is a person too, but of the business's choice. */
static void teams(void **state)
{
    (void)state;
    bool denied;
    assert_true(request("quiero hablar con ventas", &denied) == 0.7);
    assert_true(request("preciso falar com o suporte", &denied) == 0.7);
    assert_true(request("can I talk to sales", &denied) == 0.7);
    assert_true(request("con el área de devoluciones por favor", &denied) == 0.7);
    assert_true(request("posso falar com o pessoal da entrega", &denied) == 0.7);
    assert_true(request("I need to reach your wholesale team", &denied) == 0.7);
    assert_true(request("my team loves your coffee", &denied) < 0.5);
    assert_true(request("el área de entrega es Palermo", &denied) < 0.5);
}

/* The longest message that is read, made to try every way through the patterns. */
static void long_messages(void **state)
{
    (void)state;
    char text[4096];
    bool denied;
    size_t n = 0;
    while (n + 24 < sizeof text)
        n += (size_t)snprintf(text + n, sizeof text - n, "quiero hablar con un no ");
    (void)request(text, &denied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sentiment), cmocka_unit_test(anger), cmocka_unit_test(settled), cmocka_unit_test(tones),
                                       cmocka_unit_test(requests), cmocka_unit_test(denials_come_first), cmocka_unit_test(teams),
                                       cmocka_unit_test(long_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
