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
- name: RELEVO_POSTGRES_FILE
  value: /run/secrets/relevo/{{ .postgres }}/{{ $values.postgres.key }}
{{- with $values.kafka.passwordKey }}
- name: RELEVO_KAFKA_SASL_PASSWORD_FILE
  value: /run/secrets/relevo/kafka/{{ . }}
{{- end }}
{{- with $values.registry.passwordKey }}
- name: RELEVO_REGISTRY_PASSWORD_FILE
  value: /run/secrets/relevo/registry/{{ . }}
{{- end }}
{{- with $values.registry.tokenKey }}
- name: RELEVO_REGISTRY_TOKEN_FILE
  value: /run/secrets/relevo/registry/{{ . }}
{{- end }}
{{- if eq .role "gateway" }}
- name: RELEVO_GATEWAY_APP_SECRETS_FILE
  value: /run/secrets/relevo/whatsapp/{{ $values.whatsapp.appSecretsKey }}
- name: RELEVO_GATEWAY_VERIFY_TOKEN_FILE
  value: /run/secrets/relevo/whatsapp/{{ $values.whatsapp.verifyTokenKey }}
{{- else if eq .role "deliver" }}
- name: RELEVO_DELIVER_TOKEN_FILE
  value: /run/secrets/relevo/whatsapp/{{ $values.whatsapp.tokenKey }}
{{- end }}
{{- if and (eq .kind "role") (eq .role "consume") (eq $values.consume.kind "StatefulSet") }}
- name: RELEVO_CONSUME_INSTANCE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- with $values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The keys of WhatsApp's secret that a role needs, as a JSON list: who is reached from outside cannot send, who sends cannot sign. */}}
{{- define "relevo.whatsappKeys" -}}
{{- $whatsapp := .root.Values.whatsapp }}
{{- $keys := dict "gateway" (list $whatsapp.appSecretsKey $whatsapp.verifyTokenKey) "deliver" (list $whatsapp.tokenKey) }}
{{- get $keys .role | default list | uniq | toJson }}
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
- {name: {{ .postgres }}, mountPath: /run/secrets/relevo/{{ .postgres }}, readOnly: true}
{{- if has .role (list "gateway" "deliver") }}
- {name: whatsapp, mountPath: /run/secrets/relevo/whatsapp, readOnly: true}
{{- end }}
{{- if $values.deliver.destinationsSecret }}
- {name: destinations, mountPath: /run/secrets/relevo/destinations, readOnly: true}
{{- end }}
{{- range list "kafka" "registry" }}
{{- if (get $values .).existingSecret }}
- {name: {{ . }}, mountPath: /run/secrets/relevo/{{ . }}, readOnly: true}
{{- end }}
{{- end }}
{{- if .plugins }}
{{- include "relevo.pluginMounts" . }}
{{- end }}
{{- with $values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Called with (dict "name" <of the volume> "secret" <its name> "keys" <those that are mounted; without any: all>). */}}
{{- define "relevo.secret" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    {{- with .keys }}
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
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
{{ include "relevo.secret" (dict "name" .postgres "keys" (list $values.postgres.key) "secret" (ternary $values.setup.ownerSecret $values.postgres.existingSecret (eq .postgres "owner"))) }}
{{- with include "relevo.whatsappKeys" . | fromJsonArray }}
{{ include "relevo.secret" (dict "name" "whatsapp" "keys" . "secret" $values.whatsapp.existingSecret) }}
{{- end }}
{{- with $values.deliver.destinationsSecret }}
{{ include "relevo.secret" (dict "name" "destinations" "secret" .) }}
{{- end }}
{{- range list "kafka" "registry" }}
{{- $name := . }}
{{- with (get $values .).existingSecret }}
{{ include "relevo.secret" (dict "name" $name "secret" .) }}
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
