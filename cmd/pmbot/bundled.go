package main

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/plugins/basis"
	"github.com/pmbot/pmbot/plugins/carry"
	"github.com/pmbot/pmbot/plugins/grid"
	"github.com/pmbot/pmbot/plugins/hedge"
	"github.com/pmbot/pmbot/plugins/mm"
	"github.com/pmbot/pmbot/plugins/sdk"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/strategy"
)

// bundled returns the strategies that ship inside this program, by name. They run
// through the same process boundary as any other: pmbot starts itself as their plugin.
func bundled() map[string]func() strategy.Strategy {
	return map[string]func() strategy.Strategy{
		"basis": basis.New,
		"carry": carry.New,
		"grid":  grid.New,
		"hedge": hedge.New,
		"mm":    mm.New,
		"trend": trend.New,
	}
}

// bundledNames lists the bundled strategies.
func bundledNames() []string { return slices.Sorted(maps.Keys(bundled())) }

// serveArgs are the arguments with which pmbot starts itself as a plugin.
var serveArgs = []string{"plugin", "serve"}

// pluginCommand is the hidden half of the process boundary. It never returns.
func pluginCommand() *cobra.Command {
	g := group("plugin", "Serve the bundled strategies to another pmbot", &cobra.Command{
		Use: "serve", Short: "Be a plugin process", Args: cobra.NoArgs,
		RunE: action(func(context.Context, []string) error {
			sdk.ServeAll(bundled())
			return nil
		}),
	})
	g.Hidden = true
	return g
}
