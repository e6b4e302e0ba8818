package host

import (
	"encoding/binary"

	"github.com/lunatic-go/lunatic/runner"
)

var lunaticMessage = runner.Namespace{Name: "lunatic::message", Funcs: []runner.Func{
	{Name: "create_data", Type: "i64 i64", Call: createData},
	{Name: "write_data", Type: "i32 i32 -> i32", Call: writeData},
	{Name: "read_data", Type: "i32 i32 -> i32", Call: readData},
	{Name: "seek_data", Type: "i64", Call: seekData},
	{Name: "get_tag", Type: "-> i64", Call: getTag},
	{Name: "get_process_id", Type: "-> i64", Call: getProcessID},
	{Name: "data_size", Type: "-> i64", Call: dataSize},
	{Name: "push_module", Type: "i64 -> i64", Call: share(modules)},
	{Name: "take_module", Type: "i64 -> i64", Call: take(modules)},
	{Name: "push_tcp_stream", Type: "i64 -> i64", Call: push(tcpStreams)},
	{Name: "take_tcp_stream", Type: "i64 -> i64", Call: take(tcpStreams)},
	{Name: "push_tls_stream", Type: "i64 -> i64", Call: push(tlsStreams)},
	{Name: "take_tls_stream", Type: "i64 -> i64", Call: take(tlsStreams)},
	{Name: "push_udp_socket", Type: "i64 -> i64", Call: push(udpSockets)},
	{Name: "take_udp_socket", Type: "i64 -> i64", Call: take(udpSockets)},
	{Name: "send", Type: "i64 -> i32", Call: send},
	{Name: "send_receive_skip_search", Type: "i64 i64 i64 -> i32", Call: sendReceive},
	{Name: "receive", Type: "i32 i32 i64 -> i32", Call: receive},

	// Not in Lunatic: what a child is to know before anybody else can tell it something.
	{Name: "send_to_next_child", Type: "-> i32", Call: sendToNextChild},

	// Not in Lunatic: how a linked or monitored process ended.
	{Name: "get_exit_reason", Type: "-> i32", Call: getExitReason},

	// Not in Lunatic: a message in one host call, for guest libraries that want to be fast.
	{Name: "send_data", Type: "i64 i64 i32 i32 -> i32", Call: sendData},
	{Name: "new_data_send", Type: "i64 i64 i32 i32 i64 -> i32", Call: newDataSend}, // lunatic-build's: see its fuse.go
	{Name: "receive_read", Type: "i32 i32 i64 i32 i32 -> i64", Call: receiveRead},  // lunatic-build's: see its fusereceive.go
	{Name: "receive_data", Type: "i32 i32 i64 i32 i32 i32 -> i32", Call: receiveData},
	{Name: "request_data", Type: "i64 i64 i32 i32 i64 i64 i32 i32 i32 -> i32", Call: requestData},
}}

// maxHint bounds the capacity that a guest can ask for before it has written
// anything.
const maxHint = 64 << 10

// scratch returns the message in the scratch slot.
func scratch(p *runner.Process) *runner.Message {
	if p.Scratch == nil {
		p.Fail("", "there is no message in the scratch slot")
	}
	return p.Scratch
}

// scratchData is scratch for the functions that need a data message.
func scratchData(p *runner.Process) *runner.Message {
	m := scratch(p)
	if m.Kind != runner.Data {
		p.Fail("", "the message in the scratch slot carries no data")
	}
	return m
}

func createData(p *runner.Process, stack []uint64) {
	p.NewScratch(int64(stack[0]), int(min(stack[1], maxHint)))
}

// charge makes a process pay for copying n bytes: a reduction for 64.
func charge(p *runner.Process, n uint64) {
	if n >= 64 {
		p.Charge(int32(n / 64))
	}
}

func writeData(p *runner.Process, stack []uint64) {
	m := scratchData(p)
	charge(p, stack[1])
	p.Write(m, p.Bytes("data_ptr", stack[0], stack[1]))
	stack[0] = stack[1]
}

func readData(p *runner.Process, stack []uint64) {
	m := scratchData(p)
	b := p.Bytes("data_ptr", stack[0], stack[1])
	if m.Read > uint64(len(m.Data)) {
		p.Fail("", "the read position %d is behind the message's end at %d", m.Read, len(m.Data))
	}
	n := copy(b, m.Data[m.Read:])
	charge(p, uint64(n))
	m.Read += uint64(n)
	stack[0] = uint64(n)
}

func seekData(p *runner.Process, stack []uint64) { scratchData(p).Read = stack[0] }

