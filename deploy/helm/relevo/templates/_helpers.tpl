{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/* Names, what is computed from the configuration, and what the schema cannot refuse. */}}

{{- define "relevo.chart" -}}
{{- .Values.nameOverride | default .Chart.Name }}
{{- end }}

{{- define "relevo.name" -}}
{{- $chart := include "relevo.chart" . }}
{{- $long := ternary .Release.Name (printf "%s-%s" .Release.Name $chart) (contains $chart .Release.Name) }}
{{- .Values.fullnameOverride | default $long }}
{{- end }}

{{/* The name of a role's objects: consume's is the installation's own. Called with (dict "root" $ "role" <role>). */}}
{{- define "relevo.role" -}}
{{- include "relevo.name" .root }}{{ if ne .role "consume" }}-{{ .role }}{{ end }}
{{- end }}

{{/* Every pod of ours; of one role with app.kubernetes.io/component besides. */}}
{{- define "relevo.selector" -}}
app.kubernetes.io/name: {{ include "relevo.chart" . }}
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

{{/* The roles that are installed, as a JSON list. */}}
{{- define "relevo.roles" -}}
{{- $roles := list "consume" }}
{{- range list "gateway" "deliver" "desk" }}
{{- if get (get $.Values .) "enabled" }}{{ $roles = append $roles . }}{{ end }}
{{- end }}
{{- toJson $roles }}
{{- end }}

{{/* The port of an address in the configuration: the kubelet, a Service and Prometheus come from outside the pod.
     Called with (dict "root" $ "section" <section> "default" <port>). */}}
{{- define "relevo.port" -}}
{{- $listen := dig .section "listen" (print "127.0.0.1:" .default) .root.Values.config }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" $listen }}
{{- fail (printf "config.%s.listen is %s, where nothing outside the pod reaches it: write 0.0.0.0:%v" .section $listen .default) }}
{{- end }}
{{- regexFind "[0-9]+$" $listen }}
{{- end }}

{{/* The role's port beside that of the metrics: name and number, or nothing. Called with (dict "root" $ "role" <role>). */}}
{{- define "relevo.web" -}}
{{- if eq .role "gateway" }}
{{- dict "name" "webhooks" "port" (include "relevo.port" (dict "root" .root "section" "gateway" "default" 8480) | int) | toJson }}
{{- else if eq .role "desk" }}
{{- dict "name" "pages" "port" (include "relevo.port" (dict "root" .root "section" "desk" "default" 8470) | int) | toJson }}
{{- else }}{}{{ end }}
{{- end }}

{{/* Seconds before SIGTERM in which a web role is taken out of its Services and goes on answering. */}}
{{- define "relevo.linger" -}}
{{- has .role (list "gateway" "desk") | ternary 5 0 }}
{{- end }}

{{/* The role's drain in whole seconds, rounded up, and what leaving the group and stopping the process take beyond it.
     Called with (dict "root" $ "role" <role>). */}}
{{- define "relevo.grace" -}}
{{- $drain := dig .role "drain" (eq .role "deliver" | ternary "25s" "10s") .root.Values.config | toString }}
{{- $number := regexFind "^[0-9]+" $drain | int }}
{{- $factor := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) (regexFind "[a-z]*$" $drain) | default 1000 }}
{{- add 20 (include "relevo.linger" .) (div (add (mul $number $factor) 999) 1000) }}
{{- end }}

{{- define "relevo.partitions" -}}
{{- dig "topics" "partitions" 12 .Values.config | int }}
{{- end }}

{{/* A path in files as a ConfigMap's key, which has no slash. */}}
{{- define "relevo.key" -}}
file.{{ . | replace "_" "_u" | replace "/" "__" }}
{{- end }}

{{/* What a ConfigMap of ours holds. */}}
{{- define "relevo.files" -}}
relevo.yaml: |
  {{- toYaml .Values.config | nindent 2 }}
{{- range $path, $text := .Values.files }}
{{ include "relevo.key" $path }}: {{ toJson $text }}
{{- end }}
{{- end }}

