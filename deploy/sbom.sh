#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints what an image holds, as SPDX 2.3: relevo itself, what its binary holds of others, and every Debian package that is installed where
# this runs, with its version: sbom.sh VERSION. SOURCE_DATE_EPOCH sets the date. It needs nothing but dpkg.
set -eu
version=$1
created=$(date -u ${SOURCE_DATE_EPOCH:+-d "@$SOURCE_DATE_EPOCH"} +%Y-%m-%dT%H:%M:%SZ)
package() { # ID NAME VERSION LICENCE PURL
    printf '  {"SPDXID": "SPDXRef-%s", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "filesAnalyzed": false,\n' "$1" "$2" "$3"
    printf '   "licenseConcluded": "NOASSERTION", "licenseDeclared": "%s", "copyrightText": "NOASSERTION"' "$4"
    [ -z "$5" ] || printf ',\n   "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "%s"}]' "$5"
    printf '}'
}
id() { printf '%s' "$1" | tr -c 'A-Za-z0-9.-' '-'; }
. /etc/os-release
printf '{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "relevo-%s",\n' "$version"
printf ' "documentNamespace": "urn:relevo:sbom:%s:%s", "creationInfo": {"created": "%s", "creators": ["Tool: deploy/sbom.sh"]},\n' \
    "$version" "$(dpkg-query -W | sha256sum | cut -c1-16)" "$created"
printf ' "documentDescribes": ["SPDXRef-relevo"], "packages": [\n'
package relevo relevo "$version" Apache-2.0 ""
printf ',\n'
# The versions are those of libavro-dev, of uthash-dev and of the page's package-lock.json, none of which is in the image: tests/deploy/test_image.py compares them.
package in-avro-c avro-c 1.11.1 Apache-2.0 ""
printf ',\n'
package in-preact preact 10.25.4 MIT pkg:npm/preact@10.25.4
printf ',\n'
package in-uthash uthash 2.3.0 BSD-1-Clause ""
dpkg-query -W -f='${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n' | sort | while IFS="$(printf '\t')" read -r status name number arch; do
    case $status in ii*) ;; *) continue ;; esac
    printf ',\n'
    package "deb-$(id "$name")" "$name" "$number" NOASSERTION "pkg:deb/$ID/$name@$(printf '%s' "$number" | sed 's/+/%2B/g; s/:/%3A/g')?arch=$arch&distro=$ID-$VERSION_ID"
done
printf '\n ], "relationships": [\n'
printf '  {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-relevo"},\n'
printf '  {"spdxElementId": "SPDXRef-relevo", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-in-avro-c"},\n'
printf '  {"spdxElementId": "SPDXRef-relevo", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-in-preact"},\n'
printf '  {"spdxElementId": "SPDXRef-relevo", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-in-uthash"}'
dpkg-query -W -f='${db:Status-Abbrev}\t${Package}\n' | sort | while read -r status name; do
    case $status in ii*) ;; *) continue ;; esac
    printf ',\n  {"spdxElementId": "SPDXRef-relevo", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-deb-%s"}' "$(id "$name")"
done
printf '\n ]}\n'
