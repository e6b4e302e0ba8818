// Included before every file of Lua: no setjmp on wasm32, so an error ends the program,
// and nothing is random, so that two runs do the same work.
#include <stdio.h>
#include <stdlib.h>

#define luai_jmpbuf int
#define LUAI_TRY(L, c, a) \
	{ a }
#define LUAI_THROW(L, c) (fputs("Lua error\n", stderr), abort())
#define luai_makeseed(L) 0x5eedu
#define l_randomizePivot() 0u
