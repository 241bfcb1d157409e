import { between, type Random } from "./random.ts";
import { HEIGHT, type Land, mix, type Scene, WIDTH } from "./scene.ts";
import { gradient, svg } from "./svg.ts";

/** One sheet of ground with what stands on it; `blur` is the softness, in pixels, that its distance gives it. */
export interface Layer {
  readonly svg: string;
  readonly blur: number;
}

const LAYERS: Readonly<Record<Land, number>> = { mountains: 5, forest: 5, sea: 2, city: 4, desert: 4 };
const ROUGHNESS: Readonly<Record<Land, number>> = { mountains: 1, forest: 0.55, sea: 0.5, city: 0.12, desert: 0.22 };

/** The ground, from far to near. */
export function landLayers(scene: Scene): Layer[] {
  const count = LAYERS[scene.land];
  const layers = Array.from({ length: count }, (_, index) => layer(scene, index, count));
  return scene.land === "sea" ? [...layers.slice(0, 1), { svg: seaSvg(scene), blur: 0 }, ...layers.slice(1)] : layers;
}

function layer(scene: Scene, index: number, count: number): Layer {
  const { mood, land, horizon } = scene;
  const random = scene.randomFor(`land ${index}`);
  const depth = count === 1 ? 1 : index / (count - 1);
  const colour = mix(mood.far, mood.near, depth ** 0.8);
  const nearSea = land === "sea" && depth === 1;
  const base = land === "sea" ? (nearSea ? HEIGHT - 30 : horizon) : horizon + depth * (HEIGHT - horizon - 70);
  const height = (land === "mountains" ? 170 - depth * 70 : 80) * ROUGHNESS[land] * (nearSea ? 0.8 : 1);
  const line = ridge(
    random,
    base,
    height + 14,
    land === "desert" ? 4 : land === "mountains" ? 8 : 6,
    land === "mountains" || land === "sea",
  );
  const haze = mix(colour, mood.sky[3], (1 - depth) * 0.55);
  const bottom = land === "sea" && !nearSea ? horizon + 4 : HEIGHT;
  const points = line.map(([x, y]) => `${x.toFixed(1)},${Math.min(y, bottom).toFixed(1)}`).join(" ");
  const ground = `<polygon points="0,${bottom} ${points} ${WIDTH},${bottom}" fill="url(#ground)"/>`;
  const standing =
    land === "city"
      ? buildings(scene, random, line, depth, colour)
      : land === "forest" || depth > 0.7
        ? pines(scene, random, line, depth, colour)
        : "";
  return {
    svg: svg(
      gradient("ground", [
        [0, colour],
        [1, haze],
      ]),
      standing + ground,
    ),
    blur: (1 - depth) * 1.6,
  };
}

/** A skyline by midpoint displacement: `2^steps` pieces, each half as rough as the one before; `sharp` makes peaks of the swings. */
function ridge(
  random: Random,
  base: number,
  height: number,
  steps: number,
  sharp: boolean,
): (readonly [number, number])[] {
  let heights = [between(random, -0.4, 0.6), between(random, -0.2, 1), between(random, -0.4, 0.6)];
  let swing = 0.8;
  for (let step = 1; step < steps; step++) {
    const next: number[] = [];
    for (const [index, value] of heights.entries()) {
      next.push(value);
      const right = heights[index + 1];
      if (right !== undefined) next.push((value + right) / 2 + between(random, -swing, swing));
    }
    heights = next;
    swing *= sharp ? 0.52 : 0.42;
  }
  const last = heights.length - 1;
  return heights.map((value, index) => [(index / last) * WIDTH, base - value * height] as const);
}

function heightAt(line: readonly (readonly [number, number])[], x: number): number {
  return line[Math.round((x / WIDTH) * (line.length - 1))]?.[1] ?? HEIGHT;
}

