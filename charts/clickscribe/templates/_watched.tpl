{{/* The namespaced kinds of Kubernetes itself that hold what people mean; never Secrets. */}}
{{- define "clickscribe.builtinKinds" -}}
- group: ""
  resources:
  - configmaps
  - limitranges
  - persistentvolumeclaims
  - pods
  - podtemplates
  - replicationcontrollers
  - resourcequotas
  - serviceaccounts
  - services
- group: apps
  resources: [daemonsets, deployments, statefulsets]
- group: autoscaling
  resources: [horizontalpodautoscalers]
- group: batch
  resources: [cronjobs, jobs]
- group: networking.k8s.io
  resources: [ingresses, networkpolicies]
- group: policy
  resources: [poddisruptionbudgets]
- group: rbac.authorization.k8s.io
  resources: [rolebindings, roles]
- group: resource.k8s.io
  resources: [resourceclaims, resourceclaimtemplates]
{{- end }}

{{/*
The rules for what can be captured: one for each group, sorted. Custom resources are named one by one, as the CRDs of the
cluster have them: a wildcard would reach subresources and aggregated APIs that hand out Secrets.
*/}}
{{- define "clickscribe.watchRules" -}}
{{- $groups := dict }}
{{- $kinds := .Values.rbac.watchAlso }}
{{- if kindIs "string" .Values.rbac.watch }}
{{- $kinds = concat (include "clickscribe.builtinKinds" . | fromYamlArray) $kinds }}
{{- range (lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "").items }}
{{- if and (eq .spec.scope "Namespaced") (ne .spec.group "clickscribe.dev") }}
{{- $kinds = append $kinds (dict "group" .spec.group "resources" (list .spec.names.plural)) }}
{{- end }}
{{- end }}
{{- else }}
{{- $kinds = concat .Values.rbac.watch $kinds }}
{{- end }}
{{- range $kinds }}
{{- $_ := set $groups .group (concat (get $groups .group | default list) .resources) }}
{{- end }}
{{- range $group := keys $groups | sortAlpha }}
- apiGroups: [{{ $group | quote }}]
  resources:
  {{- range get $groups $group | uniq | sortAlpha }}
  - {{ . | quote }}
  {{- end }}
  verbs: [get, list, watch]
{{- end }}
{{- end }}
