import { z } from "zod";
import { deleteService, findService, listServices, putService } from "../../tasks/manage-services.ts";
import { serviceBody } from "../../tasks/service-settings.ts";
import { cursor, wholeNumber } from "../list-query.ts";
import { defineRoute, type Route } from "../route.ts";
import { serviceSchema, serviceView } from "../views/service-view.ts";
import { listOf } from "../views/view.ts";

const common = { tag: "Services", scope: "admin" } as const;
const one = { ...common, path: "/api/v1/services/{name}", params: { name: "service" } } as const;
const notFound = { 404: ["service_not_found"] } as const;

/** `/api/v1/services` */
export const serviceRoutes: readonly Route[] = [
  defineRoute(
    {
      ...common,
      method: "get",
      path: "/api/v1/services",
      operationId: "listServices",
      summary: "The registered services, by name",
      params: {},
      query: z.strictObject({ limit: wholeNumber(100, 20), cursor }),
      answers: { 200: { description: "A page of them.", schema: listOf(serviceSchema) } },
    },
    async (deps, { query }) => {
      const { data, nextCursor } = await listServices(deps, query);
      return { status: 200, body: { data: data.map(serviceView), next_cursor: nextCursor } };
    },
  ),
  defineRoute(
    {
      ...one,
      method: "put",
      operationId: "putService",
      summary: "Register a service, or replace it",
      description:
        "Everything that is left out goes back to its default, but for `auth` and `secret`: nobody can read those back, so they are kept unless they are given anew or as `null`, which they must be where the origin of `url` changes. A change counts within 10 seconds; tasks that were submitted before keep what they know of the service.",
      body: serviceBody,
      answers: {
        200: { description: "It is replaced.", schema: serviceSchema },
        201: {
          description: "It is registered.",
          schema: serviceSchema,
          headers: { Location: "Where the service is." },
        },
      },
      problems: { 422: ["url_not_allowed"] },
    },
    async (deps, { params, body }) => {
      const { service, created } = await putService(deps, params.name, body);
      if (!created) return { status: 200, body: serviceView(service) };
      return { status: 201, body: serviceView(service), headers: { Location: `/api/v1/services/${service.name}` } };
    },
  ),
  defineRoute(
    {
      ...one,
      method: "get",
      operationId: "getService",
      summary: "A service",
      answers: { 200: { description: "The service, without its credentials.", schema: serviceSchema } },
      problems: notFound,
    },
    async (deps, { params }) => ({ status: 200, body: serviceView(await findService(deps, params.name)) }),
  ),
  defineRoute(
    {
      ...one,
      method: "delete",
      operationId: "deleteService",
      summary: "Delete a service",
      description: "Within 10 seconds nobody can submit to it. Tasks that are under way go on.",
      answers: { 204: { description: "It is gone." } },
      problems: notFound,
    },
    async (deps, { params }) => {
      await deleteService(deps, params.name);
      return { status: 204 };
    },
  ),
];
