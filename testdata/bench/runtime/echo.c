// A TCP server that sends back what it reads, with a process for each connection.
#include "process.h"

IMPORT("bench", "listening") void listening(u32 port);
IMPORT("lunatic::networking", "tcp_bind") u32 tcp_bind(u32 type, const void *addr, u32 port, u32 flow, u32 scope, u64 *id);
IMPORT("lunatic::networking", "tcp_local_addr") u32 tcp_local_addr(u64 listener, u64 *id);
IMPORT("lunatic::networking", "resolve_next") u32 resolve_next(u64 it, u32 *type, void *addr, u16 *port, u32 *flow, u32 *scope);
IMPORT("lunatic::networking", "drop_dns_iterator") void drop_dns_iterator(u64 it);
IMPORT("lunatic::networking", "tcp_accept") u32 tcp_accept(u64 listener, u64 *stream, u64 *peer);
IMPORT("lunatic::networking", "tcp_read") u32 tcp_read(u64 stream, void *p, u32 n, u64 *got);
IMPORT("lunatic::networking", "tcp_write_vectored") u32 tcp_write(u64 stream, const void *iov, u32 n, u64 *put);
IMPORT("lunatic::message", "push_tcp_stream") u64 push_tcp_stream(u64 stream);
IMPORT("lunatic::message", "take_tcp_stream") u64 take_tcp_stream(u64 index);

EXPORT(connection)(void) {
	static u8 bytes[4096];
	CHECK(receive(0, 0, FOREVER) == 0);
	u64 stream = take_tcp_stream(0), n, sent;
	while (tcp_read(stream, bytes, sizeof bytes, &n) == 0 && n > 0) {
		for (u64 at = 0; at < n; at += sent) {
			u32 iov[2] = {(u32)(bytes + at), (u32)(n - at)};
			if (tcp_write(stream, iov, 1, &sent)) return;
		}
	}
}

static u32 port_of(u64 listener) {
	u64 it;
	u32 type, flow, scope;
	u16 port;
	u8 addr[16];
	CHECK(tcp_local_addr(listener, &it) == 0);
	CHECK(resolve_next(it, &type, addr, &port, &flow, &scope) == 0);
	drop_dns_iterator(it);
	return port;
}

EXPORT(run)(u64 unused, u64 unused2) {
	static const u8 local[4] = {127, 0, 0, 1};
	u64 listener, stream, peer;
	CHECK(tcp_bind(4, local, 0, 0, 0, &listener) == 0);
	listening(port_of(listener));
	for (;;) {
		CHECK(tcp_accept(listener, &stream, &peer) == 0);
		drop_dns_iterator(peer);
		u64 child = start("connection", 10, 0, 0);
		create_data(1, 0);
		push_tcp_stream(stream);
		send_message(child);
	}
}
