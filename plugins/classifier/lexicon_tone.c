/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What words say together and no single one says: praise that means the opposite, patience at its end, scorn, and what went
 * wrong. A pattern of negative value takes away what only looks like it: "quiero pedir otra vez lo mismo", "no estoy enojado".
 */
#include "lexicon.h"

static const rlc_class classes[] = {
    {"praise", "bravo|genial|excelente|fantastico|fantastica|buenisimo|buenisima|perfecto|perfecta|maravilla|maravilloso|maravillosa|felicitaciones|"
               "felicidades|enhorabuena|estupendo|espectacular|barbaro|impecable|lindo|linda|bonito|bonita|hermoso|regio|"
               "beleza|maravilha|maravilhoso|otimo|otima|perfeito|perfeita|parabens|sensacional|incrivel|legal|"
               "great|brilliant|wonderful|fantastic|amazing|awesome|perfect|lovely|nice|congratulations|congrats|excellent|fabulous"},
    {"swift", "rapido|rapidos|rapida|rapidas|rapidez|velocidad|velocidade|eficiencia|eficientes|eficiente|puntualidad|puntuales|puntual|pontualidade|"
              "rapidinho|agilidad|agilidade|fast|quick|speedy|speed|efficient|punctual"},
    {"n", "2|3|4|5|6|7|8|9|10|12|15|20|dos|tres|cuatro|cinco|seis|siete|ocho|diez|quince|veinte|duas|dois|quatro|sete|oito|dez|two|three|four|five|six|ten"},
    {"time", "minutos|minutes|hora|horas|hour|hours|dia|dias|day|days|semana|semanas|week|weeks|mes|meses|month|months|rato|ages|forever"},
    {"ill", "roto|rota|rotos|rotas|quebrado|quebrada|quebrados|quebradas|broken|smashed|vencido|vencida|danado|danada|equivocado|equivocada|errado|"
            "errada|mojado|mojada"},
    {"lose", "perdieron|perdio|perderam|perdeu|losing|breaking|ruining|rompieron|rompio|quebraram|atrasou|atrasaram|retrasaron|cancelaron|cancelaram|"
             "olvidaron|esqueceram"},
    {"none", "sin|sem|no|nao|without|agotado|cerrado|fechado|closed|tarde|mal|nadie|ninguem|nobody"},
    {"reply", "contesta|contestan|contestar|contesten|contestaron|contestas|responde|responden|responder|respondan|respondem|responderam|respondeu|atiende|"
              "atienden|atender|atiendan|atendieron|atende|atendem|atendeu|avisan|avisaron|avisar|avisam|aparece|aparecen|answers|answering|responds|replies|"
              "reply|answer|respond"},
    {"tell", "dije|digo|explique|pedi|mande|pregunte|escribi|repeti|repito|llame|falei|disse|perguntei|expliquei|mandei|asked|told|said|explained|written|called"},
    {"telling", "decir|decirles|decirlo|repetir|explicar|preguntar|llamar|pedir|escribir|falar|perguntar|dizer|ligar|ask|tell|say|explain|repeat|call"},
    {"bot", "bot|bots|robot|robots|robo|robos|maquina|maquinas|machine|machines|chatbot|chatbots|contestadora"},
    {"same", "mismo|misma|mismos|mismas|mesmo|mesma|mesmos|mesmas|same|esto|eso|isso|isto|bot|robot|robo|maquina|error|erro|problema|problem|issue"},
    {"shop", "empresa|tienda|servicio|atencion|marca|local|negocio|ustedes|uds|vosotros|cafeteria|pagina|app|atendimento|loja|servico|voces|vcs|"
             "entrega|site|company|service|shop|store|business|people|guys|support|website"},
    {"filth", "lixo|basura|porqueria|asco|mierda|merda|bosta|trash|garbage|rubbish|nojo|cagada|shit|crap"},
    {"farce", "joke|chiste|verguenza|vergonha|disgrace|burla|piada|payasada|palhacada|circo|palhacos|payasos|clowns"},
    {"wretch", "inutil|inutiles|inepto|ineptos|incompetente|incompetentes|mentiroso|mentirosos|irresponsable|irresponsables|caradura|caraduras|incompetente|"
               "inuteis|irresponsaveis|useless|incompetent|liar|liars|pathetic|hopeless"},
    {"furious", "furioso|furiosa|enojado|enojada|enojadisimo|enojadisima|indignado|indignada|encabronado|encabronada|emputado|emputada|encachimbado|"
                "cabreado|cabreada|irritado|irritada|revoltado|revoltada|puto|puta|pistola|furious|angry|mad|livid|outraged|pissed|disgusted|fuming"},
    {"charge", "cobraron|cobrado|cobrada|cobrados|cobro|cobrando|cobran|cobraram|cobrou|cargaron|descontaron|descontado|debitaron|debitado|debitaram|"
               "charged|billed|charging"},
    {"parcel", "pedido|caja|paquete|orden|bolsa|encomienda|caixa|pacote|sacola|order|box|parcel|package|bag|compra"},
    {"the", "un|una|uno|el|la|lo|los|las|mi|mis|al|del|um|uma|o|a|os|as|meu|minha|no|na|an|the|my|this|this|este|esta|esse|essa"},
};

