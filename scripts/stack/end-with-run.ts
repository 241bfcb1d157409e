// In a process of its own: when the run is gone, even by SIGKILL, so is the process that it names in its argument. The database
// may stand still just then, and would never notice.
const pid = Number(process.argv[2]);

process.once("disconnect", () => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
});
