package lunatic

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
)

// Messages are encoded by their types, which sender and receiver have in common: no names, no
// tags. Integers are varints, strings and lists are a length and what is in them, a struct is
// its exported fields, a pointer or an interface is preceded by a byte or by the name of the
// type. Every value takes at least a byte, so that a length that a message claims is bounded
// by the message's own.
//
// As a whole message, a string or a []byte is its bytes alone: other languages can read them.

// maxDepth bounds pointers, lists and structs within each other.
const maxDepth = 200

// A codecError is a value that cannot be encoded, or bytes that are not one.
type codecError struct{ text string }

func (e *codecError) Error() string { return "lunatic: " + e.text }

func badValue(format string, args ...any) error {
	return &codecError{fmt.Sprintf(format, args...)}
}

var errTruncated = errors.New("the message is too short")

// A carrier is a value that travels in a message as a resource, not as bytes: a socket or a
// module. After it was pushed it is not the sender's any more, but for modules.
type carrier interface {
	sendable() error
	push()
	take(index uint64)
}

var (
	carrierType     = reflect.TypeFor[carrier]()
	marshalerType   = reflect.TypeFor[encoding.BinaryMarshaler]()
	unmarshalerType = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	bytesType       = reflect.TypeFor[[]byte]()
)

// An encoder appends values.
type encoder struct {
	b       []byte
	carried []carrier
}

// encode returns the encoding of a message.
func encode[M any](m M) (*encoder, error) {
	e := &encoder{}
	v := valueOf(&m)
	switch {
	case v.Kind() == reflect.String:
		e.b = []byte(v.String())
		return e, nil
	case v.Type() == bytesType:
		e.b = v.Bytes()
		return e, nil
	}
	if err := e.value(v, 0); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *encoder) uint(n uint64)   { e.b = binary.AppendUvarint(e.b, n) }
func (e *encoder) string(s string) { e.uint(uint64(len(s))); e.b = append(e.b, s...) }

func (e *encoder) flag(on bool) {
	if on {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) value(v reflect.Value, depth int) error {
	if depth > maxDepth {
		return badValue("a %v is nested deeper than %d levels", v.Type(), maxDepth)
	}
	l := layoutOf(v.Type())
	switch {
	case l.carrier:
		return e.carrier(v)
	case l.marshaler:
		b, err := v.Interface().(encoding.BinaryMarshaler).MarshalBinary()
		e.string(string(b))
		return err
	}
	switch v.Kind() {
	case reflect.Bool:
		e.flag(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.b = binary.AppendVarint(e.b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		e.uint(v.Uint())
	case reflect.Float32, reflect.Float64:
		e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(real(v.Complex())))
		e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(imag(v.Complex())))
	case reflect.String:
		e.string(v.String())
	case reflect.Slice, reflect.Array:
		return e.list(v, depth)
	case reflect.Map:
		e.flag(!v.IsNil())
		e.uint(uint64(v.Len()))
		for it := v.MapRange(); it.Next(); {
			if err := errors.Join(e.value(it.Key(), depth+1), e.value(it.Value(), depth+1)); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if e.flag(!v.IsNil()); !v.IsNil() {
			return e.value(v.Elem(), depth+1)
		}
	case reflect.Interface:
		return e.any(v, depth)
	case reflect.Struct:
		return e.fields(v, l.fields, depth)
	default:
		return badValue("a %v cannot be sent", v.Type())
	}
	return nil
}

func (e *encoder) list(v reflect.Value, depth int) error {
	if v.Kind() == reflect.Slice {
		if e.flag(!v.IsNil()); v.IsNil() {
			return nil
		}
	}
	e.uint(uint64(v.Len()))
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		e.b = append(e.b, v.Bytes()...)
		return nil
	}
	for i := range v.Len() {
		if err := e.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) fields(v reflect.Value, fields []int, depth int) error {
	if len(fields) == 0 {
		e.flag(false)
	}
	for _, i := range fields {
		if err := e.value(v.Field(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// any encodes what is in an interface, with the name of its type.
func (e *encoder) any(v reflect.Value, depth int) error {
	if v.IsNil() {
		e.string("")
		return nil
	}
	t := v.Elem().Type()
	name, ok := types.names[t]
	if !ok {
		return badValue("the type %v in an interface is not registered: see RegisterType", t)
	}
	e.string(name)
	return e.value(v.Elem(), depth+1)
}

func (e *encoder) carrier(v reflect.Value) error {
	if e.flag(!v.IsNil()); v.IsNil() {
		return nil
	}
	c := v.Interface().(carrier)
	if err := c.sendable(); err != nil {
		return err
	}
	e.uint(uint64(len(e.carried)))
	e.carried = append(e.carried, c)
	return nil
}

// A layout is what reflection knows of a type, and takes its time to say.
type layout struct {
	carrier, marshaler bool
	fields             []int // the exported ones of a struct
}

var layouts sync.Map // of *layout by reflect.Type

func layoutOf(t reflect.Type) *layout {
	if l, ok := layouts.Load(t); ok {
		return l.(*layout)
	}
	l := &layout{
		carrier:   t.Kind() == reflect.Pointer && t.Implements(carrierType),
		marshaler: t.Implements(marshalerType) && reflect.PointerTo(t).Implements(unmarshalerType),
	}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				l.fields = append(l.fields, i)
			}
		}
	}
	layouts.Store(t, l)
	return l
}

// types are those that may be in interfaces.
var types = struct {
	names map[reflect.Type]string
	types map[string]reflect.Type
}{map[reflect.Type]string{}, map[string]reflect.Type{}}

// RegisterType makes values of type T known that messages hold in interfaces. It has to be called
// in the same way by sender and receiver, before main: in an init function, or at a variable's
// initialization. Basic types, []byte and the connections of this package are known.
func RegisterType[T any]() struct{} {
	t := reflect.TypeFor[T]()
	name := t.String()
	for e := t; ; e = e.Elem() {
		if e.PkgPath() != "" {
			name = e.PkgPath() + ":" + name
		}
		if e.Kind() != reflect.Pointer {
			break
		}
	}
	types.names[t], types.types[name] = name, t
	return struct{}{}
}

func init() {
	RegisterType[bool]()
	RegisterType[int]()
	RegisterType[int64]()
	RegisterType[int32]()
	RegisterType[uint64]()
	RegisterType[uint32]()
	RegisterType[float64]()
	RegisterType[string]()
	RegisterType[[]byte]()
	RegisterType[*TCPConn]()
	RegisterType[*TLSConn]()
	RegisterType[*UDPConn]()
}

// A decoder reads values. Its first error stays.
type decoder struct {
	b   []byte
	err error
}

// decode is the reverse of encode. Sockets are taken from the message in the scratch slot.
func decode[M any](b []byte) (m M, err error) {
	v := valueOf(&m)
	switch {
	case v.Kind() == reflect.String:
		v.SetString(string(b))
		return m, nil
	case v.Type() == bytesType:
		v.SetBytes(b)
		return m, nil
	}
	d := &decoder{b: b}
	d.value(v, 0)
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("%d bytes are too many", len(d.b))
	}
	if d.err != nil {
		return m, badValue("a message is no %v: %v", v.Type(), d.err)
	}
	return m, nil
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err, d.b = err, nil
	}
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.b)
	if size <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail(errTruncated)
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) string() []byte { return d.take(d.uint()) }

