package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/plugins/wire"
)

// version is the release that this source becomes.
const version = "0.1.0"

// versions is everything whose compatibility a user may have to check.
type versions struct {
	Schema       string `json:"schema"`
	Version      string `json:"version"`
	Revision     string `json:"revision"`
	Go           string `json:"go"`
	Platform     string `json:"platform"`
	Protocol     int    `json:"plugin_protocol"`
	ResultSchema string `json:"result_schema"`
}

func versionCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the versions of program, plugin protocol and result format",
		Args: cobra.NoArgs,
		RunE: action(func(context.Context, []string) error {
			v := currentVersions()
			if asJSON {
				return c.printJSON(v)
			}
			_, err := fmt.Fprintf(c.out, "pmbot    %s\nrevision %s\ngo       %s %s\nprotocol %d\nresult   %s\n",
				v.Version, v.Revision, v.Go, v.Platform, v.Protocol, v.ResultSchema)
			return err
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func currentVersions() versions {
	return versions{
		Schema: "pmbot.version/1", Version: version, Revision: revision(),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Protocol: wire.ProtocolVersion, ResultSchema: backtest.ResultSchema,
	}
}

// revision is the commit that the program was built from, with "+changes" when the
// working tree had some, or "unknown" for a build outside a repository.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	commit, changed := "unknown", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+changes"
			}
		}
	}
	return commit + changed
}
