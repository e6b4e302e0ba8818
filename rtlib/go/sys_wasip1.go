//go:build wasip1

package lunatic

import "unsafe"

// The imported functions, as docs/abi.md has them. A string is a pointer and a length.

//go:wasmimport lunatic::error string_size
func errorSize(id uint64) uint32

//go:wasmimport lunatic::error to_string
//go:noescape
func errorText(id uint64, text unsafe.Pointer)

//go:wasmimport lunatic::error drop
func dropError(id uint64)

//go:wasmimport lunatic::process spawn
//go:noescape
func sysSpawn(link, config, module uint64, function string, params unsafe.Pointer, size uint32, id *uint64) uint32

//go:wasmimport lunatic::process get_or_spawn
//go:noescape
func sysGetOrSpawn(name string, link, config, module uint64, function string, params unsafe.Pointer, size uint32, node, id *uint64) uint32

//go:wasmimport lunatic::process compile_module
//go:noescape
func sysCompileModule(module unsafe.Pointer, size uint32, id *uint64) int32

//go:wasmimport lunatic::process drop_module
func sysDropModule(id uint64)

//go:wasmimport lunatic::process die_when_link_dies
func sysDieWhenLinkDies(on uint32)

//go:wasmimport lunatic::process process_id
func sysProcessID() uint64

//go:wasmimport lunatic::process link
func sysLink(tag int64, id uint64)

//go:wasmimport lunatic::process unlink
func sysUnlink(id uint64)

//go:wasmimport lunatic::process monitor_with_tag
func sysMonitor(tag int64, id uint64)

//go:wasmimport lunatic::process stop_monitoring_with_tag
func sysStopMonitoring(tag int64, id uint64)

//go:wasmimport lunatic::process kill
func sysKill(id uint64)

//go:wasmimport lunatic::process sleep_ms
func sysSleep(millis uint64)

//go:wasmimport lunatic::process exists
func sysExists(id uint64) uint32

//go:wasmimport lunatic::process create_config
func sysCreateConfig() int64

//go:wasmimport lunatic::process drop_config
func sysDropConfig(id uint64)

//go:wasmimport lunatic::process config_set_max_memory
func sysConfigMaxMemory(id, bytes uint64)

//go:wasmimport lunatic::process config_set_max_fuel
func sysConfigMaxFuel(id, fuel uint64)

//go:wasmimport lunatic::process config_set_can_compile_modules
func sysConfigCanCompile(id uint64, can uint32)

//go:wasmimport lunatic::process config_set_can_create_configs
func sysConfigCanConfigure(id uint64, can uint32)

//go:wasmimport lunatic::process config_set_can_spawn_processes
func sysConfigCanSpawn(id uint64, can uint32)

//go:wasmimport lunatic::process config_set_max_messages
func sysConfigMaxMessages(id, n uint64)

//go:wasmimport lunatic::process config_set_max_mailbox
func sysConfigMaxMailbox(id, bytes uint64)

//go:wasmimport lunatic::process config_allow_connect
//go:noescape
func sysConfigAllowConnect(id uint64, rule string, out *uint64) uint32

//go:wasmimport lunatic::process config_deny_connect
//go:noescape
func sysConfigDenyConnect(id uint64, rule string, out *uint64) uint32

//go:wasmimport lunatic::process config_allow_listen
//go:noescape
func sysConfigAllowListen(id uint64, rule string, out *uint64) uint32

//go:wasmimport lunatic::process config_deny_listen
//go:noescape
func sysConfigDenyListen(id uint64, rule string, out *uint64) uint32

//go:wasmimport lunatic::process config_allow_resolve
//go:noescape
func sysConfigAllowResolve(id uint64, rule string, out *uint64) uint32

//go:wasmimport lunatic::process config_deny_resolve
//go:noescape
func sysConfigDenyResolve(id uint64, rule string, out *uint64) uint32

//go:wasmimport lunatic::process config_forbid_namespace
func sysConfigForbid(id uint64, name string)

//go:wasmimport lunatic::wasi config_add_environment_variable
func sysConfigEnv(id uint64, key, value string)

