//go:build !unix

package host

import "net"

// newTCP makes a connection of package net a duplex.
func newTCP(conn *net.TCPConn, in, out *lane) duplex { return newPump(conn, in, out) }
