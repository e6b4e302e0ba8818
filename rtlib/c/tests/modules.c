/* Loading another module, adder.wasm in the directory /modules, and spawning its functions. */
#include "test.h"

enum { SUM = 1, MODULE, ENDED };

/* add spawns the module's function and waits for the sum. */
static int64_t add(lunatic_module module, int32_t a, int32_t b) {
  lunatic_value params[] = {{.is_i64 = true, .bits = lunatic_self()}, {.bits = (uint32_t)a}, {.bits = (uint32_t)b}};
  lunatic_spawn_options options = {.module = module};
  int64_t sum = 0;
  must(lunatic_spawn_export(&options, "add", params, 3));
  LUNATIC_RECEIVE(NULL, sum, SUM, LUNATIC_FOREVER);
  return sum;
}

/* user is sent the module and uses it. */
static void user(const void *arg, size_t size) {
  (void)size;
  lunatic_receive_tag(NULL, NULL, 0, MODULE, LUNATIC_FOREVER);
  int64_t sum = add(lunatic_message_take_module(0), 20, 3);
  LUNATIC_SEND(*(const lunatic_pid *)arg, SUM, sum);
}

LUNATIC_EXPORT("own") void own(int64_t to, int32_t n) {
  int64_t sum = n * 2;
  LUNATIC_SEND(to, SUM, sum);
}

int main(void) {
  static uint8_t wasm[1 << 20];
  FILE *f = fopen("/modules/adder.wasm", "rb");
  must(f != NULL);
  size_t size = fread(wasm, 1, sizeof wasm, f);
  fclose(f);

  printf("malformed: %s\n", result_text(lunatic_module_load("\0asm\1\0\0\0\377", 9)));
  lunatic_module module = lunatic_module_load(wasm, size);
  must(module > 0);
  printf("sum: %lld\n", add(module, 40, 2));
  printf("sum: %lld\n", add(module, -5, 2));

  lunatic_pid me = lunatic_self(), pid = lunatic_spawn(user, &me, sizeof me);
  int64_t sum = 0;
  lunatic_message_begin(MODULE);
  lunatic_message_attach_module(module);
  lunatic_message_send(pid);
  LUNATIC_RECEIVE(NULL, sum, SUM, LUNATIC_FOREVER);
  printf("sum of another: %lld\n", sum);

  lunatic_trap_exits(true);
  lunatic_spawn_options options = {.module = module, .link = ENDED};
  must(lunatic_spawn_export(&options, "subtract", NULL, 0));
  printf("no such function: %s\n", ended(ENDED));
  lunatic_module_drop(module);

  lunatic_value params[] = {{.is_i64 = true, .bits = me}, {.bits = 21}};
  must(lunatic_spawn_export(NULL, "own", params, 2));
  LUNATIC_RECEIVE(NULL, sum, SUM, LUNATIC_FOREVER);
  printf("own: %lld\n", sum);
}
