// A transform for asc, AssemblyScript's compiler: what asc writes is an artifact of
// lunatic-build. In asconfig.json:
//
//   "options": { "transform": ["./lunatic-transform.mjs"] }
//
// The environment may say which command it is (LUNATIC_BUILD) and have flags for it
// (LUNATIC_BUILD_FLAGS, separated by spaces). No source map is written: what it would say of
// offsets is not true of the artifact.
import { spawnSync } from "node:child_process";

const command = process.env.LUNATIC_BUILD || "lunatic-build";
const flags = (process.env.LUNATIC_BUILD_FLAGS || "").split(/\s+/).filter(flag => flag);
const largest = 2 ** 30; // bytes of an artifact

function run(args, input) {
  return spawnSync(command, args, { input, maxBuffer: largest, stdio: ["pipe", "pipe", "inherit"] });
}

export default class LunaticTransform {
  // asc calls it before it optimizes and emits the module. It emits by a method of the module,
  // without arguments if it only wants to know the size.
  afterCompile(module) {
    const { error, status } = run(["--version"]);
    if (error || status !== 0) {
      const why = error ? error.code : `exit code ${status}`;
      const failure = new Error(`${command} cannot be run (${why}): go install github.com/lunatic-go/lunatic/cmd/...@latest, and have $(go env GOPATH)/bin in the PATH`);
      failure.stack = failure.message; // asc prints it
      throw failure;
    }
    const emit = module.emitBinary;
    module.emitBinary = (...args) => {
      const emitted = emit.apply(module, args);
      return args.length ? { binary: build(emitted.binary), sourceMap: "" } : emitted;
    };
  }
}

function build(binary) {
  const { error, status, stdout } = run([...flags, "-q", "-", "-o", "-"], binary);
  if (error || status !== 0) { // it has said why; asc would take an exception for its own bug
    process.exit(status || 1);
  }
  return new Uint8Array(stdout);
}
