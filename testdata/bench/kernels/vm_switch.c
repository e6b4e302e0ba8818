// A byte-code interpreter that dispatches by br_table. It counts primes by trial
// division; one instruction could block.
#include "kernel.h"

enum { HALT, CONST, LOAD, STORE, ADD, SUB, MUL, REM, LT, EQ, JZ, JMP, WAIT, INC, OUT };

static NOINLINE u64 interpret(const u8 *code, i32 limit) {
	i64 stack[32], local[8] = {limit};
	u64 out = 0;
	i32 sp = 0, pc = 0;
	for (;;) {
		u8 op = code[pc], arg = code[pc + 1];
		pc += 2;
		switch (op) {
		case HALT: return out;
		case CONST: stack[sp++] = arg; break;
		case LOAD: stack[sp++] = local[arg]; break;
		case STORE: local[arg] = stack[--sp]; break;
		case ADD: sp--, stack[sp - 1] += stack[sp]; break;
		case SUB: sp--, stack[sp - 1] -= stack[sp]; break;
		case MUL: sp--, stack[sp - 1] *= stack[sp]; break;
		case REM: sp--, stack[sp - 1] = stack[sp] ? stack[sp - 1] % stack[sp] : 0; break;
		case LT: sp--, stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
		case EQ: sp--, stack[sp - 1] = stack[sp - 1] == stack[sp]; break;
		case JZ:
			if (!stack[--sp]) pc = arg;
			break;
		case JMP: pc = arg; break;
		case WAIT: stack[sp++] = blocked(arg); break; // cold
		case INC: local[arg]++; break;
		case OUT: out = mix(out, local[arg]); break;
		}
	}
}

// local 0 limit, 1 candidate, 2 divisor
static const u8 program[] = {
	CONST, 2, STORE, 1,                                       // 0
	LOAD, 1, LOAD, 0, LT, 0, JZ, 56,                          // 4: while (1 < 0)
	CONST, 2, STORE, 2,                                       // 12
	LOAD, 2, LOAD, 2, MUL, 0, LOAD, 1, LT, 0, JZ, 48,         // 16: while (2*2 < 1)
	LOAD, 1, LOAD, 2, REM, 0, JZ, 52,                         // 28: divides: next candidate
	INC, 2, JMP, 16,                                          // 36
	WAIT, 0, HALT, 0, HALT, 0, HALT, 0,                       // 40: never reached
	OUT, 1, JMP, 52,                                          // 48
	INC, 1, JMP, 4,                                           // 52
	HALT, 0,                                                  // 56
};

KERNEL(26000, 4000) { return interpret(program, n); }
