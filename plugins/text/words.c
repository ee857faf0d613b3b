/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that tell es, pt and en apart, and those that say nothing about a subject. Folded, sorted by
 * bytes (a test checks it): one binary search answers both questions.
 */
#include "words.h"

#include <endian.h>
#include <string.h>

#define ES (1u << RLT_ES)
#define PT (1u << RLT_PT)
#define EN (1u << RLT_EN)

/* The word; the languages it is evidence of; the languages in which it is a stop word. Folded, many a word is one of two languages ("entendí" and
   "entendi", "será", "somos"): it is evidence of both where it is no more than five times as frequent in one, unless customers write it in one alone ("quebrado"). */
/* clang-format off */
const rlt_word_entry rlt_words[] = {
    {"a", ES|PT|EN, ES|PT|EN}, {"aberto", PT, 0}, {"abierto", ES, 0}, {"about", EN, EN}, {"above", EN, EN},
    {"abre", ES|PT, 0}, {"abrem", PT, 0}, {"abren", ES, 0}, {"aca", ES, ES}, {"account", EN, 0},
    {"address", EN, 0}, {"adios", ES, 0}, {"adoro", PT, 0}, {"after", EN, EN}, {"afternoon", EN, 0},
    {"again", EN, EN}, {"agent", EN, 0}, {"agente", ES|PT, 0}, {"agora", PT, PT}, {"ahi", ES, ES},
    {"ahora", ES, ES}, {"ahorita", ES, 0}, {"ai", PT, PT}, {"ainda", PT, PT}, {"ajuda", PT, 0},
    {"ajudar", PT, 0}, {"al", ES, ES}, {"algo", ES|PT, ES|PT}, {"alguem", PT, PT}, {"alguien", ES, ES},
    {"algum", PT, PT}, {"alguma", PT, PT}, {"algun", ES, ES}, {"alguna", ES, ES}, {"ali", PT, PT},
    {"all", EN, EN}, {"alla", ES, ES}, {"alli", ES, ES}, {"also", EN, EN}, {"always", EN, 0},
    {"am", EN, EN}, {"amanha", PT, 0}, {"amo", ES|PT, 0}, {"amor", ES|PT, 0}, {"an", EN, EN}, {"and", EN, EN},
    {"ano", ES|PT, 0}, {"anos", ES|PT, 0}, {"answer", EN, 0}, {"answers", EN, 0}, {"ante", ES, ES},
    {"antes", ES|PT, ES}, {"any", EN, EN}, {"anyone", EN, 0}, {"ao", PT, PT}, {"aonde", PT, 0},
    {"aos", PT, PT}, {"aparte", ES, 0}, {"aqui", ES|PT, ES|PT}, {"are", EN, EN}, {"arent", EN, EN},
    {"arrive", EN, 0}, {"arrived", EN, 0}, {"arrives", EN, 0}, {"as", PT|EN, PT|EN}, {"asesor", ES, 0},
    {"asi", ES, ES}, {"at", EN, EN}, {"ate", PT, PT}, {"atendente", PT, 0}, {"aun", ES, ES},
    {"aunque", ES, ES}, {"awful", EN, 0}, {"ayer", ES, 0}, {"ayuda", ES, 0}, {"ayudame", ES, 0},
    {"ayudar", ES, 0}, {"bad", EN, 0}, {"bajo", ES, ES}, {"be", EN, EN}, {"because", EN, EN},
    {"been", EN, EN}, {"before", EN, EN}, {"being", EN, EN}, {"beleza", PT, 0}, {"below", EN, EN},
    {"bem", PT, 0}, {"best", EN, 0}, {"better", EN, 0}, {"between", EN, EN}, {"bien", ES, ES},
    {"blz", PT, 0}, {"boa", PT, 0}, {"boda", ES, 0}, {"boleto", ES|PT, 0}, {"bom", PT, 0}, {"bosta", ES|PT, 0},
    {"bot", EN, 0}, {"both", EN, EN}, {"bought", EN, 0}, {"box", EN, 0}, {"brasil", PT, 0},
    {"brigado", PT, 0}, {"broken", EN, 0}, {"buena", ES, 0}, {"buenas", ES, 0}, {"bueno", ES, 0},
    {"buenos", ES, 0}, {"buscar", ES|PT, 0}, {"busco", ES, 0}, {"but", EN, EN}, {"buy", EN, 0}, {"by", EN, EN},
    {"bye", EN, 0}, {"cada", ES|PT, ES|PT}, {"cade", PT, 0}, {"cafe", ES|PT, 0}, {"calle", ES, 0},
    {"cambiar", ES, 0}, {"cambio", ES, 0}, {"can", EN, EN}, {"cancel", EN, 0}, {"cancelar", ES|PT, 0},
    {"cant", EN, EN}, {"carajo", ES, 0}, {"caralho", PT, 0}, {"card", EN, 0}, {"cartao", PT, 0},
    {"casa", ES|PT, 0}, {"casamento", PT, 0}, {"cash", EN, 0}, {"change", EN, 0}, {"chao", ES, 0},
    {"chato", PT, 0}, {"chau", ES, 0}, {"che", ES, 0}, {"chega", PT, 0}, {"chegar", PT, 0},
    {"chegou", PT, 0}, {"cidade", PT, 0}, {"cierran", ES, 0}, {"city", EN, 0}, {"ciudad", ES, 0},
    {"claro", ES|PT, 0}, {"close", EN, 0}, {"closed", EN, 0}, {"closes", EN, 0}, {"coffee", EN, 0},
    {"coisa", PT, 0}, {"coisas", PT, 0}, {"com", PT, PT}, {"como", ES|PT, ES|PT}, {"company", EN, 0},
    {"compra", ES|PT, 0}, {"comprar", ES|PT, 0}, {"compre", ES|PT, 0}, {"comprei", PT, 0}, {"con", ES, ES},
    {"consulta", ES|PT, 0}, {"conta", PT, 0}, {"contesta", ES, 0}, {"contestan", ES, 0}, {"contra", ES|PT, ES},
    {"correo", ES, 0}, {"cosa", ES, 0}, {"cosas", ES, 0}, {"cost", EN, 0}, {"costs", EN, 0},
    {"could", EN, EN}, {"couldnt", EN, EN}, {"cual", ES, ES}, {"cuales", ES, ES}, {"cuando", ES, 0},
    {"cuanta", ES, ES}, {"cuantas", ES, ES}, {"cuanto", ES, ES}, {"cuantos", ES, ES}, {"cuenta", ES, 0},
    {"cuesta", ES, 0}, {"cuestan", ES, 0}, {"custa", PT, 0}, {"custam", PT, 0}, {"da", PT, PT},
    {"dale", ES, 0}, {"dame", ES, ES}, {"damn", EN, 0}, {"das", PT, PT}, {"day", EN, 0},
    {"de", ES|PT, ES|PT}, {"decime", ES, ES}, {"del", ES, ES}, {"dela", PT, PT}, {"dele", PT, PT},
    {"deles", PT, PT}, {"deliver", EN, 0}, {"delivered", EN, 0}, {"delivery", EN, 0}, {"demora", ES|PT, 0},
    {"demoram", PT, 0}, {"demoran", ES, 0}, {"depois", PT, PT}, {"desconto", PT, 0}, {"descuento", ES, 0},
    {"desculpa", PT, 0}, {"desde", ES|PT, ES}, {"deus", PT, 0}, {"devolucao", PT, 0}, {"devolucion", ES, 0},
    {"devolver", ES|PT, 0}, {"dia", ES|PT, 0}, {"dias", ES|PT, 0}, {"dice", ES, 0}, {"did", EN, EN},
    {"didnt", EN, EN}, {"diga", ES|PT, PT}, {"digame", ES, ES}, {"dijeron", ES, 0}, {"dijo", ES, 0},
    {"dime", ES, ES}, {"dinero", ES, 0}, {"dinheiro", PT, 0}, {"direccion", ES, 0}, {"discount", EN, 0},
    {"disculpa", ES, 0}, {"disculpe", ES, 0}, {"disse", PT, 0}, {"disseram", PT, 0}, {"do", PT|EN, PT|EN},
    {"does", EN, EN}, {"doesnt", EN, EN}, {"doing", EN, EN}, {"domingo", ES|PT, 0}, {"domingos", ES|PT, 0},
    {"donde", ES, 0}, {"dont", EN, EN}, {"dos", ES|PT, ES|PT}, {"down", EN, EN}, {"droga", ES|PT, 0},
    {"duda", ES, 0}, {"during", EN, EN}, {"duvida", PT, 0}, {"e", PT, PT}, {"each", EN, EN},
    {"efectivo", ES, 0}, {"el", ES, ES}, {"ela", PT, PT}, {"elas", PT, PT}, {"ele", PT, PT},
    {"eles", PT, PT}, {"ella", ES, ES}, {"ellas", ES, ES}, {"ellos", ES, ES}, {"em", PT, PT},
    {"email", EN, 0}, {"empresa", ES|PT, 0}, {"en", ES, ES}, {"encanta", ES, 0}, {"endereco", PT, 0},
    {"entao", PT, PT}, {"entendi", ES|PT, 0}, {"entiendo", ES, 0}, {"entonces", ES, ES},
    {"entre", ES|PT, ES|PT}, {"entrega", ES|PT, 0}, {"entregar", ES|PT, 0}, {"entregaram", PT, 0},
    {"entregaron", ES, 0}, {"enviam", PT, 0}, {"envian", ES, 0}, {"envio", ES|PT, 0}, {"envios", ES|PT, 0},
    {"era", ES|PT, ES|PT}, {"eram", PT, PT}, {"eran", ES, ES}, {"eres", ES, ES}, {"es", ES, ES},
    {"esa", ES, ES}, {"esas", ES, ES}, {"escritorio", ES|PT, 0}, {"ese", ES, ES}, {"eso", ES, ES},
    {"esos", ES, ES}, {"esperando", ES|PT, 0}, {"essa", PT, PT}, {"essas", PT, PT}, {"esse", PT, PT},
    {"esses", PT, PT}, {"esta", ES|PT, ES|PT}, {"estaba", ES, ES}, {"estaban", ES, ES}, {"estado", ES|PT, ES},
    {"estafa", ES, 0}, {"estamos", ES|PT, ES|PT}, {"estan", ES, ES}, {"estao", PT, PT}, {"estar", ES|PT, ES},
    {"estas", ES|PT, ES|PT}, {"estava", PT, PT}, {"este", ES|PT, ES|PT}, {"estes", ES|PT, PT},
    {"esto", ES, ES}, {"estorno", PT, 0}, {"estos", ES, ES}, {"estou", PT, PT}, {"estoy", ES, ES},
    {"eu", PT, PT}, {"evening", EN, 0}, {"event", EN, 0}, {"evento", ES|PT, 0}, {"excelente", ES|PT, 0},
    {"excellent", EN, 0}, {"exchange", EN, 0}, {"factura", ES, 0}, {"falando", PT, PT}, {"falar", PT, PT},
    {"falo", PT, PT}, {"favor", ES|PT, ES|PT}, {"faz", PT, PT}, {"fazem", PT, PT}, {"fazer", PT, PT},
    {"fecha", ES|PT, 0},
    {"fecham", PT, 0}, {"feliz", ES|PT, 0}, {"few", EN, EN}, {"fica", PT, PT}, {"ficam", PT, PT},
    {"filho", PT, 0}, {"filial", ES|PT, 0}, {"first", EN, 0}, {"foi", PT, PT}, {"for", PT|EN, PT|EN},
    {"foram", PT, PT}, {"fosse", PT, PT}, {"frete", PT, 0}, {"friday", EN, 0}, {"from", EN, EN},
    {"fuck", EN, 0}, {"fue", ES, ES}, {"fuera", ES, 0}, {"fueron", ES, ES}, {"fui", ES|PT, ES},
    {"further", EN, EN}, {"gave", EN, 0}, {"genial", ES, 0}, {"gente", ES|PT, 0}, {"get", EN, EN},
    {"give", EN, 0}, {"going", EN, 0}, {"golpe", ES|PT, 0}, {"gonna", EN, 0}, {"good", EN, 0},
    {"goodbye", EN, 0}, {"gostaria", PT, PT}, {"gostei", PT, 0}, {"got", EN, EN}, {"gracias", ES, 0},
    {"gran", ES, 0}, {"great", EN, 0}, {"ground", EN, 0}, {"guey", ES, 0}, {"gusta", ES, 0},
    {"ha", ES|PT, ES|PT}, {"haber", ES, ES}, {"habia", ES, ES}, {"hablando", ES, ES}, {"hablar", ES, ES},
    {"hablo", ES, ES}, {"hace", ES, ES},
    {"hacen", ES, ES}, {"hacer", ES, ES}, {"had", EN, EN}, {"hago", ES, 0}, {"han", ES, ES},
    {"happy", EN, 0}, {"has", ES|EN, ES|EN}, {"hasta", ES, ES}, {"hate", EN, 0}, {"have", EN, EN},
    {"havent", EN, EN}, {"having", EN, EN}, {"hay", ES, ES}, {"he", ES|EN, ES|EN}, {"hello", EN, 0},
    {"help", EN, 0}, {"hemos", ES, ES}, {"her", EN, EN}, {"here", EN, EN}, {"hers", EN, EN}, {"hey", EN, 0},
    {"hi", EN, 0}, {"hijo", ES, 0}, {"him", EN, EN}, {"his", EN, EN}, {"hoje", PT, 0}, {"hola", ES, 0},
    {"hora", ES|PT, 0}, {"horario", ES|PT, 0}, {"horas", ES|PT, 0}, {"hour", EN, 0}, {"hours", EN, 0},
    {"how", EN, EN}, {"hoy", ES, 0}, {"human", EN, 0}, {"humano", ES|PT, 0}, {"i", EN, EN}, {"id", EN, EN},
    {"if", EN, EN}, {"ill", EN, EN}, {"im", EN, EN}, {"in", EN, EN}, {"into", EN, EN}, {"invoice", EN, 0},
    {"is", EN, EN}, {"isnt", EN, EN}, {"isso", PT, PT}, {"isto", PT, PT}, {"it", EN, EN}, {"its", EN, EN},
    {"ive", EN, EN}, {"ja", PT, PT}, {"jaja", ES, 0}, {"jajaja", ES, 0}, {"jamais", PT, 0},
    {"jamas", ES, 0}, {"jueves", ES, 0}, {"just", EN, EN}, {"know", EN, EN}, {"la", ES|PT, ES|PT},
    {"las", ES, ES}, {"last", EN, 0}, {"late", EN, 0}, {"later", EN, 0}, {"le", ES, ES}, {"legal", ES|PT, 0},
    {"les", ES, ES}, {"let", EN, EN}, {"lets", EN, EN}, {"lhe", PT, PT}, {"lhes", PT, PT}, {"like", EN, 0},
    {"listo", ES, 0}, {"llega", ES, 0}, {"llegado", ES, 0}, {"llegar", ES, 0}, {"llego", ES, 0},
    {"llevo", ES, 0}, {"lo", ES, ES}, {"logo", PT, 0}, {"loja", PT, 0}, {"long", EN, 0}, {"look", EN, 0},
    {"looking", EN, 0}, {"los", ES, ES}, {"lost", EN, 0}, {"love", EN, 0}, {"luego", ES, ES},
    {"lunes", ES, 0}, {"machine", EN, 0}, {"made", EN, 0}, {"madre", ES, 0}, {"mae", PT, 0},
    {"mais", PT, PT}, {"make", EN, 0}, {"mal", ES|PT, 0}, {"mala", ES, 0}, {"malo", ES, 0},
    {"manana", ES, 0}, {"mande", ES|PT, ES}, {"manejan", ES, ES}, {"many", EN, 0}, {"maquina", ES|PT, 0}, {"martes", ES, 0},
    {"mas", ES|PT, ES|PT}, {"me", ES|PT|EN, ES|PT|EN}, {"mejor", ES, 0}, {"melhor", PT, 0},
    {"merda", PT, 0}, {"mes", ES|PT, 0}, {"mesmo", PT, PT}, {"meu", PT, PT}, {"meus", PT, PT},
    {"mi", ES, ES}, {"mia", ES|PT, ES}, {"mientras", ES, ES}, {"miercoles", ES, 0}, {"mierda", ES, 0},
    {"minha", PT, PT}, {"minhas", PT, PT}, {"minute", EN, 0}, {"minuto", ES|PT, 0}, {"mio", ES, ES},
    {"mis", ES, ES}, {"moca", PT, 0}, {"moco", ES|PT, 0}, {"moido", PT, 0}, {"mojado", ES, 0},
    {"molhado", PT, 0}, {"molido", ES, 0}, {"monday", EN, 0}, {"money", EN, 0}, {"month", EN, 0},
    {"more", EN, EN}, {"morning", EN, 0}, {"most", EN, EN}, {"much", EN, 0}, {"mucha", ES, 0},
    {"muchas", ES, 0}, {"mucho", ES, 0}, {"muchos", ES, 0}, {"muita", PT, PT}, {"muito", PT, PT},
    {"muitos", PT, 0}, {"mundo", ES|PT, 0}, {"muy", ES, ES}, {"my", EN, EN}, {"myself", EN, EN},
    {"na", PT, PT}, {"nada", ES|PT, ES|PT}, {"nadie", ES, 0}, {"nao", PT, PT}, {"nas", PT, PT},
    {"ne", PT, 0}, {"necesito", ES, ES}, {"need", EN, EN}, {"nem", PT, PT}, {"never", EN, 0},
    {"new", EN, 0}, {"ni", ES, ES}, {"night", EN, 0}, {"ninguem", PT, 0}, {"no", ES|PT|EN, ES|PT|EN},
    {"nobody", EN, 0}, {"noche", ES, 0}, {"noches", ES, 0}, {"noite", PT, 0}, {"nor", EN, EN},
    {"nos", ES|PT, ES|PT}, {"nosotros", ES, ES}, {"nossa", PT, PT}, {"nosso", PT, PT}, {"not", EN, EN},
    {"nota", ES|PT, 0}, {"nova", PT, 0}, {"novo", PT, 0}, {"now", EN, EN}, {"nuestra", ES, ES},
    {"nuestro", ES, ES}, {"nueva", ES, 0}, {"nuevo", ES, 0}, {"num", PT, PT}, {"numa", PT, PT},
    {"nunca", ES|PT, 0}, {"o", ES|PT, ES|PT}, {"obg", PT, 0}, {"obrigada", PT, 0}, {"obrigado", PT, 0},
    {"odeio", PT, 0}, {"odio", ES|PT, 0}, {"of", EN, EN}, {"oferta", ES|PT, 0}, {"off", EN, EN},
    {"office", EN, 0}, {"oficina", ES|PT, 0}, {"ofrecen", ES, ES}, {"oi", PT, 0}, {"ojala", ES, 0},
    {"okey", ES, 0}, {"ola", PT, 0}, {"old", EN, 0}, {"on", EN, EN}, {"once", EN, EN}, {"onde", PT, 0},
    {"only", EN, EN}, {"ontem", PT, 0}, {"open", EN, 0}, {"opens", EN, 0}, {"or", EN, EN}, {"orale", ES, 0},
    {"order", EN, 0}, {"orders", EN, 0}, {"os", ES|PT, ES|PT}, {"other", EN, EN}, {"otimo", PT, 0},
    {"otra", ES, ES}, {"otro", ES, ES}, {"otros", ES, ES}, {"ou", PT, PT}, {"our", EN, EN},
    {"ours", EN, EN}, {"out", EN, EN}, {"over", EN, EN}, {"own", EN, EN}, {"package", EN, 0},
    {"padre", ES|PT, 0}, {"pagamento", PT, 0}, {"pagar", ES|PT, 0}, {"pago", ES|PT, 0}, {"pai", PT, 0},
    {"para", ES|PT, ES|PT}, {"parce", ES, 0}, {"pay", EN, 0}, {"payment", EN, 0}, {"pedido", ES|PT, 0},
    {"pedidos", ES|PT, 0}, {"pela", PT, PT}, {"pelas", PT, PT}, {"pelo", PT, PT}, {"pelos", PT, PT},
    {"pendejo", ES, 0}, {"people", EN, 0}, {"peor", ES, 0}, {"perdao", PT, 0}, {"perdido", ES|PT, 0},
    {"perdon", ES, 0}, {"perfect", EN, 0}, {"perfecto", ES, 0}, {"perfeito", PT, 0}, {"pergunta", PT, 0},
    {"pero", ES, ES}, {"person", EN, 0}, {"persona", ES, 0}, {"personas", ES, 0}, {"pesimo", ES, 0},
    {"pessimo", PT, 0}, {"pessoa", PT, 0}, {"phone", EN, 0}, {"pinche", ES, 0}, {"pior", PT, 0},
    {"pix", PT, 0}, {"plata", ES, 0}, {"please", EN, EN}, {"pode", PT, PT}, {"podem", PT, PT},
    {"poderia", PT, PT}, {"podria", ES, ES}, {"podrian", ES, ES}, {"por", ES|PT, ES|PT}, {"porfa", ES, ES},
    {"porfavor", ES|PT, ES}, {"porque", ES|PT, ES|PT}, {"porra", PT, 0}, {"posso", PT, PT}, {"pra", PT, PT},
    {"prazo", PT, 0}, {"precio", ES, 0}, {"precios", ES, 0}, {"preciso", PT, PT}, {"preco", PT, 0},
    {"precos", PT, 0}, {"pregunta", ES, 0}, {"price", EN, 0}, {"prices", EN, 0}, {"primero", ES, 0},
    {"pro", ES|PT, PT}, {"procuro", PT, 0}, {"promocao", PT, 0}, {"promocion", ES, 0}, {"puede", ES, ES},
    {"pueden", ES, ES}, {"puedo", ES, ES}, {"pues", ES, ES}, {"puta", ES|PT, 0}, {"quais", PT, PT},
    {"qual", PT, PT}, {"quando", PT, 0}, {"quanta", PT, PT}, {"quantas", PT, PT}, {"quanto", PT, PT},
    {"quantos", PT, PT}, {"quarta", PT, 0}, {"que", ES|PT, ES|PT}, {"quebrada", PT, 0}, {"quebrado", PT, 0},
    {"queja", ES, 0}, {"quem", PT, PT}, {"queria", ES|PT, ES|PT}, {"quero", PT, PT}, {"question", EN, 0},
    {"quien", ES, ES}, {"quienes", ES, ES}, {"quieres", ES, ES}, {"quiero", ES, ES}, {"quinta", ES|PT, 0},
    {"quisiera", ES, ES}, {"reclamacao", PT, 0}, {"reclamo", ES, 0}, {"reembolso", ES|PT, 0},
    {"refund", EN, 0}, {"representative", EN, 0}, {"respondan", ES, 0}, {"responde", ES|PT, 0},
    {"respondem", PT, 0}, {"return", EN, 0}, {"returns", EN, 0}, {"right", EN, 0}, {"robo", ES|PT, 0},
    {"robot", EN, 0}, {"rota", ES|PT, 0}, {"roto", ES, 0}, {"rsrs", PT, 0}, {"rua", PT, 0}, {"ruim", PT, 0},
    {"sabado", ES|PT, 0}, {"saber", ES|PT, ES|PT}, {"sad", EN, 0}, {"said", EN, 0}, {"sale", EN, 0},
    {"saludos", ES, 0}, {"same", EN, EN}, {"sao", PT, PT}, {"saturday", EN, 0}, {"say", EN, 0},
    {"says", EN, 0}, {"scam", EN, 0}, {"se", ES|PT, ES|PT}, {"sea", ES, ES}, {"see", EN, 0},
    {"segun", ES, ES}, {"segunda", ES|PT, 0}, {"sell", EN, EN}, {"sells", EN, EN}, {"sem", PT, PT},
    {"semana", ES|PT, 0}, {"sempre", PT, 0}, {"senhor", PT, 0}, {"senhora", PT, 0}, {"senor", ES, 0},
    {"senora", ES, 0}, {"ser", ES|PT, ES|PT}, {"sera", ES|PT, PT}, {"seu", PT, PT}, {"seus", PT, PT},
    {"sexta", PT, 0}, {"she", EN, EN}, {"ship", EN, 0}, {"shipping", EN, 0}, {"ships", EN, 0},
    {"shit", EN, 0}, {"shop", EN, 0}, {"should", EN, EN}, {"si", ES, ES}, {"sido", ES|PT, ES},
    {"siempre", ES, 0}, {"siento", ES, 0}, {"sim", PT, PT}, {"sin", ES, ES}, {"since", EN, 0}, {"sino", ES, ES},
    {"sir", EN, 0}, {"so", PT|EN, PT|EN}, {"sobre", ES|PT, ES}, {"solo", ES, ES}, {"some", EN, EN},
    {"someone", EN, 0}, {"somos", ES|PT, PT}, {"son", ES, ES}, {"sorry", EN, 0}, {"sou", PT, PT},
    {"soy", ES, ES}, {"speak", EN, EN}, {"speaking", EN, EN}, {"still", EN, 0}, {"store", EN, 0},
    {"street", EN, 0},
    {"su", ES, ES}, {"sua", PT, PT}, {"suas", PT, PT}, {"such", EN, EN}, {"sucursal", ES, 0},
    {"sunday", EN, 0}, {"sundays", EN, 0}, {"sure", EN, 0}, {"sus", ES, ES}, {"ta", PT, 0}, {"take", EN, 0},
    {"tal", ES|PT, ES}, {"talk", EN, EN}, {"talking", EN, EN}, {"tambem", PT, PT}, {"tambien", ES, ES},
    {"tan", ES, ES},
    {"tanto", ES|PT, ES}, {"tarda", ES|PT, 0}, {"tardan", ES, 0}, {"tarde", ES|PT, 0}, {"tardes", ES, 0},
    {"tarjeta", ES, 0}, {"tarjetas", ES, 0}, {"tchau", PT, 0}, {"te", ES|PT, ES|PT}, {"telefone", PT, 0},
    {"telefono", ES, 0}, {"tell", EN, EN}, {"tem", PT, PT}, {"temos", PT, PT}, {"tempo", PT, 0},
    {"tenes", ES, ES}, {"tengo", ES, ES}, {"tenho", PT, PT}, {"ter", PT, PT}, {"terca", PT, 0},
    {"terrible", EN, 0}, {"teu", PT, PT}, {"teve", PT, PT}, {"than", EN, EN}, {"thank", EN, 0},
    {"thanks", EN, 0}, {"that", EN, EN}, {"thats", EN, EN}, {"the", EN, EN}, {"their", EN, EN},
    {"them", EN, EN}, {"then", EN, EN}, {"there", EN, EN}, {"these", EN, EN}, {"they", EN, EN},
    {"thing", EN, 0}, {"things", EN, 0}, {"this", EN, EN}, {"those", EN, EN}, {"through", EN, EN},
    {"thursday", EN, 0}, {"ti", ES|PT, ES}, {"tiempo", ES, 0}, {"tienda", ES, 0}, {"tiene", ES, ES},
    {"tienen", ES, ES}, {"tienes", ES, ES}, {"time", EN, 0}, {"tinha", PT, PT}, {"to", EN, EN},
    {"toda", ES|PT, PT}, {"todavia", ES, 0}, {"today", EN, 0}, {"todo", ES|PT, ES|PT}, {"todos", ES|PT, ES|PT},
    {"tomorrow", EN, 0}, {"too", EN, EN}, {"took", EN, 0}, {"trabajo", ES, 0}, {"trabalho", PT, 0},
    {"transfer", EN, 0}, {"transferencia", ES|PT, 0}, {"troca", PT, 0}, {"trocar", PT, 0},
    {"tu", ES|PT, ES|PT}, {"tua", PT, PT}, {"tudo", PT, PT}, {"tuesday", EN, 0}, {"tus", ES, ES},
    {"tuve", ES, ES}, {"u", EN, EN}, {"um", PT, PT}, {"uma", PT, PT}, {"umas", PT, PT}, {"un", ES, ES},
    {"una", ES, ES}, {"unas", ES, ES}, {"under", EN, EN}, {"understand", EN, 0}, {"uno", ES, ES},
    {"unos", ES, ES}, {"uns", PT, PT}, {"until", EN, EN}, {"up", EN, EN}, {"us", EN, EN}, {"usted", ES, ES},
    {"ustedes", ES, ES}, {"va", ES, ES}, {"vai", PT, PT}, {"vale", ES|PT, 0}, {"valeu", PT, 0},
    {"van", ES, ES}, {"vao", PT, PT}, {"vc", PT, PT}, {"vcs", PT, PT}, {"vende", ES|PT, ES|PT},
    {"vendem", PT, PT}, {"venden", ES, ES}, {"vendes", ES, ES}, {"ver", ES|PT, ES|PT}, {"very", EN, EN},
    {"vida", ES|PT, 0}, {"viernes", ES, 0}, {"vlw", PT, 0}, {"voce", PT, PT}, {"voces", PT, PT},
    {"vos", ES, ES}, {"vou", PT, PT}, {"voy", ES, ES}, {"waiting", EN, 0}, {"wanna", EN, 0},
    {"want", EN, EN}, {"was", EN, EN}, {"wasnt", EN, EN}, {"way", EN, 0}, {"we", EN, EN},
    {"wedding", EN, 0}, {"wednesday", EN, 0}, {"week", EN, 0}, {"well", EN, 0}, {"were", EN, EN},
    {"wet", EN, 0}, {"wey", ES, 0}, {"what", EN, EN}, {"whats", EN, EN}, {"when", EN, 0}, {"where", EN, 0},
    {"which", EN, EN}, {"while", EN, EN}, {"who", EN, EN}, {"whom", EN, EN}, {"why", EN, EN},
    {"will", EN, EN}, {"with", EN, EN}, {"wont", EN, EN}, {"work", EN, 0}, {"working", EN, 0},
    {"works", EN, 0}, {"worst", EN, 0}, {"would", EN, EN}, {"wrong", EN, 0}, {"y", ES, ES}, {"ya", ES, ES},
    {"year", EN, 0}, {"years", EN, 0}, {"yes", EN, EN}, {"yesterday", EN, 0}, {"yo", ES, ES}, {"you", EN, EN},
    {"your", EN, EN}, {"youre", EN, EN}, {"yours", EN, EN},
};
/* clang-format on */

