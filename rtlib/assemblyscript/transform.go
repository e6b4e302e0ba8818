// Package assemblyscript has what commands hand out of the library for AssemblyScript.
package assemblyscript

import _ "embed"

// Transform is transform.mjs.
//
//go:embed transform.mjs
var Transform []byte
