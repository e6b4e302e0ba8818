// The header in C++, and constructors in every process.
#include "../lunatic.h"

#include <cstdio>
#include <string>

namespace {

enum { ANSWER = 1 };

struct Constructed {
  std::string text{"constructed"};
} constructed;

struct Point {
  double x, y;
};

LUNATIC_MAILBOX(point, Point, 2)

struct Question {
  lunatic_from from;
  int n;
};

// Made by a constructor, and so in every process.
const lunatic_server doubler = [] {
  lunatic_server s{};
  s.call = [](void *, lunatic_from from, const void *request, size_t) {
    int n = 2 * *static_cast<const int *>(request);
    LUNATIC_REPLY(from, n);
    return LUNATIC_CONTINUE;
  };
  return s;
}();

} // namespace

int main() {
  lunatic_pid me = lunatic_self();
  lunatic_spawn([](const void *arg, size_t) {
    lunatic_send(*static_cast<const lunatic_pid *>(arg), ANSWER, constructed.text.c_str(), constructed.text.size() + 1);
  }, &me, sizeof me);
  char text[32] = "";
  LUNATIC_RECEIVE(nullptr, text, ANSWER, LUNATIC_FOREVER);
  std::printf("child: %s\n", text);

  Point p{};
  point_send(me, Point{1.5, 2.5});
  if (point_receive(&p, LUNATIC_FOREVER) != LUNATIC_OK) return 1;
  std::printf("point: %g %g\n", p.x, p.y);

  lunatic_pid server;
  int n = 21, twice = 0;
  if (lunatic_server_start(&doubler, nullptr, nullptr, 0, LUNATIC_FOREVER, &server) != LUNATIC_OK) return 1;
  int result = lunatic_call(server, &n, sizeof n, &twice, sizeof twice, nullptr, LUNATIC_FOREVER);
  std::printf("call: %d\n", result == LUNATIC_OK ? twice : result);

  Question q{{}, 5};
  int answer = 0;
  lunatic_pid echo = lunatic_spawn([](const void *, size_t) {
    Question q;
    lunatic_receive(nullptr, &q, sizeof q, LUNATIC_FOREVER);
    LUNATIC_REPLY(q.from, q.n);
  }, nullptr, 0);
  if (lunatic_request(echo, 3, &q, sizeof q, &answer, sizeof answer, nullptr, LUNATIC_FOREVER) != LUNATIC_OK) return 1;
  std::printf("request: %d\n", answer);
}
