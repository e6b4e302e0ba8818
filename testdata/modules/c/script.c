// An interpreter for a small language in the manner of Lua: lexer, one-pass compiler to
// stack code, virtual machine with closures, tables and interned strings.
//
// The machine dispatches its common instructions in a switch and the others through a table
// of function pointers. A call in the language is a recursive call in C, natives such as
// sort call back into the machine, and sleep blocks below all of them. Errors are passed up
// by a flag: there is no setjmp.
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const char program_text[];

// ---- Values ----

typedef enum { NIL, BOOL, NUM, STR, TABLE, FUNC, NATIVE } Tag;

typedef struct Value Value;
typedef struct Str Str;
typedef struct Table Table;
typedef struct Closure Closure;
typedef Value (*Native)(Value *args, int n);

struct Value {
  Tag tag;
  union {
    bool b;
    double n;
    Str *s;
    Table *t;
    Closure *f;
    Native native;
  };
};

struct Str {
  Str *next; // in its bucket
  uint32_t hash;
  int len;
  char text[];
};

typedef struct {
  Value key, val;
} Entry;

struct Table {
  Value *items; // keys 1..len
  int len, cap;
  Entry *hash; // open addressing, size a power of two
  int used, size;
};

typedef struct {
  uint32_t *code;
  int len, cap;
  Value *consts;
  int nconsts, ccap;
  int nparams, nups;
  uint8_t up_local[64], up_index[64]; // where closure creation finds each upvalue
} Proto;

typedef struct Upvalue {
  Value *at; // into the stack while open, else to closed
  Value closed;
  struct Upvalue *next; // open ones, highest address first
} Upvalue;

struct Closure {
  Proto *proto;
  Upvalue *ups[];
};

static const Value nil = {.tag = NIL};
static Value number(double n) { return (Value){.tag = NUM, .n = n}; }
static Value boolean(bool b) { return (Value){.tag = BOOL, .b = b}; }
static Value string(Str *s) { return (Value){.tag = STR, .s = s}; }
static bool truthy(Value v) { return v.tag != NIL && !(v.tag == BOOL && !v.b); }

// failed is the message of the error that is on its way to pcall, NULL if there is none.
static char *failed;

static Value fail(const char *format, ...) {
  if (failed) return nil;
  static char text[256];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  failed = text;
  return nil;
}

static void *alloc(size_t n) {
  void *p = calloc(1, n);
  if (!p) {
    puts("out of memory");
    exit(70);
  }
  return p;
}

static void *grow(void *p, int *cap, int need, size_t elem) {
  if (need <= *cap) return p;
  int n = *cap ? *cap * 2 : 8;
  while (n < need) n *= 2;
  p = realloc(p, (size_t)n * elem);
  if (!p) exit(70);
  *cap = n;
  return p;
}

static Str *interned[4096];

static Str *intern(const char *text, int len) {
  uint32_t h = 2166136261u;
  for (int i = 0; i < len; i++) h = (h ^ (uint8_t)text[i]) * 16777619u;
  Str **bucket = &interned[h & 4095];
  for (Str *s = *bucket; s; s = s->next)
    if (s->hash == h && s->len == len && !memcmp(s->text, text, len)) return s;
  Str *s = alloc(sizeof *s + len + 1);
  s->hash = h;
  s->len = len;
  memcpy(s->text, text, len);
  s->next = *bucket;
  return *bucket = s;
}

static bool same(Value a, Value b) {
  if (a.tag != b.tag) return false;
  switch (a.tag) {
  case NIL: return true;
  case BOOL: return a.b == b.b;
  case NUM: return a.n == b.n;
  case NATIVE: return a.native == b.native;
  default: return a.s == b.s;
  }
}

static uint32_t hash_of(Value k) {
  switch (k.tag) {
  case STR: return k.s->hash;
  case NUM: {
    uint64_t u;
    memcpy(&u, &k.n, 8);
    u *= 0x9E3779B97F4A7C15ull;
    return u >> 32;
  }
  default: return (uint32_t)(uintptr_t)k.s >> 3;
  }
}

