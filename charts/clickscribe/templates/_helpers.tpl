{{- define "clickscribe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Names of all objects begin with it; short enough for the suffixes that follow it, and without the dots that names of releases may hold and those of Services may not. */}}
{{- define "clickscribe.fullname" -}}
{{- $name := include "clickscribe.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | replace "." "-" | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "clickscribe.serviceAccount" -}}
{{- default (include "clickscribe.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "clickscribe.webhookSecret" -}}
{{- include "clickscribe.fullname" . }}-webhook
{{- end }}

{{/* Not that of the Secret which the operator fills: cert-manager leaves its own behind, and Helm refuses what it did not make. */}}
{{- define "clickscribe.certificateSecret" -}}
{{- include "clickscribe.fullname" . }}-webhook-tls
{{- end }}

{{- define "clickscribe.selectorLabels" -}}
app.kubernetes.io/name: {{ include "clickscribe.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "clickscribe.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "clickscribe.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: clickscribe
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "clickscribe.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end }}
{{- end }}

{{/* The operator's ServiceAccount as the subject of a binding. */}}
{{- define "clickscribe.subjects" -}}
subjects:
- kind: ServiceAccount
  name: {{ include "clickscribe.serviceAccount" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}
