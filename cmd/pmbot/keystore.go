package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// keySchema names the layout of a file of the key store.
const keySchema = "pmbot.key/1"

// storedKey is a file of the key store: an API key under the name that configurations call it
// by. It holds the texts themselves, or where they are to be read each time.
type storedKey struct {
	Schema string        `json:"schema"`
	Added  exchange.Time `json:"added"`
	// Key and Secret are the texts. KeyAt and SecretAt are references such as
	// "credential:NAME", in place of them.
	Key      string `json:"key,omitempty"`
	Secret   string `json:"secret,omitempty"`
	KeyAt    string `json:"key_at,omitempty"`
	SecretAt string `json:"secret_at,omitempty"`
}

// keyStore is the directory of keys: one file each, that nobody but its owner may read.
type keyStore struct{ dir string }

// configDir is where a user's configuration belongs: $PMBOT_CONFIG_DIR, or pmbot in the
// directory that the XDG convention names.
func (c *console) configDir() (string, error) {
	if dir := c.getenv("PMBOT_CONFIG_DIR"); dir != "" {
		return dir, nil
	}
	return c.userDir("XDG_CONFIG_HOME", ".config")
}

// userDir is pmbot's directory below the one that a variable names, or below a default of the
// home directory.
func (c *console) userDir(variable, below string) (string, error) {
	if base := c.getenv(variable); filepath.IsAbs(base) {
		return filepath.Join(base, "pmbot"), nil
	}
	home := c.getenv("HOME")
	if home == "" {
		return "", &failure{exitConfig, fmt.Errorf("neither %s nor HOME is set", variable), "set one of them, so that pmbot knows where its files belong"}
	}
	return filepath.Join(home, below, "pmbot"), nil
}

func (c *console) keyStore() (keyStore, error) {
	dir, err := c.configDir()
	return keyStore{filepath.Join(dir, "keys")}, err
}

func (s keyStore) path(name string) string { return filepath.Join(s.dir, name+".json") }

// read returns a key by its name.
func (s keyStore) read(name string) (*storedKey, error) {
	if !accountName.MatchString(name) {
		return nil, fmt.Errorf("%q is not the name of a key", name)
	}
	text, err := secretFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key %s in %s: %w", name, s.dir, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	k := &storedKey{}
	// The decoder's own error could quote the text.
	if json.Unmarshal([]byte(text), k) != nil || k.Schema != keySchema {
		return nil, fmt.Errorf("file %s is none of pmbot key", s.path(name))
	}
	return k, nil
}

// add writes a new key: first under another name, so that there is never half a key.
func (s keyStore) add(name string, k *storedKey) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("directory %s: %w", s.dir, reason(err))
	}
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return errors.New("the key cannot be written as JSON")
	}
	f, err := os.CreateTemp(s.dir, "."+name+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("directory %s: %w", s.dir, reason(err))
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("file %s: %w", f.Name(), err)
	}
	// A link fails where a rename would replace a key that is there.
	if err := os.Link(f.Name(), s.path(name)); errors.Is(err, fs.ErrExist) {
		return &failure{exitSafety, fmt.Errorf("there is a key %s already", name), "take another name, or remove that one first: pmbot key rm " + name}
	} else if err != nil {
		return fmt.Errorf("file %s: %w", s.path(name), err)
	}
	return nil
}

// names lists the keys, sorted.
func (s keyStore) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("directory %s: %w", s.dir, reason(err))
	}
	var names []string
	for _, e := range entries {
		if name, found := strings.CutSuffix(e.Name(), ".json"); found && accountName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// texts reads what a key consists of, where it stands or where its references lead.
func (c *console) texts(name string, k *storedKey) (key, secret papi.Secret, err error) {
	key, secret = papi.NewSecret(k.Key), papi.NewSecret(k.Secret)
	if k.KeyAt != "" {
		key, err = c.readSecret("key "+name, k.KeyAt)
	}
	if k.SecretAt != "" && err == nil {
		secret, err = c.readSecret("secret of key "+name, k.SecretAt)
	}
	return key, secret, err
}

// storedSecret is the half of a stored key that account.key or account.secret means.
func (c *console) storedSecret(field, name string) (papi.Secret, error) {
	store, err := c.keyStore()
	if err != nil {
		return papi.Secret{}, err
	}
	stored, err := store.read(name)
	if err != nil {
		return papi.Secret{}, &failure{exitConfig, fmt.Errorf("%s: %w", field, err), "pmbot key list shows those that are there, pmbot key add makes one"}
	}
	key, secret, err := c.texts(name, stored)
	if strings.HasSuffix(field, "secret") {
		return secret, err
	}
	return key, err
}