{{/* The secrets of a pod, as they are now: nothing without a cluster. */}}
{{- define "relevo.secrets" -}}
{{- if .root.Values.secretChecksums }}
{{- $names := list }}
{{- range include "relevo.secretsOf" . | fromJson }}{{ $names = append $names .secret }}{{ end }}
{{- range $name := $names | uniq | sortAlpha }}
{{- with lookup "v1" "Secret" $.root.Release.Namespace $name }}{{ $name }} {{ toJson .data }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "relevo.account" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "relevo.name" .) }}
{{- else }}{{ .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{/* Of jobs that run before everything else is made. */}}
{{- define "relevo.setupAccount" -}}
{{- if .Values.serviceAccount.create }}{{ include "relevo.name" . }}-setup{{ else }}{{ .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{/* Called with the weight. */}}
{{- define "relevo.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* How the alerts tell our pods from others': the Prometheus Operator calls the job NAMESPACE/PODMONITOR, or as the Service. */}}
{{- define "relevo.job" -}}
{{- if .Values.podMonitor.enabled -}}
job="{{ .Release.Namespace }}/{{ include "relevo.name" . }}"
{{- else -}}
namespace="{{ .Release.Namespace }}",job="{{ include "relevo.name" . }}-metrics"
{{- end }}
{{- end }}

{{/* The host of config.desk.public_url. */}}
{{- define "relevo.deskHost" -}}
{{- regexReplaceAll "^https?://([^/:]+).*$" (dig "desk" "public_url" "" .Values.config) "${1}" }}
{{- end }}

{{/* The answer to a secret in `config`, which becomes a ConfigMap. It must never repeat the secret. Called with
     (dict "at" <section> "in" <mapping> "keys" <expression> "remedy" <words>). */}}
{{- define "relevo.refuseKeys" -}}
{{- range $key, $_ := .in }}
{{- if regexMatch $.keys $key }}
{{- fail (printf "%s.%s would be a secret in a ConfigMap: remove it, and %s" $.at $key $.remedy) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Secrets are named, never written. Not in the schema, which cannot say where they go instead. */}}
{{- define "relevo.checkSecrets" -}}
{{- $config := .Values.config }}
{{- $kafka := "set kafka.existingSecret to the secret that holds it" }}
{{- include "relevo.refuseKeys" (dict "at" "config.kafka" "in" $config.kafka "keys" "^sasl[.]password$" "remedy" (print $kafka ", kafka.passwordKey to its key")) }}
{{- include "relevo.refuseKeys" (dict "at" "config.kafka" "in" $config.kafka "keys" "(password|secret|[.]pem|sasl[.]oauthbearer[.]config)$"
  "remedy" (print $kafka ", and write the property with _file behind its name: /run/secrets/relevo/kafka/KEY")) }}
{{- include "relevo.refuseKeys" (dict "at" "config.postgres" "in" $config.postgres "keys" "" "remedy" "set postgres.existingSecret to the secret that holds the URL, password and all") }}
{{- $registry := "set registry.existingSecret to the secret that holds it, registry.passwordKey or registry.tokenKey to its key" }}
{{- include "relevo.refuseKeys" (dict "at" "config.registry" "in" $config.registry "keys" "(password|secret|token)$" "remedy" $registry) }}
{{- if regexMatch "://[^/]*:[^/]*@" (dig "registry" "url" "" $config | toString) }}
{{- fail (printf "config.registry.url has a password, which would be in a ConfigMap: write the user as config.registry.user, and %s" $registry) }}
{{- end }}
{{- include "relevo.refuseKeys" (dict "at" "config.gateway" "in" $config.gateway "keys" "(secrets|token)$"
  "remedy" "set whatsapp.existingSecret to the secret that holds it, whatsapp.appSecretsKey and whatsapp.verifyTokenKey to its keys") }}
{{- include "relevo.refuseKeys" (dict "at" "config.sandbox" "in" $config.sandbox "keys" "token$" "remedy" "do without: the chart runs no sandbox") }}
{{- include "relevo.refuseKeys" (dict "at" "config.deliver" "in" $config.deliver "keys" "token$"
  "remedy" "set whatsapp.existingSecret to the secret that holds it, whatsapp.tokenKey to its key") }}
{{- range dig "deliver" "destinations" list $config }}
{{- include "relevo.refuseKeys" (dict "at" "config.deliver.destinations[]" "in" . "keys" "(token|authorization|client_secret)$"
  "remedy" "set deliver.destinationsSecret to the secret that holds it, and write the key with _file behind its name: /run/secrets/relevo/destinations/KEY") }}
{{- end }}
{{- /* The names that relevo itself takes for secrets (core/config/hash.c). */}}
{{- range $config.plugins }}
{{- include "relevo.refuseKeys" (dict "at" "config.plugins[].options" "in" .options "keys" "(secret|token|password|api_key)$"
  "remedy" "let the plugin read a file: mount its secret by extraVolumes and extraVolumeMounts; what a service asks for is deliver's, in deliver.destinationsSecret") }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if and (hasKey . "value") (regexMatch "(PASSWORD|SECRETS?|TOKEN|API_KEY|KEY_PEM|OAUTHBEARER_CONFIG|RELEVO_POSTGRES)$" .name) }}
{{- fail (printf "extraEnv: %s would be a secret that everybody sees who sees the pod: write valueFrom: {secretKeyRef: {name: ..., key: ...}} instead of value" .name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the schema cannot say, one line each. */}}
{{- define "relevo.check" -}}
{{- include "relevo.checkSecrets" . }}
{{- $partitions := include "relevo.partitions" . | int }}
{{- with .Values.consume.autoscaling }}
{{- if and .enabled (gt (int .maxReplicas) $partitions) }}
{{- fail (printf "consume.autoscaling.maxReplicas is %d, config.topics.partitions %d: replicas without a lane are idle" (int .maxReplicas) $partitions) }}
{{- end }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
{{- fail "consume.autoscaling.minReplicas is more than maxReplicas" }}
{{- end }}
{{- end }}
{{- if and (not .Values.consume.autoscaling.enabled) (gt (int .Values.consume.replicas) $partitions) }}
{{- fail (printf "consume.replicas is %d, config.topics.partitions %d: replicas without a lane are idle" (int .Values.consume.replicas) $partitions) }}
{{- end }}
{{- if and .Values.kafka.passwordKey (not .Values.kafka.existingSecret) }}
{{- fail "kafka.passwordKey is set without kafka.existingSecret: name the secret that holds it" }}
{{- end }}
{{- if and (or .Values.registry.passwordKey .Values.registry.tokenKey) (not .Values.registry.existingSecret) }}
{{- fail "registry.passwordKey or tokenKey is set without registry.existingSecret: name the secret that holds it" }}
{{- end }}
{{- if and .Values.registry.passwordKey .Values.registry.tokenKey }}
{{- fail "registry.passwordKey and registry.tokenKey are both set: the registry is asked with one" }}
{{- end }}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled }}
{{- fail "podMonitor and serviceMonitor are both enabled: every metric would count twice" }}
{{- end }}
{{- if and .Values.prometheusRule.enabled (not (or .Values.podMonitor.enabled .Values.serviceMonitor.enabled)) }}
{{- fail "prometheusRule selects what podMonitor or serviceMonitor collects: enable one" }}
{{- end }}
{{- if and .Values.desk.enabled (not (dig "desk" "public_url" "" .Values.config)) }}
{{- fail "desk.enabled needs config.desk.public_url: where browsers find it, such as https://desk.example.com" }}
{{- end }}
{{- range list "gateway" "desk" }}
{{- $values := get $.Values . }}
{{- if and $values.ingress.enabled (not $values.enabled) }}
{{- fail (printf "%s.ingress is enabled and %s is not: it would lead nowhere" . .) }}
{{- end }}
{{- end }}
{{- if and .Values.gateway.ingress.enabled (not .Values.gateway.ingress.host) }}
{{- fail "gateway.ingress.enabled needs gateway.ingress.host: the host of the callback URL that Meta has" }}
{{- end }}
{{- if dig "consume" "instance" "" .Values.config }}
{{- fail "config.consume.instance would be the same in every pod, and they would throw each other out: remove it, and set consume.kind to StatefulSet" }}
{{- end }}
{{- $names := list }}
{{- range .Values.plugins }}
{{- if or (has .name $names) (and (eq .name "claim") $.Values.pluginsClaim) }}
{{- fail (printf "plugins: two are called %s, which is one folder" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- if and (eq .via "volume") (or .copy .path) }}
{{- fail (printf "plugins: %s comes via volume, whole as its image is: copy and path are for via copy" .name) }}
{{- end }}
{{- /* An older server drops such a volume, and refuses the pod for a volume that is nothing. */}}
{{- if and (eq .via "volume") (semverCompare "<1.33.0-0" $.Capabilities.KubeVersion.Version) }}
{{- fail (printf "plugins: %s comes via volume, which Kubernetes %s does not have (from 1.33 on): say via copy" .name $.Capabilities.KubeVersion.Version) }}
{{- end }}
{{- end }}
{{- end }}
