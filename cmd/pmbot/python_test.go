package main

import (
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pmbot/pmbot/internal/pythontest"
)

// offerPython tells scripts of the interpreter and of the Python package.
func offerPython(env *testscript.Env) error {
	env.Setenv("PYTHON", pythontest.Interpreter())
	folder, err := filepath.Abs("../../plugins/python")
	env.Setenv("PYTHON_PACKAGE", folder)
	return err
}
