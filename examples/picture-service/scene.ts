import { between, pick, type Random, randomFrom } from "./random.ts";

/** Size of every picture, in pixels. */
export const WIDTH = 1280;
export const HEIGHT = 720;

export type Land = "mountains" | "forest" | "sea" | "city" | "desert";

/** The colours of one time of day. */
export interface Mood {
  readonly name: string;
  /** From the zenith to the horizon. */
  readonly sky: readonly [string, string, string, string];
  readonly disc: string;
  readonly glow: string;
  /** The farthest and the nearest ground; those between are mixed. */
  readonly far: string;
  readonly near: string;
  readonly stars: number;
}

/** Everything about a picture that is decided before the first stroke. */
export interface Scene {
  readonly prompt: string;
  readonly mood: Mood;
  readonly land: Land;
  /** Centre and radius of the sun or moon. */
  readonly disc: { readonly x: number; readonly y: number; readonly r: number };
  readonly horizon: number;
  /** A fresh, repeatable source of numbers for each stage. */
  readonly randomFor: (stage: string) => Random;
}

const MOODS: readonly [Mood, ...Mood[]] = [
  {
    name: "night",
    sky: ["#050a1f", "#0d1b3e", "#1f3468", "#46598f"],
    disc: "#f6f1dc",
    glow: "#8fa8e8",
    far: "#33477c",
    near: "#040714",
    stars: 420,
  },
  {
    name: "sunset",
    sky: ["#2b1b4f", "#7b2d64", "#e2604f", "#ffc37a"],
    disc: "#fff0c2",
    glow: "#ffb15c",
    far: "#b9516a",
    near: "#150a1c",
    stars: 60,
  },
  {
    name: "dawn",
    sky: ["#3c4f8f", "#8e83b9", "#e8a7ad", "#ffe3c0"],
    disc: "#fff8e4",
    glow: "#ffd2a8",
    far: "#a99ac0",
    near: "#1c1f38",
    stars: 25,
  },
  {
    name: "day",
    sky: ["#1d5fa8", "#4f93cf", "#9cc9e8", "#e4f2f4"],
    disc: "#fffdf0",
    glow: "#fff3c4",
    far: "#8fb4c9",
    near: "#10302f",
    stars: 0,
  },
  {
    name: "aurora",
    sky: ["#020d1a", "#05253a", "#0b4f57", "#3f9a84"],
    disc: "#eafff4",
    glow: "#5fffc0",
    far: "#2c6f70",
    near: "#02090f",
    stars: 350,
  },
  {
    name: "mist",
    sky: ["#56636f", "#7f8d96", "#aeb8ba", "#dcdcd2"],
    disc: "#fbf8ea",
    glow: "#f2ead2",
    far: "#a9b2b3",
    near: "#1b2427",
    stars: 0,
  },
];

const MOOD_WORDS: Readonly<Record<string, RegExp>> = {
  night: /\b(night|moon\w*|star\w*|midnight|dark|detective|noir)\b/,
  sunset: /\b(sunset|dusk|evening|autumn|fire|red|orange)\b/,
  dawn: /\b(dawn|morning|sunrise|spring|pink|calm)\b/,
  day: /\b(day|noon|summer|sunny|blue|bright)\b/,
  aurora: /\b(aurora|north\w*|polar|winter|green|magic)\b/,
  mist: /\b(mist|misty|fog|foggy|rain|storm|grey|gray|ghost)\b/,
};

const LANDS: readonly [Land, ...Land[]] = ["mountains", "forest", "sea", "city", "desert"];

const LAND_WORDS: Readonly<Record<Land, RegExp>> = {
  city: /\b(city|street|town|skyline|tower\w*|urban|detective|noir)\b/,
  sea: /\b(sea|ocean|lake|river|water|island|boat|ship|harbou?r|lighthouse|fjord|beach)\b/,
  forest: /\b(forest|woods?|trees?|pines?|fox|bear|deer)\b/,
  desert: /\b(desert|dunes?|sand|camel|mars)\b/,
  mountains: /\b(mountains?|hills?|peaks?|alps|valley|castle|dragon)\b/,
};

/** Decides on the picture: the prompt's words choose mood and land where they can, its hash chooses the rest. */
export function planScene(prompt: string): Scene {
  const random = randomFrom(prompt);
  const words = prompt.toLowerCase();
  const anyMood = pick(random, MOODS);
  const anyLand = pick(random, LANDS);
  const timeOfDay = MOODS.find(({ name }) => MOOD_WORDS[name]?.test(words)) ?? anyMood;
  const land = LANDS.toReversed().find((name) => LAND_WORDS[name].test(words)) ?? anyLand;
  const mood = land === "desert" ? overSand(timeOfDay) : timeOfDay;
  const horizon = land === "sea" ? between(random, 395, 440) : between(random, 430, 480);
  const r = between(random, 38, 78);
  return {
    prompt,
    mood,
    land,
    horizon,
    disc: { x: between(random, 380, 1100), y: horizon - between(random, 90, 290), r },
    randomFor: (stage) => randomFrom(`${prompt}\0${stage}`),
  };
}

function overSand(mood: Mood): Mood {
  return { ...mood, far: mix(mood.far, "#e0a868", 0.65), near: mix(mood.near, "#6b3416", 0.55) };
}

/** The colour between two `#rrggbb` colours; `amount` 0 gives the first, 1 the second. */
export function mix(from: string, to: string, amount: number): string {
  const channel = (colour: string, at: number) => Number.parseInt(colour.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(channel(from, at) + (channel(to, at) - channel(from, at)) * amount));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
