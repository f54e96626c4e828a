// What the tests' yaml-to-json is built from: the reader of kubectl, Argo CD and Flux.
module clickscribe.dev/real/yaml-to-json

go 1.26.0

require sigs.k8s.io/yaml v1.6.0

require go.yaml.in/yaml/v2 v2.4.4 // indirect
