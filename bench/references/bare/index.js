// A function that does nothing and loads nothing: what the start of the product's functions is measured against.
import { onRequest } from "../../../functions/node_modules/firebase-functions/lib/v2/providers/https.js";

export const bareStart = onRequest((_request, response) => {
  response.json({ received: true });
});
