package mm

import (
	"testing"

	"github.com/pmbot/pmbot/internal/bundletest"
)

// The table in README.md is the one that the tags of Params make.
func TestReadmeListsTheParameters(t *testing.T) { bundletest.Readme(t, New()) }