function pines(
  { land }: Scene,
  random: Random,
  line: readonly (readonly [number, number])[],
  depth: number,
  colour: string,
): string {
  if (land === "desert") return "";
  const size = land === "forest" ? 26 + depth * 120 : 60;
  const count = land === "forest" ? Math.round(150 - depth * 96) : 34;
  const trees = Array.from({ length: count }, () => {
    // Trees stand in groups: the square pulls most of them towards the sides, where they frame the view.
    const side = random() < 0.5 ? random() ** 1.9 / 2 : 1 - random() ** 1.9 / 2;
    const x = (land === "forest" && depth < 0.6 ? random() : side) * WIDTH;
    const tall = size * between(random, 0.45, 1.1);
    return pine(x, heightAt(line, x) + 10, tall);
  });
  return `<g fill="${colour}">${trees.join("")}</g>`;
}

/** A conifer as four overlapping triangles. */
function pine(x: number, foot: number, tall: number): string {
  const tiers = [0, 1, 2, 3].map((tier) => {
    const low = foot - (tall * tier) / 4.6;
    const wide = tall * (0.21 - tier * 0.042);
    return `M${(x - wide).toFixed(1)} ${low.toFixed(1)}L${x.toFixed(1)} ${(low - tall * 0.42).toFixed(1)}L${(x + wide).toFixed(1)} ${low.toFixed(1)}Z`;
  });
  return `<path d="${tiers.join("")}"/>`;
}

function buildings(
  { mood }: Scene,
  random: Random,
  line: readonly (readonly [number, number])[],
  depth: number,
  colour: string,
): string {
  const houses: string[] = [];
  const lit = mix("#ffd98a", mood.glow, 0.25);
  for (let x = -20; x < WIDTH; ) {
    const wide = between(random, 34, 92) * (0.7 + depth * 0.6);
    const tall = (70 + random() ** 2.2 * 250) * (1 - depth * 0.35);
    const top = heightAt(line, Math.max(0, x)) - tall;
    houses.push(
      `<rect x="${x.toFixed(1)}" y="${top.toFixed(1)}" width="${wide.toFixed(1)}" height="${HEIGHT}" fill="${colour}"/>`,
    );
    if (random() < 0.3)
      houses.push(
        `<rect x="${(x + wide / 2).toFixed(1)}" y="${(top - 34).toFixed(1)}" width="2" height="36" fill="${colour}"/>`,
      );
    for (let column = x + 7; depth > 0.2 && column < x + wide - 9; column += 12) {
      for (let row = top + 10; row < top + tall; row += 16) {
        if (random() < 0.24)
          houses.push(
            `<rect x="${column.toFixed(1)}" y="${row.toFixed(1)}" width="5" height="8" fill="${lit}" opacity="${(between(random, 0.35, 0.95) * (0.4 + depth * 0.6)).toFixed(2)}"/>`,
          );
      }
    }
    x += wide + (random() < 0.25 ? between(random, 4, 26) : -2);
  }
  return houses.join("");
}

/** Water down to the lower edge: the sky turned over, and the light broken into streaks below the sun or moon. */
function seaSvg(scene: Scene): string {
  const { mood, horizon, disc } = scene;
  const random = scene.randomFor("sea");
  const water = gradient("water", [
    [0, mix(mood.sky[3], mood.far, 0.25)],
    [0.35, mix(mood.sky[2], mood.near, 0.35)],
    [1, mix(mood.sky[0], mood.near, 0.6)],
  ]);
  const streaks = Array.from({ length: 320 }, () => {
    const fall = random() ** 1.5;
    const y = horizon + 3 + fall * (HEIGHT - horizon);
    const spread = disc.r * (0.7 + fall * 2.6);
    const glitter = random() < 0.62;
    const x = glitter ? disc.x + (random() + random() - 1) * spread * 1.4 : between(random, 0, WIDTH);
    const wide = between(random, 8, 46) * (0.4 + fall);
    return `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" rx="${wide.toFixed(1)}" ry="${(0.7 + fall * 1.9).toFixed(1)}" fill="${glitter ? mood.disc : mood.sky[3]}" opacity="${(glitter ? between(random, 0.15, 0.75) : between(random, 0.04, 0.16)).toFixed(2)}"/>`;
  });
  return svg(
    water,
    `<rect y="${horizon.toFixed(1)}" width="${WIDTH}" height="${HEIGHT}" fill="url(#water)"/>${streaks.join("")}`,
  );
}