static Entry *find(Entry *e, int size, Value k) {
  uint32_t i = hash_of(k) & (size - 1);
  while (e[i].key.tag != NIL && !same(e[i].key, k)) i = (i + 1) & (size - 1);
  return &e[i];
}

static Value table_get(Table *t, Value k) {
  if (k.tag == NUM && k.n >= 1 && k.n <= t->len && k.n == (int)k.n) return t->items[(int)k.n - 1];
  return t->size ? find(t->hash, t->size, k)->val : nil;
}

static void table_set(Table *t, Value k, Value v) {
  if (k.tag == NIL) {
    fail("index is nil");
    return;
  }
  if (k.tag == NUM && k.n >= 1 && k.n <= t->len + 1 && k.n == (int)k.n) {
    int i = (int)k.n;
    if (i <= t->len) {
      t->items[i - 1] = v;
      return;
    }
    t->items = grow(t->items, &t->cap, t->len + 1, sizeof(Value));
    t->items[t->len++] = v;
    return;
  }
  if (t->used * 4 >= t->size * 3) {
    int size = t->size ? t->size * 2 : 8;
    Entry *e = alloc(size * sizeof *e);
    for (int i = 0; i < t->size; i++)
      if (t->hash[i].key.tag != NIL) *find(e, size, t->hash[i].key) = t->hash[i];
    free(t->hash);
    t->hash = e;
    t->size = size;
  }
  Entry *e = find(t->hash, t->size, k);
  if (e->key.tag == NIL) {
    e->key = k;
    t->used++;
  }
  e->val = v;
}

static const char *to_text(Value v, char *buf, size_t n) {
  switch (v.tag) {
  case NIL: return "nil";
  case BOOL: return v.b ? "true" : "false";
  case NUM: snprintf(buf, n, "%.14g", v.n); return buf;
  case STR: return v.s->text;
  case TABLE: return "table";
  default: return "function";
  }
}

// ---- Instructions: opcode in the low 8 bits, argument above ----

enum {
  // Handled in the switch of run.
  CONST, PUSHNIL, PUSHTRUE, PUSHFALSE, POP, GETLOCAL, SETLOCAL, GETUP, SETUP, GETGLOBAL, SETGLOBAL,
  JUMP, JUMPFALSE, AND, OR, FORTEST, FORSTEP, CALL, RETURN, CLOSURE, CLOSE, ADD, SUB, MUL, LESS, INDEX,
  // Handled by slow[op - FIRST_SLOW].
  FIRST_SLOW,
  DIV = FIRST_SLOW, MOD, LESSEQ, EQUAL, NOTEQUAL, NOT, NEGATE, LENGTH, CONCAT, NEWTABLE, APPEND, FIELD, SETINDEX,
};

static Value global_table_value;
static Value stack[1 << 15];
static Upvalue *open_upvalues;
static int depth;
static uint64_t executed;

static Value call(Value f, Value *args, int n);

static void arithmetic_error(Value a, Value b) {
  fail("arithmetic on %s", a.tag != NUM ? (a.tag == NIL ? "nil" : "a non-number") : (b.tag == NIL ? "nil" : "a non-number"));
}

#define SLOW(name) static Value *name(Value *sp)
#define NUMBERS()                                                                                                      \
  if (sp[-2].tag != NUM || sp[-1].tag != NUM) {                                                                        \
    arithmetic_error(sp[-2], sp[-1]);                                                                                  \
    return sp - 1;                                                                                                     \
  }

