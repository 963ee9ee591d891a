{{/* Names and labels. */}}
{{- define "pixmill.name" -}}
{{- if contains "pixmill" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-pixmill" (.Release.Name | trunc 42 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "pixmill.selector" -}}
app.kubernetes.io/name: pixmill
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: node
{{- end }}

{{- define "pixmill.labels" -}}
{{ include "pixmill.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "pixmill.redisSelector" -}}
app.kubernetes.io/name: pixmill
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: redis
{{- end }}

{{- define "pixmill.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "pixmill.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{/* The grace period: long enough for draining and for requests in flight. */}}
{{- define "pixmill.grace" -}}
{{- $least := add (int .Values.drainSeconds) (int .Values.shutdownSeconds) }}
{{- $given := .Values.terminationGracePeriodSeconds }}
{{- /* exporters of telemetry take up to 9 seconds more */}}
{{- if kindIs "invalid" $given }}{{ add $least 10 }}
{{- else if le (int $given) (int $least) }}
{{- fail (printf "terminationGracePeriodSeconds is %d: expected more than drainSeconds and shutdownSeconds together, %d, or nodes are killed while requests are in flight" (int $given) $least) }}
{{- else }}{{ int $given }}{{ end }}
{{- end }}

{{/* Keys that the chart sets. */}}
{{- define "pixmill.ownConfig" -}}
listen:
  address: 0.0.0.0:8080
  drain_delay: {{ printf "%ds" (int .Values.drainSeconds) }}
  shutdown_timeout: {{ printf "%ds" (int .Values.shutdownSeconds) }}
admin:
  address: 0.0.0.0:17006
  {{- /* without a password, the listener answers to these names alone, and to addresses */}}
  {{- $service := printf "%s-admin" (include "pixmill.name" .) }}
  {{- $names := list $service }}
  {{- range list "" ".svc" ".svc.cluster.local" }}{{ $names = append $names (printf "%s.%s%s" $service $.Release.Namespace .) }}{{ end }}
  hosts_allowed: {{ concat $names (dig "admin" "hosts_allowed" (list) .Values.config) | toJson }}
{{- if dig "uploads" "enabled" false .Values.config }}
uploads:
  address: 0.0.0.0:17007
{{- end }}
{{- if or .Values.disk.enabled .Values.redis.enabled }}
cache:
{{- if .Values.disk.enabled }}
  disk:
    path: /var/cache/pixmill
    max_bytes: {{ kindIs "string" .Values.disk.maxBytes | ternary .Values.disk.maxBytes (int64 .Values.disk.maxBytes) }}
{{- end }}
{{- if .Values.redis.enabled }}
  redis:
    url: {{ printf "redis://%s-redis:6379" (include "pixmill.name" .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A map as TOML: one dotted key per line. Context: a dict with `table` and `prefix`. */}}
{{- define "pixmill.toml" -}}
{{- range $key, $value := .table }}
{{- $path := printf "%s%s" $.prefix (regexMatch "^[A-Za-z0-9_-]+$" $key | ternary $key (toJson $key)) }}
{{- if kindIs "map" $value }}
{{- include "pixmill.toml" (dict "table" $value "prefix" (printf "%s." $path)) }}
{{- else }}
{{ $path }} = {{ include "pixmill.tomlValue" $value }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pixmill.tomlValue" -}}
{{- if kindIs "slice" . }}[{{ range $index, $item := . }}{{ if $index }}, {{ end }}{{ include "pixmill.tomlValue" $item }}{{ end }}]
{{- else if kindIs "map" . }}{ {{- range $index, $key := keys . | sortAlpha }}{{ if $index }},{{ end }} {{ toJson $key }} = {{ include "pixmill.tomlValue" (index $ $key) }}{{ end }} }
{{- else if kindIs "float64" . }}{{ if eq (float64 (int64 .)) . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- else if kindIs "invalid" . }}{{ fail "config: a key without a value: remove it, or give it one" }}
{{- else }}{{ toJson . }}{{ end }}
{{- end }}
