package lunatic

// RegisterName gives a process a name, of at most 4,096 bytes. The last one who is given a name has
// it, until the process ends.
func RegisterName(name string, id ID) { sysRegister(name, 0, uint64(id)) }

// Whereis returns the process that has a name. M is the type of its messages, which nobody
// checks.
func Whereis[M any](name string) (Process[M], bool) {
	var node, id uint64
	if sysWhereis(name, &node, &id) != 0 {
		return Process[M]{}, false
	}
	return Process[M]{ID(id)}, true
}

// UnregisterName makes a name free.
func UnregisterName(name string) { sysUnregister(name) }
