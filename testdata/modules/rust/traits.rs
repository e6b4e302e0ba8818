//! Trait objects, generics, closures, collections, formatting, iterators, reference
//! counting, and errors as values. Methods behind `dyn` sleep.

use std::cell::RefCell;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::{Rc, Weak};
use std::thread::sleep;
use std::time::Duration;

fn nap() {
    sleep(Duration::from_millis(1));
}

/// xorshift32, as in the other guests.
struct Random(u32);

impl Iterator for Random {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        Some(self.0)
    }
}

fn random() -> Random {
    Random(2463534242)
}

/// FNV-1a: a hash map with it has the same order in every run.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf29ce484222325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x100000001b3);
        }
    }
}

// ---- An expression tree of trait objects ----

#[derive(Debug, Clone, PartialEq)]
enum Failure {
    DivisionByZero,
    Unknown(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Failure::DivisionByZero => f.write_str("division by zero"),
            Failure::Unknown(name) => write!(f, "unknown variable {:?}", name),
        }
    }
}

type Scope = BTreeMap<String, i64>;

trait Expr {
    fn eval(&self, scope: &Scope) -> Result<i64, Failure>;
    fn depth(&self) -> usize {
        1
    }
}

struct Const(i64);
struct Var(&'static str);
struct Op {
    op: char,
    left: Box<dyn Expr>,
    right: Rc<dyn Expr>,
}

impl Expr for Const {
    fn eval(&self, _: &Scope) -> Result<i64, Failure> {
        Ok(self.0)
    }
}

impl Expr for Var {
    fn eval(&self, scope: &Scope) -> Result<i64, Failure> {
        nap(); // below as many frames as the tree is deep
        scope.get(self.0).copied().ok_or_else(|| Failure::Unknown(self.0.to_string()))
    }
}

impl Expr for Op {
    fn eval(&self, scope: &Scope) -> Result<i64, Failure> {
        let (a, b) = (self.left.eval(scope)?, self.right.eval(scope)?);
        match self.op {
            '+' => Ok(a + b),
            '*' => Ok(a.wrapping_mul(b) % 1_000_003),
            '/' if b == 0 => Err(Failure::DivisionByZero),
            _ => Ok(a / b),
        }
    }
    fn depth(&self) -> usize {
        1 + self.left.depth().max(self.right.depth())
    }
}

fn op(op: char, left: Box<dyn Expr>, right: Rc<dyn Expr>) -> Box<dyn Expr> {
    Box::new(Op { op, left, right })
}

fn expressions() {
    let x: Rc<dyn Expr> = Rc::new(Var("x"));
    let mut tree: Box<dyn Expr> = Box::new(Const(1));
    for i in 0..30 {
        let right: Rc<dyn Expr> = if i % 3 == 0 { x.clone() } else { Rc::new(Const(i)) };
        tree = op(if i % 2 == 0 { '+' } else { '*' }, tree, right);
    }
    let scope: Scope = [("x".to_string(), 17)].into_iter().collect();
    println!("eval: depth {}, value {:?}, {} owners", tree.depth(), tree.eval(&scope), Rc::strong_count(&x));
    let bad = op('/', Box::new(Const(1)), Rc::new(Const(0)));
    println!("errors: {}; {}", bad.eval(&scope).unwrap_err(), tree.eval(&Scope::new()).unwrap_err());
}

// ---- Collections and iterators ----

fn collections() {
    let mut hashed: HashMap<String, u32, BuildHasherDefault<Fnv>> = HashMap::default();
    let mut ordered: BTreeMap<String, u32> = BTreeMap::new();
    for r in random().take(30_000) {
        let key = format!("k{:03}", r % 700);
        *hashed.entry(key.clone()).or_insert(0) += 1;
        *ordered.entry(key).or_default() += 1;
    }
    let mut sorted: Vec<_> = hashed.iter().collect();
    sorted.sort();
    assert!(sorted.into_iter().eq(ordered.iter()), "the maps differ");
    let (most, n) = ordered.iter().max_by_key(|(k, n)| (**n, std::cmp::Reverse((*k).clone()))).unwrap();
    println!("maps: {} keys, most {} {}, sum {}", ordered.len(), most, n, hashed.values().sum::<u32>());
    ordered.retain(|k, _| k.ends_with('7'));
    println!("retained: {} from {:?}", ordered.len(), ordered.range("k1".to_string().."k2".to_string()).next());

    let mut heap: BinaryHeap<u32> = random().take(5000).collect();
    let mut drained = Vec::new();
    while let Some(v) = heap.pop() {
        if drained.len() % 1000 == 0 {
            nap();
        }
        drained.push(v);
    }
    assert!(drained.windows(2).all(|w| w[0] >= w[1]), "the heap does not sort");
    let digest = drained.iter().fold(2166136261u32, |h, v| (h ^ v).wrapping_mul(16777619));
    println!("heap: {:08x}", digest);

    let words = "it was the best of times it was the worst of times";
    let mut lengths: VecDeque<(usize, char)> = words
        .split_whitespace()
        .filter(|w| w.len() > 2)
        .zip('a'..)
        .map(|(w, c)| (w.len(), c))
        .collect();
    lengths.rotate_left(2);
    println!("words: {:?}", lengths);
    let primes = (2..).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0));
    println!("prime 1000: {}", primes.skip(999).next().unwrap());
    // A comparison that sleeps.
    let mut calls = 0;
    let mut v: Vec<u32> = random().take(300).collect();
    v.sort_by(|a, b| {
        calls += 1;
        if calls % 300 == 0 {
            nap();
        }
        (a % 1000).cmp(&(b % 1000)).then(b.cmp(a))
    });
    println!("sort_by: {} {} {}", v[0], v[150], v[299]);
}

