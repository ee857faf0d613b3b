#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A schema registry for the tests, Apicurio: registry.sh fetch | run PORT FOLDER
# From one pinned Maven artifact, kept in a cache that all clones share. `run` stays in the foreground, keeps its data in FOLDER,
# and ends with the process: who starts it stops it. Confluent's API is at /apis/ccompat/v7.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

REGISTRY_VERSION=3.0.9
HOME_DIR=$CACHE/apicurio-$REGISTRY_VERSION

# It is complete only when the folder has its final name. An older plugin than Kafka's: the artifact names a parent that is
# not on Maven Central, which newer ones insist on reading.
fetch() {
    mkdir -p "$HOME_DIR"
    (
        flock 8
        [ ! -d "$HOME_DIR/app" ] || exit 0
        say "fetching the schema registry Apicurio $REGISTRY_VERSION from Maven Central (104 MB, once)"
        rm -rf "$HOME_DIR/fetch"
        mkdir -p "$HOME_DIR/fetch/app"
        cat >"$HOME_DIR/fetch/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>relevo</groupId><artifactId>registry</artifactId><version>1</version>
</project>
POM
        mvn -q -B -ntp --strict-checksums -f "$HOME_DIR/fetch/pom.xml" \
            org.apache.maven.plugins:maven-dependency-plugin:2.10:copy \
            -Dartifact="io.apicurio:apicurio-registry-app:$REGISTRY_VERSION:tar.gz:all" \
            -DoutputDirectory="$HOME_DIR/fetch" >"$HOME_DIR/fetch/log" 2>&1 ||
            { tail -15 "$HOME_DIR/fetch/log" >&2; die "Maven could not fetch Apicurio $REGISTRY_VERSION: check the network"; }
        tar -xzf "$HOME_DIR/fetch/apicurio-registry-app-$REGISTRY_VERSION-all.tar.gz" -C "$HOME_DIR/fetch/app"
        mv "$HOME_DIR/fetch/app" "$HOME_DIR/app"
        rm -rf "$HOME_DIR/fetch"
    ) 8>"$HOME_DIR/lock"
}

# PORT FOLDER
run() {
    fetch
    cd "$HOME_DIR/app"
    # Without a write delay: what it answered for survives kill -9, as the real one's database does.
    exec java -Xmx"${RELEVO_REGISTRY_HEAP:-160m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
        -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$1" \
        "-Dapicurio.datasource.url=jdbc:h2:file:$2/registry;WRITE_DELAY=0" \
        -Dquarkus.log.level=WARN -Dquarkus.http.access-log.enabled=false \
        -jar "apicurio-registry-app-$REGISTRY_VERSION-runner.jar"
}

case ${1:-} in
    fetch) fetch ;;
    run) [ $# = 3 ] || die "usage: registry.sh run PORT FOLDER"; run "$2" "$3" ;;
    *) die "usage: registry.sh fetch | run PORT FOLDER" ;;
esac
