/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How customers ask for a person, and what only looks like it. A pattern of negative value takes its words
 * away from the others: "¿eres humano?" asks about the bot, "no quiero hablar con nadie" wants no one.
 */
#include "lexicon.h"

static const rlc_class classes[] = {
    /* who is asked for */
    {"persona",
     "persona|personas|humano|humana|alguien|algien|asesor|asesora|asesores|agente|agentes|ejecutivo|"
     "ejecutiva|"
     "operador|operadora|representante|encargado|encargada|gerente|supervisor|supervisora|dueno|duena|jefe|"
     "responsable|vendedor|vendedora|empleado|empleada|consultor|consultora|senorita"},
    {"pessoa",
     "pessoa|pessoas|humano|humana|alguem|atendente|atendentes|agente|operador|operadora|gerente|supervisor|"
     "supervisora|responsavel|vendedor|vendedora|consultor|consultora|representante|funcionario|funcionaria|"
     "dono"},
    {"person", "person|human|humans|someone|somebody|anyone|anybody|assistant|worker|adviser|agent|agents|"
               "representative|rep|operator|manager|"
               "supervisor|advisor|staff|employee|specialist|associate"},
    {"bot", "bot|robot|robo|maquina|machine|chatbot|contestadora|automatico|automatica|automaticos|automaticas|automated"},
    {"ai", "ia|ai|gpt|chatgpt"}, /* never behind a *: "aí" and "ia" are words */
    /* what they want to do */
    {"hablar", "hablar|ablar|hablarlo|tratarlo|consultarlo|comunicarme|contactar|contactarme|chatear|conversar|platicar|charlar|hable|"
               "tratar|dialogar"},
    {"falar", "falar|flr|conversar|contatar|tratar|reclamar"},
    {"talk", "talk|speak|chat|talking|speaking|chatting"},
    {"quiero", "quiero|qiero|kiero|quisiera|necesito|nesecito|nececito|queremos|necesitamos|ocupo|prefiero|"
               "exijo|deme|dame|"
               "pasame|paseme|ponme|busco|quieroo"},
    {"quero", "quero|qro|queria|preciso|gostaria|prefiro|exijo|queremos|precisamos"},
    {"want", "want|need|wanna|prefer|demand|require|like|get|give"},
    {"pasame", "pasame|paseme|pasen|pasenme|comuniqueme|comunicame|comuniquenme|comuniquen|comunica|"
               "conectame|conecteme|"
               "transferime|transfiereme|transfiera|transfieran|transfieranme|transferir|transfieren|"
               "derivame|deriveme|derivar|pongame|ponme|"
               "mandame|mandeme|comunicas|comunicar|pasas|pasan|pasar|contacteme|contactame|contactenme"},
    {"passa", "passa|passe|passar|transfere|transfira|transferir|chama|chame|chamar|conecta|conecte|"
              "encaminha|encaminhe|ligar|liga|ligue|bota|bote|coloca|coloque"},
    {"connect", "connect|transfer|put|pass|forward|redirect|refer|escalate"},
    /* teams: a person, but of their choice */
    {"area", "ventas|venta|soporte|facturacion|cobranza|cobranzas|administracion|gerencia|area|departamento|"
             "postventa|"
             "sucursal|tienda|reclamos|quejas|contabilidad|sistemas|atencion|devoluciones|garantias|finanzas|compras|"
     "logistica|despacho|envios|humanos|rrhh|depto|sector|equipo|mayoreo|mayorista|marketing"},
    {"setor", "vendas|suporte|financeiro|comercial|setor|departamento|sac|loja|ouvidoria|gerencia|"
              "atendimento|cobranca|pessoal|equipe|time|logistica|entrega|entregas|trocas|faturamento|rh|marketing"},
    {"team", "sales|support|billing|department|team|accounting|complaints|management|returns|shipping|wholesale|finance|"
             "marketing|logistics|hr|dept"},
    {"please", "please|pls|plz|porfa|porfis|favor|pfv|pf|xfa|xfavor"},
};

