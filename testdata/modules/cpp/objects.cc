// C++ without exceptions: virtual calls (single, multiple and virtual inheritance),
// templates, containers, std::function, sorting with lambdas, smart pointers, static
// constructors, and an error path of optional values. Virtual functions sleep.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <variant>
#include <vector>

static int live; // objects counted by their constructors and destructors

struct Counted {
  Counted() { live++; }
  Counted(const Counted &) { live++; }
  ~Counted() { live--; }
};

// ---- Virtual calls ----

struct Shape : virtual Counted {
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const { return "shape"; }
};
struct Scaled : virtual Counted {
  double scale = 2;
  virtual double scaled(double v) const {
    usleep(1000);
    return v * scale;
  }
  virtual ~Scaled() = default;
};
struct Square : Shape {
  double side;
  explicit Square(double s) : side(s) {}
  double area() const override { return side * side; }
  std::string name() const override { return "square"; }
};
struct Rect : Square, Scaled {
  double height;
  Rect(double w, double h) : Square(w), height(h) {}
  double area() const override { return scaled(side * height) / scale; } // sleeps
  std::string name() const override { return "rect of " + std::to_string(static_cast<int>(side)); }
};
struct Group final : Shape {
  std::vector<std::unique_ptr<Shape>> members;
  double area() const override {
    double sum = 0;
    for (const auto &m : members) sum += m->area(); // sleeps below a virtual call below this one
    return sum;
  }
};

static void shapes() {
  auto group = std::make_unique<Group>();
  for (int i = 1; i <= 10; i++) {
    if (i % 2) group->members.push_back(std::make_unique<Square>(i));
    else group->members.push_back(std::make_unique<Rect>(i, 0.5));
    if (i % 5 == 0) {
      auto outer = std::make_unique<Group>();
      outer->members.push_back(std::move(group));
      group = std::move(outer);
    }
  }
  const Rect r(3, 4);
  const Shape &s = r;
  std::printf("shapes: area %g, %s %g, live %d\n", group->area(), s.name().c_str(), s.area(), live);
}

// ---- Templates ----

template <typename T, size_t N> struct Matrix {
  std::array<std::array<T, N>, N> m{};
  static Matrix identity() {
    Matrix r;
    for (size_t i = 0; i < N; i++) r.m[i][i] = T{1};
    return r;
  }
  Matrix operator*(const Matrix &o) const {
    Matrix r;
    for (size_t i = 0; i < N; i++)
      for (size_t j = 0; j < N; j++)
        for (size_t k = 0; k < N; k++) r.m[i][j] = r.m[i][j] + m[i][k] * o.m[k][j];
    return r;
  }
};

template <uint32_t P> struct Mod {
  uint32_t v = 0;
  Mod operator+(Mod o) const { return {(v + o.v) % P}; }
  Mod operator*(Mod o) const { return {static_cast<uint32_t>(uint64_t{v} * o.v % P)}; }
};

template <typename T> T power(T base, uint64_t n, T result) {
  for (; n; n >>= 1) {
    if (n & 1) result = result * base;
    if (n % 64 == 0) usleep(1000);
    base = base * base;
  }
  return result;
}

template <typename... Fs> struct Overloaded : Fs... { using Fs::operator()...; };

static void templates() {
  using M = Mod<1000000007>;
  Matrix<M, 2> fib;
  fib.m = {{{M{1}, M{1}}, {M{1}, M{0}}}};
  std::printf("fibonacci(10^15) mod p: %u\n", power(fib, 1000000000000000ull, Matrix<M, 2>::identity()).m[0][1].v);
  Matrix<double, 8> d;
  for (size_t i = 0; i < 8; i++)
    for (size_t j = 0; j < 8; j++) d.m[i][j] = 1.0 / static_cast<double>(i + j + 1);
  auto e = power(d, 5, Matrix<double, 8>::identity());
  std::printf("hilbert^5[0][0]: %.12g\n", e.m[0][0]);
  std::variant<int, double, std::string> vs[] = {42, 2.5, std::string("text")};
  double sum = 0;
  for (auto &v : vs) sum += std::visit(Overloaded{[](int i) { return i * 1.0; }, [](double x) { return x * 2; }, [](const std::string &s) { return s.size() * 100.0; }}, v);
  std::printf("visited: %g\n", sum);
}

