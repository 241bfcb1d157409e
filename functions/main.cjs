// What the platform loads. CommonJS, so that the compile cache is on before the first module of ours is compiled: what V8 made of the
// code when it was built (warm-up.ts) is loaded with it, and a new instance answers sooner. Where the folder is missing, or
// another version of V8 made it, nothing is lost but the time.
const { existsSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

const directory = join(__dirname, "lib", "compile-cache");
if (existsSync(directory)) enableCompileCache({ directory, portable: true });
module.exports = require("./lib/index.js");
