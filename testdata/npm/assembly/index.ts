// A program that needs WASI preview 1 only. Its test in JavaScript loads the target debug.

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, iovs: usize, n: i32, written: usize): i32;

export function aborted(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

function print(text: string): void {
  const bytes = String.UTF8.encode(text + "\n");
  const iov = memory.data(16);
  store<usize>(iov, changetype<usize>(bytes));
  store<i32>(iov, bytes.byteLength, 4);
  fd_write(1, iov, 1, iov + 8);
}

export function sum(n: i32): i32 {
  let all = 0;
  for (let i = 1; i <= n; i++) all += i;
  return all;
}

print("the sum is " + sum(10).toString());
