// The same kind of interpreter, but every instruction is a function in a table:
// dispatch by call_indirect.
#include "kernel.h"

typedef struct vm vm;
typedef void (*step)(vm *, i32);
typedef struct {
	u8 op, arg;
} code;
struct vm {
	i64 stack[32], local[8];
	u64 out;
	i32 sp, pc, running;
};

static void op_halt(vm *v, i32 a) { v->running = a; }
static void op_const(vm *v, i32 a) { v->stack[v->sp++] = a; }
static void op_load(vm *v, i32 a) { v->stack[v->sp++] = v->local[a]; }
static void op_store(vm *v, i32 a) { v->local[a] = v->stack[--v->sp]; }
static void op_add(vm *v, i32 a) { v->sp--, v->stack[v->sp - 1] += v->stack[v->sp] + a; }
static void op_xor(vm *v, i32 a) { v->sp--, v->stack[v->sp - 1] ^= v->stack[v->sp] << a; }
static void op_shr(vm *v, i32 a) { v->stack[v->sp - 1] = (u64)v->stack[v->sp - 1] >> a; }
static void op_lt(vm *v, i32 a) { v->sp--, v->stack[v->sp - 1] = v->stack[v->sp - 1] + a < v->stack[v->sp]; }
static void op_jz(vm *v, i32 a) {
	if (!v->stack[--v->sp]) v->pc = a;
}
static void op_jmp(vm *v, i32 a) { v->pc = a; }
static void op_out(vm *v, i32 a) { v->out = mix(v->out, v->local[a]); }
static void op_wait(vm *v, i32 a) { v->stack[v->sp++] = blocked(a); } // cold

enum { HALT, CONST, LOAD, STORE, ADD, XOR, SHR, LT, JZ, JMP, OUT, WAIT };
static const step steps[] = {op_halt, op_const, op_load, op_store, op_add, op_xor, op_shr, op_lt, op_jz, op_jmp, op_out, op_wait};

static const code program[] = {
	{CONST, 0}, {STORE, 1},                                                      // i = 0
	{LOAD, 1}, {LOAD, 0}, {LT, 0}, {JZ, 18},                                     // 2: while (i < n)
	{LOAD, 2}, {LOAD, 1}, {XOR, 3}, {STORE, 2},                                  // x ^= i << 3
	{LOAD, 2}, {LOAD, 2}, {SHR, 7}, {XOR, 0}, {STORE, 2},                        // x ^= x >> 7
	{LOAD, 1}, {CONST, 1}, {JMP, 20},                                            //
	{OUT, 2}, {HALT, 0},                                                         // 18
	{ADD, 0}, {STORE, 1}, {OUT, 2}, {JMP, 2}, {WAIT, 0},                         // 20
};

KERNEL(90000, 7000) {
	vm v = {.local = {n, 0, 88172645463325252}, .running = 1};
	while (v.running) {
		code c = program[v.pc++];
		steps[c.op](&v, c.arg);
	}
	return v.out;
}
