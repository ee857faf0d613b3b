{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Names, and what is computed from the configuration. */}}

{{- define "relevo.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{/* Every pod of ours; of one role with app.kubernetes.io/component besides. */}}
{{- define "relevo.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "relevo.labels" -}}
{{ include "relevo.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "relevo.image" -}}
{{- with .Values.image -}}
{{- .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The port of ops.listen, where the probes go. The kubelet comes from outside the pod. */}}
{{- define "relevo.port" -}}
{{- $listen := dig "ops" "listen" "127.0.0.1:9464" .Values.config }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" $listen }}
{{- fail (printf "config.ops.listen is %s, where no probe reaches it: write 0.0.0.0:9464" $listen) }}
{{- end }}
{{- regexFind "[0-9]+$" $listen }}
{{- end }}

{{/* The port of gateway.listen, where its Service leads. */}}
{{- define "relevo.webhooks" -}}
{{- $listen := dig "gateway" "listen" "127.0.0.1:8480" .Values.config }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" $listen }}
{{- fail (printf "config.gateway.listen is %s, where no Service reaches it: write 0.0.0.0:8480" $listen) }}
{{- end }}
{{- regexFind "[0-9]+$" $listen }}
{{- end }}

{{/* The same of desk.listen. */}}
{{- define "relevo.pages" -}}
{{- $listen := dig "desk" "listen" "127.0.0.1:8470" .Values.config }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" $listen }}
{{- fail (printf "config.desk.listen is %s, where no Service reaches it: write 0.0.0.0:8470" $listen) }}
{{- end }}
{{- regexFind "[0-9]+$" $listen }}
{{- end }}

{{/* The role's drain in whole seconds, rounded up, and what leaving the group and stopping the process take beyond it.
     Called with (dict "root" $ "role" <role>). */}}
{{- define "relevo.grace" -}}
{{- $drain := dig .role "drain" (eq .role "deliver" | ternary "25s" "10s") .root.Values.config | toString }}
{{- $number := regexFind "^[0-9]+" $drain | int }}
{{- $factor := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) (regexFind "[a-z]*$" $drain) | default 1000 }}
{{- add 20 (div (add (mul $number $factor) 999) 1000) }}
{{- end }}

{{/* A path in files as a ConfigMap's key, which has no slash. */}}
{{- define "relevo.key" -}}
file.{{ . | replace "_" "_u" | replace "/" "__" }}
{{- end }}

{{- define "relevo.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where the configuration and the secrets are, for `relevo` in any of the pod's containers.
     Called with (dict "root" $ "postgres" <folder of the Postgres secret> "role" <role>). */}}
{{- define "relevo.env" -}}
- name: RELEVO_CONFIG
  value: /etc/relevo/relevo.yaml
- name: RELEVO_POSTGRES_FILE
  value: /run/secrets/relevo/{{ .postgres }}/{{ .root.Values.postgres.key }}
{{- if .root.Values.kafka.passwordKey }}
- name: RELEVO_KAFKA_SASL_PASSWORD_FILE
  value: /run/secrets/relevo/kafka/{{ .root.Values.kafka.passwordKey }}
{{- end }}
{{- if eq .role "gateway" }}
- name: RELEVO_GATEWAY_APP_SECRETS_FILE
  value: /run/secrets/relevo/whatsapp/{{ .root.Values.whatsapp.appSecretsKey }}
- name: RELEVO_GATEWAY_VERIFY_TOKEN_FILE
  value: /run/secrets/relevo/whatsapp/{{ .root.Values.whatsapp.verifyTokenKey }}
{{- else if eq .role "deliver" }}
- name: RELEVO_DELIVER_TOKEN_FILE
  value: /run/secrets/relevo/whatsapp/{{ .root.Values.whatsapp.tokenKey }}
{{- end }}
{{- end }}

{{- define "relevo.mounts" -}}
- name: config
  mountPath: /etc/relevo
  readOnly: true
- name: {{ .postgres }}
  mountPath: /run/secrets/relevo/{{ .postgres }}
  readOnly: true
{{- if has .role (list "gateway" "deliver") }}
- name: whatsapp
  mountPath: /run/secrets/relevo/whatsapp
  readOnly: true
{{- end }}
{{- if .root.Values.deliver.destinationsSecret }}
- name: destinations
  mountPath: /run/secrets/relevo/destinations
  readOnly: true
{{- end }}
{{- if .root.Values.kafka.existingSecret }}
- name: kafka
  mountPath: /run/secrets/relevo/kafka
  readOnly: true
{{- end }}
{{- if or .root.Values.plugins.existingClaim .root.Values.plugins.image }}
- name: plugins
  mountPath: /plugins
  readOnly: true
{{- end }}
{{- end }}

{{/* What the schema cannot say, one line each. */}}
{{- define "relevo.check" -}}
{{- if and .Values.plugins.existingClaim .Values.plugins.image }}
{{- fail "plugins.existingClaim and plugins.image are both set: /plugins is one volume, keep one" }}
{{- end }}
{{- if and .Values.kafka.passwordKey (not .Values.kafka.existingSecret) }}
{{- fail "kafka.passwordKey is set without kafka.existingSecret: name the secret that holds it" }}
{{- end }}
{{- if and .Values.setup.ownerSecret (not .Values.setup.migrate) }}
{{- fail "setup.ownerSecret is for `relevo migrate`: set setup.migrate, or remove it" }}
{{- end }}
{{- if and .Values.monitoring.rules.enabled (not .Values.monitoring.podMonitor.enabled) }}
{{- fail "monitoring.rules select what monitoring.podMonitor collects: enable it too" }}
{{- end }}
{{- if and .Values.desk.enabled (not (dig "desk" "public_url" "" .Values.config)) }}
{{- fail "desk.enabled needs config.desk.public_url: where browsers find it, such as https://desk.example.com" }}
{{- end }}
{{- if dig "consume" "instance" "" .Values.config }}
{{- fail "config.consume.instance would be the same in every pod, and they would throw each other out: remove it" }}
{{- end }}
{{- end }}
