package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// keyCommand keeps API keys under names. What it prints never holds a secret, nor more of a
// key than its last four characters.
func keyCommand(c *console) *cobra.Command {
	g := group("key", "Keep API keys under names, out of configurations",
		keyAddCommand(c), keyListCommand(c), keyRemoveCommand(c))
	g.Long = `Keep API keys under names. A configuration refers to one by its name:

  [account]
  key = "key:main"
  secret = "key:main"

A key is a file with mode 600 in $PMBOT_CONFIG_DIR/keys, by default in
~/.config/pmbot/keys. It holds key and secret, or only where they are: in variables of the
environment, in other files or in credentials of systemd.`
	return g
}

// keyFlags are the flags of "pmbot key add".
type keyFlags struct{ key, secret string }

func keyAddCommand(c *console) *cobra.Command {
	f := &keyFlags{}
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Keep a key under a name",
		Long: `Ask for an API key and its secret, without showing them, and keep them. Without a terminal
the key is the first line of standard input, and all that follows is the secret: one line,
or the private key of an RSA or Ed25519 key as PKCS#8 PEM.

With --key and --secret nothing is asked or copied: the name stands for these places.`,
		Example: `  pmbot key add main
  pmbot key add main < key-and-secret.txt
  pmbot key add main --key credential:pmbot-key --secret credential:pmbot-secret`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&f.key, "key", "", "where the key is: env:NAME, file:PATH or credential:NAME")
	cmd.Flags().StringVar(&f.secret, "secret", "", "where its secret is")
	cmd.RunE = action(func(_ context.Context, args []string) error { return c.keyAdd(args[0], f) })
	return cmd
}

func (c *console) keyAdd(name string, f *keyFlags) error {
	if !accountName.MatchString(name) {
		return &failure{exitUsage, fmt.Errorf("%q is not a name of at most 32 small letters, digits, _ and -", name), "write for example pmbot key add main"}
	}
	store, err := c.keyStore()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(store.path(name)); err == nil { // told before anything is typed
		return &failure{exitSafety, fmt.Errorf("there is a key %s already", name), "take another name, or remove that one first: pmbot key rm " + name}
	}
	k := &storedKey{Schema: keySchema, Added: wallClock()}
	if f.key != "" || f.secret != "" {
		if err := k.refer(f); err != nil {
			return err
		}
	} else if err := c.askKey(k); err != nil {
		return err
	}
	kind := "not read yet"
	if k.Key != "" {
		if kind, err = keyKind(papi.NewSecret(k.Key), papi.NewSecret(k.Secret)); err != nil {
			return &failure{exitConfig, err, "nothing was kept"}
		}
	}
	if err := store.add(name, k); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "key %s is kept (%s); configurations call it key:%s\n", name, kind, name)
	return err
}

// refer makes a key of two references.
func (k *storedKey) refer(f *keyFlags) error {
	for _, r := range []struct{ flag, ref string }{{"--key", f.key}, {"--secret", f.secret}} {
		kind, _, err := secretReference(r.ref)
		if err == nil && kind == "key" {
			err = errors.New("it must say where the value is, as env:NAME, file:PATH or credential:NAME")
		}
		if err != nil {
			return &failure{exitUsage, fmt.Errorf("%s: %w", r.flag, err), "give both --key and --secret, or none to be asked"}
		}
	}
	k.KeyAt, k.SecretAt = f.key, f.secret
	return nil
}

// askKey reads key and secret from the terminal, where nothing of it is shown, or from
// standard input.
func (c *console) askKey(k *storedKey) error {
	in, isFile := c.in.(*os.File)
	if isFile && term.IsTerminal(int(in.Fd())) {
		for _, q := range []struct {
			what string
			into *string
		}{{"API key", &k.Key}, {"secret", &k.Secret}} {
			fmt.Fprintf(c.err, "%s (not shown): ", q.what)
			text, err := term.ReadPassword(int(in.Fd()))
			fmt.Fprintln(c.err)
			if err != nil {
				return fmt.Errorf("read the %s: %w", q.what, err)
			}
			*q.into = strings.TrimSpace(string(text))
		}
		return nil
	}
	r := bufio.NewReader(io.LimitReader(c.in, secretSizeMax+1))
	first, err := r.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("standard input: %w", err)
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if len(first)+len(rest) > secretSizeMax {
		return &failure{exitConfig, fmt.Errorf("standard input has more than %d bytes", secretSizeMax), "give the key in a line, and its secret behind it"}
	}
	k.Key, k.Secret = strings.TrimSpace(first), strings.TrimSpace(string(rest))
	return nil
}

