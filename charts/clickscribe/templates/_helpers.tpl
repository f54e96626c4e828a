{{- define "clickscribe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Names of all objects begin with it; short enough for the suffixes that follow it. */}}
{{- define "clickscribe.fullname" -}}
{{- $name := include "clickscribe.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "clickscribe.serviceAccount" -}}
{{- default (include "clickscribe.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "clickscribe.webhookSecret" -}}
{{- include "clickscribe.fullname" . }}-webhook
{{- end }}

{{- define "clickscribe.selectorLabels" -}}
app.kubernetes.io/name: {{ include "clickscribe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
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
  name: {{ include "clickscribe.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
