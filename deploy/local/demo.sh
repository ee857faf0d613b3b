#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev demo: two customers of Café Andino and its bot, one from the greeting to a person and back, one from a question to a
# lead, on the real parts and the whole way round: the customer's phone (the sandbox) → gateway → Kafka → consume → Kafka → deliver → the phone, and the CRM.
# Each run has new customers. It asks nothing, ends by itself and leaves everything running.
set -Eeuo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

"$HERE/stack.sh" up
eval "$("$HERE/stack.sh" env)"
LOG=$DEV/log/consume.log
PHONE=$RELEVO_SANDBOX/sandbox
# A phone number that nobody wrote from before: Mexico, and the seconds of today with the day.
customer=52155$(date +%j%H%M%S | tail -c 9) name="Marisol Vega"

failed() {
    printf '%s\n' "---- the end of $LOG" >&2
    tail -8 "$LOG" >&2 || true
    die "the demo stopped: $*; the whole log: $LOG"
}
trap 'failed "line $LINENO failed, see above"' ERR

sql() { # QUERY: its rows, bare
    psql "$RELEVO_POSTGRES" -XAtq -v ON_ERROR_STOP=1 -v wa="$customer" -v id="${conversation:-}" <<<"$1"
}

wait_for() { # WHAT QUERY: until the query says t
    local i
    for ((i = 0; i < 150; i++)); do
        [ "$(sql "$2")" != t ] || return 0
        sleep 0.1
    done
    failed "$1 did not happen within 15 s"
}

# TEXT...: on the sandbox's phone, whose signed webhooks go through the gateway; waits until Relevo has decided about them (which is when
# nothing more follows: policy.pause), and what it decided to say has reached the phone.
customer_writes() {
    local message text
    for text; do
        message=$(curl -fsS "$PHONE/say" \
            -d "{\"wa_id\": \"$customer\", \"name\": \"$name\", \"text\": \"$text\"}" | sed 's/.*"id":"\([^"]*\)".*/\1/')
    done
    wait_for "the decision about '$text'" "SELECT EXISTS (SELECT FROM desk.history WHERE message_id = '$message')"
    wait_for "the end of the pause behind '$text'" "
        SELECT NOT EXISTS (SELECT FROM relevo.timer JOIN desk.conversations USING (conversation_id) WHERE kind = 'held' AND wa_id = :'wa')"
    arrived
}

# Messages of the business on the customer's phone.
on_phone() {
    curl -fsS "$PHONE/chat?wa_id=$customer" | grep -o '"from":"business"' | wc -l
}

# Until deliver is done with whatever was said so far (what a person's takeover overtook is not sent); the customer then looks.
arrived() {
    LOG=$DEV/log/deliver.log
    wait_for "the delivery of what was said" "
        SELECT (SELECT count(*) FROM desk.history h WHERE h.conversation_id = c.conversation_id AND h.part > 0) =
               (SELECT count(*) FROM desk.sends s WHERE s.conversation_id = c.conversation_id AND s.state NOT IN ('sending', 'waiting'))
        FROM desk.conversations c WHERE wa_id = :'wa'"
    LOG=$DEV/log/consume.log
    curl -fsS -o /dev/null "$PHONE/read" -d "{\"wa_id\": \"$customer\"}"
}

# desk FUNCTION ARGUMENTS: an agent's desktop; a refusal ends the demo.
desk() {
    local answer
    answer=$(sql "SELECT done, why FROM desk.$1(:'id', $2)")
    [ "${answer%%|*}" = t ] || failed "desk.$1 was refused: ${answer#*|}"
}

say "two agents come to work"
sql "SELECT desk.put_agent('lucia', 'Lucía', '{soporte,ventas}', '{}', '{es,en}');
     SELECT desk.put_agent('tomas', 'Tomás', '{soporte,ventas}', '{}', '{es,pt}');
     SELECT desk.put_agent('sara', 'Sara'); -- of no team: she gives others work, and is given none
     -- What a run before left with them is done: else they have no place for this one after some runs.
     SELECT desk.resolve(c.conversation_id, c.agent_id) FROM desk.conversations c WHERE c.agent_id IN ('lucia', 'tomas');
     SELECT desk.set_presence('lucia', 'online'), desk.set_presence('tomas', 'online');" >/dev/null

# Their log-ins at the desk, and a supervisor's.
PASSWORD=cafe-andino
for who in "lucia --agent lucia" "tomas --agent tomas" "sara --role supervisor --agent sara" "admin --role admin"; do
    # shellcheck disable=SC2086 # its words
    "$RELEVO_BIN" account put $who --config "$RELEVO_CONFIG" <<<"$PASSWORD"
