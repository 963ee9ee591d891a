{{/* Values that cannot work end the rendering with a sentence. */}}
{{- define "pixmill.check" -}}
{{- include "pixmill.checkShapes" . }}
{{- include "pixmill.checkOwnKeys" . }}
{{- include "pixmill.checkAccess" . }}
{{- include "pixmill.checkSizes" . }}
{{- include "pixmill.checkPod" . }}
{{- $config := .Values.config }}
{{- $hasOrigin := or (dig "origin" "url" "" $config) (dig "origin" "allow_dynamic" false $config) (dig "uploads" "enabled" false $config) .Values.originFromSecret }}
{{- range .Values.extraEnv }}{{ if regexMatch "^PIXMILL__(ORIGIN|ORIGINS__.+)__URL$" (upper .name) }}{{ $hasOrigin = true }}{{ end }}{{ end }}
{{- range $name, $origin := default (dict) $config.origins }}{{ if $origin.url }}{{ $hasOrigin = true }}{{ end }}{{ end }}
{{- if not $hasOrigin }}
{{- fail "there is no origin, so that no image could be served: set config.origin.url, or config.origins.NAME.url, or originFromSecret with existingSecret" }}
{{- end }}
{{- if and .Values.originFromSecret (not .Values.existingSecret) }}{{ fail "originFromSecret needs existingSecret, which has PIXMILL__ORIGIN__URL" }}{{ end }}
{{- if and .Values.redis.enabled (dig "cache" "redis" "url" "" $config) }}{{ fail "redis.enabled and config.cache.redis.url exclude each other: one Redis is used" }}{{ end }}
{{- $mode := dig "cache" "redis" "mode" "single" $config }}
{{- if and .Values.redis.enabled (ne $mode "single") }}{{ fail (printf "redis.enabled is a single server, but config.cache.redis.mode is %s: remove one of them" $mode) }}{{ end }}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas)) }}{{ fail "autoscaling.maxReplicas is less than autoscaling.minReplicas" }}{{ end }}
{{- $resources := default (dict) .Values.resources }}
{{- if and .Values.autoscaling.enabled (not (or (default (dict) $resources.requests).cpu (default (dict) $resources.limits).cpu)) }}
{{- fail "resources.requests.cpu is not set: autoscaling measures the use of CPU in percent of it" }}
{{- end }}
{{- if and .Values.autoscaling.keda.enabled (not .Values.autoscaling.enabled) }}{{ fail "autoscaling.keda.enabled needs autoscaling.enabled" }}{{ end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}{{ fail "ingress.enabled needs ingress.hosts, such as images.example.com" }}{{ end }}
{{- end }}

{{/* Texts that Kubernetes, Prometheus or Redis would refuse. Each is a list of name, value, pattern, and what is expected. */}}
{{- define "pixmill.checkShapes" -}}
{{- $name := "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" }}
{{- $nameOrNone := printf "^$|%s" $name }}
{{- $host := "^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }}
{{- $shapes := list
  (list "image.repository" .Values.image.repository "^([^/@ ]+/)*[^/:@ ]+$" "a name without a tag, which is image.tag")
  (list "image.tag" .Values.image.tag "^[A-Za-z0-9_.-]*$" "a tag such as 0.1.0, which a digest is not")
  (list "existingSecret" .Values.existingSecret $nameOrNone "the name of a Secret, or nothing")
  (list "disk.storageClass" .Values.disk.storageClass $nameOrNone "the name of a StorageClass, or nothing")
  (list "serviceAccount.name" .Values.serviceAccount.name $nameOrNone "the name of a ServiceAccount, or nothing")
  (list "priorityClassName" .Values.priorityClassName $nameOrNone "the name of a PriorityClass, or nothing")
  (list "podDisruptionBudget.maxUnavailable" .Values.podDisruptionBudget.maxUnavailable "^([1-9][0-9]*|([1-9][0-9]?|100)%)$" "at least 1, or 1% to 100%, or no machine of the cluster can be drained")
  (list "autoscaling.keda.wait" .Values.autoscaling.keda.wait "^([1-9][0-9]*([.][0-9]+)?|0[.][0-9]*[1-9][0-9]*)$" "seconds above 0, such as 0.5")
  (list "serviceMonitor.interval" .Values.serviceMonitor.interval "^([1-9][0-9]*(h|m|s|ms))+$" "a time above 0, such as 30s or 1m30s")
  (list "redis.maxMemory" .Values.redis.maxMemory "^[1-9][0-9]*[kKmMgG]?[bB]?$" "a size above 0 in the notation of Redis, such as 512mb") }}
{{- range .Values.imagePullSecrets }}{{ $shapes = append $shapes (list "imagePullSecrets.name" .name $name "the name of a Secret") }}{{ end }}
{{- range .Values.ingress.hosts }}{{ $shapes = append $shapes (list "ingress.hosts" . $host "names in lower case, without scheme, port and path, such as images.example.com") }}{{ end }}
{{- range .Values.networkPolicy.adminFrom }}
{{- $shapes = append $shapes (list "networkPolicy.adminFrom.ipBlock.cidr" (dig "ipBlock" "cidr" "::/128" .) "^[0-9a-fA-F.:]+/[0-9]+$" "a network such as 10.0.0.0/8") }}
{{- end }}
{{- range $shapes }}
{{- $text := kindIs "invalid" (index . 1) | ternary "" (toString (index . 1)) }}
{{- if not (regexMatch (index . 2) $text) }}{{ fail (printf "%s is %q: expected %s" (index . 0) $text (index . 3)) }}{{ end }}
{{- end }}
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
{{- $open := default false .Values.networkPolicy.enabled | ternary "" "networkPolicy.enabled is false" }}
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

{{/* Sizes that must fit into each other. */}}
{{- define "pixmill.checkSizes" -}}
{{- $cache := dig "cache" "memory" "max_bytes" "256MiB" .Values.config }}
{{- $uploads := dig "uploads" "max_memory" "256MiB" .Values.config }}
{{- range .Values.extraEnv }}
{{- if eq (upper .name) "PIXMILL__CACHE__MEMORY__MAX_BYTES" }}{{ $cache = default 0 .value }}{{ end }}
{{- if eq (upper .name) "PIXMILL__UPLOADS__MAX_MEMORY" }}{{ $uploads = default 0 .value }}{{ end }}
{{- end }}
{{- /* 128 MiB: what Pixmill reckons for itself */}}
{{- $memory := addf 134217728 (include "pixmill.bytes" (dict "name" "cache.memory.max_bytes" "size" $cache)) }}
{{- if dig "uploads" "enabled" false .Values.config }}
{{- $memory = addf $memory (include "pixmill.bytes" (dict "name" "uploads.max_memory" "size" $uploads)) }}
{{- end }}
{{- $needs := dict "memory" (list $memory "cache.memory.max_bytes, uploads.max_memory if uploads are enabled, and the server, before any render") }}
{{- if .Values.disk.enabled }}
{{- $disk := include "pixmill.bytes" (dict "name" "disk.maxBytes" "size" .Values.disk.maxBytes) | float64 }}
{{- if lt $disk 33554432.0 }}
{{- fail (printf "disk.maxBytes is %v: expected at least 32MiB, which is the least for the results and the originals together" .Values.disk.maxBytes) }}
{{- end }}
{{- if not .Values.disk.storageClass }}{{ $_ := set $needs "ephemeral-storage" (list $disk "disk.maxBytes, or the pod is evicted when the disk cache is full") }}{{ end }}
{{- end }}
{{- include "pixmill.checkResources" (dict "name" "resources" "resources" .Values.resources "needs" $needs) }}
{{- if .Values.redis.enabled }}
{{- /* in the notation of Redis, kb is 1024 and k is 1000 */}}
{{- $most := regexReplaceAll "([kmg])b$" (lower .Values.redis.maxMemory) "${1}i" }}
{{- $needs = dict "memory" (list (include "pixmill.bytes" (dict "name" "redis.maxMemory" "size" $most) | float64) "redis.maxMemory, or the Redis is killed when it is full") }}
{{- include "pixmill.checkResources" (dict "name" "redis.resources" "resources" .Values.redis.resources "needs" $needs) }}
{{- end }}
{{- end }}

{{/* Limits must be above needs, and not below requests. Context: `resources`, their `name`, and `needs`: by resource, a list of an
amount and what it is for. */}}
{{- define "pixmill.checkResources" -}}
{{- $requests := default (dict) (default (dict) .resources).requests }}
{{- range $resource, $request := $requests }}
{{- $_ := include "pixmill.quantity" (dict "name" (printf "%s.requests.%s" $.name $resource) "quantity" $request) }}
{{- end }}
{{- range $resource, $limit := (default (dict) .resources).limits }}
{{- $name := printf "%s.limits.%s" $.name $resource }}
{{- $amount := include "pixmill.quantity" (dict "name" $name "quantity" $limit) | float64 }}
{{- $request := get $requests $resource | default 0 }}
{{- if gt (include "pixmill.quantity" (dict "name" "" "quantity" $request) | float64) $amount }}
{{- fail (printf "%s.requests.%s is %v: expected at most %s, %v" $.name $resource $request $name $limit) }}
{{- end }}
{{- with get $.needs $resource }}
{{- if le $amount (first .) }}{{ fail (printf "%s is %v: expected more than %dMi, for %s" $name $limit (divf (first .) 1048576 | ceil | int64) (last .)) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the chart writes into the pod must not be there twice. */}}
{{- define "pixmill.checkPod" -}}
{{- $labels := include "pixmill.labels" . | fromYaml }}
{{- range $name, $_ := .Values.podLabels }}
{{- if hasKey $labels $name }}{{ fail (printf "podLabels has %s, which is set by the chart: remove it" $name) }}{{ end }}
{{- end }}
{{- if hasKey (default (dict) .Values.podAnnotations) "checksum/config" }}{{ fail "podAnnotations has checksum/config, which is set by the chart: remove it" }}{{ end }}
{{- $volumes := default false .Values.disk.enabled | ternary (list "config" "cache") (list "config") }}
{{- range .Values.extraVolumes }}
{{- if has .name $volumes }}{{ fail (printf "extraVolumes has %s, a name that the chart uses or that is there twice: expected another name" .name) }}{{ end }}
{{- $volumes = append $volumes .name }}
{{- end }}
{{- $paths := default false .Values.disk.enabled | ternary (list "/etc/pixmill" "/var/cache/pixmill") (list "/etc/pixmill") }}
{{- range .Values.extraVolumeMounts }}
{{- if not (has .name $volumes) }}{{ fail (printf "extraVolumeMounts has %s: expected the name of a volume in extraVolumes" .name) }}{{ end }}
{{- if has (clean .mountPath) $paths }}{{ fail (printf "extraVolumeMounts has %s, a path that the chart uses or that is there twice: expected another path" .mountPath) }}{{ end }}
{{- $paths = append $paths (clean .mountPath) }}
{{- end }}
{{- if and .Values.serviceAccount.annotations (not .Values.serviceAccount.create) }}
{{- fail "serviceAccount.annotations needs serviceAccount.create: the chart does not change an account that it does not create" }}
{{- end }}
{{- end }}