/* Praise, and then what nobody praises; without a "but" between. */
static const rlc_pattern ironic[] = {
    /* meant as it is said */
    {-1, "sin|sem|no|zero|ningun|ninguna|nenhum|nenhuma problema|problemas|falla|fallas|falha|falhas|queja|quejas|demora|demoras|apuro|drama|costo|cargo|"
         "atraso|atrasos|retraso|retrasos|error|errores|erro|erros|problem|problems|issues|complaints|delay|delays"},
    {-1, "nada|nothing|no|not|nao|never|nunca|ni ?me|nos ?se <ill>|<lose>|fallan|falla|fallo|decepcionan|decepciona|defraudan|falham|decepcionam|disappoint|fail"},
    {-1, "cambiaron|solucionaron|resolvieron|repusieron|devolvieron|arreglaron|trocaram|resolveram|devolveram|replaced|fixed|refunded|solved"},
    {1, "<praise> * <ill>|<lose>"},
    {1, "<praise>|lograron|consiguieron|consiguen|conseguiram|managed|job|work * perder|romper|quebrar|estragar|lose|losing|breaking"},
    {1, "<praise> * otra|outra|another|mais|mas|more|one ?um|uma|more semana|mes|demora|retraso|atraso|excusa|desculpa|week|month|delay|excuse|error|erro|failure"},
    {1, "<praise> * otro|outro|another|mais ?um dia|day mas|mais|more|sin|sem|without|esperando"},
    {1, "<praise> * otra vez ?me|nos ?mas <none>"},
    {1, "<praise> * de nuevo|novo ?me|nos <none>"},
    {1, "<praise> * como|as|para siempre|sempre|always|usual|variar ?me|nos ?mas <none>"},
    {1, "<praise> * again|nuevamente ?me|nos <none>"},
    {1, "<praise> * atrasou|again|novo|nuevo|vez <ill>|<lose>|novo|delayed|tarde"},
    {1, "<praise> * sin|sem|ni|nadie|ninguem|nobody|nao|no ?me ?nos ?siquiera ?se ?one <reply>"},
    {1, "<praise> * me|nos dejaron|dejo|deixaram|deixou|tienen sin|sem|plantado|plantada|esperando|colgado|colgada|tirado"},
    {1, "<praise> * <charge> ?me doble|dobro|mal|demas|twice|double"},
    {1, "<praise> * <charge> ?me otra|outra|dos|duas|2 vez|veces|vezes"},
    {1, "<praise> * tampoco|nem ?siquiera hay|tienen|funciona|anda|llego|tem|chegou"},
    {1, "<praise> * llego|llega|llegaron|llegan|chegou|chega|veio|vino ?muy|super|re|tan|muito|siempre|sempre|todo|tudo tarde|atrasado|mal|errado"},
    {1, "que bien|bueno|bom|bonito|divertido * llego|llega|llegaron|llegan|chegou|chega|veio|vino ?muy|super|re|tan|muito|siempre|sempre|todo|tudo tarde|atrasado|mal|errado"},
    {1, "que bien|bueno|bom|bonito|divertido * otra|de vez|nuevo|novo sin|sem|no|nao|tarde|mal"},
    {1, "que bien|bueno|bom|bonito * me|nos <charge>|dejaron|deixaram ?me doble|dobro|dos|duas|2|de|sin|sem|plantado|plantada|esperando"},
    {1, "bravo|felicitaciones|felicidades|enhorabuena|parabens|congratulations|congrats * <n> <time>"},
    {1, "<praise>|<swift> * solo|so|apenas|only|nomas ?te|me ?fueron|tardaron|demoraram|demorou|tardo|took ?como ?unas ?<n> semanas|weeks|meses|months"},
    {1, "<praise>|<swift> * solo|so|apenas|only|nomas|just ?<n> <time> late|tarde|atrasado|depois|despues|later"},
    {1, "<swift> * solo|so|apenas|only|nomas ?te|me ?fueron|tardaron|demoraram|demorou|tardo|took ?como 10|12|15|20|25|30|40|45|60|90|diez|quince|veinte|dez|quinze|vinte dias|days"},
    {.9, "super|muy|re|tan|bem|muito|que|so <swift> ?ustedes ?voces ?vcs eh|he|hein|ein $"},
    {.9, "increible|inaudito|incrivel|inacreditavel|unbelievable|amazing ?como que|how|that ?me|nos|they|you|ya|ainda|todavia|nadie|no "
         "sigan|siga|siguen|continuem|continuam|nadie|ninguem|tarden|cobren|traten|dejen|contesten|respondan|llegue|still|nobody|cant|dont"},
    {.9, "love|loving|adore|enjoy ?just waiting|wasting"},
    {.9, "love|loved|loving being ignored|lied|overcharged|kept"},
    {.9, "adoro|amo|encanta esperar|perder ?tanto|tantas|horas|dias|el|o|meu|mi horas|tiempo|tempo|dias"},
    {.9, "adoro|amo|encanta que|cuando|quando nadie|nunca|ninguem|no|nao ?me ?nos <reply>|llega|llegan|chega"},
    {.9, "yeah right|sure"},
    {.9, "slow clap"},
};

