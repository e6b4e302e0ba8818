// What `import { ... } from "lunatic"` finds.
export * from "./assembly/index";