// ---- Shared, mutable, cyclic ----

struct Node {
    name: String,
    parent: RefCell<Weak<Node>>,
    children: RefCell<Vec<Rc<Node>>>,
    log: Rc<RefCell<Vec<String>>>,
}

impl Node {
    fn new(name: &str, log: &Rc<RefCell<Vec<String>>>) -> Rc<Node> {
        Rc::new(Node { name: name.into(), parent: Default::default(), children: Default::default(), log: log.clone() })
    }
    fn add(self: &Rc<Node>, child: Rc<Node>) {
        *child.parent.borrow_mut() = Rc::downgrade(self);
        self.children.borrow_mut().push(child);
    }
    fn path(&self) -> String {
        match self.parent.borrow().upgrade() {
            Some(p) => format!("{}/{}", p.path(), self.name),
            None => self.name.clone(),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        nap(); // suspends inside drop glue
        self.log.borrow_mut().push(self.name.clone());
    }
}

fn sharing() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let root = Node::new("root", &log);
    let mid = Node::new("mid", &log);
    root.add(mid.clone());
    for leaf in ["a", "b", "c"] {
        mid.add(Node::new(leaf, &log));
    }
    let leaf = mid.children.borrow()[2].clone();
    println!("path: {}, {} weak", leaf.path(), Rc::weak_count(&mid));
    drop(root);
    drop(mid);
    println!("orphan: {}", leaf.path());
    drop(leaf);
    println!("dropped: {}", log.borrow().join(" "));
}

fn formatting() {
    let pi = std::f64::consts::PI;
    println!("[{:>8.3}] [{:<6}] [{:^7}] [{:+}] [{:#06x}] [{:e}]", pi, "ab", "mid", 5, 255, 1234.5);
    println!("{:?} {:?} {:#?}", f64::MAX, 0.1 + 0.2, (1, Some("x\n")));
    println!("{:?} {:?}", "12x".parse::<i32>().map_err(|e| e.to_string()), u128::MAX);
}

fn main() {
    expressions();
    collections();
    sharing();
    formatting();
    let adders: Vec<Box<dyn Fn(i64) -> i64>> = (1..=10)
        .map(|n| -> Box<dyn Fn(i64) -> i64> {
            Box::new(move |v| {
                nap();
                v * n % 10_007 + 1
            })
        })
        .collect();
    println!("closures: {}", adders.iter().fold(1, |v, f| f(v)));
}