static const rlc_pattern impatient[] = {
    {-1, "quiero|quisiera|pedir|pido|comprar|mandame|enviame|encargar|quero|queria|order|get|buy|have ?to ?pedir|comprar|order|have ?<the> "
         "otra|de|again|same|mismo|mesmo ?vez|nuevo|novo ?<the> ?mismo|misma|mesmo|again"},
    {-1, "otra|de|again vez|nuevo|novo * favor|porfa|porfis|please|pls"},
    /* Spanish */
    {1, "llevo|llevamos * <time> ?ya esperando|sin|tratando|intentando|pidiendo|escribiendo|llamando|queriendo"},
    {1, "llevo|llevamos * <time> ?hablando con este|el|un|una|esta <bot>"},
    {1, "hace|hacen * <time> que ?los|les ?estoy|estamos espero|esperando|esperamos|no|nadie|escribo|llamo|pregunto|pido"},
    {1, "ya van|pasaron ?mas ?casi ?como ?de <n>|<the> <time>"},
    {1, "sigo|seguimos ?aqui ?aca esperando|aguardando|sin"},
    {1, "siguen|sigan|sigue ?ustedes sin ?me ?dar <reply>|solucionar|resolver|llegar|aparecer"},
    {1, "me|nos siguen|estan ignorando"},
    {1, "otra|de vez|nuevo|novo ?con ?<the> <same>"},
    {1, "ya ?me|nos ?os canse|cansaron|harte|hartaron|cansamos"},
    {1, "cansado|cansada|cansados|canso|cansei|cansamos|harto|harta|cheio ?ya de ?tanto ?tanta esperar|esperarlos|que|llamar|llamarlos|preguntar|pedir|repetir|"
        "ustedes|vosotros|ligar|perguntar|vcs|voces|promessa|promesas|mentiras|excusas|desculpa|desculpas|isso|esto|eso"},
    {1, "?ya|ja ?se ?eu ?te|les|le|lhe|lhes ?lo <tell> mil|cien|muchas|varias|tres|cuatro|3|4|5|10|veinte|muitas|duas|dois|dos|2 veces|vezes"},
    {1, "mil|cien veces|vezes ?que|lo|les|te|ya ?les|te ?lo <tell>"},
    {1, "segunda|tercera|cuarta|quinta|sexta|enesima|decima|2da|3ra|4ta|terceira|2a|3a|4a vez ?consecutiva ?seguida que ?yo|eu ?les|te|le|me|nos|lhes|se ?lo "
        "pregunto|pido|escribo|llamo|digo|explico|mandan|pasa|pergunto|peco|falo|ligo|mando|escrevo|acontece|cobran|llega|fallan|equivocan|erram|mandam|vem|viene|hacen|fazem"},
    {1, "<reply>|contestenme|contestame|respondanme|respondeme|digan|diganme|decir|decirme|manden|solucionen|solucionar|resuelvan|resolver|resolvam|entreguen "
        "?ya ?esto ?algo de|por una|uma|todas ?buena|maldita|bendita ?vez"},
    {1, "deja|dejen|dejate|deje|pare|parem|para de <reply>|repetir|repetirme|decir|decirme|preguntar|preguntarme|perguntar|mentir|mentirme|marear|marearme"},
    {1, "no ?me ?nos sirve|sirves|sirven|ayuda|ayudas|ayudan ?para ?de lo|nada|tu|este|esta|tus ?que ?bot|robot"},
    {1, "no|nao|dont|not quiero|quisiera|quero|queria|want|need ?mas|mais ?to ?seguir ?hablar|falar|talk|speak|hablando ?mas|mais ?con|com|to|with ?un|una|um|uma|a|an|el|la|este|esta|this|your <bot>"},
    {1, "basta|chega|enough|odio|hate|detesto|harto|harta ?ya ?de|con|of|with ?hablar|talking ?con|to ?este|esta|esse|los|the|tanto|tanta|las|your|this|these <bot>"},
    {1, "que|cuanta poca|falta|pouca ?de seriedad|seriedade|respeto|respeito|profesionalismo|profissionalismo|consideracion|consideracao"},
    {1, "como es|e posible|possivel que"},
    {1, "no|nao ?me es|e|puedo|consigo posible|possivel|creer|acreditar que ?ustedes ?voces ?ya siempre|sigan|todavia|nadie|me|nos|tarden|ainda|sempre|ninguem|otra"},
    {1, "no|nao puede|pode ser que|otra|tanto"},
    {1, "no|nao puede|pode ser ,"},
    {1, "me|nos estan|estas|estao jodiendo|cargando|tomando|vacilando|viendo|bromeando|ignorando|mareando|peloteando|boludeando|mamando|enrolando|zoando"},
    {1, "hasta|ate cuando|quando ?voy ?vamos ?vou ?a ?tengo ?tenho ?hay ?que ?con esperar|espero|esperando|esto|isso|seguir|aguantar|aguentar"},
    {1, "hasta|ate cuando|quando ,"},
    {1, "cuantas|quantas veces|vezes ?mas ?mais ?te|les|le|eu ?lo ?tengo|tenho|debo|hay|preciso|vou ?que ?de <tell>|<telling>"},
    {1, "cuantas|quantas veces|vezes ?mas ?mais ,"},
    {1, "nadie|ninguem ?aqui ?me|nos|se ?lo dice|hace|resuelve|soluciona|fala|resolve|diz|faz ?nada"},
    {1, "no|nunca|ni|nao|nem ?me|nos ?siquiera han contestado|respondido|avisado"},
    {1, "dejado|dejaron|deixaram|dejo ?me ?en|no|de visto|plantado|plantada|vacuo"},
    /* Portuguese */
    {1, "faz|fazem ?mais ?de ?uns ?umas ?quase <n>|<the> <time> que ?eu ?estou|to|tou espero|esperando|tento|tentando|aguardo|aguardando|ninguem|nao|ligo"},
    {1, "ja faz|fazem|sao|passaram|vao ?mais ?quase ?de <n>|<the> <time>"},
    {1, "ainda|continuo|sigo ?estou|to ?aqui esperando|aguardando"},
    {1, "nao resolve|adianta|ajuda|serve|resolvem ?pra ?para ?de nada"},
    {1, "chega|basta de desculpa|desculpas|enrolacao|mentira|mentiras|promessa|promessas|excusas|promesas"},
    {1, "que|e ?um|uma palhacada|sacanagem|descaso|enrolacao|absurdo|bagunca|desrespeito"},
    {1, "ta|tao|esta|estao|ser|estar ?de brincadeira|sacanagem|zoacao|brincando"},
    {1, "cuanto|quanto ?tiempo|tempo mas|mais ?voy|vou|tengo|tenho|hay ?a|que|de esperar|aguardar"},
    /* English */
    {1, "still|been|keep|kept ?here ?been waiting|asking|calling|emailing|chasing"},
    {1, "waiting|waited ?on ?hold ?here ?for ?over|more|almost|like|about ?than ?a|an|<n> ?whole|full <time>"},
    {1, "third|fourth|fifth|nth|hundredth|3rd|4th|10th time ?ive|i|im|this|you|that|has|its ?have|had|ve|keep <tell>|happened|happens|asking|telling|calling|writing|wrong|late"},
    {1, "stop repeating|saying|asking|telling|lying|ignoring|wasting"},
    {1, "how many ?more times ?do|must|will|have|did i|we ?have|need ?to <telling>"},
    {1, "how much longer|more do|does|must|will ?i|it|we ?have"},
    {.8, "same * again"},
    {.8, "again ?with ?the ?this <same>"},
    {.8, "not again"},
    {1, "are|r you|u ?guys ?even ?freaking kidding|serious|joking|deaf|listening"},
    {.8, "tired|sick|done|enough ?and|of ?tired|sick of waiting|asking|this|your|you|calling|being|repeating|excuses"},
    {1, "getting|this|thats|its|so|is|im ?really|so|very|pretty|getting|just|beyond annoyed|annoying|frustrating|frustrated|ridiculous|unacceptable|impatient"},
    {1, "useless|dumb|stupid|terrible|idiotic|annoying|horrible <bot>"},
    {1, "<bot> is|isnt|es|e|no|nao ?so ?un|una|um|uma ?muy ?tan useless|dumb|stupid|inutil|tonto|idiota|burro|sirve|entiende|ayuda|resuelve|resolve|entende|serve|helping"},
};

