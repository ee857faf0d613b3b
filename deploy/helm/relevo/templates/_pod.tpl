{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{/*
The pod of anything that runs relevo. Called with a dict:
  root     $
  role     whose secrets and mounts it has; args: what relevo is told
  kind     role, job (before everything else), cron or test
  postgres which secret's URL it has: postgres or owner
  config   the ConfigMap
  plugins  whether it loads plugins
*/}}

{{- define "relevo.env" -}}
{{- $values := .root.Values -}}
- name: RELEVO_CONFIG
  value: /etc/relevo/relevo.yaml
{{- range $name, $secret := include "relevo.secretsOf" . | fromJson }}
{{- range $variable, $key := $secret.variables }}
- name: {{ $variable }}
  value: /run/secrets/relevo/{{ $name }}/{{ $key }}
{{- end }}
{{- end }}
{{- if and (eq .kind "role") (eq .role "consume") (eq $values.consume.kind "StatefulSet") }}
- name: RELEVO_CONSUME_INSTANCE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- with $values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The secrets that a pod holds, and nothing that only others work with (core/config/uses.c): whom Meta reaches cannot send, who sends
cannot sign; the desk reads customers' files from WhatsApp, with the token of deliver. As JSON: the volume, which secret that is, the variables that name its keys (none are set for a key that is not), and whether
only those keys are mounted.
*/}}
{{- define "relevo.secretsOf" -}}
{{- $values := .root.Values }}
{{- $whatsapp := $values.whatsapp }}
{{- $uses := dict "consume" (list "postgres" "kafka" "registry") "gateway" (list "kafka" "whatsapp") "deliver" (list "postgres" "kafka" "whatsapp" "destinations")
  "desk" (concat (list "postgres" "kafka") ($values.deliver.enabled | ternary (list "whatsapp") list)) "migrate" (list "postgres") "topics" (list "kafka") "expire" (list "postgres" "kafka") }}
{{- $uses := get $uses .role | default (list "postgres" "kafka" "registry" "destinations") }}
{{- $all := dict
  "postgres" (dict "secret" (ternary $values.setup.ownerSecret $values.postgres.existingSecret (eq .postgres "owner")) "only" true
    "variables" (dict "RELEVO_POSTGRES_FILE" $values.postgres.key))
  "kafka" (dict "secret" $values.kafka.existingSecret "variables" (dict "RELEVO_KAFKA_SASL_PASSWORD_FILE" $values.kafka.passwordKey))
  "registry" (dict "secret" $values.registry.existingSecret
    "variables" (dict "RELEVO_REGISTRY_PASSWORD_FILE" $values.registry.passwordKey "RELEVO_REGISTRY_TOKEN_FILE" $values.registry.tokenKey))
  "whatsapp" (dict "secret" $whatsapp.existingSecret "only" true "variables" (eq .role "gateway" | ternary
    (dict "RELEVO_GATEWAY_APP_SECRETS_FILE" $whatsapp.appSecretsKey "RELEVO_GATEWAY_VERIFY_TOKEN_FILE" $whatsapp.verifyTokenKey)
    (dict "RELEVO_DELIVER_TOKEN_FILE" $whatsapp.tokenKey)))
  "destinations" (dict "secret" $values.deliver.destinationsSecret "variables" dict) }}
{{- $holds := dict }}
{{- range $name := $uses }}
{{- $one := get $all $name }}
{{- if $one.secret }}
{{- $variables := dict }}
{{- range $variable, $key := $one.variables }}{{ if $key }}{{ $_ := set $variables $variable $key }}{{ end }}{{ end }}
{{- $keys := $one.only | default false | ternary (values $variables | uniq | sortAlpha) list }}
{{- $_ := set $holds (eq $name "postgres" | ternary $.postgres $name) (dict "secret" $one.secret "variables" $variables "keys" $keys) }}
{{- end }}
{{- end }}
{{- toJson $holds }}
{{- end }}

{{- define "relevo.pluginMounts" -}}
{{- range .root.Values.plugins }}
- {name: plugins-{{ .name }}, mountPath: /plugins/{{ .name }}, readOnly: true}
{{- end }}
{{- if .root.Values.pluginsClaim }}
- {name: plugins, mountPath: /plugins/claim, readOnly: true}
{{- end }}
{{- end }}

