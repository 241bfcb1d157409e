// Parts of packages that every new instance would load, and hardly one needs: in the bundle, each waits until somebody asks for it.
import { dirname } from "node:path";

/** firebase-functions asks for these only to see who calls a callable. */
const askedByCallables = new Map([
  ["firebase-admin/auth", "getAuth"],
  ["firebase-admin/app-check", "getAppCheck"],
]);

/** Firestore's client makes a client of the Locations API along with itself, only to close it in the end. */
const locations = /google-gax[\\/]build[\\/]src[\\/]locationService\.js$/;

const laterLocations = `
exports.LocationsClient = function (...parameters) {
  let client;
  return new Proxy({}, {
    get(_target, name) {
      if (client === undefined && name === "close") return async () => {};
      client ??= new (require("./locationService.js?now").LocationsClient)(...parameters);
      const value = client[name];
      return typeof value === "function" ? value.bind(client) : value;
    },
  });
};`;

/** A plugin for esbuild. Where a package changes so that it does not fit any more, the part is loaded at once, as without it. */
export const loadLater = {
  name: "load-later",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^firebase-admin\// }, ({ path, importer }) =>
      askedByCallables.has(path) && importer.includes("firebase-functions")
        ? { path, namespace: "load-later", pluginData: dirname(importer) }
        : undefined,
    );
    onLoad({ filter: /./, namespace: "load-later" }, ({ path, pluginData: resolveDir }) => {
      const name = askedByCallables.get(path);
      return { contents: `export const ${name} = (app) => require("${path}").${name}(app);`, resolveDir };
    });
    onLoad({ filter: locations }, ({ suffix }) => (suffix === "" ? { contents: laterLocations } : undefined));
  },
};
