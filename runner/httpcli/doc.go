// Package httpcli answers HTTP requests with a command-line program: each request is given
// to a process of its own, and what the process writes is the response. The program need not
// know of this package, or of anything but WASI.
//
// There are two forms. In the raw form, standard input is the request as an HTTP/1.1 message
// and standard output the response as one. In the form of CGI/1.1 (RFC 3875), the request's
// head is in environment variables, its body on standard input, and the response begins with
// CGI's headers.
//
// A process that ends without a response, or whose response is none, gives 502; a Handler
// that has as many processes as it may have, 503; a process that takes too long, 504. What
// goes wrong after the head of the response has been sent closes the connection, so that no
// client takes half a response for a whole one.
package httpcli
