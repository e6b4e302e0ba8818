// The part of the C++ ABI that Debian's libc++abi for WebAssembly leaves out, since it is
// built without exceptions: allocate, throw, catch, rethrow, and the personality that
// compares types. Thrown objects are matched by exact type: no bases, which the program
// does not need.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <typeinfo>

namespace {
struct Header { // stands before every thrown object
  const std::type_info *type;
  void *(*destroy)(void *); // in WebAssembly a destructor returns its argument
  Header *below; // the exception being handled when this one was caught
  int handlers;  // how many handlers hold it
  bool thrown_again;
};
Header *caught; // innermost exception being handled

void *object(Header *h) { return h + 1; }
Header *header(void *p) { return static_cast<Header *>(p) - 1; }

uintptr_t uleb(const uint8_t *&p) {
  uintptr_t v = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t b = *p++;
    v |= static_cast<uintptr_t>(b & 127) << shift;
    if (b < 128) return v;
  }
}

intptr_t sleb(const uint8_t *&p) {
  intptr_t v = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t b = *p++;
    v |= static_cast<intptr_t>(b & 127) << shift;
    if (b < 128) return b & 64 && shift < 25 ? v | -(intptr_t{1} << (shift + 7)) : v;
  }
}
} // namespace

extern "C" {
// The compiler stores the landing pad's number and the table of the function here, and
// reads the selector back.
struct LandingPad {
  uintptr_t index;
  const uint8_t *lsda;
  uintptr_t selector;
};
LandingPad __wasm_lpad_context;

void *__cxa_allocate_exception(size_t n) noexcept { return object(static_cast<Header *>(calloc(1, sizeof(Header) + n))); }
void __cxa_free_exception(void *p) noexcept { free(header(p)); }

[[noreturn]] void __cxa_throw(void *p, std::type_info *type, void *(*destroy)(void *)) {
  header(p)->type = type;
  header(p)->destroy = destroy;
  __builtin_wasm_throw(0, p);
}

void *__cxa_begin_catch(void *p) noexcept {
  Header *h = header(p);
  h->handlers++;
  h->thrown_again = false;
  if (caught != h) {
    h->below = caught;
    caught = h;
  }
  return p;
}

void __cxa_end_catch() {
  Header *h = caught;
  if (--h->handlers) return;
  caught = h->below;
  if (h->thrown_again) return; // on its way to another handler
  if (h->destroy) h->destroy(object(h));
  free(h);
}

[[noreturn]] void __cxa_rethrow() {
  caught->thrown_again = true;
  __builtin_wasm_throw(0, object(caught));
}

void *__cxa_get_exception_ptr(void *p) noexcept { return p; }

// _Unwind_CallPersonality finds the handler of p in the table of the function that is
// being passed: a list of (landing pad, action) pairs, then chains of types.
int _Unwind_CallPersonality(void *p) {
  const uint8_t *at = __wasm_lpad_context.lsda;
  uintptr_t number = __wasm_lpad_context.index;
  __wasm_lpad_context.selector = 0;
  if (*at++ != 0xFF) abort(); // the base of landing pads: omitted
  const uint8_t *types = nullptr;
  if (*at++ != 0xFF) { // encoding of the types
    uintptr_t n = uleb(at);
    types = at + n;
  }
  at++; // encoding of the call sites: ULEB128
  uintptr_t size = uleb(at);
  const uint8_t *actions = at + size;
  for (; at < actions;) {
    uintptr_t pad = uleb(at), action = uleb(at);
    if (pad != number) continue;
    if (!action) return 0; // only destructors
    for (const uint8_t *a = actions + action - 1;;) {
      intptr_t filter = sleb(a);
      const uint8_t *link = a;
      intptr_t next = sleb(a);
      if (filter > 0) {
        auto *type = reinterpret_cast<const std::type_info *const *>(types)[-filter];
        if (!type || type == header(p)->type) {
          __wasm_lpad_context.selector = static_cast<uintptr_t>(filter);
          return 0;
        }
      }
      if (!next) return 0;
      a = link + next;
    }
  }
  return 0;
}
}
