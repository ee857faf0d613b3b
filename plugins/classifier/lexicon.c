/* SPDX-License-Identifier: Apache-2.0 */
/* Mood words of customers in Latin America, Brazil and English; insults included, because they are what must
 * be seen. */
#include "lexicon.h"

/* clang-format off */
const rlc_words rlc_mood_words[] = {
    /* Spanish */
    {RLC_ES, 3, 0,
     "excelente excelentes genial buenisimo buenisima maravilloso maravillosa increible fantastico "
     "fantastica perfecto perfecta espectacular delicioso deliciosa riquisimo encanta encanto "
     "encantado encantada amo feliz felices hermoso hermosa bendiciones felicidades felicitaciones "
     "enamorada fascino fascina fascinado fascinada riquisima delicia joya impecable insuperable chingon chingona padrisimo padrisima bacan guay "
     "estupendo estupenda exquisito exquisita adore"},
    {RLC_ES, 2, 0,
     "gracias buen bueno buena buenos buenas bien mejor rico rica gusta gusto contento contenta amable "
     "amables rapido rapidisimo agradezco agradecido agradecida lindo linda bonito bonita chevere "
     "bacano padre chido copado barbaro satisfecho satisfecha recomiendo recomendado puntual alegria "
     "divertido exito rapidos rapidas encantador encantadora simpatico simpatica eficiente eficientes sabroso sabrosa"},
    {RLC_ES, 1, 0,
     "ok dale listo claro vale facil util correcto entiendo tranquilo ojala aprovecho interesa jaja "
     "jajaja"},
    {RLC_ES, -1, 0,
     "tarda tardan demora problema problemas error espera esperando todavia falta lento lenta "
     "caro cara dificil "
     "tarde triste pena cansado cansada preocupa preocupado preocupada confundido raro lastima"},
    {RLC_ES, -2, 0,
     "roto rota rotos rotas quebrado danado danada defectuoso defectuosa "
     "perdido perdida demorado retraso equivocado equivocada incompleto vencido "
     "falla fallo queja reclamo molestia decepcionado decepcionada decepcion decepciono feo fea "
     "frio podrido manchado mojado rompio rompieron rancio aguado estropeado estropeada averiado descompuesto descompuesta insipido aburrido sucio llorar lloro duele"},
    {RLC_ES, -2, 1,
     "mal malo mala malos malas molesto molesta odio peor injusto incumplen incumplieron nefasto "
     "frustrado frustrada frustrante inconcebible insolito decepcionante impuntuales lentisimo lentisimos chafa gacho cutre "
     "deficiente descaro cinismo mediocre"},
    {RLC_ES, -3, 2,
     "pesimo pesima pesimos pesimas horrible horribles terrible terribles desastre verguenza "
     "indignante inaceptable harto harta hartos hartas fatal enojado enojada furioso furiosa mentira "
     "mentiras mentirosos asco asqueroso asquerosa enganaron engano burla porqueria lamentable "
     "ineptos inepto incompetentes inutiles inutil irresponsables caradura caraduras abuso basura "
     "denuncia denunciar demanda demandar profeco indecopi rabia bronca coraje inadmisible intolerable impresentable impresentables "
     "ridiculo ridicula ridiculos chapuza chapuceros timo timadores infame nefastos garcha cagada cagaron sinverguenceria"},
    {RLC_ES, -4, 4,
     "estafa estafaron estafadores estafador robo robaron ladrones ladron rateros ratas mierda puta "
     "putas puto carajo pinche pinches pendejo pendejos cabron cabrones chingada chingar hijueputa "
     "hijueputas hdp malparidos gonorrea idiota idiotas imbecil imbeciles estupido estupidos "
     "estupida sinverguenza sinverguenzas chantas delincuentes gonorreas carechimba culiao culiaos culiado culiados qliao conchetumare ctm ojete ojetes huevon huevones garca garcas boludo boludos pelotudo pelotudos forros maricones culeros verga joder gilipollas cono"},
    /* Portuguese */
    {RLC_PT, 3, 0,
     "excelente excelentes otimo otima maravilhoso maravilhosa incrivel fantastico perfeito perfeita "
     "maravilha sensacional impecavel delicia perfeicao apaixonado apaixonada arrasou arrasaram delicioso deliciosa amei adorei adoro amo feliz lindo linda parabens top"},
    {RLC_PT, 2, 0,
     "obrigado obrigada brigado brigada valeu vlw bom boa bons boas bem melhor gostei gosto gostoso "
     "gostosa contente rapido rapida agradeco recomendo satisfeito satisfeita legal bacana massa "
     "show alegria sorte bonito bonita rapidinho rapidos simpatico simpatica atencioso atenciosa caprichado"},
    {RLC_PT, 1, 0,
     "ok claro beleza blz facil util certo entendi tranquilo tomara haha rsrs"},
    {RLC_PT, -1, 0,
     "demora problema problemas erro espera esperando ainda falta lento lenta caro cara dificil "
     "triste pena saudade cansado cansada preocupado preocupada confuso estranho"},
    {RLC_PT, -2, 0,
     "quebrado quebrada quebrou danificado defeito perdido atraso atrasado atrasada "
     "demorou errado errada incompleto vencido estragado estragada azedo extraviado extraviada falha falhou reclamacao "
     "decepcionado decepcionada decepcao feio frio podre molhado chorar "
     "chorando doi sujo"},
    {RLC_PT, -2, 1,
     "mal ruim ruins chateado chateada chato chata odeio pior absurdo descaso frustrado frustrada frustrante"},
    {RLC_PT, -3, 2,
     "pessimo pessima horrivel horriveis terrivel desastre vergonha inaceptavel inaceitavel farto "
     "farta puto puta irritado irritada furioso mentira mentirosos nojo nojento enganaram palhacada "
     "lamentavel pqp raiva odio revoltante inadmissivel intoleravel picaretagem sacanagem desrespeito patetico incompetente incompetentes inutil lixo procon processar ridiculo ridicula"},
    {RLC_PT, -4, 4,
     "golpe golpista golpistas caloteiros caloteiro vsf vtnc roubo roubaram ladroes ladrao merda porra caralho bosta fdp arrombado cuzao "
     "otario otarios safados picaretas idiota idiotas imbecil imbecis estupido burro burros desgraca desgracado"},
    /* English */
    {RLC_EN, 3, 0,
     "excellent awesome amazing wonderful fantastic perfect great love loved loves best delicious "
     "brilliant superb outstanding stellar heavenly lifesaver flawless perfection thrilled delightful yummy fabulous happy beautiful excited congratulations happier"},
    {RLC_EN, 2, 0,
     "thanks thank thx good nice better glad pleased helpful fast enjoy enjoyed like liked "
     "appreciate recommend satisfied fun cool win lucky sweet cute lovely tasty impressed delighted"},
    {RLC_EN, 1, 0,
     "ok okay sure fine easy quick useful correct understood hope interested lol haha"},
    {RLC_EN, -1, 0,
     "problem problems issue error waiting missing slow expensive difficult hard sad tired "
     "worried confused weird miss alone"},
    {RLC_EN, -2, 0,
     "broken damaged defective lost late delay delayed wrong incomplete expired spoiled stale faulty soggy mouldy moldy failed fail "
     "fails complaint disappointed disappointing ugly cold dirty hurt cry crying stuck sick dead die"},
    {RLC_EN, -2, 1,
     "bad rude unprofessional sucks annoyed annoying hate worse upset unfair frustrated frustrating"},
    {RLC_EN, -3, 2,
     "outrageous appalling atrocious disgraceful shameful shambles livid awful terrible horrible worst disaster shame unacceptable angry furious mad lie lies liars "
     "lied disgusting useless incompetent ridiculous pathetic garbage trash sue lawyer joke fed"},
    {RLC_EN, -4, 4,
     "scam scammers scammed crooks theft stealing fraud stole stolen thieves thief shit bullshit fuck fucking fucked damn "
     "asshole assholes ffs ripoff idiot idiots stupid moron morons bitch bastards crap wtf"},
    /* Emoji */
    {RLC_ALL, 3, 0,
     "😍 🥰 🤩 ❤ 💕 💖 😘 🎉 🥳 👏 💯 🙌 💙 💜 🧡 💛 💚 😻"},
    {RLC_ALL, 2, 0,
     "😊 🙂 😀 😃 😄 😁 😆 ☺ 👍 🙏 😉 😎 👌 ✨ 🤗 😋 😂 🤣 😛"},
    {RLC_ALL, -2, 0,
     "🙁 ☹ 😕 😟 😢 😞 😔 😓 😥 😩 😫 🥺 😰 😣 😖 💔 👎 😒 🙄 😬"},
    {RLC_ALL, -3, 1,
     "😭 😱 🤮 🤢"},
    {RLC_ALL, -3, 3,
     "😤 😠 😡 🤬 👿 🖕 💩 🔪"},
};

