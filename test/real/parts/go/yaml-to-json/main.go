// Reads YAML documents from stdin, each ended by a NUL, and answers each as kubectl reads it: `=` and its JSON, or `!` and
// the error, ended by a NUL. It is cached by the version of sigs.k8s.io/yaml alone: whoever changes what it does renames the part.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	for {
		document, err := in.ReadBytes(0)
		if errors.Is(err, io.EOF) && len(document) == 0 {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "a document without its end:", err)
			os.Exit(1)
		}
		json, err := yaml.YAMLToJSON(bytes.TrimSuffix(document, []byte{0}))
		if err != nil {
			fmt.Fprintf(out, "!%v\x00", err)
		} else {
			fmt.Fprintf(out, "=%s\x00", json)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