static const rlc_pattern scorn[] = {
    {-1, "no|nao|not|nunca|never|ni ?estoy|ando|estou|to|im|am ?muy|re|tan|so|very|that|really <furious>"},
    {1, "<shop> ?de|of|es|son|e|sao|is|are ?such ?un|una|uma|um|a ?puro|pura|total|complete|absolute <filth>|<farce>"},
    {1, "<filth>|shitty|crappy ?de <shop>"},
    {1, "son|are|sao|eres|sos ?you ?all ?unos|una|un|uma|uns|a|an|such|pura ?verdadera|absolute|total <farce>"},
    {1, "son|sois|sos|eres|sao|are|youre|vcs|voces ?all ?un|unos|una|unas|um|uns|uma|a|such|so|muy|tan ?bunch ?of <wretch>"},
    {1, "estoy|toy|ando|im|am|i|estou|to|tou|fiquei|fico|quede|estamos|feel ?muy|re|tan|super|so|very|muito|bem|really|absolutely|totalmente|realmente|mega <furious>"},
    {1, "me|nos tienen|tiene|tenes|tienes|teneis|traen|hicieron ?ya ?super ?tan|muy|re harto|harta|hartos|hartas|podrido|podrida|enojado|enojada|furioso|furiosa|cabreado|cabreada"},
    {1, "hasta ?ya las|la|los|el narices|huevos|cojones|pelotas|coronilla|gorro|verga|ovarios|pito|tetas|madre"},
    {1, "absolutely|totally|completely|beyond|so disgusted|disgusting|furious|unacceptable|appalling|appalled|pathetic|livid"},
    {1, "worst|peor|pior ?ever <shop>|experience|experiencia|compra|purchase"},
    {1, "so|totally|completely ?fucking done|finished with"},
    {1, "done|finished with you|this|these|your ?guys|shop|company|place|nonsense"},
    {1, "voy|vamos|vou ?a ?los demandar|denunciar|processar|denunciarlos|demandarlos"},
    {1, "los|les denuncio|demando"},
    {1, "going|gonna ?to sue|report you|this"},
    {1, "me|nos estan|estao|quieren|querem robando|estafando|robar|estafar|roubando|roubar"},
};