const rlc_words rlc_mood_phrases[] = {
    {RLC_ES, -3, 3,
     "nadie me contesta,nadie contesta,nadie me responde,nadie responde,no me contestan,no contestan,"
     "no responden,no me responden,nadie me ayuda,me tienen harto,me tienen harta,estoy harto,"
     "estoy harta,ya me canse,me canse de,es una burla,me estan viendo la cara,una falta de respeto,"
     "falta de respeto,que verguenza,los voy a demandar,voy a denunciar,"
     "devuelvanme mi dinero,devuelvanme la plata,me robaron,no sirven para nada,"
     "quien se hace cargo,no vuelvo a comprar,nunca mas,jamas vuelvo"},
    {RLC_ES, -4, 4,
     "la concha de tu madre,concha de tu madre,concha tu madre,la concha de tu hermana,la concha de la lora,"
     "chinga tu madre,chinguen a su madre,vete a la chingada,vayanse a la chingada,hijos de puta,hijo de puta,la puta que los pario,"
     "hijos de la chingada,hijos de su,hijo de su,no tienen madre,que poca madre,vayanse al diablo,vete al diablo,vete al carajo,andate a la mierda"},
    {RLC_ES, -2, 0,
     "no sirve,no funciona,no anda,no llega,no ha llegado,no llego,no llegado,no me llego,no me ha llegado,"
     "llego tarde,no me gusta,no me gusto,no estoy conforme"},
    {RLC_ES, -2, 1,
     "sin respuesta,mal servicio,mala atencion,no entiendes,no me entiendes,no es lo que,"
     "gracias por nada,muchas gracias por nada,mil gracias por nada,que bonito servicio,menudo servicio,eso no es lo que pregunte,no pregunte eso,"
     "no tiene sentido,no tienen verguenza,sin verguenza"},
    {RLC_ES, 2, 0,
     "muchas gracias,mil gracias,te pasaste,se pasaron,se pasan de,antes de tiempo,antes de lo esperado,mejor imposible,de diez,me salvaste,me alegro,no esta mal,no estan mal,no estuvo mal,"
     "no veo la hora,nada mal,no es malo,no es mala,no son malos,no son malas,no me quejo,nunca falla,nunca fallan,nunca me fallan,no fallan,nunca decepcionan,nunca defraudan,nunca llego tarde,nunca llegan tarde,no llego tarde,no me puedo quejar,no puedo quejarme,"
     "ninguna queja,sin quejas,sin ninguna queja,no tengo quejas,no tengo queja,sin problemas,sin ningun problema"},
    {RLC_ES, 3, 0,
     "de puta madre,a toda madre,que chimba,una chimba,una chulada,lo maximo,es la raja,son la raja,de lujo"},
    {RLC_ES, 0, 0,
     "buenos dias,buenas tardes,buenas noches,buen dia,buenas,que tal,mas bien,o bien,si bien,"
     "sin duda,sin dudas,sin duda alguna,esta bien,esta tarde,mas tarde,por la tarde,en la tarde,a la tarde,de la tarde,no gracias,sin problema,ningun problema,"
     "nada mas,es todo,era todo,eso es todo,eso era todo,eso seria todo,"
     "disculpe la molestia,disculpa la molestia,disculpen la molestia,perdon por la molestia,perdon la molestia,hace mal,lo mas rapido,"
     "no sabes lo,no saben lo,no sabe lo,no te imaginas lo,no se imaginan lo"},
    {RLC_PT, -3, 3,
     "ninguem me responde,ninguem responde,ninguem me atende,nao me respondem,nao respondem,"
     "estou cansado de,estou cansada de,de saco cheio,falta de respeito,que vergonha,vou processar,"
     "vou no procon,quero meu dinheiro,me roubaram,nao servem pra nada,"
     "nunca mais compro,nunca mais"},
    {RLC_PT, -4, 4,
     "filho da puta,filhos da puta,filha da puta,vai a merda,vao a merda,tomar no cu,tomar no seu cu,tomar no meio do cu,vai se foder,vai se fuder,va se foder,vai pro inferno"},
    {RLC_PT, -2, 0,
     "nao funciona,nao serve,nao chega,nao chegou,nao recebi,chegou tarde,nao gostei"},
    {RLC_PT, -2, 1,
     "sem resposta,foda se,que se foda,"
     "obrigado por nada,obrigada por nada,muito obrigado por nada,muito obrigada por nada,nao foi isso que perguntei,belo atendimento,"
     "mau atendimento,pessimo atendimento,nao entende,nao e isso"},
    {RLC_PT, 2, 0,
     "antes do prazo,melhor impossivel,show de bola,muito obrigado,muito obrigada,nota dez,nota 10,nao esta mal,nao esta nada mal,nada mal,nao e ruim,nao e nada mau,nunca falham,nunca decepcionam,nao vejo a hora,nunca chegou tarde,nao chegou tarde,"
     "nada a reclamar,nao tenho do que reclamar,nao posso reclamar,sem reclamacoes,sem problemas"},
    {RLC_PT, 3, 0,
     "sao foda,muito foda,foda demais"},
    {RLC_PT, 0, 0,
     "bom dia,boa tarde,boa noite,tudo bem,tudo bom,esta bem,ta bom,nao obrigado,nao obrigada,sem problema,"
     "sem duvida,com certeza,faz mal,desculpa o incomodo,nada mais,so isso,era so isso"},
    {RLC_EN, -3, 3,
     "nobody answers,no one answers,nobody responds,no one is answering,nobody is answering,"
     "nobody replies,fed up,sick of,had enough,waste of time,waste of money,rip off,ripped off,"
     "i want my money back,never again,never buying,what a joke,pissed off"},
    {RLC_EN, -2, 0,
     "does not work,doesnt work,not working,not arrived,hasnt arrived,didnt arrive,never arrived,dont like,didnt like"},
    {RLC_EN, -2, 1,
     "thanks for nothing,thanks a lot for nothing,thank you for nothing,not what i asked,nice service guys,"
     "no response,no answer,bad service,poor service,makes no sense,not what i"},
    {RLC_EN, 2, 0,
     "cant get enough,could not be better,couldnt be better,hands down,top notch,spot on,ahead of schedule,five stars,thank you,thanks a lot,well done,good job,cant wait,looking forward,not bad,not too bad,not so bad,"
     "not half bad,isnt bad,wasnt bad,arent bad,cant complain,never let me down,never lets me down,never let us down,never fails,never disappoints,"
     "no complaints,no complaint,no problems,no issues,"
     "without problems,without any problems"},
    {RLC_EN, 0, 0,
     "no doubt,without a doubt,good morning,good afternoon,good evening,good night,as well,would like,id like,look like,"
     "looks like,feel like,fed ex,no thanks,no thank you,thats all,thats it,nothing else,holy shit,holy crap,holy fuck,no problem,"
     "quick question,quick one,is it bad,is it wrong,for the trouble"},
};
/* clang-format on */

