import { fieldsOf } from "../support/api-client.ts";
import { serviceRoutesOfFile, url } from "../support/service-routes.ts";

const { deps, ask, put, newName, stored } = serviceRoutesOfFile();

test("credentials are encrypted, never shown, kept where they are left out, and removed by null", async () => {
  const [name, auth, secret] = [newName(), "Bearer top-secret-7f3a", "signing-secret-9b1c"];
  const has = ({ body }: { body: Readonly<Record<string, unknown>> }) => [body.has_auth, body.has_secret];
  expect(has(await put(name, { url, auth, secret }))).toEqual([true, true]);
  const sealed = await stored(name);
  expect(deps.keys.open(sealed?.sealedAuth)).toBe(auth);
  expect(deps.keys.open(sealed?.sealedSecret)).toBe(secret);

  expect(has(await put(name, { url: "https://example.com/moved" }))).toEqual([true, true]);
  expect(await stored(name)).toMatchObject({ sealedAuth: sealed?.sealedAuth, sealedSecret: sealed?.sealedSecret });
  expect(has(await put(name, { url, auth: "Bearer another" }))).toEqual([true, true]);
  expect(deps.keys.open((await stored(name))?.sealedAuth)).toBe("Bearer another");
  expect(has(await put(name, { url, auth: null }))).toEqual([false, true]);
  expect(has(await put(name, { url, secret: null }))).toEqual([false, false]);
  expect(has(await put(name, { url }))).toEqual([false, false]);

  await put(name, { url, auth, secret });
  const shown = [await ask("GET", `/services/${name}`), await ask("GET", "/services")];
  const said = JSON.stringify([shown, deps.logged, await stored(name)]);
  for (const part of ["top-secret", "signing-secret"]) expect(said).not.toContain(part);
});

test("a credential does not go to another origin than it was given for", async () => {
  const name = newName();
  await put(name, { url, auth: "Bearer mine", secret: "signing-secret-9b1c" });
  const before = await stored(name);
  for (const elsewhere of ["https://evil.example/jobs", "https://example.com:8443/jobs", "http://example.com/jobs"]) {
    const refused = await put(name, { url: elsewhere });
    expect([elsewhere, refused.status, refused.body.code]).toEqual([elsewhere, 400, "validation_failed"]);
    expect(fieldsOf(refused)).toEqual(["auth", "secret"]);
  }
  expect(fieldsOf(await put(name, { url: "https://other.example/", auth: "Bearer new" }))).toEqual(["secret"]);
  expect(fieldsOf(await put(name, { url: "https://other.example/", secret: null }))).toEqual(["auth"]);
  expect(await stored(name)).toEqual(before);
  const moved = await put(name, { url: "https://other.example/", auth: "Bearer new", secret: null });
  expect([moved.status, moved.body.has_auth, moved.body.has_secret]).toEqual([200, true, false]);
  expect(deps.keys.open((await stored(name))?.sealedAuth)).toBe("Bearer new");
  expect((await put(name, { url, auth: null })).status).toBe(200);
  expect((await put(name, { url: "https://third.example/" })).status).toBe(200);
});
