// Loaded into firebase-tools' process where the Cloud Storage rules runtime, a download, is not on this machine. The
// Storage emulator does not start without one. This one reads no rules: it denies clients everything, which is what
// storage.rules says too, and which the Admin SDK, that rules do not bind, never notices.
import { createRequire } from "node:module";

type Runtime = {
  start(): Promise<void>;
  stop(): Promise<void>;
  loadRuleset(): Promise<unknown>;
  verifyWithRuleset(): Promise<unknown>;
};
type RuntimeModule = {
  StorageRulesRuntime: { prototype: Runtime };
  StorageRulesetInstance: new (runtime: Runtime, rulesVersion: number, rulesetName: string) => unknown;
  StorageRulesIssues: new () => unknown;
};

const require = createRequire(import.meta.url);
const module: RuntimeModule = require("../../node_modules/firebase-tools/lib/emulator/storage/rules/runtime.js");

const runtime = module.StorageRulesRuntime.prototype;
runtime.start = async () => {};
runtime.stop = async () => {};
runtime.loadRuleset = async () => ({
  issues: new module.StorageRulesIssues(),
  ruleset: new module.StorageRulesetInstance(runtime, 2, "deny-all"),
});
runtime.verifyWithRuleset = async () => ({ issues: new module.StorageRulesIssues(), permitted: false });
