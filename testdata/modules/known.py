#!/usr/bin/env python3
"""Computes what the guests print a second time, by other means, and compares it with the
expected outputs beside this file: Python's zlib, json, hashlib and arithmetic.

What is not here is checked by `make guests-native`, which builds the same sources for
this machine."""

import collections, functools, hashlib, json, pathlib, re, struct, subprocess, sys, tempfile, zlib

HERE = pathlib.Path(__file__).parent
bad = 0


def expect(name, *lines):
    """Each line must be one of the output's lines."""
    global bad
    have = (HERE / f"{name}.out").read_text().split("\n")
    for line in lines:
        if line not in have:
            bad += 1
            print(f"{name}: no line {line!r}")


def xorshift(state=2463534242):
    while True:
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        yield state


def fnv(keys):
    return functools.reduce(lambda h, k: (h ^ k) * 16777619 & 0xFFFFFFFF, keys, 2166136261)


def crc(b):
    return f"{zlib.crc32(b):08x}"


def primes(n):
    return [i for i in range(2, n) if all(i % d for d in range(2, int(i**0.5) + 1))]


def collatz(n):
    steps = 0
    while n != 1:
        n, steps = (n // 2 if n % 2 == 0 else 3 * n + 1), steps + 1
    return steps


def script():
    seed, values = 42, []
    for _ in range(500):
        seed = (seed * 1103 + 12345) % 65536
        values.append(seed)
    values.sort()
    expect("script", "fib 17711", f"primes {len(primes(20001))}", "queens 4", "ackermann 9", f"collatz {collatz(27)}",
           f"sort true {values[0]} {values[249]} {values[499]}", "squares 55", "words 3 1 nil", f"sqrt2 {2**0.5:.14g}")


def documents():
    r = xorshift()
    records = []
    for i in range(800):
        x = next(r)
        records.append(f'{{"id": {i}, "name": "user-{x:x}", "score": {x % 1000}.{x // 1000 % 8 + 1}, "tags": [{x & 15}, {x >> 28}], "on": {"true" if x & 1 else "false"}}}')
    text = "[" + ", ".join(records) + "]"
    compact = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    source = (HERE / "c/json.c").read_text()
    literal = re.search(r"document\[\] =\n(.*?);\n", source, re.S).group(1)
    document = "".join(bytes(s, "utf-8").decode("unicode_escape") for s in re.findall(r'"((?:[^"\\]|\\.)*)"', literal))
    expect("json", f"in  {len(text)} bytes, crc {crc(text.encode())}", f"out {len(compact)} bytes, crc {crc(compact.encode())}",
           json.dumps(json.loads(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def deflate():
    words = "wait process message the a link mailbox of signal and stack frame window to guest host".split()
    r, text = xorshift(), ""
    while len(text) < 200000 - 32:
        x = next(r)
        text += words[x & 15] + (" " if (x >> 8) % 11 else ".\n")
        if x >> 28 == 0:
            text += f"{x} "
    numbers = re.sub(r"//.*", "", (HERE / "c/foreign.inc").read_text())
    foreign = bytes(int(n) for n in numbers.split(",") if n.strip())
    plain = zlib.decompress(foreign, -15)
    expect("compress", f"plain  {len(text)} bytes, crc {crc(text.encode())}",
           f"foreign {len(plain)} bytes, ok, crc {crc(plain)}: {plain[:44].decode()}")
    with tempfile.TemporaryDirectory() as d:  # zlib reads what the same compressor writes
        subprocess.run(["cc", "-w", "-O1", HERE / "c/compress.c", "-o", d + "/compress"], check=True)
        raw = subprocess.run([d + "/compress", "raw"], stdout=subprocess.PIPE, check=True).stdout
    expect("compress", f"packed {len(raw)} bytes, crc {crc(raw)}", f"again  {len(zlib.decompress(raw, -15))} bytes, ok, equal")


def sorting():
    r = xorshift()
    records = []
    for _ in range(12000):
        key = next(r)
        records.append((key, f"{next(r):08x}", key % 4096 / 16))
    for order, by in [("key", lambda e: e[0]), ("name", lambda e: e[1]), ("weight", lambda e: (e[2], e[0]))]:
        d = fnv(e[0] for e in sorted(records, key=by))
        expect("sort", *[f"{s:5} by {order:6} sorted, digest {d:08x}" for s in ("qsort", "merge", "heap")])
    keys = sorted(e[0] for e in records)
    expect("sort", f"bsearch found 12000 of 12000, smallest {keys[0]:08x}, largest {keys[-1]:08x}")
    values = [x for _, x in zip(range(20000), xorshift())]
    keys = collections.Counter(f"key-{v % 1000}" for v in values)
    most = min(keys, key=lambda k: (-keys[k], k))
    expect("objects", f"sorted: yes, digest {fnv(sorted(values, key=lambda v: (v % 65536, v))):08x}",
           f"maps: {len(keys)} keys, equal, most {most} {keys[most]}, first {min(keys)}")


def fibonacci(n, p):
    """The pair F(n), F(n+1) mod p by doubling, where the guest multiplies matrices."""
    if n == 0:
        return 0, 1
    a, b = fibonacci(n // 2, p)
    c, d = a * (2 * b - a) % p, (a * a + b * b) % p
    return (d, (c + d) % p) if n % 2 else (c, d)


def text():
    r, t = xorshift(), ""
    while len(t) < 150000 - 16:
        t += f"w{next(r) % 5000} "
    two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    for name, s in [('""', ""), ('"abc"', "abc"), ("two blocks", two), ("the text", t)]:
        expect("text", f"sha256 {name} {hashlib.sha256(s.encode()).hexdigest()}, crc32 {crc(s.encode())}")
    words = collections.Counter(t.split())
    most = min(words, key=lambda k: (-words[k], k))
    found = sum(f"w{i} w{i * 7 % 100}" in t for i in range(60))
    expect("text", f"{sum(words.values())} words, {len(words)} distinct, most often {most}: {words[most]}",
           f"search: 60 of 60 agree, {found} found", f"{sum(int(w[1:]) % 2 for w in words)} left, w1 present, w2 absent")
    expect("objects", f"fibonacci(10^15) mod p: {fibonacci(10**15, 1000000007)[0]}")


def surroundings():
    stdin = eval(re.search(r'const stdin = (".*")', (HERE / "modules.go").read_text()).group(1)).encode()
    numbers = [int(m.group()) if (m := re.match(rb"-?\d+", line)) else 0 for line in stdin.split(b"\n") if line]
    expect("wasi", f"stdin: {len(stdin)} bytes, crc {crc(stdin)}", f"stdin: {len(numbers)} lines, sum {sum(numbers)}")
    for f in sorted((HERE / "data").rglob("*.txt")):
        b = f.read_bytes()
        expect("wasi", f"file /{f.relative_to(HERE)}: {len(b)} bytes, read {len(b)}, crc {crc(b)}")


def traits():
    values = [x for _, x in zip(range(30000), xorshift())]
    keys = collections.Counter(f"k{v % 700:03}" for v in values)
    most = min(keys, key=lambda k: (-keys[k], k))
    by = sorted(values[:300], key=lambda v: (v % 1000, -v))
    expect("traits", f"maps: {len(keys)} keys, most {most} {keys[most]}, sum 30000", f"heap: {fnv(sorted(values[:5000], reverse=True)):08x}",
           f"prime 1000: {primes(8000)[999]}", f"sort_by: {by[0]} {by[150]} {by[299]}")


def operands():
    def f32(v):
        return struct.unpack("<f", struct.pack("<f", v))[0]

    i, l, f, d = 7, 1099511627781, 1.5, 0.1
    for k in range(5):
        i = (i * 31 + k) ^ i & 255
        l = (l * 7 + k) - (l >> 2) * 3
        f = f32(f32(f * 0.5) + f32(f32(f + k) / 4))
        d = (d + k) * (d - k) / (1 + abs(d))
    i = (i + 2**31) % 2**32 - 2**31  # wraps; only low bits feed back
    return f"operands: {i} {l} {f} {struct.unpack('<Q', struct.pack('<d', d))[0]:x}"


def collector():
    area = sum(i * i * (0.5 if i % 2 == 0 else 1) for i in range(1, 11))
    keys = collections.Counter(f"k{x % 300}" for _, x in zip(range(6000), xorshift()))
    expect("collector", operands(), f"shapes: {area}", f"trees: {3 * 2000 * 2001 // 2}", f"map: {len(keys)} keys, sum 6000, first k0 {keys['k0']}",
           f"set: {len({i * i % 97 for i in range(1000)})}", "map and filter: 4 16 36, 56", "words: DOG LAZY THE OVER JUMPS FOX BROWN QUICK THE, 5",
           "numbers: 0.3333333333333333 1e+21 18446744073709551615 127.0", "utf-16: 9 gr\u00fc\u00df \u20ac \U0001F600", "view: b0a0908 a0b")


def goroutines():
    r = xorshift()
    keys = collections.Counter(f"k{next(r) % 500}" for _ in range(10000))
    values = sorted(next(r) % 100000 for _ in range(3000))
    expect("goroutines", f"prime 60: {primes(300)[59]}", f"collatz steps below 101: {sum(map(collatz, range(1, 101)))}",
           f"tree: {2047 * 2048 // 2} collected: true", f"sort: {values[0]} {values[1500]} {values[2999]} true",
           f"crc32: {crc(('the quick brown fox ' * 500).encode())}", f"goroutines: {sum(range(200))}", f"map: {len(keys)} k0 k99 {(k := max(sorted(keys), key=keys.get))} {keys[k]}")


def actors():
    def gather(depth, scale, messages):
        if depth == 0:
            return 0
        return gather(depth - 1, scale / 2, messages[1:]) * 3 % 1000003 + messages[0] * depth + (scale > 1)

    expect("actors", "ping-pong: 1000", f"requests: {sum(i * i for i in range(1, 101))}", "ring: 1000, stopped 100", f"primes: {len(primes(20000))}",
           f"gather: {gather(50, 8, [i * i for i in range(1, 51)])}")


def suspension():
    def tree(d):
        return 1 if d == 0 else 3 * tree(d - 1)

    def deep(n, a, b):
        if n == 0:
            return a + int(b)
        a += n == 500
        r = deep(n - 1, a + n, b + 0.5) + (n == 250)
        return r * 3 % 1000003 + a % 7

    sys.setrecursionlimit(5000)
    values = sorted(x % 1000 for _, x in zip(range(200), xorshift()))
    expect("suspend", f"tree {tree(4)}", f"deep {deep(1000, 1, 0.25)}", f"callback sorted {values[0]} {values[100]} {values[199]}",
           "big 0 16 64 36.5, total 204")


for check in (script, documents, deflate, sorting, text, surroundings, traits, collector, goroutines, actors, suspension):
    check()
print("differences:", bad)
sys.exit(bad > 0)
