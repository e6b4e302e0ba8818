// A program that answers one request in many ways, by its path: raw HTTP on the standard
// streams, or CGI if there is GATEWAY_INTERFACE. It knows of nothing but WASI.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;
static char head[64 << 10];
static int cgi;

static void put(const char *s) {
	size_t n = strlen(s);
	while (n > 0) {
		ssize_t k = write(1, s, n);
		if (k <= 0) exit(9);
		s += k, n -= k;
	}
}

static void ok(const char *more) {
	put(cgi ? "Content-Type: text/plain\n" : "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
	put(more);
	put(cgi ? "\n" : "\r\n");
}

// readHead reads up to the empty line, a byte at a time: what follows is the body.
static void readHead(void) {
	size_t n = 0;
	while (n < sizeof head - 1 && read(0, head + n, 1) == 1) {
		n++;
		if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0) return;
	}
}

static void copyBody(void) {
	static char buf[32 << 10];
	ssize_t n;
	while ((n = read(0, buf, sizeof buf)) > 0)
		for (ssize_t k, at = 0; at < n; at += k)
			if ((k = write(1, buf + at, n - at)) <= 0) exit(9);
}

static void forever(void) {
	for (volatile unsigned i = 0;; i++) {}
}

int main(int argc, char **argv) {
	char method[16] = "", path[1024] = "";
	cgi = getenv("GATEWAY_INTERFACE") != 0;
	if (cgi) {
		snprintf(path, sizeof path, "%s", getenv("PATH_INFO"));
	} else {
		readHead();
		sscanf(head, "%15s %1023s", method, path);
	}
	if (!strcmp(path, "/hello")) {
		ok(cgi ? "" : "Content-Length: 6\r\n");
		put("hello\n");
	} else if (!strcmp(path, "/head")) { // what it has got
		ok("");
		if (cgi)
			for (char **e = environ; *e; e++) put(*e), put("\n");
		else
			put(head);
	} else if (!strcmp(path, "/args")) {
		ok("");
		for (int i = 0; i < argc; i++) put(argv[i]), put("\n");
	} else if (!strcmp(path, "/echo")) {
		ok("");
		copyBody();
	} else if (!strcmp(path, "/count")) { // reads all before it says anything
		static char buf[4 << 10];
		long total = 0;
		for (ssize_t n; (n = read(0, buf, sizeof buf)) > 0;) total += n;
		snprintf(buf, sizeof buf, "%ld", total);
		ok("");
		put(buf);
	} else if (!strcmp(path, "/missing")) {
		put(cgi ? "Status: 404 Gone Fishing\nContent-Type: text/plain\n\nno such page\n"
		        : "HTTP/1.1 404 Gone Fishing\r\nContent-Length: 13\r\n\r\nno such page\n");
	} else if (!strcmp(path, "/away")) {
		put("Location: http://example.com/\n\n");
	} else if (!strcmp(path, "/empty")) {
		put(cgi ? "Status: 204 No Content\n\n" : "HTTP/1.1 204 No Content\r\n\r\n");
	} else if (!strcmp(path, "/trap")) {
		__builtin_trap();
	} else if (!strcmp(path, "/silent")) {
		return 0;
	} else if (!strcmp(path, "/exit")) {
		return 3;
	} else if (!strcmp(path, "/garbage")) {
		put("This is no response.\n");
	} else if (!strcmp(path, "/status")) {
		put("HTTP/1.1 000 What\r\n\r\n");
	} else if (!strcmp(path, "/upgrade")) {
		put("HTTP/1.1 101 Switching Protocols\r\n\r\n");
	} else if (!strcmp(path, "/hints")) {
		put("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
		ok("");
		put("hinted");
	} else if (!strcmp(path, "/hop")) {
		ok("Connection: X-Private\r\nX-Private: 1\r\nX-Public: 1\r\nKeep-Alive: timeout=5\r\n");
		put("hop");
	} else if (!strcmp(path, "/chunked")) {
		ok("Transfer-Encoding: chunked\r\n");
		put("5\r\nhello\r\n1\r\n\n\r\n0\r\n\r\n");
	} else if (!strcmp(path, "/huge")) {
		for (;;) put(cgi ? "X: 0123456789abcdef0123456789abcdef\n" : "HTTP/1.1 200 OK 0123456789abcdef0123456789abcdef");
	} else if (!strcmp(path, "/endless")) { // a body without end
		ok("");
		for (;;) put("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
	} else if (!strcmp(path, "/short")) { // less than it said
		ok(cgi ? "Content-Length: 100\n" : "Content-Length: 100\r\n");
		put("half");
	} else if (!strcmp(path, "/breaks")) { // traps in the body
		ok("");
		put("half");
		__builtin_trap();
	} else if (!strcmp(path, "/hang")) {
		forever();
	} else if (!strcmp(path, "/hangs")) { // in the body
		ok("");
		put("half");
		forever();
	} else if (!strcmp(path, "/lingers")) { // behind the response
		ok(cgi ? "Content-Length: 5\n" : "Content-Length: 5\r\n");
		put("done\n");
		put("more than that");
		forever();
	} else if (!strcmp(path, "/big")) { // takes memory
		for (size_t i = 0; i < 64; i++) {
			char *volatile p = malloc(1 << 20);
			if (!p) return 4;
			memset(p, 1, 1 << 20);
		}
		ok("");
		put("big");
	} else if (!strcmp(path, "/once")) { // a process that has run before would know
		static int calls;
		ok("");
		put(calls++ == 0 ? "first" : "again");
	} else if (!strcmp(path, "/open")) {
		FILE *f = fopen("/etc/passwd", "r");
		ok("");
		put(f ? "open" : "closed");
	} else {
		ok("");
		put("?");
	}
	return 0;
}
