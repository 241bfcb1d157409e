/**
 * A function's code, loaded at its first request and kept. Asking the module loader at every request, which also keeps what it
 * loaded, costs several promises each time.
 */
export function loadOnce<Code>(load: () => Promise<Code>): () => Promise<Code> {
  let loading: Promise<Code> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}
