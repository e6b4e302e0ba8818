//go:build !linux

package main

import (
	"errors"
	"time"
)

var errLinuxOnly = errors.New("what a process uses is read from /proc, as Linux has it")

func memoryOf(int) (int64, error)      { return 0, errLinuxOnly }
func cpuOf(int) (time.Duration, error) { return 0, errLinuxOnly }
