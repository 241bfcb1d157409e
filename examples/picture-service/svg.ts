import { HEIGHT, WIDTH } from "./scene.ts";

type Stop = readonly [offset: number, colour: string, opacity?: number];

/** A whole SVG document of the picture's size. */
export function svg(defs: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"><defs>${defs}</defs>${content}</svg>`;
}

/** A gradient for `fill="url(#id)"`: from top to bottom of the shape (as far as `y2`, a fraction), or radial. */
export function gradient(id: string, stops: readonly Stop[], { radial = false, y2 = 1 } = {}): string {
  const marks = stops.map(
    ([offset, colour, opacity = 1]) => `<stop offset="${offset}" stop-color="${colour}" stop-opacity="${opacity}"/>`,
  );
  const tag = radial ? "radialGradient" : "linearGradient";
  const direction = radial ? "" : ` x1="0" y1="0" x2="0" y2="${y2.toFixed(3)}"`;
  return `<${tag} id="${id}"${direction}>${marks.join("")}</${tag}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text that is safe inside XML: entities for markup, and without the characters that XML 1.0 section 2.2 forbids. */
export function escapeXml(text: string): string {
  const allowed = text.toWellFormed().replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, " ");
  return allowed.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