//go:wasmimport lunatic::wasi config_add_command_line_argument
func sysConfigArg(id uint64, arg string)

//go:wasmimport lunatic::wasi config_preopen_dir
func sysConfigDir(id uint64, dir string)

//go:wasmimport lunatic::message create_data
func sysCreateData(tag int64, hint uint64)

//go:wasmimport lunatic::message write_data
//go:noescape
func sysWriteData(data unsafe.Pointer, size uint32) uint32

//go:wasmimport lunatic::message read_data
//go:noescape
func sysReadData(data unsafe.Pointer, size uint32) uint32

//go:wasmimport lunatic::message get_exit_reason
func sysExitReason() uint32

//go:wasmimport lunatic::message push_module
func sysPushModule(id uint64) uint64

//go:wasmimport lunatic::message take_module
func sysTakeModule(index uint64) uint64

//go:wasmimport lunatic::message push_tcp_stream
func sysPushTCP(id uint64) uint64

//go:wasmimport lunatic::message take_tcp_stream
func sysTakeTCP(index uint64) uint64

//go:wasmimport lunatic::message push_tls_stream
func sysPushTLS(id uint64) uint64

//go:wasmimport lunatic::message take_tls_stream
func sysTakeTLS(index uint64) uint64

//go:wasmimport lunatic::message push_udp_socket
func sysPushUDP(id uint64) uint64

//go:wasmimport lunatic::message take_udp_socket
func sysTakeUDP(index uint64) uint64

//go:wasmimport lunatic::message send
func sysSend(id uint64) uint32

//go:wasmimport lunatic::message send_data
//go:noescape
func sysSendData(id uint64, tag int64, data unsafe.Pointer, size uint32) uint32

//go:wasmimport lunatic::message send_to_next_child
func sysSendToNextChild() uint32

//go:wasmimport lunatic::message receive_data
//go:noescape
func sysReceiveData(tags unsafe.Pointer, n uint32, timeout uint64, data unsafe.Pointer, size uint32, info unsafe.Pointer) uint32

//go:wasmimport lunatic::timer send_after
func sysSendAfter(id, millis uint64) uint64

//go:wasmimport lunatic::timer cancel_timer
func sysCancelTimer(id uint64) uint32

//go:wasmimport lunatic::registry put
func sysRegister(name string, node, id uint64)

//go:wasmimport lunatic::registry get
//go:noescape
func sysWhereis(name string, node, id *uint64) uint32

//go:wasmimport lunatic::registry remove
func sysUnregister(name string)

//go:wasmimport lunatic::networking resolve_next
//go:noescape
func sysResolveNext(iter uint64, family *uint32, addr unsafe.Pointer, port *uint16, flow, scope *uint32) uint32

//go:wasmimport lunatic::networking drop_dns_iterator
func sysDropIterator(iter uint64)

//go:wasmimport lunatic::networking tcp_bind
//go:noescape
func sysTCPBind(family uint32, addr unsafe.Pointer, port, flow, scope uint32, id *uint64) uint32

//go:wasmimport lunatic::networking drop_tcp_listener
func sysDropTCPListener(id uint64)

//go:wasmimport lunatic::networking tcp_local_addr
//go:noescape
func sysTCPLocalAddr(id uint64, iter *uint64) uint32

//go:wasmimport lunatic::networking tcp_accept
//go:noescape
func sysTCPAccept(id uint64, stream, peer *uint64) uint32

//go:wasmimport lunatic::networking tcp_peer_addr
//go:noescape
func sysTCPPeerAddr(id uint64, iter *uint64) uint32

//go:wasmimport lunatic::networking drop_tcp_stream
func sysDropTCP(id uint64)

//go:wasmimport lunatic::networking clone_tcp_stream
func sysCloneTCP(id uint64) uint64

//go:wasmimport lunatic::networking tcp_write_vectored
//go:noescape
func sysTCPWrite(id uint64, iovs unsafe.Pointer, n uint32, out *uint64) uint32

