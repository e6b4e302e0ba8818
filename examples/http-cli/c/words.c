// Counts what it reads, as wc does, in the form of CGI: a program of 1993.
//
//	curl --data-binary @README.md http://localhost:8080/
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
	const char *method = getenv("REQUEST_METHOD");
	if (!method || strcmp(method, "POST")) {
		printf("Status: 405 Method Not Allowed\nAllow: POST\nContent-Type: text/plain\n\nPOST a text.\n");
		return 0;
	}
	unsigned long lines = 0, words = 0, bytes = 0;
	int inside = 0, c;
	while ((c = getchar()) != EOF) {
		bytes++;
		lines += c == '\n';
		words += !isspace(c) && !inside;
		inside = !isspace(c);
	}
	printf("Content-Type: text/plain\n\n%lu lines, %lu words, %lu bytes\n", lines, words, bytes);
	return 0;
}
