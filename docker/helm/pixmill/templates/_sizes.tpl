{{/* A number times its unit, in the notation of Kubernetes. Context: a dict with `number` and `unit`. */}}
{{- define "pixmill.product" -}}
{{- $factors := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 }}
{{- range $power, $prefix := list "K" "M" "G" "T" "P" "E" }}
{{- $factor := 1024 }}
{{- range until $power }}{{ $factor = mul $factor 1024 }}{{ end }}
{{- $_ := set $factors (printf "%si" $prefix) $factor }}
{{- end }}
{{- printf "%.3f" (mulf .number (get $factors .unit)) }}
{{- end }}

{{/* The bytes of a size of Pixmill: `10GiB`, `10GB` or a number. Context: a dict with the `name` of the value, and the `size`. */}}
{{- define "pixmill.bytes" -}}
{{- $size := kindIs "string" .size | ternary .size (toString (int64 .size)) }}
{{- if not (regexMatch "^([0-9]+|[0-9]+([.][0-9]+)? *(?i:[kmgtpe]i?b?|b))$" $size) }}
{{- fail (printf "%s is %s: expected a size such as 10GiB, 10GB or a number of bytes" .name $size) }}
{{- end }}
{{- $number := regexFind "^[0-9.]+" $size }}
{{- $unit := trimPrefix $number $size | trim | lower | trimSuffix "b" | title }}
{{- include "pixmill.product" (dict "number" $number "unit" (eq $unit "K" | ternary "k" $unit)) }}
{{- end }}

{{/* A quantity of Kubernetes: `2Gi`, `500m` or a number. Context: a dict with the `name` of the value, and the `quantity`. */}}
{{- define "pixmill.quantity" -}}
{{- $quantity := kindIs "string" .quantity | ternary .quantity (printf "%.3f" (float64 .quantity)) }}
{{- if not (regexMatch "^[0-9]+([.][0-9]+)?([mkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$" $quantity) }}
{{- fail (printf "%s is %v: expected a quantity of Kubernetes, such as 2Gi, 500m or 4" .name .quantity) }}
{{- end }}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" $quantity }}
{{- include "pixmill.product" (dict "number" $number "unit" (trimPrefix $number $quantity)) }}
{{- end }}

{{/* The size of the volume of the disk cache: a fifth more than its files, for what the file system takes itself. */}}
{{- define "pixmill.volumeSize" -}}
{{- $bytes := include "pixmill.bytes" (dict "name" "disk.maxBytes" "size" .Values.disk.maxBytes) }}
{{- printf "%dMi" (divf (mulf $bytes 1.2) 1048576 | ceil | int64) }}
{{- end }}