{{/* Whole folders, so that what changes in them is seen in the pod. */}}
{{- define "relevo.mounts" -}}
{{- $values := .root.Values -}}
- {name: config, mountPath: /etc/relevo, readOnly: true}
{{- range $name, $_ := include "relevo.secretsOf" . | fromJson }}
- {name: {{ $name }}, mountPath: /run/secrets/relevo/{{ $name }}, readOnly: true}
{{- end }}
{{- if .plugins }}
{{- include "relevo.pluginMounts" . }}
{{- end }}
{{- with $values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "relevo.volumes" -}}
{{- $values := .root.Values -}}
- name: config
  configMap:
    name: {{ .config }}
    items:
      - {key: relevo.yaml, path: relevo.yaml}
      {{- range $path, $text := $values.files }}
      - {key: {{ include "relevo.key" $path }}, path: {{ printf "files/%s" $path | quote }}}
      {{- end }}
{{- range $name, $secret := include "relevo.secretsOf" . | fromJson }}
- name: {{ $name }}
  secret:
    secretName: {{ $secret.secret }}
    defaultMode: 0440
    {{- with $secret.keys }}
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
    {{- end }}
{{- end }}
{{- if .plugins }}
{{- range $values.plugins }}
- name: plugins-{{ .name }}
  {{- if eq .via "volume" }}
  image:
    reference: {{ .image }}@{{ .digest }}
    pullPolicy: IfNotPresent
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
{{- with $values.pluginsClaim }}
- name: plugins
  persistentVolumeClaim: {claimName: {{ . }}, readOnly: true}
{{- end }}
{{- end }}
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What brings plugins, and judges them by their sums. */}}
{{- define "relevo.bringPlugins" -}}
{{- $root := .root }}
{{- $sums := list }}
{{- range $plugin := $root.Values.plugins }}
{{- range $file, $sum := $plugin.sha256 }}
{{- $sums = append $sums (printf "%s  /plugins/%s/%s" $sum $plugin.name $file) }}
{{- end }}
{{- if eq .via "copy" }}
- name: plugins-{{ .name }}
  image: {{ .image }}@{{ .digest }}
  imagePullPolicy: IfNotPresent
  command: {{ toJson (.copy | default (list "cp" "-rL" (printf "%s/." (.path | default "/plugins")) "/target")) }}
  resources:
    {{- toYaml $root.Values.resources | nindent 4 }}
  securityContext:
    {{- toYaml $root.Values.securityContext | nindent 4 }}
  volumeMounts:
    - {name: plugins-{{ .name }}, mountPath: /target}
{{- end }}
{{- end }}
{{- with $sums }}
- name: plugins
  image: {{ include "relevo.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  # Whoever changed a plugin on its way is found here, before anything of it runs.
  command: [sh, -ec, 'printf "%s\n" "$@" | sha256sum --check --strict', sums]
  args:
    {{- range . }}
    - {{ quote . }}
    {{- end }}
  resources:
    {{- toYaml $root.Values.resources | nindent 4 }}
  securityContext:
    {{- toYaml $root.Values.securityContext | nindent 4 }}
  volumeMounts:
    {{- include "relevo.pluginMounts" $ | nindent 4 }}
{{- end }}
{{- end }}

{{- define "relevo.pod" -}}
{{- $values := .root.Values }}
{{- $web := include "relevo.web" . | fromJson }}
{{- $resources := $values.resources }}
{{- if eq .kind "role" }}
{{- $resources = (get $values .role).resources | default $resources }}
{{- end -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with (eq .kind "job" | ternary (include "relevo.setupAccount" .root) (include "relevo.account" .root)) }}
serviceAccountName: {{ . }}
{{- end }}
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if eq .kind "role" }}
# Longer than the role's drain: then a pod ends what it began (of consume: publishes the last batch that it decided).
terminationGracePeriodSeconds: {{ include "relevo.grace" . }}
{{- else }}
# A pod that failed stays, and its log with it.
restartPolicy: Never
{{- end }}
{{- with $values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $brings := and .plugins (include "relevo.bringPlugins" . | trim) }}
{{- if or $brings (and (eq .kind "role") $values.extraInitContainers) }}
initContainers:
  {{- with $brings }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if eq .kind "role" }}{{ with $values.extraInitContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}{{ end }}
{{- end }}
containers:
  - name: relevo
    image: {{ include "relevo.image" .root }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: {{ toJson .args }}
    env:
      {{- include "relevo.env" . | nindent 6 }}
    {{- with $values.extraEnvFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if eq .kind "role" }}
    ports:
      - name: ops
        containerPort: {{ include "relevo.port" (dict "root" .root "section" "ops" "default" 9464) }}
      {{- with $web }}
      - name: {{ .name }}
        containerPort: {{ .port }}
      {{- end }}
    # It answers as soon as it runs. Neither this nor the next asks Kafka or Postgres: a restart mends neither.
    startupProbe:
      httpGet: {path: /healthz, port: ops}
      periodSeconds: 2
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: /healthz, port: ops}
      periodSeconds: 20
      timeoutSeconds: 5
      failureThreshold: 3
    readinessProbe:
      httpGet: {path: /readyz, port: ops}
      periodSeconds: 5
      timeoutSeconds: 5
    {{- if ne (include "relevo.linger" .) "0" }}
    # Until no proxy sends it anything new.
    lifecycle:
      preStop:
        exec: {command: [sleep, {{ include "relevo.linger" . | quote }}]}
    {{- end }}
    {{- end }}
    resources:
      {{- toYaml $resources | nindent 6 }}
    securityContext:
      {{- toYaml $values.securityContext | nindent 6 }}
    volumeMounts:
      {{- include "relevo.mounts" . | nindent 6 }}
  {{- if eq .kind "role" }}{{ with $values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}{{ end }}
volumes:
  {{- include "relevo.volumes" . | nindent 2 }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- if eq .kind "role" }}
topologySpreadConstraints:
  {{- if $values.topologySpreadConstraints }}
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "relevo.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
  {{- end }}
{{- end }}
{{- end }}
