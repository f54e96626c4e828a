// Clones the repository at the URL in its first argument into memory, or opens it where that is a folder, walks the branch
// in the second, and prints what it read as one line of JSON. With an armored OpenPGP public key in the third, the last commit's signature must be by it.
// It is cached by the version of go-git alone: whoever changes what it does renames the part.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

type last struct {
	ID        string            `json:"id"`
	Author    string            `json:"author"`
	Committer string            `json:"committer"`
	Message   string            `json:"message"`
	Signed    bool              `json:"signed"`
	Files     map[string]string `json:"files"`
}

type report struct {
	Commits int  `json:"commits"`
	Trees   int  `json:"trees"`
	Blobs   int  `json:"blobs"`
	Bytes   int  `json:"bytes"`
	Last    last `json:"last"`
}

func main() {
	found, err := read(os.Args[1], plumbing.ReferenceName(os.Args[2]), os.Args[3:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(url string, branch plumbing.ReferenceName, keys []string) (*report, error) {
	repository, err := open(url, branch)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	head, err := repository.Reference(branch, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", branch, err)
	}
	found := &report{Last: last{Files: map[string]string{}}}
	seen := map[plumbing.Hash]bool{}
	commits, err := repository.Log(&git.LogOptions{From: head.Hash()})
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	err = commits.ForEach(func(commit *object.Commit) error {
		if err := rehash(repository, commit.Hash); err != nil {
			return err
		}
		found.Commits++
		if commit.Hash == head.Hash() {
			found.Last.ID = commit.Hash.String()
			found.Last.Author = commit.Author.Name + " <" + commit.Author.Email + ">"
			found.Last.Committer = commit.Committer.Name + " <" + commit.Committer.Email + ">"
			found.Last.Message = commit.Message
			found.Last.Signed = commit.PGPSignature != ""
			for _, key := range keys {
				if _, err := commit.Verify(key); err != nil {
					return fmt.Errorf("signature: %w", err)
				}
			}
		}
		return walk(repository, commit.TreeHash, "", commit.Hash == head.Hash(), seen, found)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func open(url string, branch plumbing.ReferenceName) (*git.Repository, error) {
	if strings.Contains(url, "://") {
		return git.Clone(memory.NewStorage(), nil, &git.CloneOptions{URL: url, ReferenceName: branch})
	}
	return git.PlainOpen(url)
}

func walk(
	repository *git.Repository, id plumbing.Hash, at string, isLast bool, seen map[plumbing.Hash]bool, found *report,
) error {
	if !seen[id] {
		found.Trees++
		if err := rehash(repository, id); err != nil {
			return err
		}
	} else if !isLast {
		return nil
	}
	seen[id] = true
	tree, err := repository.TreeObject(id)
	if err != nil {
		return fmt.Errorf("tree %s: %w", id, err)
	}
	for _, entry := range tree.Entries {
		path := at + entry.Name
		if !entry.Mode.IsFile() {
			if err := walk(repository, entry.Hash, path+"/", isLast, seen, found); err != nil {
				return err
			}
			continue
		}
		if isLast {
			found.Last.Files[path] = entry.Hash.String()
		}
		if seen[entry.Hash] {
			continue
		}
		seen[entry.Hash] = true
		found.Blobs++
		blob, err := repository.BlobObject(entry.Hash)
		if err != nil {
			return fmt.Errorf("blob %s: %w", entry.Hash, err)
		}
		found.Bytes += int(blob.Size)
		if err := rehash(repository, entry.Hash); err != nil {
			return err
		}
	}
	return nil
}

// rehash computes the id of an object from its bytes.
func rehash(repository *git.Repository, id plumbing.Hash) error {
	encoded, err := repository.Storer.EncodedObject(plumbing.AnyObject, id)
	if err != nil {
		return fmt.Errorf("object %s: %w", id, err)
	}
	reader, err := encoded.Reader()
	if err != nil {
		return err
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	if plumbing.ComputeHash(encoded.Type(), content) != id {
		return fmt.Errorf("object %s has other bytes than its id says", id)
	}
	return reader.Close()
}