func (d *decoder) flag() bool {
	b := d.take(1)
	return len(b) == 1 && b[0] != 0
}

// length reads the length of a list whose elements take a byte or more.
func (d *decoder) length() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail(errTruncated)
		return 0
	}
	return int(n)
}

func (d *decoder) float() float64 {
	b := d.take(8)
	if len(b) < 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func (d *decoder) value(v reflect.Value, depth int) {
	if depth > maxDepth {
		d.fail(fmt.Errorf("it is nested deeper than %d levels", maxDepth))
	}
	if d.err != nil {
		return
	}
	t := v.Type()
	l := layoutOf(t)
	switch {
	case l.carrier:
		d.carrier(v)
		return
	case l.marshaler:
		if b := d.string(); d.err == nil {
			if err := v.Addr().Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(b); err != nil {
				d.fail(err)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(d.flag())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := d.int()
		if v.SetInt(n); v.Int() != n {
			d.fail(fmt.Errorf("%d does not fit", n))
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n := d.uint()
		if v.SetUint(n); v.Uint() != n {
			d.fail(fmt.Errorf("%d does not fit", n))
		}
	case reflect.Float32, reflect.Float64:
		v.SetFloat(d.float())
	case reflect.Complex64, reflect.Complex128:
		re := d.float()
		v.SetComplex(complex(re, d.float()))
	case reflect.String:
		v.SetString(string(d.string()))
	case reflect.Slice:
		d.slice(v, depth)
	case reflect.Array:
		if n := d.length(); n != v.Len() {
			d.fail(fmt.Errorf("an array has %d elements", n))
		}
		for i := 0; i < v.Len() && d.err == nil; i++ {
			d.value(v.Index(i), depth+1)
		}
	case reflect.Map:
		d.mapping(v, depth)
	case reflect.Pointer:
		if d.flag() {
			v.Set(reflect.New(t.Elem()))
			d.value(v.Elem(), depth+1)
		}
	case reflect.Interface:
		d.any(v, depth)
	case reflect.Struct:
		if len(l.fields) == 0 {
			d.flag()
		}
		for _, i := range l.fields {
			d.value(v.Field(i), depth+1)
		}
	default:
		d.fail(fmt.Errorf("a %v cannot be received", t))
	}
}

func (d *decoder) slice(v reflect.Value, depth int) {
	if !d.flag() {
		return
	}
	n := d.length()
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(append(make([]byte, 0, n), d.take(uint64(n))...))
		return
	}
	// Elements may be much larger than their encoding: the list grows as they come.
	list := reflect.MakeSlice(v.Type(), 0, min(n, 64))
	for i := 0; i < n && d.err == nil; i++ {
		x := reflect.New(v.Type().Elem()).Elem()
		d.value(x, depth+1)
		list = reflect.Append(list, x)
	}
	v.Set(list)
}

func (d *decoder) mapping(v reflect.Value, depth int) {
	there := d.flag()
	n := d.length()
	if !there {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i < n && d.err == nil; i++ {
		key, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.value(key, depth+1)
		d.value(x, depth+1)
		switch {
		case d.err != nil:
		case !key.Comparable():
			d.fail(errors.New("a key cannot be compared"))
		default:
			v.SetMapIndex(key, x)
		}
	}
}

func (d *decoder) any(v reflect.Value, depth int) {
	name := string(d.string())
	if name == "" || d.err != nil {
		return
	}
	t, ok := types.types[name]
	if !ok || !t.AssignableTo(v.Type()) {
		d.fail(fmt.Errorf("no %v of the type %q is registered", v.Type(), name))
		return
	}
	x := reflect.New(t).Elem()
	if d.value(x, depth+1); d.err == nil {
		v.Set(x)
	}
}

func (d *decoder) carrier(v reflect.Value) {
	if !d.flag() {
		return
	}
	index := d.uint()
	if d.err != nil {
		return
	}
	x := reflect.New(v.Type().Elem())
	x.Interface().(carrier).take(index)
	v.Set(x)
}

// value is a reflect.Value that can be set.
type value = reflect.Value

func valueOf[T any](x *T) value { return reflect.ValueOf(x).Elem() }
