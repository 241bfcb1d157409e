import { compileRules, readRules } from "../support/rules-environment.ts";

// What evaluates Storage rules in the emulator is a download of its own, so these rules are compiled for real but judged
// by their text: one match over every object of every bucket, and nothing that could ever allow.

test("the rules compile without an error or a warning", async () => {
  expect(await compileRules("storage.rules", "demo-boomerang-storage-rules")).toEqual([]);
});

test("clients reach no file", () => {
  const code = readRules("storage.rules").replace(/\/\/.*$/gm, "");
  expect(code.match(/^service .*(?= \{)/gm)).toEqual(["service firebase.storage"]);
  expect(code.match(/\bmatch\s+\S+/g)).toEqual(["match /b/{bucket}/o", "match /{path=**}"]);
  expect(code.match(/\ballow\b[^;]*/g)).toEqual(["allow read, write: if false"]);
});
