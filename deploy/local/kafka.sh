#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real one-node Kafka for this clone: kafka.sh start | stop | fetch
# From two pinned Maven artifacts, kept in a cache that all clones share. Data in .dev/kafka, gone with .dev.
# It must never touch a broker that it did not start.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

KAFKA_VERSION=4.3.1
SLF4J_VERSION=1.7.36
HOME_DIR=$CACHE/kafka-$KAFKA_VERSION
DIR=$DEV/kafka
CONFIG=$DIR/server.properties
PIDFILE=$DIR/pid
CLUSTER_ID=cmVsZXZvLWxvY2FsLWRldg
cds=${cds:-} # flags of the class-data archive, inherited by `kafka.sh run`

# The jars are complete only when the folder has its final name.
fetch() {
    [ ! -d "$HOME_DIR/libs" ] || return 0
    say "fetching Kafka $KAFKA_VERSION from Maven Central (44 MB, once)"
    rm -rf "$HOME_DIR/fetch"
    mkdir -p "$HOME_DIR/fetch"
    cat >"$HOME_DIR/fetch/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>relevo</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$KAFKA_VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>$SLF4J_VERSION</version></dependency>
  </dependencies>
</project>
POM
    mvn -q -B -ntp --strict-checksums -f "$HOME_DIR/fetch/pom.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$HOME_DIR/fetch/libs" \
        >"$HOME_DIR/fetch/log" 2>&1 ||
        { tail -15 "$HOME_DIR/fetch/log" >&2; die "Maven could not fetch Kafka $KAFKA_VERSION: check the network, or set RELEVO_KAFKA to a broker of yours"; }
    mv "$HOME_DIR/fetch/libs" "$HOME_DIR/libs"
    rm -rf "$HOME_DIR/fetch"
}

# CLASS ARGS...: runs Kafka with the smallest footprint that holds (rests at 175 MB).
java_run() {
    local class=$1
    shift
    # shellcheck disable=SC2086 # $cds is a list of words
    # Large messages pass through direct buffers, which the JVM would keep for each thread.
    exec java -Xmx"${RELEVO_KAFKA_HEAP:-192m}" -XX:MaxDirectMemorySize=512m -Djdk.nio.maxCachedBufferSize=1048576 \
        -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData $cds \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS" \
        -cp "$HOME_DIR/libs/*" "$class" "$@"
}

# FILE DATA PORT CONTROLLER_PORT
write_config() {
    cat >"$1" <<CONF
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$3,CONTROLLER://127.0.0.1:$4
advertised.listeners=PLAINTEXT://127.0.0.1:$3
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:$4
log.dirs=$2
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
CONF
}

# PORT PIDFILE MARK LOG
wait_answer() {
    local i
    for ((i = 0; i < 600; i++)); do
        kcat -b "127.0.0.1:$1" -L -m 2 >/dev/null 2>&1 && return 0
        kill -0 "$(<"$2")" 2>/dev/null || break # as in stack.sh
        sleep 0.05
    done
    tail -15 "$4" >&2
    die "Kafka did not start, see above; the whole log: $4"
}

# The archive of loaded classes halves the start. It is made once by a short training run, and belongs to one Java.
archive() {
    local dir
    [ ! -f "$archive_file" ] || return 0
    say "preparing a fast start of Kafka (once)"
    dir=$(mktemp -d)
    write_config "$dir/server.properties" "$dir/data" "$KAFKA_PORT" "$CONTROLLER_PORT"
    format "$dir/server.properties" "$dir/log"
    cds="-XX:ArchiveClassesAtExit=$archive_file.new" daemon "$dir/pid" "$dir/log" \
        "$BASH" "$0" run kafka.Kafka "$dir/server.properties"
    wait_answer "$KAFKA_PORT" "$dir/pid" "$dir/server.properties" "$dir/log"
    pid_stop "$dir/pid" "$dir/server.properties" 60
    mv "$archive_file.new" "$archive_file"
    rm -rf "$dir"
}

# CONFIG LOG
format() {
    (java_run kafka.tools.StorageTool format --standalone -t "$CLUSTER_ID" -c "$1" >"$2" 2>&1) ||
        { cat "$2" >&2; die "Kafka's storage could not be formatted, see above"; }
}

start() {
    state_load
    if [ -n "${KAFKA_PORT:-}" ] && pid_ours "$PIDFILE" "$CONFIG" >/dev/null; then
        return 0
    fi
    pid_stop "$PIDFILE" "$CONFIG" 20 # it runs, but on which port was forgotten with .dev/env
    mkdir -p "$DIR" "$HOME_DIR"
    port_pick KAFKA_PORT
    port_pick CONTROLLER_PORT
    archive_file=$HOME_DIR/classes-$(java -version 2>&1 | cksum | cut -d' ' -f1).jsa
    (
        flock 8
        fetch
        archive
    ) 8>"$HOME_DIR/lock"
    say "starting Kafka $KAFKA_VERSION"
    export cds="-XX:SharedArchiveFile=$archive_file -Xlog:disable -Xlog:all=error:stderr"
    write_config "$CONFIG" "$DIR/data" "$KAFKA_PORT" "$CONTROLLER_PORT"
    [ -f "$DIR/data/meta.properties" ] || format "$CONFIG" "$DEV/log/kafka.log"
    daemon "$PIDFILE" "$DEV/log/kafka.log" "$BASH" "$0" run kafka.Kafka "$CONFIG"
    wait_answer "$KAFKA_PORT" "$PIDFILE" "$CONFIG" "$DEV/log/kafka.log"
}

case ${1:-} in
    start) start ;;
    stop) pid_stop "$PIDFILE" "$CONFIG" 20 ;;
    fetch) mkdir -p "$HOME_DIR" && (flock 8 && fetch) 8>"$HOME_DIR/lock" ;; # for tests with servers of their own
    run) shift && java_run "$@" ;; # how `start` calls itself, so that the pid is Java's
    *) die "usage: kafka.sh start | stop | fetch" ;;
esac