done

say "Marisol (+$customer) writes to Café Andino"
customer_writes "Hola, buenas tardes"
customer_writes "¿hacen envíos a Guadalajara?"
customer_writes "¿y cuánto tarda mi pedido?"
customer_writes "mi pedido 48213 llegó roto"
customer_writes "ya escribí tres veces" "y nadie me contesta!!" "quiero hablar con una persona"
conversation=$(sql "SELECT conversation_id FROM desk.conversations WHERE wa_id = :'wa'")

wait_for "the handover to an agent" "SELECT owner = 'human' FROM desk.conversations WHERE conversation_id = :'id'"
agent=$(sql "SELECT agent_id FROM desk.conversations WHERE conversation_id = :'id'")
arrived
wait_for "the CRM's answer" "SELECT EXISTS (SELECT FROM relevo.history WHERE conversation_id = :'id' AND kind = 8)"
say "the CRM has its ticket: $(curl -fsS "$PHONE/crm" | grep -o '"path":"[^"]*"' | tail -1)"

before=$(on_phone)
say "$agent has the conversation: the bot is silent now"
customer_writes "¿sigues ahí? era un regalo para mi mamá"
[ "$(on_phone)" = "$before" ] || failed "the bot spoke though $agent has the conversation"
desk reply "'$agent', 'Hola Marisol, qué pena. Hoy mismo te enviamos otro paquete sin costo: te llega mañana.'"
wait_for "the agent's reply on its way" "SELECT EXISTS (SELECT FROM desk.sends WHERE conversation_id = :'id' AND by = 'agent')"
arrived
desk return_to_bot "'$agent'"
customer_writes "muchas gracias, ya quedó"

echo
"$RELEVO_BIN" timeline --config "$RELEVO_CONFIG" --conversation "$conversation" --until-quiet 1

marisol=$customer customer=52156${customer#52155} name="Ana Torres"
say "Ana (+$customer) wants catering: the bot asks what sales has to know"
customer_writes "hola, ¿hacen catering? es para una boda de 140 personas"
customer_writes "el 15 de marzo"
customer_writes "¿tienen descafeinado?"
customer_writes "en Querétaro"
customer_writes "no, perdón: somos 150 personas"
customer_writes "Ana Torres"
customer_writes "ana.torres@correo.mx"
lead=$(sql "SELECT conversation_id FROM desk.conversations WHERE wa_id = :'wa'")
wait_for "the handover to sales" "SELECT owner = 'human' FROM desk.conversations WHERE wa_id = :'wa'"
arrived
echo
"$RELEVO_BIN" timeline --config "$RELEVO_CONFIG" --conversation "$lead" --until-quiet 1
cat <<TEXT

It goes on running. Agents work at the desk: log in as lucia, tomas, sara (a supervisor) or admin, password $PASSWORD

  $RELEVO_DESK

To look further (paste any of these):

  eval "\$(./dev env)"
  xdg-open "\$RELEVO_SANDBOX/?wa_id=$marisol"   # Marisol's phone: write on, as she
  psql "\$RELEVO_POSTGRES" -c 'SELECT conversation_id, owner, epoch, agent_id, customer_name FROM desk.conversations'
  psql "\$RELEVO_POSTGRES" -c 'SELECT * FROM desk.queue'
  psql "\$RELEVO_POSTGRES" -c "SELECT at, by, what, text FROM desk.history WHERE conversation_id = '$conversation' ORDER BY lane, seq, part"
  psql "\$RELEVO_POSTGRES" -c "SELECT * FROM desk.take_over('$conversation', 'lucia')"
  psql "\$RELEVO_POSTGRES" -c "SELECT by, state, attempt, message_id, error FROM desk.sends WHERE conversation_id = '$conversation'"
  curl -s "\$RELEVO_SANDBOX/sandbox/crm"         # what the CRM was asked
  kcat -b \$RELEVO_KAFKA -L | grep 'topic "'
  kcat -b \$RELEVO_KAFKA -t relevo.decisions.v1 -C -e -q -X isolation.level=read_committed -f '%t[%p]@%o %k\n' | tail -3
  curl -s \$RELEVO_METRICS/metrics | grep '^relevo_'
  curl -s \$RELEVO_METRICS_GATEWAY/metrics | grep '^relevo_gateway_'
  curl -s \$RELEVO_METRICS_DELIVER/metrics | grep '^relevo_claims_'
  \$RELEVO_BIN lag --config \$RELEVO_CONFIG
  \$RELEVO_BIN timeline --config \$RELEVO_CONFIG --conversation $conversation

  ./dev demo   other customers        ./dev down   stops everything that was started here
TEXT
