// Five scripts run by Lua 5.4, each in a state of its own. The script is a function of
// n that returns a string or a number.
#include "../program.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static uint64_t run(const char *script, size_t len, int n) {
	lua_State *L = luaL_newstate();
	luaL_requiref(L, "_G", luaopen_base, 1);
	luaL_requiref(L, "table", luaopen_table, 1);
	luaL_requiref(L, "string", luaopen_string, 1);
	luaL_requiref(L, "math", luaopen_math, 1);
	lua_settop(L, 0);
	if (luaL_loadbuffer(L, script, len, "script")) abort();
	lua_pushinteger(L, n);
	lua_call(L, 1, 1);
	size_t size;
	const char *s = lua_tolstring(L, 1, &size);
	uint64_t h = mix(14695981039346656037ull, s, size);
	lua_close(L);
	return h;
}

#define SCRIPT(name)                                 \
	static const char name##_text[] = {              \
		LUA_##name};                                 \
	WORKLOAD(name) { return run(name##_text, sizeof name##_text, n); }

#include "scripts.h"
SCRIPT(fib)
SCRIPT(tables)
SCRIPT(closures)
SCRIPT(sort)
SCRIPT(format)

WORKLOADS("lua", {"fib", fib, 24, 14}, {"tables", tables, 10, 1}, {"closures", closures, 22000, 2000}, {"sort", sort, 6000, 500},
          {"format", format, 3500, 300})