// keyKind demands that a key and its secret have a shape that Binance gives out.
func keyKind(key, secret papi.Secret) (string, error) {
	if key.Empty() || secret.Empty() {
		return "", errors.New("key or secret is empty: the key stands in the first line, its secret behind it")
	}
	kind, err := papi.KeyKind(secret)
	if err != nil {
		return "", err
	}
	// The client knows what a key must look like.
	_, err = papi.New(papi.Config{Key: key, Secret: secret})
	return kind, err
}

// keyLine is a row of "pmbot key list", and its JSON.
type keyLine struct {
	Name string `json:"name"`
	// Kind is "HMAC", "RSA" or "Ed25519", or why it cannot be told.
	Kind string `json:"kind"`
	// Where is "file", or the references of key and secret.
	Where string        `json:"where"`
	Added exchange.Time `json:"added"`
	// Ends are the last characters of the API key, which tell one from another.
	Ends string `json:"ends"`
}

// keyList is the JSON of "pmbot key list".
type keyList struct {
	Schema string    `json:"schema"`
	Keys   []keyLine `json:"keys"`
}

func keyListCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the keys: name, kind, place, age, and the end of the API key", Args: cobra.NoArgs,
		RunE: action(func(context.Context, []string) error { return c.keyList(asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func (c *console) keyList(asJSON bool) error {
	store, err := c.keyStore()
	if err != nil {
		return err
	}
	names, err := store.names()
	if err != nil {
		return err
	}
	list := keyList{Schema: "pmbot.keys/1", Keys: []keyLine{}}
	for _, name := range names {
		list.Keys = append(list.Keys, c.keyLine(store, name))
	}
	if asJSON {
		return c.printJSON(list)
	}
	if len(names) == 0 {
		_, err := fmt.Fprintf(c.out, "there is no key in %s; pmbot key add NAME keeps one\n", store.dir)
		return err
	}
	var rows [][]string
	for _, k := range list.Keys {
		age := "-"
		if k.Added != 0 {
			age = briefly(max(0, wallClock().Sub(k.Added)).Truncate(time.Minute))
		}
		rows = append(rows, []string{k.Name, k.Kind, k.Where, age, k.Ends})
	}
	return c.printTable([]string{"NAME", "KIND", "WHERE", "AGE", "ENDS"}, rows)
}

// keyLine describes a key without opening more of it than its end.
func (c *console) keyLine(store keyStore, name string) keyLine {
	line := keyLine{Name: name, Kind: "unreadable", Where: "-", Ends: "-"}
	k, err := store.read(name)
	if err != nil {
		return line
	}
	line.Added, line.Where = k.Added, "file"
	if k.KeyAt != "" {
		line.Where = k.KeyAt + ", " + k.SecretAt
	}
	key, secret, err := c.texts(name, k)
	if err != nil {
		line.Kind = "not there"
		return line
	}
	if kind, err := keyKind(key, secret); err == nil {
		line.Kind = kind
	}
	if ends := key.Ends(); ends != "" {
		line.Ends = "…" + ends
	}
	return line
}

func keyRemoveCommand(c *console) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "rm NAME", Short: "Forget a key", Args: cobra.ExactArgs(1),
		Long: `Remove a key from pmbot. At Binance it goes on to exist: delete it there, too, if it is not
needed any more.`,
		RunE: action(func(_ context.Context, args []string) error { return c.keyRemove(args[0], yes) }),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (c *console) keyRemove(name string, yes bool) error {
	store, err := c.keyStore()
	if err != nil {
		return err
	}
	if !accountName.MatchString(name) {
		return &failure{exitUsage, fmt.Errorf("%q is not the name of a key", name), "pmbot key list shows them"}
	}
	if _, err := os.Lstat(store.path(name)); errors.Is(err, fs.ErrNotExist) {
		return &failure{exitNotFound, fmt.Errorf("there is no key %s in %s", name, store.dir), "pmbot key list shows those that are there"}
	}
	if !yes {
		if err := c.confirm(fmt.Sprintf("Type %s to remove this key: ", name), name, "--yes"); err != nil {
			return err
		}
	}
	if err := os.Remove(store.path(name)); err != nil {
		return fmt.Errorf("file %s: %w", store.path(name), reason(err))
	}
	_, err = fmt.Fprintf(c.out, "key %s is removed here; at Binance it goes on to exist\n", name)
	return err
}

// confirm demands that a person at a terminal types a word. flag is what says yes without
// one.
func (c *console) confirm(question, word, flag string) error {
	in, isFile := c.in.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) || !isTerminal(c.err) {
		return &failure{exitSafety, errors.New("nobody is there to confirm it: this is no terminal"), "say " + flag + " if that is meant"}
	}
	fmt.Fprint(c.err, question)
	typed, err := bufio.NewReader(io.LimitReader(c.in, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(typed) != word {
		return &failure{exitSafety, errors.New("not confirmed"), "nothing was done"}
	}
	return nil
}
