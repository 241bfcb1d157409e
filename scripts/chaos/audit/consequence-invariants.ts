import { ownerId, taskDocumentId } from "../names.ts";
import { type Evidence, type Found, nameOf, type TaskFile } from "./evidence.ts";
import { beyond, type Invariant } from "./invariant.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Of what an outcome leaves in the application's own documents. */
export const consequenceInvariants: readonly Invariant[] = [
  {
    name: "Every task document tells how its task ended",
    check: ({ files, taskDocuments }) =>
      files.filter(hasDocument).flatMap((file) => {
        const { task, id } = file;
        const map = taskDocuments.find((document) => document.id === taskDocumentId(file.plan.n))?.data.webhook;
        const { updatedAt: _, ...told } = map !== null && typeof map === "object" ? { ...map } : ({} as Fields);
        const { status, progress, resultUrl, error } = task;
        return same(told, { correlationId: id, status, progress, resultUrl, error })
          ? []
          : [`${nameOf(file)} is ${status}, but its document says ${JSON.stringify(told)}`];
      }),
  },
  {
    name: "Every task document has exactly one comment, which says how it ended",
    check: ({ files, comments }) => {
      const documents = files.filter(hasDocument);
      const expected = documents.map((file) => `tasks/${taskDocumentId(file.plan.n)}/comments/${file.id}`);
      const wrong = documents.flatMap((file) => {
        const comment = comments.find(({ id }) => id === file.id);
        if (comment === undefined) return [];
        const { status, resultUrl, error } = comment.data;
        const agrees = same({ status, resultUrl, error }, pick(file));
        return agrees ? [] : [`${nameOf(file)} is ${file.task.status}, but its comment says ${status}`];
      });
      return [...difference(comments, expected), ...wrong];
    },
  },
  {
    name: "The user and every follower has exactly one notification, which says how it ended",
    check: ({ files, notifications }) => {
      const expected = files.flatMap((file) => people(file).map((person) => notificationPath(person, file)));
      const wrong = files.flatMap((file) =>
        people(file).flatMap((person) => {
          const found = notifications.find(({ path }) => path === notificationPath(person, file));
          if (found === undefined) return [];
          const { status, resultUrl, error } = found.data;
          return same({ status, resultUrl, error }, pick(file))
            ? []
            : [`${nameOf(file)} is ${file.task.status}, but ${person} was told ${status}`];
        }),
      );
      return [...difference(notifications, expected), ...wrong];
    },
  },
];

const hasDocument = ({ plan }: TaskFile): boolean => plan.way !== "http";
const pick = ({ task: { status, resultUrl, error } }: TaskFile) => ({ status, resultUrl, error });
const notificationPath = (person: string, { id }: TaskFile): string => `users/${person}/notifications/${id}-5`;

function people({ plan }: TaskFile): string[] {
  if (plan.way === "http") return [`user-${plan.n}`];
  const followers = Array.from({ length: plan.followers }, (_, index) => `follower-${plan.n}-${index}`);
  return [ownerId(plan.owner), ...followers];
}

function difference(found: Evidence["comments"] | readonly Found<Fields>[], expected: readonly string[]): string[] {
  const paths = found.map(({ path }) => path);
  return [
    ...beyond(expected, paths).map((path) => `${path} is missing`),
    ...beyond(paths, expected).map((path) => `${path} is there, and nobody asked for it`),
  ];
}

/** Values only, whatever the order of the fields. */
function same(a: Fields, b: Fields): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}
