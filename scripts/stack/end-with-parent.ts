// Loaded into firebase-tools' process: when the stack's own process is gone, even by SIGKILL, the emulators end too.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
