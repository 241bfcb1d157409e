import sharp, { type Blend, type OverlayOptions } from "sharp";
import { landLayers } from "./land.ts";
import { letteringSvg } from "./lettering.ts";
import { HEIGHT, planScene, type Scene, WIDTH } from "./scene.ts";
import { cloudSvg, discSvg, glowSvg, skySvg } from "./sky.ts";

/** The picture so far: pixels, three bytes each, so that no stage pays for packing and unpacking a PNG. */
type Canvas = Buffer;

/** One pass over the canvas, and what it did, for the progress message. */
interface Stage {
  readonly message: string;
  readonly paint: (canvas: Canvas, scene: Scene) => Promise<Canvas>;
}

/** The passes, in order. */
export const STAGES: readonly Stage[] = [
  { message: "The sky is painted", paint: paintSky },
  { message: "The light is set", paint: paintLight },
  { message: "The land is laid", paint: paintLand },
  { message: "The title is lettered", paint: paintTitle },
];

/** A finished picture: a PNG of `WIDTH` by `HEIGHT` pixels, and what it shows. */
export interface Picture {
  readonly png: Buffer;
  readonly scene: { readonly mood: string; readonly land: string };
}

/** Called and awaited between the stages, with the part that is done (0 to 1) and what was done last. */
export type AfterStage = (progress: number, message: string) => Promise<void>;

/** Renders the prompt, the same prompt always to the same picture. */
export async function renderPicture(prompt: string, afterStage: AfterStage): Promise<Picture> {
  const scene = planScene(prompt);
  let canvas: Canvas = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (const [index, stage] of STAGES.entries()) {
    canvas = await stage.paint(canvas, scene);
    if (index < STAGES.length - 1) await afterStage((index + 1) / STAGES.length, stage.message);
  }
  const png = await sharp(canvas, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png()
    .toBuffer();
  return { png, scene: { mood: scene.mood.name, land: scene.land } };
}

async function layer(svg: string, blur = 0, blend: Blend = "over"): Promise<OverlayOptions> {
  const drawn = sharp(Buffer.from(svg));
  const softened = blur >= 0.3 ? drawn.blur(blur) : drawn;
  const input = await softened.ensureAlpha().raw().toBuffer();
  return { input, raw: { width: WIDTH, height: HEIGHT, channels: 4 }, blend };
}

async function paintOver(canvas: Canvas, overlays: OverlayOptions[]): Promise<Canvas> {
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  return sharp(canvas, { raw }).composite(overlays).removeAlpha().raw().toBuffer();
}

async function paintSky(canvas: Canvas, scene: Scene): Promise<Canvas> {
  return paintOver(canvas, [await layer(skySvg(scene)), await layer(cloudSvg(scene), 14)]);
}

async function paintLight(canvas: Canvas, scene: Scene): Promise<Canvas> {
  return paintOver(canvas, [await layer(glowSvg(scene), 24, "screen"), await layer(discSvg(scene))]);
}

async function paintLand(canvas: Canvas, scene: Scene): Promise<Canvas> {
  const ground = await Promise.all(landLayers(scene).map(({ svg, blur }) => layer(svg, blur)));
  // The light falls over the land once more, so that what stands before the sun is not cut out of paper.
  return paintOver(canvas, [...ground, await layer(glowSvg(scene), 40, "soft-light")]);
}

async function paintTitle(canvas: Canvas, scene: Scene): Promise<Canvas> {
  const { light, shadow } = letteringSvg(scene);
  return paintOver(canvas, [grain(scene), await layer(shadow, 5), await layer(light)]);
}

/** Faint film grain, which also hides the banding of wide gradients. */
function grain(scene: Scene): OverlayOptions {
  const random = scene.randomFor("grain");
  const input = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let at = 0; at < input.length; at += 4) {
    const value = random();
    input.writeUInt32BE(value < 0.5 ? Math.floor(value * 24) : 0xffffff00 + Math.floor((value - 0.5) * 24), at);
  }
  return { input, raw: { width: WIDTH, height: HEIGHT, channels: 4 }, blend: "overlay" };
}