const size_t rlt_n_words = sizeof rlt_words / sizeof *rlt_words;

typedef struct word_key {
    uint64_t high, low;
} word_key;

/* Numbers that are in the order of the bytes. */
static word_key key_of(const char bytes[RLT_WORD_BYTES])
{
    word_key key;
    memcpy(&key, bytes, sizeof key);
    return (word_key){be64toh(key.high), be64toh(key.low)};
}

static bool is_after(word_key key, const rlt_word_entry *entry)
{
    word_key other = key_of(entry->word);
    return (key.high > other.high) | ((key.high == other.high) & (key.low > other.low));
}

/* A binary search without a branch that depends on the word: the processor could not foresee it. */
const rlt_word_entry *rlt_word_find(relevo_str word)
{
    char bytes[RLT_WORD_BYTES] = {0};
    if (word.len == 0 || word.len > RLT_WORD_BYTES)
        return NULL;
    memcpy(bytes, word.ptr, word.len);
    word_key key = key_of(bytes);
    const rlt_word_entry *entry = rlt_words;
    for (size_t n = rlt_n_words; n > 1; n -= n / 2)
        entry += is_after(key, &entry[n / 2 - 1]) ? n / 2 : 0;
    return memcmp(entry->word, bytes, sizeof bytes) == 0 ? entry : NULL;
}

uint32_t rlt_stop_languages(relevo_str word)
{
    const rlt_word_entry *entry = rlt_word_find(word);
    return entry ? entry->stop : 0;
}

bool rlt_is_stop(rlt_language language, relevo_str word)
{
    return rlt_stop_languages(word) >> language & 1u;
}
