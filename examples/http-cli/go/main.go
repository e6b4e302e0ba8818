// Indent formats JSON: net/http reads the request from standard input, and writes the
// response to standard output.
//
//	curl -d '{"a":[1,2]}' http://localhost:8080/
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	log.SetFlags(0)
	req, err := http.ReadRequest(bufio.NewReader(os.Stdin))
	if err != nil {
		log.Fatal(err)
	}
	status, body := indent(req.Body)
	resp := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(body.Len()), Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	if err := resp.Write(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// indent returns the status and the body of the response.
func indent(r io.Reader) (int, *bytes.Buffer) {
	var body bytes.Buffer
	text, err := io.ReadAll(r)
	if err == nil {
		err = json.Indent(&body, text, "", "  ")
	}
	if err != nil {
		message, _ := json.Marshal(map[string]string{"error": err.Error()})
		return http.StatusBadRequest, bytes.NewBuffer(append(message, '\n'))
	}
	body.WriteByte('\n')
	return http.StatusOK, &body
}
