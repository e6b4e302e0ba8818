// The library: see README.md.

export { From } from "./call";
export { BRUTAL_KILL, Child, Restart } from "./child";
export { Config } from "./config";
export { Kind } from "./inbox";
export { Mailbox, Received } from "./mailbox";
export { metrics } from "./metrics";
export { Module, Parameters } from "./module";
export { Address, resolve } from "./net/address";
export { TcpListener, TcpStream } from "./net/tcp";
export { TlsListener, TlsStream } from "./net/tls";
export { Datagram, UdpSocket } from "./net/udp";
export { Pid } from "./pid";
export { Process, environmentId, exit, sleep, trapExits, yieldNow } from "./process";
export { Reader, decode } from "./reader";
export { register, unregister, whereis, whereisId } from "./registry";
export { Cause, ExitReason, Failure, Result, reasonName } from "./result";
export { FOREVER } from "./scratch";
export { Info, Server, ServerRef, StopReason } from "./server";
export { newTag } from "./tags";
export { StandardStream } from "./stdio";
export { Lines, Stream } from "./stream";
export { ChildState, Strategy, Supervisor, SupervisorRef } from "./supervisor";
export { Task } from "./task";
export { Timer } from "./timer";
export { attempt, attemptWith } from "./trap";
export { Writer, encode } from "./writer";
