// The arrows of docs/architecture.md, checked by `npm run lint`.
const pure = "^functions/src/(domain|providers|formats)/";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "domain-is-pure",
      comment: "domain knows nothing but itself: no I/O, no Firebase",
      severity: "error",
      from: { path: "^functions/src/domain/" },
      to: { path: "^functions/src/", pathNot: "^functions/src/domain/" },
    },
    {
      name: "pure-folders-have-no-firebase",
      severity: "error",
      from: { path: pure },
      to: { path: "node_modules/(firebase|@google-cloud)" },
    },
    {
      name: "providers-and-formats-know-only-the-domain",
      severity: "error",
      from: { path: "^functions/src/(providers|formats)/([^/]+)" },
      to: { path: "^functions/src/", pathNot: ["^functions/src/domain/", "^functions/src/$1/"] },
    },
    {
      name: "platform-does-not-know-the-handlers",
      severity: "error",
      from: { path: "^functions/src/platform/" },
      to: { path: "^functions/src/(tasks|callbacks|webhooks|http|providers|formats|index)" },
    },
    {
      name: "tasks-do-not-know-who-asks",
      severity: "error",
      from: { path: "^functions/src/tasks/" },
      to: { path: "^functions/src/(callbacks|http|handlers)/" },
    },
    {
      name: "nobody-imports-index",
      severity: "error",
      from: { pathNot: "^functions/src/index.ts$" },
      to: { path: "^functions/src/index.ts$" },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: "^functions/src/index.ts$" },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    parser: "swc",
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