/* As facts, without anger. */
static const rlc_pattern trouble[] = {
    {-1, "nunca|never|jamais llego|llegaron|arrived|chegou ?ningun tarde|late|mal|atrasado|roto"},
    {-1, "no|nao|not|didnt|nunca|sin|sem ?me ?nos ?han|was <charge>|falto|faltaron|faltou|faltaram"},
    {1, "<charge> * doble|dobro|twice|double|demas"},
    {1, "<charge> * dos|duas|2|tres|3 veces|vezes|times"},
    {1, "dejo|dejaron|paro|parou|deixou|pararon|stopped ?de funcionar|andar|prender|servir|encender|working|charging|turning"},
    {1, "falto|faltaron|faltaba|faltaban|faltou|faltaram|faltava|missing * en|del|no|na|do|da|in|from ?<the> <parcel>"},
    {1, "falto|faltaron|faltaba|faltaban|faltou|faltaram|faltava ?<the> ?<n> ?de <parcel>|paquetes|bolsas|cajas|producto|productos|"
        "taza|tazas|unidad|unidades|kilo|produto|produtos|pacotes|cafe|pieza|piezas|caneca|xicara"},
    {1, "nunca|never|jamas|jamais ?me|nos|lo|la ?siquiera toco|tocaron|llego|llegaron|vino|vinieron|aparecio|trajeron|arrived|came|showed|chegou|veio|apareceu|"
        "entregaron|entregaram|received|recibi|recebi"},
    {1, "no|nao|havent|hasnt ?me|nos ?ha|han|he ?yet llego|llegaron|llegado|chegou|chegaram|arrived|received|recibido|recebi|recibi"},
    {1, "todavia|aun|ainda no|nao me|nos llega|llegan|chega"},
    {1, "da|tira|sale|marca|aparece|salta|deu|dando|gives|giving|getting ?me ?un|um|an|este|esse ?de error|erro"},
    {1, "no|nao|doesnt|didnt|isnt|not ?me|nos ?esta funciona|funciono|anda|funcionou|prende|work|working"},
    {1, "no|nao ?me|nos deja|permite|deixa pagar|comprar|entrar"},
    {1, "no|nao ?me ?nos quede|quedamos|fiquei conforme|satisfecho|satisfecha|contento|contenta|satisfeito|satisfeita|contente|feliz"},
    {1, "tastes|tasted|smells|smelled|sabe|sabia|huele ?a ?like ?de ?muy burnt|burned|quemado|rancio|stale|bad|off|feo|queimado|ruim|horrible|awful|mal"},
    {1, "llego|llegaron|llegado|vino|vinieron|venia|venian|veio|vieram|chegou|chegaram|arrived|came ?todo ?toda ?tudo ?muy ?muito ?mi ?meu ?ya ?ja "
        "<ill>|abierto|abierta|abiertos|aberto|aberta|open|damaged|incompleto|incompleta|sucio|sucia|rasgado|rasgada|stale|frio|fria|cold"},
    {1, "<parcel>|producto|produto|cafe|coffee|taza|color|item|size equivocado|equivocada|errado|errada|incorrecto|incorrecta|vencido|vencida"},
};

#define GROUP(patterns) {patterns, sizeof(patterns) / sizeof *(patterns)}

const rlc_pattern_table rlc_tone_table = {
    .groups = {[RLC_IRONIC] = GROUP(ironic), [RLC_IMPATIENT] = GROUP(impatient), [RLC_SCORN] = GROUP(scorn), [RLC_TROUBLE] = GROUP(trouble)},
    .n_groups = RLC_TONES,
    .classes = classes,
    .n_classes = sizeof classes / sizeof *classes,
    .barred = "pero|but|aunque|though|porem|contudo|si|if|cuando|quando|gracias|thanks|obrigado|obrigada", /* "genial, PERO llegó roto" is both */
    .near_min = SIZE_MAX, /* "pedido" is near "perdido" */
};
