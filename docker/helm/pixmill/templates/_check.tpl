{{/* Values that cannot work end the rendering with a sentence. */}}
{{- define "pixmill.check" -}}
{{- include "pixmill.checkOwnKeys" . }}
{{- include "pixmill.checkAccess" . }}
{{- $config := .Values.config }}
{{- $hasOrigin := or (dig "origin" "url" "" $config) (dig "origin" "allow_dynamic" false $config) (dig "uploads" "enabled" false $config) .Values.originFromSecret }}
{{- range .Values.extraEnv }}{{ if regexMatch "^PIXMILL__(ORIGIN|ORIGINS__.+)__URL$" (upper .name) }}{{ $hasOrigin = true }}{{ end }}{{ end }}
{{- range $name, $origin := default (dict) $config.origins }}{{ if $origin.url }}{{ $hasOrigin = true }}{{ end }}{{ end }}
{{- if not $hasOrigin }}
{{- fail "there is no origin, so that no image could be served: set config.origin.url, or config.origins.NAME.url, or originFromSecret with existingSecret" }}
{{- end }}
{{- if and .Values.originFromSecret (not .Values.existingSecret) }}{{ fail "originFromSecret needs existingSecret, which has PIXMILL__ORIGIN__URL" }}{{ end }}
{{- if and .Values.disk.enabled (lt (include "pixmill.bytes" (dict "name" "disk.maxBytes" "size" .Values.disk.maxBytes) | float64) 33554432.0) }}
{{- fail (printf "disk.maxBytes is %v: expected at least 32MiB, which is the least for the results and the originals together" .Values.disk.maxBytes) }}
{{- end }}
{{- if and .Values.redis.enabled (dig "cache" "redis" "url" "" $config) }}{{ fail "redis.enabled and config.cache.redis.url exclude each other: one Redis is used" }}{{ end }}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas)) }}{{ fail "autoscaling.maxReplicas is less than autoscaling.minReplicas" }}{{ end }}
{{- if and .Values.autoscaling.keda.enabled (not .Values.autoscaling.enabled) }}{{ fail "autoscaling.keda.enabled needs autoscaling.enabled" }}{{ end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}{{ fail "ingress.enabled needs ingress.hosts, such as images.example.com" }}{{ end }}
{{- end }}

{{/* Keys that the chart sets or depends on, and the value for each. The environment would override them, a whole table too. */}}
{{- define "pixmill.checkOwnKeys" -}}
{{- $own := dict
  "listen.address" "service.port; in the pod it is always port 8080"
  "listen.drain_delay" "drainSeconds"
  "listen.shutdown_timeout" "shutdownSeconds"
  "admin.address" "adminService.port; in the pod it is always port 17006"
  "uploads.address" "uploadService.port; in the pod it is always port 17007"
  "cache.disk.path" "disk.enabled"
  "cache.disk.max_bytes" "disk.maxBytes" }}
{{- range $path, $instead := $own }}
{{- $table := $.Values.config }}
{{- range $part := initial (splitList "." $path) }}{{ $table = default (dict) (index $table $part) }}{{ end }}
{{- if hasKey $table (last (splitList "." $path)) }}
{{- fail (printf "config.%s is set by the chart: remove it, and use %s" $path $instead) }}
{{- end }}
{{- end }}
{{- $_ := set $own "uploads.enabled" "config.uploads.enabled" }}
{{- if .Values.redis.enabled }}{{ $_ := set $own "cache.redis.url" "either redis.enabled or an address of your own" }}{{ end }}
{{- range $variable := .Values.extraEnv }}
{{- if eq .name "PIXMILL_CONFIG" }}{{ fail "extraEnv has PIXMILL_CONFIG, which is set by the chart: remove it, and use config" }}{{ end }}
{{- range $path, $instead := $own }}
{{- $key := trimPrefix "PIXMILL__" $variable.name | lower | replace "__" "." }}
{{- if and (hasPrefix "PIXMILL__" $variable.name) (hasPrefix (printf "%s." $key) (printf "%s." $path)) }}
{{- fail (printf "extraEnv has %s, which overrides %s of the chart: remove it, and use %s" $variable.name $path $instead) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Who reaches the listeners that are not for clients must have to authenticate, unless the network policy keeps clients away. */}}
{{- define "pixmill.checkAccess" -}}
{{- range $name := list "adminService" "uploadService" }}
{{- $service := index $.Values $name }}
{{- if ne $service.type "ClusterIP" }}
{{- fail (printf "%s.type is %s: expected ClusterIP, since clients must not reach this listener" $name $service.type) }}
{{- end }}
{{- end }}
{{- $fromSecret := .Values.credentialsFromSecret }}
{{- if and $fromSecret (not .Values.existingSecret) }}{{ fail "credentialsFromSecret needs existingSecret, which has PIXMILL__ADMIN__PASSWORD" }}{{ end }}
{{- $password := or $fromSecret (dig "admin" "password" "" .Values.config) }}
{{- $tokens := or $fromSecret (dig "uploads" "tokens" "" .Values.config) (not (dig "uploads" "enabled" false .Values.config)) }}
{{- range .Values.extraEnv }}
{{- if and (eq (upper .name) "PIXMILL__ADMIN__PASSWORD") (or .value .valueFrom) }}{{ $password = true }}{{ end }}
{{- if and (eq (upper .name) "PIXMILL__UPLOADS__TOKENS") (or .value .valueFrom) }}{{ $tokens = true }}{{ end }}
{{- end }}
{{- $open := .Values.networkPolicy.enabled | ternary "" "networkPolicy.enabled is false" }}
{{- range .Values.networkPolicy.adminFrom }}
{{- /* the widest private networks are 10.0.0.0/8 and fc00::/7 */}}
{{- $cidr := dig "ipBlock" "cidr" "" . }}
{{- if regexMatch "/0*[0-6]$" $cidr }}{{ $open = printf "networkPolicy.adminFrom has %s" $cidr }}{{ end }}
{{- end }}
{{- if and $open (not $password) }}
{{- fail (printf "%s, so that clients may reach the admin listener: expected a password for it, in existingSecret with credentialsFromSecret, or as config.admin.password" $open) }}
{{- end }}
{{- if and $open (not $tokens) }}
{{- fail (printf "%s, so that clients may reach the upload listener: expected tokens for it, in existingSecret with credentialsFromSecret, or as config.uploads.tokens" $open) }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled $password (not .Values.serviceMonitor.basicAuth) }}
{{- fail "serviceMonitor.basicAuth is empty: expected the Secret with the user name and password of the admin listener, or Prometheus gets 401" }}
{{- end }}
{{- end }}
