package main

import (
	"fmt"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

func TestParseSize(t *testing.T) {
	for s, want := range map[string]uint64{
		"1": 1, "65536": 65536, "64K": 65536, "64k": 65536, "64KiB": 65536, "64kb": 65536, "1M": 1 << 20, "4G": 4 << 30, "1T": 1 << 40, "7B": 7,
		"": 0, "0": 0, "K": 0, "B": 0, "iB": 0, "-1": 0, "1.5G": 0, "1X": 0, "1KM": 0, "18446744073709551615": 1<<64 - 1, "18446744073709551616": 0, "18014398509481984K": 0,
	} {
		got, err := parseSize(s)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %d, %v, want %d", s, got, err, want)
		}
	}
}

func TestNetworkFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string // connect, listen, resolve: what is allowed, then what is denied
	}{
		{nil, "[] [], [] [], [] []"},
		{[]string{"--allow-net", "10.0.0.0/8:80"}, "[10.0.0.0/8:80] [], [10.0.0.0/8:80] [], [10.0.0.0/8:80] []"},
		{[]string{"--allow-net", "example.com:443"}, "[example.com:443] [], [] [*], [example.com:443] []"},
		{[]string{"--allow-net=listen=:8080", "--allow-net=connect=::1"}, "[::1] [], [*:8080] [], [] [*]"},
		{[]string{"--deny-net", "10.0.0.0/8"}, "[] [10.0.0.0/8], [] [10.0.0.0/8], [] [10.0.0.0/8]"},
		{[]string{"--deny-net", "*.example.com"}, "[] [], [] [], [] [*.example.com]"},
		{[]string{"--allow-net", "*", "--deny-net", "listen=*:1-1023"}, "[*] [], [*] [*:1-1023], [*] []"},
	} {
		var o options
		_, err := o.command().Parse(append(tt.args, "a.wasm"))
		if err != nil {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		n := o.limits.network()
		got := ""
		for i, a := range []runner.Access{n.Connect, n.Listen, n.Resolve} {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprint(a.Allow, " ", a.Deny)
		}
		if got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.args, got, tt.want)
		}
	}
}

func TestHomeDir(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	for arg, want := range map[string]runner.Dir{
		"~": {Host: "/home/me", Guest: "~"}, "~:/home:ro": {Host: "/home/me", Guest: "/home", ReadOnly: true}, "~x": {Host: "~x", Guest: "~x"},
	} {
		if got, err := parseDir(arg); err != nil || got != want {
			t.Errorf("%s: got %v, %v", arg, got, err)
		}
	}
}
