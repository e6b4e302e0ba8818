package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// childrenOf returns the processes that a process has started.
func childrenOf(pid int) ([]int, error) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue // the thread has ended
		}
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids, nil
}

// treeMemory is memoryOf a process and, without what they share, of its children.
func treeMemory(pid int) (int64, error) {
	sum, err := memoryOf(pid)
	if err != nil {
		return 0, err
	}
	pids, err := childrenOf(pid)
	for _, child := range pids {
		n, err := proportionOf(child)
		if err == nil { // else it has ended
			sum += n
		}
	}
	return sum, err
}

// proportionOf is a process's proportional set, and its page tables, in bytes.
func proportionOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	var sum int64
	for line := range strings.Lines(string(text) + string(status)) {
		name, value, _ := strings.Cut(line, ":")
		var kib int64
		if name != "Pss" && name != "VmPTE" {
			continue
		}
		if _, err := fmt.Sscanf(value, "%d kB", &kib); err != nil {
			return 0, fmt.Errorf("/proc/%d: %q: %w", pid, line, err)
		}
		sum += kib << 10
	}
	return sum, nil
}

// treeCPU is the CPU time of a process and its children that have ended, to a hundredth of a
// second.
func treeCPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(f) < 15 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, text)
	}
	var ticks int
	for _, field := range f[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
