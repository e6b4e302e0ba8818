//go:build !wasip1

package lunatic

import "unsafe"

// Outside of a process there is no host. Programs compile, for editors and go vet, and their
// parts that need no process can be tested; what calls the host panics. It is a variable so that
// no tool concludes that nothing behind a call is ever reached.
var noHost = func() { panic("lunatic: not a process: build with GOOS=wasip1 GOARCH=wasm") }

func errorSize(id uint64) uint32               { noHost(); return 0 }
func errorText(id uint64, text unsafe.Pointer) { noHost() }
func dropError(id uint64)                      { noHost() }
func sysSpawn(link, config, module uint64, function string, params unsafe.Pointer, size uint32, id *uint64) uint32 {
	noHost()
	return 0
}
func sysGetOrSpawn(name string, link, config, module uint64, function string, params unsafe.Pointer, size uint32, node, id *uint64) uint32 {
	noHost()
	return 0
}
func sysCompileModule(module unsafe.Pointer, size uint32, id *uint64) int32     { noHost(); return 0 }
func sysDropModule(id uint64)                                                   { noHost() }
func sysDieWhenLinkDies(on uint32)                                              { noHost() }
func sysProcessID() uint64                                                      { noHost(); return 0 }
func sysLink(tag int64, id uint64)                                              { noHost() }
func sysUnlink(id uint64)                                                       { noHost() }
func sysMonitor(tag int64, id uint64)                                           { noHost() }
func sysStopMonitoring(tag int64, id uint64)                                    { noHost() }
func sysKill(id uint64)                                                         { noHost() }
func sysSleep(millis uint64)                                                    { noHost() }
func sysExists(id uint64) uint32                                                { noHost(); return 0 }
func sysCreateConfig() int64                                                    { noHost(); return 0 }
func sysDropConfig(id uint64)                                                   { noHost() }
func sysConfigMaxMemory(id, bytes uint64)                                       { noHost() }
func sysConfigMaxFuel(id, fuel uint64)                                          { noHost() }
func sysConfigCanCompile(id uint64, can uint32)                                 { noHost() }
func sysConfigCanConfigure(id uint64, can uint32)                               { noHost() }
func sysConfigCanSpawn(id uint64, can uint32)                                   { noHost() }
func sysConfigMaxMessages(id, n uint64)                                         { noHost() }
func sysConfigMaxMailbox(id, bytes uint64)                                      { noHost() }
func sysConfigAllowConnect(id uint64, rule string, out *uint64) uint32          { noHost(); return 0 }
func sysConfigDenyConnect(id uint64, rule string, out *uint64) uint32           { noHost(); return 0 }
func sysConfigAllowListen(id uint64, rule string, out *uint64) uint32           { noHost(); return 0 }
func sysConfigDenyListen(id uint64, rule string, out *uint64) uint32            { noHost(); return 0 }
func sysConfigAllowResolve(id uint64, rule string, out *uint64) uint32          { noHost(); return 0 }
func sysConfigDenyResolve(id uint64, rule string, out *uint64) uint32           { noHost(); return 0 }
func sysConfigForbid(id uint64, name string)                                    { noHost() }
func sysConfigEnv(id uint64, key, value string)                                 { noHost() }
func sysConfigArg(id uint64, arg string)                                        { noHost() }
func sysConfigDir(id uint64, dir string)                                        { noHost() }
func sysCreateData(tag int64, hint uint64)                                      { noHost() }
func sysWriteData(data unsafe.Pointer, size uint32) uint32                      { noHost(); return 0 }
func sysReadData(data unsafe.Pointer, size uint32) uint32                       { noHost(); return 0 }
func sysExitReason() uint32                                                     { noHost(); return 0 }
func sysPushModule(id uint64) uint64                                            { noHost(); return 0 }
func sysTakeModule(index uint64) uint64                                         { noHost(); return 0 }
func sysPushTCP(id uint64) uint64                                               { noHost(); return 0 }
func sysTakeTCP(index uint64) uint64                                            { noHost(); return 0 }
func sysPushTLS(id uint64) uint64                                               { noHost(); return 0 }
func sysTakeTLS(index uint64) uint64                                            { noHost(); return 0 }
func sysPushUDP(id uint64) uint64                                               { noHost(); return 0 }
func sysTakeUDP(index uint64) uint64                                            { noHost(); return 0 }
func sysSend(id uint64) uint32                                                  { noHost(); return 0 }
func sysSendData(id uint64, tag int64, data unsafe.Pointer, size uint32) uint32 { noHost(); return 0 }
func sysSendToNextChild() uint32                                                { noHost(); return 0 }
func sysReceiveData(tags unsafe.Pointer, n uint32, timeout uint64, data unsafe.Pointer, size uint32, info unsafe.Pointer) uint32 {
	noHost()
	return 0
}
func sysSendAfter(id, millis uint64) uint64           { noHost(); return 0 }
func sysCancelTimer(id uint64) uint32                 { noHost(); return 0 }
func sysRegister(name string, node, id uint64)        { noHost() }
func sysWhereis(name string, node, id *uint64) uint32 { noHost(); return 0 }
func sysUnregister(name string)                       { noHost() }
func sysResolveNext(iter uint64, family *uint32, addr unsafe.Pointer, port *uint16, flow, scope *uint32) uint32 {
	noHost()
	return 0
}
func sysDropIterator(iter uint64) { noHost() }
func sysTCPBind(family uint32, addr unsafe.Pointer, port, flow, scope uint32, id *uint64) uint32 {
	noHost()
	return 0
}
func sysDropTCPListener(id uint64)                                              { noHost() }
func sysTCPLocalAddr(id uint64, iter *uint64) uint32                            { noHost(); return 0 }
func sysTCPAccept(id uint64, stream, peer *uint64) uint32                       { noHost(); return 0 }
func sysTCPPeerAddr(id uint64, iter *uint64) uint32                             { noHost(); return 0 }
func sysDropTCP(id uint64)                                                      { noHost() }
func sysCloneTCP(id uint64) uint64                                              { noHost(); return 0 }
func sysTCPWrite(id uint64, iovs unsafe.Pointer, n uint32, out *uint64) uint32  { noHost(); return 0 }
func sysTCPRead(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32 { noHost(); return 0 }
func sysTLSBind(family uint32, addr unsafe.Pointer, port, flow, scope uint32, id *uint64, cert, key string) uint32 {
	noHost()
	return 0
}
func sysDropTLSListener(id uint64)                                              { noHost() }
func sysTLSLocalAddr(id uint64, iter *uint64) uint32                            { noHost(); return 0 }
func sysTLSAccept(id uint64, stream, peer *uint64) uint32                       { noHost(); return 0 }
func sysDropTLS(id uint64)                                                      { noHost() }
func sysCloneTLS(id uint64) uint64                                              { noHost(); return 0 }
func sysTLSWrite(id uint64, iovs unsafe.Pointer, n uint32, out *uint64) uint32  { noHost(); return 0 }
func sysTLSRead(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32 { noHost(); return 0 }
func sysUDPBind(family uint32, addr unsafe.Pointer, port, flow, scope uint32, id *uint64) uint32 {
	noHost()
	return 0
}
func sysDropUDP(id uint64)                           { noHost() }
func sysCloneUDP(id uint64) uint64                   { noHost(); return 0 }
func sysUDPLocalAddr(id uint64, iter *uint64) uint32 { noHost(); return 0 }
func sysUDPPeerAddr(id uint64, iter *uint64) uint32  { noHost(); return 0 }
func sysUDPReceive(id uint64, buf unsafe.Pointer, size uint32, out, iter *uint64) uint32 {
	noHost()
	return 0
}
func sysUDPConnect(id uint64, family uint32, addr unsafe.Pointer, port, flow, scope uint32, timeout uint64, out *uint64) uint32 {
	noHost()
	return 0
}
func sysUDPSendTo(id uint64, buf unsafe.Pointer, size uint32, family uint32, addr unsafe.Pointer, port, flow, scope uint32, out *uint64) uint32 {
	noHost()
	return 0
}
func sysUDPSend(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32 { noHost(); return 0 }
func sysUDPBroadcast(id uint64, on uint32)                                      { noHost() }
func sysUDPTTL(id uint64, ttl uint32)                                           { noHost() }
func pollMailbox() int32                                                        { noHost(); return 0 }
func pollTCPListener(id uint64) int32                                           { noHost(); return 0 }
func pollTLSListener(id uint64) int32                                           { noHost(); return 0 }
func pollTCP(id uint64) int32                                                   { noHost(); return 0 }
func pollTLS(id uint64) int32                                                   { noHost(); return 0 }
func pollUDP(id uint64) int32                                                   { noHost(); return 0 }
func beginResolve(name string, timeout uint64, descriptor *uint64) uint32       { noHost(); return 0 }
func beginTCPConnect(family uint32, addr unsafe.Pointer, port, flow, scope uint32, timeout uint64, descriptor *uint64) uint32 {
	noHost()
	return 0
}
func beginTLSConnect(host string, port uint32, timeout uint64, descriptor *uint64, certs unsafe.Pointer, n uint32) uint32 {
	noHost()
	return 0
}
func finishOperation(descriptor int32, id *uint64) uint32 { noHost(); return 0 }