SLOW(op_div) { NUMBERS() sp[-2].n /= sp[-1].n; return sp - 1; }
SLOW(op_mod) { NUMBERS() sp[-2].n -= floor(sp[-2].n / sp[-1].n) * sp[-1].n; return sp - 1; }
SLOW(op_lesseq) { NUMBERS() sp[-2] = boolean(sp[-2].n <= sp[-1].n); return sp - 1; }
SLOW(op_equal) { sp[-2] = boolean(same(sp[-2], sp[-1])); return sp - 1; }
SLOW(op_notequal) { sp[-2] = boolean(!same(sp[-2], sp[-1])); return sp - 1; }
SLOW(op_not) { sp[-1] = boolean(!truthy(sp[-1])); return sp; }
SLOW(op_negate) {
  if (sp[-1].tag != NUM) fail("negation of a non-number");
  sp[-1].n = -sp[-1].n;
  return sp;
}
SLOW(op_length) {
  if (sp[-1].tag == STR) sp[-1] = number(sp[-1].s->len);
  else if (sp[-1].tag == TABLE) sp[-1] = number(sp[-1].t->len);
  else fail("length of a number");
  return sp;
}
SLOW(op_concat) {
  char a[32], b[32], small[256];
  const char *x = to_text(sp[-2], a, sizeof a), *y = to_text(sp[-1], b, sizeof b);
  size_t m = strlen(x), n = strlen(y);
  char *joined = m + n < sizeof small ? small : alloc(m + n);
  memcpy(joined, x, m);
  memcpy(joined + m, y, n);
  sp[-2] = string(intern(joined, m + n));
  if (joined != small) free(joined);
  return sp - 1;
}
SLOW(op_newtable) { *sp = (Value){.tag = TABLE, .t = alloc(sizeof(Table))}; return sp + 1; }
SLOW(op_append) { table_set(sp[-2].t, number(sp[-2].t->len + 1), sp[-1]); return sp - 1; }
SLOW(op_field) { table_set(sp[-3].t, sp[-2], sp[-1]); return sp - 2; }
SLOW(op_setindex) {
  if (sp[-3].tag == TABLE) table_set(sp[-3].t, sp[-2], sp[-1]);
  else fail("index of a value that is no table");
  return sp - 3;
}

static Value *(*const slow[])(Value *) = {
    op_div, op_mod, op_lesseq, op_equal, op_notequal, op_not, op_negate, op_length, op_concat, op_newtable, op_append, op_field, op_setindex,
};

static Upvalue *capture(Value *at) {
  Upvalue **p = &open_upvalues;
  while (*p && (*p)->at > at) p = &(*p)->next;
  if (*p && (*p)->at == at) return *p;
  Upvalue *u = alloc(sizeof *u);
  u->at = at;
  u->next = *p;
  return *p = u;
}

static void close_upvalues(Value *from) {
  while (open_upvalues && open_upvalues->at >= from) {
    Upvalue *u = open_upvalues;
    u->closed = *u->at;
    u->at = &u->closed;
    open_upvalues = u->next;
  }
}

