#!/bin/sh
# Makes the certificate and the key of the tests of TLS, which are good for a hundred years.
cd "$(dirname "$0")" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-keyout key.pem -out certificate.pem -days 36500 -subj /CN=localhost -addext subjectAltName=DNS:localhost
