import { HEIGHT, type Scene, WIDTH } from "./scene.ts";
import { escapeXml, gradient, svg } from "./svg.ts";

const MARGIN = 64;

/** The prompt as a title in the lower left corner, as `light` text and as the `shadow` that is blurred below it. */
export function letteringSvg({ prompt }: Scene): { light: string; shadow: string } {
  const { lines, size } = setText(prompt, WIDTH - 2 * MARGIN);
  const leading = size * 1.2;
  const text = (fill: string, shift: number) =>
    lines
      .map((line, index) => {
        const y = HEIGHT - MARGIN - 12 - (lines.length - 1 - index) * leading + shift;
        return `<text x="${MARGIN + shift}" y="${y.toFixed(1)}" font-family="Georgia, 'DejaVu Serif', serif" font-size="${size}" fill="${fill}">${escapeXml(line)}</text>`;
      })
      .join("");
  const rule = `<rect x="${MARGIN}" y="${HEIGHT - MARGIN + 8}" width="72" height="3" fill="#fff" opacity="0.75"/>`;
  const veilTop = HEIGHT - MARGIN - 60 - lines.length * leading;
  const veil = `<rect y="${veilTop.toFixed(1)}" width="${WIDTH}" height="${HEIGHT}" fill="url(#veil)"/>`;
  return {
    light: svg("", text("#ffffff", 0) + rule),
    shadow: svg(
      gradient(
        "veil",
        [
          [0, "#000000", 0],
          [1, "#000000", 0.5],
        ],
        { y2: 0.35 },
      ),
      veil + text("#000000", 3),
    ),
  };
}

/** Breaks the words into at most three lines, in the largest size that fits `width` pixels; what does not fit becomes "…". */
function setText(prompt: string, width: number): { lines: string[]; size: number } {
  const words = prompt.trim().split(/\s+/u);
  for (const size of [60, 52, 44, 38, 32, 26]) {
    const lines = breakLines(words, width / size);
    const allowed = size > 44 ? 1 : size > 32 ? 2 : 3;
    if (lines.length <= allowed) return { lines, size };
  }
  const lines = breakLines(words, width / 26).slice(0, 3);
  return { lines: [...lines.slice(0, 2), `${lines[2]?.replace(/.{2}$/u, "") ?? ""}…`], size: 26 };
}

/** Lines of at most `width` ems; a word longer than a line is cut. */
function breakLines(words: readonly string[], width: number): string[] {
  const lines = [""];
  for (const word of words.flatMap((whole) => cut(whole, width))) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (ems(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function cut(word: string, width: number): string[] {
  if (ems(word) <= width) return [word];
  const characters = [...word];
  const length = Math.max(1, Math.floor(width));
  return Array.from({ length: Math.ceil(characters.length / length) }, (_, index) =>
    characters.slice(index * length, (index + 1) * length).join(""),
  );
}

/** A generous guess of a text's width in ems: East Asian characters and emoji are square, the rest about 0.57. */
function ems(text: string): number {
  return [...text].reduce((sum, character) => sum + ((character.codePointAt(0) ?? 0) >= 0x2e80 ? 1 : 0.57), 0);
}
