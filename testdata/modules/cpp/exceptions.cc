// C++ exceptions in WebAssembly's own instructions: throw and catch by type, catch of
// everything, destructors on the way, rethrow, nesting, a sleep in the try block, in a
// destructor and in the handler. unwind.cc supplies what the ABI library lacks.
#include <cstdio>
#include <cstdint>
#include <string>
#include <unistd.h>

struct Failure {
  int code;
  double weight;
};

static int destroyed;
struct Guard {
  int id;
  explicit Guard(int i) : id(i) {}
  ~Guard() {
    usleep(id % 4 == 0 ? 1000 : 0);
    destroyed = destroyed * 3 % 10007 + id;
  }
};

__attribute__((noinline)) static int risky(int n) {
  Guard g(n);
  switch (n % 5) {
  case 0: throw n;
  case 1: throw Failure{n, n / 2.0};
  case 2: throw std::string("a string long enough to be on the heap ") + std::to_string(n);
  case 3: throw 'c';
  }
  return n;
}

// A local assigned in the try block must be seen in the handler.
__attribute__((noinline)) static int classify(int n) {
  int stage = 0;
  int64_t wide = n;
  double real = 0.5;
  try {
    stage = 1;
    usleep(n % 7 == 0 ? 1000 : 0);
    wide <<= 33;
    int v = risky(n);
    stage = 2;
    real += v;
  } catch (int e) {
    return stage * 10 + e;
  } catch (const Failure &f) {
    usleep(1000);
    return stage * 100 + f.code + static_cast<int>(f.weight * 2);
  } catch (const std::string &s) {
    return stage * 1000 + static_cast<int>(s.size()) + static_cast<int>(wide >> 33);
  } catch (...) {
    return stage * 10000;
  }
  return stage * 100000 + static_cast<int>(real);
}

__attribute__((noinline)) static int descend(int depth) {
  Guard g(depth);
  if (depth == 0) throw Failure{7, 1};
  try {
    return descend(depth - 1) + 1;
  } catch (const Failure &f) {
    if (depth % 10) throw; // the same exception goes on
    throw Failure{f.code + depth, f.weight}; // another one
  }
}

struct Base {
  virtual ~Base() = default;
  virtual void run(int n) = 0;
};
struct Thrower : Base {
  void run(int n) override {
    usleep(1000);
    if (n > 2) throw n;
  }
};

int main() {
  long sum = 0;
  for (int i = 0; i < 50; i++) sum += classify(i);
  std::printf("classified: %ld, destroyed %d\n", sum, destroyed);
  try {
    descend(45);
  } catch (const Failure &f) {
    std::printf("descended: %d, destroyed %d\n", f.code, destroyed);
  }
  Thrower t;
  Base *b = &t;
  int finished = 0;
  for (int i = 0; i < 5; i++) {
    try {
      try {
        b->run(i);
        finished++;
      } catch (const char *) {
        std::puts("WRONG HANDLER");
      }
    } catch (int e) {
      try {
        throw e * 2;
      } catch (int inner) {
        std::printf("nested: %d %d\n", e, inner);
      }
    }
  }
  std::printf("finished: %d\n", finished);
  return 0;
}