// ---- Containers ----

static void containers() {
  uint32_t x = 2463534242u;
  auto next = [&x] {
    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
  };
  std::vector<uint32_t> v(20000);
  std::generate(v.begin(), v.end(), next);
  int compared = 0;
  std::sort(v.begin(), v.end(), [&](uint32_t a, uint32_t b) {
    if (++compared % 40000 == 0) usleep(1000); // sleeps inside std::sort
    return a % 65536 != b % 65536 ? a % 65536 < b % 65536 : a < b;
  });
  uint32_t h = 2166136261u;
  for (auto e : v) h = (h ^ e) * 16777619u;
  std::printf("sorted: %s, digest %08x\n", std::is_sorted(v.begin(), v.end(), [](uint32_t a, uint32_t b) { return a % 65536 < b % 65536; }) ? "yes" : "NO", h);

  std::map<std::string, int> ordered;
  std::unordered_map<std::string, int> hashed;
  for (auto e : v) {
    std::string key = "key-" + std::to_string(e % 1000);
    ordered[key]++;
    hashed[key]++;
  }
  bool equal = std::all_of(ordered.begin(), ordered.end(), [&](const auto &p) { return hashed.at(p.first) == p.second; });
  auto most = std::max_element(ordered.begin(), ordered.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
  std::printf("maps: %zu keys, %s, most %s %d, first %s\n", ordered.size(), equal ? "equal" : "DIFFERENT", most->first.c_str(), most->second, ordered.begin()->first.c_str());

  std::vector<std::function<long(long)>> chain;
  for (int i = 1; i <= 20; i++)
    chain.push_back([i, name = std::string(i, 'x')](long n) {
      if (i % 4 == 0) usleep(1000);
      return n * 3 % 10007 + static_cast<long>(name.size());
    });
  std::printf("functions: %ld\n", std::accumulate(chain.begin(), chain.end(), 1L, [](long n, const auto &f) { return f(n); }));
  auto shared = std::make_shared<std::vector<std::weak_ptr<int>>>();
  auto one = std::make_shared<int>(1);
  for (int i = 0; i < 3; i++) shared->push_back(i == 1 ? std::make_shared<int>(2) : one);
  std::printf("shared: %ld uses, %s\n", one.use_count(), (*shared)[1].expired() && !(*shared)[0].expired() ? "expired" : "ALIVE");
}

// ---- Errors as values ----

static std::optional<long> parse(const std::string &s) {
  Counted guard; // destroyed on every way out
  long v = 0;
  if (s.empty()) return std::nullopt;
  for (char c : s) {
    if (c < '0' || c > '9') {
      usleep(1000);
      return std::nullopt;
    }
    v = v * 10 + (c - '0');
  }
  return v;
}

static std::optional<long> total(const std::vector<std::string> &words) {
  Counted guard;
  long sum = 0;
  for (const auto &w : words) {
    auto v = parse(w);
    if (!v) return std::nullopt;
    sum += *v;
  }
  return sum;
}

// ---- Static construction and destruction ----

struct Global {
  std::string text;
  explicit Global(const char *t) : text(t) {}
  ~Global() { std::printf("destroyed: %s\n", text.c_str()); }
};
static Global first("first"), second("second");

int main() {
  shapes();
  templates();
  containers();
  auto good = total({"1", "20", "300"}), bad = total({"1", "2x", "3"});
  std::printf("errors: %ld, %s, live %d\n", good.value_or(-1), bad ? "NO ERROR" : "error", live);
  std::printf("constructed: %s %s\n", first.text.c_str(), second.text.c_str());
  return 0;
}