static Value run(Closure *self, Value *base) {
  Proto *p = self->proto;
  const uint32_t *pc = p->code;
  Value *sp = base + p->nparams;
  for (;;) {
    uint32_t in = *pc++, arg = in >> 8;
    executed++;
    switch (in & 255) {
    case CONST: *sp++ = p->consts[arg]; break;
    case PUSHNIL: *sp++ = nil; break;
    case PUSHTRUE: *sp++ = boolean(true); break;
    case PUSHFALSE: *sp++ = boolean(false); break;
    case POP: sp -= arg; break;
    case GETLOCAL: *sp++ = base[arg]; break;
    case SETLOCAL: base[arg] = *--sp; break;
    case GETUP: *sp++ = *self->ups[arg]->at; break;
    case SETUP: *self->ups[arg]->at = *--sp; break;
    case GETGLOBAL: *sp++ = table_get(global_table_value.t, p->consts[arg]); break;
    case SETGLOBAL: table_set(global_table_value.t, p->consts[arg], *--sp); break;
    case JUMP: pc = p->code + arg; break;
    case JUMPFALSE: if (!truthy(*--sp)) pc = p->code + arg; break;
    case AND: if (!truthy(sp[-1])) pc = p->code + arg; else sp--; break;
    case OR: if (truthy(sp[-1])) pc = p->code + arg; else sp--; break;
    case FORTEST: // index, limit, step on the stack
      if (sp[-3].tag != NUM || sp[-2].tag != NUM || sp[-1].tag != NUM) return fail("for loop over a non-number");
      if (sp[-1].n > 0 ? sp[-3].n > sp[-2].n : sp[-3].n < sp[-2].n) pc = p->code + arg;
      break;
    case FORSTEP: sp[-3].n += sp[-1].n; pc = p->code + arg; break;
    case CALL: {
      Value r = call(sp[-(int)arg - 1], sp - arg, arg);
      if (failed) return nil;
      sp -= arg;
      sp[-1] = r;
      break;
    }
    case RETURN: close_upvalues(base); return sp[-1];
    case CLOSURE: {
      Proto *q = (Proto *)p->consts[arg].s;
      Closure *c = alloc(sizeof *c + q->nups * sizeof(Upvalue *));
      c->proto = q;
      for (int i = 0; i < q->nups; i++) c->ups[i] = q->up_local[i] ? capture(base + q->up_index[i]) : self->ups[q->up_index[i]];
      *sp++ = (Value){.tag = FUNC, .f = c};
      break;
    }
    case CLOSE: close_upvalues(base + arg); break;
#define BINARY(expr)                                                                                                   \
  if (sp[-2].tag == NUM && sp[-1].tag == NUM) {                                                                        \
    double a = sp[-2].n, b = sp[-1].n;                                                                                 \
    sp[-2] = expr;                                                                                                     \
    sp--;                                                                                                              \
  } else {                                                                                                             \
    arithmetic_error(sp[-2], sp[-1]);                                                                                  \
    return nil;                                                                                                        \
  }                                                                                                                    \
  break
    case ADD: BINARY(number(a + b));
    case SUB: BINARY(number(a - b));
    case MUL: BINARY(number(a * b));
    case LESS:
      if (sp[-2].tag == STR && sp[-1].tag == STR) {
        sp[-2] = boolean(strcmp(sp[-2].s->text, sp[-1].s->text) < 0);
        sp--;
        break;
      }
      BINARY(boolean(a < b));
    case INDEX:
      if (sp[-2].tag != TABLE) return fail("index of a value that is no table");
      sp[-2] = table_get(sp[-2].t, sp[-1]);
      sp--;
      break;
    default:
      sp = slow[(in & 255) - FIRST_SLOW](sp);
      if (failed) return nil;
    }
  }
}

static Value call(Value f, Value *args, int n) {
  if (f.tag == NATIVE) return f.native(args, n);
  if (f.tag != FUNC) return fail("call of a value that is no function");
  if (depth == 200 || args > stack + sizeof stack / sizeof *stack - 300) return fail("stack overflow");
  for (; n < f.f->proto->nparams; n++) args[n] = nil;
  depth++;
  Value r = run(f.f, args);
  if (failed) close_upvalues(args);
  depth--;
  return r;
}

// ---- Compiler ----

typedef struct Scope {
  struct Scope *up;
  Proto *proto;
  Str *locals[200];
  int nlocals;
  bool captured[200];
  Str *ups[64];
  int breaks[64], nbreaks;
} Scope;

