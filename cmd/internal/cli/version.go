package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/lunatic-go/lunatic/rtlib"
)

// version is set by the linker, for a release: see testdata/dist.
var version string

// Version is the version of this program: that of a release, else that of the module it was
// built from, or its revision.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// FullVersion adds what it was built with and for.
func FullVersion() string {
	return fmt.Sprintf("%s (contract %d, %s, %s/%s)", Version(), rtlib.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
