// No Google credentials in a test: without this, the client libraries look for a metadata server first.
process.env.METADATA_SERVER_DETECTION ??= "none";

/** Unit tests need no emulator; the emulator project runs inside the local stack that `npm test` starts. */
const common = {
  rootDir: import.meta.dirname,
  transform: {
    "\\.(ts|m?js)$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2024" }, module: { type: "commonjs" } },
    ],
  },
  // They are, or import, what is published as ES modules only, which jest's CommonJS runtime cannot load untransformed.
  transformIgnorePatterns: [
    "/node_modules/(?!(uuid|jose|teeny-request|node-fetch|fetch-blob|formdata-polyfill|data-uri-to-buffer)/)",
  ],
  testEnvironment: "node",
};

export default {
  rootDir: import.meta.dirname,
  // A limit for a test that hangs, not a measure: the machine may be busy.
  testTimeout: 60_000,
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/functions/test/unit/**/*.test.ts"] },
    { ...common, displayName: "emulator", testMatch: ["<rootDir>/functions/test/emulator/**/*.test.ts"] },
  ],
};
