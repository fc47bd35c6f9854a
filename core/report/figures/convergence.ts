import { doneShards, type RunFacts, sumOf } from "../../run_facts.ts";
import { type Markup, markup, px } from "../markup.ts";
import { type Figure, plot } from "../plot.ts";

/** How many toys converged, did not, ended with an error, or are not there. */
export function convergence(run: RunFacts): Figure | null {
  const done = doneShards(run);
  const [converged, errors] = [
    sumOf(done.map((shard) => shard.n_converged)),
    sumOf(done.map((shard) => shard.n_error)),
  ];
  if (done.length === 0 || converged === null || errors === null) return null;
  const n_done = done.reduce((sum, shard) => sum + shard.n_toys, 0);
  const parts = [
    { words: "converged", n: converged, colour: "good" },
    { words: "not converged", n: n_done - converged - errors, colour: "c1" },
    { words: "error", n: errors, colour: "bad" },
    { words: "no result", n: run.n_toys - n_done, colour: "muted" },
  ].filter(({ n }, i) => n > 0 || i < 3);
  const frame = { width: 540, height: 132 };
  let x = 16;
  const bars = parts.map(({ n, colour, words }, i): Markup => {
    const width = 508 * n / run.n_toys;
    const at = 16 + i * 132;
    const mark = markup`<rect class="mark" fill="var(--${colour})" x="${px(x)}" y="20" width="${
      px(width)
    }" height="34"/><rect fill="var(--${colour})" x="${px(at)}" y="78" width="10" height="10" rx="2"/><text x="${
      px(at + 16)
    }" y="88">${words}</text><text class="muted" x="${px(at + 16)}" y="106">${`${n} (${
      share(n / run.n_toys)
    })`}</text>`;
    x += width;
    return mark;
  });
  return {
    name: "convergence",
    title: "Convergence",
    caption: `${converged} of ${run.n_toys} toys converged.`,
    svg: plot(frame, `Of ${run.n_toys} toys ${converged} converged`, bars),
  };
}

/** Never 100 % for less than all. */
function share(part: number): string {
  if (part === 1 || part === 0) return `${part * 100} %`;
  return `${Math.min(99.99, Math.max(0.01, part * 100)).toFixed(2)} %`;
}