//go:wasmimport lunatic::networking tcp_read
//go:noescape
func sysTCPRead(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32

//go:wasmimport lunatic::networking tls_bind
//go:noescape
func sysTLSBind(family uint32, addr unsafe.Pointer, port, flow, scope uint32, id *uint64, cert, key string) uint32

//go:wasmimport lunatic::networking drop_tls_listener
func sysDropTLSListener(id uint64)

//go:wasmimport lunatic::networking tls_local_addr
//go:noescape
func sysTLSLocalAddr(id uint64, iter *uint64) uint32

//go:wasmimport lunatic::networking tls_accept
//go:noescape
func sysTLSAccept(id uint64, stream, peer *uint64) uint32

//go:wasmimport lunatic::networking drop_tls_stream
func sysDropTLS(id uint64)

//go:wasmimport lunatic::networking clone_tls_stream
func sysCloneTLS(id uint64) uint64

//go:wasmimport lunatic::networking tls_write_vectored
//go:noescape
func sysTLSWrite(id uint64, iovs unsafe.Pointer, n uint32, out *uint64) uint32

//go:wasmimport lunatic::networking tls_read
//go:noescape
func sysTLSRead(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32

//go:wasmimport lunatic::networking udp_bind
//go:noescape
func sysUDPBind(family uint32, addr unsafe.Pointer, port, flow, scope uint32, id *uint64) uint32

//go:wasmimport lunatic::networking drop_udp_socket
func sysDropUDP(id uint64)

//go:wasmimport lunatic::networking clone_udp_socket
func sysCloneUDP(id uint64) uint64

//go:wasmimport lunatic::networking udp_local_addr
//go:noescape
func sysUDPLocalAddr(id uint64, iter *uint64) uint32

//go:wasmimport lunatic::networking udp_peer_addr
//go:noescape
func sysUDPPeerAddr(id uint64, iter *uint64) uint32

//go:wasmimport lunatic::networking udp_receive_from
//go:noescape
func sysUDPReceive(id uint64, buf unsafe.Pointer, size uint32, out, iter *uint64) uint32

//go:wasmimport lunatic::networking udp_connect
//go:noescape
func sysUDPConnect(id uint64, family uint32, addr unsafe.Pointer, port, flow, scope uint32, timeout uint64, out *uint64) uint32

//go:wasmimport lunatic::networking udp_send_to
//go:noescape
func sysUDPSendTo(id uint64, buf unsafe.Pointer, size uint32, family uint32, addr unsafe.Pointer, port, flow, scope uint32, out *uint64) uint32

//go:wasmimport lunatic::networking udp_send
//go:noescape
func sysUDPSend(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32

//go:wasmimport lunatic::networking set_udp_socket_broadcast
func sysUDPBroadcast(id uint64, on uint32)

//go:wasmimport lunatic::networking set_udp_socket_ttl
func sysUDPTTL(id uint64, ttl uint32)

//go:wasmimport lunatic::poll mailbox
func pollMailbox() int32

//go:wasmimport lunatic::poll tcp_listener
func pollTCPListener(id uint64) int32

//go:wasmimport lunatic::poll tls_listener
func pollTLSListener(id uint64) int32

//go:wasmimport lunatic::poll tcp_stream
func pollTCP(id uint64) int32

//go:wasmimport lunatic::poll tls_stream
func pollTLS(id uint64) int32

//go:wasmimport lunatic::poll udp_socket
func pollUDP(id uint64) int32

//go:wasmimport lunatic::poll resolve
//go:noescape
func beginResolve(name string, timeout uint64, descriptor *uint64) uint32

//go:wasmimport lunatic::poll tcp_connect
//go:noescape
func beginTCPConnect(family uint32, addr unsafe.Pointer, port, flow, scope uint32, timeout uint64, descriptor *uint64) uint32

//go:wasmimport lunatic::poll tls_connect
//go:noescape
func beginTLSConnect(host string, port uint32, timeout uint64, descriptor *uint64, certs unsafe.Pointer, n uint32) uint32

//go:wasmimport lunatic::poll finish
//go:noescape
func finishOperation(descriptor int32, id *uint64) uint32
