package httpcli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// cgiVariables are those that RFC 3875 asks for, and REQUEST_URI and REMOTE_PORT, which
// programs expect. The whole path is PATH_INFO: the program is at the root.
func cgiVariables(r *http.Request) [][2]string {
	env := [][2]string{
		{"GATEWAY_INTERFACE", "CGI/1.1"},
		{"SERVER_SOFTWARE", "lunatic"},
		{"SERVER_PROTOCOL", r.Proto},
		{"REQUEST_METHOD", r.Method},
		{"REQUEST_URI", r.RequestURI},
		{"QUERY_STRING", r.URL.RawQuery},
		{"SCRIPT_NAME", ""},
		{"PATH_INFO", r.URL.Path},
		{"HTTP_HOST", r.Host},
	}
	set := func(name, value string) { env = append(env, [2]string{name, value}) }
	host, port := r.Host, "80"
	if h, p, err := net.SplitHostPort(r.Host); err == nil {
		host, port = h, p
	} else if r.TLS != nil {
		port = "443"
	}
	set("SERVER_NAME", host)
	set("SERVER_PORT", port)
	if addr, port, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		set("REMOTE_ADDR", addr)
		set("REMOTE_HOST", addr)
		set("REMOTE_PORT", port)
	}
	if r.TLS != nil {
		set("HTTPS", "on")
	}
	if r.ContentLength > 0 {
		set("CONTENT_LENGTH", strconv.FormatInt(r.ContentLength, 10))
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		set("CONTENT_TYPE", t)
	}
	for name, values := range r.Header {
		// A header Proxy would become a variable that programs take for a setting, and one
		// with _ the variable of another header.
		if hop[name] || name == "Proxy" || name == "Content-Type" || strings.Contains(name, "_") {
			continue
		}
		separator := ", "
		if name == "Cookie" {
			separator = "; "
		}
		set("HTTP_"+strings.Map(variableRune, name), strings.Join(values, separator))
	}
	slices.SortStableFunc(env, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return slices.DeleteFunc(env, func(kv [2]string) bool { return strings.ContainsRune(kv[1], 0) }) // cannot be told
}

func variableRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return r - 'a' + 'A'
	case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return r
	}
	return '_'
}

// readCGI reads the headers of a response of CGI.
func readCGI(b *bufio.Reader) (*http.Response, error) {
	if _, err := b.Peek(1); err != nil {
		return nil, err
	}
	header, err := textproto.NewReader(b).ReadMIMEHeader()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header(header), ContentLength: -1, Body: io.NopCloser(b)}
	status := resp.Header.Get("Status")
	resp.Header.Del("Status")
	switch {
	case status != "":
		code, _, _ := strings.Cut(strings.TrimSpace(status), " ")
		if resp.StatusCode, err = strconv.Atoi(code); err != nil || resp.StatusCode < 200 || len(code) != 3 {
			return nil, fmt.Errorf("status %.100q", status)
		}
	case resp.Header.Get("Location") != "":
		resp.StatusCode = http.StatusFound
	case resp.Header.Get("Content-Type") == "":
		return nil, errors.New("no Status, Location or Content-Type")
	}
	if err := setLength(resp, b); err != nil {
		return nil, err
	}
	return resp, nil
}

// setLength bounds the body by what the headers say.
func setLength(resp *http.Response, b *bufio.Reader) error {
	text := resp.Header.Get("Content-Length")
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("length %.100q", text)
	}
	resp.ContentLength, resp.Body = n, io.NopCloser(&exactly{b, n})
	return nil
}

// exactly reads n bytes; fewer are an error.
type exactly struct {
	r io.Reader
	n int64
}

func (x *exactly) Read(b []byte) (int, error) {
	if x.n == 0 {
		return 0, io.EOF
	}
	n, err := x.r.Read(b[:min(int64(len(b)), x.n)])
	x.n -= int64(n)
	if err == io.EOF && x.n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