func getTag(p *runner.Process, stack []uint64) { stack[0] = uint64(scratch(p).Tag) }

func getProcessID(p *runner.Process, stack []uint64) { stack[0] = scratch(p).PID }

// getExitReason answers 0 normal, 1 failed, 2 killed, 3 no such process.
func getExitReason(p *runner.Process, stack []uint64) {
	m := scratch(p)
	if m.Kind == runner.Data {
		p.Fail("", "the message in the scratch slot is not about the end of a process")
	}
	stack[0] = uint64(m.Reason)
}

func dataSize(p *runner.Process, stack []uint64) { stack[0] = uint64(len(scratchData(p).Data)) }

func send(p *runner.Process, stack []uint64) {
	m := scratch(p)
	p.Scratch = nil
	p.Send(stack[0], m)
	stack[0] = 0
}

func sendToNextChild(p *runner.Process, stack []uint64) {
	m := scratch(p)
	p.Scratch = nil
	if old := p.Parcel; old != nil {
		old.Close()
	}
	p.Parcel = m
	stack[0] = ok
}

func sendReceive(p *runner.Process, stack []uint64) {
	m := scratch(p)
	p.Scratch = nil
	p.SendReceive(stack[0], m, int64(stack[1]), stack[2], runner.Buffer{}, stack)
}

func receive(p *runner.Process, stack []uint64) {
	var few [8]int64
	p.Receive(readTags(p, few[:0], stack[0], stack[1]), stack[2], runner.Buffer{}, stack)
}

// maxTags bounds the tags that a process waits for at once.
const maxTags = 1 << 16

// readTags appends n tags from the guest's memory.
func readTags(p *runner.Process, tags []int64, ptr, n uint64) []int64 {
	if n == 0 {
		return nil // the pointer does not matter
	}
	if n > maxTags {
		p.Fail("tag_len", "%d tags are too many", n)
	}
	for b := p.Bytes("tag_ptr", ptr, 8*n); len(b) > 0; b = b[8:] {
		tags = append(tags, int64(binary.LittleEndian.Uint64(b)))
	}
	return tags
}

// sendData is create_data, write_data and send: process, tag, data. The scratch slot stays
// as it is.
func sendData(p *runner.Process, stack []uint64) {
	p.Send(stack[0], message(p, stack[1], stack[2], stack[3]))
	stack[0] = ok
}

// newDataSend is create_data, write_data and send, one after the other: tag, capacity, data,
// its size, process.
func newDataSend(p *runner.Process, stack []uint64) {
	p.NewScratch(int64(stack[0]), int(min(stack[1], maxHint)))
	b := p.Bytes("data_ptr", stack[2], stack[3])
	charge(p, stack[3])
	m := p.Scratch
	p.Write(m, b)
	p.Scratch = nil
	p.Send(stack[4], m)
	stack[0] = ok
}

// message makes a message of bytes in the guest's memory.
func message(p *runner.Process, tag, ptr, n uint64) *runner.Message {
	b := p.Bytes("data_ptr", ptr, n)
	charge(p, n)
	m := p.NewMessage(int64(tag), len(b))
	p.Write(m, b)
	return m
}

// receiveRead is receive and, if a message with data has come, read_data: tags, their number,
// time-out, buffer, its size. The result has that of receive in the lower half, and in the
// upper one that of read_data.
func receiveRead(p *runner.Process, stack []uint64) {
	var few [8]int64
	p.ReceiveRead(readTags(p, few[:0], stack[0], stack[1]), stack[2], uint32(stack[3]), uint32(stack[4]), stack)
}

// receiveData is receive, then read_data, data_size, get_tag and get_process_id: tags, their
// number, time-out, buffer, its size, and the address of the three numbers.
func receiveData(p *runner.Process, stack []uint64) {
	var few [8]int64
	p.Receive(readTags(p, few[:0], stack[0], stack[1]), stack[2], buffer(stack[3:]), stack)
}

// requestData is sendData, then receiveData of what comes later with the tag: process, tag,
// data, its size, tag of the answer, time-out, and the rest as there.
func requestData(p *runner.Process, stack []uint64) {
	m := message(p, stack[1], stack[2], stack[3])
	p.SendReceive(stack[0], m, int64(stack[4]), stack[5], buffer(stack[6:]), stack)
}

func buffer(stack []uint64) runner.Buffer {
	return runner.Buffer{Ptr: uint32(stack[0]), Len: uint32(stack[1]), Info: uint32(stack[2])}
}
