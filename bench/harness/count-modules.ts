// Loaded into a runtime before everything else (`node --import`): tells how many modules were loaded, when it is asked.
import { registerHooks } from "node:module";

const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith("node:")) loaded.add(url);
    return nextLoad(url, context);
  },
});
process.on("message", (asked) => {
  if (asked === "modules") process.send?.({ modules: loaded.size });
});