static const char *src;
static int line = 1;
static int tok; // a character, or one of the following
enum { T_EOF = 256, T_NAME, T_NUMBER, T_STRING, T_EQ, T_NE, T_LE, T_GE, T_CONCAT, T_KEYWORD };
enum { K_AND, K_BREAK, K_DO, K_ELSE, K_ELSEIF, K_END, K_FALSE, K_FOR, K_FUNCTION, K_IF, K_LOCAL, K_NIL, K_NOT, K_OR, K_RETURN, K_THEN, K_TRUE, K_WHILE };
static const char *const keywords[] = {"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "local", "nil", "not", "or", "return", "then", "true", "while"};
static Str *tok_str;
static double tok_num;
static Scope *scope;

static void syntax(const char *what) {
  printf("line %d: expected %s\n", line, what);
  exit(65);
}

static void next(void) {
  for (;; src++) {
    if (*src == '\n') line++;
    else if (src[0] == '-' && src[1] == '-') while (src[1] && src[1] != '\n') src++;
    else if (*src != ' ') break;
  }
  char c = *src;
  if (!c) {
    tok = T_EOF;
  } else if (c >= '0' && c <= '9') {
    tok_num = strtod(src, (char **)&src);
    tok = T_NUMBER;
  } else if ((c | 32) >= 'a' && (c | 32) <= 'z' || c == '_') {
    const char *start = src;
    while ((*src | 32) >= 'a' && (*src | 32) <= 'z' || *src == '_' || *src >= '0' && *src <= '9') src++;
    tok_str = intern(start, src - start);
    tok = T_NAME;
    for (int i = 0; i < 18; i++)
      if (!strcmp(keywords[i], tok_str->text)) tok = T_KEYWORD + i;
  } else if (c == '"') {
    const char *start = ++src;
    while (*src != '"') src++;
    tok_str = intern(start, src - start);
    src++;
    tok = T_STRING;
  } else {
    static const struct { char text[3]; int tok; } pairs[] = {{"==", T_EQ}, {"~=", T_NE}, {"<=", T_LE}, {">=", T_GE}, {"..", T_CONCAT}};
    for (int i = 0; i < 5; i++)
      if (!strncmp(src, pairs[i].text, 2)) {
        tok = pairs[i].tok;
        src += 2;
        return;
      }
    tok = *src++;
  }
}

// peek returns the first character of the token after the current one.
static char peek(void) {
  while (*src == ' ') src++;
  return *src;
}
static bool accept(int t) { return tok == t ? (next(), true) : false; }
static void expect(int t, const char *what) { if (!accept(t)) syntax(what); }
static bool keyword(int k) { return accept(T_KEYWORD + k); }
static void expect_keyword(int k) { expect(T_KEYWORD + k, keywords[k]); }
static Str *name(void) {
  Str *s = tok_str;
  expect(T_NAME, "name");
  return s;
}

static int emit(int op, int arg) {
  Proto *p = scope->proto;
  p->code = grow(p->code, &p->cap, p->len + 1, sizeof *p->code);
  p->code[p->len] = op | arg << 8;
  return p->len++;
}
static void patch(int at) { scope->proto->code[at] = (scope->proto->code[at] & 255) | scope->proto->len << 8; }

static int constant(Value v) {
  Proto *p = scope->proto;
  for (int i = 0; i < p->nconsts; i++)
    if (v.tag != NIL && same(p->consts[i], v)) return i;
  p->consts = grow(p->consts, &p->ccap, p->nconsts + 1, sizeof(Value));
  p->consts[p->nconsts] = v;
  return p->nconsts++;
}

static void declare(Str *s) {
  if (scope->nlocals == 200) syntax("fewer locals");
  scope->captured[scope->nlocals] = false;
  scope->locals[scope->nlocals++] = s;
}

static int find_local(Scope *s, Str *n) {
  for (int i = s->nlocals - 1; i >= 0; i--)
    if (s->locals[i] == n) return i;
  return -1;
}

static int find_upvalue(Scope *s, Str *n) {
  for (int i = 0; i < s->proto->nups; i++)
    if (s->ups[i] == n) return i;
  if (!s->up) return -1;
  int at = find_local(s->up, n);
  bool local = at >= 0;
  if (local) s->up->captured[at] = true;
  else if ((at = find_upvalue(s->up, n)) < 0) return -1;
  int i = s->proto->nups++;
  s->ups[i] = n;
  s->proto->up_local[i] = local;
  s->proto->up_index[i] = at;
  return i;
}

// variable emits a read of n, or a write of the top of the stack to it.
static void variable(Str *n, bool write) {
  int i;
  if ((i = find_local(scope, n)) >= 0) emit(write ? SETLOCAL : GETLOCAL, i);
  else if ((i = find_upvalue(scope, n)) >= 0) emit(write ? SETUP : GETUP, i);
  else emit(write ? SETGLOBAL : GETGLOBAL, constant(string(n)));
}

static void expression(int power);
static void block(void);

static void function_body(void) {
  Scope inner = {.up = scope, .proto = alloc(sizeof(Proto))};
  scope = &inner;
  expect('(', "(");
  while (tok == T_NAME) {
    declare(name());
    inner.proto->nparams++;
    if (!accept(',')) break;
  }
  expect(')', ")");
  block();
  expect_keyword(K_END);
  emit(PUSHNIL, 0);
  emit(RETURN, 0);
  scope = inner.up;
  // A prototype rides in a constant whose tag no program value has.
  emit(CLOSURE, constant((Value){.tag = NIL, .s = (Str *)inner.proto}));
}

static int arguments(void) {
  int n = 0;
  while (tok != ')') {
    expression(0);
    n++;
    if (!accept(',')) break;
  }
  expect(')', ")");
  return n;
}

static void primary(void) {
  if (tok == T_NUMBER) {
    emit(CONST, constant(number(tok_num)));
    next();
  } else if (tok == T_STRING) {
    emit(CONST, constant(string(tok_str)));
    next();
  } else if (tok == T_NAME) {
    variable(name(), false);
  } else if (accept('(')) {
    expression(0);
    expect(')', ")");
  } else if (accept('{')) {
    emit(NEWTABLE, 0);
    while (tok != '}') {
      if (accept('[')) {
        expression(0);
        expect(']', "]");
        expect('=', "=");
        expression(0);
        emit(FIELD, 0);
      } else if (tok == T_NAME && peek() == '=' && src[1] != '=') {
        emit(CONST, constant(string(name())));
        next();
        expression(0);
        emit(FIELD, 0);
      } else {
        expression(0);
        emit(APPEND, 0);
      }
      if (!accept(',')) break;
    }
    expect('}', "}");
  } else if (keyword(K_FUNCTION)) {
    function_body();
  } else if (keyword(K_NIL)) {
    emit(PUSHNIL, 0);
  } else if (keyword(K_TRUE)) {
    emit(PUSHTRUE, 0);
  } else if (keyword(K_FALSE)) {
    emit(PUSHFALSE, 0);
  } else {
    syntax("expression");
  }
}

// suffixed parses a primary expression with its indexes and calls. The last index is left
// unemitted (and true returned) if an assignment may follow.
static bool suffixed(bool target) {
  primary();
  for (;;) {
    if (accept('(')) {
      emit(CALL, arguments());
      continue;
    }
    if (accept('.')) {
      emit(CONST, constant(string(name())));
    } else if (accept('[')) {
      expression(0);
      expect(']', "]");
    } else {
      return false;
    }
    if (target && tok == '=') return true;
    emit(INDEX, 0);
  }
}

static const struct { int tok, left, op; bool swap; } binary[] = {
    {T_EQ, 3, EQUAL, 0}, {T_NE, 3, NOTEQUAL, 0}, {'<', 3, LESS, 0}, {'>', 3, LESS, 1}, {T_LE, 3, LESSEQ, 0}, {T_GE, 3, LESSEQ, 1},
    {T_CONCAT, 4, CONCAT, 0}, {'+', 5, ADD, 0}, {'-', 5, SUB, 0}, {'*', 6, MUL, 0}, {'/', 6, DIV, 0}, {'%', 6, MOD, 0},
};

static void expression(int power) {
  if (keyword(K_NOT)) {
    expression(7);
    emit(NOT, 0);
  } else if (accept('-')) {
    expression(7);
    emit(NEGATE, 0);
  } else if (accept('#')) {
    expression(7);
    emit(LENGTH, 0);
  } else {
    suffixed(false);
  }
again:
  if (tok == T_KEYWORD + K_AND && power < 2 || tok == T_KEYWORD + K_OR && power < 1) {
    bool and = tok == T_KEYWORD + K_AND;
    next();
    int jump = emit(and ? AND : OR, 0);
    expression(and ? 2 : 1);
    patch(jump);
    goto again;
  }
  for (unsigned i = 0; i < sizeof binary / sizeof *binary; i++) {
    if (tok != binary[i].tok || binary[i].left <= power) continue;
    next();
    if (binary[i].swap) { // a > b is not (a <= b) for numbers that are not NaN
      expression(binary[i].left);
      emit(binary[i].op == LESS ? LESSEQ : LESS, 0);
      emit(NOT, 0);
    } else {
      expression(binary[i].left);
      emit(binary[i].op, 0);
    }
    goto again;
  }
}

static void leave(int nlocals) {
  bool captured = false;
  for (int i = nlocals; i < scope->nlocals; i++) captured |= scope->captured[i];
  if (captured) emit(CLOSE, nlocals);
  if (scope->nlocals > nlocals) emit(POP, scope->nlocals - nlocals);
  scope->nlocals = nlocals;
}

static void scoped_block(void) {
  int n = scope->nlocals;
  block();
  leave(n);
}

// A loop may be left from a place with more locals than its end: break closes and pops them.
static int loop_locals;

static void if_statement(void) {
  int ends[32], n = 0;
  for (;;) {
    expression(0);
    expect_keyword(K_THEN);
    int skip = emit(JUMPFALSE, 0);
    scoped_block();
    if (tok == T_KEYWORD + K_END) {
      patch(skip);
      break;
    }
    ends[n++] = emit(JUMP, 0);
    patch(skip);
    if (keyword(K_ELSEIF)) continue;
    expect_keyword(K_ELSE);
    scoped_block();
    break;
  }
  expect_keyword(K_END);
  while (n) patch(ends[--n]);
}

static void end_loop(int from, int outer) {
  while (scope->nbreaks > from) patch(scope->breaks[--scope->nbreaks]);
  loop_locals = outer;
}

static void statement(void) {
  int outer = loop_locals, breaks = scope->nbreaks;
  if (keyword(K_LOCAL)) {
    if (keyword(K_FUNCTION)) {
      emit(PUSHNIL, 0);
      declare(name());
      int slot = scope->nlocals - 1;
      function_body();
      emit(SETLOCAL, slot);
      return;
    }
    Str *n = name();
    if (accept('=')) expression(0);
    else emit(PUSHNIL, 0);
    declare(n);
  } else if (keyword(K_FUNCTION)) {
    Str *n = name();
    function_body();
    variable(n, true);
  } else if (keyword(K_IF)) {
    if_statement();
  } else if (keyword(K_WHILE)) {
    int top = scope->proto->len;
    loop_locals = scope->nlocals;
    expression(0);
    expect_keyword(K_DO);
    int exit = emit(JUMPFALSE, 0);
    scoped_block();
    expect_keyword(K_END);
    emit(JUMP, top);
    patch(exit);
    end_loop(breaks, outer);
  } else if (keyword(K_FOR)) {
    int n = scope->nlocals;
    Str *var = name();
    expect('=', "=");
    expression(0);
    expect(',', ",");
    declare(intern("(index)", 7));
    expression(0);
    declare(intern("(limit)", 7));
    if (accept(',')) expression(0);
    else emit(CONST, constant(number(1)));
    declare(intern("(step)", 6));
    expect_keyword(K_DO);
    loop_locals = scope->nlocals;
    int top = emit(FORTEST, 0);
    emit(GETLOCAL, n);
    declare(var);
    block();
    leave(n + 3);
    expect_keyword(K_END);
    emit(FORSTEP, top);
    patch(top);
    end_loop(breaks, outer);
    leave(n);
  } else if (keyword(K_RETURN)) {
    if (tok == T_KEYWORD + K_END || tok == T_KEYWORD + K_ELSE || tok == T_EOF) emit(PUSHNIL, 0);
    else expression(0);
    emit(RETURN, 0);
  } else if (keyword(K_BREAK)) {
    emit(CLOSE, loop_locals);
    if (scope->nlocals > loop_locals) emit(POP, scope->nlocals - loop_locals);
    scope->breaks[scope->nbreaks++] = emit(JUMP, 0);
  } else if (tok == T_NAME && peek() == '=') {
    Str *n = name();
    expect('=', "=");
    expression(0);
    variable(n, true);
  } else if (suffixed(true)) {
    next();
    expression(0);
    emit(SETINDEX, 0);
  } else {
    emit(POP, 1);
  }
}

static void block(void) {
  for (;;) {
    if (tok == T_EOF || tok == T_KEYWORD + K_END || tok == T_KEYWORD + K_ELSE || tok == T_KEYWORD + K_ELSEIF) return;
    statement();
  }
}

static Value compile(const char *text) {
  src = text;
  next();
  Scope top = {.proto = alloc(sizeof(Proto))};
  scope = &top;
  block();
  if (tok != T_EOF) syntax("end of file");
  emit(PUSHNIL, 0);
  emit(RETURN, 0);
  Closure *c = alloc(sizeof *c);
  c->proto = top.proto;
  return (Value){.tag = FUNC, .f = c};
}

// ---- Natives ----

static Value native_print(Value *args, int n) {
  char buf[32];
  for (int i = 0; i < n; i++) printf("%s%s", i ? " " : "", to_text(args[i], buf, sizeof buf));
  putchar('\n');
  return nil;
}

static Value native_sleep(Value *args, int n) {
  usleep(n && args[0].tag == NUM ? (useconds_t)(args[0].n * 1000) : 0);
  return nil;
}

static Value native_floor(Value *args, int n) { return n && args[0].tag == NUM ? number(floor(args[0].n)) : fail("floor of a non-number"); }

static Value native_sub(Value *args, int n) {
  if (n < 3 || args[0].tag != STR) return fail("sub of a non-string");
  int from = (int)args[1].n, to = (int)args[2].n, len = args[0].s->len;
  if (from < 1) from = 1;
  if (to > len) to = len;
  return string(intern(args[0].s->text + from - 1, to < from ? 0 : to - from + 1));
}

// pcall returns what the function returns, or the error's message.
static Value native_pcall(Value *args, int n) {
  int d = depth;
  Value r = call(args[0], args + 1, n - 1);
  if (!failed) return r;
  r = string(intern(failed, strlen(failed)));
  failed = NULL;
  depth = d;
  return r;
}

static Value native_error(Value *args, int n) { return fail("%s", n && args[0].tag == STR ? args[0].s->text : "error"); }

// sort is a merge sort whose comparison is a function of the program.
static void merge_sort(Value *a, Value *tmp, int n, Value less, Value *top) {
  if (n < 2 || failed) return;
  int half = n / 2, i = 0, j = half;
  merge_sort(a, tmp, half, less, top);
  merge_sort(a + half, tmp, n - half, less, top);
  memcpy(tmp, a, n * sizeof *a);
  for (int k = 0; k < n; k++) {
    bool right = i == half;
    if (i < half && j < n) {
      top[0] = tmp[j];
      top[1] = tmp[i];
      right = truthy(call(less, top, 2));
    }
    a[k] = right ? tmp[j++] : tmp[i++];
  }
}

static Value native_sort(Value *args, int n) {
  if (n < 2 || args[0].tag != TABLE) return fail("sort of a value that is no table");
  Table *t = args[0].t;
  Value *tmp = alloc((t->len + 1) * sizeof *tmp);
  merge_sort(t->items, tmp, t->len, args[1], args + n);
  free(tmp);
  return args[0];
}

int main(void) {
  global_table_value = (Value){.tag = TABLE, .t = alloc(sizeof(Table))};
  static const struct { const char *name; Native f; } natives[] = {
      {"print", native_print}, {"sleep", native_sleep}, {"floor", native_floor}, {"sub", native_sub},
      {"pcall", native_pcall}, {"error", native_error}, {"sort", native_sort},
  };
  for (unsigned i = 0; i < sizeof natives / sizeof *natives; i++)
    table_set(global_table_value.t, string(intern(natives[i].name, strlen(natives[i].name))), (Value){.tag = NATIVE, .native = natives[i].f});
  call(compile(program_text), stack, 0);
  printf("executed %llu instructions\n", (unsigned long long)executed);
  if (failed) {
    printf("error: %s\n", failed);
    return 1;
  }
  return 0;
}