const size_t rlc_n_mood_words = sizeof rlc_mood_words / sizeof *rlc_mood_words;
const size_t rlc_n_mood_phrases = sizeof rlc_mood_phrases / sizeof *rlc_mood_phrases;

const char *const rlc_negations[RLT_LANGUAGES] = {"no not nao", "no nunca jamas ni sin tampoco nada ningun ninguna",
                                                  "nao n nunca jamais nem sem nada nenhum nenhuma",
                                                  "no not never dont didnt doesnt isnt wasnt cant couldnt "
                                                  "wont wouldnt arent havent hasnt without aint neither nor"};

const char *const rlc_boosters[RLT_LANGUAGES] = {
    "", "muy super re tan demasiado bastante totalmente sumamente mas mucho mucha recontra bien",
    "muito super tao demais bastante totalmente mais mto mt",
    "very so really too totally extremely super absolutely completely more most fucking"};

const char *const rlc_turns[RLT_LANGUAGES] = {"", "pero aunque sino", "mas porem contudo",
                                              "but however though"};

const char *const rlc_conditions[RLT_LANGUAGES] = {"", "si", "se caso", "if"};

const char *const rlc_matters[RLT_LANGUAGES] = {"", "queja quejas reclamo reclamos", "reclamacao reclamacoes", "complaint complaints"};

const char *const rlc_swears[RLT_LANGUAGES] = {"", "cabron pinche carajo joder cono verga", "caralho porra foda cacete pqp", "damn fucking fuck"};

const char *const rlc_nevers[RLT_LANGUAGES] = {"", "nunca jamas", "nunca jamais", "never couldnt"};
const char *const rlc_degrees[RLT_LANGUAGES] = {"", "tan mejor mejores", "tao melhor melhores", "so such better happier"};
