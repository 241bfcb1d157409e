import { between } from "./random.ts";
import { HEIGHT, mix, type Scene, WIDTH } from "./scene.ts";
import { gradient, svg } from "./svg.ts";

/** The backdrop: four colours from zenith to horizon. */
export function skySvg({ mood, horizon }: Scene): string {
  const stops = mood.sky.map((colour, index) => [index / 3, colour] as const);
  const defs = gradient("sky", stops, { y2: horizon / HEIGHT + 0.06 });
  return svg(defs, `<rect width="${WIDTH}" height="${HEIGHT}" fill="url(#sky)"/>`);
}

/** Long bands of cloud, and aurora curtains where the mood has them. Meant to be blurred. */
export function cloudSvg(scene: Scene): string {
  const { mood, horizon } = scene;
  const random = scene.randomFor("clouds");
  const shapes: string[] = [];
  if (mood.name === "aurora") {
    for (let band = 0; band < 3; band++) {
      const top = between(random, 40, 150);
      const points = Array.from({ length: 9 }, (_, index) => {
        const x = (index / 8) * (WIDTH + 200) - 100;
        return `${x.toFixed(0)},${(top + Math.sin(index * 1.1 + between(random, 0, 6)) * 60).toFixed(0)}`;
      });
      const colour = mix("#3dffb0", "#9a6bff", random());
      shapes.push(
        `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="${between(random, 50, 110).toFixed(0)}" stroke-linejoin="round" opacity="0.28"/>`,
      );
    }
  }
  const light = mix(mood.sky[3], "#ffffff", 0.35);
  for (let cloud = 0; cloud < 16; cloud++) {
    const y = between(random, 60, horizon - 30);
    const width = between(random, 120, 420) * (0.5 + y / horizon);
    const tint = mix(mood.sky[1], light, y / horizon);
    shapes.push(
      `<ellipse cx="${between(random, 0, WIDTH).toFixed(0)}" cy="${y.toFixed(0)}" rx="${width.toFixed(0)}" ry="${between(random, 5, 16).toFixed(0)}" fill="${tint}" opacity="${between(random, 0.12, 0.4).toFixed(2)}"/>`,
    );
  }
  return svg("", shapes.join(""));
}

/** The wide halo around the sun or moon. Meant to be blurred and added as light. */
export function glowSvg({ mood, disc }: Scene): string {
  const at = `cx="${disc.x.toFixed(1)}" cy="${disc.y.toFixed(1)}"`;
  const halo = gradient(
    "halo",
    [
      [0, mood.glow, 0.85],
      [0.25, mood.glow, 0.4],
      [1, mood.glow, 0],
    ],
    { radial: true },
  );
  return svg(
    halo,
    `<circle ${at} r="${(disc.r * 6).toFixed(1)}" fill="url(#halo)"/><circle ${at} r="${(disc.r * 1.25).toFixed(1)}" fill="${mood.glow}" opacity="0.7"/>`,
  );
}

/** The sun or moon itself, and the stars: what stays sharp in the sky. */
export function discSvg(scene: Scene): string {
  const { mood, disc, horizon } = scene;
  const random = scene.randomFor("stars");
  const stars = Array.from({ length: mood.stars }, () => {
    const y = horizon * random() ** 1.3;
    const size = 0.4 + random() ** 6 * 1.9;
    return `<circle cx="${between(random, 0, WIDTH).toFixed(1)}" cy="${y.toFixed(1)}" r="${size.toFixed(2)}" fill="#fff" opacity="${(between(random, 0.3, 1) * (1 - y / horizon)).toFixed(2)}"/>`;
  });
  const fill = gradient(
    "disc",
    [
      [0, "#ffffff"],
      [0.7, mood.disc],
      [1, mix(mood.disc, mood.glow, 0.35)],
    ],
    { radial: true },
  );
  const face = `<circle cx="${disc.x.toFixed(1)}" cy="${disc.y.toFixed(1)}" r="${disc.r.toFixed(1)}" fill="url(#disc)"/>`;
  return svg(fill, stars.join("") + face);
}