static const rlc_pattern patterns[] = {
    /* what only looks like it */
    {-1, "eres|sos|usted|seras|es|son|es ?un|una|usted ?un|una ?realmente|acaso <bot>|<ai>"},
    {-1, "^ ?hola ?y ?tu ?vos eres|sos|seras ?un|una <persona>|humano|real"},
    {-1, "eres|sos|usted es|es usted ?un|una humano|humana|persona|real"},
    {-1, "hablo|hablando|chateando con ?un|una <persona> ?real|humana ?o ?un|una ?<bot>"},
    {-1, "hablo|hablando|chateando con ?un|una <bot>|<ai>"},
    {-1, "no <quiero> ?que ?me <hablar>|llamen|llame|contacten * <persona>|nadie"},
    {-1, "no hace falta|necesario * <persona>"},
    {-1, "<hablar> ?con|a ?lo con mi|mis|nuestro|nuestra jefe|gerente|dueno|supervisor|encargado|encargada"},
    {-1, "llama|llamen|llame|llamar|avisen|avisa|contacten ?a ?la|el persona|encargado|encargada|alguien que"},
    {-1, "no ?me|nos llames|llamen|llame|llamar|marquen|marques"},
    {-1, "quedaron|iban|prometieron|dijeron|quedo|iba ?en|que|a ?me|nos llamarme|llamar|llamaban|llamarian|llamarnos"},
    {-1, "no necesito|ocupo|requiero|quiero|busco ?hablar ?con ?a ?que ?me ?un|una|ningun|ninguna|el|la <persona> ,"},
    {-1, "no necesito|ocupo|requiero|quiero|busco ?hablar ?con ?a ?un|una|ningun|ninguna <persona> gracias|solo|nomas|pero|por|todavia|aun"},
    {-1, "tengo|tenia|tuve|tenemos ?una cita|reunion|turno|llamada|chat|contacto|conversacion con * <persona>"},
    {-1, "ya hable|hablo|hablamos con * <persona>"},
    {-1, "^ ?yo ?ayer|hoy|anoche|antes hable|hablamos con * <persona>"}, /* what was is told, not asked for */
    {-1, "ayer|anoche|antes|recien|yo|lunes|martes|miercoles|jueves|viernes|sabado|domingo hable|hablamos con * <persona>"},
    {-1, "el|la|mi|ese|esa|su <persona> ?ya ?no me|nos va|iba|dijo|llamo|aviso|confirmo|quedo|mando|prometio"},
    {-1, "como se llama|llamaba ?el|la ?otra <persona>"},
    {-1, "nombre|telefono|correo de|del ?el|la <persona> que|de"},
    {-1, "me|nos atendio|atendieron|ayudo|ayudaron|respondio|contesto * <persona>"},
    {-1, "<persona> de referencia|contacto|confianza|emergencia"},
    {-1, "por ?cada persona|personas"},
    {-1, "para|tipo|cada|1|2|3|4|5|6|7|8|9|10 ?de ?una|la ?otra persona|personas"},
    {-1, "voce|vc|voces|tu ?e|es ?um|uma <bot>|humano|humana|pessoa|real $"},
    {-1, "voce|vc ?e|eh|es um|uma <bot>|humano|humana|pessoa"},
    {-1, "e|eh ?um|uma <bot>|<ai>"},
    {-1, "falando|conversando com ?um|uma <pessoa>|<bot>"},
    {-1, "nao <quero>|preciso ?mais <falar> com ?um|uma|o|a|nenhum|nenhuma ?outro|outra <pessoa>|ninguem"},
    {-1, "falei|falamos com * <pessoa>"},
    {-1, "nao ?me|nos liga|ligue|liguem|ligar"},
    {-1, "nao preciso|precisa|quero ?de|chamar|mais ?um|uma|nenhum|nenhuma ?o <pessoa>|ninguem"},
    {-1, "tenho|tinha|temos ?uma ?um reuniao|horario|consulta com * <pessoa>"},
    {-1, "me|nos atendeu|ajudou|respondeu * <pessoa>"},
    {-1, "<pessoa> de referencia|contato|confianca|emergencia"},
    {-1, "are|r you|u ?a|an ?real|actual|actually <bot>|<ai>|human|person|real|someone"},
    {-1, "is this|it|that ?a|an ?real|actual|some <bot>|<ai>|human|person|someone"},
    {-1, "am i <talk>|talking|chatting to|with * <bot>|<person>"},
    {-1, "dont|no|not want|need ?to <talk> to|with * <person>"},
    {-1, "talked|spoke|spoken|chatted ?already to|with * <person>"},
    {-1, "dont|no|not ?need|want ?need to|for|a|an|the ?get|call ?a|an <person>"},
    {-1, "have|had|got ?a|an appointment|meeting|call with * <person>"},
    {-1, "do|does|will|would you|i|we|it|they ?still need|require * <person>"},
    {-1, "for|per ?a|one|two|1|2|3|4 person|people"},
    {-1, "no|dont|not need|want ?you ?to call ?me"},
    {-1, "talk|speak|check|talking|speaking to|with my|our manager|supervisor|staff|employee"},
    /* Spanish */
    {1, "<hablar> ?directamente|ya|ahora|mejor|esto|eso|algo con * <persona>"},
    {1, "<pasame> ?ya|por ?favor con|a|al * <persona>"},
    {1, "<quiero> ?hablar ?ya|a|con ?una|un|la|el|al|algun|otro|otra ?asesor <persona>"},
    {1, "<quiero> ?que * atienda|conteste|responda|ayude|llame|contacte * <persona>"},
    {1, "atienda|atiende|conteste|responda|ayude|llame|atender|atendido|contacte|llamar ?por ?me ?mi * "
        "<persona>"},
    {1, "persona real|humana|verdadera"},
    {1, "persona de verdad|carne"},
    {.9, "<persona> ?mas ?que ?me|nos ?puede|pueda|podria|va ?a "
         "atender|atenderme|ayudar|ayudarme|atienda|ayude|conteste|contestar|responder|responda"},
    {.9, "hay|habra|esta|estan|tienen ?un|una|algun|alguna ?por|disponible <persona> "
         "?ahi|disponible|real|humano|que|en"},
    {.9, "hay alguna|algun <persona> $"},
    {1, "alguien ?mas ?de|del ?el|la|su ?equipo|tienda|ustedes|local ?me|nos ?puede|podria ?me escribirme|escribir|escriba|llamarme|llamar|contactarme|responderme|atenderme|ayudarme"},
    {1, "<quiero> ?la|una ?mas ayuda|atencion|soporte|asistencia|asesoria|apoyo ?de|con|por ?parte|un|una|el|la ?de ?un|una|el|la <persona>"},
    {1, "me|nos ?puede|pueden|podria|podrian|puedes|podes ayudar|atender|llamar|escribir|responder|contestar|orientar|asesorar ?por|aqui ?favor ?un|una|el|la|algun|alguna <persona>"},
    {1, "puede|pueden|podria|podrian|puedes ayudarme|atenderme|llamarme|escribirme|responderme|orientarme|asesorarme ?por ?favor ?un|una|el|la|algun|alguna <persona>"},
    {1, "que ?me|nos escriba|hable|oriente|asesore|ayude|marque ?por ?favor ?un|una|el|la|algun|alguna <persona>"},
    {1, "en contacto con * <persona>"},
    {1, "atendido|atendida|atendidos por ?un|una|el|la <persona>"},
    {.9, "contacto|chat|llamada ?directo|directa|en ?vivo con ?un|una|el|la|algun|alguna <persona>"},
    {.9, "contactar ?a ?un|una|el|la|algun|alguna <persona>"},
    {.9, "manda|manden|llama|llamen|trae|busca|busquen ?me a ?un|una|el|la|tu|su|algun|alguna <persona>"},
    {.9, "^ ?necesito|quiero que venga|vengan|aparezca ?un|una|el|la|algun <persona>"},
    {.9, "mejor ?con un|una <persona> ,"},
    {1, "<quiero> que ?un|una|algun|alguna <persona> ?me ?nos ?lo revise|vea|llame|ayude|atienda|hable|resuelva|explique|contacte|responda|conteste|llamara"},
    {.9, "<hablar> con quien|quienes"},
    {.9, "<pasame>|das|dan|den|dame|deme ?el|un contacto|numero|telefono|whatsapp|celular de|del * <persona>"},
    {.7, "<pasame>|das|dan|den|dame|deme ?el|un contacto|numero|telefono|whatsapp|celular de|del * <area>"},
    {.9, "con quien|quienes ?se puedo|puede|podria|debo|podemos|tengo|podemos ?que <hablar>"},
    {.9, "me|nos ?puede|pueden|puedes|podes|podeis|podria|podrian "
         "comunicar|pasar|poner|transferir|contactar|derivar|conectar|comunicas|pasas con|a|al"},
    {.9, "no quiero|quisiera ?seguir|mas * <bot>"},
    {.9, "no quiero|quisiera ?seguir <hablar>|hablando ?mas contigo|vos"},
    {.9, "odio|basta|harto|harta|cansado|cansada ?de * <bot>"},
    {.9, "^ ?con|a ?un|una|el|la <persona> ?humano|humana|real ?por ?favor|porfa|porfavor|ya|urgente $"},
    {.9, "atencion humana|personal|personalizada"},
    {.7, "<hablar> con|a * <area>"},
    {.7, "<pasame> con|a|al * <area>"},
    {.7, "^ ?hola con|al|a ?la|el|los area|departamento|depto|sector|equipo|gerencia"},
    {.7, "<hablar> con ustedes|vos|usted|el|ella|ellos|ellas"},
    {.6, "^ ?quiero ?necesito ?quisiera hablar|llamar|llamarlos $"},
    {.6, "llamen|llamenme|llameme|llamame|marquenme|marcame"},
    {.6, "^ ?hola atencion al cliente ?por ?favor $"},
    /* Portuguese */
    {1, "<falar> ?direto|agora|logo com * <pessoa>"},
    {1, "?me <passa> ?pra|para|com|o|a|um|uma * <pessoa>"},
    {1, "<quero> ?de|falar|com|um|uma|o|a ?um|uma|o|a ?outro|outra <pessoa>"},
    {1, "<pessoa> de verdade|carne"},
    {1, "pessoa real|humana"},
    {.9, "<pessoa> ?mais ?que|pode|possa|vai|para|pra ?me ?possa|pode ?me "
         "ajudar|atender|ajude|atenda|responda|responder"},
    {.9, "tem|ha|existe ?algum|alguma|um|uma <pessoa> ?ai|disponivel|que"},
    {.9, "nao quero|queria ?falar ?mais * <bot>"},
    {.9, "nao quero|queria ?mais <falar> ?mais com voce|vc|vcs"},
    {.9, "^ ?com ?um|uma|o|a <pessoa> ?humano|humana|real ?por ?favor|pfv|agora $"},
    {.9, "atendimento humano|pessoal"},
    {1, "<quero> que ?um|uma <pessoa> ?da|do ?sua|equipe|time ?me ligue|ligasse|ajude|atenda|responda|veja|explique|resolva"},
    {.9, "<passa>|manda|da|dar ?me ?o|um contato|numero|telefone de|do|da * <pessoa>"},
    {.7, "<passa>|manda|da|dar ?me ?o|um contato|numero|telefone de|do|da * <setor>"},
    {1, "alguem ?mais ?da|do|de ?sua ?equipe|loja|time|voces ?pode|poderia|consegue ?me ?por escrever|responder|ligar|chamar|contatar|atender|ajudar"},
    {1, "<quero> ?de ?a|mais ajuda|atendimento|suporte|apoio de|com|por ?um|uma|o|a|algum <pessoa>"},
    {1, "em contato com * <pessoa>"},
    {1, "atendido|atendida por ?um|uma|o|a <pessoa>"},
    {1, "<pessoa> ?da|do ?loja|equipe me ligar|chamar|ligue|chame|responder|escrever|atender"},
    {.8, "cade ?o|a|um|uma <pessoa> ,"},
    {.9, "com quem ?eu posso|devo|podemos|tenho|consigo ?que ?de <falar>"},
    {.9, "quero|queria|prefiro|preciso ?de ?falar ?com gente ?de ?verdade ,"},
    {.7, "<falar> com * <setor>"},
    {.7, "<passa> pro|pra|para|ao|com ?o|a * <setor>"},
    {.7, "<falar> com voces|vcs"},
    {.6, "me liga|ligue|liguem"},
    /* English */
    {1, "<talk> ?directly to|with|2 * <person>"},
    {1, "contact|contacting|reach|reaching|get|getting ?in ?touch|hold ?with|of ?a|an|the|your|some|any "
        "?other|human <person>"},
    {1, "<connect> ?me|us ?through to|with * <person>"},
    {1, "<want> ?to|a|an|the|some|me ?talk|speak|a|an|real|live ?to|real|live|human <person> "
        "?agent|being|please"},
    {1, "real|live|actual|human person|human|agent|representative|rep|being|operator"},
    {.9, "<person> ?else ?who|to|that ?can|could|please ?to ?please help|assist|call|contact ?me|us"},
    {.9,
     "can|could|will|would|may|have * <person> ?please|from|on|there help|call|contact|assist|talk|speak"},
    {.9, "is there anyone|anybody|someone|somebody ?there|here ?who|that|to|i"},
    {.9, "is anyone|anybody|someone|somebody there|here"},
    {.9, "can|could|may someone|somebody|anyone|anybody else"},
    {.9, "dont|not want ?to <talk> to|with you|u"},
    {.9, "no more <bot>"},
    {.9, "stop ?with|sending ?me ?the|these|this|your automated|bot|robot|ai|chatbot"},
    {.9, "dont|not want|need|like ?to|talk|a|an ?talk|speak ?to|with ?a|an <bot>|<ai>"},
    {.9, "^ ?a|an|the ?live|real ?customer ?human|service|support|care <person> ?<please>|now $"},
    {1, "in touch with * <person>"},
    {1, "help|assistance|support ?please from ?a|an|the|your|some|one ?of ?your <person>"},
    {1, "deal|dealing ?directly with ?a|an|the|your ?real <person>"},
    {.9, "is|are there ?a|an|any ?real|live ?other <person> available|around|online|who|that|to|i|free"},
    {1, "ask|tell|have|get ?a|an|the|your <person> ?from|in ?the|your ?shop|store|team to message|call|contact|write|text|help|email"},
    {1, "can|could|may|have|please|would <person> from the|your shop|store|team|staff ?please help|call|contact|assist|message|write|get"},
    {.9, "call|get|bring|find ?me ?in a|an|the|your|some <person> ?over for me"},
    {1, "callback|call ?back from|with ?a|an|the|your|one ?of <person>"},
    {1, "can|could|may i|we ?please have|get|see ?a|an|the|your ?real|live person|human|agent|representative|rep|manager|supervisor|operator"},
    {.9, "who can|should|could|do|may|must i|we <talk>|contact ?to|with"},
    {.8, "^ ?i ?want|need ?to ?talk|speak|contact ?to|with customer service|care|support|representative "
         "?please|now $"},
    {.7, "<talk>|contact to|with|the * <team>"},
    {.7, "contact|reach|call|get ?me|us ?through ?to ?hold|of|someone ?from ?in the|your * <team>"},
    {.7, "<connect> me|us ?through to|with ?the * <team>"},
    {.7, "<talk> to|with you|u guys|people"},
    {.6, "call me ?back"},
};

const rlc_pattern_table rlc_request_table = {.groups = {{patterns, sizeof patterns / sizeof *patterns}},
                                             .n_groups = 1,
                                             .classes = classes,
                                             .n_classes = sizeof classes / sizeof *classes,
                                             .barred = "para|por|for|pra", /* "quiero una mesa PARA una persona" */
                                             .near_min = 6};
