//go:build !unix

package runner

import "github.com/tetratelabs/wazero"

// mount adds the directory to what an instance sees. It is wazero's own, which follows
// symbolic links out of the directory.
func (d Dir) mount(c wazero.FSConfig) wazero.FSConfig {
	if d.ReadOnly {
		return c.WithReadOnlyDirMount(d.Host, d.Guest)
	}
	return c.WithDirMount(d.Host, d.Guest)
}
