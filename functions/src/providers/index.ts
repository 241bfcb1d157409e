import { BoomerangError } from "../domain/errors.ts";
import { generic } from "./generic.ts";
import type { Provider } from "./provider.ts";

/** Every kind of external service that this project speaks to: one line each. */
const providers: ReadonlyMap<string, Provider> = new Map([[generic.name, generic]]);

export const providerNames: readonly string[] = [...providers.keys()];

/** The provider of that name. Throws `unknown_provider`. */
export function providerOf(name: string): Provider {
  const provider = providers.get(name);
  if (provider !== undefined) return provider;
  throw new BoomerangError(
    "unknown_provider",
    `There is no provider called "${name}". There are: ${providerNames.join(", ")}.`,
    {
      status: 422,
    },
  );
}
